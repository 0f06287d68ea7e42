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
import java.util.Objects;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.function.Function;

/// Measures tasks by implementations in turns.
///
/// A machine's clock and its neighbours change in the course of seconds, so what is to be compared is measured close
/// together and often: in each round every implementation has a process of its own, and of one task after the other all
/// make themselves ready and then take several short turns, each alone on the machine; the first changes from turn to
/// turn, round to round. Ratios are of the same turn. Before a task may be timed, in every process anew, its results are
/// held against the reference ([Tolerance]). A process that crashes or hangs loses the task it was at and is started again
/// for the rest, so many times ([#RESTARTS]).
final class Rounds {
    private static final int RESTARTS = 3;
    /// The most turns of a task in a round. Calls that take long have fewer.
    private static final int TURNS = 5;
    /// Who takes so many times as long as the fastest has one turn in a round: of DL4J's seconds no more are needed.
    private static final double FAR = 5;
    private static final Duration REST = Duration.ofMillis(12);
    private static final int RESTS = 40;
    /// Of a processor.
    private static final double RESTS_BELOW = 0.1;
    private static final Duration START = Duration.ofMinutes(2);
    private static final Duration SHORT = Duration.ofSeconds(30);
    /// Slower than this is hung: 1 GFLOP/s.
    private static final double LEAST_FLOPS_PER_SECOND = 1e9;
    private static final long MOST_WARM_UP_MILLIS = 300;
    private static final long STEP_WARM_UP_MILLIS = 400;
    /// Of all turns but the first: what the others have driven out of the caches comes back.
    private static final long LATER_WARM_UP_MILLIS = 2;
    /// Of less, a JVM interprets most calls.
    private static final long LEAST_LATENCY_MILLIS = 500;

    private final Settings settings;
    private final Workbench bench;
    private final Path logs;
    private final PrintWriter progress;
    private final Function<Task, Duration> limits;
    private final Map<String, String> versions = new HashMap<>();
    private final Map<String, Integer> crashes = new HashMap<>();
    private final Map<Slot, Timing> timings = new LinkedHashMap<>();

    /// How to measure.
    ///
    /// @param rounds how many
    /// @param budget how long each measurement; it must know of all of them
    record Settings(int rounds, Budget budget) {}

    /// What is done between the rounds.
    interface BetweenRounds {
        /// At the beginning of each.
        void begin(int round) throws IOException, InterruptedException;
    }

    private record Slot(Implementation who, Task task) {}

    private record Turn(int round, int number) {}

    private static final class Timing {
        /// Of each round.
        final List<Double> micros = new ArrayList<>();
        /// Of each turn.
        final Map<Turn, Double> turns = new HashMap<>();
        final List<Double> p99 = new ArrayList<>();
        final List<Double> p999 = new ArrayList<>();
        Optional<Note> end = Optional.empty();

        /// The turns that were taken in a round.
        List<Double> ofRound(int round) {
            return turns.entrySet().stream()
                    .filter(turn -> turn.getKey().round == round)
                    .map(Map.Entry::getValue)
                    .toList();
        }
    }

    /// @param logs the folder in which each implementation's standard error goes into a file
    Rounds(Settings settings, Workbench bench, Path logs, PrintWriter progress) {
        this(settings, bench, logs, progress, task -> limit(task, 1));
    }

    /// @param limits how long opening a task may take
    Rounds(Settings settings, Workbench bench, Path logs, PrintWriter progress, Function<Task, Duration> limits) {
        this.limits = limits;
        this.settings = settings;
        this.bench = bench;
        this.logs = logs;
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
            int left = settings.rounds - round;
            List<Seat> seats = implementations.stream().map(who -> new Seat(who, tasks, left)).toList();
            try {
                for (int i = 0; i < tasks.size(); i++) {
                    progress.printf("  round %d of %d, %d of %d: ", round + 1, settings.rounds, i + 1, tasks.size());
                    progress.flush();
                    progress.println(measure(tasks.get(i), turned(seats, round), round));
                    progress.flush();
                }
            } finally {
                seats.forEach(Seat::close);
            }
        }
        return outcome();
    }

    /// The same with another at their head.
    private static List<Seat> turned(List<Seat> seats, int turn) {
        List<Seat> turned = new ArrayList<>(seats);
        Collections.rotate(turned, -turn);
        return turned;
    }

    /// Measures a task by all.
    ///
    /// @return a line for the screen
    private String measure(Task task, List<Seat> seats, int round) throws IOException, InterruptedException {
        List<Seat> ready = new ArrayList<>();
        for (Seat seat : seats) {
            if (seat.open(task)) {
                ready.add(seat);
            }
        }
        if (task.suite() == Suite.LATENCY) {
            for (Seat seat : ready) {
                rest(ready);
                seat.latency(task);
            }
        } else {
            takeTurns(task, ready, round);
        }
        StringJoiner line = new StringJoiner(", ", task + "  ", "");
        for (Seat seat : ready) {
            seat.closeRun(task);
            List<Double> micros = timing(seat.who, task).micros;
            if (timing(seat.who, task).end.isEmpty()) {
                line.add(seat.who.name() + " " + Units.time(micros.getLast()));
            }
        }
        return line.toString();
    }

    private void takeTurns(Task task, List<Seat> ready, int round) throws IOException, InterruptedException {
        long millis = 0;
        for (int i = 0; i < ready.size(); i++) {
            millis += settings.budget.next() / ready.size();
        }
        takeTurn(task, ready, ready, new Turn(round, 0), millis);
        double fastest = fastest(task, ready, round);
        List<Seat> near = ready.stream()
                .filter(seat -> timing(seat.who, task).ofRound(round).stream().allMatch(each -> each <= FAR * fastest))
                .toList();
        double callMillis = fastest * 1e-3;
        int least = settings.budget.leastTurns(callMillis);
        // A turn is two calls at least: one is begun only if it may end in time.
        double most = (millis - 2 * callMillis) * near.size();
        long begin = System.nanoTime();
        for (int turn = 1; turn < least || turn < TURNS && isWithin(begin, most); turn++) {
            takeTurn(task, turned(near, turn), ready, new Turn(round, turn), millis);
        }
        for (Seat seat : ready) {
            Timing timing = timing(seat.who, task);
            if (timing.end.isEmpty()) {
                timing.micros.add(Statistics.median(timing.ofRound(round)));
            }
        }
    }

    private void takeTurn(Task task, List<Seat> seats, List<Seat> all, Turn turn, long millis)
            throws IOException, InterruptedException {
        for (Seat seat : seats) {
            rest(all);
            seat.time(task, turn, millis);
        }
    }

    private static boolean isWithin(long begin, double millis) {
        return System.nanoTime() - begin < millis * 1e6;
    }

    /// The least of a round's times so far, in microseconds.
    private double fastest(Task task, List<Seat> seats, int round) {
        return seats.stream()
                .flatMap(seat -> timing(seat.who, task).ofRound(round).stream())
                .mapToDouble(micros -> micros)
                .min()
                .orElse(Double.NaN);
    }

    /// Waits until neither the implementations nor this process use a processor any more, as threads do that spin for a
    /// while and compilers that still have calls of before to do: half a second at most.
    private static void rest(List<Seat> seats) throws InterruptedException {
        for (int i = 0; i < RESTS; i++) {
            long begin = System.nanoTime();
            long before = processorNanos(seats);
            Thread.sleep(REST);
            if (processorNanos(seats) - before < RESTS_BELOW * (System.nanoTime() - begin)) {
                return;
            }
        }
    }

    /// What all processes together have used so far, without the calling thread.
    private static long processorNanos(List<Seat> seats) {
        long others = seats.stream()
                .flatMap(seat -> seat.process.stream())
                .mapToLong(PeerProcess::processorNanos)
                .sum();
        return others + ProcessorTime.nanosOf(ProcessHandle.current().pid()) - ProcessorTime.nanosOfThisThread();
    }

    /// An implementation's place in a round: its process, while it has one.
    private final class Seat implements AutoCloseable {
        final Implementation who;
        private final List<Task> tasks;
        private final int roundsLeft;
        private Optional<PeerProcess> process = Optional.empty();

        Seat(Implementation who, List<Task> tasks, int roundsLeft) {
            this.who = who;
            this.tasks = tasks;
            this.roundsLeft = roundsLeft;
        }

        /// Makes a task ready and holds its results against those expected.
        ///
        /// @return whether it may be timed
        boolean open(Task task) throws IOException, InterruptedException {
            Path results = bench.results();
            talk(task, there -> {
                switch (there.open(task.fields(bench.inputs(task), results), limits.apply(task))) {
                    case Answer.Ok() -> Tolerance.mistake(task, bench.expected(task), results)
                            .ifPresent(mistake -> {
                                end(who, List.of(task), Kind.WRONG, mistake, roundsLeft);
                            });
                    case Answer.Unsupported(String reason) ->
                            end(who, List.of(task), Kind.UNSUPPORTED, reason, roundsLeft);
                    case Answer.Failed(String message) ->
                            end(who, List.of(task), Kind.FAILED, message, roundsLeft);
                }
            });
            return timing(who, task).end.isEmpty();
        }

        /// Takes a turn.
        ///
        /// @param millis for all turns of a round
        void time(Task task, Turn turn, long millis) throws IOException, InterruptedException {
            talk(task, there -> {
                // A JVM has to compile what a call consists of, which shows in calls as short as a step.
                long first = task.pass() == Pass.STEP ? STEP_WARM_UP_MILLIS : Math.min(millis / 4, MOST_WARM_UP_MILLIS);
                long warmUp = turn.number == 0 ? first : LATER_WARM_UP_MILLIS;
                long measured = Math.max(millis - first, millis / 2) / TURNS;
                double[] nanos = there.time(warmUp, measured, 1, limit(task, 2).plusMillis(2 * (warmUp + measured)));
                timing(who, task).turns.put(turn, Statistics.median(nanos) * 1e-3);
            });
        }

        /// Calls from so many threads at once.
        void latency(Task task) throws IOException, InterruptedException {
            long measured = Math.max(settings.budget.next(), LEAST_LATENCY_MILLIS);
            talk(task, there -> {
                PeerProcess.Latency latency = there.latency(
                        task.threads(), measured, limit(task, 2).plusMillis(2 * measured));
                Timing timing = timing(who, task);
                timing.micros.add(latency.p50() * 1e-3);
                timing.p99.add(latency.p99() * 1e-3);
                timing.p999.add(latency.p999() * 1e-3);
            });
        }

        /// Frees what is open.
        void closeRun(Task task) throws IOException, InterruptedException {
            talk(task, there -> there.closeRun(SHORT));
        }

        /// Has a part of the conversation about a task, unless that has ended for this implementation.
        private void talk(Task task, Talk talk) throws IOException, InterruptedException {
            if (timing(who, task).end.isPresent()) {
                return;
            }
            try {
                if (process.isEmpty()) {
                    process = Optional.of(PeerProcess.start(who, logs.resolve(who.name() + ".log"), START));
                    versions.put(who.name(), process.get().version());
                }
                talk.with(process.get());
            } catch (PeerException e) {
                if (process.isEmpty()) {
                    end(who, left(task), Kind.FAILED, e.reason(), roundsLeft);
                    return;
                }
                process = Optional.empty();
                end(who, List.of(task), Kind.FAILED, e.reason(), roundsLeft);
                if (crashes.merge(who.name(), 1, Integer::sum) > RESTARTS) {
                    end(who, left(task), Kind.FAILED, "given up after " + (RESTARTS + 1) + " crashes", roundsLeft);
                }
            }
        }

        /// This task and those behind it that have not ended.
        private List<Task> left(Task task) {
            return tasks.subList(tasks.indexOf(task), tasks.size()).stream()
                    .filter(each -> timing(who, each).end.isEmpty())
                    .toList();
        }

        @Override
        public void close() {
            process.ifPresent(PeerProcess::close);
        }
    }

    private interface Talk {
        void with(PeerProcess process) throws PeerException, IOException, InterruptedException;
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
                Row row = Row.of(slot.task, slot.who, version, timing.micros).timesRondo(timesRondo(slot.task, timing));
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

    /// How many times as long as Rondo's the turns took; NaN for Rondo and where both have none in common.
    private double timesRondo(Task task, Timing timing) {
        return timings.entrySet().stream()
                .filter(rondo -> rondo.getKey().who.name().equals("rondo") && rondo.getKey().task.equals(task))
                .map(Map.Entry::getValue)
                .filter(rondo -> rondo != timing)
                .map(rondo -> timing.turns.entrySet().stream()
                        .filter(turn -> rondo.turns.containsKey(turn.getKey()))
                        .map(turn -> turn.getValue() / Objects.requireNonNull(rondo.turns.get(turn.getKey())))
                        .toList())
                .filter(ratios -> !ratios.isEmpty())
                .mapToDouble(Statistics::median)
                .findFirst()
                .orElse(Double.NaN);
    }
}
