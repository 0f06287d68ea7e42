package dev.rondo.layers;

import dev.rondo.graph.Value;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/// What a model takes, or a part of it: of a chain of layers the first.
///
/// Sequences whose numbers of steps differ, as those of a text and of its translation do, have symbols of time of their
/// own: `Shape.TIME` and `Shape.time(1)`.
///
/// @param name how it is called in graphs, messages and calls; empty: `x`, and `x_1`, `x_2` for further ones
/// @param dataType int32 for ids, float32 for features
/// @param shape with the batch first: `[B,T]`, `[B,T,F]` or `[B,F]`
public record Input(String name, DataType dataType, Shape shape) implements Layer {
    public Input {
        Settings.name("Input", name);
        if (dataType != DataType.INT32 && dataType != DataType.FLOAT32) {
            throw new IllegalArgumentException("Input: dataType: expected INT32 or FLOAT32, got " + dataType);
        }
        if (shape.rank() < 1 || shape.dim(0) != Shape.BATCH) {
            throw new IllegalArgumentException("Input: shape: expected [B,...], got " + shape);
        }
        for (int axis = 1; axis < shape.rank(); axis++) {
            int dim = shape.dim(axis);
            if (dim < 1 && !(axis == 1 && Shape.isTime(dim))) {
                throw new IllegalArgumentException(
                        "Input: shape: expected extents of 1 or more, or a time as the first, got " + shape);
            }
        }
    }

    /// Ids, one a step: int32.
    ///
    /// @param extents of one example: `Shape.TIME` for sequences; none for a single id
    public static Input ids(int... extents) {
        return new Input("", DataType.INT32, withBatch(extents));
    }

    /// Features: float32.
    ///
    /// @param extents of one example: `Shape.TIME, 12` for sequences of 12 features, or `12`
    public static Input features(int... extents) {
        return new Input("", DataType.FLOAT32, withBatch(extents));
    }

    /// A shape with the batch in front of the extents of one example.
    static Shape withBatch(int[] extents) {
        int[] dims = new int[extents.length + 1];
        dims[0] = Shape.BATCH;
        System.arraycopy(extents, 0, dims, 1, extents.length);
        return Shape.of(dims);
    }

    @Override
    public SequencedMap<String, Value> apply(Scope scope, List<Value> inputs) {
        scope.expectInputs(0, 0, inputs);
        SequencedMap<String, Value> outputs = new LinkedHashMap<>();
        outputs.put(Y, scope.input(this));
        return outputs;
    }

    @Override
    public Input named(String name) {
        return new Input(name, dataType, shape);
    }
}
