package dev.rondo.layers;

/// Which biases a layer has.
public enum Bias {
    /// One vector. A [Gru] that resets after the product has one more, inside the reset.
    ONE,
    /// None.
    NONE,
    /// Two vectors, one beside each product, of a recurrent layer: as PyTorch has them. The layer computes the same, but
    /// it trains otherwise, since their sum moves twice as fast.
    TWO
}
