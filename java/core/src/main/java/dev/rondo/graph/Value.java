package dev.rondo.graph;

import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// A named place for numbers in a graph: an input, a parameter or the output of a node.
///
/// @param id the value's index in its graph
/// @param name unique in its graph
/// @param type FLOAT32 for all floating-point values; a plan in float64 widens them
/// @param shape extents, with symbols where a run tells the number
public record Value(int id, String name, DataType type, Shape shape) {
    // Written out: what the compiler would make of a record links method handles, which the first prediction waits for.
    @Override
    public boolean equals(@Nullable Object other) {
        return other == this
                || other instanceof Value value
                && id == value.id
                && name.equals(value.name)
                && type == value.type
                && shape.equals(value.shape);
    }

    @Override
    public int hashCode() {
        return id;
    }

    @Override
    public String toString() {
        return name + " " + shape;
    }
}
