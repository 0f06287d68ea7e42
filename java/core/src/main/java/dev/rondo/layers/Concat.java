package dev.rondo.layers;

import dev.rondo.graph.Value;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import java.util.List;

/// Its inputs side by side, in their order: of `[B,T,2]` and `[B,T,3]` it makes `[B,T,5]`.
///
/// Takes at least two inputs, float32, that differ in the extent of one axis at most, which is a number in all of them;
/// gives the same with the sum of these extents.
///
/// @param name how it is called in graphs; empty: `concat`, and `concat_1`, `concat_2` for further ones
/// @param axis along which they stand side by side: from 1, or -1 for the last one
public record Concat(String name, int axis) implements MergeLayer {
    public Concat {
        Settings.name("Concat", name);
        if (axis != -1 && axis < 1) {
            throw new IllegalArgumentException("Concat: axis: expected -1 for the last or at least 1, got " + axis);
        }
    }

    /// Of the features of any number of inputs.
    public static Concat of() {
        return new Concat("", -1);
    }

    /// Along another axis, such as 1 for steps behind steps where their number is fixed.
    ///
    /// @param axis from 1, or -1 for the last one
    public Concat axis(int axis) {
        return new Concat(name, axis);
    }

    @Override
    public void check(Scope scope, List<Value> inputs) {
        Shape first = inputs.getFirst().shape();
        int along = axis < 0 ? first.rank() - 1 : axis;
        for (Value input : inputs) {
            Shape shape = input.shape();
            boolean fits = input.type() == DataType.FLOAT32 && along >= 1 && along < shape.rank()
                    && shape.dim(along) >= 0 && shape.rank() == first.rank()
                    && shape.slice(0, along).equals(first.slice(0, along))
                    && shape.slice(along + 1, shape.rank()).equals(first.slice(along + 1, first.rank()));
            if (!fits) {
                throw scope.wrong(
                        "FLOAT32 like the first, %s, with any number at axis %d".formatted(first, along), input);
            }
        }
    }

    @Override
    public Value merge(Scope scope, List<Value> inputs) {
        return scope.graph().concat(scope.path(), axis, inputs);
    }

    @Override
    public boolean isStreamable() {
        return axis != 1;
    }

    @Override
    public Concat named(String name) {
        return new Concat(name, axis);
    }
}
