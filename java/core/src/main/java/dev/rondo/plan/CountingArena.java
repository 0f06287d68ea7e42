package dev.rondo.plan;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;

/// A shared arena that knows how many bytes have been asked of it.
final class CountingArena implements Arena {
    private final Arena arena = Arena.ofShared();
    private final AtomicLong bytes = new AtomicLong();

    long bytes() {
        return bytes.get();
    }

    @Override
    public MemorySegment allocate(long byteSize, long byteAlignment) {
        MemorySegment segment = arena.allocate(byteSize, byteAlignment);
        bytes.addAndGet(byteSize);
        return segment;
    }

    @Override
    public MemorySegment.Scope scope() {
        return arena.scope();
    }

    @Override
    public void close() {
        arena.close();
    }
}
