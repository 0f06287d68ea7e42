package dev.rondo.inference;

import dev.rondo.graph.Value;
import dev.rondo.io.ModelFile;
import dev.rondo.kernels.CallGate;
import dev.rondo.layers.Layer;
import dev.rondo.layers.Network;
import dev.rondo.layers.NetworkSplit;
import dev.rondo.layers.Scope;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Parameters;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/// A trained model, served. Its weights never change, lie in memory once, and are shared by all calls and streams.
///
/// Any number of threads, virtual ones too, may call at the same time; [Serving#plans()] of them run, the others wait.
/// Whatever else runs, a sequence's results are the same bit for bit: whatever the batch it is part of, the number of
/// threads, and whether it comes whole or step by step in a [#stream].
///
/// A model with more than one input or output is called by a [#request], which names them.
///
/// Memory: with B sequences of T steps, x holds the model's input (int32 `[B,T]`, or float32 `[B,T,F]` or `[B,F]`) and y
/// takes its output (float32 `[B,T,C]` or `[B,C]`), row-major. Native memory is used as it is, the Java heap and mapped
/// files by a copy. x and y must not overlap in native memory, and no other thread may write to x, or touch y, until the
/// call returns. After the first call of a size a call allocates nothing.
///
/// Close the session when it is no longer needed: that waits for calls in flight; later calls, those of streams too,
/// throw `IllegalStateException("InferenceSession is closed")`.
public final class InferenceSession implements AutoCloseable {
    private final Network network;
    private final Map<String, String> notes;
    private final Parameters parameters;
    private final Engine engine;
    private final Signature signature;
    private final PlanPool full;
    private final PlanPool ownLengths;
    private final CallGate gate = new CallGate("InferenceSession");

    /// Serves these parameters, which it takes over: they must not be used or closed by others. If this throws, they
    /// are closed.
    ///
    /// @throws IllegalStateException if native kernels are demanded and cannot be had
    public InferenceSession(ModelFile.Content model, Serving serving) {
        network = model.network();
        notes = model.notes();
        parameters = model.parameters();
        try {
            signature = Signature.of(network.graph(Scope.Variant.PLAIN));
            engine = serving.engine().engine();
            full = new PlanPool(serving.plans(), () -> plan(Scope.States.ZERO, Scope.Lengths.FULL, 1));
            ownLengths = new PlanPool(serving.plans(), () -> plan(Scope.States.ZERO, Scope.Lengths.OWN, 1));
        } catch (RuntimeException | Error e) {
            parameters.close();
            throw e;
        }
    }

    /// Opens a model file, to be served with [Serving#standard()].
    ///
    /// @throws dev.rondo.io.ModelFormatException if it is no model file
    /// @throws IOException if it cannot be read
    public static InferenceSession open(Path file) throws IOException {
        return open(file, Serving.standard());
    }

    /// Opens a model file. The first time in a process, its engine is loaded by a thread of its own meanwhile.
    ///
    /// @throws dev.rondo.io.ModelFormatException if it is no model file
    /// @throws IOException if it cannot be read
    public static InferenceSession open(Path file, Serving serving) throws IOException {
        if (Files.isRegularFile(file)) {
            serving.engine().prepare();
        }
        return new InferenceSession(ModelFile.read(file), serving);
    }

    private CallPlan plan(Scope.States states, Scope.Lengths lengths, int batch) {
        Scope scope = network.graph(new Scope.Variant(Scope.Purpose.INFERENCE, states, lengths));
        int[] times = new int[signature.times()];
        Arrays.fill(times, 1);
        return new CallPlan(scope, parameters, engine, Extents.of(batch, times));
    }

    /// The shapes of the inputs by name.
    public SequencedMap<String, Shape> inputShapes() {
        return shapes(signature.inputNames(), signature.inputs());
    }

    /// The shapes of the outputs by name, all float32.
    public SequencedMap<String, Shape> outputShapes() {
        return shapes(signature.outputNames(), signature.outputs());
    }

    private static SequencedMap<String, Shape> shapes(List<String> names, List<Value> values) {
        SequencedMap<String, Shape> shapes = new LinkedHashMap<>();
        for (int i = 0; i < names.size(); i++) {
            shapes.put(names.get(i), values.get(i).shape());
        }
        return Collections.unmodifiableSequencedMap(shapes);
    }

    /// A call with inputs and outputs by name, to be filled and run, any number of times.
    public InferenceRequest request() {
        return new InferenceRequest(signature, this::run, 0);
    }

    /// Runs a batch, with inputs and outputs by name. Outputs that are not asked for are dropped.
    ///
    /// @param inputs all of the model's
    /// @param outputs float32, overwritten
    /// @throws IllegalArgumentException as [InferenceRequest#run], or if there is no such input or output
    /// @throws IllegalStateException as [InferenceRequest#run]
    public void run(Map<String, Tensor> inputs, Map<String, Tensor> outputs) {
        InferenceRequest request = request();
        inputs.forEach(request::input);
        outputs.forEach(request::output);
        request.run();
    }

    private void run(InferenceRequest request, boolean own) {
        PlanPool pool = own ? ownLengths : full;
        gate.enter();
        try {
            CallPlan plan = pool.take();
            try {
                plan.run(request);
            } finally {
                pool.give(plan);
            }
        } finally {
            gate.exit();
        }
    }

    /// The shape of the input, such as `[B,T]`; of several the first.
    public Shape inputShape() {
        return signature.x().shape();
    }

    /// The type of the input: int32 or float32; of several the first.
    public DataType inputType() {
        return signature.x().type();
    }

    /// The shape of the output, float32, such as `[B,T,65]`; of several the first.
    public Shape outputShape() {
        return signature.y().shape();
    }

    /// How many steps the model gives for sequences of so many, see [dev.rondo.Model#outputLengths].
    ///
    /// @throws IllegalArgumentException if a length is negative, or the output has no steps
    public int[] outputLengths(int... lengths) {
        return signature.graph().lengths(signature.y(), lengths);
    }

    /// What was noted with the model, such as its vocabulary.
    public Map<String, String> notes() {
        return notes;
    }

    /// The kernels in use.
    public Engine engine() {
        return engine;
    }

    /// Runs a batch of sequences that all have T steps.
    ///
    /// @param x input
    /// @param y output, overwritten
    /// @throws IllegalArgumentException if a type or shape is wrong, y is read-only or overlaps x in native memory, or
    ///     an id is outside the vocabulary; y is then unspecified
    /// @throws IllegalStateException if the session, or the memory of x or y, is closed
    /// @throws WrongThreadException if memory is confined to another thread
    public void run(Tensor x, Tensor y) {
        signature.checkSingle();
        int batch = signature.batch(x);
        int time = signature.time(x);
        signature.checkOutput(y, batch, time);
        run(full, x.segment(), MemorySegment.NULL, y.segment(), batch, time);
    }

    /// Runs a batch of sequences of different lengths. Steps from a sequence's length on are padding: they change
    /// nothing of that sequence's results, and what y holds there means nothing. Ids in padding must be valid ones.
    ///
    /// @param x input
    /// @param lengths int32 `[B]`, each in `0..T`
    /// @param y output, overwritten
    /// @throws IllegalArgumentException as [#run(Tensor, Tensor)], or if a length is out of range
    /// @throws IllegalStateException as [#run(Tensor, Tensor)]
    public void run(Tensor x, Tensor lengths, Tensor y) {
        signature.checkSingle();
        if (!signature.isTimed()) {
            throw new IllegalArgumentException(
                    "lengths: expected none, since the model takes " + inputShape() + ", which has no time");
        }
        int batch = signature.batch(x);
        int time = signature.time(x);
        Signature.checkLengths(lengths, batch);
        signature.checkOutput(y, batch, time);
        run(ownLengths, x.segment(), lengths.segment(), y.segment(), batch, time);
    }

    /// Runs a batch of sequences that all have T steps, in native or heap memory of any larger size.
    ///
    /// @param x input, from the segment's beginning
    /// @param y output, from the segment's beginning
    /// @param batch B
    /// @param time T; 1 where the model has no time
    /// @throws IllegalArgumentException as [#run(Tensor, Tensor)], or if a segment is too small
    /// @throws IllegalStateException as [#run(Tensor, Tensor)]
    public void run(MemorySegment x, MemorySegment y, int batch, int time) {
        signature.checkSingle();
        if (batch < 1 || time < 1 || (time > 1 && !signature.isTimed())) {
            throw new IllegalArgumentException("batch, time: expected at least 1 each for %s, got %d and %d"
                    .formatted(inputShape(), batch, time));
        }
        Extents extents = signature.complete(Extents.of(batch, time));
        checkSize("x", x, signature.x(), extents);
        checkSize("y", y, signature.y(), extents);
        Signature.checkWritable("y", y);
        run(full, x, MemorySegment.NULL, y, batch, time);
    }

    private static void checkSize(String name, MemorySegment segment, Value value, Extents extents) {
        DataType type = value.type();
        long elements;
        try {
            elements = value.shape().elements(extents);
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException(
                    "%s: expected fewer elements than %s has".formatted(name, value.shape().resolve(extents)), e);
        }
        if (segment.byteSize() / type.bytes() < elements) {
            throw new IllegalArgumentException("%s: expected at least %d elements of %s, got %d bytes"
                    .formatted(name, elements, type, segment.byteSize()));
        }
    }

    /// Runs one sequence.
    ///
    /// @param x input, `[T,F]`, or `[F]` where the model has no time
    /// @param y output, overwritten: `[T,C]` or `[C]`
    /// @throws IllegalArgumentException as [#run(Tensor, Tensor)]
    /// @throws IllegalStateException as [#run(Tensor, Tensor)]
    public void run(float[] x, float[] y) {
        run(DataType.FLOAT32, x, x.length, y);
    }

    /// Runs one sequence of ids.
    ///
    /// @param x input, `[T]`
    /// @param y output, overwritten: `[T,C]` or `[C]`
    /// @throws IllegalArgumentException as [#run(Tensor, Tensor)]
    /// @throws IllegalStateException as [#run(Tensor, Tensor)]
    public void run(int[] x, float[] y) {
        run(DataType.INT32, x, x.length, y);
    }

    private void run(DataType type, Object x, int length, float[] y) {
        signature.checkSingle();
        int time = signature.timeOf(type, length);
        signature.checkLength(y, time);
        gate.enter();
        try {
            CallPlan plan = full.take();
            try {
                plan.run(x, y, time);
            } finally {
                full.give(plan);
            }
        } finally {
            gate.exit();
        }
    }

    private void run(
            PlanPool pool, MemorySegment x, MemorySegment lengths, MemorySegment y, int batch, int time) {
        gate.enter();
        try {
            CallPlan plan = pool.take();
            try {
                plan.run(x, lengths, y, batch, time);
            } finally {
                pool.give(plan);
            }
        } finally {
            gate.exit();
        }
    }

    /// Begins streams whose state goes on from call to call, all zeros at first.
    ///
    /// @param batch how many streams are stepped together
    /// @throws IllegalStateException if the session is closed, the model has no input in time or more
    ///     than one, or a layer needs whole sequences, as one that goes backwards does
    public StreamingSession stream(int batch) {
        long timed = signature.inputs().stream().filter(Signature::isTimed).count();
        if (timed != 1) {
            throw new IllegalStateException(timed == 0
                    ? "stream: expected a model with time, but this one takes " + inputShape()
                    : "stream: expected a model with one input in time, but this one takes " + inputShapes());
        }
        for (Layer layer : network.layers()) {
            if (!layer.isStreamable()) {
                throw new IllegalStateException(
                        "stream: expected layers that give the same of a sequence in pieces, but " + layer.name()
                                + " needs the whole");
            }
        }
        gate.enter();
        try {
            return new StreamingSession(
                    signature,
                    gate,
                    plan(Scope.States.CARRIED, Scope.Lengths.FULL, batch),
                    () -> plan(Scope.States.CARRIED, Scope.Lengths.OWN, batch),
                    batch);
        } finally {
            gate.exit();
        }
    }

    /// Opens the decoder of an encoder-decoder model, to be stepped for hypotheses of what it writes, as
    /// [dev.rondo.decoding.BeamSearch] does.
    ///
    /// @param target the input that the decoder is stepped by: ids, int32 `[B,T]`
    /// @param output what it gives, logits float32 `[B,T,vocabulary]`
    /// @param rows how many hypotheses are stepped together, at least 1
    /// @throws IllegalArgumentException if there is no such input or output, it has another shape, does not depend on
    ///     the target or on nothing else, or a layer between them needs more of the target than its steps so far
    /// @throws IllegalStateException if the session is closed
    public DecoderSession decoder(String target, String output, int rows) {
        if (rows < 1) {
            throw new IllegalArgumentException("rows: expected at least 1, got " + rows);
        }
        NetworkSplit split = NetworkSplit.of(network, target, output);
        gate.enter();
        try {
            return new DecoderSession(split, target, parameters, engine, gate, rows);
        } finally {
            gate.exit();
        }
    }

    /// Waits for calls in flight and frees the memory. Closing again does nothing.
    @Override
    public void close() {
        if (gate.close()) {
            full.close();
            ownLengths.close();
            parameters.close();
        }
    }
}
