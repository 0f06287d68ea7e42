package dev.rondo.benchmarks.suite;

import dev.rondo.benchmarks.peer.Pass;
import dev.rondo.benchmarks.suite.Outcome.Kind;
import dev.rondo.benchmarks.suite.Outcome.Note;
import dev.rondo.benchmarks.suite.PeerProcess.Answer;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/// Measures tasks by implementations in turns.
///
/// A machine's clock and its neighbours change in the course of minutes, so what is to be compared is measured close
/// together and more than once: in each round, every implementation has a process of its own that does all tasks, one
/// after the other and each alone on the machine; the next round begins with the next implementation. Before a task may
/// be timed, in every process anew, its results are held against the reference ([Tolerance]). A process that crashes or
/// hangs loses the task it was at and is started again for the rest, so many times ([#RESTARTS]).
final class Rounds {
    private static final int RESTARTS = 3;
    private static final Duration START = Duration.ofMinutes(2);
    private static final Duration SHORT = Duration.ofSeconds(30);
    /// Slower than this is hung: 1 GFLOP/s.
    private static final double LEAST_FLOPS_PER_SECOND = 1e9;
    private static final long MOST_WARM_UP_MILLIS = 300;
    private static final long STEP_WARM_UP_MILLIS = 400;
    /// Of less, a JVM interprets most calls.
    private static final long LEAST_LATENCY_MILLIS = 500;

    private final Settings settings;
    private final Workbench bench;
    private final Path log;
    private final PrintWriter progress;
    private final Function<Task, Duration> limits;
    private final Map<String, String> versions = new HashMap<>();
    private final Map<String, Integer> crashes = new HashMap<>();
    private final Map<Slot, Timing> timings = new LinkedHashMap<>();

    /// How to measure.
    ///
    /// @param rounds how many
    /// @param budget how long each measurement; it must know of all of them
    /// @param leastSamples of each, in each round
    record Settings(int rounds, Budget budget, int leastSamples) {}

    /// What is done between the rounds.
    interface BetweenRounds {
        /// At the beginning of each.
        void begin(int round) throws IOException, InterruptedException;
    }

    private record Slot(Implementation who, Task task) {}

    private static final class Timing {
        final List<Double> micros = new ArrayList<>();
        final List<Double> p99 = new ArrayList<>();
        final List<Double> p999 = new ArrayList<>();
        Optional<Note> end = Optional.empty();
    }

    /// @param log where processes' standard error goes
    Rounds(Settings settings, Workbench bench, Path log, PrintWriter progress) {
        this(settings, bench, log, progress, task -> limit(task, 1));
    }

    /// @param limits how long opening a task may take
    Rounds(Settings settings, Workbench bench, Path log, PrintWriter progress, Function<Task, Duration> limits) {
        this.limits = limits;
        this.settings = settings;
        this.bench = bench;
        this.log = log;
        this.progress = progress;
    }

    /// The longest that so many calls of a task may take, with a minute for what comes on top.
    static Duration limit(Task task, int calls) {
        double seconds = 60 + calls * Tolerance.checkedCalls(task) * task.flops() / LEAST_FLOPS_PER_SECOND;
        return Duration.ofMillis((long) (seconds * 1e3));
    }

    /// Measures everything.
    ///
    /// @param tasks whose results are there, see [Reference]
    /// @return rows without floors, which are known when the machine's limits are
    Outcome run(
            List<Implementation> implementations, List<Task> tasks, BetweenRounds between)
            throws IOException, InterruptedException {
        implementations.forEach(who -> tasks.forEach(task -> timings.put(new Slot(who, task), new Timing())));
        for (int round = 0; round < settings.rounds; round++) {
            between.begin(round);
            List<Implementation> order = new ArrayList<>(implementations);
            Collections.rotate(order, -round);
            for (Implementation who : order) {
                progress.printf("  round %d of %d  %-15s ", round + 1, settings.rounds, who.name());
                progress.flush();
                long begin = System.nanoTime();
                String summary = turn(who, tasks, settings.rounds - round);
                progress.printf("%s in %.0f s%n", summary, (System.nanoTime() - begin) * 1e-9);
                progress.flush();
            }
        }
        return outcome();
    }

    /// One implementation's turn in a round, with as many processes as it takes.
    private String turn(Implementation who, List<Task> tasks, int roundsLeft) throws IOException {
        List<Task> left = new ArrayList<>(tasks);
        left.removeIf(task -> timing(who, task).end.isPresent());
        int done = 0;
        while (!left.isEmpty()) {
            Task current = left.getFirst();
            boolean started = false;
            try (PeerProcess process = PeerProcess.start(who, log, START)) {
                started = true;
                versions.put(who.name(), process.version());
                while (!left.isEmpty()) {
                    current = left.getFirst();
                    measure(process, who, current, roundsLeft);
                    if (timing(who, current).end.isEmpty()) {
                        done++;
                    }
                    left.removeFirst();
                }
            } catch (PeerException e) {
                if (!started) {
                    end(who, left, Kind.FAILED, e.reason(), roundsLeft);
                    left.clear();
                } else {
                    end(who, List.of(current), Kind.FAILED, e.reason(), roundsLeft);
                    left.remove(current);
                    if (crashes.merge(who.name(), 1, Integer::sum) > RESTARTS) {
                        end(who, left, Kind.FAILED, "given up after " + (RESTARTS + 1) + " crashes", roundsLeft);
                        left.clear();
                    }
                }
            }
        }
        return "%d of %d".formatted(done, tasks.size());
    }

    private void measure(PeerProcess process, Implementation who, Task task, int roundsLeft)
            throws PeerException, IOException {
        Path results = bench.results();
        switch (process.open(task.fields(bench.inputs(task), results), limits.apply(task))) {
            case Answer.Ok() -> {}
            case Answer.Unsupported(String reason) -> {
                end(who, List.of(task), Kind.UNSUPPORTED, reason, roundsLeft);
                return;
            }
            case Answer.Failed(String message) -> {
                end(who, List.of(task), Kind.FAILED, message, roundsLeft);
                return;
            }
        }
        Optional<String> mistake = Tolerance.mistake(task, bench.expected(task), results);
        if (mistake.isPresent()) {
            end(who, List.of(task), Kind.WRONG, mistake.get(), roundsLeft);
        } else {
            long millis = settings.budget.next();
            // A JVM has to compile what a call consists of, which shows in calls as short as a step.
            long warmUp = task.pass() == Pass.STEP ? STEP_WARM_UP_MILLIS : Math.min(millis / 4, MOST_WARM_UP_MILLIS);
            Timing timing = timing(who, task);
            Duration limit = limit(task, settings.leastSamples + 1).plusMillis(2 * millis);
            if (task.suite() == Suite.LATENCY) {
                PeerProcess.Latency latency = process.latency(
                        task.threads(), Math.max(millis, LEAST_LATENCY_MILLIS), limit);
                timing.micros.add(latency.p50() * 1e-3);
                timing.p99.add(latency.p99() * 1e-3);
                timing.p999.add(latency.p999() * 1e-3);
            } else {
                double[] nanos = process.time(
                        warmUp, Math.max(millis - warmUp, millis / 2), settings.leastSamples, limit);
                timing.micros.add(Statistics.median(nanos) * 1e-3);
            }
        }
        process.closeRun(SHORT);
    }

    private Timing timing(Implementation who, Task task) {
        Timing timing = timings.get(new Slot(who, task));
        if (timing == null) {
            throw new IllegalStateException("not planned: " + who.name() + " " + task);
        }
        return timing;
    }

    private void end(Implementation who, List<Task> tasks, Kind kind, String reason, int roundsLeft) {
        for (Task task : tasks) {
            timing(who, task).end = Optional.of(new Note(who.name(), task.toString(), kind, reason));
            for (int i = 0; i < roundsLeft; i++) {
                settings.budget.drop();
            }
        }
    }

    private Outcome outcome() {
        List<Row> rows = new ArrayList<>();
        List<Note> notes = new ArrayList<>();
        timings.forEach((slot, timing) -> {
            String version = versions.getOrDefault(slot.who.name(), "");
            if (timing.end.isPresent()) {
                notes.add(timing.end.get());
                if (timing.end.get().kind() == Kind.WRONG) {
                    rows.add(Row.wrong(slot.task, slot.who, version));
                }
            } else if (!timing.micros.isEmpty()) {
                Row row = Row.of(slot.task, slot.who, version, timing.micros);
                if (timing.p99.isEmpty()) {
                    rows.add(row);
                } else {
                    rows.add(row.p99(Statistics.median(timing.p99)));
                    rows.add(Row.of(slot.task, slot.who, version, timing.p999).pass("step-p99.9"));
                }
            }
        });
        return new Outcome(rows, notes, List.of());
    }
}
