package dev.rondo.graph;

import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;

/// A named place for numbers in a graph: an input, a parameter or the output of a node.
///
/// @param id the value's index in its graph
/// @param name unique in its graph
/// @param type FLOAT32 for all floating-point values; a plan in float64 widens them
/// @param shape extents, with symbols where a run tells the number
public record Value(int id, String name, DataType type, Shape shape) {
    @Override
    public int hashCode() {
        return id;
    }

    @Override
    public String toString() {
        return name + " " + shape;
    }
}
