package dev.rondo.kernels.ffm;

import dev.rondo.bindings.RondoNative;
import dev.rondo.bindings.rondo_batch_norm;
import dev.rondo.bindings.rondo_batch_norm_gradient;
import dev.rondo.bindings.rondo_layer_norm;
import dev.rondo.bindings.rondo_layer_norm_gradient;
import dev.rondo.graph.Op;
import dev.rondo.kernels.Instruction;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import java.lang.foreign.MemorySegment;

/// Lowers layer and batch normalization.
final class NativeNormalization {
    private final NativeCompiler compiler;

    NativeNormalization(NativeCompiler compiler) {
        this.compiler = compiler;
    }

    void lower(Instruction instruction, Op.Normalization normalization) {
        switch (normalization) {
            case Op.LayerNorm op -> layerNorm(instruction, op);
            case Op.LayerNormGradient _ -> layerNormGradient(instruction);
            case Op.BatchNorm op -> batchNorm(instruction, op, compiler.isTraining());
            case Op.BatchNormGradient _ -> batchNormGradient(instruction);
        }
    }

    private static int rows(Shape shape, Extents extents) {
        return Math.toIntExact(shape.product(0, shape.rank() - 1, extents));
    }

    private static int columns(Shape shape, Extents extents) {
        return Math.toIntExact(shape.product(shape.rank() - 1, shape.rank(), extents));
    }

    private void layerNorm(Instruction instruction, Op.LayerNorm op) {
        MemorySegment call = compiler.call(instruction, rondo_layer_norm.layout(), RondoNative.RONDO_OP_LAYER_NORM());
        rondo_layer_norm.epsilon(call, op.epsilon());
        Shape shape = compiler.point(call, rondo_layer_norm.x$offset(), instruction.input("x")).shape();
        compiler.pointIfPresent(call, rondo_layer_norm.gain$offset(), instruction.optionalInput("gain"));
        compiler.pointIfPresent(call, rondo_layer_norm.bias$offset(), instruction.optionalInput("bias"));
        compiler.point(call, rondo_layer_norm.y$offset(), instruction.output("y"));
        compiler.pointIfPresent(call, rondo_layer_norm.mean$offset(), instruction.optionalOutput("mean"));
        compiler.pointIfPresent(call, rondo_layer_norm.scale$offset(), instruction.optionalOutput("scale"));
        compiler.resize(extents -> {
            rondo_layer_norm.rows(call, rows(shape, extents));
            rondo_layer_norm.columns(call, columns(shape, extents));
        });
    }

    private void layerNormGradient(Instruction instruction) {
        MemorySegment call = compiler.call(
                instruction, rondo_layer_norm_gradient.layout(), RondoNative.RONDO_OP_LAYER_NORM_GRADIENT());
        Shape shape = compiler.point(call, rondo_layer_norm_gradient.x$offset(), instruction.input("x")).shape();
        compiler.pointIfPresent(call, rondo_layer_norm_gradient.gain$offset(), instruction.optionalInput("gain"));
        compiler.point(call, rondo_layer_norm_gradient.mean$offset(), instruction.input("mean"));
        compiler.point(call, rondo_layer_norm_gradient.scale$offset(), instruction.input("scale"));
        compiler.point(call, rondo_layer_norm_gradient.dy$offset(), instruction.input("dy"));
        compiler.pointIfPresent(call, rondo_layer_norm_gradient.dx$offset(), instruction.optionalOutput("dx"));
        compiler.pointIfPresent(call, rondo_layer_norm_gradient.dgain$offset(), instruction.optionalOutput("dgain"));
        compiler.pointIfPresent(call, rondo_layer_norm_gradient.dbias$offset(), instruction.optionalOutput("dbias"));
        compiler.resize(extents -> {
            rondo_layer_norm_gradient.rows(call, rows(shape, extents));
            rondo_layer_norm_gradient.columns(call, columns(shape, extents));
        });
    }

    private static int batch(Shape shape, Extents extents) {
        return Math.toIntExact(shape.product(0, 1, extents));
    }

    private static int steps(Shape shape, Extents extents) {
        return Math.toIntExact(shape.product(1, shape.rank() - 1, extents));
    }

    private void batchNorm(Instruction instruction, Op.BatchNorm op, boolean training) {
        MemorySegment call = compiler.call(instruction, rondo_batch_norm.layout(), RondoNative.RONDO_OP_BATCH_NORM());
        rondo_batch_norm.training(call, training ? 1 : 0);
        rondo_batch_norm.epsilon(call, op.epsilon());
        rondo_batch_norm.momentum(call, op.momentum());
        Shape shape = compiler.point(call, rondo_batch_norm.x$offset(), instruction.input("x")).shape();
        compiler.pointIfPresent(call, rondo_batch_norm.lengths$offset(), instruction.optionalInput("lengths"));
        compiler.pointIfPresent(call, rondo_batch_norm.gain$offset(), instruction.optionalInput("gain"));
        compiler.pointIfPresent(call, rondo_batch_norm.bias$offset(), instruction.optionalInput("bias"));
        compiler.point(call, rondo_batch_norm.moving_mean$offset(), instruction.input("movingMean"));
        compiler.point(call, rondo_batch_norm.moving_variance$offset(), instruction.input("movingVariance"));
        compiler.point(call, rondo_batch_norm.y$offset(), instruction.output("y"));
        compiler.pointIfPresent(call, rondo_batch_norm.mean$offset(), instruction.optionalOutput("mean"));
        compiler.pointIfPresent(call, rondo_batch_norm.scale$offset(), instruction.optionalOutput("scale"));
        compiler.resize(extents -> {
            rondo_batch_norm.batch_size(call, batch(shape, extents));
            rondo_batch_norm.time_steps(call, steps(shape, extents));
            rondo_batch_norm.features(call, columns(shape, extents));
        });
    }

    private void batchNormGradient(Instruction instruction) {
        MemorySegment call = compiler.call(
                instruction, rondo_batch_norm_gradient.layout(), RondoNative.RONDO_OP_BATCH_NORM_GRADIENT());
        Shape shape = compiler.point(call, rondo_batch_norm_gradient.x$offset(), instruction.input("x")).shape();
        compiler.pointIfPresent(
                call, rondo_batch_norm_gradient.lengths$offset(), instruction.optionalInput("lengths"));
        compiler.pointIfPresent(call, rondo_batch_norm_gradient.gain$offset(), instruction.optionalInput("gain"));
        compiler.point(call, rondo_batch_norm_gradient.mean$offset(), instruction.input("mean"));
        compiler.point(call, rondo_batch_norm_gradient.scale$offset(), instruction.input("scale"));
        compiler.point(call, rondo_batch_norm_gradient.dy$offset(), instruction.input("dy"));
        compiler.pointIfPresent(call, rondo_batch_norm_gradient.dx$offset(), instruction.optionalOutput("dx"));
        compiler.pointIfPresent(call, rondo_batch_norm_gradient.dgain$offset(), instruction.optionalOutput("dgain"));
        compiler.pointIfPresent(call, rondo_batch_norm_gradient.dbias$offset(), instruction.optionalOutput("dbias"));
        compiler.resize(extents -> {
            rondo_batch_norm_gradient.batch_size(call, batch(shape, extents));
            rondo_batch_norm_gradient.time_steps(call, steps(shape, extents));
            rondo_batch_norm_gradient.features(call, columns(shape, extents));
        });
    }
}
