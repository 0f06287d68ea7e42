package dev.rondo.metrics;

import java.util.Arrays;

/// Checks of what calculators are given. All of a batch is checked before any of it counts.
final class Arguments {
    private Arguments() {}

    static void sameLength(String name, int expected, int actual) {
        if (actual != expected) {
            throw new IllegalArgumentException("%s: expected %d of them, got %d".formatted(name, expected, actual));
        }
    }

    static void atLeastOne(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException("%s: expected at least 1, got %d".formatted(name, value));
        }
    }

    static void finite(String name, int index, double value) {
        if (!Double.isFinite(value)) {
            throw new IllegalArgumentException(
                    "%s[%d]: expected a finite number, got %s".formatted(name, index, value));
        }
    }

    static void notNaN(String name, int index, double value) {
        if (Double.isNaN(value)) {
            throw new IllegalArgumentException("%s[%d]: expected a number, got NaN".formatted(name, index));
        }
    }

    static void oneOf(String name, int index, int value, int classes) {
        if (value < 0 || value >= classes) {
            throw new IllegalArgumentException(
                    "%s[%d]: expected a class in [0, %d), got %d".formatted(name, index, classes, value));
        }
    }

    static void zeroOrOne(String name, int index, double value) {
        if (value != 0 && value != 1) {
            throw new IllegalArgumentException("%s[%d]: expected 0 or 1, got %s".formatted(name, index, value));
        }
    }

    static void weights(int expected, double[] weights) {
        sameLength("weights", expected, weights.length);
        for (int i = 0; i < weights.length; i++) {
            if (!(weights[i] >= 0 && weights[i] < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException(
                        "weights[%d]: expected a finite number of at least 0, got %s".formatted(i, weights[i]));
            }
        }
    }

    static double[] ones(int count) {
        double[] ones = new double[count];
        Arrays.fill(ones, 1);
        return ones;
    }

    /// A value of nothing is no number.
    static void some(String what, boolean any) {
        if (!any) {
            throw new IllegalStateException("%s: expected examples of weight above 0, got none".formatted(what));
        }
    }
}
