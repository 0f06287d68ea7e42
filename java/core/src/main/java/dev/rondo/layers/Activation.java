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
    /// log(1 + exp x)
    SOFTPLUS,
    /// x / (1 + exp(-x)), also known as swish
    SILU,
    /// x above 0, else exp(x) - 1
    ELU,
    /// x P(x) with the normal distribution function P: the form by erf, the default of Keras and PyTorch
    GELU,
    /// (x + 3) / 6, from 0 to 1, as in Keras 3
    HARD_SIGMOID,
    /// 0.2 x + 0.5, from 0 to 1, as in Keras 2 and ONNX
    HARD_SIGMOID_KERAS2,
    /// x above 0, else 0.2 x, the slope of Keras 3
    LEAKY_RELU,
    /// exp(x) / sum exp(x)
    SOFTMAX
}
