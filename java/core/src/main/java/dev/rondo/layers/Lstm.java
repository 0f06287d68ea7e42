package dev.rondo.layers;

import dev.rondo.graph.RecurrentCell;
import dev.rondo.graph.RecurrentInputs;
import dev.rondo.graph.Value;
import dev.rondo.layers.LstmForm.ForgetGate;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
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
/// Fused kernels have these equations. A layer may differ from them, see [LstmForm]: with another activation for s or
/// tanh; with c brought to -max..max at every step, so that `c = clip(f*c' + i*g)`; with f coupled to i, `f = 1 - i`
/// (Greff et al. 2015), when three gates i, g, o are stacked and the peepholes are pi, po; or with a projection,
/// `h = P (o*tanh(c))` (Sak, Senior & Beaufays 2014; PyTorch's `proj_size`), when h has the size of the projection and
/// `weightHh` as many columns, and P is `weightHr` `[projection, units]`, which begins as `weightIh` does.
///
/// @param name of its parameters' path; empty: `lstm`, and `lstm_1`, `lstm_2` for further ones
/// @param settings what all recurrent layers have
/// @param variant whether the gates look at c
/// @param peepholeWeights how `peepholes` begins
/// @param form in what it differs from what kernels have
public record Lstm(
        String name, RecurrentSettings settings, Variant variant, Initializer peepholeWeights, LstmForm form)
        implements Recurrent<Lstm> {

    /// Whether gates look at c.
    public enum Variant {
        /// They do not.
        PLAIN,
        /// i and f look at that of the step before, o at that of its own step.
        PEEPHOLES
    }

    public Lstm {
        Cells.check("Lstm", name, RecurrentCell.LSTM.gates(), settings);
        boolean coupled = form.forgetGate() == ForgetGate.COUPLED;
        Initializer ones = Initializer.forgetGateOne();
        if (coupled && (settings.bias().equals(ones) || settings.recurrentBias().equals(ones))) {
            throw new IllegalArgumentException(
                    "Lstm: bias: expected another one than forgetGateOne, since a coupled forget gate has no bias");
        }
    }

    /// With Keras's settings: the last output; weights Glorot-uniform and orthogonal; a bias, 1 for the forget gate.
    public static Lstm units(int units) {
        return new Lstm(
                "",
                RecurrentSettings.of(units, Initializer.forgetGateOne()),
                Variant.PLAIN,
                Initializer.zeros(),
                LstmForm.STANDARD);
    }

    /// With peepholes that begin as zeros, so that it begins as an LSTM without them.
    public Lstm peepholes() {
        return peepholes(Initializer.zeros());
    }

    /// With peepholes.
    public Lstm peepholes(Initializer peepholeWeights) {
        return new Lstm(name, settings, Variant.PEEPHOLES, peepholeWeights, form);
    }

    /// With f = 1 - i for the forget gate. A bias that was to begin with 1 for the forget gate begins as zeros.
    public Lstm coupled() {
        boolean ones = settings.bias().equals(Initializer.forgetGateOne());
        RecurrentSettings own = ones ? settings.bias(Initializer.zeros()) : settings;
        return new Lstm(name, own, variant, peepholeWeights, form.forgetGate(ForgetGate.COUPLED));
    }

    /// Bringing c to the nearest in -max..max at every step. The gradient is zero where the bound acts.
    ///
    /// @param max above 0; infinity bounds nothing
    /// @throws IllegalArgumentException if it is not above 0
    public Lstm cellClip(double max) {
        return form(form.cellClip(max));
    }

    /// With h = P (o*tanh(c)).
    ///
    /// @param size P, the size of h, at least 1
    /// @throws IllegalArgumentException if it is less
    public Lstm projection(int size) {
        Settings.atLeastOne("projection", size);
        return form(form.projection(size));
    }

    /// With another activation of the gates i, f and o.
    public Lstm gateActivation(Activation activation) {
        return form(form.gateActivation(activation));
    }

    /// With another activation of g, and of c in h, as in Keras.
    public Lstm activation(Activation activation) {
        return form(form.candidateActivation(activation).outputActivation(activation));
    }

    /// With another activation of c in h.
    public Lstm outputActivation(Activation activation) {
        return form(form.outputActivation(activation));
    }

    private Lstm form(LstmForm form) {
        return new Lstm(name, settings, variant, peepholeWeights, form);
    }

    @Override
    public SequencedMap<String, Integer> states() {
        SequencedMap<String, Integer> states = new LinkedHashMap<>();
        states.put("h", form.projection() == 0 ? units() : form.projection());
        states.put("c", units());
        return states;
    }

    @Override
    public List<String> beyondKernels() {
        List<String> beyond = Cells.beyond(settings);
        Cells.beyond(beyond, form.forgetGate() == ForgetGate.COUPLED, "forget gate", "1 - i");
        Cells.beyond(beyond, Settings.isBound(form.cellClip()), "cell clip", form.cellClip());
        Cells.beyond(beyond, form.projection() > 0, "projection", form.projection());
        Cells.beyond(beyond, form.gateActivation() != Activation.SIGMOID, "gate activation", form.gateActivation());
        Cells.beyond(
                beyond, form.candidateActivation() != Activation.TANH, "activation", form.candidateActivation());
        Cells.beyond(
                beyond, form.outputActivation() != Activation.TANH, "output activation", form.outputActivation());
        return beyond;
    }

    @Override
    public SequencedMap<String, Value> apply(Scope scope, List<Value> inputs) {
        if (!beyondKernels().isEmpty()) {
            return Cells.general(scope, this::step, this, inputs);
        }
        RecurrentInputs all = Cells.inputs(scope, RecurrentCell.LSTM, this, inputs);
        return switch (variant) {
            case PLAIN -> Cells.fused(scope, RecurrentCell.LSTM, this, all, inputs);
            case PEEPHOLES -> {
                Value weights = scope.vector("peepholes", peepholeWeights, 3 * units());
                yield Cells.fused(scope, RecurrentCell.LSTM_PEEPHOLES, this, all.peepholes(weights), inputs);
            }
        };
    }

    /// The layer as a cell.
    Value step(CellScope s, Value x) {
        boolean coupled = form.forgetGate() == ForgetGate.COUPLED;
        int hidden = states().firstEntry().getValue();
        Value h = s.state("h", hidden);
        Value c = s.state("c", units());
        int last = coupled ? 2 : 3;
        Gates gates = new Gates(s, settings, x, last + 1, hidden);
        Optional<Value> peepholes = switch (variant) {
            case PLAIN -> Optional.empty();
            case PEEPHOLES -> Optional.of(s.vector("peepholes", peepholeWeights, last * units()));
        };
        Value sums = s.add(gates.inputAndBiases(), gates.state(s.dropped(h)));
        Value i = gates.activate(form.gateActivation(), gates.looking(gates.part(sums, 0), peepholes, 0, c));
        Value f = coupled
                ? s.oneMinus(i)
                : gates.activate(form.gateActivation(), gates.looking(gates.part(sums, 1), peepholes, 1, c));
        Value g = gates.activate(form.candidateActivation(), gates.part(sums, last - 1));
        Value cNext = s.next(c, gates.clip(form.cellClip(), s.add(s.multiply(f, c), s.multiply(i, g))));
        Value o = gates.activate(
                form.gateActivation(), gates.looking(gates.part(sums, last), peepholes, last - 1, cNext));
        Value given = s.multiply(o, gates.activate(form.outputActivation(), cNext));
        return s.next(h, form.projection() == 0
                ? given
                : s.times(s.matrix("weightHr", settings.weights(), hidden, units()), given));
    }

    @Override
    public Lstm settings(RecurrentSettings settings) {
        return new Lstm(name, settings, variant, peepholeWeights, form);
    }

    @Override
    public Lstm named(String name) {
        return new Lstm(name, settings, variant, peepholeWeights, form);
    }
}
