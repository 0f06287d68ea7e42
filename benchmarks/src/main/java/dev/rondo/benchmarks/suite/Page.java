package dev.rondo.benchmarks.suite;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// `results.md`: what was measured, where and how, with tables and pictures, which lie in `pictures` beside it.
final class Page {
    static final String NAME = "results.md";
    static final String PICTURES = "pictures";

    private Page() {}

    /// Writes the page and its pictures.
    static void write(Path folder, Machine machine, Outcome outcome) throws IOException {
        StringBuilder page = new StringBuilder("# Benchmark results\n\n");
        page.append("`%s`, %s, commit %s.%n%n".formatted(
                machine.command(), machine.begin(), machine.commit()));
        page.append("Times are medians of the rounds' medians; the spread is from the least of these to the most. Each"
                + " implementation has processes of its own that take turns; its results were held against pure Java on"
                + " the same shape, weights and inputs before it was timed.\n\n");
        pictures(page, folder, machine, outcome);
        for (Sections.Section section : Sections.of(outcome)) {
            page.append("\n## ").append(section.title()).append("\n\n");
            if (!section.explanation().isEmpty()) {
                page.append(section.explanation()).append("\n\n");
            }
            page.append(section.table().markdown());
        }
        notes(page, outcome);
        machine(page, machine);
        versions(page, outcome);
        Files.writeString(folder.resolve(NAME), page);
    }

    private static void pictures(StringBuilder page, Path folder, Machine machine, Outcome outcome)
            throws IOException {
        Optional<String> obstacle = Plots.obstacle();
        if (obstacle.isPresent()) {
            page.append("No pictures: ").append(obstacle.get()).append(".\n");
            return;
        }
        Path pictures = Files.createDirectories(folder.resolve(PICTURES));
        for (Plots.Picture picture : Plots.write(pictures, machine.limits(), outcome.rows())) {
            page.append("![%s](%s/%s)%n%n".formatted(picture.caption(), PICTURES, picture.file()));
        }
    }

    private static void notes(StringBuilder page, Outcome outcome) {
        List<String> notes = Sections.notes(outcome.notes());
        if (!notes.isEmpty()) {
            page.append("\n## Missing or broken\n\n");
            notes.forEach(note -> page.append("- ").append(note).append('\n'));
        }
    }

    private static void machine(StringBuilder page, Machine machine) {
        page.append("\n## Machine\n\n");
        TextTable table = new TextTable(List.of("", "<"));
        table.row(List.of("Processor", "%s, %d core%s".formatted(
                machine.processor(), machine.cores(), machine.cores() == 1 ? "" : "s")));
        table.row(List.of("Caches", machine.caches()));
        table.row(List.of("System", machine.system()));
        table.row(List.of("Java", machine.java()));
        table.row(List.of("Load average", String.format(
                Locale.ROOT, "%.2f before, %.2f after", machine.loadBefore(), machine.loadAfter())));
        page.append(table.markdown());
        page.append("\nIts limits, measured in every round:\n\n");
        TextTable limits = new TextTable(List.of("", "threads", "median", "least", "most", "<unit"));
        for (Limits.Entry entry : machine.limits().entries()) {
            limits.row(List.of(entry.what(), Integer.toString(entry.threads()), Units.digits(entry.median()),
                    Units.digits(entry.min()), Units.digits(entry.max()), entry.unit()));
        }
        page.append(limits.markdown());
    }

    private static void versions(StringBuilder page, Outcome outcome) {
        page.append("\n## Versions\n\n");
        TextTable table = new TextTable(List.of("", "<", "<instruction set"));
        outcome.rows().stream()
                .map(row -> List.of(row.implementation(), row.version(), row.isa()))
                .distinct()
                .forEach(table::row);
        page.append(table.markdown());
    }
}
