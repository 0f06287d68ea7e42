package dev.rondo.training;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/// What a run tells after each epoch.
///
/// @param epoch from 1
/// @param training scores over the epoch's batches, each taken before its update
/// @param validation scores on the validation data after the epoch; empty where [Fit] was given none, or a callback
///     stopped the epoch
/// @param rate the learning rate of its last batch
/// @param seconds the epoch took, without its validation
public record EpochReport(
        int epoch, Scores training, Optional<Scores> validation, double rate, double seconds) {
    static final String LOSS = "loss";
    /// What is put before the names of values of the validation data, as in Keras.
    static final String VALIDATION = "val_";
    private static final String RATE = "rate";
    private static final String SECONDS = "seconds";

    /// Mean training loss of the epoch.
    public double loss() {
        return training.loss();
    }

    /// All by name: `loss` and the metrics; `val_loss` and the metrics behind `val_`, where it was validated; `rate`
    /// and `seconds`.
    public SequencedMap<String, Double> values() {
        SequencedMap<String, Double> values = new LinkedHashMap<>();
        put(values, "", training);
        validation.ifPresent(scores -> put(values, VALIDATION, scores));
        values.put(RATE, rate);
        values.put(SECONDS, seconds);
        return values;
    }

    private static void put(Map<String, Double> values, String prefix, Scores scores) {
        values.put(prefix + LOSS, scores.loss());
        scores.metrics().forEach((name, value) -> values.put(prefix + name, value));
    }

    /// The names of the values of a run's epochs.
    ///
    /// @param validated whether there are validation data
    static List<String> names(List<Objective> losses, List<Metric> metrics, boolean validated) {
        List<String> names = new ArrayList<>();
        names.add(LOSS);
        names.addAll(Scores.names(losses, metrics, false));
        if (validated) {
            names.add(VALIDATION + LOSS);
            Scores.names(losses, metrics, true).forEach(metric -> names.add(VALIDATION + metric));
        }
        names.add(RATE);
        names.add(SECONDS);
        return names.stream().distinct().toList();
    }

    /// @throws IllegalArgumentException if a metric has the name of another value
    static void check(List<Metric> metrics) {
        for (Metric metric : metrics) {
            if (List.of("epoch", LOSS, RATE, SECONDS).contains(metric.name()) || metric.name().startsWith(VALIDATION)) {
                throw new IllegalArgumentException(
                        "metrics: expected names other than epoch, loss, rate, seconds and any that begin with val_,"
                                + " got "
                                + metric.name());
            }
        }
    }

    /// Real steps (tokens) a second.
    public double stepsPerSecond() {
        return seconds > 0 ? training.steps() / seconds : 0;
    }
}
