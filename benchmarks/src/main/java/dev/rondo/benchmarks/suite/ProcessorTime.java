package dev.rondo.benchmarks.suite;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// The processor time of processes, by the nanosecond: what ProcessHandle says of it comes in units of 10 ms, in which a
/// thread that takes a third of a processor does not show.
///
/// From the clocks that Linux has for each process (`clock_getcpuclockid(3)`).
final class ProcessorTime {
    private static final int PROCESS = 2;
    private static final int THIS_THREAD = 3;
    private static final MethodHandle CLOCK_GETTIME = clockGettime();

    private ProcessorTime() {}

    /// What all threads of a process have used so far, those that have ended included; 0 if there is no such process.
    static long nanosOf(long pid) {
        return clock((int) (~pid << 3 | PROCESS));
    }

    /// What the calling thread has used so far.
    static long nanosOfThisThread() {
        return clock(THIS_THREAD);
    }

    private static long clock(int id) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment time = arena.allocate(ValueLayout.JAVA_LONG, 2);
            int code = (int) CLOCK_GETTIME.invokeExact(id, time);
            return code != 0
                    ? 0
                    : time.getAtIndex(ValueLayout.JAVA_LONG, 0) * 1_000_000_000
                            + time.getAtIndex(ValueLayout.JAVA_LONG, 1);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private static MethodHandle clockGettime() {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(
                linker.defaultLookup().findOrThrow("clock_gettime"),
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS));
    }
}
