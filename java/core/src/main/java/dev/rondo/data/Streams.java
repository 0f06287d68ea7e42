package dev.rondo.data;

import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/// One long series of ids, cut into as many parallel streams as a batch has rows, each read in chunks of T steps.
///
/// Stream b begins at id `b * n`, with `n = (ids - 1) / B` steps, so at most `B - 1` ids at the end are left out. Row b
/// of a batch goes on where row b of the batch before stopped; the target of a step is the next id. The last chunk of
/// an epoch may be shorter.
public final class Streams implements Dataset {
    private final int[] ids;
    private final int timeSteps;

    Streams(int[] ids, int timeSteps) {
        if (timeSteps < 1) {
            throw new IllegalArgumentException("timeSteps: expected at least 1, got " + timeSteps);
        }
        this.ids = ids.clone();
        this.timeSteps = timeSteps;
    }

    /// Number of ids.
    public int size() {
        return ids.length;
    }

    /// T.
    public int timeSteps() {
        return timeSteps;
    }

    /// A part of the ids.
    ///
    /// @param from the first of them, from 0
    /// @param to the first that is none of them
    /// @throws IllegalArgumentException if these are no ids of the streams
    public Streams part(int from, int to) {
        if (from < 0 || to < from || to > ids.length) {
            throw new IllegalArgumentException(
                    "part: expected 0 <= from <= to <= %d, got %d and %d".formatted(ids.length, from, to));
        }
        return new Streams(Arrays.copyOfRange(ids, from, to), timeSteps);
    }

    @Override
    public Reader open(Request request) {
        Shape shape = Shape.of(Shape.BATCH, Shape.TIME);
        Signature signature = request.signature();
        if (!signature.isSingle() || !isIds(signature.x(), shape) || !isIds(signature.y(), shape)) {
            throw new IllegalArgumentException(
                    "streams: expected a model that takes INT32 [B,T] and gives classes for each step, got "
                            + signature);
        }
        int steps = (ids.length - 1) / request.batchSize();
        if (steps < 1) {
            throw new IllegalArgumentException("streams: expected at least %d ids for %d parallel streams, got %d"
                    .formatted(request.batchSize() + 1, request.batchSize(), ids.length));
        }
        return new StreamReader(request.batchSize(), steps);
    }

    private static boolean isIds(Part part, Shape shape) {
        return part.type() == DataType.INT32 && part.shape().equals(shape);
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
                int start = b * steps + first;
                long place = (long) b * count * Integer.BYTES;
                MemorySegment.copy(ids, start, batch.x(), ValueLayout.JAVA_INT, place, count);
                MemorySegment.copy(ids, start + 1, batch.y(), ValueLayout.JAVA_INT, place, count);
            }
            batch.filled(streams, count);
        }
    }
}
