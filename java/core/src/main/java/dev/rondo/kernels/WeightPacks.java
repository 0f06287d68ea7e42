package dev.rondo.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The packed forms of one set of parameters, shared by all programs that use them. A pack is made anew when the
/// parameters' version has changed.
public final class WeightPacks {
    /// The packed form of some parameters.
    public static final class Pack {
        private final MemorySegment memory;
        private volatile long version = -1;

        private Pack(MemorySegment memory) {
            this.memory = memory;
        }

        /// The packed bytes.
        public MemorySegment memory() {
            return memory;
        }

        /// Makes the pack if it is not of the given version. Threads that find another one at it wait.
        public void refresh(long wanted, Runnable packing) {
            if (version != wanted) {
                synchronized (this) {
                    if (version != wanted) {
                        packing.run();
                        version = wanted;
                    }
                }
            }
        }
    }

    private final Arena arena;
    private final Map<List<?>, Pack> packs = new HashMap<>();
    private volatile long version;

    /// No packs yet; they will live in the arena of the parameters.
    public WeightPacks(Arena arena) {
        this.arena = arena;
    }

    /// The version of the parameters.
    public long version() {
        return version;
    }

    /// Counts a change of the parameters.
    public synchronized void changed() {
        version++;
    }

    /// The pack of a key, with memory of the given size.
    public synchronized Pack pack(List<?> key, long bytes) {
        Pack pack = packs.get(key);
        if (pack == null) {
            pack = new Pack(arena.allocate(bytes, 64));
            packs.put(key, pack);
        }
        return pack;
    }
}
