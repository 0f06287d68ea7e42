package dev.rondo.layers;

import dev.rondo.graph.RecurrentCell;
import dev.rondo.graph.Value;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/// A simple recurrent layer, `h = f(W x + U h' + b)`, with the step before marked by a prime (Elman 1990).
///
/// Shapes and parameters as [Recurrent] says, with one gate. Fused kernels have the hyperbolic tangent, the rectifier,
/// the sigmoid and none for f.
///
/// @param name of its parameters' path; empty: `rnn`, and `rnn_1`, `rnn_2` for further ones
/// @param settings what all recurrent layers have
/// @param activation f
public record SimpleRnn(String name, RecurrentSettings settings, Activation activation)
        implements Recurrent<SimpleRnn> {
    public SimpleRnn {
        Cells.check("SimpleRnn", name, 1, settings);
    }

    /// With Keras's settings: the last output; weights Glorot-uniform and orthogonal; a bias of zeros; tanh.
    public static SimpleRnn units(int units) {
        return new SimpleRnn("", RecurrentSettings.of(units, Initializer.zeros()), Activation.TANH);
    }

    /// With another activation.
    public SimpleRnn activation(Activation activation) {
        return new SimpleRnn(name, settings, activation);
    }

    private Optional<RecurrentCell> kernel() {
        return switch (activation) {
            case TANH -> Optional.of(RecurrentCell.RNN_TANH);
            case RELU -> Optional.of(RecurrentCell.RNN_RELU);
            case SIGMOID -> Optional.of(RecurrentCell.RNN_SIGMOID);
            case LINEAR -> Optional.of(RecurrentCell.RNN_IDENTITY);
            case SOFTPLUS, SILU, ELU, GELU, HARD_SIGMOID, HARD_SIGMOID_KERAS2, LEAKY_RELU, SOFTMAX -> Optional.empty();
        };
    }

    @Override
    public SequencedMap<String, Integer> states() {
        SequencedMap<String, Integer> states = new LinkedHashMap<>();
        states.put("h", units());
        return states;
    }

    @Override
    public List<String> beyondKernels() {
        List<String> beyond = Cells.beyond(settings);
        Cells.beyond(beyond, kernel().isEmpty(), "activation", activation);
        return beyond;
    }

    @Override
    public SequencedMap<String, Value> apply(Scope scope, List<Value> inputs) {
        if (!beyondKernels().isEmpty()) {
            return Cells.general(scope, this::step, this, inputs);
        }
        RecurrentCell kernel = kernel().orElseThrow();
        return Cells.fused(scope, kernel, this, Cells.inputs(scope, kernel, this, inputs), inputs);
    }

    /// The layer as a cell.
    Value step(CellScope s, Value x) {
        Value h = s.state("h", units());
        Gates gates = new Gates(s, settings, x, 1, units());
        return s.next(h, gates.activate(activation, s.add(gates.inputAndBiases(), gates.state(s.dropped(h)))));
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
