package dev.rondo.benchmarks.suite;

import java.time.Duration;
import java.util.Optional;

/// How long to go on with each of many measurements: for a fixed time, or for an even share of what is left until a
/// deadline, so that slow ones, which take longer than their share whatever is allowed, are paid for by the others.
final class Budget {
    private static final long LEAST_MILLIS = 100;
    private static final long MOST_MILLIS = 1_000;
    private static final long LONG_CALL_MILLIS = 300;
    /// What a measurement takes besides, as long as nothing is known: opening, checking, starting of processes.
    private static final double EXPECTED_OVERHEAD = 0.2e9;
    private static final int EXPECTED_COUNTS_AS = 10;

    private final Duration each;
    private final Optional<Duration> total;
    private final Clock clock;
    private long begin;
    private int planned;
    private int granted;
    private double grantedNanos;

    /// Where time comes from.
    interface Clock {
        long nanos();
    }

    private Budget(Duration each, Optional<Duration> total, Clock clock) {
        this.each = each;
        this.total = total;
        this.clock = clock;
    }

    /// So long each.
    static Budget each(Duration time) {
        return new Budget(time, Optional.empty(), System::nanoTime);
    }

    /// So long all together.
    static Budget total(Duration time, Clock clock) {
        Budget budget = new Budget(Duration.ZERO, Optional.of(time), clock);
        budget.begin = clock.nanos();
        return budget;
    }

    /// So many measurements more there will be.
    void plan(int measurements) {
        planned += measurements;
    }

    /// One that was planned does not take place.
    void drop() {
        planned--;
    }

    /// How many turns a task takes at least, whatever its time: with a deadline two, and one where a call takes so long
    /// that it outlasts what turns are for.
    int leastTurns(double callMillis) {
        return total.isEmpty() ? 3 : callMillis < LONG_CALL_MILLIS ? 2 : 1;
    }

    /// The time for the next, in milliseconds.
    long next() {
        if (total.isEmpty()) {
            return each.toMillis();
        }
        double elapsed = clock.nanos() - begin;
        double overhead = (EXPECTED_OVERHEAD * EXPECTED_COUNTS_AS + Math.max(0, elapsed - grantedNanos))
                / (EXPECTED_COUNTS_AS + granted);
        double share = (total.get().toNanos() - elapsed) / Math.max(1, planned - granted) - overhead;
        long millis = Math.clamp((long) (share * 1e-6), LEAST_MILLIS, MOST_MILLIS);
        granted++;
        grantedNanos += millis * 1e6;
        return millis;
    }
}
