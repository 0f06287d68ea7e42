package dev.rondo.layers;

import dev.rondo.graph.Value;
import dev.rondo.tensor.DataType;

/// An activation as a layer of its own: Keras's `Activation` and `Softmax`.
///
/// Takes and gives float32 `[B,...]`. The softmax is over the last axis.
///
/// @param name how it is called in graphs; empty: `activation`, and `activation_1` for further ones
/// @param activation what is done to each element
public record ActivationLayer(String name, Activation activation) implements UnaryLayer {
    public ActivationLayer {
        Settings.name("ActivationLayer", name);
    }

    /// Of this activation.
    public static ActivationLayer of(Activation activation) {
        return new ActivationLayer("", activation);
    }

    @Override
    public Value apply(Scope scope, Value x) {
        if (x.type() != DataType.FLOAT32 || x.shape().rank() < 2) {
            throw scope.wrong("FLOAT32 [B,...,n]", x);
        }
        return activation.add(scope.graph(), scope.path(), x);
    }

    @Override
    public ActivationLayer named(String name) {
        return new ActivationLayer(name, activation);
    }
}
