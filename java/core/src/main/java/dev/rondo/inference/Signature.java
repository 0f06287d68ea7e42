package dev.rondo.inference;

import dev.rondo.graph.Value;
import dev.rondo.layers.Scope;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/// What a model takes and gives, and the check of a call against it. Allocates nothing where a call is right.
///
/// @param x the input, with symbols
/// @param y the output, with symbols
record Signature(Value x, Value y) {
    /// @throws IllegalArgumentException if the model gives ids: none of its layers takes them
    static Signature of(Scope scope) {
        if (scope.inputs().size() > 1 || scope.outputs().size() > 1) {
            throw new IllegalArgumentException("model: expected one input and one output to serve, got %s and %s"
                    .formatted(scope.inputs().keySet(), scope.outputs().keySet()));
        }
        if (scope.y().type() != DataType.FLOAT32) {
            throw new IllegalArgumentException("layers: expected a model that gives FLOAT32, got %s %s"
                    .formatted(scope.y().type(), scope.y().shape()));
        }
        return new Signature(scope.x(), scope.y());
    }

    /// Whether the input has time steps.
    boolean isTimed() {
        return x.shape().rank() > 1 && x.shape().dim(1) == Shape.TIME;
    }

    /// B of an input.
    int batch(Tensor input) {
        check("x", x, input, 0, 0);
        return input.shape().dim(0);
    }

    /// T of an input that [#batch] has accepted; 1 where there is no time.
    int time(Tensor input) {
        return isTimed() ? input.shape().dim(1) : 1;
    }

    /// Checks an output.
    void checkOutput(Tensor output, int batch, int time) {
        check("y", y, output, batch, time);
        checkWritable(output.segment());
    }

    /// Checks the memory of an output.
    static void checkWritable(MemorySegment output) {
        if (output.isReadOnly()) {
            throw new IllegalArgumentException("y: expected writable memory, got read-only memory");
        }
    }

    /// T of one sequence in an array; 1 where there is no time.
    int timeOf(DataType type, int elements) {
        long step = x.shape().elements(1, 1);
        if (type != x.type() || elements == 0 || elements % step != 0 || (!isTimed() && elements != step)) {
            throw new IllegalArgumentException("x: expected %s %s with B = 1%s, got %s [%d]"
                    .formatted(x.type(), x.shape(), isTimed() ? " and T >= 1" : "", type, elements));
        }
        return (int) (elements / step);
    }

    /// Checks the output of one sequence.
    void checkLength(float[] output, int time) {
        if (output.length != y.shape().elements(1, time)) {
            throw new IllegalArgumentException("y: expected FLOAT32 %s = %s, got [%d]"
                    .formatted(y.shape(), y.shape().resolve(1, time), output.length));
        }
    }

    /// Checks lengths.
    static void checkLengths(Tensor lengths, int batch) {
        if (lengths.type() != DataType.INT32 || lengths.shape().rank() != 1 || lengths.shape().dim(0) != batch) {
            throw new IllegalArgumentException("lengths: expected INT32 [B] = [%d], got %s %s"
                    .formatted(batch, lengths.type(), lengths.shape()));
        }
    }

    /// @param batch 0 where it is not known
    private static void check(String name, Value value, Tensor tensor, int batch, int time) {
        Shape expected = value.shape();
        Shape actual = tensor.shape();
        boolean fits = tensor.type() == value.type() && actual.rank() == expected.rank();
        for (int axis = 0; fits && axis < expected.rank(); axis++) {
            int dim = actual.dim(axis);
            fits = switch (expected.dim(axis)) {
                case Shape.BATCH -> batch == 0 ? dim >= 1 : dim == batch;
                case Shape.TIME -> batch == 0 ? dim >= 1 : dim == time;
                default -> dim == expected.dim(axis);
            };
        }
        if (!fits) {
            throw new IllegalArgumentException("%s: expected %s %s%s, got %s %s"
                    .formatted(
                            name,
                            value.type(),
                            expected,
                            batch == 0 ? "" : " = " + expected.resolve(batch, time),
                            tensor.type(),
                            actual));
        }
    }
}
