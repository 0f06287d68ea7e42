package dev.rondo.kernels.ffm;

import dev.rondo.bindings.RondoNative;
import dev.rondo.bindings.rondo_crf;
import dev.rondo.bindings.rondo_ctc;
import dev.rondo.bindings.rondo_elementwise_loss;
import dev.rondo.bindings.rondo_softmax_cross_entropy;
import dev.rondo.graph.Op;
import dev.rondo.kernels.Buffer;
import dev.rondo.kernels.Instruction;
import dev.rondo.tensor.Shape;
import java.lang.foreign.MemorySegment;

/// Lowers losses.
final class NativeLosses {
    private final NativeCompiler compiler;

    NativeLosses(NativeCompiler compiler) {
        this.compiler = compiler;
    }

    void lower(Instruction instruction, Op.Loss loss) {
        switch (loss) {
            case Op.SoftmaxCrossEntropy _ -> crossEntropy(instruction);
            case Op.ElementwiseLoss op -> elementwiseLoss(instruction, op);
            case Op.Ctc op -> ctc(instruction, op);
            case Op.Crf _ -> crf(instruction);
        }
    }

    private void crossEntropy(Instruction instruction) {
        MemorySegment call = compiler.call(
                instruction, rondo_softmax_cross_entropy.layout(), RondoNative.RONDO_OP_SOFTMAX_CROSS_ENTROPY());
        Buffer logits = compiler.point(call, rondo_softmax_cross_entropy.logits$offset(), instruction.input("logits"));
        compiler.pointIfPresent(call, rondo_softmax_cross_entropy.labels$offset(), instruction.optionalInput("labels"));
        compiler.pointIfPresent(
                call, rondo_softmax_cross_entropy.targets$offset(), instruction.optionalInput("targets"));
        compiler.pointIfPresent(
                call, rondo_softmax_cross_entropy.lengths$offset(), instruction.optionalInput("lengths"));
        compiler.pointIfPresent(
                call, rondo_softmax_cross_entropy.dlogits$offset(), instruction.optionalOutput("dlogits"));
        // loss, correct and count lie side by side
        compiler.point(call, rondo_softmax_cross_entropy.result$offset(), instruction.output("loss"));
        Shape shape = logits.shape();
        compiler.resize(
                extents -> {
                    int rank = shape.rank();
                    rondo_softmax_cross_entropy.batch_size(call, Math.toIntExact(shape.product(0, 1, extents)));
                    rondo_softmax_cross_entropy.time_steps(call, Math.toIntExact(shape.product(1, rank - 1, extents)));
                    rondo_softmax_cross_entropy.classes(call, Math.toIntExact(shape.product(rank - 1, rank, extents)));
                });
        compiler.useScratch(call, rondo_softmax_cross_entropy.scratch$offset(),
                rondo_softmax_cross_entropy.scratch_bytes$offset());
    }

    private void elementwiseLoss(Instruction instruction, Op.ElementwiseLoss op) {
        MemorySegment call =
                compiler.call(instruction, rondo_elementwise_loss.layout(), RondoNative.RONDO_OP_ELEMENTWISE_LOSS());
        rondo_elementwise_loss.kind(
                call,
                switch (op.kind()) {
                    case SQUARED -> RondoNative.RONDO_LOSS_SQUARED();
                    case ABSOLUTE -> RondoNative.RONDO_LOSS_ABSOLUTE();
                    case BINARY -> RondoNative.RONDO_LOSS_BINARY();
                    case BINARY_LOGITS -> RondoNative.RONDO_LOSS_BINARY_LOGITS();
                });
        Shape shape = compiler.point(call, rondo_elementwise_loss.x$offset(), instruction.input("x")).shape();
        compiler.point(call, rondo_elementwise_loss.targets$offset(), instruction.input("targets"));
        compiler.pointIfPresent(call, rondo_elementwise_loss.lengths$offset(), instruction.optionalInput("lengths"));
        compiler.pointIfPresent(call, rondo_elementwise_loss.dx$offset(), instruction.optionalOutput("dx"));
        // The scalars lie side by side, in the order of the result.
        compiler.point(call, rondo_elementwise_loss.result$offset(), instruction.output("loss"));
        compiler.resize(
                extents -> {
                    int rank = shape.rank();
                    rondo_elementwise_loss.batch_size(call, Math.toIntExact(shape.product(0, 1, extents)));
                    rondo_elementwise_loss.time_steps(call, Math.toIntExact(shape.product(1, rank - 1, extents)));
                    rondo_elementwise_loss.features(call, Math.toIntExact(shape.product(rank - 1, rank, extents)));
                });
        compiler.useScratch(call, rondo_elementwise_loss.scratch$offset(),
                rondo_elementwise_loss.scratch_bytes$offset());
    }

    private void ctc(Instruction instruction, Op.Ctc op) {
        MemorySegment call = compiler.call(instruction, rondo_ctc.layout(), RondoNative.RONDO_OP_CTC());
        rondo_ctc.blank(call, op.blank());
        rondo_ctc.reduction(
                call,
                switch (op.reduction()) {
                    case MEAN -> RondoNative.RONDO_CTC_MEAN();
                    case MEAN_PER_LABEL -> RondoNative.RONDO_CTC_MEAN_PER_LABEL();
                    case SUM -> RondoNative.RONDO_CTC_SUM();
                });
        rondo_ctc.impossible(
                call,
                switch (op.impossible()) {
                    case REFUSED -> RondoNative.RONDO_CTC_REFUSED();
                    case ZERO -> RondoNative.RONDO_CTC_ZERO();
                });
        Shape logits = compiler.point(call, rondo_ctc.logits$offset(), instruction.input("logits")).shape();
        Buffer labels = compiler.point(call, rondo_ctc.labels$offset(), instruction.input("labels"));
        compiler.point(call, rondo_ctc.label_lengths$offset(), instruction.input("labelLengths"));
        compiler.pointIfPresent(call, rondo_ctc.lengths$offset(), instruction.optionalInput("lengths"));
        compiler.pointIfPresent(call, rondo_ctc.dlogits$offset(), instruction.optionalOutput("dlogits"));
        compiler.pointIfPresent(call, rondo_ctc.per_sequence$offset(), instruction.optionalOutput("perSequence"));
        // loss and count lie side by side
        compiler.point(call, rondo_ctc.result$offset(), instruction.output("loss"));
        compiler.resize(
                extents -> {
                    rondo_ctc.batch_size(call, Math.toIntExact(logits.product(0, 1, extents)));
                    rondo_ctc.time_steps(call, Math.toIntExact(logits.product(1, 2, extents)));
                    rondo_ctc.classes(call, Math.toIntExact(logits.product(2, 3, extents)));
                    rondo_ctc.label_steps(call, NativeCompiler.columns(labels, extents));
                });
        compiler.useScratch(call, rondo_ctc.scratch$offset(), rondo_ctc.scratch_bytes$offset());
    }

    private void crf(Instruction instruction) {
        MemorySegment call = compiler.call(instruction, rondo_crf.layout(), RondoNative.RONDO_OP_CRF());
        Shape emissions = compiler.point(call, rondo_crf.emissions$offset(), instruction.input("emissions")).shape();
        compiler.point(call, rondo_crf.transitions$offset(), instruction.input("transitions"));
        compiler.point(call, rondo_crf.start$offset(), instruction.input("start"));
        compiler.point(call, rondo_crf.end$offset(), instruction.input("end"));
        compiler.point(call, rondo_crf.tags$offset(), instruction.input("tags"));
        compiler.pointIfPresent(call, rondo_crf.lengths$offset(), instruction.optionalInput("lengths"));
        compiler.pointIfPresent(call, rondo_crf.demissions$offset(), instruction.optionalOutput("demissions"));
        compiler.pointIfPresent(call, rondo_crf.dtransitions$offset(), instruction.optionalOutput("dtransitions"));
        compiler.pointIfPresent(call, rondo_crf.dstart$offset(), instruction.optionalOutput("dstart"));
        compiler.pointIfPresent(call, rondo_crf.dend$offset(), instruction.optionalOutput("dend"));
        compiler.pointIfPresent(call, rondo_crf.per_sequence$offset(), instruction.optionalOutput("perSequence"));
        // loss and count lie side by side
        compiler.point(call, rondo_crf.result$offset(), instruction.output("loss"));
        compiler.resize(
                extents -> {
                    rondo_crf.batch_size(call, Math.toIntExact(emissions.product(0, 1, extents)));
                    rondo_crf.time_steps(call, Math.toIntExact(emissions.product(1, 2, extents)));
                    rondo_crf.classes(call, Math.toIntExact(emissions.product(2, 3, extents)));
                });
        compiler.useScratch(call, rondo_crf.scratch$offset(), rondo_crf.scratch_bytes$offset());
    }
}
