package dev.rondo.metrics;

import java.util.Arrays;

/// Weights of examples and steps. A calculator passes over what weighs 0: it is not even looked at, so padding may hold
/// anything.
public final class Weights {
    private Weights() {}

    /// Weighs the real steps 1 and the padding 0.
    ///
    /// @param timeSteps T, at least 1
    /// @param lengths of the B sequences, each in [0, T]
    /// @return [B,T], sequence after sequence
    /// @throws IllegalArgumentException if a length is out of range
    public static double[] ofLengths(int timeSteps, int... lengths) {
        Arguments.atLeastOne("timeSteps", timeSteps);
        double[] weights = new double[Math.multiplyExact(lengths.length, timeSteps)];
        for (int b = 0; b < lengths.length; b++) {
            if (lengths[b] < 0 || lengths[b] > timeSteps) {
                throw new IllegalArgumentException(
                        "lengths[%d]: expected a number in [0, %d], got %d".formatted(b, timeSteps, lengths[b]));
            }
            Arrays.fill(weights, b * timeSteps, b * timeSteps + lengths[b], 1);
        }
        return weights;
    }

    /// Weighs 1 where the mask is true, else 0.
    public static double[] ofMask(boolean... mask) {
        double[] weights = new double[mask.length];
        for (int i = 0; i < mask.length; i++) {
            weights[i] = mask[i] ? 1 : 0;
        }
        return weights;
    }
}
