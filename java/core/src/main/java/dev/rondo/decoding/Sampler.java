package dev.rondo.decoding;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/// Draws ids from logits as a [Sampling] says. For one thread at a time; allocates nothing after the first call for as
/// many ids.
public final class Sampler {
    private final Sampling sampling;
    private final RandomGenerator random;
    private double[] weights = new double[0];
    private long[] order = new long[0];

    Sampler(Sampling sampling, RandomGenerator random) {
        this.sampling = sampling;
        this.random = random;
    }

    /// Draws an id.
    ///
    /// @param logits one for each id; minus infinity for one that must not be drawn
    /// @throws IllegalArgumentException if there is none, one is NaN or infinite, or all are minus infinity
    public int draw(float[] logits) {
        return draw(logits, 0, logits.length);
    }

    /// Draws an id from a part of an array, a row of a batch for instance.
    ///
    /// @param from of the first id's logit
    /// @param count of ids
    /// @throws IllegalArgumentException as [#draw(float[])]
    /// @throws IndexOutOfBoundsException if the part is not within the array
    public int draw(float[] logits, int from, int count) {
        int best = Logits.best(logits, from, count);
        if (sampling.temperature() == 0) {
            return best;
        }
        if (weights.length < count) {
            weights = new double[count];
        }
        double top = logits[from + best];
        double sum = 0;
        for (int id = 0; id < count; id++) {
            weights[id] = Math.exp((logits[from + id] - top) / sampling.temperature());
            sum += weights[id];
        }
        return sampling.topK() >= count && sampling.topP() == 1
                ? any(count, sum, best)
                : likely(logits, from, count);
    }

    private int any(int count, double sum, int best) {
        double rest = random.nextDouble() * sum;
        for (int id = 0; id < count; id++) {
            rest -= weights[id];
            if (rest < 0) {
                return id;
            }
        }
        return best;
    }

    private int likely(float[] logits, int from, int count) {
        if (order.length < count) {
            order = new long[count];
        }
        for (int id = 0; id < count; id++) {
            order[id] = (long) -ordered(logits[from + id]) << Integer.SIZE | id;
        }
        Arrays.sort(order, 0, count);
        int kept = Math.min(count, sampling.topK());
        double sum = 0;
        for (int i = 0; i < kept; i++) {
            sum += weights[(int) order[i]];
        }
        double least = sampling.topP() * sum;
        if (sampling.topP() < 1) {
            sum = 0;
            for (int i = 0; i < kept; i++) {
                sum += weights[(int) order[i]];
                if (sum >= least) {
                    kept = i + 1;
                }
            }
        }
        double rest = random.nextDouble() * sum;
        for (int i = 0; i < kept; i++) {
            rest -= weights[(int) order[i]];
            if (rest < 0) {
                return (int) order[i];
            }
        }
        return (int) order[0];
    }

    /// A number that is the larger the larger the logit is, the same for both zeros, and never the least of all.
    private static int ordered(float logit) {
        int bits = Float.floatToIntBits(logit + 0f);
        return bits >= 0 ? bits : Integer.MIN_VALUE - bits;
    }
}
