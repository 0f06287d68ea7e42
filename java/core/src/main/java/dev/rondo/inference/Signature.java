package dev.rondo.inference;

import dev.rondo.graph.Graph;
import dev.rondo.graph.Value;
import dev.rondo.layers.Scope;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;

/// What a model takes and gives, and the check of a call against it. Allocates nothing where a call is right.
///
/// @param inputNames of the inputs
/// @param inputs with symbols
/// @param outputNames of the outputs
/// @param outputs with symbols
/// @param graph that tells how many windows there are of so many steps
record Signature(
        List<String> inputNames, List<Value> inputs, List<String> outputNames, List<Value> outputs, Graph graph) {
    /// @throws IllegalArgumentException if the model gives ids: none of its layers takes them
    static Signature of(Scope scope) {
        for (Map.Entry<String, Value> named : scope.outputs().entrySet()) {
            Value output = named.getValue();
            if (output.type() != DataType.FLOAT32) {
                throw new IllegalArgumentException("layers: expected a model that gives FLOAT32, got %s %s for %s"
                        .formatted(output.type(), output.shape(), named.getKey()));
            }
        }
        return new Signature(
                List.copyOf(scope.inputs().keySet()),
                List.copyOf(scope.inputs().values()),
                List.copyOf(scope.outputs().keySet()),
                List.copyOf(scope.outputs().values()),
                scope.graph().build());
    }

    /// The numbers of a call, those of windows too.
    ///
    /// @throws IllegalArgumentException if there are fewer steps than windows take
    Extents complete(Extents extents) {
        Extents all = graph.complete(extents);
        graph.checkSteps(all);
        return all;
    }

    /// The input of a model that has one.
    Value x() {
        return inputs.getFirst();
    }

    /// The output of a model that has one.
    Value y() {
        return outputs.getFirst();
    }

    /// How many symbols of time the inputs may have.
    int times() {
        int times = 1;
        for (Value input : inputs) {
            times = isTimed(input) ? Math.max(times, time(input) + 1) : times;
        }
        return times;
    }

    /// Whether a value has time steps.
    static boolean isTimed(Value value) {
        return value.shape().rank() > 1 && Shape.isTime(value.shape().dim(1));
    }

    /// Which symbol of time a value with time steps has.
    static int time(Value value) {
        return Shape.TIME - value.shape().dim(1);
    }

    /// Refuses a call of one input and one output where the model has more.
    void checkSingle() {
        if (inputs.size() > 1 || outputs.size() > 1) {
            throw new IllegalArgumentException("x, y: expected a request with the names of inputs %s and outputs %s, since there are more"
                    .formatted(inputNames, outputNames));
        }
    }

    /// Checks what of a tensor does not depend on a call's sizes.
    static void checkForm(String name, Value value, Tensor tensor) {
        Shape expected = value.shape();
        boolean fits = tensor.type() == value.type() && tensor.shape().rank() == expected.rank();
        for (int axis = 0; fits && axis < expected.rank(); axis++) {
            int dim = expected.dim(axis);
            fits = dim < 0 ? tensor.shape().dim(axis) >= 1 : tensor.shape().dim(axis) == dim;
        }
        if (!fits) {
            throw new IllegalArgumentException("%s: expected %s %s, got %s %s"
                    .formatted(name, value.type(), expected, tensor.type(), tensor.shape()));
        }
    }

    /// Whether a shape is another's with these numbers.
    static boolean fits(Shape expected, Shape actual, Extents extents) {
        boolean fits = true;
        for (int axis = 0; fits && axis < expected.rank(); axis++) {
            fits = actual.dim(axis) == extents.number(expected.dim(axis));
        }
        return fits;
    }

    /// Whether the input has time steps.
    boolean isTimed() {
        return isTimed(x());
    }

    /// B of an input.
    int batch(Tensor input) {
        checkForm("x", x(), input);
        return input.shape().dim(0);
    }

    /// T of an input that [#batch] has accepted; 1 where there is no time.
    int time(Tensor input) {
        return isTimed() ? input.shape().dim(1) : 1;
    }

    /// Checks an output.
    void checkOutput(Tensor output, int batch, int time) {
        Extents extents = complete(Extents.of(batch, time));
        Shape expected = y().shape();
        if (output.type() != y().type() || output.shape().rank() != expected.rank()
                || !fits(expected, output.shape(), extents)) {
            throw new IllegalArgumentException("y: expected %s %s = %s, got %s %s"
                    .formatted(y().type(), expected, expected.resolve(extents), output.type(), output.shape()));
        }
        checkWritable("y", output.segment());
    }

    /// Checks the memory of an output.
    static void checkWritable(String name, MemorySegment output) {
        if (output.isReadOnly()) {
            throw new IllegalArgumentException(name + ": expected writable memory, got read-only memory");
        }
    }

    /// T of one sequence in an array; 1 where there is no time.
    int timeOf(DataType type, int elements) {
        long step = x().shape().elements(1, 1);
        if (type != x().type() || elements == 0 || elements % step != 0 || (!isTimed() && elements != step)) {
            throw new IllegalArgumentException("x: expected %s %s with B = 1%s, got %s [%d]"
                    .formatted(x().type(), x().shape(), isTimed() ? " and T >= 1" : "", type, elements));
        }
        return (int) (elements / step);
    }

    /// Checks the output of one sequence.
    void checkLength(float[] output, int time) {
        Extents extents = complete(Extents.of(1, time));
        if (output.length != y().shape().elements(extents)) {
            throw new IllegalArgumentException("y: expected FLOAT32 %s = %s, got [%d]"
                    .formatted(y().shape(), y().shape().resolve(extents), output.length));
        }
    }

    /// Checks lengths.
    static void checkLengths(Tensor lengths, int batch) {
        if (lengths.type() != DataType.INT32 || lengths.shape().rank() != 1 || lengths.shape().dim(0) != batch) {
            throw new IllegalArgumentException("lengths: expected INT32 [B] = [%d], got %s %s"
                    .formatted(batch, lengths.type(), lengths.shape()));
        }
    }
}
