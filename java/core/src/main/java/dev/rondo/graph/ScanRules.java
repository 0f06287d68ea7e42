package dev.rondo.graph;

import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// What a graph must be to be the step of an [Op.Scan].
final class ScanRules {
    private ScanRules() {}

    /// @throws IllegalArgumentException naming the value or node, what was expected and what came
    static void check(Graph step, List<Value> sequences) {
        if (!step.parameters().isEmpty()) {
            throw new IllegalArgumentException(
                    "scan: expected parameters to come from outside of the step, got " + step.parameters());
        }
        if (sequences.isEmpty()) {
            throw new IllegalArgumentException("scan: expected at least one sequence, got none");
        }
        for (Value sequence : sequences) {
            if (!step.inputs().contains(sequence) || step.carried().containsKey(sequence)) {
                throw new IllegalArgumentException(
                        sequence.name() + ": expected a sequence to be an input of the step that it does not carry");
            }
            batched(sequence);
        }
        for (Value input : step.inputs()) {
            if (input.shape().rank() > 1 && input.shape().slice(1, input.shape().rank()).contains(Shape.BATCH)) {
                throw new IllegalArgumentException(input.name() + ": expected B as the first extent only, got "
                        + input.shape());
            }
        }
        Set<Value> after = new HashSet<>();
        for (Map.Entry<Value, Value> state : step.carried().entrySet()) {
            Value next = state.getValue();
            batched(state.getKey());
            floats(state.getKey());
            if (!after.add(next) || step.producer(next).isEmpty()) {
                throw new IllegalArgumentException(
                        state.getKey().name() + ": expected a node of its own to make the state's next value, got " + next);
            }
        }
        step.outputs().forEach((role, value) -> {
            batched(value);
            floats(value);
        });
        step.nodes().forEach(ScanRules::check);
        Set<String> taken = new HashSet<>(Set.of("lengths", "saved"));
        for (Value input : step.inputs()) {
            own(taken, input.name());
            if (step.carried().containsKey(input)) {
                own(taken, input.name() + "0");
                own(taken, "d" + input.name() + "N");
            }
        }
        for (String output : step.outputs().keySet()) {
            own(taken, "d" + output);
        }
        taken = new HashSet<>(Set.of("lengths", "saved"));
        for (String output : step.outputs().keySet()) {
            own(taken, output);
        }
        for (Value state : step.carried().keySet()) {
            own(taken, state.name() + "N");
        }
    }

    /// A step holds operations that make their outputs from their inputs and nothing else.
    private static void check(Node node) {
        boolean opaque = node.outputs().values().stream().anyMatch(value -> value.type() == DataType.OPAQUE);
        long scalars = node.outputs().values().stream().filter(value -> value.shape().rank() == 0).count();
        if (node.outputs().isEmpty() || opaque || scalars > 1) {
            throw new IllegalArgumentException(
                    node.name() + ": expected an operation that a step can hold: no recurrence, loss or update, got "
                            + node.op());
        }
    }

    private static void batched(Value value) {
        if (value.shape().rank() < 1 || value.shape().dim(0) != Shape.BATCH) {
            throw new IllegalArgumentException(value.name() + ": expected [B,...] in a step, got " + value.shape());
        }
    }

    private static void floats(Value value) {
        if (value.type() != DataType.FLOAT32) {
            throw new IllegalArgumentException(value.name() + ": expected FLOAT32, got " + value.type());
        }
    }

    private static void own(Set<String> taken, String role) {
        if (!taken.add(role)) {
            throw new IllegalArgumentException(
                    role + ": expected a name of its own for each sequence, constant, state (with 0 or N behind it) and"
                            + " output (with d before it) of a step, and others than lengths and saved");
        }
    }

    static List<Value> constants(Graph step, List<Value> sequences) {
        return step.inputs().stream()
                .filter(input -> !sequences.contains(input) && !step.carried().containsKey(input))
                .toList();
    }

    /// The shape of a sequence whose slices have the given one.
    static Shape overTime(Shape slice, int time) {
        int[] dims = new int[slice.rank() + 1];
        dims[0] = slice.dim(0);
        dims[1] = time;
        for (int axis = 1; axis < slice.rank(); axis++) {
            dims[axis + 1] = slice.dim(axis);
        }
        return Shape.of(dims);
    }
}
