package dev.rondo.inference;

import dev.rondo.kernels.CallGate;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;

/// Streams through a model, one step or one chunk after another: recurrent states stay here between calls. A sequence
/// in pieces gives, bit for bit, what it gives whole.
///
/// For one thread at a time; a second one gets an [IllegalStateException]. Memory as in [InferenceSession]. Close it
/// when the streams end, before or after its session; later calls throw an [IllegalStateException].
public final class StreamingSession implements AutoCloseable {
    private final Signature signature;
    private final CallGate session;
    private final CallPlan plan;
    private final int batch;
    private final CallGate gate = new CallGate("StreamingSession");
    private final AtomicBoolean busy = new AtomicBoolean();

    StreamingSession(Signature signature, CallGate session, CallPlan plan, int batch) {
        this.signature = signature;
        this.session = session;
        this.plan = plan;
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
        signature.checkSingle();
        int rows = signature.batch(x);
        if (rows != batch) {
            throw new IllegalArgumentException("x: expected B = %d, got %s".formatted(batch, x.shape()));
        }
        int time = signature.time(x);
        signature.checkOutput(y, batch, time);
        step(x.segment(), y.segment(), time);
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
    /// without time are given with each step.
    public InferenceRequest request() {
        return new InferenceRequest(signature, this::step, batch);
    }

    private void step(InferenceRequest request, boolean ownLengths) {
        if (ownLengths) {
            throw new IllegalArgumentException("lengths: expected none, since streams are stepped together");
        }
        enter();
        try {
            plan.run(request);
        } finally {
            exit();
        }
    }

    private void step(MemorySegment x, MemorySegment y, int time) {
        enter();
        try {
            plan.run(x, MemorySegment.NULL, y, batch, time);
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
            if (!busy.compareAndSet(false, true)) {
                session.exit();
                throw new IllegalStateException("StreamingSession is in use by another thread");
            }
        } catch (IllegalStateException e) {
            gate.exit();
            throw e;
        }
    }

    private void exit() {
        busy.set(false);
        session.exit();
        gate.exit();
    }

    /// Waits for a call in flight and frees the states. Closing again does nothing.
    @Override
    public void close() {
        if (gate.close()) {
            plan.close();
        }
    }
}
