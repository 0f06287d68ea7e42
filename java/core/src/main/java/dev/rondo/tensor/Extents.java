package dev.rondo.tensor;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Numbers for the symbols of shapes: [Shape#BATCH], and [Shape#time] of as many kinds of steps as a model has.
/// Immutable; printed as `B=32, T=50` or, with a second number of steps, as `B=32, T=50, T1=40`.
public final class Extents {
    /// Those that were asked for last, so that calls of sizes that come again allocate nothing. Any thread may
    /// overwrite any of them with another that is as good.
    private static final Extents[] RECENT = new Extents[1024];

    static {
        Arrays.fill(RECENT, new Extents(1, new int[] {1}));
    }

    private final int batch;
    private final int[] times;

    private Extents(int batch, int[] times) {
        this.batch = batch;
        this.times = times;
        if (times.length > Shape.TIMES) {
            throw new IllegalArgumentException(
                    "extents: expected at most %d numbers of steps, got %d".formatted(Shape.TIMES, times.length));
        }
        boolean positive = batch >= 1 && times.length >= 1;
        for (int time : times) {
            positive &= time >= 1;
        }
        if (!positive) {
            throw new IllegalArgumentException("extents: expected at least B=1, T=1, got " + this);
        }
    }

    /// The numbers of a batch and its steps.
    ///
    /// @param batch sequences, at least 1
    /// @param time steps of [Shape#TIME], at least 1
    /// @throws IllegalArgumentException if a number is less
    public static Extents of(int batch, int time) {
        int place = (batch * 61 + time) & (RECENT.length - 1);
        Extents recent = RECENT[place];
        if (recent.batch == batch && recent.times.length == 1 && recent.times[0] == time) {
            return recent;
        }
        return RECENT[place] = new Extents(batch, new int[] {time});
    }

    /// The numbers of a batch and its steps, the k-th of [Shape#time] of k.
    ///
    /// @param batch sequences, at least 1
    /// @param times steps, each at least 1; one or more
    /// @throws IllegalArgumentException if a number is less, there is none, or there are more than [Shape#TIMES]
    public static Extents of(int batch, int... times) {
        if (times.length == 1) {
            return of(batch, times[0]);
        }
        int place = (batch * 61 + Arrays.hashCode(times)) & (RECENT.length - 1);
        Extents recent = RECENT[place];
        if (recent.batch == batch && Arrays.equals(recent.times, times)) {
            return recent;
        }
        return RECENT[place] = new Extents(batch, times.clone());
    }

    /// These with another batch.
    ///
    /// @param sequences at least 1
    public Extents batch(int sequences) {
        return sequences == batch ? this : times.length == 1 ? of(sequences, times[0]) : of(sequences, times);
    }

    /// Sequences.
    public int batch() {
        return batch;
    }

    /// Steps of [Shape#TIME].
    public int time() {
        return times[0];
    }

    /// Steps of [Shape#time] of k.
    ///
    /// @throws IllegalArgumentException if there are fewer numbers
    public int time(int k) {
        if (k >= times.length) {
            throw new IllegalArgumentException(
                    "extents: expected a number for %s, got %s".formatted(Shape.symbol(Shape.time(k)), this));
        }
        return times[k];
    }

    /// How many numbers of steps there are.
    public int times() {
        return times.length;
    }

    /// What stands for an extent of a shape: the number of a symbol, any other as it is.
    ///
    /// @throws IllegalArgumentException if the symbol has none
    public int number(int dim) {
        return dim >= 0 ? dim : dim == Shape.BATCH ? batch : time(Shape.TIME - dim);
    }

    /// The larger of both in each; of what only one has, that.
    public Extents max(Extents other) {
        Extents more = times.length >= other.times.length ? this : other;
        Extents less = more == this ? other : this;
        int[] largest = more.times.clone();
        for (int k = 0; k < less.times.length; k++) {
            largest[k] = Math.max(largest[k], less.times[k]);
        }
        return new Extents(Math.max(batch, other.batch), largest);
    }

    /// True if none of the given numbers is larger than the one here.
    public boolean holds(Extents other) {
        boolean fits = other.batch <= batch && other.times.length <= times.length;
        for (int k = 0; fits && k < other.times.length; k++) {
            fits = other.times[k] <= times[k];
        }
        return fits;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other == this
                || other instanceof Extents extents
                && batch == extents.batch
                && Arrays.equals(times, extents.times);
    }

    @Override
    public int hashCode() {
        return 31 * batch + Arrays.hashCode(times);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("B=").append(batch);
        for (int k = 0; k < times.length; k++) {
            text.append(", ").append(Shape.symbol(Shape.time(k))).append('=').append(times[k]);
        }
        return text.toString();
    }
}
