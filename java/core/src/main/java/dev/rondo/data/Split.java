package dev.rondo.data;

import java.util.Arrays;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/// Which examples a model learns from, and which it is scored on. [Examples#select] takes them out.
///
/// ```java
/// Split split = Split.stratified(labels, 0.2, 1);
/// model.fit(data.select(split.training()), Fit.epochs(10).validation(data.select(split.heldOut())));
/// ```
///
/// The same arguments give the same split everywhere.
///
/// @param training rows to learn from, in ascending order
/// @param heldOut the others, in ascending order
public record Split(int[] training, int[] heldOut) {

    /// Holds out examples at random.
    ///
    /// @param examples how many there are
    /// @param fraction to hold out, between 0 and 1; rounded to the nearest number of examples
    /// @throws IllegalArgumentException if nothing would be left on one of the sides
    public static Split random(int examples, double fraction, long seed) {
        checkExamples(examples);
        int[] order = new int[examples];
        Arrays.setAll(order, i -> i);
        Seeds.shuffle(order, Seeds.generator(seed, "split", 0));
        boolean[] out = new boolean[examples];
        int count = (int) Math.rint(examples * fraction);
        for (int i = 0; i < Math.clamp(count, 0, examples); i++) {
            out[order[i]] = true;
        }
        return of(out, fraction);
    }

    /// Holds out the same share of each class at random, so that both sides have the classes in the same proportions.
    ///
    /// @param labels the class of each example
    /// @param fraction of each class to hold out, between 0 and 1; rounded to the nearest number of examples, so of a
    ///     class with few there may be none on one side
    /// @throws IllegalArgumentException if nothing would be left on one of the sides
    public static Split stratified(int[] labels, double fraction, long seed) {
        boolean[] out = new boolean[labels.length];
        for (int label : Arrays.stream(labels).sorted().distinct().toArray()) {
            int[] rows = IntStream.range(0, labels.length).filter(i -> labels[i] == label).toArray();
            RandomGenerator random = Seeds.generator(seed, "split", label);
            Seeds.shuffle(rows, random);
            int count = (int) Math.rint(rows.length * fraction);
            for (int i = 0; i < Math.clamp(count, 0, rows.length); i++) {
                out[rows[i]] = true;
            }
        }
        return of(out, fraction);
    }

    /// Holds out the last examples: what a model of things in time is scored on.
    ///
    /// @param examples how many there are, in the order of their time
    /// @param fraction to hold out, between 0 and 1; rounded to the nearest number of examples
    /// @throws IllegalArgumentException if nothing would be left on one of the sides
    public static Split byTime(int examples, double fraction) {
        checkExamples(examples);
        boolean[] out = new boolean[examples];
        int count = (int) Math.rint(examples * fraction);
        Arrays.fill(out, examples - Math.clamp(count, 0, examples), examples, true);
        return of(out, fraction);
    }

    private static void checkExamples(int examples) {
        if (examples < 2) {
            throw new IllegalArgumentException("examples: expected at least 2, got " + examples);
        }
    }

    private static Split of(boolean[] out, double fraction) {
        int heldOut = 0;
        for (boolean one : out) {
            heldOut += one ? 1 : 0;
        }
        if (!(fraction > 0 && fraction < 1) || heldOut == 0 || heldOut == out.length) {
            throw new IllegalArgumentException(
                    "fraction: expected one between 0 and 1 that leaves examples on both sides of %d, got %s"
                            .formatted(out.length, fraction));
        }
        int[] training = new int[out.length - heldOut];
        int[] rest = new int[heldOut];
        int t = 0;
        int h = 0;
        for (int i = 0; i < out.length; i++) {
            if (out[i]) {
                rest[h++] = i;
            } else {
                training[t++] = i;
            }
        }
        return new Split(training, rest);
    }
}
