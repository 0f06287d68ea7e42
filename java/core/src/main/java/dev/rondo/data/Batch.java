package dev.rondo.data;

import dev.rondo.tensor.Extents;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/// Where a [Dataset.Reader] puts the next batch: buffers that are used again and again, and how much of them it filled.
///
/// With `B = size()` and `T = timeSteps()`, the buffers begin with the inputs `[B,T,...]` or `[B,...]`, the targets
/// likewise, and lengths `[B]`, each contiguous; T stands for the symbol of time that the part has in the
/// [Dataset.Signature]. What lies behind keeps its old contents.
public final class Batch {
    private final List<MemorySegment> inputs;
    private final List<MemorySegment> targets;
    private final List<MemorySegment> lengths;
    private final List<MemorySegment> weights;
    private final int[] times;
    private int size;

    /// Of one input and one target, over buffers large enough for the reader's largest batch.
    ///
    /// @param x int32 or float32, as the model's input
    /// @param y int32 or float32, as the loss's targets
    /// @param lengths int32; of no size where batches have no lengths
    public Batch(MemorySegment x, MemorySegment y, MemorySegment lengths) {
        this(List.of(x), List.of(y), List.of(lengths));
    }

    /// Without weights, over buffers large enough for the reader's largest batch.
    ///
    /// @param inputs int32 or float32, in the order of the signature's inputs
    /// @param targets int32 or float32, in the order of the signature's targets
    /// @param lengths int32, one for each symbol of time; of no size where the sequences of a symbol have no lengths
    /// @throws IllegalArgumentException if one of the three is empty
    public Batch(List<MemorySegment> inputs, List<MemorySegment> targets, List<MemorySegment> lengths) {
        this(inputs, targets, lengths, Collections.nCopies(targets.size(), MemorySegment.NULL));
    }

    /// Over buffers large enough for the reader's largest batch.
    ///
    /// @param inputs int32 or float32, in the order of the signature's inputs
    /// @param targets int32 or float32, in the order of the signature's targets
    /// @param lengths int32, one for each symbol of time; of no size where the sequences of a symbol have no lengths
    /// @param weights float32, one for each of the targets; of no size where they have none
    /// @throws IllegalArgumentException if one of the first three is empty, or there are not as many weights as targets
    public Batch(
            List<MemorySegment> inputs,
            List<MemorySegment> targets,
            List<MemorySegment> lengths,
            List<MemorySegment> weights) {
        if (weights.size() != targets.size()) {
            throw new IllegalArgumentException(
                    "weights: expected %d, one for each of the targets, got %d"
                            .formatted(targets.size(), weights.size()));
        }
        if (inputs.isEmpty() || targets.isEmpty() || lengths.isEmpty()) {
            throw new IllegalArgumentException(
                    "batch: expected at least one of inputs, targets and lengths, got %d, %d and %d"
                            .formatted(inputs.size(), targets.size(), lengths.size()));
        }
        this.inputs = List.copyOf(inputs);
        this.targets = List.copyOf(targets);
        this.lengths = List.copyOf(lengths);
        this.weights = List.copyOf(weights);
        times = new int[lengths.size()];
        Arrays.fill(times, 1);
    }

    /// Says how much was filled, where there is one symbol of time or none.
    ///
    /// @param size number of examples or streams, B
    /// @param timeSteps T; 1 where there is no time
    /// @throws IllegalArgumentException if there are more symbols, or a number is below 1
    public void filled(int size, int timeSteps) {
        checkFilled(1, size);
        checkSteps(timeSteps);
        this.size = size;
        times[0] = timeSteps;
    }

    /// Says how much was filled.
    ///
    /// @param size number of examples or streams, B
    /// @param timeSteps of each symbol of time; 1 where no part has it. Copied
    /// @throws IllegalArgumentException if there are not as many as symbols, or a number is below 1
    public void filled(int size, int... timeSteps) {
        checkFilled(timeSteps.length, size);
        for (int steps : timeSteps) {
            checkSteps(steps);
        }
        this.size = size;
        System.arraycopy(timeSteps, 0, times, 0, times.length);
    }

    private void checkFilled(int count, int examples) {
        if (count != times.length) {
            throw new IllegalArgumentException(
                    "timeSteps: expected %d numbers, one for each symbol of time, got %d"
                            .formatted(times.length, count));
        }
        if (examples < 1) {
            throw new IllegalArgumentException("size: expected at least 1, got " + examples);
        }
    }

    private static void checkSteps(int steps) {
        if (steps < 1) {
            throw new IllegalArgumentException("timeSteps: expected at least 1, got " + steps);
        }
    }

    /// Takes how much was filled over from another batch of the same signature.
    void filledAs(Batch other) {
        filled(other.size, other.times);
    }

    /// The inputs; of several the first.
    public MemorySegment x() {
        return inputs.getFirst();
    }

    /// The targets; of several the first.
    public MemorySegment y() {
        return targets.getFirst();
    }

    /// An input.
    ///
    /// @param index its place among the signature's inputs
    /// @throws IllegalArgumentException if there is none
    public MemorySegment input(int index) {
        return at("input", inputs, index);
    }

    /// The targets of an output.
    ///
    /// @param index their place among the signature's targets
    /// @throws IllegalArgumentException if there are none
    public MemorySegment target(int index) {
        return at("target", targets, index);
    }

    /// The number of real steps of each sequence, in `0..T`; of several symbols of time those of T.
    public MemorySegment lengths() {
        return lengths.getFirst();
    }

    /// The number of real steps of each sequence of a symbol of time.
    ///
    /// @param k the symbol, as in [dev.rondo.tensor.Shape#time]
    /// @throws IllegalArgumentException if there is none
    public MemorySegment lengths(int k) {
        return at("lengths", lengths, k);
    }

    /// How much the sequences or steps of some targets count, see [Dataset.Weights].
    ///
    /// @param index the place of the targets among the signature's
    /// @throws IllegalArgumentException if there are none
    public MemorySegment weights(int index) {
        return at("weights", weights, index);
    }

    /// How many symbols of time there are, at least 1.
    public int times() {
        return times.length;
    }

    private static MemorySegment at(String what, List<MemorySegment> all, int index) {
        if (index < 0 || index >= all.size()) {
            throw new IllegalArgumentException("%s: expected 0..%d, got %d".formatted(what, all.size() - 1, index));
        }
        return all.get(index);
    }

    List<MemorySegment> inputs() {
        return inputs;
    }

    List<MemorySegment> targets() {
        return targets;
    }

    List<MemorySegment> allLengths() {
        return lengths;
    }

    List<MemorySegment> allWeights() {
        return weights;
    }

    /// B.
    public int size() {
        return size;
    }

    /// T; 1 where there is no time.
    public int timeSteps() {
        return times[0];
    }

    /// The time steps of a symbol of time.
    ///
    /// @param k as in [dev.rondo.tensor.Shape#time]
    /// @throws IllegalArgumentException if there is none
    public int timeSteps(int k) {
        if (k < 0 || k >= times.length) {
            throw new IllegalArgumentException("timeSteps: expected 0..%d, got %d".formatted(times.length - 1, k));
        }
        return times[k];
    }

    /// B and the time steps of each symbol.
    ///
    /// @throws IllegalArgumentException if nothing was filled yet
    public Extents extents() {
        return Extents.of(size, times);
    }
}
