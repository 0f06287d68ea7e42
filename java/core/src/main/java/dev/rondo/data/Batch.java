package dev.rondo.data;

import java.lang.foreign.MemorySegment;

/// Where a [Dataset.Reader] puts the next batch: buffers that are used again and again, and how much of them it filled.
///
/// With `B = size()` and `T = timeSteps()`, the buffers begin with x `[B,T,...]` or `[B,...]`, y likewise, and
/// `lengths` `[B]`, each contiguous. What lies behind keeps its old contents.
public final class Batch {
    private final MemorySegment x;
    private final MemorySegment y;
    private final MemorySegment lengths;
    private int size;
    private int timeSteps;

    /// Over buffers large enough for the reader's largest batch.
    ///
    /// @param x int32 or float32, as the model's input
    /// @param y int32 or float32, as the loss's targets
    /// @param lengths int32; of no size where batches have no lengths
    public Batch(MemorySegment x, MemorySegment y, MemorySegment lengths) {
        this.x = x;
        this.y = y;
        this.lengths = lengths;
    }

    /// Says how much was filled.
    ///
    /// @param size number of examples or streams, B
    /// @param timeSteps T; 1 where there is no time
    public void filled(int size, int timeSteps) {
        this.size = size;
        this.timeSteps = timeSteps;
    }

    /// Inputs.
    public MemorySegment x() {
        return x;
    }

    /// Targets.
    public MemorySegment y() {
        return y;
    }

    /// The number of real steps of each sequence, in `0..T`.
    public MemorySegment lengths() {
        return lengths;
    }

    /// B.
    public int size() {
        return size;
    }

    /// T; 1 where there is no time.
    public int timeSteps() {
        return timeSteps;
    }
}
