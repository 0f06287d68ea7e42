package dev.rondo.kernels;

import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/// The sequences of a batch by their lengths, the longest first: those that a step belongs to are then the first ones,
/// and padded steps are not computed at all. Sequences of one length keep their order. Allocates nothing.
final class SequenceOrder {
    private final Shape shape;
    private final Optional<Buffer> lengths;
    private final int capacity;
    private final int[] sequences;
    private final int[] byRank;
    private final int[] active;
    private int batch;
    private int steps;

    /// @param shape of a sequence, `[B,T,...]`
    /// @param lengths of the sequences; absent where all have T
    SequenceOrder(Shape shape, Optional<Buffer> lengths, Extents largest) {
        this.shape = shape;
        this.lengths = lengths;
        capacity = Math.toIntExact(shape.product(1, 2, largest));
        sequences = new int[largest.batch()];
        byRank = new int[largest.batch()];
        active = new int[capacity + 2];
    }

    /// Orders the sequences of a run.
    ///
    /// @throws IllegalArgumentException if a length is out of range
    void load(Extents extents) {
        batch = extents.batch();
        steps = Math.toIntExact(shape.product(1, 2, extents));
        // First how many sequences are longer than s, then where those of each length begin.
        for (int s = 0; s <= steps; s++) {
            active[s] = 0;
        }
        for (int b = 0; b < batch; b++) {
            active[lengthOf(b)]++;
        }
        int longer = 0;
        for (int length = steps; length >= 0; length--) {
            int count = active[length];
            active[length] = longer;
            longer += count;
        }
        for (int b = 0; b < batch; b++) {
            int length = lengthOf(b);
            int rank = active[length]++;
            sequences[rank] = b;
            byRank[rank] = length;
        }
        // Each count has moved to the end of its sequences: back to where they begin.
        for (int rank = batch - 1; rank >= 0; rank--) {
            active[byRank[rank]]--;
        }
    }

    private int lengthOf(int b) {
        if (lengths.isEmpty()) {
            return steps;
        }
        Buffer buffer = lengths.get();
        int length = buffer.segment().getAtIndex(ValueLayout.JAVA_INT, b);
        if (length < 0 || length > steps) {
            throw new IllegalArgumentException(
                    "%s[%d]: expected 0 to %d, got %d".formatted(buffer.name(), b, steps, length));
        }
        return length;
    }

    /// The most steps of a run.
    int capacity() {
        return capacity;
    }

    int batch() {
        return batch;
    }

    int steps() {
        return steps;
    }

    /// How many sequences have the s-th step of the walk.
    int active(int s) {
        return active[s];
    }

    /// Which sequence stands at a place of the order.
    int sequence(int rank) {
        return sequences[rank];
    }

    /// The length of the sequence at a place of the order.
    int length(int rank) {
        return byRank[rank];
    }

    /// The length of the longest sequence.
    int longest() {
        return byRank[0];
    }
}
