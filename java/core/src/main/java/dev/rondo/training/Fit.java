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
/// @param accumulate batches of an update
/// @param validation data that the model is scored on after each epoch
/// @param holdOut the part of the data that is held out for it in place of others
/// @param callbacks what is called after batches and epochs, in this order
/// @param saving where and how often checkpoints are written
/// @param start where the run goes on; empty where it begins
public record Fit(
        int epochs,
        int batchSize,
        Order order,
        int accumulate,
        Optional<Dataset> validation,
        Optional<HoldOut> holdOut,
        List<Callback> callbacks,
        Optional<Saving> saving,
        Optional<Start> start) {
    public Fit {
        Check.atLeastOne("Fit: epochs", epochs);
        Check.atLeastOne("Fit: batchSize", batchSize);
        Check.atLeastOne("Fit: accumulate", accumulate);
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

    /// A part of the data that the model is scored on and does not learn from.
    ///
    /// @param fraction of the examples, between 0 and 1
    /// @param part which of them
    public record HoldOut(double fraction, Part part) {
        /// Which examples are held out.
        public enum Part {
            /// Some, drawn by the model's seed.
            RANDOM,
            /// The last.
            LAST
        }

        /// Checks the fraction.
        public HoldOut {
            if (!(fraction > 0 && fraction < 1)) {
                throw new IllegalArgumentException(
                        "validationSplit: expected a fraction between 0 and 1, got " + fraction);
            }
        }
    }

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
                1,
                Optional.empty(),
                Optional.empty(),
                List.of(),
                Optional.empty(),
                Optional.empty());
    }

    /// With batches of this many examples, or this many parallel streams. The last batch of an epoch may be smaller.
    public Fit batchSize(int batchSize) {
        return new Fit(epochs, batchSize, order, accumulate, validation, holdOut, callbacks, saving, start);
    }

    /// In this order.
    public Fit order(Order order) {
        return new Fit(epochs, batchSize, order, accumulate, validation, holdOut, callbacks, saving, start);
    }

    /// Scoring the model on these data after each epoch. It changes nothing in the training.
    public Fit validation(Dataset validation) {
        return new Fit(
                epochs,
                batchSize,
                order,
                accumulate,
                Optional.of(validation),
                Optional.empty(),
                callbacks,
                saving,
                start);
    }

    /// Holding out some of the examples, drawn at random by the model's seed, and scoring the model on them after each
    /// epoch. (Keras holds out the last ones: [#validationSplitByTime].) Of the ways to give validation data the last
    /// one called is in force.
    ///
    /// @param fraction to hold out, between 0 and 1; rounded to the nearest number of examples
    /// @throws IllegalArgumentException if the fraction is not between 0 and 1; [dev.rondo.Model#fit] throws one if the
    ///     data are no [dev.rondo.data.Examples], or nothing would be left on one of the sides
    public Fit validationSplit(double fraction) {
        return holdOut(new HoldOut(fraction, HoldOut.Part.RANDOM));
    }

    /// Holding out the last part of the data, as they lie, and scoring the model on it after each epoch: for things in
    /// time. What is left is read in the run's [#order()].
    ///
    /// @param fraction to hold out, between 0 and 1; rounded to the nearest number of examples, or of ids of streams
    /// @throws IllegalArgumentException if the fraction is not between 0 and 1; [dev.rondo.Model#fit] throws one if the
    ///     data are neither [dev.rondo.data.Examples] nor [dev.rondo.data.Streams], or nothing would be left on one of
    ///     the sides
    public Fit validationSplitByTime(double fraction) {
        return holdOut(new HoldOut(fraction, HoldOut.Part.LAST));
    }

    private Fit holdOut(HoldOut part) {
        return new Fit(
                epochs,
                batchSize,
                order,
                accumulate,
                Optional.empty(),
                Optional.of(part),
                callbacks,
                saving,
                start);
    }

    /// Updating the parameters once for so many batches, by the mean of their gradients weighted by their real steps:
    /// the update of one batch of all of them, up to rounding, in the memory of a small one. Gradients are clipped
    /// after they are brought together, and the schedule counts updates. The last update of an epoch is of the batches
    /// that are left; where a callback ends the run between two updates, the batches since the last have moved nothing.
    /// Streams carry their states from batch to batch as ever. What is of each batch alone stays so: the statistics of a
    /// [dev.rondo.layers.BatchNorm], and, of several losses, how much one counts beside another.
    ///
    /// @throws IllegalArgumentException if there is not at least one batch
    public Fit accumulate(int batches) {
        return new Fit(epochs, batchSize, order, batches, validation, holdOut, callbacks, saving, start);
    }

    /// Saving the model after each epoch that is the best so far, as a model file that is replaced whole or not at all.
    /// It is a callback like others, called in the order in which they were added.
    ///
    /// ```java
    /// Fit.epochs(20).validation(heldOut).saveBest(file, Monitor.highest("val_accuracy"))
    /// ```
    ///
    /// A run whose best model cannot be written ends with an [java.io.UncheckedIOException]; the file of before and the
    /// model's parameters stay.
    public Fit saveBest(Path file, Monitor monitor) {
        return callback(new SaveBest(file, monitor));
    }

    /// Calling this besides.
    public Fit callback(Callback callback) {
        List<Callback> all = Stream.concat(callbacks.stream(), Stream.of(callback)).toList();
        return new Fit(epochs, batchSize, order, accumulate, validation, holdOut, all, saving, start);
    }

    /// Writing all that the run remembers to a file every so often, and at its end. The file is a safetensors file that
    /// is replaced whole or not at all, so the last checkpoint survives a kill at any moment. It is a model file
    /// besides: [dev.rondo.Sequential#load] takes the model out of it as it was at that moment.
    public Fit checkpoint(Path file, Every every) {
        return new Fit(
                epochs,
                batchSize,
                order,
                accumulate,
                validation,
                holdOut,
                callbacks,
                Optional.of(new Saving(file, every)),
                start);
    }

    /// Going on where a checkpoint was written, bit for bit as if the run had not stopped: parameters, losses, metrics
    /// and reports. The model has the checkpoint's layers and seed, the data and the settings are the same, and the
    /// number of epochs counts those that are done; it may be larger than it was. Callbacks are called for what
    /// comes; a [Remembering] one goes on from what it remembered, what others remember is theirs to keep.
    public Fit resume(Path file) {
        return resume(file, Elsewhere.REFUSED);
    }

    /// Going on where a checkpoint was written.
    ///
    /// @param elsewhere whether it may be where the run cannot go on bit for bit
    public Fit resume(Path file, Elsewhere elsewhere) {
        return new Fit(
                epochs,
                batchSize,
                order,
                accumulate,
                validation,
                holdOut,
                callbacks,
                saving,
                Optional.of(new Start(file, elsewhere)));
    }
}
