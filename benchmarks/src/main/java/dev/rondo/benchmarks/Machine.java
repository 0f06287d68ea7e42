package dev.rondo.benchmarks;

import dev.rondo.bindings.RondoNative;
import dev.rondo.bindings.rondo_context_options;
import dev.rondo.bindings.rondo_error;
import dev.rondo.plan.Engine;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// The machine's float peak, measured.
final class Machine {
    private static final double SECONDS = 0.1;

    private Machine() {}

    /// A context of the given number of threads; rondo_context_destroy frees it.
    static MemorySegment context(int threads) {
        // The engine loads the library.
        Engine.inference().kernels(Engine.Choice.NATIVE).engine();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment options = rondo_context_options.allocate(arena);
            rondo_context_options.struct_size(options, (int) options.byteSize());
            rondo_context_options.isa(options, RondoNative.RONDO_ISA_AUTO());
            rondo_context_options.threads(options, threads);
            MemorySegment error = rondo_error.allocate(arena);
            MemorySegment context = arena.allocate(ValueLayout.ADDRESS);
            check(RondoNative.rondo_context_create(options, context, error), error);
            return context.get(ValueLayout.ADDRESS, 0);
        }
    }

    /// The peak of the given number of threads, in 1e9 float operations a second.
    static double peakGflops(int threads) {
        MemorySegment context = context(threads);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment error = rondo_error.allocate(arena);
            MemorySegment gflops = arena.allocate(ValueLayout.JAVA_DOUBLE);
            check(RondoNative.rondo_measure_fma(context, SECONDS, gflops, error), error);
            return gflops.get(ValueLayout.JAVA_DOUBLE, 0);
        } finally {
            RondoNative.rondo_context_destroy(context);
        }
    }

    private static void check(int status, MemorySegment error) {
        if (status != RondoNative.RONDO_OK()) {
            throw new IllegalStateException(rondo_error.text(error).getString(0));
        }
    }
}
