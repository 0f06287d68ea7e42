package dev.rondo.benchmarks;

import dev.rondo.bindings.RondoNative;
import dev.rondo.bindings.rondo_context_options;
import dev.rondo.bindings.rondo_error;
import dev.rondo.plan.Engine;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// What it costs to get into native code and back, in nanoseconds.
///
/// ```
/// ./rondo bench jmh DowncallBenchmark
/// ```
///
/// `version` is the plainest downcall there is; `emptyRun` adds what guards the eight arguments of `rondo_run` and its
/// own checks, without any work in its list.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(3)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class DowncallBenchmark {
    private Arena arena;
    private MemorySegment context;
    private MemorySegment calls;
    private MemorySegment error;

    /// Makes a context and checks both calls.
    @Setup(Level.Trial)
    public void setUp() {
        // The engine loads the library.
        Engine.inference().kernels(Engine.Choice.NATIVE).engine();
        arena = Arena.ofShared();
        context = context(arena);
        calls = arena.allocate(8, 8);
        error = rondo_error.allocate(arena);
        if (RondoNative.rondo_abi() != RondoNative.RONDO_ABI_VERSION() || emptyRun() != RondoNative.RONDO_OK()) {
            throw new IllegalStateException("version " + RondoNative.rondo_abi() + ", status " + emptyRun());
        }
    }

    private static MemorySegment context(Arena arena) {
        MemorySegment options = rondo_context_options.allocate(arena);
        rondo_context_options.struct_size(options, (int) options.byteSize());
        rondo_context_options.isa(options, RondoNative.RONDO_ISA_AUTO());
        rondo_context_options.threads(options, 1);
        MemorySegment context = arena.allocate(ValueLayout.ADDRESS);
        int status = RondoNative.rondo_context_create(options, context, MemorySegment.NULL);
        if (status != RondoNative.RONDO_OK()) {
            throw new IllegalStateException("no context: status " + status);
        }
        return context.get(ValueLayout.ADDRESS, 0);
    }

    /// Frees them.
    @TearDown(Level.Trial)
    public void tearDown() {
        RondoNative.rondo_context_destroy(context);
        arena.close();
    }

    /// A function that does nothing, of one argument.
    @Benchmark
    public void destroyNothing() {
        RondoNative.rondo_context_destroy(MemorySegment.NULL);
    }

    /// An empty list of calls.
    @Benchmark
    public int emptyRun() {
        return RondoNative.rondo_run(context, calls, 0, error, calls, calls, calls, calls);
    }
}
