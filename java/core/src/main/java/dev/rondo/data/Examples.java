package dev.rondo.data;

import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;

/// Examples in memory, one a row. The tensors are read where they lie, so they must not change while a run uses them.
///
/// With lengths, a batch has only as many time steps as its longest sequence.
public final class Examples implements Dataset {
    private final Tensor x;
    private final Tensor y;
    private final Optional<int[]> lengths;
    private final OptionalInt pool;

    Examples(Tensor x, Tensor y) {
        this(x, y, Optional.empty(), OptionalInt.empty());
    }

    private Examples(Tensor x, Tensor y, Optional<int[]> lengths, OptionalInt pool) {
        this.x = x;
        this.y = y;
        this.lengths = lengths;
        this.pool = pool;
        if (x.shape().rank() == 0 || y.shape().rank() == 0 || x.shape().dim(0) != y.shape().dim(0)) {
            throw new IllegalArgumentException(
                    "y: expected as many rows as x %s, got %s".formatted(x.shape(), y.shape()));
        }
        if (size() == 0) {
            throw new IllegalArgumentException("x: expected at least one example, got " + x.shape());
        }
    }

    /// With the number of real steps of each sequence; what lies behind is padding, which changes neither the loss nor
    /// any metric, whatever it holds.
    ///
    /// @param lengths one for each example, in `1..T`
    public Examples lengths(int... lengths) {
        if (lengths.length != size()) {
            throw new IllegalArgumentException(
                    "lengths: expected one for each of %d examples, got %d".formatted(size(), lengths.length));
        }
        int time = x.shape().rank() < 2 ? 1 : x.shape().dim(1);
        for (int i = 0; i < lengths.length; i++) {
            if (lengths[i] < 1 || lengths[i] > time) {
                throw new IllegalArgumentException(
                        "lengths[%d]: expected 1..%d, got %d".formatted(i, time, lengths[i]));
            }
        }
        return new Examples(x, y, Optional.of(lengths.clone()), pool);
    }

    /// With batches of sequences of like lengths, so that there is less padding to run over. Where an epoch is shuffled,
    /// the shuffled examples are taken in pools of some batches each, each pool is sorted by length and cut into batches,
    /// and the batches are shuffled; the smaller batch that is left stays last. It follows from the seed and the epoch
    /// alone. Examples that are read in their own order are not sorted.
    ///
    /// @param pool batches of a pool, at least 1: the more, the less padding, and the less random the batches
    /// @throws IllegalStateException if the examples have no lengths
    public Examples bucketed(int pool) {
        if (pool < 1) {
            throw new IllegalArgumentException("pool: expected at least 1, got " + pool);
        }
        if (lengths.isEmpty()) {
            throw new IllegalStateException("bucketed: expected examples with lengths, got ones without");
        }
        return new Examples(x, y, lengths, OptionalInt.of(pool));
    }

    /// Some of the examples, as [Split] tells, in memory of their own.
    ///
    /// @param rows each in `0..size-1`, in the order they will have
    /// @throws IllegalArgumentException if there is none, or one is out of range
    public Examples select(int... rows) {
        for (int i = 0; i < rows.length; i++) {
            if (rows[i] < 0 || rows[i] >= size()) {
                throw new IllegalArgumentException(
                        "rows[%d]: expected 0..%d, got %d".formatted(i, size() - 1, rows[i]));
            }
        }
        Optional<int[]> own = lengths.map(all -> Arrays.stream(rows).map(row -> all[row]).toArray());
        return new Examples(select(x, rows), select(y, rows), own, pool);
    }

    private static Tensor select(Tensor tensor, int[] rows) {
        int[] dims = tensor.shape().dims();
        long rowBytes = tensor.segment().byteSize() / dims[0];
        dims[0] = rows.length;
        Tensor selected = Tensor.zeros(tensor.type(), dims);
        for (int i = 0; i < rows.length; i++) {
            MemorySegment.copy(tensor.segment(), rows[i] * rowBytes, selected.segment(), i * rowBytes, rowBytes);
        }
        return selected;
    }

    /// Number of examples.
    public int size() {
        return x.shape().dim(0);
    }

    /// The inputs.
    public Tensor x() {
        return x;
    }

    /// The targets.
    public Tensor y() {
        return y;
    }

    @Override
    public Reader open(Request request) {
        Signature signature = request.signature();
        int time = check("x", x, signature.xType(), signature.x(), 0);
        time = check("y", y, signature.yType(), signature.y(), time);
        if (lengths.isPresent() && time == 0) {
            throw new IllegalArgumentException(
                    "lengths: expected none, since the model takes " + signature.x() + ", which has no time");
        }
        return new ExampleReader(request, Math.max(time, 1));
    }

    /// @param time the number of time steps so far, 0 where it is not known
    /// @return the number of time steps, 0 where it is still not known
    private static int check(String name, Tensor tensor, DataType type, Shape shape, int time) {
        boolean fits = tensor.type() == type && tensor.shape().rank() == shape.rank();
        int found = time;
        for (int axis = 1; fits && axis < shape.rank(); axis++) {
            int expected = shape.dim(axis);
            int actual = tensor.shape().dim(axis);
            if (expected == Shape.TIME) {
                fits = actual >= 1 && (found == 0 || found == actual);
                found = actual;
            } else {
                fits = expected == actual;
            }
        }
        if (!fits) {
            throw new IllegalArgumentException("%s: expected %s %s%s, got %s %s"
                    .formatted(name, type, shape, time == 0 ? "" : " with T = " + time, tensor.type(), tensor.shape()));
        }
        return found;
    }

    /// Rows of one tensor, of which the first steps are copied.
    private record Rows(MemorySegment source, long rowBytes, long stepBytes) {
        static Rows of(Tensor tensor, Shape shape, int time) {
            long rowBytes = tensor.elements() / tensor.shape().dim(0) * tensor.type().bytes();
            boolean timed = shape.rank() > 1 && shape.dim(1) == Shape.TIME;
            return new Rows(tensor.segment(), rowBytes, timed ? rowBytes / time : 0);
        }

        /// Copies a row as the batch's `place`-th.
        void copy(int row, MemorySegment target, int place, int timeSteps) {
            long bytes = stepBytes == 0 ? rowBytes : stepBytes * timeSteps;
            MemorySegment.copy(source, row * rowBytes, target, place * bytes, bytes);
        }
    }

    private final class ExampleReader implements Reader {
        private final Request request;
        private final int time;
        private final int[] order = new int[size()];
        private final Rows xRows;
        private final Rows yRows;

        ExampleReader(Request request, int time) {
            this.request = request;
            this.time = time;
            this.xRows = Rows.of(x, request.signature().x(), time);
            this.yRows = Rows.of(y, request.signature().y(), time);
            begin(1);
        }

        @Override
        public int batches() {
            return Math.ceilDiv(size(), request.batchSize());
        }

        @Override
        public int largestBatch() {
            return Math.min(size(), request.batchSize());
        }

        @Override
        public int largestTime() {
            return time;
        }

        @Override
        public Continuity continuity() {
            return Continuity.SEPARATE;
        }

        @Override
        public Lengths lengths() {
            return lengths.isPresent() ? Lengths.OWN : Lengths.FULL;
        }

        @Override
        public void begin(int epoch) {
            for (int i = 0; i < order.length; i++) {
                order[i] = i;
            }
            if (request.order() == Order.SHUFFLED) {
                Seeds.shuffle(order, Seeds.generator(request.seed(), "shuffle", epoch));
                if (pool.isPresent()) {
                    bucket(pool.getAsInt(), lengths.orElseThrow(), epoch);
                }
            }
        }

        private void bucket(int pool, int[] lengths, int epoch) {
            int batch = request.batchSize();
            long poolSize = (long) pool * batch;
            for (long first = 0; first < order.length; first += poolSize) {
                sort(lengths, (int) first, (int) Math.min(order.length, first + poolSize));
            }
            int[] batches = new int[order.length / batch];
            Arrays.setAll(batches, i -> i);
            Seeds.shuffle(batches, Seeds.generator(request.seed(), "shuffle batches", epoch));
            int[] sorted = order.clone();
            for (int i = 0; i < batches.length; i++) {
                System.arraycopy(sorted, batches[i] * batch, order, i * batch, batch);
            }
        }

        /// Sorts a part of the order by length; equally long ones stay as they are.
        private void sort(int[] lengths, int from, int to) {
            long[] keys = new long[to - from];
            for (int i = 0; i < keys.length; i++) {
                keys[i] = (long) lengths[order[from + i]] << 32 | i;
            }
            Arrays.sort(keys);
            int[] shuffled = Arrays.copyOfRange(order, from, to);
            for (int i = 0; i < keys.length; i++) {
                order[from + i] = shuffled[(int) keys[i]];
            }
        }

        @Override
        public void read(int index, Batch batch) {
            int first = index * request.batchSize();
            int count = Math.min(request.batchSize(), size() - first);
            int timeSteps = lengths.isPresent() ? longest(lengths.get(), first, count) : time;
            for (int i = 0; i < count; i++) {
                int row = order[first + i];
                xRows.copy(row, batch.x(), i, timeSteps);
                yRows.copy(row, batch.y(), i, timeSteps);
                if (lengths.isPresent()) {
                    batch.lengths().setAtIndex(ValueLayout.JAVA_INT, i, lengths.get()[row]);
                }
            }
            batch.filled(count, timeSteps);
        }

        private int longest(int[] lengths, int first, int count) {
            int longest = 1;
            for (int i = first; i < first + count; i++) {
                longest = Math.max(longest, lengths[order[i]]);
            }
            return longest;
        }
    }
}
