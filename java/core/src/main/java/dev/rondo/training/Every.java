package dev.rondo.training;

/// How often something is done in a run of training.
///
/// @param count of batches or epochs, at least 1
/// @param unit what is counted
public record Every(int count, Unit unit) {
    /// What can be counted.
    public enum Unit {
        /// Training batches, by [Trainer#steps()].
        BATCHES,
        /// Epochs of the run.
        EPOCHS
    }

    public Every {
        Check.atLeastOne("Every: count", count);
    }

    /// After every so many batches, counted by [Trainer#steps()].
    public static Every batches(int count) {
        return new Every(count, Unit.BATCHES);
    }

    /// After every so many epochs, counted from the run's beginning.
    public static Every epochs(int count) {
        return new Every(count, Unit.EPOCHS);
    }

    boolean isDue(Unit counted, long number) {
        return unit == counted && number % count == 0;
    }
}
