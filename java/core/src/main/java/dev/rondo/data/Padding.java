package dev.rondo.data;

import dev.rondo.tensor.Tensor;
import java.util.Arrays;
import java.util.OptionalInt;

/// Brings sequences of different lengths to one length, and keeps what their lengths were.
///
/// ```
/// [1] [2 3] [4 5 6]      Padding.post()       Padding.pre()      Padding.pre().timeSteps(2)
///                        1 0 0                0 0 1              0 1
///                        2 3 0                0 2 3              2 3
///                        4 5 6                4 5 6              5 6
/// ```
///
/// Rondo's lengths count real steps from the front, so data for [Examples#lengths] are padded at the end: the model then
/// never sees the padding, and its value does not matter. Padding in front is for models that were trained so elsewhere:
/// its steps are steps like others.
///
/// @param padding where values are added to sequences that are too short
/// @param truncating where steps are taken off sequences that are too long
/// @param timeSteps T of the result; empty: that of the longest sequence
/// @param value what is added
public record Padding(Side padding, Side truncating, OptionalInt timeSteps, double value) {

    /// An end of a sequence.
    public enum Side {
        /// In front of the first step.
        PRE,
        /// Behind the last step.
        POST
    }

    public Padding {
        if (timeSteps.isPresent() && timeSteps.getAsInt() < 1) {
            throw new IllegalArgumentException("timeSteps: expected at least 1, got " + timeSteps.getAsInt());
        }
    }

    /// Zeros behind the end, and steps taken off behind: what [Examples#lengths] goes with.
    public static Padding post() {
        return new Padding(Side.POST, Side.POST, OptionalInt.empty(), 0);
    }

    /// Zeros in front, and steps taken off in front: what Keras's `pad_sequences` does if it is told nothing.
    public static Padding pre() {
        return new Padding(Side.PRE, Side.PRE, OptionalInt.empty(), 0);
    }

    /// Taking steps off at this end.
    public Padding truncating(Side truncating) {
        return new Padding(padding, truncating, timeSteps, value);
    }

    /// To this many steps.
    ///
    /// @throws IllegalArgumentException if they are fewer than 1
    public Padding timeSteps(int timeSteps) {
        return new Padding(padding, truncating, OptionalInt.of(timeSteps), value);
    }

    /// With this value.
    public Padding value(double value) {
        return new Padding(padding, truncating, timeSteps, value);
    }

    /// Sequences of one length.
    ///
    /// @param x int32 `[N,T]` or float32 `[N,T,F]`, in memory of its own
    /// @param lengths the number of steps of each that are no padding, in `0..T`: what its sequence had, or T
    /// @param side where the padding is
    public record Padded(Tensor x, int[] lengths, Side side) {

        /// The sequences with their targets, and with their lengths.
        ///
        /// @param y targets: one for each sequence, or for each of its T steps (padded as x is)
        /// @throws IllegalArgumentException if a sequence is empty or y has another number of rows
        /// @throws IllegalStateException if the padding is in front, where lengths do not tell it
        public Examples examples(Tensor y) {
            if (side == Side.PRE) {
                throw new IllegalStateException(
                        "padding: expected POST, since lengths count steps from the front, got PRE");
            }
            return Dataset.of(x, y).lengths(lengths);
        }
    }

    /// Pads ids.
    ///
    /// @param sequences one or more, of which one has a step at least if no number of steps is set
    /// @return x int32 `[N,T]`
    /// @throws IllegalArgumentException if there is none, all are empty, or the value is no int
    public Padded apply(int[]... sequences) {
        if (value != (int) value) {
            throw new IllegalArgumentException("value: expected a whole number for sequences of ids, got " + value);
        }
        int[] lengths = new int[sequences.length];
        for (int n = 0; n < lengths.length; n++) {
            lengths[n] = sequences[n].length;
        }
        int time = time(lengths);
        int[] x = new int[Math.multiplyExact(lengths.length, time)];
        for (int n = 0; n < lengths.length; n++) {
            Placement at = placement(lengths[n], time);
            for (int t = 0; t < time; t++) {
                x[n * time + t] = at.isReal(t) ? sequences[n][at.source(t)] : (int) value;
            }
        }
        return padded(Tensor.of(x, lengths.length, time), lengths, time);
    }

    /// Pads steps of F features each.
    ///
    /// @param sequences one or more, each `[its own T][F]`, of which one has a step at least
    /// @return x float32 `[N,T,F]`
    /// @throws IllegalArgumentException if there is none, all are empty, or F is 0 or not the same everywhere
    public Padded apply(float[][]... sequences) {
        int[] lengths = new int[sequences.length];
        for (int n = 0; n < lengths.length; n++) {
            lengths[n] = sequences[n].length;
        }
        int time = time(lengths);
        int features = features(sequences);
        float[] x = new float[Math.multiplyExact(Math.multiplyExact(lengths.length, time), features)];
        Arrays.fill(x, (float) value);
        for (int n = 0; n < lengths.length; n++) {
            Placement at = placement(lengths[n], time);
            for (int t = 0; t < time; t++) {
                if (at.isReal(t)) {
                    System.arraycopy(sequences[n][at.source(t)], 0, x, (n * time + t) * features, features);
                }
            }
        }
        return padded(Tensor.of(x, lengths.length, time, features), lengths, time);
    }

    private Padded padded(Tensor x, int[] lengths, int time) {
        for (int n = 0; n < lengths.length; n++) {
            lengths[n] = Math.min(lengths[n], time);
        }
        return new Padded(x, lengths, padding);
    }

    private int time(int[] lengths) {
        if (lengths.length == 0) {
            throw new IllegalArgumentException("sequences: expected at least one, got none");
        }
        int longest = 0;
        for (int length : lengths) {
            longest = Math.max(longest, length);
        }
        if (longest == 0 && timeSteps.isEmpty()) {
            throw new IllegalArgumentException(
                    "sequences: expected at least one step, got %d empty ones".formatted(lengths.length));
        }
        return timeSteps.orElse(longest);
    }

    /// F, which is the same for every step.
    private static int features(float[][][] sequences) {
        int features = 0;
        for (int n = 0; n < sequences.length; n++) {
            for (int t = 0; t < sequences[n].length; t++) {
                int found = sequences[n][t].length;
                if (found == 0 || (features != 0 && found != features)) {
                    throw new IllegalArgumentException("sequences[%d][%d]: expected %s, got %d"
                            .formatted(n, t, features == 0 ? "at least 1 feature" : features + " features", found));
                }
                features = found;
            }
        }
        if (features == 0) {
            throw new IllegalArgumentException(
                    "sequences: expected at least one step, got %d empty ones".formatted(sequences.length));
        }
        return features;
    }

    private Placement placement(int length, int time) {
        int kept = Math.min(length, time);
        int skipped = truncating == Side.PRE ? length - kept : 0;
        int begin = padding == Side.PRE ? time - kept : 0;
        return new Placement(begin, begin + kept, skipped - begin);
    }

    /// Where a sequence's steps come to lie: steps `begin..end` of the result are its own, each `shift` further on.
    private record Placement(int begin, int end, int shift) {
        boolean isReal(int t) {
            return t >= begin && t < end;
        }

        int source(int t) {
            return t + shift;
        }
    }
}
