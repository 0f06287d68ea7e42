package dev.rondo.layers;

import dev.rondo.graph.Op.BinaryKind;
import dev.rondo.graph.Op.Direction;
import dev.rondo.graph.Value;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.stream.Stream;

/// Two recurrent layers of one kind over the same sequences, one forward and one backward in time (Schuster & Paliwal
/// 1997), whose outputs are merged.
///
/// Takes what the layer takes: float32 `[B,T,I]`, what a cell asks for besides, which both directions see, and of both the
/// states before their first steps or none, the forward ones first. Gives what the layer gives, merged; besides unmerged
/// `forward` and `backward`, and each state by its name behind these: `forward.h`, `backward.h` and of an LSTM
/// `forward.c`, `backward.c`. Its parameters are those of the layer under
/// `forward/` and `backward/`. Such a layer cannot be streamed.
///
/// @param name of its parameters' path; empty: `bidirectional`, and `bidirectional_1` for further ones
/// @param layer the forward one; the backward one is the same, turned round
/// @param merge how the outputs become one
public record Bidirectional(String name, Directed layer, Merge merge) implements Layer {
    private static final String FORWARD = "forward";
    private static final String BACKWARD = "backward";

    /// How outputs of both directions become one.
    public enum Merge {
        /// Side by side, the forward ones first: twice as many features.
        CONCAT,
        /// Their sum.
        SUM,
        /// Their product, element by element.
        MULTIPLY,
        /// Their mean.
        AVERAGE,
        /// They do not: the main output is the forward one, and the other stands beside it as `backward`.
        SEPARATE
    }

    public Bidirectional {
        Settings.name("Bidirectional", name);
        if (layer.direction() != Direction.FORWARD) {
            throw new IllegalArgumentException(
                    "Bidirectional: layer: expected one that goes forward in time, got " + layer);
        }
    }

    /// Both directions of a layer, their outputs side by side.
    public static Bidirectional of(Directed layer) {
        return new Bidirectional("", layer, Merge.CONCAT);
    }

    /// Both directions of a layer.
    public static Bidirectional of(Directed layer, Merge merge) {
        return new Bidirectional("", layer, merge);
    }

    @Override
    public SequencedMap<String, Value> apply(Scope scope, List<Value> inputs) {
        List<List<Value>> each = inputs(scope, inputs);
        SequencedMap<String, Value> forward = scope.within(FORWARD, () -> layer.apply(scope, each.getFirst()));
        SequencedMap<String, Value> backward =
                scope.within(BACKWARD, () -> layer.goBackwards().apply(scope, each.getLast()));
        List<Value> both = List.of(forward.firstEntry().getValue(), backward.firstEntry().getValue());
        SequencedMap<String, Value> outputs = new LinkedHashMap<>();
        outputs.put(Y, switch (merge) {
            case CONCAT -> scope.graph().concat(scope.path(), -1, both);
            case SUM -> scope.fold(BinaryKind.ADD, both);
            case MULTIPLY -> scope.fold(BinaryKind.MULTIPLY, both);
            case AVERAGE -> scope.average(both);
            case SEPARATE -> both.getFirst();
        });
        put(outputs, FORWARD, forward);
        put(outputs, BACKWARD, backward);
        return outputs;
    }

    /// The inputs of each direction.
    private List<List<Value>> inputs(Scope scope, List<Value> inputs) {
        int first = layer.inputsBeforeStates();
        if (inputs.size() < first || (inputs.size() - first) % 2 != 0) {
            throw new IllegalArgumentException("%s: expected %d inputs, or besides the states of both directions, got %d inputs"
                    .formatted(scope.path(), first, inputs.size()));
        }
        int middle = (first + inputs.size()) / 2;
        List<Value> backward = new ArrayList<>(inputs.subList(0, first));
        backward.addAll(inputs.subList(middle, inputs.size()));
        return List.of(inputs.subList(0, middle), backward);
    }

    /// The names of the outputs that are states, in the order in which it takes them.
    List<String> stateOutputs() {
        return Stream.of(FORWARD, BACKWARD)
                .flatMap(direction -> layer.stateOutputs().stream().map(state -> direction + "." + state))
                .toList();
    }

    private static void put(SequencedMap<String, Value> outputs, String direction, SequencedMap<String, Value> given) {
        given.forEach((name, value) -> outputs.put(name.equals(Y) ? direction : direction + "." + name, value));
    }

    @Override
    public boolean isStreamable() {
        return false;
    }

    @Override
    public Bidirectional named(String name) {
        return new Bidirectional(name, layer, merge);
    }
}
