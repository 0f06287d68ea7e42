package dev.rondo.layers;

import dev.rondo.graph.Graph;
import dev.rondo.graph.Value;
import dev.rondo.tensor.DataType;

/// A fully connected layer: `y = activation(W x + b)`, at every step where there is time.
///
/// Takes float32 `[B,I]` or `[B,T,I]`, gives `[B,units]` or `[B,T,units]`. Its parameters are `weight` `[units, I]` and
/// `bias` `[units]`.
///
/// @param name of its parameters' path; empty: `dense`, and `dense_1`, `dense_2` for further ones
/// @param units size of the output
/// @param activation what is done to the sums
/// @param biases whether it has a bias
/// @param weights how `weight` begins
/// @param bias how `bias` begins
public record Dense(
        String name, int units, Activation activation, Bias biases, Initializer weights, Initializer bias)
        implements UnaryLayer {
    public Dense {
        Settings.name("Dense", name);
        Settings.atLeastOne("Dense: units", units);
        if (biases == Bias.TWO) {
            throw new IllegalArgumentException("Dense: biases: expected ONE or NONE, got TWO");
        }
    }

    /// With Keras's settings: linear, Glorot-uniform weights, a bias of zeros.
    public static Dense units(int units) {
        return new Dense(
                "", units, Activation.LINEAR, Bias.ONE, Initializer.glorotUniform(), Initializer.zeros());
    }

    /// With another activation.
    public Dense activation(Activation activation) {
        return new Dense(name, units, activation, biases, weights, bias);
    }

    /// With a bias or none.
    public Dense biases(Bias biases) {
        return new Dense(name, units, activation, biases, weights, bias);
    }

    /// With other first values for `weight`.
    public Dense weights(Initializer weights) {
        return new Dense(name, units, activation, biases, weights, bias);
    }

    /// With other first values for `bias`.
    public Dense bias(Initializer bias) {
        return new Dense(name, units, activation, biases, weights, bias);
    }

    @Override
    public Value apply(Scope scope, Value x) {
        if (x.type() != DataType.FLOAT32 || x.shape().rank() < 2) {
            throw scope.wrong("FLOAT32 [B,I] or [B,T,I]", x);
        }
        Graph.Builder graph = scope.graph();
        String path = scope.path();
        String sum = activation == Activation.LINEAR ? path : path + ".sum";
        Value weight = scope.matrix("weight", weights, units, x.shape().dim(-1));
        Value y = switch (biases) {
            case ONE -> graph.dense(sum, x, weight, scope.vector("bias", bias, units));
            case NONE -> graph.dense(sum, x, weight);
            case TWO -> throw new IllegalStateException("the constructor refuses it");
        };
        return activation == Activation.LINEAR ? y : activation.add(graph, path, y);
    }

    @Override
    public Dense named(String name) {
        return new Dense(name, units, activation, biases, weights, bias);
    }
}
