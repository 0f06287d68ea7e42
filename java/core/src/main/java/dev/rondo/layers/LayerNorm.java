package dev.rondo.layers;

import dev.rondo.graph.Value;
import dev.rondo.tensor.DataType;

/// Brings the features of each example, or of each step, to a mean of 0 and a variance of 1, then scales and shifts each
/// feature (Ba, Kiros & Hinton 2016): `y = gain (x - mean) / sqrt(variance + epsilon) + bias`, with the variance by the
/// number of features.
///
/// Takes and gives float32 `[B,...,n]`. Its parameters are `gain` and `bias`, `[n]` each.
///
/// @param name of its parameters' path; empty: `layer_norm`, and `layer_norm_1` for further ones
/// @param epsilon what is added to the variance, above 0
/// @param gain how `gain` begins
/// @param bias how `bias` begins
public record LayerNorm(String name, double epsilon, Initializer gain, Initializer bias) implements UnaryLayer {
    public LayerNorm {
        Settings.name("LayerNorm", name);
        Settings.positive("LayerNorm: epsilon", epsilon);
    }

    /// With Keras's settings: an epsilon of 1e-3, a gain of ones, a bias of zeros.
    public static LayerNorm of() {
        return new LayerNorm("", 1e-3, Initializer.ones(), Initializer.zeros());
    }

    /// With another epsilon: PyTorch's is 1e-5.
    public LayerNorm epsilon(double epsilon) {
        return new LayerNorm(name, epsilon, gain, bias);
    }

    /// With other first values for `gain`.
    public LayerNorm gain(Initializer gain) {
        return new LayerNorm(name, epsilon, gain, bias);
    }

    /// With other first values for `bias`.
    public LayerNorm bias(Initializer bias) {
        return new LayerNorm(name, epsilon, gain, bias);
    }

    @Override
    public Value apply(Scope scope, Value x) {
        if (x.type() != DataType.FLOAT32 || x.shape().rank() < 2 || x.shape().dim(-1) < 0) {
            throw scope.wrong("FLOAT32 [B,...,n]", x);
        }
        int features = x.shape().dim(-1);
        return scope.graph().layerNorm(
                scope.path(),
                (float) epsilon,
                x,
                scope.vector("gain", gain, features),
                scope.vector("bias", bias, features));
    }

    @Override
    public LayerNorm named(String name) {
        return new LayerNorm(name, epsilon, gain, bias);
    }
}
