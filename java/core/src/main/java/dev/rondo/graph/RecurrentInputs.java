package dev.rondo.graph;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/// The values that an [Op.Recurrent] takes; immutable, each method gives a new one. G is [RecurrentCell#gates].
public final class RecurrentInputs {
    private final SequencedMap<String, Value> values;

    private RecurrentInputs(SequencedMap<String, Value> values) {
        this.values = Collections.unmodifiableSequencedMap(values);
    }

    /// Input `[B,T,I]` and weights `[G*H,I]`, `[G*H,H]`.
    public static RecurrentInputs of(Value x, Value weightIh, Value weightHh) {
        return new RecurrentInputs(new LinkedHashMap<>())
                .with("x", x)
                .with("weightIh", weightIh)
                .with("weightHh", weightHh);
    }

    /// Adds a bias `[G*H]` to the products with the input.
    public RecurrentInputs biasIh(Value biasIh) {
        return with("biasIh", biasIh);
    }

    /// Adds a bias `[G*H]` to the products with the state.
    public RecurrentInputs biasHh(Value biasHh) {
        return with("biasHh", biasHh);
    }

    /// Adds bhn `[H]` of [RecurrentCell#GRU_RESET_AFTER], where there is no biasHh to hold it.
    public RecurrentInputs biasHn(Value biasHn) {
        return with("biasHn", biasHn);
    }

    /// Adds pi, pf, po `[3H]` of [RecurrentCell#LSTM_PEEPHOLES].
    public RecurrentInputs peepholes(Value peepholes) {
        return with("peepholes", peepholes);
    }

    /// Adds the sequences' lengths `[B]`, INT32, each in 0..T.
    public RecurrentInputs lengths(Value lengths) {
        return with("lengths", lengths);
    }

    /// Adds the state h before the first step, `[B,H]`.
    public RecurrentInputs h0(Value h0) {
        return with("h0", h0);
    }

    /// Adds the state c before the first step, `[B,H]`, of a cell that has it.
    public RecurrentInputs c0(Value c0) {
        return with("c0", c0);
    }

    /// Adds what multiplies the state wherever U acts on it, at every step: `[B,H]`.
    public RecurrentInputs recurrentMask(Value recurrentMask) {
        return with("recurrentMask", recurrentMask);
    }

    SequencedMap<String, Value> values() {
        return values;
    }

    private RecurrentInputs with(String role, Value value) {
        SequencedMap<String, Value> more = new LinkedHashMap<>(values);
        more.put(role, value);
        return new RecurrentInputs(more);
    }
}
