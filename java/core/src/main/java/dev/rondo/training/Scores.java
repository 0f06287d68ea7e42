package dev.rondo.training;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What some batches came to.
///
/// Where several outputs have a loss, the metrics of each stand under its name: `logits.accuracy`, and its own loss as
/// `logits.loss`.
///
/// @param loss mean loss of a real step; in nats where it is a cross-entropy. Of several outputs the sum of all means,
///     each times its weight
/// @param metrics the metrics by name, in the order of [Training#metrics()]
/// @param steps real steps: tokens, where each step is one; examples, where the model gives one output or the loss is
///     of whole sequences. Of several outputs, of the one that has the most
public record Scores(double loss, Map<String, Double> metrics, long steps) {
    public Scores {
        metrics = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(metrics));
    }

    /// The scores that sums come to; without metrics that are taken of what a model gives.
    public static Scores of(Metric.Totals totals, List<Metric> metrics) {
        Map<String, Double> values = new LinkedHashMap<>();
        for (Metric metric : metrics) {
            if (!(metric instanceof Metric.Observed<?>)) {
                values.put(metric.name(), metric.of(totals));
            }
        }
        return new Scores(totals.meanLoss(), values, totals.steps());
    }

    /// The scores that the sums of each loss come to.
    ///
    /// @param observed what [Observation#values] tells
    static Scores of(List<Objective> losses, Tally tally, List<Metric> metrics, Map<String, Double> observed) {
        Map<String, Double> values = new LinkedHashMap<>();
        double loss = 0;
        for (int i = 0; i < losses.size(); i++) {
            Objective objective = losses.get(i);
            Metric.Totals totals = tally.totals().get(i);
            loss += objective.weight() * totals.meanLoss();
            String place = losses.size() == 1 ? "" : objective.output() + ".";
            if (losses.size() > 1) {
                values.put(place + "loss", totals.meanLoss());
            }
            for (Metric metric : metrics) {
                Double seen = observed.get(objective.output() + "." + metric.name());
                if (metric instanceof Metric.Observed<?>) {
                    if (seen != null) {
                        values.put(place + metric.name(), seen);
                    }
                } else if (metric.fits(objective.loss())) {
                    values.put(place + metric.name(), metric.of(totals));
                }
            }
        }
        return new Scores(loss, values, tally.steps());
    }

    /// The names of the metrics that [#of(List, Tally, List, Map)] gives.
    ///
    /// @param observed whether it is told of those that are taken of what a model gives
    static List<String> names(List<Objective> losses, List<Metric> metrics, boolean observed) {
        List<String> names = new ArrayList<>();
        for (Objective objective : losses) {
            String place = losses.size() == 1 ? "" : objective.output() + ".";
            if (losses.size() > 1) {
                names.add(place + "loss");
            }
            for (Metric metric : metrics) {
                boolean given = metric instanceof Metric.Observed<?> seen
                        ? observed && (seen.output().isEmpty() || seen.output().equals(objective.output()))
                        : metric.fits(objective.loss());
                if (given) {
                    names.add(place + metric.name());
                }
            }
        }
        return names;
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
