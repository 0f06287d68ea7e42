package dev.rondo.inference;

import dev.rondo.kernels.CallGate;
import dev.rondo.kernels.SoleGate;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// Streams through a model, one step or one chunk after another: recurrent states stay here between calls. A sequence
/// in pieces gives, bit for bit, what it gives whole.
///
/// This is what Keras's `stateful=True` is for in prediction: the states of row i of a call are what row i of the next
/// call begins with, until [#reset] (`reset_states`). [#states()] reads them and [#states(Map)] sets them. To train and
/// evaluate so, batch after batch, give the model [dev.rondo.data.Dataset#streams].
///
/// ```java
/// try (InferenceSession session = model.session(); StreamingSession stream = session.stream(2)) {
///     stream.step(x, y);                                    // x [2,T,F], any T
///     SequencedMap<String, Tensor> before = stream.states();
///     stream.step(more, y);
///     stream.states(before);                                // as if `more` had not been
///     stream.reset(1);                                      // the second stream begins anew
/// }
/// ```
///
/// For one thread at a time; a second one gets an [IllegalStateException]. Memory as in [InferenceSession]. Close it
/// when the streams end, before or after its session; later calls throw an [IllegalStateException].
public final class StreamingSession implements AutoCloseable {
    private final Signature signature;
    private final CallGate session;
    private final CallPlan plan;
    private final Supplier<CallPlan> makeRagged;
    private final int batch;
    private final SoleGate gate = new SoleGate("StreamingSession");
    /// What the last step that was right had; of no meaning while its time is 0, before the first.
    private int lastTime;
    private Shape xShape = Shape.scalar();
    private Shape yShape = Shape.scalar();
    /// For steps with lengths; made at the first one.
    private Optional<CallPlan> ragged = Optional.empty();

    /// @param plan without lengths, which holds the states between calls
    /// @param makeRagged makes one with lengths
    StreamingSession(
            Signature signature, CallGate session, CallPlan plan, Supplier<CallPlan> makeRagged, int batch) {
        this.signature = signature;
        this.session = session;
        this.plan = plan;
        this.makeRagged = makeRagged;
        this.batch = batch;
    }

    /// How many streams are stepped together.
    public int batch() {
        return batch;
    }

    /// Takes the next step, or a chunk of T steps, of every stream.
    ///
    /// @param x input, B as given to [InferenceSession#stream], any T
    /// @param y output, overwritten; of T steps, or of the last one where the model gives one output a sequence
    /// @throws IllegalArgumentException if a type or shape is wrong or an id is outside the vocabulary; the states are
    ///     then unspecified
    /// @throws IllegalStateException if this, its session, or the memory of x or y is closed, or another thread is
    ///     in a call
    public void step(Tensor x, Tensor y) {
        enter();
        try {
            int time = checkedTime(x, y);
            plan.run(x.segment(), MemorySegment.NULL, y.segment(), batch, time);
        } finally {
            exit();
        }
    }

    /// How many steps a call has that is right. What has the shapes of the last one is not looked at again.
    private int checkedTime(Tensor x, Tensor y) {
        if (lastTime > 0 && x.shape() == xShape && y.shape() == yShape && x.type() == signature.x().type()
                && y.type() == signature.y().type()) {
            Signature.checkWritable("y", y.segment());
            return lastTime;
        }
        int time = time(x);
        signature.checkOutput(y, batch, time);
        lastTime = time;
        xShape = x.shape();
        yShape = y.shape();
        return time;
    }

    /// Takes as many steps of each stream as it says: a stream of length 0 stands still, and others may go on by
    /// different chunks. What x holds behind a length changes nothing, but ids must be valid there too; what y holds
    /// there, and of a stream that stands still, means nothing. Unlike other steps it copies the states, and allocates a
    /// little.
    ///
    /// @param x input, B as given to [InferenceSession#stream], any T
    /// @param lengths int32 `[B]`, each in `0..T`
    /// @param y output, overwritten; of T steps, or of each stream's last one where the model gives one output a
    ///     sequence
    /// @throws IllegalArgumentException as [#step(Tensor, Tensor)], or if a length is out of range; the states are then
    ///     as they were
    /// @throws IllegalStateException as [#step(Tensor, Tensor)]
    public void step(Tensor x, Tensor lengths, Tensor y) {
        int time = time(x);
        Signature.checkLengths(lengths, batch);
        signature.checkOutput(y, batch, time);
        stepRagged(own -> own.run(x.segment(), lengths.segment(), y.segment(), batch, time));
    }

    private int time(Tensor x) {
        signature.checkSingle();
        int rows = signature.batch(x);
        if (rows != batch) {
            throw new IllegalArgumentException("x: expected B = %d, got %s".formatted(batch, x.shape()));
        }
        return signature.time(x);
    }

    /// Runs the plan with lengths, to which the states go and from which they come back.
    private void stepRagged(Consumer<CallPlan> run) {
        enter();
        try {
            CallPlan own = ragged.orElseGet(makeRagged);
            ragged = Optional.of(own);
            own.copyCarried(plan);
            run.accept(own);
            plan.copyCarried(own);
        } finally {
            exit();
        }
    }

    /// Takes the next step, or a chunk, of a single stream of features.
    ///
    /// @param x input, `[T,F]`
    /// @param y output, overwritten: `[T,C]` or `[C]`
    /// @throws IllegalArgumentException as [#step(Tensor, Tensor)], or if there is more than one stream
    /// @throws IllegalStateException as [#step(Tensor, Tensor)]
    public void step(float[] x, float[] y) {
        step(DataType.FLOAT32, x, x.length, y);
    }

    /// Takes the next step, or a chunk, of a single stream of ids.
    ///
    /// @param x input, `[T]`
    /// @param y output, overwritten: `[T,C]` or `[C]`
    /// @throws IllegalArgumentException as [#step(Tensor, Tensor)], or if there is more than one stream
    /// @throws IllegalStateException as [#step(Tensor, Tensor)]
    public void step(int[] x, float[] y) {
        step(DataType.INT32, x, x.length, y);
    }

    private void step(DataType type, Object x, int length, float[] y) {
        signature.checkSingle();
        if (batch != 1) {
            throw new IllegalArgumentException("x: expected tensors for %d streams, got an array".formatted(batch));
        }
        int time = signature.timeOf(type, length);
        signature.checkLength(y, time);
        enter();
        try {
            plan.run(x, y, time);
        } finally {
            exit();
        }
    }

    /// The next step, or chunk, with inputs and outputs by name, to be filled and run, any number of times. Inputs
    /// without time are given with each step. Lengths have the streams go on as [#step(Tensor, Tensor, Tensor)] does.
    public InferenceRequest request() {
        return new InferenceRequest(signature, this::step, batch);
    }

    private void step(InferenceRequest request, boolean ownLengths) {
        if (ownLengths) {
            stepRagged(own -> own.run(request));
            return;
        }
        enter();
        try {
            plan.run(request);
        } finally {
            exit();
        }
    }

    /// Sets the states of all streams to zero, as at the beginning.
    ///
    /// @throws IllegalStateException if this or its session is closed, or another thread is in a call
    public void reset() {
        enter();
        try {
            plan.clearCarried();
        } finally {
            exit();
        }
    }

    /// Sets the states of one stream to zero, as at the beginning; the others go on.
    ///
    /// @param stream in 0..B-1
    /// @throws IllegalArgumentException if there is no such stream
    /// @throws IllegalStateException if this or its session is closed, or another thread is in a call
    public void reset(int stream) {
        if (stream < 0 || stream >= batch) {
            throw new IllegalArgumentException("stream: expected 0 to %d, got %d".formatted(batch - 1, stream));
        }
        enter();
        try {
            plan.clearCarried(stream);
        } finally {
            exit();
        }
    }

    /// Copies of the states as the last call left them, float32 `[B,...]`: of a recurrent layer `lstm` as `lstm/h`, and
    /// of an LSTM `lstm/c`; of a cell of one's own by the cell's names. Where a layer has a trained initial state there
    /// is besides `states/begun` `[B,1]`: 0 for a stream that has not begun, whose states are then zeros, and 1 for
    /// others.
    ///
    /// @return on the heap, by name
    /// @throws IllegalStateException if this or its session is closed, or another thread is in a call
    public SequencedMap<String, Tensor> states() {
        enter();
        try {
            SequencedMap<String, Tensor> copies = new LinkedHashMap<>();
            plan.carried().forEach(
                    (name, state) -> copies.put(name, Tensor.of(state.toFloats(), state.shape().dims())));
            return copies;
        } finally {
            exit();
        }
    }

    /// Has all streams go on from these states, such as [#states] of an earlier time or of another session of the
    /// model.
    ///
    /// @param states all that [#states] names, of their shapes; they are copied
    /// @throws IllegalArgumentException if one is missing, unknown, or of another type or shape; nothing is changed
    /// @throws IllegalStateException if this, its session, or the memory of a state is closed, or another thread is in
    ///     a call
    public void states(Map<String, Tensor> states) {
        enter();
        try {
            SequencedMap<String, Tensor> own = plan.carried();
            if (!states.keySet().equals(own.keySet())) {
                throw new IllegalArgumentException(
                        "states: expected %s, got %s".formatted(own.keySet(), new TreeSet<>(states.keySet())));
            }
            Map<String, Tensor> copies = new HashMap<>();
            states.forEach((name, state) -> {
                Shape shape = own.getOrDefault(name, state).shape();
                if (state.type() != DataType.FLOAT32 || !state.shape().equals(shape)) {
                    throw new IllegalArgumentException(
                            "%s: expected FLOAT32 %s, got %s %s".formatted(name, shape, state.type(), state.shape()));
                }
                copies.put(name, Tensor.of(state.toFloats(), shape.dims()));
            });
            own.forEach((name, state) -> state.copyFrom(copies.getOrDefault(name, state)));
        } finally {
            exit();
        }
    }

    /// Has each stream go on from the state of another: of a beam search's hypotheses from those that they continue.
    /// Moves nothing of streams that stay where they are.
    ///
    /// @param parents for each stream the one whose state it takes, each in 0..B-1; any of them any number of times
    /// @throws IllegalArgumentException if there is not one for each stream, or one is out of range; nothing is moved
    /// @throws IllegalStateException if this or its session is closed, or another thread is in a call
    public void reorder(int[] parents) {
        if (parents.length != batch) {
            throw new IllegalArgumentException(
                    "parents: expected one for each of %d streams, got %d".formatted(batch, parents.length));
        }
        for (int b = 0; b < batch; b++) {
            if (parents[b] < 0 || parents[b] >= batch) {
                throw new IllegalArgumentException(
                        "parents[%d]: expected 0 to %d, got %d".formatted(b, batch - 1, parents[b]));
            }
        }
        enter();
        try {
            plan.reorderCarried(parents);
        } finally {
            exit();
        }
    }

    private void enter() {
        gate.enter();
        try {
            session.enter();
        } catch (IllegalStateException e) {
            gate.exit();
            throw e;
        }
    }

    private void exit() {
        session.exit();
        gate.exit();
    }

    /// Waits for a call in flight and frees the states. Closing again does nothing.
    @Override
    public void close() {
        if (gate.close()) {
            plan.close();
            ragged.ifPresent(CallPlan::close);
        }
    }
}
