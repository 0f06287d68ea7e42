package dev.rondo.kernels;

import dev.rondo.graph.Op;
import java.util.Optional;
import java.util.SequencedMap;

/// An operation on buffers.
///
/// @param name the node's name, for messages
/// @param op what is done
/// @param inputs buffers by role
/// @param outputs buffers by role, without those that nobody wants
public record Instruction(
        String name, Op op, SequencedMap<String, Buffer> inputs, SequencedMap<String, Buffer> outputs) {

    /// The input in a role that the operation requires.
    public Buffer input(String role) {
        Buffer input = inputs.get(role);
        if (input == null) {
            throw new IllegalStateException(name + " lacks its input " + role);
        }
        return input;
    }

    /// The input in a role that the operation may do without.
    public Optional<Buffer> optionalInput(String role) {
        return Optional.ofNullable(inputs.get(role));
    }

    /// The output in a role that is always made.
    public Buffer output(String role) {
        Buffer output = outputs.get(role);
        if (output == null) {
            throw new IllegalStateException(name + " lacks its output " + role);
        }
        return output;
    }

    /// The output in a role, if it is wanted.
    public Optional<Buffer> optionalOutput(String role) {
        return Optional.ofNullable(outputs.get(role));
    }
}
