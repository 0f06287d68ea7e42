package dev.rondo.layers;

/// What a layer does to its sums, element by element; the softmax over the last dimension.
public enum Activation {
    /// x
    LINEAR,
    /// 1 / (1 + exp(-x))
    SIGMOID,
    /// tanh x
    TANH,
    /// max(x, 0)
    RELU,
    /// exp(x) / sum exp(x)
    SOFTMAX
}
