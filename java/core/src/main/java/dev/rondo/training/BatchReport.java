package dev.rondo.training;

/// What a run tells after each training batch.
///
/// @param epoch from 1
/// @param batch within the epoch, from 1
/// @param batches of an epoch
/// @param step batches since the run began, from 1
/// @param batchScores of this batch alone
/// @param epochScores of the epoch so far
/// @param gradientNorm norm of all gradients taken together, before clipping, those of penalties included; where
///     batches are accumulated, of the mean so far
/// @param rate the learning rate of the update that the batch is part of
/// @param stepsPerSecond real steps (tokens) a second, over the epoch so far
public record BatchReport(
        int epoch,
        int batch,
        int batches,
        long step,
        Scores batchScores,
        Scores epochScores,
        double gradientNorm,
        double rate,
        double stepsPerSecond) {
    /// The loss of this batch.
    public double loss() {
        return batchScores.loss();
    }
}
