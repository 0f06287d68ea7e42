package dev.rondo.layers;

import dev.rondo.graph.RecurrentCell;
import dev.rondo.graph.Value;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/// A gated recurrent unit:
///
/// ```
/// r = s(Wr x + Ur h' + br)    z = s(Wz x + Uz h' + bz)
/// n = tanh(Wn x + bn + r*(Un h' + bhn))    h = (1-z)*n + z*h'
/// ```
///
/// with the logistic function s, the step before marked by a prime, and `*` element by element: the reset gate r acts
/// after the product, as in PyTorch and Keras. Where it acts before, `n = tanh(Wn x + Un (r*h') + bn)` (Cho et al.
/// 2014).
///
/// Shapes and parameters as [Recurrent] says, the gates stacked as r, z, n. With one bias, bhn is a parameter of its
/// own, `biasHn` `[units]`, where the reset acts after the product; of two biases, it is a part of `biasHh`.
///
/// Fused kernels have s and tanh as they stand; other activations may take their places.
///
/// @param name of its parameters' path; empty: `gru`, and `gru_1`, `gru_2` for further ones
/// @param settings what all recurrent layers have
/// @param reset where the reset gate acts
/// @param gateActivation what r and z do to their sums
/// @param candidateActivation what n does to its sum
public record Gru(
        String name,
        RecurrentSettings settings,
        Reset reset,
        Activation gateActivation,
        Activation candidateActivation)
        implements Recurrent<Gru> {
    private static final int GATES = 3;

    /// Where the reset gate acts.
    public enum Reset {
        /// On the product of recurrent weights and state.
        AFTER,
        /// On the state.
        BEFORE
    }

    public Gru {
        Cells.check("Gru", name, GATES, settings);
    }

    /// With Keras's settings: the last output; weights Glorot-uniform and orthogonal; biases of zeros; reset after.
    public static Gru units(int units) {
        return new Gru(
                "",
                RecurrentSettings.of(units, Initializer.zeros()),
                Reset.AFTER,
                Activation.SIGMOID,
                Activation.TANH);
    }

    /// With the reset gate there.
    public Gru reset(Reset reset) {
        return new Gru(name, settings, reset, gateActivation, candidateActivation);
    }

    /// With another activation of r and z.
    public Gru gateActivation(Activation gateActivation) {
        return new Gru(name, settings, reset, gateActivation, candidateActivation);
    }

    /// With another activation of n.
    public Gru activation(Activation candidateActivation) {
        return new Gru(name, settings, reset, gateActivation, candidateActivation);
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
        Cells.beyond(beyond, gateActivation != Activation.SIGMOID, "gate activation", gateActivation);
        Cells.beyond(beyond, candidateActivation != Activation.TANH, "activation", candidateActivation);
        return beyond;
    }

    @Override
    public SequencedMap<String, Value> apply(Scope scope, List<Value> inputs) {
        if (!beyondKernels().isEmpty()) {
            return Cells.general(scope, this::step, this, inputs);
        }
        RecurrentCell kernel = switch (reset) {
            case AFTER -> RecurrentCell.GRU_RESET_AFTER;
            case BEFORE -> RecurrentCell.GRU_RESET_BEFORE;
        };
        return Cells.fused(scope, kernel, this, Cells.inputs(scope, kernel, this, inputs), inputs);
    }

    /// The layer as a cell.
    Value step(CellScope s, Value x) {
        Value h = s.state("h", units());
        Value seen = s.dropped(h);
        Gates gates = new Gates(s, settings, x, GATES, units());
        return switch (reset) {
            case AFTER -> {
                Value input = gates.input();
                Value state = gates.stateAndBias(seen);
                Value r = gates.activate(gateActivation, s.add(gates.part(input, 0), gates.part(state, 0)));
                Value z = gates.activate(gateActivation, s.add(gates.part(input, 1), gates.part(state, 1)));
                Value inside = settings.biases() == Bias.ONE
                        ? s.add(gates.part(state, 2), s.vector("biasHn", settings.recurrentBias(), units()))
                        : gates.part(state, 2);
                Value n = gates.activate(candidateActivation, s.add(gates.part(input, 2), s.multiply(r, inside)));
                yield s.next(h, s.mix(z, h, n));
            }
            case BEFORE -> {
                Value input = gates.inputAndBiases();
                Value state = gates.state(seen, 0, 2);
                Value r = gates.activate(gateActivation, s.add(gates.part(input, 0), gates.part(state, 0)));
                Value z = gates.activate(gateActivation, s.add(gates.part(input, 1), gates.part(state, 1)));
                Value inside = gates.state(s.multiply(r, seen), 2, GATES);
                Value n = gates.activate(candidateActivation, s.add(gates.part(input, 2), inside));
                yield s.next(h, s.mix(z, h, n));
            }
        };
    }

    @Override
    public Gru settings(RecurrentSettings settings) {
        return new Gru(name, settings, reset, gateActivation, candidateActivation);
    }

    @Override
    public Gru named(String name) {
        return new Gru(name, settings, reset, gateActivation, candidateActivation);
    }
}
