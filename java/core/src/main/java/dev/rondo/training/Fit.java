package dev.rondo.training;

import dev.rondo.data.Dataset;
import dev.rondo.data.Order;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// The settings of one run of training: what [dev.rondo.Model#fit] takes.
///
/// ```java
/// Fit.epochs(3).batchSize(32).validation(heldOut)
/// ```
///
/// @param epochs number of passes over the data
/// @param batchSize examples of a batch, or parallel streams
/// @param order in which an epoch takes the examples
/// @param validation data that the model is scored on after each epoch
/// @param callbacks what is called after batches and epochs, in this order
public record Fit(
        int epochs, int batchSize, Order order, Optional<Dataset> validation, List<Callback> callbacks) {
    public Fit {
        Check.atLeastOne("Fit: epochs", epochs);
        Check.atLeastOne("Fit: batchSize", batchSize);
        callbacks = List.copyOf(callbacks);
    }

    /// The batch size where none is given, Keras's.
    public static final int DEFAULT_BATCH = 32;

    /// This many passes over the data, in batches of 32, shuffled: Keras's settings.
    public static Fit epochs(int epochs) {
        return new Fit(epochs, DEFAULT_BATCH, Order.SHUFFLED, Optional.empty(), List.of());
    }

    /// With batches of this many examples, or this many parallel streams. The last batch of an epoch may be smaller.
    public Fit batchSize(int batchSize) {
        return new Fit(epochs, batchSize, order, validation, callbacks);
    }

    /// In this order.
    public Fit order(Order order) {
        return new Fit(epochs, batchSize, order, validation, callbacks);
    }

    /// Scoring the model on these data after each epoch. It changes nothing in the training.
    public Fit validation(Dataset validation) {
        return new Fit(epochs, batchSize, order, Optional.of(validation), callbacks);
    }

    /// Calling this besides.
    public Fit callback(Callback callback) {
        return new Fit(
                epochs, batchSize, order, validation, Stream.concat(callbacks.stream(), Stream.of(callback)).toList());
    }
}
