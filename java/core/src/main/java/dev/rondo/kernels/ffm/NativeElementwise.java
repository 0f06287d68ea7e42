package dev.rondo.kernels.ffm;

import dev.rondo.bindings.RondoNative;
import dev.rondo.bindings.rondo_binary;
import dev.rondo.bindings.rondo_gather;
import dev.rondo.bindings.rondo_reduce;
import dev.rondo.bindings.rondo_unary;
import dev.rondo.bindings.rondo_unary_gradient;
import dev.rondo.graph.Op;
import dev.rondo.kernels.Buffer;
import dev.rondo.kernels.Instruction;
import dev.rondo.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Lowers functions of elements, and sums over axes.
final class NativeElementwise {
    private final NativeCompiler compiler;

    NativeElementwise(NativeCompiler compiler) {
        this.compiler = compiler;
    }

    void lower(Instruction instruction, Op.Elementwise elementwise) {
        switch (elementwise) {
            case Op.Unary op -> unary(instruction, op);
            case Op.UnaryGradient op -> unaryGradient(instruction, op);
            case Op.Binary op -> binary(instruction, op);
            case Op.Reduce op -> reduce(instruction, op);
            case Op.ReduceGradient op -> reduceGradient(instruction, op);
            case Op.Clip op -> clip(instruction, op);
            case Op.ClipGradient op -> clipGradient(instruction, op.clip());
        }
    }

    private void unary(Instruction instruction, Op.Unary op) {
        MemorySegment call = compiler.call(instruction, rondo_unary.layout(), RondoNative.RONDO_OP_UNARY());
        rondo_unary.kind(call, kind(op.kind()));
        Buffer x = compiler.point(call, rondo_unary.x$offset(), instruction.input("x"));
        compiler.point(call, rondo_unary.y$offset(), instruction.output("y"));
        compiler.resize(extents -> rondo_unary.count(call, x.shape().elements(extents)));
    }

    private void unaryGradient(Instruction instruction, Op.UnaryGradient op) {
        MemorySegment call =
                compiler.call(instruction, rondo_unary_gradient.layout(), RondoNative.RONDO_OP_UNARY_GRADIENT());
        rondo_unary_gradient.kind(call, kind(op.kind()));
        Buffer x = compiler.point(call, rondo_unary_gradient.x$offset(), instruction.input("x"));
        compiler.point(call, rondo_unary_gradient.y$offset(), instruction.input("y"));
        compiler.point(call, rondo_unary_gradient.dy$offset(), instruction.input("dy"));
        compiler.point(call, rondo_unary_gradient.dx$offset(), instruction.output("dx"));
        compiler.resize(extents -> rondo_unary_gradient.count(call, x.shape().elements(extents)));
    }

    private static int kind(Op.UnaryKind kind) {
        return switch (kind) {
            case IDENTITY -> RondoNative.RONDO_UNARY_IDENTITY();
            case NEGATE -> RondoNative.RONDO_UNARY_NEGATE();
            case SIGMOID -> RondoNative.RONDO_UNARY_SIGMOID();
            case TANH -> RondoNative.RONDO_UNARY_TANH();
            case RELU -> RondoNative.RONDO_UNARY_RELU();
            case EXP -> RondoNative.RONDO_UNARY_EXP();
            case LOG -> RondoNative.RONDO_UNARY_LOG();
            case SQRT -> RondoNative.RONDO_UNARY_SQRT();
            case SQUARE -> RondoNative.RONDO_UNARY_SQUARE();
            case ABS -> RondoNative.RONDO_UNARY_ABS();
            case SOFTPLUS -> RondoNative.RONDO_UNARY_SOFTPLUS();
            case SILU -> RondoNative.RONDO_UNARY_SILU();
            case ELU -> RondoNative.RONDO_UNARY_ELU();
            case GELU -> RondoNative.RONDO_UNARY_GELU();
            case HARD_SIGMOID -> RondoNative.RONDO_UNARY_HARD_SIGMOID();
            case HARD_SIGMOID_KERAS2 -> RondoNative.RONDO_UNARY_HARD_SIGMOID_KERAS2();
            case LEAKY_RELU -> RondoNative.RONDO_UNARY_LEAKY_RELU();
        };
    }

    private void clip(Instruction instruction, Op.Clip op) {
        MemorySegment call = compiler.call(instruction, rondo_unary.layout(), RondoNative.RONDO_OP_UNARY());
        rondo_unary.kind(call, RondoNative.RONDO_UNARY_CLIP());
        rondo_unary.low(call, op.low());
        rondo_unary.high(call, op.high());
        Buffer x = compiler.point(call, rondo_unary.x$offset(), instruction.input("x"));
        compiler.point(call, rondo_unary.y$offset(), instruction.output("y"));
        compiler.resize(extents -> rondo_unary.count(call, x.shape().elements(extents)));
    }

    private void clipGradient(Instruction instruction, Op.Clip op) {
        MemorySegment call =
                compiler.call(instruction, rondo_unary_gradient.layout(), RondoNative.RONDO_OP_UNARY_GRADIENT());
        rondo_unary_gradient.kind(call, RondoNative.RONDO_UNARY_CLIP());
        rondo_unary_gradient.low(call, op.low());
        rondo_unary_gradient.high(call, op.high());
        Buffer x = compiler.point(call, rondo_unary_gradient.x$offset(), instruction.input("x"));
        compiler.point(call, rondo_unary_gradient.dy$offset(), instruction.input("dy"));
        compiler.point(call, rondo_unary_gradient.dx$offset(), instruction.output("dx"));
        compiler.resize(extents -> rondo_unary_gradient.count(call, x.shape().elements(extents)));
    }

    private void binary(Instruction instruction, Op.Binary op) {
        int kind = switch (op.kind()) {
            case ADD -> RondoNative.RONDO_BINARY_ADD();
            case SUBTRACT -> RondoNative.RONDO_BINARY_SUBTRACT();
            case MULTIPLY -> RondoNative.RONDO_BINARY_MULTIPLY();
            case DIVIDE -> RondoNative.RONDO_BINARY_DIVIDE();
            case MAXIMUM -> RondoNative.RONDO_BINARY_MAXIMUM();
            case MINIMUM -> RondoNative.RONDO_BINARY_MINIMUM();
            case GREATER -> RondoNative.RONDO_BINARY_GREATER();
        };
        Buffer result = instruction.output("y");
        if (isByExtents(instruction.input("a"), result) && isByExtents(instruction.input("b"), result)) {
            binaryByExtents(instruction, kind);
        } else {
            new NativeShapes(compiler).broadcast(instruction, kind);
        }
    }

    /// True if an operand is whole, a row or a scalar.
    private static boolean isByExtents(Buffer operand, Buffer y) {
        Shape shape = operand.shape();
        return shape.equals(y.shape()) || shape.rank() == 0
                || shape.rank() == 1 && shape.dim(0) == y.shape().dim(-1);
    }

    private void binaryByExtents(Instruction instruction, int kind) {
        MemorySegment call = compiler.call(instruction, rondo_binary.layout(), RondoNative.RONDO_OP_BINARY());
        rondo_binary.kind(call, kind);
        Buffer a = compiler.point(call, rondo_binary.a$offset(), instruction.input("a"));
        Buffer b = compiler.point(call, rondo_binary.b$offset(), instruction.input("b"));
        Buffer y = compiler.point(call, rondo_binary.y$offset(), instruction.output("y"));
        rondo_binary.a_extent(call, extent(a, y));
        rondo_binary.b_extent(call, extent(b, y));
        compiler.resize(
                extents -> {
                    rondo_binary.rows(call, NativeCompiler.rows(y, extents));
                    rondo_binary.columns(call, NativeCompiler.columns(y, extents));
                });
    }

    private static int extent(Buffer operand, Buffer y) {
        if (operand.shape().equals(y.shape())) {
            return RondoNative.RONDO_EXTENT_FULL();
        }
        return operand.shape().rank() == 0 ? RondoNative.RONDO_EXTENT_SCALAR() : RondoNative.RONDO_EXTENT_ROW();
    }

    private void reduce(Instruction instruction, Op.Reduce op) {
        MemorySegment call = compiler.call(instruction, rondo_reduce.layout(), RondoNative.RONDO_OP_REDUCE());
        rondo_reduce.kind(
                call,
                switch (op.kind()) {
                    case SUM -> RondoNative.RONDO_REDUCE_SUM();
                    case MEAN -> RondoNative.RONDO_REDUCE_MEAN();
                    case MAX -> RondoNative.RONDO_REDUCE_MAX();
                });
        Shape shape = compiler.point(call, rondo_reduce.x$offset(), instruction.input("x")).shape();
        compiler.point(call, rondo_reduce.y$offset(), instruction.output("y"));
        compiler.resize(
                extents -> {
                    rondo_reduce.outer(call, shape.product(0, op.from(), extents));
                    rondo_reduce.axis(call, shape.product(op.from(), op.to(), extents));
                    rondo_reduce.inner(call, shape.product(op.to(), shape.rank(), extents));
                });
    }

    /// A gather that takes row o of dy `[outer, inner]` for each of the axis' places, and for a mean a division.
    private void reduceGradient(Instruction instruction, Op.ReduceGradient op) {
        Op.Reduce reduce = op.reduce();
        Shape shape = op.shape();
        MemorySegment call = compiler.call(instruction, rondo_gather.layout(), RondoNative.RONDO_OP_GATHER());
        compiler.point(call, rondo_gather.table$offset(), instruction.input("dy"));
        Buffer dx = compiler.point(call, rondo_gather.y$offset(), instruction.output("dx"));
        long places = shape.product(0, reduce.to(), compiler.largest());
        MemorySegment ids = compiler.arena().allocate(ValueLayout.JAVA_INT, places);
        rondo_gather.ids(call, ids);
        compiler.resize(
                extents -> {
                    int outer = Math.toIntExact(shape.product(0, reduce.from(), extents));
                    int axis = Math.toIntExact(shape.product(reduce.from(), reduce.to(), extents));
                    rondo_gather.rows(call, outer);
                    rondo_gather.columns(
                            call, Math.toIntExact(shape.product(reduce.to(), shape.rank(), extents)));
                    rondo_gather.count(call, (long) outer * axis);
                    for (int i = 0; i < Math.toIntExact((long) outer * axis); i++) {
                        ids.setAtIndex(ValueLayout.JAVA_INT, i, i / axis);
                    }
                });
        if (reduce.kind() == Op.ReduceKind.MEAN) {
            MemorySegment division = compiler.call(instruction, rondo_binary.layout(), RondoNative.RONDO_OP_BINARY());
            rondo_binary.kind(division, RondoNative.RONDO_BINARY_DIVIDE());
            rondo_binary.b_extent(division, RondoNative.RONDO_EXTENT_SCALAR());
            compiler.point(division, rondo_binary.a$offset(), dx);
            compiler.point(division, rondo_binary.y$offset(), dx);
            MemorySegment divisor = compiler.arena().allocate(ValueLayout.JAVA_FLOAT);
            rondo_binary.b(division, divisor);
            compiler.resize(
                    extents -> {
                        rondo_binary.rows(division, 1);
                        rondo_binary.columns(division, shape.elements(extents));
                        divisor.set(ValueLayout.JAVA_FLOAT, 0, shape.product(reduce.from(), reduce.to(), extents));
                    });
        }
    }
}
