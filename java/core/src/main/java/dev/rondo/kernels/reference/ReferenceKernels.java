package dev.rondo.kernels.reference;

import dev.rondo.graph.Op;
import dev.rondo.kernels.Buffer;
import dev.rondo.kernels.Compilation;
import dev.rondo.kernels.Compilation.Purpose;
import dev.rondo.kernels.Instruction;
import dev.rondo.kernels.Kernels;
import dev.rondo.kernels.PlacesInTime;
import dev.rondo.kernels.Program;
import dev.rondo.kernels.ScanCompiler;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Extents;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/// Kernels in plain Java: the oracle of the tests and the fallback. They compute in double and store in the tensor's
/// type, so that the same code runs models in float32 and, in float64, serves for finite differences.
///
/// Every step copies its operands into double arrays, computes, and stores. Inner loops run over whole rows with one
/// index for all arrays, the form that the JIT compiler vectorises; everything else is written to be read.
public final class ReferenceKernels implements Kernels {
    /// The only one; it has no state.
    public static final ReferenceKernels INSTANCE = new ReferenceKernels();

    private static final MemorySegment[] NOTHING_LENT = {
        MemorySegment.NULL, MemorySegment.NULL, MemorySegment.NULL, MemorySegment.NULL
    };

    private ReferenceKernels() {}

    /// One instruction, ready to run.
    interface Step {
        void run(Extents extents);
    }

    @Override
    public boolean supports(DataType floats) {
        return floats.isFloat();
    }

    @Override
    public void prepare() {}

    @Override
    public Program compile(Compilation compilation) {
        Compiler compiler = new Compiler(
                compilation.purpose() == Purpose.TRAINING, new ScanCompiler(this::compile, compilation));
        List<Step> steps = compilation.instructions().stream().map(compiler::step).toList();
        return new ReferenceProgram(steps.toArray(Step[]::new));
    }

    @Override
    public OptionalDouble measureFma(double seconds) {
        return OptionalDouble.empty();
    }

    private record ReferenceProgram(Step[] steps) implements Program {
        @Override
        public void run(Extents extents, MemorySegment[] lent) {
            for (MemorySegment segment : lent) {
                touch(segment);
            }
            for (Step step : steps) {
                step.run(extents);
            }
        }

        /// Throws if memory is closed or another thread's, whether or not a step will look at it.
        private static void touch(MemorySegment segment) {
            if (segment.byteSize() > 0) {
                segment.get(ValueLayout.JAVA_BYTE, 0);
            }
        }
    }

    private static final class Compiler {
        private final boolean training;
        private final Scratch scratch = new Scratch();
        private final Map<Buffer, ReferenceRecurrent.Saved> recurrentSaved = new HashMap<>();
        private final ScanCompiler scans;

        Compiler(boolean training, ScanCompiler scans) {
            this.training = training;
            this.scans = scans;
        }

        Step step(Instruction instruction) {
            return switch (instruction.op()) {
                case Op.Unary op -> ReferenceElementwise.unary(instruction, op, scratch);
                case Op.UnaryGradient op -> ReferenceElementwise.unaryGradient(instruction, op, scratch);
                case Op.Binary op -> ReferenceElementwise.binary(instruction, op, scratch);
                case Op.Reduce op -> ReferenceReduce.reduce(instruction, op, scratch);
                case Op.ReduceGradient op -> ReferenceReduce.gradient(instruction, op, scratch);
                case Op.Clip op -> ReferenceElementwise.clip(instruction, op, scratch);
                case Op.ClipGradient op -> ReferenceElementwise.clipGradient(instruction, op.clip(), scratch);
                case Op.Reshape _ -> ReferenceShapes.reshape(instruction, scratch);
                case Op.Broadcast _ -> ReferenceShapes.broadcast(instruction, scratch);
                case Op.Permute op -> ReferenceShapes.permute(instruction, op, scratch);
                case Op.Concat op -> ReferenceShapes.concat(instruction, op, scratch);
                case Op.Slice op -> ReferenceShapes.slice(instruction, op, scratch);
                case Op.SliceGradient op -> ReferenceShapes.sliceGradient(instruction, op, scratch);
                case Op.BatchMatMul op -> ReferenceShapes.batchMatMul(instruction, op, scratch);
                case Op.MatMul op -> ReferenceMatMul.matMul(instruction, op, scratch);
                case Op.Gather _ -> ReferenceEmbedding.gather(instruction, scratch);
                case Op.ScatterAdd op -> ReferenceEmbedding.scatterAdd(instruction, op, scratch);
                case Op.Softmax _ -> ReferenceSoftmax.softmax(instruction, scratch);
                case Op.SoftmaxGradient _ -> ReferenceSoftmax.gradient(instruction, scratch);
                case Op.MaskTime _ -> ReferenceTime.copy(instruction, false, scratch);
                case Op.RealSteps op -> steps(PlacesInTime.find(instruction, op));
                case Op.CompactTime _ -> steps(PlacesInTime.take(instruction));
                case Op.CompactTimeGradient _ -> steps(PlacesInTime.put(instruction));
                case Op.ReverseTime _ -> ReferenceTime.copy(instruction, true, scratch);
                case Op.PoolTime op -> ReferenceTime.pool(instruction, op, scratch);
                case Op.PoolTimeGradient op -> ReferenceTime.poolGradient(instruction, op, scratch);
                case Op.Windows op -> ReferenceTime.windows(instruction, op, scratch);
                case Op.WindowsGradient op -> ReferenceTime.windowsGradient(instruction, op, scratch);
                case Op.LayerNorm op -> ReferenceNormalization.layerNorm(instruction, op, scratch);
                case Op.LayerNormGradient _ -> ReferenceNormalization.layerNormGradient(instruction, scratch);
                case Op.BatchNorm op -> ReferenceNormalization.batchNorm(instruction, op, training, scratch);
                case Op.BatchNormGradient _ -> ReferenceNormalization.batchNormGradient(instruction, scratch);
                case Op.SoftmaxCrossEntropy _ -> ReferenceSoftmax.crossEntropy(instruction, scratch);
                case Op.ElementwiseLoss op -> ReferenceLoss.elementwise(instruction, op, scratch);
                case Op.Ctc op -> ReferenceCtc.ctc(instruction, op, scratch);
                case Op.Crf _ -> ReferenceCrf.crf(instruction, scratch);
                case Op.Dropout op -> ReferenceDropout.dropout(instruction, op, scratch);
                case Op.GaussianNoise op -> ReferenceDropout.noise(instruction, op, scratch);
                case Op.Recurrent op ->
                        ReferenceRecurrent.forward(
                                op.cell(), op.direction(), instruction,
                                instruction.optionalOutput("saved").map(this::saved).orElseGet(ReferenceRecurrent.Saved::new),
                                scratch);
                case Op.RecurrentGradient op ->
                        ReferenceRecurrent.backward(
                                op.cell(), op.direction(), instruction, saved(instruction.input("saved")), scratch);
                case Op.Scan op -> steps(scans.forward(instruction, op));
                case Op.ScanGradient op -> steps(scans.backward(instruction, op));
                case Op.GlobalNorm op -> ReferenceOptimizers.globalNorm(instruction, op, scratch);
                case Op.ClipNorms op -> ReferenceOptimizers.clipNorms(instruction, op, scratch);
                case Op.ClipValues op -> ReferenceOptimizers.clipValues(instruction, op, scratch);
                case Op.Sgd op -> ReferenceOptimizers.sgd(instruction, op, scratch);
                case Op.Adam op -> ReferenceOptimizers.adam(instruction, op, scratch);
                case Op.RmsProp op -> ReferenceOptimizers.rmsProp(instruction, op, scratch);
                case Op.Adagrad op -> ReferenceOptimizers.adagrad(instruction, op, scratch);
                case Op.Constant _ -> throw new IllegalStateException(instruction.name()
                        + ": constants are placed by the plan");
            };
        }

        /// Programs of both kernel sets find their memory by themselves, and what was lent has been looked at.
        private static Step steps(Program scan) {
            return extents -> scan.run(extents, NOTHING_LENT);
        }

        private ReferenceRecurrent.Saved saved(Buffer buffer) {
            return recurrentSaved.computeIfAbsent(buffer, b -> new ReferenceRecurrent.Saved());
        }
    }
}
