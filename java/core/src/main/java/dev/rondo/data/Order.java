package dev.rondo.data;

/// In which order an epoch takes the examples of a data set.
public enum Order {
    /// In a new random order each epoch, drawn from the model's seed and the epoch's number.
    SHUFFLED,
    /// As they lie in the data set. Streams are always read so.
    SEQUENTIAL
}
