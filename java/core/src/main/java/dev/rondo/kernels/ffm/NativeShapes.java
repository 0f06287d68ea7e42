package dev.rondo.kernels.ffm;

import dev.rondo.bindings.RondoNative;
import dev.rondo.bindings.rondo_batch_gemm;
import dev.rondo.bindings.rondo_broadcast;
import dev.rondo.bindings.rondo_copy;
import dev.rondo.graph.Op;
import dev.rondo.kernels.Buffer;
import dev.rondo.kernels.Instruction;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;

/// Lowers operations on shapes to copies by strides, and what repeats its operands to calls by strides.
final class NativeShapes {
    private final NativeCompiler compiler;

    NativeShapes(NativeCompiler compiler) {
        this.compiler = compiler;
    }

    void lower(Instruction instruction, Op.Shaping shaping) {
        switch (shaping) {
            case Op.Reshape _ -> reshape(instruction);
            case Op.Broadcast _ -> repeat(instruction);
            case Op.Permute op -> permute(instruction, op);
            case Op.Concat op -> concat(instruction, op);
            case Op.Slice op -> slice(instruction, op);
            case Op.SliceGradient op -> sliceGradient(instruction, op);
        }
    }

    void broadcast(Instruction instruction, int kind) {
        MemorySegment call =
                compiler.call(instruction, rondo_broadcast.layout(), RondoNative.RONDO_OP_BROADCAST());
        rondo_broadcast.kind(call, kind);
        Shape a = compiler.point(call, rondo_broadcast.a$offset(), instruction.input("a")).shape();
        Shape b = compiler.point(call, rondo_broadcast.b$offset(), instruction.input("b")).shape();
        Shape y = compiler.point(call, rondo_broadcast.y$offset(), instruction.output("y")).shape();
        rondo_broadcast.axes(call, y.rank());
        compiler.resize(extents -> {
            for (int axis = 0; axis < y.rank(); axis++) {
                put(call, rondo_broadcast.sizes$offset(), axis, y.product(axis, axis + 1, extents));
                put(call, rondo_broadcast.a_strides$offset(), axis, stride(a, y, axis, extents));
                put(call, rondo_broadcast.b_strides$offset(), axis, stride(b, y, axis, extents));
            }
        });
    }

    /// How far apart the elements of an operand are that an axis of the result takes: 0 where it repeats one.
    private static long stride(Shape operand, Shape result, int axis, Extents extents) {
        int own = axis - (result.rank() - operand.rank());
        return own < 0 || operand.dim(own) == 1 ? 0 : operand.product(own + 1, operand.rank(), extents);
    }

    private static void put(MemorySegment call, long offset, int index, long value) {
        call.set(ValueLayout.JAVA_LONG, offset + (long) index * Long.BYTES, value);
    }

    /// A copy whose axes are still to be told.
    private MemorySegment copy(Instruction instruction, Buffer x, Buffer y, int axes) {
        MemorySegment call = compiler.call(instruction, rondo_copy.layout(), RondoNative.RONDO_OP_COPY());
        compiler.point(call, rondo_copy.x$offset(), x);
        compiler.point(call, rondo_copy.y$offset(), y);
        rondo_copy.axes(call, axes);
        return call;
    }

    private static void axis(MemorySegment call, int axis, long size, long xStride, long yStride) {
        put(call, rondo_copy.sizes$offset(), axis, size);
        put(call, rondo_copy.x_strides$offset(), axis, xStride);
        put(call, rondo_copy.y_strides$offset(), axis, yStride);
    }

    private void reshape(Instruction instruction) {
        Buffer x = instruction.input("x");
        MemorySegment call = copy(instruction, x, instruction.output("y"), 1);
        compiler.resize(extents -> axis(call, 0, x.shape().elements(extents), 1, 1));
    }

    private void repeat(Instruction instruction) {
        Shape x = instruction.input("x").shape();
        Shape y = instruction.output("y").shape();
        MemorySegment call = copy(instruction, instruction.input("x"), instruction.output("y"), y.rank());
        compiler.resize(extents -> {
            for (int axis = 0; axis < y.rank(); axis++) {
                axis(call, axis, y.product(axis, axis + 1, extents), stride(x, y, axis, extents),
                        y.product(axis + 1, y.rank(), extents));
            }
        });
    }

    private void permute(Instruction instruction, Op.Permute op) {
        Shape x = instruction.input("x").shape();
        Shape y = instruction.output("y").shape();
        MemorySegment call = copy(instruction, instruction.input("x"), instruction.output("y"), y.rank());
        compiler.resize(extents -> {
            for (int axis = 0; axis < y.rank(); axis++) {
                axis(call, axis, y.product(axis, axis + 1, extents),
                        x.product(op.axes().get(axis) + 1, x.rank(), extents),
                        y.product(axis + 1, y.rank(), extents));
            }
        });
    }

    private void concat(Instruction instruction, Op.Concat op) {
        Buffer y = instruction.output("y");
        int axis = op.axis();
        int first = 0;
        for (Map.Entry<String, Buffer> part : instruction.inputs().entrySet()) {
            Shape shape = part.getValue().shape();
            MemorySegment call = copy(instruction, part.getValue(), y, 2);
            int from = first;
            compiler.resize(extents -> {
                long width = shape.product(axis, shape.rank(), extents);
                axis(call, 0, shape.product(0, axis, extents), width, y.shape().product(axis, y.shape().rank(), extents));
                axis(call, 1, width, 1, 1);
                rondo_copy.y_offset(call, from * shape.product(axis + 1, shape.rank(), extents));
            });
            first += shape.dim(axis);
        }
    }

    private void slice(Instruction instruction, Op.Slice op) {
        Buffer x = instruction.input("x");
        Shape shape = x.shape();
        MemorySegment call = copy(instruction, x, instruction.output("y"), 2);
        compiler.resizeAtRun(extents -> {
            int extent = extent(instruction, op, shape, extents);
            long inner = shape.product(op.axis() + 1, shape.rank(), extents);
            long width = (op.end(extent) - op.begin(extent)) * inner;
            axis(call, 0, shape.product(0, op.axis(), extents), extent * inner, width);
            axis(call, 1, width, 1, 1);
            rondo_copy.x_offset(call, op.begin(extent) * inner);
        });
    }

    /// Zeros everywhere, then dy in its place.
    private void sliceGradient(Instruction instruction, Op.SliceGradient op) {
        Buffer dx = instruction.output("dx");
        Op.Slice slice = op.slice();
        Shape shape = op.shape();
        MemorySegment zeros = compiler.call(instruction, rondo_copy.layout(), RondoNative.RONDO_OP_COPY());
        rondo_copy.x(zeros, compiler.allocate(Float.BYTES));
        compiler.point(zeros, rondo_copy.y$offset(), dx);
        rondo_copy.axes(zeros, 1);
        MemorySegment call = copy(instruction, instruction.input("dy"), dx, 2);
        compiler.resizeAtRun(extents -> {
            axis(zeros, 0, shape.elements(extents), 0, 1);
            int extent = extent(instruction, slice, shape, extents);
            long inner = shape.product(slice.axis() + 1, shape.rank(), extents);
            long width = (slice.end(extent) - slice.begin(extent)) * inner;
            axis(call, 0, shape.product(0, slice.axis(), extents), width, extent * inner);
            axis(call, 1, width, 1, 1);
            rondo_copy.y_offset(call, slice.begin(extent) * inner);
        });
    }

    private static int extent(Instruction instruction, Op.Slice slice, Shape shape, Extents extents) {
        int extent = Math.toIntExact(shape.product(slice.axis(), slice.axis() + 1, extents));
        slice.check(instruction.name(), extent);
        return extent;
    }

    void batchMatMul(Instruction instruction, Op.BatchMatMul op) {
        MemorySegment call =
                compiler.call(instruction, rondo_batch_gemm.layout(), RondoNative.RONDO_OP_BATCH_GEMM());
        boolean transposeA = op.transpose().a();
        rondo_batch_gemm.transpose_a(call, transposeA ? 1 : 0);
        rondo_batch_gemm.transpose_b(call, op.transpose().b() ? 1 : 0);
        Shape a = compiler.point(call, rondo_batch_gemm.a$offset(), instruction.input("a")).shape();
        compiler.point(call, rondo_batch_gemm.b$offset(), instruction.input("b"));
        Shape y = compiler.point(call, rondo_batch_gemm.c$offset(), instruction.output("y")).shape();
        int rank = y.rank();
        int inner = transposeA ? rank - 2 : rank - 1;
        compiler.resize(extents -> {
            rondo_batch_gemm.batch(call, Math.toIntExact(y.product(0, rank - 2, extents)));
            rondo_batch_gemm.m(call, Math.toIntExact(y.product(rank - 2, rank - 1, extents)));
            rondo_batch_gemm.n(call, Math.toIntExact(y.product(rank - 1, rank, extents)));
            rondo_batch_gemm.k(call, Math.toIntExact(a.product(inner, inner + 1, extents)));
        });
        compiler.useScratch(call, rondo_batch_gemm.scratch$offset(), rondo_batch_gemm.scratch_bytes$offset());
    }
}
