package dev.rondo.benchmarks.suite;

import dev.rondo.benchmarks.suite.Limits.Reading;
import dev.rondo.benchmarks.suite.Outcome.Kind;
import dev.rondo.benchmarks.suite.Outcome.Note;
import dev.rondo.plan.Engine;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/// One run of the harness: the machine's limits, suite after suite, and what is written at the end.
final class Run {
    /// The folder of logs within that of results; there when a run begins.
    static final String LOGS = "logs";

    private static final int PROBE_SECONDS = 120;
    private static final int FAILED = 1;
    private static final int BROKEN = 3;
    private static final double FMA_SECONDS = 0.3;

    private final Path folder;
    /// What processes print to standard error: of each implementation, and of the rest.
    private final Path logs;
    private final Path log;
    private final Machine machine;
    private final PrintWriter screen;
    private final List<Reading> readings = new ArrayList<>();
    private final List<Measured> measured = new ArrayList<>();
    private final Set<Note> missing = new LinkedHashSet<>();
    private Optional<Path> probe = Optional.empty();

    /// An outcome whose floors are known only when all limits have been measured.
    private record Measured(List<Task> tasks, Outcome outcome) {}

    Run(Path folder, Machine machine, PrintWriter screen) {
        this.folder = folder;
        logs = folder.resolve(LOGS);
        log = logs.resolve("run.log");
        this.machine = machine;
        this.screen = screen;
    }

    /// A peer cannot be had.
    void missing(String name, String reason) {
        if (missing.add(new Note(name, "", Kind.MISSING, reason))) {
            screen.printf("  %s is missing: %s%n", name, reason);
            screen.flush();
        }
    }

    /// Builds the program that measures the machine.
    void findLimits(Catalog catalog) throws IOException, InterruptedException {
        try {
            catalog.build(Catalog.NATIVE);
            probe = Optional.of(catalog.program("limits"));
        } catch (PeerException e) {
            missing("limits", e.reason() + "; of the machine's limits only the multiply-add peak is measured");
        }
    }

    /// Measures a suite.
    void suite(
            Suite suite, List<Implementation> implementations, List<Task> tasks, Workbench bench, int rounds,
            Budget budget) throws IOException, InterruptedException {
        Rounds.Settings settings = new Rounds.Settings(rounds, budget);
        if (!tasks.isEmpty()) {
            screen.printf("%s: %d task%s, %d implementation%s%n", suite.id(), tasks.size(), tasks.size() == 1 ? "" : "s",
                    implementations.size(), implementations.size() == 1 ? "" : "s");
            screen.flush();
            Reference.prepare(tasks, bench, Catalog.reference(), log);
            Outcome outcome = new Rounds(settings, bench, logs, screen)
                    .run(implementations, tasks, _ -> measureLimits());
            measured.add(new Measured(tasks, outcome));
        }
        switch (suite) {
            case STARTUP -> {
                screen.println("startup: starts of the program");
                screen.flush();
                measured.add(new Measured(List.of(), Startup.run(rounds, log)));
            }
            case CALLS -> measured.add(new Measured(List.of(), JmhCalls.run(rounds, log, screen)));
            case KERNELS, MODELS, LENGTHS, LATENCY, ALL -> {}
        }
    }

    private void measureLimits() throws IOException, InterruptedException {
        if (probe.isEmpty()) {
            for (int threads = 1; threads <= Runtime.getRuntime().availableProcessors(); threads *= 2) {
                double peak = Engine.inference().kernels(Engine.Choice.NATIVE).threads(threads).engine()
                        .measureFma(FMA_SECONDS).orElseThrow();
                readings.add(new Reading(Limits.FMA + "rondo", threads, peak, "GFLOP/s"));
            }
            return;
        }
        Process process = new ProcessBuilder(probe.get().toString())
                .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
        PeerProcess.endAfter(process, PROBE_SECONDS);
        process.getOutputStream().close();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException("limits: the program that measures the machine failed, see " + log);
        }
        text.lines().map(Reading::parse).forEach(readings::add);
    }

    /// What there is so far, with the broken peers.
    private Outcome outcome(Limits limits) {
        Outcome outcome = new Outcome(List.of(), List.copyOf(missing), List.of());
        for (Measured part : measured) {
            outcome = outcome.and(new Outcome(
                    part.outcome.rows().stream().map(row -> withFloor(row, part.tasks, limits)).toList(),
                    part.outcome.notes(), part.outcome.facts()));
        }
        return outcome.and(new Outcome(List.of(), BestPeers.load().broken(outcome.rows()), List.of()));
    }

    /// Writes what there is so far: a run of an hour that is stopped leaves the suites that it was done with.
    void write() throws IOException {
        Limits limits = Limits.of(readings);
        Outcome outcome = outcome(limits);
        ResultsFile.write(folder.resolve("results.json"), outcome.rows());
        Machine end = machine.end(limits);
        end.write(folder.resolve("machine.json"), outcome);
        Page.write(folder, end, outcome);
    }

    /// Prints everything that [#write] wrote last.
    ///
    /// @return the exit code: 1 if Rondo itself is wrong or failed, 3 if a peer is broken, else 0
    int report() throws IOException {
        Outcome outcome = outcome(Limits.of(readings));
        for (Sections.Section section : Sections.of(outcome)) {
            screen.printf("%n%s%n%s", section.title(), section.table().text());
        }
        screen.println();
        Sections.notes(outcome.notes()).forEach(screen::println);
        screen.printf("%nWritten: %s with results.json, machine.json and pictures%n", folder.resolve("results.md"));
        boolean broken = outcome.notes().stream().anyMatch(note -> note.kind() == Kind.BROKEN);
        if (broken) {
            screen.println("A peer is broken: a ratio to it means nothing.");
        }
        screen.flush();
        deleteEmptyLogs();
        boolean failed = outcome.notes().stream().anyMatch(note ->
                Implementation.isRondo(note.implementation()) && note.kind() != Kind.UNSUPPORTED);
        return failed ? FAILED : broken ? BROKEN : 0;
    }

    private void deleteEmptyLogs() throws IOException {
        List<Path> files;
        try (Stream<Path> listed = Files.list(logs)) {
            files = listed.toList();
        }
        int kept = 0;
        for (Path file : files) {
            if (Files.size(file) == 0) {
                Files.delete(file);
            } else {
                kept++;
            }
        }
        if (kept == 0) {
            Files.delete(logs);
        }
    }

    private static Row withFloor(Row row, List<Task> tasks, Limits limits) {
        return tasks.stream()
                .filter(task -> task.workload().equals(row.workload()) && task.cell().equals(row.cell())
                        && task.passId().equals(row.pass()) && task.threads() == row.threads())
                .findFirst()
                .map(task -> row.floor(Floor.micros(task, limits)))
                .orElse(row);
    }
}
