package dev.rondo.training;

import java.util.Optional;

/// What a run tells after each epoch.
///
/// @param epoch from 1
/// @param training scores over the epoch's batches, each taken before its update
/// @param validation scores on the validation data after the epoch; empty where [Fit] was given none, or a callback
///     stopped the epoch
/// @param seconds the epoch took, without its validation
public record EpochReport(int epoch, Scores training, Optional<Scores> validation, double seconds) {
    /// Mean training loss of the epoch.
    public double loss() {
        return training.loss();
    }

    /// Real steps (tokens) a second.
    public double stepsPerSecond() {
        return seconds > 0 ? training.steps() / seconds : 0;
    }
}
