package dev.rondo.kernels.ffm;

import dev.rondo.bindings.RondoNative;
import dev.rondo.bindings.rondo_adagrad;
import dev.rondo.bindings.rondo_adam;
import dev.rondo.bindings.rondo_clip;
import dev.rondo.bindings.rondo_global_norm;
import dev.rondo.bindings.rondo_rmsprop;
import dev.rondo.bindings.rondo_sgd;
import dev.rondo.graph.Op;
import dev.rondo.kernels.Buffer;
import dev.rondo.kernels.Instruction;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Lowers the clipping of gradients, and optimizers.
final class NativeUpdates {
    private final NativeCompiler compiler;

    NativeUpdates(NativeCompiler compiler) {
        this.compiler = compiler;
    }

    void lower(Instruction instruction, Op.Update update) {
        switch (update) {
            case Op.GlobalNorm op -> globalNorm(instruction, op);
            case Op.ClipNorms op -> clipNorms(instruction, op);
            case Op.ClipValues op -> clipValues(instruction, op);
            case Op.Sgd op -> sgd(instruction, op);
            case Op.Adam op -> adam(instruction, op);
            case Op.RmsProp op -> rmsProp(instruction, op);
            case Op.Adagrad op -> adagrad(instruction, op);
        }
    }

    private void globalNorm(Instruction instruction, Op.GlobalNorm op) {
        MemorySegment call = compiler.call(instruction, rondo_global_norm.layout(), RondoNative.RONDO_OP_GLOBAL_NORM());
        Buffer x = compiler.point(call, rondo_global_norm.x$offset(), instruction.input("x"));
        compiler.point(call, rondo_global_norm.norm$offset(), instruction.output("norm"));
        compiler.point(call, rondo_global_norm.scale$offset(), instruction.output("scale"));
        rondo_global_norm.max_norm(call, op.maxNorm());
        compiler.resize(extents -> rondo_global_norm.count(call, x.shape().elements(extents)));
        compiler.useScratch(call, rondo_global_norm.scratch$offset(), rondo_global_norm.scratch_bytes$offset());
    }

    private void clipNorms(Instruction instruction, Op.ClipNorms op) {
        MemorySegment call = clip(instruction, RondoNative.RONDO_CLIP_NORM(), op.maxNorm());
        int tensors = op.tensors().size();
        MemorySegment bounds = compiler.arena().allocate(ValueLayout.JAVA_LONG, 2L * tensors);
        for (int i = 0; i < tensors; i++) {
            bounds.setAtIndex(ValueLayout.JAVA_LONG, 2L * i, op.tensors().get(i).begin());
            bounds.setAtIndex(ValueLayout.JAVA_LONG, 2L * i + 1, op.tensors().get(i).end());
        }
        rondo_clip.tensors(call, tensors);
        rondo_clip.bounds(call, bounds);
        compiler.useScratch(call, rondo_clip.scratch$offset(), rondo_clip.scratch_bytes$offset());
    }

    private void clipValues(Instruction instruction, Op.ClipValues op) {
        clip(instruction, RondoNative.RONDO_CLIP_VALUE(), op.maxValue());
    }

    private MemorySegment clip(Instruction instruction, int kind, float max) {
        MemorySegment call = compiler.call(instruction, rondo_clip.layout(), RondoNative.RONDO_OP_CLIP());
        rondo_clip.kind(call, kind);
        rondo_clip.max(call, max);
        Buffer gradients = compiler.point(call, rondo_clip.x$offset(), instruction.input("gradients"));
        compiler.resize(extents -> rondo_clip.count(call, gradients.shape().elements(extents)));
        return call;
    }

    private void sgd(Instruction instruction, Op.Sgd op) {
        MemorySegment call = compiler.call(instruction, rondo_sgd.layout(), RondoNative.RONDO_OP_SGD());
        Buffer parameters = compiler.point(call, rondo_sgd.parameters$offset(), instruction.input("parameters"));
        compiler.point(call, rondo_sgd.gradients$offset(), instruction.input("gradients"));
        compiler.pointIfPresent(call, rondo_sgd.velocity$offset(), instruction.optionalInput("velocity"));
        compiler.pointIfPresent(call, rondo_sgd.scale$offset(), instruction.optionalInput("scale"));
        rondo_sgd.momentum(call, op.momentum());
        rondo_sgd.nesterov(call, op.nesterov() ? 1 : 0);
        compiler.resize(extents -> rondo_sgd.count(call, parameters.shape().elements(extents)));
        Buffer rate = instruction.input("rate");
        compiler.beforeRun(() -> rondo_sgd.rate(call, rate.segment().get(ValueLayout.JAVA_FLOAT, 0)));
    }

    private void adam(Instruction instruction, Op.Adam op) {
        MemorySegment call = compiler.call(instruction, rondo_adam.layout(), RondoNative.RONDO_OP_ADAM());
        Buffer parameters = compiler.point(call, rondo_adam.parameters$offset(), instruction.input("parameters"));
        compiler.point(call, rondo_adam.gradients$offset(), instruction.input("gradients"));
        compiler.point(call, rondo_adam.m$offset(), instruction.input("m"));
        compiler.point(call, rondo_adam.v$offset(), instruction.input("v"));
        compiler.pointIfPresent(call, rondo_adam.scale$offset(), instruction.optionalInput("scale"));
        rondo_adam.beta1(call, op.beta1());
        rondo_adam.beta2(call, op.beta2());
        rondo_adam.epsilon(call, op.epsilon());
        rondo_adam.decay(call, op.decay());
        rondo_adam.form(
                call,
                switch (op.form()) {
                    case KERAS -> RondoNative.RONDO_ADAM_KERAS();
                    case PYTORCH -> RondoNative.RONDO_ADAM_PYTORCH();
                });
        compiler.resize(extents -> rondo_adam.count(call, parameters.shape().elements(extents)));
        Buffer rate = instruction.input("rate");
        Buffer step = instruction.input("step");
        compiler.beforeRun(
                () -> {
                    rondo_adam.rate(call, rate.segment().get(ValueLayout.JAVA_FLOAT, 0));
                    rondo_adam.step(call, step.segment().get(ValueLayout.JAVA_LONG, 0));
                });
    }

    private void rmsProp(Instruction instruction, Op.RmsProp op) {
        MemorySegment call = compiler.call(instruction, rondo_rmsprop.layout(), RondoNative.RONDO_OP_RMSPROP());
        Buffer parameters = compiler.point(call, rondo_rmsprop.parameters$offset(), instruction.input("parameters"));
        compiler.point(call, rondo_rmsprop.gradients$offset(), instruction.input("gradients"));
        compiler.point(call, rondo_rmsprop.v$offset(), instruction.input("v"));
        compiler.pointIfPresent(call, rondo_rmsprop.m$offset(), instruction.optionalInput("m"));
        compiler.pointIfPresent(call, rondo_rmsprop.velocity$offset(), instruction.optionalInput("velocity"));
        compiler.pointIfPresent(call, rondo_rmsprop.scale$offset(), instruction.optionalInput("scale"));
        rondo_rmsprop.rho(call, op.rho());
        rondo_rmsprop.epsilon(call, op.epsilon());
        rondo_rmsprop.momentum(call, op.momentum());
        rondo_rmsprop.form(call, form(op.form()));
        compiler.resize(extents -> rondo_rmsprop.count(call, parameters.shape().elements(extents)));
        Buffer rate = instruction.input("rate");
        compiler.beforeRun(() -> rondo_rmsprop.rate(call, rate.segment().get(ValueLayout.JAVA_FLOAT, 0)));
    }

    private void adagrad(Instruction instruction, Op.Adagrad op) {
        MemorySegment call = compiler.call(instruction, rondo_adagrad.layout(), RondoNative.RONDO_OP_ADAGRAD());
        Buffer parameters = compiler.point(call, rondo_adagrad.parameters$offset(), instruction.input("parameters"));
        compiler.point(call, rondo_adagrad.gradients$offset(), instruction.input("gradients"));
        compiler.point(call, rondo_adagrad.sum$offset(), instruction.input("sum"));
        compiler.pointIfPresent(call, rondo_adagrad.scale$offset(), instruction.optionalInput("scale"));
        rondo_adagrad.epsilon(call, op.epsilon());
        rondo_adagrad.form(call, form(op.form()));
        compiler.resize(extents -> rondo_adagrad.count(call, parameters.shape().elements(extents)));
        Buffer rate = instruction.input("rate");
        compiler.beforeRun(() -> rondo_adagrad.rate(call, rate.segment().get(ValueLayout.JAVA_FLOAT, 0)));
    }

    private static int form(Op.RootForm form) {
        return switch (form) {
            case KERAS -> RondoNative.RONDO_ROOT_KERAS();
            case PYTORCH -> RondoNative.RONDO_ROOT_PYTORCH();
        };
    }
}
