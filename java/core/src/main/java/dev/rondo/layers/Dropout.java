package dev.rondo.layers;

import dev.rondo.graph.Value;
import dev.rondo.tensor.DataType;

/// Sets a random part of its input to zero while the model trains, and scales the rest up so that the mean stays
/// (Srivastava et al. 2014). Elsewhere it does nothing.
///
/// Gives what it takes, of any shape. Which elements go is drawn from the model's seed, the layer's place and the
/// number of the training step, the same with all kernels.
///
/// @param name how it is called in graphs; empty: `dropout`, and `dropout_1`, `dropout_2` for further ones
/// @param rate the part that is set to zero, in [0, 1)
public record Dropout(String name, double rate) implements UnaryLayer {
    public Dropout {
        Settings.name("Dropout", name);
        if (!(rate >= 0 && (float) rate < 1)) {
            throw new IllegalArgumentException("Dropout: rate: expected a number in [0, 1) in float32, got " + rate);
        }
    }

    /// Of this rate.
    public static Dropout rate(double rate) {
        return new Dropout("", rate);
    }

    @Override
    public Value apply(Scope scope, Value x) {
        if (x.type() != DataType.FLOAT32) {
            throw scope.wrong("FLOAT32", x);
        }
        return scope.dropout(rate, x);
    }

    @Override
    public Dropout named(String name) {
        return new Dropout(name, rate);
    }
}
