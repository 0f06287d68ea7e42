package dev.rondo.kernels;

import java.util.Locale;

/// The one comparator of numbers in the Java tests: |actual - expected| <= absolute + relative |expected| for each
/// element, where NaN equals NaN only and an infinity itself only.
///
/// @param absolute at least 0
/// @param relative at least 0
public record Closeness(double absolute, double relative) {
    /// Equal up to nothing.
    public static final Closeness EXACT = new Closeness(0, 0);

    /// The half distance between 1 and the next float.
    private static final double FLOAT_EPSILON = 0x1p-24;

    /// What float32 results of sums may differ by from a sum in double.
    ///
    /// A sum of n products of numbers around 1, in any order, errs by about eps sqrt(n) and at most eps n; kernels sum
    /// in blocks, so that eps log2(n) per level stands for both. `chain` such sums in a row (time steps; forward and
    /// backward) add up. The factor of 16 holds the polynomials of the activations (a few ulp) and inputs up to 4.
    public static Closeness ofSums(long terms, long chain) {
        double epsilon = FLOAT_EPSILON * (2 + Math.log(terms + 1.0) / Math.log(2));
        return new Closeness(16 * epsilon * Math.sqrt(chain), 16 * epsilon);
    }

    /// Fails with the worst element unless all are close.
    ///
    /// @return the largest difference in tolerances, at most 1
    public double check(String name, double[] expected, double[] actual) {
        if (expected.length != actual.length) {
            throw new AssertionError(
                    "%s: expected %d elements, got %d".formatted(name, expected.length, actual.length));
        }
        int worst = -1;
        double largest = 0;
        for (int i = 0; i < expected.length; i++) {
            double difference = difference(expected[i], actual[i]);
            if (difference > largest) {
                largest = difference;
                worst = i;
            }
        }
        if (largest > 1) {
            throw new AssertionError(
                    String.format(
                            Locale.ROOT, "%s[%d] of %d: expected %.9g, got %.9g, %.3g times the tolerance %s", name,
                            worst, expected.length, expected[worst], actual[worst], largest, this));
        }
        return largest;
    }

    /// How far apart two numbers are, in tolerances.
    private double difference(double expected, double actual) {
        if (Double.isNaN(expected) || Double.isNaN(actual)) {
            return Double.isNaN(expected) && Double.isNaN(actual) ? 0 : Double.POSITIVE_INFINITY;
        }
        if (expected == actual) {
            return 0;
        }
        double difference = Math.abs(actual - expected);
        double tolerance = absolute + relative * Math.abs(expected);
        return Double.isInfinite(difference) || tolerance == 0
                ? Double.POSITIVE_INFINITY
                : difference / tolerance;
    }
}
