package dev.rondo.layers;

/// Which biases a layer has.
public enum Bias {
    /// One vector.
    ONE,
    /// None.
    NONE
}
