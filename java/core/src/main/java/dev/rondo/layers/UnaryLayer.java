package dev.rondo.layers;

import dev.rondo.graph.Value;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/// A layer that takes one value and gives one.
public sealed interface UnaryLayer extends Layer permits
        ActivationLayer,
        AveragePool,
        BatchNorm,
        Crf,
        Conv1d,
        Dense,
        Dropout,
        Embedding,
        Flatten,
        GaussianNoise,
        LayerNorm,
        Masking,
        MaxPool,
        PoolTime,
        Repeat,
        Reshape,
        Reverse,
        Slice {

    /// Adds the layer to a graph.
    ///
    /// @param scope what the layer may know and add
    /// @param x what it takes
    /// @return what it gives
    /// @throws IllegalArgumentException if x is not what it takes
    Value apply(Scope scope, Value x);

    @Override
    default SequencedMap<String, Value> apply(Scope scope, List<Value> inputs) {
        scope.expectInputs(1, 1, inputs);
        SequencedMap<String, Value> outputs = new LinkedHashMap<>();
        outputs.put(Y, apply(scope, inputs.getFirst()));
        return outputs;
    }
}
