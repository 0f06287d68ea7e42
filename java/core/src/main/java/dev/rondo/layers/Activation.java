package dev.rondo.layers;

/// What a layer does to its sums, element by element; the softmax over the last dimension.
///
/// Measured over all float32 numbers, native sigmoid and tanh are off by at most 9.7e-8 and 1.5e-7, tanh relatively by at
/// most 1.9e-7, so that it is precise near zero. They are exact at saturation, zero of both signs and infinity, NaN gives
/// NaN, and denormals count as zeros. Kernels in Java round what [Math] gives.
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
