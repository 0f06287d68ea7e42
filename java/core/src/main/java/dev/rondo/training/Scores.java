package dev.rondo.training;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What some batches came to.
///
/// @param loss mean loss of a real step; in nats where it is a cross-entropy
/// @param metrics the metrics by name, in the order of [Training#metrics()]
/// @param steps real steps: tokens, where each step is one; examples, where the model gives one output for each
public record Scores(double loss, Map<String, Double> metrics, long steps) {
    public Scores {
        metrics = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(metrics));
    }

    /// The scores that sums come to.
    public static Scores of(Metric.Totals totals, List<Metric> metrics) {
        Map<String, Double> values = new LinkedHashMap<>();
        for (Metric metric : metrics) {
            values.put(metric.name(), metric.of(totals));
        }
        return new Scores(totals.meanLoss(), values, totals.steps());
    }

    /// One metric.
    ///
    /// @throws IllegalArgumentException if it was not among [Training#metrics()]
    public double metric(String name) {
        Double value = metrics.get(name);
        if (value == null) {
            throw new IllegalArgumentException("metric: expected one of %s, got %s".formatted(metrics.keySet(), name));
        }
        return value;
    }
}
