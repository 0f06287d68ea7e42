package dev.rondo.training;

import java.util.OptionalDouble;

/// A value of each epoch that tells how good the model is, and which way is better.
///
/// ```java
/// Monitor.lowest("val_loss")
/// Monitor.highest("val_accuracy")
/// ```
///
/// @param name as in [EpochReport#values]: `loss`, the name of a metric, or one of these behind `val_`, of the
///     validation data
/// @param goal which way is better
public record Monitor(String name, Goal goal) {
    /// Which way is better.
    public enum Goal {
        /// As low as can be: losses and errors.
        LOWEST,
        /// As high as can be: accuracies.
        HIGHEST
    }

    /// The lower, the better.
    public static Monitor lowest(String name) {
        return new Monitor(name, Goal.LOWEST);
    }

    /// The higher, the better.
    public static Monitor highest(String name) {
        return new Monitor(name, Goal.HIGHEST);
    }

    /// The loss on the validation data.
    public static Monitor validationLoss() {
        return lowest(EpochReport.VALIDATION + EpochReport.LOSS);
    }

    /// The value of an epoch; empty where it has none, since it was cut short before its validation.
    public OptionalDouble of(EpochReport report) {
        Double value = report.values().get(name);
        return value == null ? OptionalDouble.empty() : OptionalDouble.of(value);
    }

    /// @throws IllegalArgumentException if epochs of the run have no such value
    void check(TrainingRun run) {
        if (!run.names().contains(name)) {
            throw new IllegalArgumentException("monitor: expected one of %s%s, got %s"
                    .formatted(
                            run.names(),
                            name.startsWith(EpochReport.VALIDATION)
                                            && !run.names().contains(EpochReport.VALIDATION + EpochReport.LOSS)
                                    ? ", since there are no validation data"
                                    : "",
                            name));
        }
    }

    /// Whether a value is better than another by more than a difference. NaN is never better, and all is better than
    /// NaN.
    boolean isBetter(double value, double than, double minDelta) {
        if (Double.isNaN(value) || Double.isNaN(than)) {
            return !Double.isNaN(value);
        }
        return switch (goal) {
            case LOWEST -> value < than - minDelta;
            case HIGHEST -> value > than + minDelta;
        };
    }
}
