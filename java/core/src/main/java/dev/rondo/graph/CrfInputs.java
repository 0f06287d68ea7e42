package dev.rondo.graph;

import java.util.Optional;
import java.util.SequencedMap;

/// What an [Op.Crf] is given.
///
/// @param emissions `[B,T,K]`
/// @param weights the scores of the chain
/// @param tags `[B,T]`, INT32
/// @param lengths `[B]`, INT32; none: all T
public record CrfInputs(Value emissions, Weights weights, Value tags, Optional<Value> lengths) {
    /// The scores of a chain.
    ///
    /// @param transitions `[K,K]`, from the tag of the row to that of the column
    /// @param start `[K]`, of the first tag
    /// @param end `[K]`, of the last tag
    public record Weights(Value transitions, Value start, Value end) {}

    /// Sequences of T steps.
    public static CrfInputs of(Value emissions, Weights weights, Value tags) {
        return new CrfInputs(emissions, weights, tags, Optional.empty());
    }

    /// With lengths.
    public CrfInputs lengths(Value values) {
        return new CrfInputs(emissions, weights, tags, Optional.of(values));
    }

    SequencedMap<String, Value> values() {
        SequencedMap<String, Value> roles = Graph.Builder.roles(
                "emissions", emissions, "transitions", weights.transitions(), "start", weights.start(), "end",
                weights.end(), "tags", tags);
        lengths.ifPresent(values -> roles.put("lengths", values));
        return roles;
    }
}
