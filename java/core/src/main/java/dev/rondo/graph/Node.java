package dev.rondo.graph;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.SequencedMap;

/// An operation applied to values. Inputs and outputs are found by their role, `x` or `weightIh` for instance; [Op]
/// tells the roles of each operation.
///
/// @param name unique in its graph
/// @param op what is done
/// @param inputs values by role
/// @param outputs values by role, made by this node
public record Node(String name, Op op, SequencedMap<String, Value> inputs, SequencedMap<String, Value> outputs) {
    /// Copies the maps.
    public Node {
        inputs = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(inputs));
        outputs = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(outputs));
    }

    /// The input in a role that the operation requires.
    ///
    /// @throws IllegalArgumentException if there is none
    public Value input(String role) {
        return optionalInput(role)
                .orElseThrow(() -> new IllegalArgumentException(name + ": expected an input " + role + ", got "
                        + inputs));
    }

    /// The input in a role that the operation may do without.
    public Optional<Value> optionalInput(String role) {
        return Optional.ofNullable(inputs.get(role));
    }

    /// The output in a role.
    ///
    /// @throws IllegalArgumentException if there is none
    public Value output(String role) {
        Value output = outputs.get(role);
        if (output == null) {
            throw new IllegalArgumentException(name + ": expected an output " + role + ", got " + outputs);
        }
        return output;
    }
}
