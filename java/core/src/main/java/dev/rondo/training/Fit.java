package dev.rondo.training;

import dev.rondo.data.Dataset;
import dev.rondo.data.Order;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// The settings of one run of training: what [dev.rondo.Model#fit] takes.
///
/// ```java
/// Fit.epochs(3).batchSize(32).validation(heldOut)
/// ```
///
/// A run that must survive being killed writes checkpoints, and the program that is started again goes on from the last:
///
/// ```java
/// Fit fit = Fit.epochs(10).checkpoint(file, Every.batches(500));
/// model.fit(data, Files.exists(file) ? fit.resume(file) : fit);
/// ```
///
/// @param epochs number of passes over the data
/// @param batchSize examples of a batch, or parallel streams
/// @param order in which an epoch takes the examples
/// @param validation data that the model is scored on after each epoch
/// @param callbacks what is called after batches and epochs, in this order
/// @param saving where and how often checkpoints are written
/// @param start where the run goes on; empty where it begins
public record Fit(
        int epochs,
        int batchSize,
        Order order,
        Optional<Dataset> validation,
        List<Callback> callbacks,
        Optional<Saving> saving,
        Optional<Start> start) {
    public Fit {
        Check.atLeastOne("Fit: epochs", epochs);
        Check.atLeastOne("Fit: batchSize", batchSize);
        callbacks = List.copyOf(callbacks);
    }

    /// The batch size where none is given, Keras's.
    public static final int DEFAULT_BATCH = 32;

    /// Where and how often checkpoints are written.
    ///
    /// @param file replaced each time, whole or not at all
    /// @param every how often
    public record Saving(Path file, Every every) {}

    /// Where a run goes on.
    ///
    /// @param file a checkpoint
    /// @param elsewhere whether it may be another machine, or with other settings, than the checkpoint is of
    public record Start(Path file, Elsewhere elsewhere) {}

    /// Whether a run may go on where it cannot go on bit for bit: on another processor, instruction set or number of
    /// threads, with other kernels, libraries or settings of training, or by another version of Rondo.
    public enum Elsewhere {
        /// It is an [IllegalStateException] that says what differs.
        REFUSED,
        /// The run goes on, and [Callback#onResume] is told what differs.
        ALLOWED
    }

    /// This many passes over the data, in batches of 32, shuffled: Keras's settings.
    public static Fit epochs(int epochs) {
        return new Fit(
                epochs,
                DEFAULT_BATCH,
                Order.SHUFFLED,
                Optional.empty(),
                List.of(),
                Optional.empty(),
                Optional.empty());
    }

    /// With batches of this many examples, or this many parallel streams. The last batch of an epoch may be smaller.
    public Fit batchSize(int batchSize) {
        return new Fit(epochs, batchSize, order, validation, callbacks, saving, start);
    }

    /// In this order.
    public Fit order(Order order) {
        return new Fit(epochs, batchSize, order, validation, callbacks, saving, start);
    }

    /// Scoring the model on these data after each epoch. It changes nothing in the training.
    public Fit validation(Dataset validation) {
        return new Fit(epochs, batchSize, order, Optional.of(validation), callbacks, saving, start);
    }

    /// Calling this besides.
    public Fit callback(Callback callback) {
        List<Callback> all = Stream.concat(callbacks.stream(), Stream.of(callback)).toList();
        return new Fit(epochs, batchSize, order, validation, all, saving, start);
    }

    /// Writing all that the run remembers to a file every so often, and at its end. The file is a safetensors file that
    /// is replaced whole or not at all, so the last checkpoint survives a kill at any moment. It is a model file
    /// besides: [dev.rondo.Sequential#load] takes the model out of it as it was at that moment.
    public Fit checkpoint(Path file, Every every) {
        return new Fit(epochs, batchSize, order, validation, callbacks, Optional.of(new Saving(file, every)), start);
    }

    /// Going on where a checkpoint was written, bit for bit as if the run had not stopped: parameters, losses, metrics
    /// and reports. The model has the checkpoint's layers and seed, the data and the settings are the same, and the
    /// number of epochs counts those that are done; it may be larger than it was. Callbacks are called for what comes;
    /// what they remember is theirs to keep.
    public Fit resume(Path file) {
        return resume(file, Elsewhere.REFUSED);
    }

    /// Going on where a checkpoint was written.
    ///
    /// @param elsewhere whether it may be where the run cannot go on bit for bit
    public Fit resume(Path file, Elsewhere elsewhere) {
        return new Fit(
                epochs, batchSize, order, validation, callbacks, saving, Optional.of(new Start(file, elsewhere)));
    }
}
