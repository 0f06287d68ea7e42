package dev.rondo.layers;

import dev.rondo.graph.RecurrentCell;
import dev.rondo.graph.Value;
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
/// @param name of its parameters' path; empty: `gru`, and `gru_1`, `gru_2` for further ones
/// @param settings what all recurrent layers have
/// @param reset where the reset gate acts
public record Gru(String name, RecurrentSettings settings, Reset reset) implements Recurrent<Gru> {

    /// Where the reset gate acts.
    public enum Reset {
        /// On the product of recurrent weights and state.
        AFTER,
        /// On the state.
        BEFORE
    }

    public Gru {
        Cells.check("Gru", name, RecurrentCell.GRU_RESET_AFTER, settings);
    }

    /// With Keras's settings: the last output; weights Glorot-uniform and orthogonal; biases of zeros; reset after.
    public static Gru units(int units) {
        return new Gru("", RecurrentSettings.of(units, Initializer.zeros()), Reset.AFTER);
    }

    /// With the reset gate there.
    public Gru reset(Reset reset) {
        return new Gru(name, settings, reset);
    }

    @Override
    public SequencedMap<String, Value> apply(Scope scope, List<Value> inputs) {
        RecurrentCell cell = switch (reset) {
            case AFTER -> RecurrentCell.GRU_RESET_AFTER;
            case BEFORE -> RecurrentCell.GRU_RESET_BEFORE;
        };
        return Cells.add(scope, cell, settings, Cells.inputs(scope, cell, settings, inputs), inputs);
    }

    @Override
    public Gru settings(RecurrentSettings settings) {
        return new Gru(name, settings, reset);
    }

    @Override
    public Gru named(String name) {
        return new Gru(name, settings, reset);
    }
}
