package dev.rondo.layers;

import dev.rondo.graph.Value;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;

/// The same elements in the same order, in another shape.
///
/// Takes float32, gives the shape. A symbol of time stays where it is: the extents before and behind it have the same
/// product before and after, so `[B,T,12]` becomes `[B,T,3,4]`, but no `[B,12,T]`.
///
/// @param name how it is called in graphs; empty: `reshape`, and `reshape_1`, `reshape_2` for further ones
/// @param shape what it gives, with the batch first
public record Reshape(String name, Shape shape) implements UnaryLayer {
    public Reshape {
        Settings.name("Reshape", name);
        if (shape.rank() < 2 || shape.dim(0) != Shape.BATCH) {
            throw new IllegalArgumentException("Reshape: shape: expected [B,...] of two axes or more, got " + shape);
        }
        for (int axis = 1; axis < shape.rank(); axis++) {
            int dim = shape.dim(axis);
            if (dim < 1 && !(axis == 1 && Shape.isTime(dim))) {
                throw new IllegalArgumentException(
                        "Reshape: shape: expected extents of 1 or more, or a time as the first, got " + shape);
            }
        }
    }

    /// To these extents of one example.
    ///
    /// @param extents without the batch: `3, 4`, or `Shape.TIME, 3, 4`
    public static Reshape to(int... extents) {
        return new Reshape("", Input.withBatch(extents));
    }

    @Override
    public Value apply(Scope scope, Value x) {
        if (x.type() != DataType.FLOAT32) {
            throw scope.wrong("FLOAT32", x);
        }
        return scope.graph().reshape(scope.path(), x, shape);
    }

    /// Where a number of steps is fixed it cannot come in pieces.
    @Override
    public boolean isStreamable() {
        return Shape.isTime(shape.dim(1));
    }

    @Override
    public Reshape named(String name) {
        return new Reshape(name, shape);
    }
}
