package dev.rondo.layers;

import dev.rondo.graph.RecurrentCell;
import dev.rondo.graph.Value;
import java.util.List;
import java.util.SequencedMap;

/// A simple recurrent layer, `h = f(W x + U h' + b)`, with the step before marked by a prime (Elman 1990).
///
/// Shapes and parameters as [Recurrent] says, with one gate.
///
/// @param name of its parameters' path; empty: `rnn`, and `rnn_1`, `rnn_2` for further ones
/// @param settings what all recurrent layers have
/// @param activation f: tanh, relu, sigmoid or linear
public record SimpleRnn(String name, RecurrentSettings settings, Activation activation)
        implements Recurrent<SimpleRnn> {
    public SimpleRnn {
        Cells.check("SimpleRnn", name, cell(activation), settings);
    }

    /// With Keras's settings: the last output; weights Glorot-uniform and orthogonal; a bias of zeros; tanh.
    public static SimpleRnn units(int units) {
        return new SimpleRnn("", RecurrentSettings.of(units, Initializer.zeros()), Activation.TANH);
    }

    /// With another activation.
    ///
    /// @throws IllegalArgumentException unless it is the hyperbolic tangent, the rectifier, the sigmoid or none
    public SimpleRnn activation(Activation activation) {
        return new SimpleRnn(name, settings, activation);
    }

    private static RecurrentCell cell(Activation activation) {
        return switch (activation) {
            case TANH -> RecurrentCell.RNN_TANH;
            case RELU -> RecurrentCell.RNN_RELU;
            case SIGMOID -> RecurrentCell.RNN_SIGMOID;
            case LINEAR -> RecurrentCell.RNN_IDENTITY;
            case SOFTPLUS, SILU, ELU, GELU, HARD_SIGMOID, HARD_SIGMOID_KERAS2, LEAKY_RELU, SOFTMAX ->
                    throw new IllegalArgumentException(
                            "SimpleRnn: activation: expected TANH, RELU, SIGMOID or LINEAR, got " + activation);
        };
    }

    @Override
    public SequencedMap<String, Value> apply(Scope scope, List<Value> inputs) {
        RecurrentCell cell = cell(activation);
        return Cells.add(scope, cell, settings, Cells.inputs(scope, cell, settings, inputs), inputs);
    }

    @Override
    public SimpleRnn settings(RecurrentSettings settings) {
        return new SimpleRnn(name, settings, activation);
    }

    @Override
    public SimpleRnn named(String name) {
        return new SimpleRnn(name, settings, activation);
    }
}
