package dev.rondo.benchmarks.suite;

import java.util.Arrays;
import java.util.Collection;

/// Of samples.
final class Statistics {
    private Statistics() {}

    /// The middle one, or the mean of the two in the middle.
    ///
    /// @throws IllegalArgumentException if there is none
    static double median(double... values) {
        if (values.length == 0) {
            throw new IllegalArgumentException("values: expected at least one");
        }
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /// The median of boxed values.
    static double median(Collection<Double> values) {
        return median(values.stream().mapToDouble(Double::doubleValue).toArray());
    }

    /// The geometric mean; NaN of nothing.
    static double geometricMean(Collection<Double> values) {
        return Math.exp(values.stream().mapToDouble(Math::log).average().orElse(Double.NaN));
    }
}
