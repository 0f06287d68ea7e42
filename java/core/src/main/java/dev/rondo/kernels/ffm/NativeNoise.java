package dev.rondo.kernels.ffm;

import dev.rondo.bindings.RondoNative;
import dev.rondo.bindings.rondo_dropout;
import dev.rondo.bindings.rondo_gaussian_noise;
import dev.rondo.graph.Op;
import dev.rondo.kernels.Buffer;
import dev.rondo.kernels.Instruction;
import java.lang.foreign.MemorySegment;

/// Lowers the noise of training.
final class NativeNoise {
    private final NativeCompiler compiler;

    NativeNoise(NativeCompiler compiler) {
        this.compiler = compiler;
    }

    void lower(Instruction instruction, Op.Noise noise) {
        switch (noise) {
            case Op.Dropout op -> dropout(instruction, op);
            case Op.GaussianNoise op -> noise(instruction, op);
        }
    }

    private void dropout(Instruction instruction, Op.Dropout op) {
        MemorySegment call = compiler.call(instruction, rondo_dropout.layout(), RondoNative.RONDO_OP_DROPOUT());
        rondo_dropout.seed(call, op.seed());
        rondo_dropout.stream(call, op.stream());
        rondo_dropout.rate(call, op.rate());
        compiler.point(call, rondo_dropout.step$offset(), instruction.input("step"));
        Buffer x = compiler.point(call, rondo_dropout.x$offset(), instruction.input("x"));
        compiler.point(call, rondo_dropout.y$offset(), instruction.output("y"));
        compiler.resize(extents -> rondo_dropout.count(call, x.shape().elements(extents)));
    }

    private void noise(Instruction instruction, Op.GaussianNoise op) {
        MemorySegment call =
                compiler.call(instruction, rondo_gaussian_noise.layout(), RondoNative.RONDO_OP_GAUSSIAN_NOISE());
        rondo_gaussian_noise.seed(call, op.seed());
        rondo_gaussian_noise.stream(call, op.stream());
        rondo_gaussian_noise.deviation(call, op.deviation());
        compiler.point(call, rondo_gaussian_noise.step$offset(), instruction.input("step"));
        Buffer x = compiler.point(call, rondo_gaussian_noise.x$offset(), instruction.input("x"));
        compiler.point(call, rondo_gaussian_noise.y$offset(), instruction.output("y"));
        compiler.resize(extents -> rondo_gaussian_noise.count(call, x.shape().elements(extents)));
    }
}
