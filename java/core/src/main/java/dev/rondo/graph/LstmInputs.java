package dev.rondo.graph;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/// The values that an [Op.Lstm] takes; immutable, each method gives a new one.
public final class LstmInputs {
    private final SequencedMap<String, Value> values;

    private LstmInputs(SequencedMap<String, Value> values) {
        this.values = Collections.unmodifiableSequencedMap(values);
    }

    /// Input `[B,T,I]` and weights `[4H,I]`, `[4H,H]`.
    public static LstmInputs of(Value x, Value weightIh, Value weightHh) {
        return new LstmInputs(new LinkedHashMap<>()).with("x", x).with("weightIh", weightIh).with("weightHh", weightHh);
    }

    /// Adds a bias `[4H]`.
    public LstmInputs bias(Value bias) {
        return with("bias", bias);
    }

    /// Adds the sequences' lengths `[B]`, INT32, each in 0..T.
    public LstmInputs lengths(Value lengths) {
        return with("lengths", lengths);
    }

    /// Adds the state before the first step, `[B,H]` each.
    public LstmInputs state(Value h0, Value c0) {
        return with("h0", h0).with("c0", c0);
    }

    SequencedMap<String, Value> values() {
        return values;
    }

    private LstmInputs with(String role, Value value) {
        SequencedMap<String, Value> more = new LinkedHashMap<>(values);
        more.put(role, value);
        return new LstmInputs(more);
    }
}
