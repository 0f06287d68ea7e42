package dev.rondo.layers;

import dev.rondo.graph.Value;
import dev.rondo.tensor.DataType;

/// Adds normally distributed noise while the model trains. Elsewhere it does nothing.
///
/// Takes and gives float32 of any shape. The noise is drawn as that of a [Dropout] is.
///
/// @param name how it is called in graphs; empty: `gaussian_noise`, and `gaussian_noise_1` for further ones
/// @param deviation its standard deviation, at least 0
public record GaussianNoise(String name, double deviation) implements UnaryLayer {
    public GaussianNoise {
        Settings.name("GaussianNoise", name);
        Settings.deviation("GaussianNoise: deviation", deviation);
    }

    /// Of this standard deviation.
    public static GaussianNoise deviation(double deviation) {
        return new GaussianNoise("", deviation);
    }

    @Override
    public Value apply(Scope scope, Value x) {
        if (x.type() != DataType.FLOAT32) {
            throw scope.wrong("FLOAT32", x);
        }
        return scope.noise(scope.path(), deviation, x);
    }

    @Override
    public GaussianNoise named(String name) {
        return new GaussianNoise(name, deviation);
    }
}
