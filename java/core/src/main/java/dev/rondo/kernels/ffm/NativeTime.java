package dev.rondo.kernels.ffm;

import dev.rondo.bindings.RondoNative;
import dev.rondo.bindings.rondo_pool_time;
import dev.rondo.bindings.rondo_pool_time_gradient;
import dev.rondo.bindings.rondo_time_copy;
import dev.rondo.bindings.rondo_windows;
import dev.rondo.bindings.rondo_windows_gradient;
import dev.rondo.graph.Op;
import dev.rondo.kernels.Instruction;
import dev.rondo.kernels.PlacesInTime;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import java.lang.foreign.MemorySegment;

/// Lowers operations over the steps of sequences `[B,T,...]`.
final class NativeTime {
    private final NativeCompiler compiler;

    NativeTime(NativeCompiler compiler) {
        this.compiler = compiler;
    }

    void lower(Instruction instruction, Op.InTime inTime) {
        switch (inTime) {
            case Op.MaskTime _ -> copy(instruction, RondoNative.RONDO_TIME_MASK());
            case Op.RealSteps op -> compiler.stage(PlacesInTime.find(instruction, op));
            case Op.CompactTime _ -> compiler.stage(PlacesInTime.take(instruction));
            case Op.CompactTimeGradient _ -> compiler.stage(PlacesInTime.put(instruction));
            case Op.ReverseTime _ -> copy(instruction, RondoNative.RONDO_TIME_REVERSE());
            case Op.PoolTime op -> pool(instruction, op);
            case Op.PoolTimeGradient op -> poolGradient(instruction, op);
            case Op.Windows op -> windows(instruction, op);
            case Op.WindowsGradient op -> windowsGradient(instruction, op);
        }
    }

    private static int batch(Shape shape, Extents extents) {
        return Math.toIntExact(shape.product(0, 1, extents));
    }

    private static int steps(Shape shape, Extents extents) {
        return Math.toIntExact(shape.product(1, 2, extents));
    }

    private static int features(Shape shape, Extents extents) {
        return Math.toIntExact(shape.product(2, shape.rank(), extents));
    }

    private void copy(Instruction instruction, int kind) {
        MemorySegment call = compiler.call(instruction, rondo_time_copy.layout(), RondoNative.RONDO_OP_TIME_COPY());
        rondo_time_copy.kind(call, kind);
        Shape shape = compiler.point(call, rondo_time_copy.x$offset(), instruction.input("x")).shape();
        compiler.pointIfPresent(call, rondo_time_copy.lengths$offset(), instruction.optionalInput("lengths"));
        compiler.point(call, rondo_time_copy.y$offset(), instruction.output("y"));
        compiler.resize(extents -> {
            rondo_time_copy.batch_size(call, batch(shape, extents));
            rondo_time_copy.time_steps(call, steps(shape, extents));
            rondo_time_copy.features(call, features(shape, extents));
        });
    }

    private static int kind(Op.PoolKind kind) {
        return switch (kind) {
            case SUM -> RondoNative.RONDO_POOL_SUM();
            case MEAN -> RondoNative.RONDO_POOL_MEAN();
            case MAX -> RondoNative.RONDO_POOL_MAX();
            case FIRST -> RondoNative.RONDO_POOL_FIRST();
            case LAST -> RondoNative.RONDO_POOL_LAST();
        };
    }

    private void pool(Instruction instruction, Op.PoolTime op) {
        MemorySegment call = compiler.call(instruction, rondo_pool_time.layout(), RondoNative.RONDO_OP_POOL_TIME());
        rondo_pool_time.kind(call, kind(op.kind()));
        Shape shape = compiler.point(call, rondo_pool_time.x$offset(), instruction.input("x")).shape();
        compiler.pointIfPresent(call, rondo_pool_time.lengths$offset(), instruction.optionalInput("lengths"));
        compiler.point(call, rondo_pool_time.y$offset(), instruction.output("y"));
        compiler.resize(extents -> {
            rondo_pool_time.batch_size(call, batch(shape, extents));
            rondo_pool_time.time_steps(call, steps(shape, extents));
            rondo_pool_time.features(call, features(shape, extents));
        });
    }

    private void poolGradient(Instruction instruction, Op.PoolTimeGradient op) {
        MemorySegment call = compiler.call(
                instruction, rondo_pool_time_gradient.layout(), RondoNative.RONDO_OP_POOL_TIME_GRADIENT());
        rondo_pool_time_gradient.kind(call, kind(op.kind()));
        compiler.pointIfPresent(call, rondo_pool_time_gradient.x$offset(), instruction.optionalInput("x"));
        compiler.pointIfPresent(call, rondo_pool_time_gradient.y$offset(), instruction.optionalInput("y"));
        compiler.point(call, rondo_pool_time_gradient.dy$offset(), instruction.input("dy"));
        compiler.pointIfPresent(
                call, rondo_pool_time_gradient.lengths$offset(), instruction.optionalInput("lengths"));
        Shape shape = compiler.point(call, rondo_pool_time_gradient.dx$offset(), instruction.output("dx")).shape();
        compiler.resize(extents -> {
            rondo_pool_time_gradient.batch_size(call, batch(shape, extents));
            rondo_pool_time_gradient.time_steps(call, steps(shape, extents));
            rondo_pool_time_gradient.features(call, features(shape, extents));
        });
    }

    private void windows(Instruction instruction, Op.Windows op) {
        MemorySegment call = compiler.call(instruction, rondo_windows.layout(), RondoNative.RONDO_OP_WINDOWS());
        rondo_windows.size(call, op.size());
        rondo_windows.stride(call, op.stride());
        rondo_windows.dilation(call, op.dilation());
        Shape x = compiler.point(call, rondo_windows.x$offset(), instruction.input("x")).shape();
        Shape y = compiler.point(call, rondo_windows.y$offset(), instruction.output("y")).shape();
        // The largest numbers of two symbols of time need not fit each other: what a run has is checked.
        compiler.resizeAtRun(extents -> {
            op.check(instruction.name(), steps(x, extents), steps(y, extents));
            rondo_windows.batch_size(call, batch(x, extents));
            rondo_windows.time_steps(call, steps(x, extents));
            rondo_windows.features(call, features(x, extents));
            rondo_windows.before(call, op.before(steps(x, extents)));
            rondo_windows.windows(call, steps(y, extents));
        });
    }

    private void windowsGradient(Instruction instruction, Op.WindowsGradient op) {
        MemorySegment call = compiler.call(
                instruction, rondo_windows_gradient.layout(), RondoNative.RONDO_OP_WINDOWS_GRADIENT());
        Op.Windows windows = op.windows();
        rondo_windows_gradient.size(call, windows.size());
        rondo_windows_gradient.stride(call, windows.stride());
        rondo_windows_gradient.dilation(call, windows.dilation());
        Shape y = compiler.point(call, rondo_windows_gradient.dy$offset(), instruction.input("dy")).shape();
        Shape x = compiler.point(call, rondo_windows_gradient.dx$offset(), instruction.output("dx")).shape();
        compiler.resizeAtRun(extents -> {
            windows.check(instruction.name(), steps(x, extents), steps(y, extents));
            rondo_windows_gradient.batch_size(call, batch(x, extents));
            rondo_windows_gradient.time_steps(call, steps(x, extents));
            rondo_windows_gradient.features(call, features(x, extents));
            rondo_windows_gradient.before(call, windows.before(steps(x, extents)));
            rondo_windows_gradient.windows(call, steps(y, extents));
        });
    }
}
