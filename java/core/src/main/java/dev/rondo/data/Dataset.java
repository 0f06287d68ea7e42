package dev.rondo.data;

import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.util.List;
import java.util.Map;

/// Examples to learn from or to be scored on.
///
/// A data set does not change and may be used by several runs at once; each opens a reader of its own.
public interface Dataset {

    /// Begins to read.
    ///
    /// @throws IllegalArgumentException if the data do not have the types and shapes asked for
    Reader open(Request request);

    /// Examples in memory, of one input and one target, for a model that has one of each, whatever they are called
    /// there.
    ///
    /// @param x inputs: int32 ids `[N,T]`, or float32 `[N,T,F]` or `[N,F]`
    /// @param y targets: int32 classes `[N]` or `[N,T]`, or float32 probabilities `[N,C]` or `[N,T,C]`
    /// @throws IllegalArgumentException if they have no rows, or not the same number
    static Examples of(Tensor x, Tensor y) {
        return of(Map.of(Examples.X, x), Map.of(Examples.Y, y));
    }

    /// Examples in memory, of several inputs or targets.
    ///
    /// ```java
    /// Dataset.of(Map.of("source", source, "target", shifted), Map.of("logits", target)).lengths("source", lengths)
    /// ```
    ///
    /// @param inputs of N examples each, by the names of the model's inputs
    /// @param targets of N examples each, by the names of the outputs that have a loss
    /// @throws IllegalArgumentException if there is none of either, or they have no rows, or not the same number
    static Examples of(Map<String, Tensor> inputs, Map<String, Tensor> targets) {
        return new Examples(inputs, targets);
    }

    /// One long text, or series of ids, of which each id is to be predicted from those before it.
    ///
    /// @param ids the text; at least two ids for each parallel stream
    /// @param timeSteps T: after how many steps the gradient is cut off (truncated backpropagation through time,
    ///     Williams & Peng 1990); the state goes on
    static Streams streams(int[] ids, int timeSteps) {
        return Streams.of(ids, timeSteps);
    }

    /// One long series with a target for each step, such as the states of a machine beside what its sensors told: what
    /// Keras has `stateful` for.
    ///
    /// @param x int32 `[rows]` of ids, or float32 `[rows,F]`; copied
    /// @param y int32 `[rows]` of classes, or float32 `[rows,K]`; copied
    /// @param timeSteps T: after how many steps the gradient is cut off; the state goes on
    /// @throws IllegalArgumentException if they are of other types or shapes, or not of as many rows
    static Streams streams(Tensor x, Tensor y, int timeSteps) {
        return Streams.of(x, y, timeSteps);
    }

    /// The same data, with batches read ahead by a thread of its own: for readers that take their time, such as those that
    /// read files.
    ///
    /// @param ahead how many batches, at least 1; each takes the memory of the largest
    default Prefetched prefetched(int ahead) {
        return new Prefetched(this, ahead);
    }

    /// A part of what a model and its losses take: an input, or the targets of an output.
    ///
    /// @param name of the input or the output
    /// @param type INT32 or FLOAT32
    /// @param shape with `B` first and, where there is time, its symbol next, such as `[B,T]` or `[B,T1,12]`
    record Part(String name, DataType type, Shape shape) {
        /// Whether it has time steps.
        public boolean isTimed() {
            return shape.rank() > 1 && Shape.isTime(shape.dim(1));
        }

        /// Which symbol its time steps have: k of [Shape#time].
        ///
        /// @throws IllegalStateException if it has none
        public int time() {
            if (!isTimed()) {
                throw new IllegalStateException("%s: expected a part with time, got %s".formatted(name, shape));
            }
            return Shape.TIME - shape.dim(1);
        }

        @Override
        public String toString() {
            return name + " " + type + " " + shape;
        }
    }

    /// What a model and its losses take.
    ///
    /// @param inputs of the model, one or more, in its order
    /// @param targets of its losses, one or more, in their order
    record Signature(List<Part> inputs, List<Part> targets) {
        public Signature {
            inputs = List.copyOf(inputs);
            targets = List.copyOf(targets);
            if (inputs.isEmpty() || targets.isEmpty()) {
                throw new IllegalArgumentException(
                        "signature: expected inputs and targets, got %s and %s".formatted(inputs, targets));
            }
        }

        /// Of one input and one target.
        ///
        /// @param xType type of the input
        /// @param x shape of the input, such as `[B,T]` or `[B,T,12]`
        /// @param yType type of the targets
        /// @param y shape of the targets, such as `[B]` or `[B,T]`
        public Signature(DataType xType, Shape x, DataType yType, Shape y) {
            this(List.of(new Part(Examples.X, xType, x)), List.of(new Part(Examples.Y, yType, y)));
        }

        /// Whether there is one input and one target.
        public boolean isSingle() {
            return inputs.size() == 1 && targets.size() == 1;
        }

        /// The input; of several the first.
        public Part x() {
            return inputs.getFirst();
        }

        /// The targets; of several the first.
        public Part y() {
            return targets.getFirst();
        }

        /// How many symbols of time there are, up to the last that a part has; 1 where there is no time.
        public int times() {
            int times = 1;
            for (List<Part> parts : List.of(inputs, targets)) {
                for (Part part : parts) {
                    times = part.isTimed() ? Math.max(times, part.time() + 1) : times;
                }
            }
            return times;
        }
    }

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
        /// All have all steps.
        FULL,
        /// Each has its own; the steps behind it are padding.
        OWN
    }

    /// How much examples or steps count in a loss.
    enum Weights {
        /// All alike.
        EQUAL,
        /// Each sequence has a weight, float32 `[B]`, which is that of all its steps.
        SEQUENCES,
        /// Each step has a weight, float32 `[B,T]` of the time of the targets.
        STEPS
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

        /// The most of everything that a batch may have: examples, and time steps of each symbol of the signature.
        /// Readers of more than one symbol override it.
        default Extents largest() {
            return Extents.of(largestBatch(), largestTime());
        }

        /// Whether batches go on from one another.
        Continuity continuity();

        /// Whether [Batch#lengths(int)] are filled, for every symbol of time.
        Lengths lengths();

        /// Whether [Batch#weights(int)] of some targets are filled, and with what.
        ///
        /// @param target their place among the signature's targets
        default Weights weights(int target) {
            return Weights.EQUAL;
        }

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
