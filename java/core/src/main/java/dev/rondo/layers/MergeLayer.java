package dev.rondo.layers;

import dev.rondo.graph.Value;
import dev.rondo.tensor.DataType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/// A layer that makes one value of several: at least two, float32, of one shape, which is that of what it gives. A
/// [Concat] takes other shapes.
public sealed interface MergeLayer extends Layer permits
        Add,
        Average,
        Concat,
        Multiply,
        Subtract {
    /// As many as a call of a layer may have.
    int MAX_INPUTS = 1024;

    /// Adds the layer to a graph.
    ///
    /// @param scope what the layer may know and add
    /// @param inputs at least two, float32, of one shape
    /// @return what it gives
    Value merge(Scope scope, List<Value> inputs);

    /// Checks what it is applied to.
    ///
    /// @param scope what the layer may know
    /// @param inputs at least two
    /// @throws IllegalArgumentException if it does not take them
    default void check(Scope scope, List<Value> inputs) {
        for (Value input : inputs) {
            if (input.type() != DataType.FLOAT32) {
                throw scope.wrong("FLOAT32", input);
            }
            if (!input.shape().equals(inputs.getFirst().shape())) {
                throw scope.wrong("inputs of one shape, like the first, %s".formatted(inputs.getFirst().shape()), input);
            }
        }
    }

    @Override
    default SequencedMap<String, Value> apply(Scope scope, List<Value> inputs) {
        scope.expectInputs(2, MAX_INPUTS, inputs);
        check(scope, inputs);
        SequencedMap<String, Value> outputs = new LinkedHashMap<>();
        outputs.put(Y, merge(scope, inputs));
        return outputs;
    }
}
