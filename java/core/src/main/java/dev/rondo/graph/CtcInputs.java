package dev.rondo.graph;

import java.util.Optional;
import java.util.SequencedMap;

/// What an [Op.Ctc] is given.
///
/// @param logits `[B,T,n]`
/// @param labels `[B,L]`, INT32
/// @param labelLengths `[B]`, INT32
/// @param lengths `[B]`, INT32; none: all T
public record CtcInputs(Value logits, Value labels, Value labelLengths, Optional<Value> lengths) {
    /// Sequences of T steps.
    public static CtcInputs of(Value logits, Value labels, Value labelLengths) {
        return new CtcInputs(logits, labels, labelLengths, Optional.empty());
    }

    /// With lengths.
    public CtcInputs lengths(Value values) {
        return new CtcInputs(logits, labels, labelLengths, Optional.of(values));
    }

    SequencedMap<String, Value> values() {
        SequencedMap<String, Value> roles =
                Graph.Builder.roles("logits", logits, "labels", labels, "labelLengths", labelLengths);
        lengths.ifPresent(values -> roles.put("lengths", values));
        return roles;
    }
}
