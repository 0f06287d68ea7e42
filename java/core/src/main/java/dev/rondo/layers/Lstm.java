package dev.rondo.layers;

import dev.rondo.graph.RecurrentCell;
import dev.rondo.graph.RecurrentInputs;
import dev.rondo.graph.Value;
import java.util.List;
import java.util.SequencedMap;

/// A long short-term memory:
///
/// ```
/// i = s(Wi x + Ui h' + bi)    f = s(Wf x + Uf h' + bf)    o = s(Wo x + Uo h' + bo)
/// g = tanh(Wg x + Ug h' + bg)    c = f*c' + i*g    h = o*tanh(c)
/// ```
///
/// with the logistic function s, the step before marked by a prime, and `*` element by element (Hochreiter &
/// Schmidhuber 1997; forget gate of Gers, Schmidhuber & Cummins 2000). With peepholes, `pi*c'` and `pf*c'` are added
/// inside i and f, and `po*c` inside o (Gers & Schmidhuber 2000).
///
/// Shapes and parameters as [Recurrent] says, the gates stacked as i, f, g, o; the peepholes pi, pf, po are `peepholes`
/// `[3*units]`.
///
/// @param name of its parameters' path; empty: `lstm`, and `lstm_1`, `lstm_2` for further ones
/// @param settings what all recurrent layers have
/// @param variant whether the gates look at c
/// @param peepholeWeights how `peepholes` begins
public record Lstm(String name, RecurrentSettings settings, Variant variant, Initializer peepholeWeights)
        implements Recurrent<Lstm> {

    /// Whether gates look at c.
    public enum Variant {
        /// They do not.
        PLAIN,
        /// i and f look at that of the step before, o at that of its own step.
        PEEPHOLES
    }

    public Lstm {
        Cells.check("Lstm", name, RecurrentCell.LSTM, settings);
    }

    /// With Keras's settings: the last output; weights Glorot-uniform and orthogonal; a bias, 1 for the forget gate.
    public static Lstm units(int units) {
        return new Lstm(
                "", RecurrentSettings.of(units, Initializer.forgetGateOne()), Variant.PLAIN, Initializer.zeros());
    }

    /// With peepholes that begin as zeros, so that it begins as an LSTM without them.
    public Lstm peepholes() {
        return peepholes(Initializer.zeros());
    }

    /// With peepholes.
    public Lstm peepholes(Initializer peepholeWeights) {
        return new Lstm(name, settings, Variant.PEEPHOLES, peepholeWeights);
    }

    @Override
    public SequencedMap<String, Value> apply(Scope scope, List<Value> inputs) {
        RecurrentInputs all = Cells.inputs(scope, RecurrentCell.LSTM, settings, inputs);
        return switch (variant) {
            case PLAIN -> Cells.add(scope, RecurrentCell.LSTM, settings, all, inputs);
            case PEEPHOLES -> {
                Value weights = scope.vector("peepholes", peepholeWeights, 3 * units());
                yield Cells.add(scope, RecurrentCell.LSTM_PEEPHOLES, settings, all.peepholes(weights), inputs);
            }
        };
    }

    @Override
    public Lstm settings(RecurrentSettings settings) {
        return new Lstm(name, settings, variant, peepholeWeights);
    }

    @Override
    public Lstm named(String name) {
        return new Lstm(name, settings, variant, peepholeWeights);
    }
}
