package dev.rondo.data;

import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;

/// Examples to learn from or to be scored on.
///
/// A data set does not change and may be used by several runs at once; each opens a reader of its own.
public interface Dataset {

    /// Begins to read.
    ///
    /// @throws IllegalArgumentException if the data do not have the types and shapes asked for
    Reader open(Request request);

    /// Examples in memory.
    ///
    /// @param x inputs: int32 ids `[N,T]`, or float32 `[N,T,F]` or `[N,F]`
    /// @param y targets: int32 classes `[N]` or `[N,T]`, or float32 probabilities `[N,C]` or `[N,T,C]`
    static Examples of(Tensor x, Tensor y) {
        return new Examples(x, y);
    }

    /// One long text, or series of ids, of which each id is to be predicted from those before it.
    ///
    /// @param ids the text; at least two ids for each parallel stream
    /// @param timeSteps T: after how many steps the gradient is cut off (truncated backpropagation through time,
    ///     Williams & Peng 1990); the state goes on
    static Streams streams(int[] ids, int timeSteps) {
        return new Streams(ids, timeSteps);
    }

    /// The same data, with batches read ahead by a thread of its own: for readers that take their time, such as those that
    /// read files.
    ///
    /// @param ahead how many batches, at least 1; each takes the memory of the largest
    default Prefetched prefetched(int ahead) {
        return new Prefetched(this, ahead);
    }

    /// What a model and its loss take, with `B` and `T` as symbols.
    ///
    /// @param xType type of the input
    /// @param x shape of the input, such as `[B,T]` or `[B,T,12]`
    /// @param yType type of the targets
    /// @param y shape of the targets, such as `[B]` or `[B,T]`
    record Signature(DataType xType, Shape x, DataType yType, Shape y) {}

    /// How data are to be cut.
    ///
    /// @param signature what each batch holds
    /// @param batchSize examples of a batch, or parallel streams
    /// @param order in which an epoch takes the examples
    /// @param seed of that order
    record Request(Signature signature, int batchSize, Order order, long seed) {
        public Request {
            if (batchSize < 1) {
                throw new IllegalArgumentException("batchSize: expected at least 1, got " + batchSize);
            }
        }
    }

    /// Whether one batch goes on where the batch before it stopped.
    enum Continuity {
        /// Each batch stands for itself.
        SEPARATE,
        /// Row b of a batch goes on where row b of the batch before stopped, so recurrent states are carried over. They
        /// begin as zeros with each epoch.
        CARRIED
    }

    /// Whether the sequences of one batch may differ in length.
    enum Lengths {
        /// All have T steps.
        FULL,
        /// Each has its own; the steps behind it are padding.
        OWN
    }

    /// Reads a data set batch by batch. Which examples a batch holds follows from the request, the epoch and the
    /// batch's number alone, so a run that is resumed goes on in the middle of an epoch. Reading allocates nothing.
    interface Reader extends AutoCloseable {
        /// Number of batches in an epoch, at least 1.
        int batches();

        /// Number of examples or streams in the largest batch.
        int largestBatch();

        /// Number of time steps of the longest batch; 1 where there is no time.
        int largestTime();

        /// Whether batches go on from one another.
        Continuity continuity();

        /// Whether [Batch#lengths()] is filled.
        Lengths lengths();

        /// Sets the order of an epoch.
        ///
        /// @param epoch from 1
        void begin(int epoch);

        /// Reads one batch of the epoch.
        ///
        /// @param index from 0
        /// @param batch filled by this call
        void read(int index, Batch batch);

        /// Frees what the reader holds; here nothing. Whoever opened it closes it.
        @Override
        default void close() {}
    }
}
