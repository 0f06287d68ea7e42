package dev.rondo.inference;

import dev.rondo.graph.Value;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A call of a model whose inputs and outputs have names, made by [InferenceSession#request] or
/// [StreamingSession#request]:
///
/// ```java
/// session.request().input("source", ids).lengths("source", lengths).output("logits", logits).run();
/// ```
///
/// It may be run any number of times and changed in between; a run of the sizes of the last one allocates nothing.
/// Memory is used as [InferenceSession] says. For use by one thread at a time; any number of requests may run at once.
public final class InferenceRequest {
    private final Signature signature;
    private final Runner runner;
    private final int batch;
    private final @Nullable Tensor[] inputs;
    private final @Nullable Tensor[] outputs;
    private final @Nullable Tensor[] lengths;
    private final int[] times;
    private Extents extents;
    private Extents completed;

    /// Runs what a request holds.
    interface Runner {
        /// @param ownLengths whether sequences have lengths of their own
        void run(InferenceRequest request, boolean ownLengths);
    }

    /// @param batch that inputs must have; 0 for any
    InferenceRequest(Signature signature, Runner runner, int batch) {
        this.signature = signature;
        this.runner = runner;
        this.batch = batch;
        inputs = new @Nullable Tensor[signature.inputs().size()];
        outputs = new @Nullable Tensor[signature.outputs().size()];
        times = new int[signature.times()];
        lengths = new @Nullable Tensor[times.length];
        Arrays.fill(times, 1);
        extents = Extents.of(1, times);
        completed = signature.graph().complete(extents);
    }

    /// Gives an input.
    ///
    /// @param name of the model's input
    /// @param tensor of its type and shape
    /// @throws IllegalArgumentException if the model has no such input, or it is of another type or rank
    public InferenceRequest input(String name, Tensor tensor) {
        int place = place("inputs", signature.inputNames(), name);
        Signature.checkForm(name, signature.inputs().get(place), tensor);
        inputs[place] = tensor;
        return this;
    }

    /// Gives the numbers of steps of an input's sequences; steps behind are padding, as in
    /// [InferenceSession#run(Tensor, Tensor, Tensor)]. They hold for all inputs of the same symbol of time; where none are given,
    /// sequences have all steps.
    ///
    /// @param name of a model's input with time
    /// @param tensor int32 `[B]`
    /// @throws IllegalArgumentException if the model has no such input, or it has no time
    public InferenceRequest lengths(String name, Tensor tensor) {
        Value input = signature.inputs().get(place("inputs", signature.inputNames(), name));
        if (!Signature.isTimed(input)) {
            throw new IllegalArgumentException(
                    "lengths: expected none, since %s is %s, which has no time".formatted(name, input.shape()));
        }
        lengths[Signature.time(input)] = tensor;
        return this;
    }

    /// Takes an output. Outputs that are not taken are dropped.
    ///
    /// @param name of the model's output
    /// @param tensor float32, of its shape; overwritten
    /// @throws IllegalArgumentException if the model has no such output, or it is of another type or rank
    public InferenceRequest output(String name, Tensor tensor) {
        int place = place("outputs", signature.outputNames(), name);
        Signature.checkForm(name, signature.outputs().get(place), tensor);
        Signature.checkWritable(name, tensor.segment());
        outputs[place] = tensor;
        return this;
    }

    /// Runs the model, or takes the next step of a stream.
    ///
    /// @throws IllegalArgumentException if an input is missing, sizes do not fit one another, outputs overlap other memory, or
    ///     an id or a length is out of range; outputs are then unspecified, and a stream's states too
    /// @throws IllegalStateException if the session, or the memory of a tensor, is closed, or of a stream another thread is
    ///     in a call
    public void run() {
        checkExtents();
        boolean own = false;
        for (Tensor tensor : lengths) {
            if (tensor != null) {
                Signature.checkLengths(tensor, extents.batch());
                own = true;
            }
        }
        runner.run(this, own);
    }

    private void checkExtents() {
        Arrays.fill(times, 0);
        int rows = batch;
        for (int i = 0; i < inputs.length; i++) {
            Tensor tensor = inputs[i];
            if (tensor == null) {
                throw new IllegalArgumentException(
                        "inputs: expected all of %s, got none for %s".formatted(signature.inputNames(), signature.inputNames().get(i)));
            }
            rows = rows == 0 ? tensor.shape().dim(0) : rows;
            Value input = signature.inputs().get(i);
            if (Signature.isTimed(input) && times[Signature.time(input)] == 0) {
                times[Signature.time(input)] = tensor.shape().dim(1);
            }
        }
        for (int k = 0; k < times.length; k++) {
            times[k] = Math.max(times[k], 1);
        }
        if (!fits(Math.max(rows, 1))) {
            extents = Extents.of(Math.max(rows, 1), times);
            completed = signature.graph().complete(extents);
        }
        signature.graph().checkSteps(completed);
        check(signature.inputNames(), signature.inputs(), inputs);
        check(signature.outputNames(), signature.outputs(), outputs);
    }

    private boolean fits(int rows) {
        boolean fits = extents.batch() == rows && extents.times() == times.length;
        for (int k = 0; fits && k < times.length; k++) {
            fits = extents.time(k) == times[k];
        }
        return fits;
    }

    private void check(List<String> names, List<Value> values, @Nullable Tensor[] tensors) {
        for (int i = 0; i < tensors.length; i++) {
            Tensor tensor = tensors[i];
            if (tensor != null && !Signature.fits(values.get(i).shape(), tensor.shape(), completed)) {
                Shape expected = values.get(i).shape();
                throw new IllegalArgumentException("%s: expected %s %s = %s, got %s".formatted(
                        names.get(i), values.get(i).type(), expected, expected.resolve(completed), tensor.shape()));
            }
        }
    }

    private static int place(String kind, List<String> names, String name) {
        int place = names.indexOf(name);
        if (place < 0) {
            throw new IllegalArgumentException("%s: expected one of %s, got %s".formatted(kind, names, name));
        }
        return place;
    }

    /// Those of windows too.
    Extents extents() {
        return completed;
    }

    MemorySegment input(int place) {
        return segment(inputs[place]);
    }

    /// Where an output goes; NULL where it is not wanted.
    MemorySegment output(int place) {
        return segment(outputs[place]);
    }

    /// The lengths of a symbol of time; NULL where all sequences have all steps.
    MemorySegment lengths(int time) {
        return segment(lengths[time]);
    }

    private static MemorySegment segment(@Nullable Tensor tensor) {
        return tensor == null ? MemorySegment.NULL : tensor.segment();
    }
}
