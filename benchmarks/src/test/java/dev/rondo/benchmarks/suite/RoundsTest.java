package dev.rondo.benchmarks.suite;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.benchmarks.peer.Cell;
import dev.rondo.benchmarks.peer.Data;
import dev.rondo.benchmarks.peer.Pass;
import dev.rondo.benchmarks.suite.Outcome.Kind;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The runner against processes that do what peers do on bad days. Each misbehaves at the GRU; the LSTM before it and the
/// RNN behind it must be measured all the same.
class RoundsTest {
    private static final LayerShape SHAPE = new LayerShape("tiny", 1, 2, 3, 4);
    private static final List<Task> TASKS = List.of(
            task(Cell.LSTM), task(Cell.GRU_RESET_AFTER), task(Cell.RNN_TANH));

    @TempDir
    private Path folder;

    private Workbench bench;
    private final StringWriter screen = new StringWriter();

    private static Task task(Cell cell) {
        return new Task(Suite.KERNELS, "tiny", new Task.Layer(cell, SHAPE, false), Pass.INFERENCE, 1);
    }

    @BeforeEach
    void expect() throws Exception {
        bench = new Workbench();
        for (Task task : TASKS) {
            Files.createDirectories(bench.expected(task));
            Data.write(bench.expected(task), "y", new float[] {0.5f, -0.25f, 1, 2, 3, 4, 5, 6});
        }
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private Implementation fake(String name, String behaviour) {
        return new Implementation(name, "own", List.of(
                Catalog.javaProgram(), "-Xshare:auto", "-cp", System.getProperty("java.class.path"),
                FakePeer.class.getName(), behaviour, Cell.GRU_RESET_AFTER.name(),
                bench.expected(TASKS.getFirst()).getParent().toString(), name,
                folder.resolve("turns").toString()), Map.of());
    }

    private Outcome run(int rounds, Implementation... implementations) throws Exception {
        return run(rounds, Budget.each(Duration.ofMillis(20)), implementations);
    }

    private Outcome run(int rounds, Budget budget, Implementation... implementations) throws Exception {
        Rounds.Settings settings = new Rounds.Settings(rounds, budget);
        return new Rounds(settings, bench, folder, new PrintWriter(screen, true), _ -> Duration.ofSeconds(5))
                .run(List.of(implementations), TASKS, _ -> {});
    }

    private void assertLosesTheGruOnly(String behaviour, Kind kind, String reason) throws Exception {
        Outcome outcome = run(1, fake("fake", behaviour));

        List<String> timed = outcome.rows().stream().filter(Row::isTimed).map(Row::cell).toList();
        assertEquals(List.of("LSTM", "RNN_TANH"), timed);
        assertEquals(1, outcome.notes().size(), outcome.notes().toString());
        Outcome.Note note = outcome.notes().getFirst();
        assertEquals(kind, note.kind());
        assertTrue(note.work().contains("GRU_RESET_AFTER"), note.work());
        assertTrue(note.reason().contains(reason), note.reason());
    }

    @Test
    void aGoodPeerIsTimed() throws Exception {
        Outcome outcome = run(3, fake("fake", "good"));

        assertEquals(List.of(), outcome.notes());
        Row row = outcome.rows().getFirst();
        assertAll(
                () -> assertEquals(3, outcome.rows().size()),
                () -> assertEquals(1000.0005, row.medianMicros(), 1e-9),
                () -> assertEquals("1.2.3", row.version()),
                () -> assertEquals(2 * 2 * 16 * 7 / 1000.0005e3, row.gflops(), 1e-9),
                () -> assertTrue(row.checked()));
    }

    @Test
    void wrongResultsAreNotTimed() throws Exception {
        assertLosesTheGruOnly("wrong", Kind.WRONG, "y[0] is -0.5");
        Row wrong = run(1, fake("fake", "wrong")).rows().get(1);
        assertEquals(false, wrong.checked());
        assertTrue(Double.isNaN(wrong.medianMicros()));
    }

    @Test
    void aCrashIsNamedWithWhatItSaidLast() throws Exception {
        assertLosesTheGruOnly("crash", Kind.FAILED, "aborted): fatal: the sky is falling");
    }

    @Test
    void aHungProcessIsKilled() throws Exception {
        assertLosesTheGruOnly("hang", Kind.FAILED, "hung: no answer to 'open' within 5 s");
    }

    @Test
    void anAnswerThatIsNoneEndsTheProcess() throws Exception {
        assertLosesTheGruOnly("babble", Kind.FAILED, "answered open with 'whatever'");
    }

    @Test
    void whatIsUnsupportedIsNoFailure() throws Exception {
        assertLosesTheGruOnly("unsupported", Kind.UNSUPPORTED, "no such cell here");
    }

    @Test
    void aFailureThatIsReportedGoesOnInTheSameProcess() throws Exception {
        assertLosesTheGruOnly("failed", Kind.FAILED, "out of luck");
    }

    @Test
    void whatCannotBeStartedLosesEverything() throws Exception {
        Outcome outcome = run(1, new Implementation("none", "own", List.of("/no/such/program"), Map.of()));

        assertEquals(List.of(), outcome.rows());
        assertEquals(3, outcome.notes().size());
        assertTrue(outcome.notes().getFirst().reason().startsWith("cannot be started"));
    }

    @Test
    void aSilentProcessIsGivenUp() throws Exception {
        Path log = Files.createFile(folder.resolve("silent.log"));
        PeerException e = assertThrows(
                PeerException.class,
                () -> PeerProcess.start(fake("fake", "silent"), log, Duration.ofSeconds(2)));
        assertEquals("hung: no answer to 'start' within 2 s", e.reason());
    }

    @Test
    void implementationsTakeTurnsAndTheFirstChanges() throws Exception {
        run(3, fake("a", "good"), fake("b", "good"), fake("c", "good"));

        String order = Files.readString(folder.resolve("turns"));
        assertTrue(order.startsWith("abcbcacab"), order);
        assertEquals("bcacababc", order.substring(order.length() / 3, order.length() / 3 + 9));
    }

    @Test
    void whoIsFarBehindHasOneTurnInARound() throws Exception {
        Outcome outcome = run(1, fake("a", "slow"), fake("b", "good"), fake("c", "good"));

        String order = Files.readString(folder.resolve("turns"));
        assertTrue(order.startsWith("abccbbc"), order);
        assertEquals(3, order.chars().filter(each -> each == 'a').count(), order);
        assertEquals(5100, outcome.rows().getFirst().medianMicros(), outcome.rows().toString());
    }

    @Test
    void callsThatTakeLongHaveOneTurnInARound() throws Exception {
        Budget budget = Budget.total(Duration.ofMinutes(1), System::nanoTime);
        budget.plan(1_000);
        run(1, budget, fake("a", "long"), fake("b", "long"));

        assertEquals("ab".repeat(TASKS.size()), Files.readString(folder.resolve("turns")));
    }

    @Test
    void theTimeOfAProcessGoesOnByTheNanosecond() {
        long pid = ProcessHandle.current().pid();
        long process = ProcessorTime.nanosOf(pid);
        long thread = ProcessorTime.nanosOfThisThread();
        long now = thread;
        while (now - thread < 3_000_000) {
            now = ProcessorTime.nanosOfThisThread();
        }
        long used = ProcessorTime.nanosOf(pid) - process;
        assertTrue(used >= 2_900_000, used + " ns");
        assertEquals(0, ProcessorTime.nanosOf(1 << 23), "more than Linux gives");
    }
}
