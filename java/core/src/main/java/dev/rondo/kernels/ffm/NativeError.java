package dev.rondo.kernels.ffm;

import dev.rondo.bindings.rondo_error;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// What a `rondo_error` says. The bindings' class for it is left alone until there is an error: to link its handles takes
/// some 20 ms, for which the first prediction of every process would wait.
final class NativeError {
    /// The size of a `rondo_error`.
    static final long BYTES = 512;

    private NativeError() {}

    /// Memory for one.
    static MemorySegment allocate(Arena arena) {
        return arena.allocate(BYTES, ValueLayout.JAVA_INT.byteAlignment());
    }

    /// The index of the call that failed, -1 where there is none.
    static int call(MemorySegment error) {
        return rondo_error.call(error);
    }

    /// What was expected and what came.
    static String text(MemorySegment error) {
        return rondo_error.text(error).getString(0);
    }
}
