package dev.rondo.kernels;

import dev.rondo.tensor.Extents;
import java.lang.foreign.MemorySegment;

/// A compiled list of instructions. Used by one thread at a time; allocates nothing after its first run. Between runs its
/// buffers may get other memory, see [Buffer#segment(MemorySegment)].
public interface Program {
    /// Executes the instructions.
    ///
    /// @param extents batch and time steps, at most the compilation's
    /// @param lent four segments, one of each arena that buffers were bound to; [MemorySegment#NULL] for none. The
    ///     program keeps these arenas open during the run.
    /// @throws IllegalArgumentException if an id, label or length is out of range
    void run(Extents extents, MemorySegment[] lent);
}
