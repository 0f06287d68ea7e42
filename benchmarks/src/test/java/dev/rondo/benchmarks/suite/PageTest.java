package dev.rondo.benchmarks.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.benchmarks.suite.Limits.Reading;
import dev.rondo.benchmarks.suite.Outcome.Kind;
import dev.rondo.benchmarks.suite.Outcome.Note;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The page of a run and its pictures, and how they become the published ones.
class PageTest {
    private static final Limits LIMITS = Limits.of(List.of(
            new Reading("fma.avx2", 1, 100, "GFLOP/s"), new Reading("fma.avx2", 2, 200, "GFLOP/s"),
            new Reading("read.16KiB", 1, 200, "GB/s"), new Reading("read.131072KiB", 1, 20, "GB/s"),
            new Reading("read.16KiB", 2, 400, "GB/s"), new Reading("read.131072KiB", 2, 30, "GB/s")));

    @TempDir
    private Path folder;

    /// Every layer by three implementations, of which one is wrong at ST64.
    private static Outcome outcome() {
        List<Row> rows = new ArrayList<>();
        for (Task task : Tasks.of(Suite.KERNELS, Tasks.Choice.standard())) {
            for (String name : List.of("rondo", "onednn", "naive")) {
                Implementation who = new Implementation(name, "own", List.of(), Map.of());
                double micros = Floor.micros(task, LIMITS) * (1.2 + 0.1 * name.length());
                rows.add(name.equals("naive") && task.workload().equals("ST64")
                        ? Row.wrong(task, who, "1")
                        : Row.of(task, who, "1", List.of(micros, 1.01 * micros, 0.99 * micros))
                                .floor(Floor.micros(task, LIMITS)));
            }
        }
        return new Outcome(rows, List.of(
                new Note("naive", "kernels ST64 LSTM step 1T", Kind.WRONG, "y[0] is 1 instead of 2"),
                new Note("djl", "", Kind.MISSING, "no network")), List.of());
    }

    private Machine machine() throws Exception {
        return Machine.here(folder, List.of("kernels")).end(LIMITS);
    }

    private static List<Path> files(Path folder) throws Exception {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        }
    }

    @Test
    void thePageHoldsTablesMachineAndWhatIsMissing() throws Exception {
        Page.write(folder, machine(), outcome());
        String page = Files.readString(folder.resolve("results.md"));

        for (String part : List.of("## LSTM inference", "## GRU training", "## LSTM step", "## Targets", "## Machine",
                "## Missing or broken", "- djl is missing: no network", "naive is WRONG: y[0] is 1 instead of 2",
                "| fma.avx2 | 1 | 100 |", "| M2 | 1 |", "wrong")) {
            assertTrue(page.contains(part), part + " in\n" + page);
        }
    }

    @Test
    void picturesAreSvgWithTheirTexts() throws Exception {
        Optional<String> obstacle = Plots.obstacle();
        Page.write(folder, machine(), outcome());
        String page = Files.readString(folder.resolve("results.md"));
        if (obstacle.isPresent()) {
            System.out.println("Not run: the pictures' test, since " + obstacle.get());
            assertTrue(page.contains("No pictures: " + obstacle.get()));
            return;
        }
        List<Path> pictures = files(folder.resolve("pictures"));
        assertEquals(
                List.of("kernels-1-thread.svg", "kernels-2-threads.svg", "kernels-threads.svg", "roofline-1-thread.svg",
                        "roofline-2-threads.svg"),
                pictures.stream().map(file -> file.getFileName().toString()).toList());
        for (Path picture : pictures) {
            assertTrue(page.contains("(pictures/" + picture.getFileName() + ")"), picture.toString());
            DocumentBuilderFactory xml = DocumentBuilderFactory.newDefaultInstance();
            xml.setFeature("http://apache.org/xml/features/nonvalidating/load-external-dtd", false);
            String text = xml.newDocumentBuilder()
                    .parse(picture.toFile()).getDocumentElement().getTextContent();
            // The rest of the text is outlines of letters.
            assertTrue(text.contains("Rondo"), picture.toString());
        }
    }

    @Test
    void publishingReplacesThePageAndKeepsTheNumbers() throws Exception {
        Path run = Files.createDirectories(folder.resolve("2026-11-25-120000"));
        Path benchmarks = Files.createDirectories(folder.resolve("benchmarks/pictures")).getParent();
        Files.writeString(benchmarks.resolve("pictures/old.svg"), "");
        Outcome outcome = outcome();
        ResultsFile.write(run.resolve("results.json"), outcome.rows());
        machine().write(run.resolve("machine.json"), outcome);
        PrintWriter nowhere = new PrintWriter(new StringWriter());

        assertThrows(NoSuchFileException.class, () -> Publication.publish(run, benchmarks, nowhere));
        Page.write(run, machine(), outcome);
        Publication.publish(run, benchmarks, nowhere);

        assertEquals(Files.readString(run.resolve("results.md")), Files.readString(benchmarks.resolve("RESULTS.md")));
        assertTrue(Files.notExists(benchmarks.resolve("pictures/old.svg")));
        assertEquals(outcome.rows().size(),
                ResultsFile.read(benchmarks.resolve("history/2026-11-25-120000/results.json")).size());
    }

    @Test
    void tasksAndRowsFindEachOther() {
        for (Suite suite : List.of(Suite.KERNELS, Suite.MODELS, Suite.LENGTHS, Suite.CALLS, Suite.LATENCY)) {
            List<Task> tasks = Tasks.of(suite, Tasks.Choice.standard());
            assertEquals(tasks.size(), tasks.stream().map(Task::toString).distinct().count());
            Implementation who = new Implementation("rondo", "avx2", List.of(), Map.of());
            tasks.forEach(task -> assertEquals(
                    Optional.of(task), Tasks.find(Row.of(task, who, "1", List.of(1.0))), task.toString()));
        }
    }
}
