package dev.rondo.data;

import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/// One long series, cut into as many parallel streams as a batch has rows, each read in chunks of T steps: of ids, each of
/// which is to be predicted from those before it, or of inputs and targets of each step.
///
/// Stream b begins at step `b * n`, with `n = steps / B`, so at most `B - 1` steps at the end are left out. Row b of a
/// batch goes on where row b of the batch before stopped. Ids have a step less than there are ids, since the target of a
/// step is the next id. The last chunk of an epoch may be shorter.
public final class Streams implements Dataset {
    private final Tensor x;
    private final Tensor y;
    private final int ahead;
    private final int timeSteps;

    /// @param x of each row, in memory that nothing else changes
    /// @param y likewise
    /// @param ahead how many rows behind that of its input a target lies
    private Streams(Tensor x, Tensor y, int ahead, int timeSteps) {
        if (timeSteps < 1) {
            throw new IllegalArgumentException("timeSteps: expected at least 1, got " + timeSteps);
        }
        this.x = x;
        this.y = y;
        this.ahead = ahead;
        this.timeSteps = timeSteps;
    }

    static Streams of(int[] ids, int timeSteps) {
        Tensor own = Tensor.wrap(MemorySegment.ofArray(ids.clone()), DataType.INT32, Shape.of(ids.length));
        return new Streams(own, own, 1, timeSteps);
    }

    static Streams of(Tensor x, Tensor y, int timeSteps) {
        checkRows("x", x);
        checkRows("y", y);
        if (x.shape().dim(0) != y.shape().dim(0)) {
            throw new IllegalArgumentException(
                    "streams: expected as many targets as inputs, got %s and %s".formatted(y.shape(), x.shape()));
        }
        return new Streams(copy(x), copy(y), 0, timeSteps);
    }

    private static void checkRows(String name, Tensor tensor) {
        boolean known = tensor.type() == DataType.INT32 && tensor.shape().rank() == 1
                || tensor.type() == DataType.FLOAT32 && tensor.shape().rank() == 2;
        if (!known) {
            throw new IllegalArgumentException("streams: %s: expected INT32 [rows] or FLOAT32 [rows,n], got %s %s"
                    .formatted(name, tensor.type(), tensor.shape()));
        }
    }

    private static Tensor copy(Tensor tensor) {
        Tensor copy = Tensor.zeros(tensor.type(), tensor.shape().dims());
        copy.copyFrom(tensor);
        return copy;
    }

    /// Number of ids, or of rows.
    public int size() {
        return x.shape().dim(0);
    }

    /// T.
    public int timeSteps() {
        return timeSteps;
    }

    /// A part of the series.
    ///
    /// @param from its first row, from 0
    /// @param to the first that is none of it
    /// @throws IllegalArgumentException if these are no rows of the series
    public Streams part(int from, int to) {
        if (from < 0 || to < from || to > size()) {
            throw new IllegalArgumentException(
                    "part: expected 0 <= from <= to <= %d, got %d and %d".formatted(size(), from, to));
        }
        return new Streams(rows(x, from, to), rows(y, from, to), ahead, timeSteps);
    }

    private static Tensor rows(Tensor tensor, int from, int to) {
        int[] dims = tensor.shape().dims();
        dims[0] = to - from;
        long bytes = rowBytes(tensor);
        return Tensor.wrap(tensor.segment().asSlice(from * bytes, (to - from) * bytes), tensor.type(), Shape.of(dims));
    }

    private static long rowBytes(Tensor tensor) {
        return (tensor.shape().rank() == 1 ? 1L : tensor.shape().dim(1)) * tensor.type().bytes();
    }

    @Override
    public Reader open(Request request) {
        Signature signature = request.signature();
        if (!signature.isSingle() || !fits(signature.x(), x) || !fits(signature.y(), y)) {
            throw new IllegalArgumentException(
                    "streams: expected a model that takes %s %s and has a target for each step, %s %s, got %s"
                            .formatted(x.type(), batches(x), y.type(), batches(y), signature));
        }
        int steps = (size() - ahead) / request.batchSize();
        if (steps < 1) {
            throw new IllegalArgumentException("streams: expected at least %d rows for %d parallel streams, got %d"
                    .formatted(request.batchSize() + ahead, request.batchSize(), size()));
        }
        return new StreamReader(request.batchSize(), steps);
    }

    private static boolean fits(Part part, Tensor rows) {
        return part.type() == rows.type() && part.shape().equals(batches(rows));
    }

    /// `[B,T]` or `[B,T,n]`.
    private static Shape batches(Tensor rows) {
        return rows.shape().rank() == 1
                ? Shape.of(Shape.BATCH, Shape.TIME)
                : Shape.of(Shape.BATCH, Shape.TIME, rows.shape().dim(1));
    }

    private final class StreamReader implements Reader {
        private final int streams;
        private final int steps;

        StreamReader(int streams, int steps) {
            this.streams = streams;
            this.steps = steps;
        }

        @Override
        public int batches() {
            return Math.ceilDiv(steps, timeSteps);
        }

        @Override
        public int largestBatch() {
            return streams;
        }

        @Override
        public int largestTime() {
            return Math.min(steps, timeSteps);
        }

        @Override
        public Continuity continuity() {
            return Continuity.CARRIED;
        }

        @Override
        public Lengths lengths() {
            return Lengths.FULL;
        }

        @Override
        public void begin(int epoch) {
            // Streams have one order.
        }

        @Override
        public void read(int index, Batch batch) {
            int first = index * timeSteps;
            int count = Math.min(timeSteps, steps - first);
            for (int b = 0; b < streams; b++) {
                long start = (long) b * steps + first;
                copy(x, start, batch.x(), b, count);
                copy(y, start + ahead, batch.y(), b, count);
            }
            batch.filled(streams, count);
        }

        private static void copy(Tensor rows, long start, MemorySegment to, int b, int count) {
            long bytes = rowBytes(rows);
            MemorySegment.copy(rows.segment(), start * bytes, to, b * count * bytes, count * bytes);
        }
    }
}
