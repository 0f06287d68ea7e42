package dev.rondo.kernels.ffm;

import dev.rondo.bindings.RondoNative;
import dev.rondo.bindings.rondo_adagrad;
import dev.rondo.bindings.rondo_adam;
import dev.rondo.bindings.rondo_binary;
import dev.rondo.bindings.rondo_clip;
import dev.rondo.bindings.rondo_crf;
import dev.rondo.bindings.rondo_ctc;
import dev.rondo.bindings.rondo_dropout;
import dev.rondo.bindings.rondo_elementwise_loss;
import dev.rondo.bindings.rondo_gather;
import dev.rondo.bindings.rondo_gaussian_noise;
import dev.rondo.bindings.rondo_gemm;
import dev.rondo.bindings.rondo_gemm_pack;
import dev.rondo.bindings.rondo_global_norm;
import dev.rondo.bindings.rondo_head;
import dev.rondo.bindings.rondo_memory_needs;
import dev.rondo.bindings.rondo_recurrent_backward;
import dev.rondo.bindings.rondo_recurrent_forward;
import dev.rondo.bindings.rondo_recurrent_pack;
import dev.rondo.bindings.rondo_reduce;
import dev.rondo.bindings.rondo_rmsprop;
import dev.rondo.bindings.rondo_scatter_add;
import dev.rondo.bindings.rondo_sgd;
import dev.rondo.bindings.rondo_softmax;
import dev.rondo.bindings.rondo_softmax_cross_entropy;
import dev.rondo.bindings.rondo_softmax_gradient;
import dev.rondo.bindings.rondo_unary;
import dev.rondo.bindings.rondo_unary_gradient;
import dev.rondo.graph.Op;
import dev.rondo.graph.RecurrentCell;
import dev.rondo.kernels.Buffer;
import dev.rondo.kernels.Compilation;
import dev.rondo.kernels.Compilation.Purpose;
import dev.rondo.kernels.Instruction;
import dev.rondo.kernels.PlacesInTime;
import dev.rondo.kernels.Program;
import dev.rondo.kernels.ScanCompiler;
import dev.rondo.kernels.WeightPacks;
import dev.rondo.kernels.ffm.NativeProgram.Pointer;
import dev.rondo.kernels.ffm.NativeProgram.Resize;
import dev.rondo.kernels.ffm.NativeProgram.Stage;
import dev.rondo.kernels.ffm.NativeProgram.Stage.Calls;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.GroupLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;

/// Turns instructions into call structs.
///
/// The structs, and all memory they point to but the caller's, lie in the compilation's arena. Scratch memory is one
/// piece that the calls share, since they run one after another. Weights are packed in one of two ways. At inference,
/// where parameters rarely change, the packed form belongs to the parameters and is made before the first run after a
/// change. Otherwise a pack call stands in the list before the first call that needs it.
final class NativeCompiler {
    private final MemorySegment context;
    /// As it was asked for, by its place in [dev.rondo.kernels.KernelOptions#ISAS].
    private final int isa;
    private final Compilation compilation;
    private final Arena arena;
    private final MemorySegment error;
    private final MemorySegment needs;

    private final NativeShapes shapes = new NativeShapes(this);
    private final NativeTime time = new NativeTime(this);
    private final NativeNormalization norms = new NativeNormalization(this);

    private final ScanCompiler scans;

    private final List<Stage> stages = new ArrayList<>();
    private final List<MemorySegment> calls = new ArrayList<>();
    private final List<Instruction> owners = new ArrayList<>();
    private final List<Resize> resizes = new ArrayList<>();
    private final List<Runnable> beforeRun = new ArrayList<>();
    private final List<ScratchUse> scratchUses = new ArrayList<>();
    private final Map<RecurrentWeights, MemorySegment> recurrentPacks = new HashMap<>();
    private final Map<Buffer, MemorySegment> savedMemory = new HashMap<>();
    private final Set<RecurrentWeights> differentiated = new HashSet<>();
    private long scratchBytes;

    private record ScratchUse(MemorySegment call, long pointerOffset, long bytesOffset, long bytes) {}

    /// What is packed for a recurrent cell, by role.
    private record RecurrentWeights(RecurrentCell cell, SequencedMap<String, Buffer> buffers) {
        private static final List<String> ROLES =
                List.of("weightIh", "weightHh", "biasIh", "biasHh", "biasHn", "peepholes");

        static RecurrentWeights of(RecurrentCell cell, Instruction instruction) {
            SequencedMap<String, Buffer> buffers = new LinkedHashMap<>();
            for (String role : ROLES) {
                Buffer buffer = instruction.inputs().get(role);
                if (buffer != null) {
                    buffers.put(role, buffer);
                }
            }
            return new RecurrentWeights(cell, buffers);
        }

        // Written out, since those that a record has are linked when they are first called, for ten milliseconds.

        @Override
        public boolean equals(Object other) {
            return other instanceof RecurrentWeights weights && weights.cell == cell && weights.buffers.equals(buffers);
        }

        @Override
        public int hashCode() {
            return 31 * cell.hashCode() + buffers.hashCode();
        }

        Shape shape(String role) {
            return Objects.requireNonNull(buffers.get(role), role).shape();
        }

        int inputSize() {
            return shape("weightIh").dim(1);
        }

        int hiddenSize() {
            return shape("weightHh").dim(1);
        }

        boolean areParameters() {
            for (Buffer buffer : buffers.values()) {
                if (buffer.role() != Buffer.Role.PARAMETER) {
                    return false;
                }
            }
            return true;
        }

        List<String> names() {
            List<String> names = new ArrayList<>();
            for (Map.Entry<String, Buffer> weight : buffers.entrySet()) {
                names.add(weight.getKey() + "=" + weight.getValue().name());
            }
            return names;
        }

        /// Where the pack call has the pointer of a role.
        static long offset(String role) {
            return switch (role) {
                case "weightIh" -> rondo_recurrent_pack.weight_ih$offset();
                case "weightHh" -> rondo_recurrent_pack.weight_hh$offset();
                case "biasIh" -> rondo_recurrent_pack.bias_ih$offset();
                case "biasHh" -> rondo_recurrent_pack.bias_hh$offset();
                case "biasHn" -> rondo_recurrent_pack.bias_hn$offset();
                case "peepholes" -> rondo_recurrent_pack.peepholes$offset();
                default -> throw new IllegalStateException("no weight " + role);
            };
        }
    }

    NativeCompiler(MemorySegment context, int isa, Compilation compilation) {
        this.context = context;
        this.isa = isa;
        this.compilation = compilation;
        arena = compilation.arena();
        scans = new ScanCompiler(steps -> new NativeCompiler(context, isa, steps).program(), compilation);
        error = unheld(NativeError.allocate(arena));
        needs = rondo_memory_needs.allocate(arena);
    }

    NativeProgram program() {
        for (Instruction instruction : compilation.instructions()) {
            if (instruction.op() instanceof Op.RecurrentGradient gradient) {
                differentiated.add(RecurrentWeights.of(gradient.cell(), instruction));
            }
        }
        for (Instruction instruction : compilation.instructions()) {
            lower(instruction);
        }
        endStage();
        MemorySegment scratch = arena.allocate(Math.max(scratchBytes, 1), RondoNative.RONDO_ALIGNMENT());
        for (ScratchUse use : scratchUses) {
            NativeProgram.putAddress(use.call(), use.pointerOffset(), scratch);
            use.call().set(ValueLayout.JAVA_LONG, use.bytesOffset(), use.bytes());
        }
        return new NativeProgram(context, error, stages.toArray(Stage[]::new), resizes.toArray(Resize[]::new),
                beforeRun.toArray(Runnable[]::new));
    }

    /// Puts a scan, or what Java does, between the calls before it and those behind it.
    private void stage(Program scan) {
        endStage();
        stages.add(new Stage.Steps(scan));
    }

    private void endStage() {
        if (!calls.isEmpty()) {
            stages.add(list(calls, owners));
            calls.clear();
            owners.clear();
        }
    }

    private void lower(Instruction instruction) {
        switch (instruction.op()) {
            case Op.Unary op -> unary(instruction, op);
            case Op.UnaryGradient op -> unaryGradient(instruction, op);
            case Op.Binary op -> binary(instruction, op);
            case Op.Reduce op -> reduce(instruction, op);
            case Op.ReduceGradient op -> reduceGradient(instruction, op);
            case Op.Clip op -> clip(instruction, op);
            case Op.ClipGradient op -> clipGradient(instruction, op.clip());
            case Op.Reshape _ -> shapes.reshape(instruction);
            case Op.Broadcast _ -> shapes.repeat(instruction);
            case Op.Permute op -> shapes.permute(instruction, op);
            case Op.Concat op -> shapes.concat(instruction, op);
            case Op.Slice op -> shapes.slice(instruction, op);
            case Op.SliceGradient op -> shapes.sliceGradient(instruction, op);
            case Op.BatchMatMul op -> shapes.batchMatMul(instruction, op);
            case Op.MatMul op -> matMul(instruction, op);
            case Op.Gather _ -> gather(instruction);
            case Op.ScatterAdd op -> scatterAdd(instruction, op);
            case Op.Softmax _ -> softmax(instruction);
            case Op.SoftmaxGradient _ -> softmaxGradient(instruction);
            case Op.MaskTime _ -> time.copy(instruction, RondoNative.RONDO_TIME_MASK());
            case Op.RealSteps op -> stage(PlacesInTime.find(instruction, op));
            case Op.CompactTime _ -> stage(PlacesInTime.take(instruction));
            case Op.CompactTimeGradient _ -> stage(PlacesInTime.put(instruction));
            case Op.ReverseTime _ -> time.copy(instruction, RondoNative.RONDO_TIME_REVERSE());
            case Op.PoolTime op -> time.pool(instruction, op);
            case Op.PoolTimeGradient op -> time.poolGradient(instruction, op);
            case Op.Windows op -> time.windows(instruction, op);
            case Op.WindowsGradient op -> time.windowsGradient(instruction, op);
            case Op.LayerNorm op -> norms.layerNorm(instruction, op);
            case Op.LayerNormGradient _ -> norms.layerNormGradient(instruction);
            case Op.BatchNorm op -> norms.batchNorm(instruction, op, compilation.purpose() == Purpose.TRAINING);
            case Op.BatchNormGradient _ -> norms.batchNormGradient(instruction);
            case Op.SoftmaxCrossEntropy _ -> crossEntropy(instruction);
            case Op.ElementwiseLoss op -> elementwiseLoss(instruction, op);
            case Op.Ctc op -> ctc(instruction, op);
            case Op.Crf _ -> crf(instruction);
            case Op.Dropout op -> dropout(instruction, op);
            case Op.GaussianNoise op -> noise(instruction, op);
            case Op.Recurrent op -> recurrent(instruction, op);
            case Op.RecurrentGradient op -> recurrentGradient(instruction, op);
            case Op.Scan op -> stage(scans.forward(instruction, op));
            case Op.ScanGradient op -> stage(scans.backward(instruction, op));
            case Op.GlobalNorm op -> globalNorm(instruction, op);
            case Op.ClipNorms op -> clipNorms(instruction, op);
            case Op.ClipValues op -> clipValues(instruction, op);
            case Op.Sgd op -> sgd(instruction, op);
            case Op.Adam op -> adam(instruction, op);
            case Op.RmsProp op -> rmsProp(instruction, op);
            case Op.Adagrad op -> adagrad(instruction, op);
            case Op.Constant _ -> throw new IllegalStateException(instruction.name()
                    + ": constants are placed by the plan");
        }
    }

    // -------------------------------------------------------------------------------------------------- elementwise

    private void unary(Instruction instruction, Op.Unary op) {
        MemorySegment call = call(instruction, rondo_unary.layout(), RondoNative.RONDO_OP_UNARY());
        rondo_unary.kind(call, kind(op.kind()));
        Buffer x = point(call, rondo_unary.x$offset(), instruction.input("x"));
        point(call, rondo_unary.y$offset(), instruction.output("y"));
        resize(extents -> rondo_unary.count(call, x.shape().elements(extents)));
    }

    private void unaryGradient(Instruction instruction, Op.UnaryGradient op) {
        MemorySegment call = call(instruction, rondo_unary_gradient.layout(), RondoNative.RONDO_OP_UNARY_GRADIENT());
        rondo_unary_gradient.kind(call, kind(op.kind()));
        Buffer x = point(call, rondo_unary_gradient.x$offset(), instruction.input("x"));
        point(call, rondo_unary_gradient.y$offset(), instruction.input("y"));
        point(call, rondo_unary_gradient.dy$offset(), instruction.input("dy"));
        point(call, rondo_unary_gradient.dx$offset(), instruction.output("dx"));
        resize(extents -> rondo_unary_gradient.count(call, x.shape().elements(extents)));
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
        MemorySegment call = call(instruction, rondo_unary.layout(), RondoNative.RONDO_OP_UNARY());
        rondo_unary.kind(call, RondoNative.RONDO_UNARY_CLIP());
        rondo_unary.low(call, op.low());
        rondo_unary.high(call, op.high());
        Buffer x = point(call, rondo_unary.x$offset(), instruction.input("x"));
        point(call, rondo_unary.y$offset(), instruction.output("y"));
        resize(extents -> rondo_unary.count(call, x.shape().elements(extents)));
    }

    private void clipGradient(Instruction instruction, Op.Clip op) {
        MemorySegment call = call(instruction, rondo_unary_gradient.layout(), RondoNative.RONDO_OP_UNARY_GRADIENT());
        rondo_unary_gradient.kind(call, RondoNative.RONDO_UNARY_CLIP());
        rondo_unary_gradient.low(call, op.low());
        rondo_unary_gradient.high(call, op.high());
        Buffer x = point(call, rondo_unary_gradient.x$offset(), instruction.input("x"));
        point(call, rondo_unary_gradient.dy$offset(), instruction.input("dy"));
        point(call, rondo_unary_gradient.dx$offset(), instruction.output("dx"));
        resize(extents -> rondo_unary_gradient.count(call, x.shape().elements(extents)));
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
            shapes.broadcast(instruction, kind);
        }
    }

    /// True if an operand is whole, a row or a scalar.
    private static boolean isByExtents(Buffer operand, Buffer y) {
        Shape shape = operand.shape();
        return shape.equals(y.shape()) || shape.rank() == 0
                || shape.rank() == 1 && shape.dim(0) == y.shape().dim(-1);
    }

    private void binaryByExtents(Instruction instruction, int kind) {
        MemorySegment call = call(instruction, rondo_binary.layout(), RondoNative.RONDO_OP_BINARY());
        rondo_binary.kind(call, kind);
        Buffer a = point(call, rondo_binary.a$offset(), instruction.input("a"));
        Buffer b = point(call, rondo_binary.b$offset(), instruction.input("b"));
        Buffer y = point(call, rondo_binary.y$offset(), instruction.output("y"));
        rondo_binary.a_extent(call, extent(a, y));
        rondo_binary.b_extent(call, extent(b, y));
        resize(
                extents -> {
                    rondo_binary.rows(call, rows(y, extents));
                    rondo_binary.columns(call, columns(y, extents));
                });
    }

    private static int extent(Buffer operand, Buffer y) {
        if (operand.shape().equals(y.shape())) {
            return RondoNative.RONDO_EXTENT_FULL();
        }
        return operand.shape().rank() == 0 ? RondoNative.RONDO_EXTENT_SCALAR() : RondoNative.RONDO_EXTENT_ROW();
    }

    private void reduce(Instruction instruction, Op.Reduce op) {
        MemorySegment call = call(instruction, rondo_reduce.layout(), RondoNative.RONDO_OP_REDUCE());
        rondo_reduce.kind(
                call,
                switch (op.kind()) {
                    case SUM -> RondoNative.RONDO_REDUCE_SUM();
                    case MEAN -> RondoNative.RONDO_REDUCE_MEAN();
                    case MAX -> RondoNative.RONDO_REDUCE_MAX();
                });
        Shape shape = point(call, rondo_reduce.x$offset(), instruction.input("x")).shape();
        point(call, rondo_reduce.y$offset(), instruction.output("y"));
        resize(
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
        MemorySegment call = call(instruction, rondo_gather.layout(), RondoNative.RONDO_OP_GATHER());
        point(call, rondo_gather.table$offset(), instruction.input("dy"));
        Buffer dx = point(call, rondo_gather.y$offset(), instruction.output("dx"));
        long places = shape.product(0, reduce.to(), compilation.largest());
        MemorySegment ids = arena.allocate(ValueLayout.JAVA_INT, places);
        rondo_gather.ids(call, ids);
        resize(
                extents -> {
                    int outer = intSize(shape.product(0, reduce.from(), extents));
                    int axis = intSize(shape.product(reduce.from(), reduce.to(), extents));
                    rondo_gather.rows(call, outer);
                    rondo_gather.columns(call, intSize(shape.product(reduce.to(), shape.rank(), extents)));
                    rondo_gather.count(call, (long) outer * axis);
                    for (int i = 0; i < intSize((long) outer * axis); i++) {
                        ids.setAtIndex(ValueLayout.JAVA_INT, i, i / axis);
                    }
                });
        if (reduce.kind() == Op.ReduceKind.MEAN) {
            MemorySegment division = call(instruction, rondo_binary.layout(), RondoNative.RONDO_OP_BINARY());
            rondo_binary.kind(division, RondoNative.RONDO_BINARY_DIVIDE());
            rondo_binary.b_extent(division, RondoNative.RONDO_EXTENT_SCALAR());
            point(division, rondo_binary.a$offset(), dx);
            point(division, rondo_binary.y$offset(), dx);
            MemorySegment divisor = arena.allocate(ValueLayout.JAVA_FLOAT);
            rondo_binary.b(division, divisor);
            resize(
                    extents -> {
                        rondo_binary.rows(division, 1);
                        rondo_binary.columns(division, shape.elements(extents));
                        divisor.set(ValueLayout.JAVA_FLOAT, 0, shape.product(reduce.from(), reduce.to(), extents));
                    });
        }
    }

    // ------------------------------------------------------------------------------------------------------ matrices

    private void matMul(Instruction instruction, Op.MatMul op) {
        Buffer a = instruction.input("a");
        Buffer b = instruction.input("b");
        boolean transposeA = op.transpose().a();
        boolean transposeB = op.transpose().b();
        boolean packed = compilation.purpose() != Purpose.TRAINING && b.role() == Buffer.Role.PARAMETER;
        MemorySegment pack = packed ? gemmPack(instruction, b, transposeB) : MemorySegment.NULL;
        MemorySegment call = call(instruction, rondo_gemm.layout(), RondoNative.RONDO_OP_GEMM());
        rondo_gemm.transpose_a(call, transposeA ? 1 : 0);
        rondo_gemm.transpose_b(call, transposeB ? 1 : 0);
        rondo_gemm.allow_providers(call, compilation.purpose() == Purpose.TRAINING ? 1 : 0);
        point(call, rondo_gemm.a$offset(), a);
        point(call, rondo_gemm.b$offset(), b);
        pointIfPresent(call, rondo_gemm.bias$offset(), instruction.optionalInput("bias"));
        point(call, rondo_gemm.c$offset(), instruction.output("y"));
        NativeProgram.putAddress(call, rondo_gemm.packed_b$offset(), pack);
        rondo_gemm.packed_b_bytes(call, pack.byteSize());
        resize(extents -> matMulSizes(call, a, b, extents));
        useScratch(call, rondo_gemm.scratch$offset(), rondo_gemm.scratch_bytes$offset());
    }

    private static void matMulSizes(MemorySegment call, Buffer a, Buffer b, Extents extents) {
        boolean transposeA = rondo_gemm.transpose_a(call) != 0;
        boolean transposeB = rondo_gemm.transpose_b(call) != 0;
        int aRows = rows(a, extents);
        int aColumns = columns(a, extents);
        int bRows = rows(b, extents);
        int bColumns = columns(b, extents);
        rondo_gemm.m(call, transposeA ? aColumns : aRows);
        rondo_gemm.k(call, transposeA ? aRows : aColumns);
        rondo_gemm.n(call, transposeB ? bRows : bColumns);
        rondo_gemm.lda(call, aColumns);
        rondo_gemm.ldb(call, bColumns);
        rondo_gemm.ldc(call, transposeB ? bRows : bColumns);
    }

    private MemorySegment gemmPack(Instruction instruction, Buffer b, boolean transposeB) {
        MemorySegment call = struct(rondo_gemm_pack.layout(), RondoNative.RONDO_OP_GEMM_PACK());
        int rows = rows(b, compilation.largest());
        int columns = columns(b, compilation.largest());
        rondo_gemm_pack.n(call, transposeB ? rows : columns);
        rondo_gemm_pack.k(call, transposeB ? columns : rows);
        rondo_gemm_pack.transpose_b(call, transposeB ? 1 : 0);
        NativeProgram.putAddress(call, rondo_gemm_pack.b$offset(), b.segment());
        rondo_gemm_pack.ldb(call, columns);
        long bytes = packedBytes(call);
        WeightPacks.Pack pack =
                compilation.packs().pack(List.of(isa, transposeB ? "gemm of b transposed" : "gemm", b.name()), bytes);
        NativeProgram.putAddress(call, rondo_gemm_pack.packed$offset(), pack.memory());
        rondo_gemm_pack.packed_bytes(call, bytes);
        refreshBeforeRun(instruction, pack, call);
        return pack.memory();
    }

    // ------------------------------------------------------------------------------------------ embedding and softmax

    private void gather(Instruction instruction) {
        MemorySegment call = call(instruction, rondo_gather.layout(), RondoNative.RONDO_OP_GATHER());
        Buffer table = point(call, rondo_gather.table$offset(), instruction.input("table"));
        Buffer ids = point(call, rondo_gather.ids$offset(), instruction.input("ids"));
        point(call, rondo_gather.y$offset(), instruction.output("y"));
        rondo_gather.rows(call, table.shape().dim(0));
        rondo_gather.columns(call, table.shape().dim(1));
        resize(extents -> rondo_gather.count(call, ids.shape().elements(extents)));
    }

    private void scatterAdd(Instruction instruction, Op.ScatterAdd op) {
        MemorySegment call = call(instruction, rondo_scatter_add.layout(), RondoNative.RONDO_OP_SCATTER_ADD());
        Buffer ids = point(call, rondo_scatter_add.ids$offset(), instruction.input("ids"));
        point(call, rondo_scatter_add.dy$offset(), instruction.input("dy"));
        Buffer dtable = point(call, rondo_scatter_add.dtable$offset(), instruction.output("dtable"));
        rondo_scatter_add.rows(call, op.rows());
        rondo_scatter_add.columns(call, dtable.shape().dim(1));
        resize(extents -> rondo_scatter_add.count(call, ids.shape().elements(extents)));
    }

    private void softmax(Instruction instruction) {
        MemorySegment call = call(instruction, rondo_softmax.layout(), RondoNative.RONDO_OP_SOFTMAX());
        Buffer x = point(call, rondo_softmax.x$offset(), instruction.input("x"));
        pointIfPresent(call, rondo_softmax.lengths$offset(), instruction.optionalInput("lengths"));
        point(call, rondo_softmax.y$offset(), instruction.output("y"));
        resize(
                extents -> {
                    rondo_softmax.rows(call, rows(x, extents));
                    rondo_softmax.columns(call, columns(x, extents));
                    rondo_softmax.rows_per_length(call, rowsOfSequence(x, extents));
                });
    }

    private void softmaxGradient(Instruction instruction) {
        MemorySegment call =
                call(instruction, rondo_softmax_gradient.layout(), RondoNative.RONDO_OP_SOFTMAX_GRADIENT());
        Buffer y = point(call, rondo_softmax_gradient.y$offset(), instruction.input("y"));
        point(call, rondo_softmax_gradient.dy$offset(), instruction.input("dy"));
        pointIfPresent(call, rondo_softmax_gradient.lengths$offset(), instruction.optionalInput("lengths"));
        point(call, rondo_softmax_gradient.dx$offset(), instruction.output("dx"));
        resize(
                extents -> {
                    rondo_softmax_gradient.rows(call, rows(y, extents));
                    rondo_softmax_gradient.columns(call, columns(y, extents));
                    rondo_softmax_gradient.rows_per_length(call, rowsOfSequence(y, extents));
                });
    }

    private static int rowsOfSequence(Buffer buffer, Extents extents) {
        int rank = buffer.shape().rank();
        return rank < 2 ? 1 : intSize(buffer.shape().product(1, rank - 1, extents));
    }

    private void crossEntropy(Instruction instruction) {
        MemorySegment call =
                call(instruction, rondo_softmax_cross_entropy.layout(), RondoNative.RONDO_OP_SOFTMAX_CROSS_ENTROPY());
        Buffer logits = point(call, rondo_softmax_cross_entropy.logits$offset(), instruction.input("logits"));
        pointIfPresent(call, rondo_softmax_cross_entropy.labels$offset(), instruction.optionalInput("labels"));
        pointIfPresent(call, rondo_softmax_cross_entropy.targets$offset(), instruction.optionalInput("targets"));
        pointIfPresent(call, rondo_softmax_cross_entropy.lengths$offset(), instruction.optionalInput("lengths"));
        pointIfPresent(call, rondo_softmax_cross_entropy.dlogits$offset(), instruction.optionalOutput("dlogits"));
        // loss, correct and count lie side by side
        point(call, rondo_softmax_cross_entropy.result$offset(), instruction.output("loss"));
        Shape shape = logits.shape();
        resize(
                extents -> {
                    int rank = shape.rank();
                    rondo_softmax_cross_entropy.batch_size(call, intSize(shape.product(0, 1, extents)));
                    rondo_softmax_cross_entropy.time_steps(call, intSize(shape.product(1, rank - 1, extents)));
                    rondo_softmax_cross_entropy.classes(call, intSize(shape.product(rank - 1, rank, extents)));
                });
        useScratch(call, rondo_softmax_cross_entropy.scratch$offset(),
                rondo_softmax_cross_entropy.scratch_bytes$offset());
    }

    private void elementwiseLoss(Instruction instruction, Op.ElementwiseLoss op) {
        MemorySegment call =
                call(instruction, rondo_elementwise_loss.layout(), RondoNative.RONDO_OP_ELEMENTWISE_LOSS());
        rondo_elementwise_loss.kind(
                call,
                switch (op.kind()) {
                    case SQUARED -> RondoNative.RONDO_LOSS_SQUARED();
                    case ABSOLUTE -> RondoNative.RONDO_LOSS_ABSOLUTE();
                    case BINARY -> RondoNative.RONDO_LOSS_BINARY();
                    case BINARY_LOGITS -> RondoNative.RONDO_LOSS_BINARY_LOGITS();
                });
        Shape shape = point(call, rondo_elementwise_loss.x$offset(), instruction.input("x")).shape();
        point(call, rondo_elementwise_loss.targets$offset(), instruction.input("targets"));
        pointIfPresent(call, rondo_elementwise_loss.lengths$offset(), instruction.optionalInput("lengths"));
        pointIfPresent(call, rondo_elementwise_loss.dx$offset(), instruction.optionalOutput("dx"));
        // The scalars lie side by side, in the order of the result.
        point(call, rondo_elementwise_loss.result$offset(), instruction.output("loss"));
        resize(
                extents -> {
                    int rank = shape.rank();
                    rondo_elementwise_loss.batch_size(call, intSize(shape.product(0, 1, extents)));
                    rondo_elementwise_loss.time_steps(call, intSize(shape.product(1, rank - 1, extents)));
                    rondo_elementwise_loss.features(call, intSize(shape.product(rank - 1, rank, extents)));
                });
        useScratch(call, rondo_elementwise_loss.scratch$offset(), rondo_elementwise_loss.scratch_bytes$offset());
    }

    private void ctc(Instruction instruction, Op.Ctc op) {
        MemorySegment call = call(instruction, rondo_ctc.layout(), RondoNative.RONDO_OP_CTC());
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
        Shape logits = point(call, rondo_ctc.logits$offset(), instruction.input("logits")).shape();
        Buffer labels = point(call, rondo_ctc.labels$offset(), instruction.input("labels"));
        point(call, rondo_ctc.label_lengths$offset(), instruction.input("labelLengths"));
        pointIfPresent(call, rondo_ctc.lengths$offset(), instruction.optionalInput("lengths"));
        pointIfPresent(call, rondo_ctc.dlogits$offset(), instruction.optionalOutput("dlogits"));
        pointIfPresent(call, rondo_ctc.per_sequence$offset(), instruction.optionalOutput("perSequence"));
        // loss and count lie side by side
        point(call, rondo_ctc.result$offset(), instruction.output("loss"));
        resize(
                extents -> {
                    rondo_ctc.batch_size(call, intSize(logits.product(0, 1, extents)));
                    rondo_ctc.time_steps(call, intSize(logits.product(1, 2, extents)));
                    rondo_ctc.classes(call, intSize(logits.product(2, 3, extents)));
                    rondo_ctc.label_steps(call, columns(labels, extents));
                });
        useScratch(call, rondo_ctc.scratch$offset(), rondo_ctc.scratch_bytes$offset());
    }

    private void crf(Instruction instruction) {
        MemorySegment call = call(instruction, rondo_crf.layout(), RondoNative.RONDO_OP_CRF());
        Shape emissions = point(call, rondo_crf.emissions$offset(), instruction.input("emissions")).shape();
        point(call, rondo_crf.transitions$offset(), instruction.input("transitions"));
        point(call, rondo_crf.start$offset(), instruction.input("start"));
        point(call, rondo_crf.end$offset(), instruction.input("end"));
        point(call, rondo_crf.tags$offset(), instruction.input("tags"));
        pointIfPresent(call, rondo_crf.lengths$offset(), instruction.optionalInput("lengths"));
        pointIfPresent(call, rondo_crf.demissions$offset(), instruction.optionalOutput("demissions"));
        pointIfPresent(call, rondo_crf.dtransitions$offset(), instruction.optionalOutput("dtransitions"));
        pointIfPresent(call, rondo_crf.dstart$offset(), instruction.optionalOutput("dstart"));
        pointIfPresent(call, rondo_crf.dend$offset(), instruction.optionalOutput("dend"));
        pointIfPresent(call, rondo_crf.per_sequence$offset(), instruction.optionalOutput("perSequence"));
        // loss and count lie side by side
        point(call, rondo_crf.result$offset(), instruction.output("loss"));
        resize(
                extents -> {
                    rondo_crf.batch_size(call, intSize(emissions.product(0, 1, extents)));
                    rondo_crf.time_steps(call, intSize(emissions.product(1, 2, extents)));
                    rondo_crf.classes(call, intSize(emissions.product(2, 3, extents)));
                });
        useScratch(call, rondo_crf.scratch$offset(), rondo_crf.scratch_bytes$offset());
    }

    private void dropout(Instruction instruction, Op.Dropout op) {
        MemorySegment call = call(instruction, rondo_dropout.layout(), RondoNative.RONDO_OP_DROPOUT());
        rondo_dropout.seed(call, op.seed());
        rondo_dropout.stream(call, op.stream());
        rondo_dropout.rate(call, op.rate());
        point(call, rondo_dropout.step$offset(), instruction.input("step"));
        Buffer x = point(call, rondo_dropout.x$offset(), instruction.input("x"));
        point(call, rondo_dropout.y$offset(), instruction.output("y"));
        resize(extents -> rondo_dropout.count(call, x.shape().elements(extents)));
    }

    private void noise(Instruction instruction, Op.GaussianNoise op) {
        MemorySegment call = call(instruction, rondo_gaussian_noise.layout(), RondoNative.RONDO_OP_GAUSSIAN_NOISE());
        rondo_gaussian_noise.seed(call, op.seed());
        rondo_gaussian_noise.stream(call, op.stream());
        rondo_gaussian_noise.deviation(call, op.deviation());
        point(call, rondo_gaussian_noise.step$offset(), instruction.input("step"));
        Buffer x = point(call, rondo_gaussian_noise.x$offset(), instruction.input("x"));
        point(call, rondo_gaussian_noise.y$offset(), instruction.output("y"));
        resize(extents -> rondo_gaussian_noise.count(call, x.shape().elements(extents)));
    }

    // ------------------------------------------------------------------------------------------------ recurrent cells

    private static int cell(RecurrentCell cell) {
        return switch (cell) {
            case LSTM -> RondoNative.RONDO_CELL_LSTM();
            case LSTM_PEEPHOLES -> RondoNative.RONDO_CELL_LSTM_PEEPHOLES();
            case GRU_RESET_AFTER -> RondoNative.RONDO_CELL_GRU_RESET_AFTER();
            case GRU_RESET_BEFORE -> RondoNative.RONDO_CELL_GRU_RESET_BEFORE();
            case RNN_TANH -> RondoNative.RONDO_CELL_RNN_TANH();
            case RNN_RELU -> RondoNative.RONDO_CELL_RNN_RELU();
            case RNN_SIGMOID -> RondoNative.RONDO_CELL_RNN_SIGMOID();
            case RNN_IDENTITY -> RondoNative.RONDO_CELL_RNN_IDENTITY();
        };
    }

    private static int direction(Op.Direction direction) {
        return switch (direction) {
            case FORWARD -> RondoNative.RONDO_DIRECTION_FORWARD();
            case REVERSE -> RondoNative.RONDO_DIRECTION_REVERSE();
        };
    }

    private void recurrent(Instruction instruction, Op.Recurrent op) {
        RecurrentWeights weights = RecurrentWeights.of(op.cell(), instruction);
        MemorySegment packed = recurrentPacked(instruction, weights);
        MemorySegment call =
                call(instruction, rondo_recurrent_forward.layout(), RondoNative.RONDO_OP_RECURRENT_FORWARD());
        int hidden = weights.hiddenSize();
        int input = weights.inputSize();
        rondo_recurrent_forward.cell(call, cell(op.cell()));
        rondo_recurrent_forward.direction(call, direction(op.direction()));
        rondo_recurrent_forward.input_size(call, input);
        rondo_recurrent_forward.hidden_size(call, hidden);
        NativeProgram.putAddress(call, rondo_recurrent_forward.packed$offset(), packed);
        rondo_recurrent_forward.packed_bytes(call, packed.byteSize());
        Shape shape = point(call, rondo_recurrent_forward.x$offset(), instruction.input("x")).shape();
        pointIfPresent(call, rondo_recurrent_forward.lengths$offset(), instruction.optionalInput("lengths"));
        pointIfPresent(call, rondo_recurrent_forward.h0$offset(), instruction.optionalInput("h0"));
        pointIfPresent(call, rondo_recurrent_forward.c0$offset(), instruction.optionalInput("c0"));
        pointIfPresent(
                call, rondo_recurrent_forward.recurrent_mask$offset(), instruction.optionalInput("recurrentMask"));
        pointIfPresent(call, rondo_recurrent_forward.y$offset(), instruction.optionalOutput("y"));
        pointIfPresent(call, rondo_recurrent_forward.hn$offset(), instruction.optionalOutput("hN"));
        pointIfPresent(call, rondo_recurrent_forward.cn$offset(), instruction.optionalOutput("cN"));
        rondo_recurrent_forward.x_time_stride(call, input);
        rondo_recurrent_forward.y_time_stride(call, hidden);
        resize(
                extents -> {
                    int steps = intSize(shape.product(1, 2, extents));
                    rondo_recurrent_forward.batch_size(call, intSize(shape.product(0, 1, extents)));
                    rondo_recurrent_forward.time_steps(call, steps);
                    rondo_recurrent_forward.x_batch_stride(
                            call, steps * rondo_recurrent_forward.x_time_stride(call));
                    rondo_recurrent_forward.y_batch_stride(
                            call, steps * rondo_recurrent_forward.y_time_stride(call));
                });
        instruction
                .optionalOutput("saved")
                .ifPresent(
                        saved -> {
                            memory(call);
                            MemorySegment segment =
                                    arena.allocate(
                                            Math.max(rondo_memory_needs.saved_bytes(needs), 1),
                                                    RondoNative.RONDO_ALIGNMENT());
                            savedMemory.put(saved, segment);
                            NativeProgram.putAddress(call, rondo_recurrent_forward.saved$offset(), segment);
                            rondo_recurrent_forward.saved_bytes(call, segment.byteSize());
                        });
        useScratch(call, rondo_recurrent_forward.scratch$offset(), rondo_recurrent_forward.scratch_bytes$offset());
    }

    private void recurrentGradient(Instruction instruction, Op.RecurrentGradient op) {
        RecurrentWeights weights = RecurrentWeights.of(op.cell(), instruction);
        MemorySegment packed = recurrentPacked(instruction, weights);
        MemorySegment call =
                call(instruction, rondo_recurrent_backward.layout(), RondoNative.RONDO_OP_RECURRENT_BACKWARD());
        int hidden = weights.hiddenSize();
        int input = weights.inputSize();
        rondo_recurrent_backward.cell(call, cell(op.cell()));
        rondo_recurrent_backward.direction(call, direction(op.direction()));
        rondo_recurrent_backward.input_size(call, input);
        rondo_recurrent_backward.hidden_size(call, hidden);
        NativeProgram.putAddress(call, rondo_recurrent_backward.packed$offset(), packed);
        rondo_recurrent_backward.packed_bytes(call, packed.byteSize());
        point(call, rondo_recurrent_backward.weight_ih$offset(), instruction.input("weightIh"));
        Shape shape = point(call, rondo_recurrent_backward.x$offset(), instruction.input("x")).shape();
        pointIfPresent(call, rondo_recurrent_backward.lengths$offset(), instruction.optionalInput("lengths"));
        pointIfPresent(
                call, rondo_recurrent_backward.recurrent_mask$offset(), instruction.optionalInput("recurrentMask"));
        pointIfPresent(call, rondo_recurrent_backward.dy$offset(), instruction.optionalInput("dy"));
        pointIfPresent(call, rondo_recurrent_backward.dhn$offset(), instruction.optionalInput("dhN"));
        pointIfPresent(call, rondo_recurrent_backward.dcn$offset(), instruction.optionalInput("dcN"));
        pointIfPresent(call, rondo_recurrent_backward.dx$offset(), instruction.optionalOutput("dx"));
        pointIfPresent(call, rondo_recurrent_backward.dweight_ih$offset(), instruction.optionalOutput("dweightIh"));
        pointIfPresent(call, rondo_recurrent_backward.dweight_hh$offset(), instruction.optionalOutput("dweightHh"));
        pointIfPresent(call, rondo_recurrent_backward.dbias_ih$offset(), instruction.optionalOutput("dbiasIh"));
        pointIfPresent(call, rondo_recurrent_backward.dbias_hh$offset(), instruction.optionalOutput("dbiasHh"));
        pointIfPresent(call, rondo_recurrent_backward.dbias_hn$offset(), instruction.optionalOutput("dbiasHn"));
        pointIfPresent(call, rondo_recurrent_backward.dpeepholes$offset(), instruction.optionalOutput("dpeepholes"));
        pointIfPresent(call, rondo_recurrent_backward.dh0$offset(), instruction.optionalOutput("dh0"));
        pointIfPresent(call, rondo_recurrent_backward.dc0$offset(), instruction.optionalOutput("dc0"));
        pointIfPresent(call, rondo_recurrent_backward.dh_norms$offset(), instruction.optionalOutput("dhNorms"));
        MemorySegment saved = savedMemory.get(instruction.input("saved"));
        if (saved == null) {
            throw new IllegalStateException(instruction.name() + ": expected its forward pass before it");
        }
        NativeProgram.putAddress(call, rondo_recurrent_backward.saved$offset(), saved);
        rondo_recurrent_backward.saved_bytes(call, saved.byteSize());
        resize(
                extents -> {
                    int steps = intSize(shape.product(1, 2, extents));
                    rondo_recurrent_backward.batch_size(call, intSize(shape.product(0, 1, extents)));
                    rondo_recurrent_backward.time_steps(call, steps);
                    rondo_recurrent_backward.x_batch_stride(call, (long) steps * input);
                    rondo_recurrent_backward.x_time_stride(call, input);
                    rondo_recurrent_backward.dy_batch_stride(call, (long) steps * hidden);
                    rondo_recurrent_backward.dy_time_stride(call, hidden);
                    rondo_recurrent_backward.dx_batch_stride(call, (long) steps * input);
                    rondo_recurrent_backward.dx_time_stride(call, input);
                });
        useScratch(call, rondo_recurrent_backward.scratch$offset(), rondo_recurrent_backward.scratch_bytes$offset());
    }

    /// The packed weights of a recurrent cell, with a pack call before this point if need be.
    private MemorySegment recurrentPacked(Instruction instruction, RecurrentWeights weights) {
        MemorySegment known = recurrentPacks.get(weights);
        if (known != null) {
            return known;
        }
        boolean shared =
                compilation.purpose() == Purpose.INFERENCE && weights.areParameters()
                        && !differentiated.contains(weights);
        MemorySegment call =
                shared
                        ? struct(rondo_recurrent_pack.layout(), RondoNative.RONDO_OP_RECURRENT_PACK())
                        : call(instruction, rondo_recurrent_pack.layout(), RondoNative.RONDO_OP_RECURRENT_PACK());
        rondo_recurrent_pack.cell(call, cell(weights.cell()));
        rondo_recurrent_pack.input_size(call, weights.inputSize());
        rondo_recurrent_pack.hidden_size(call, weights.hiddenSize());
        rondo_recurrent_pack.parts(
                call,
                RondoNative.RONDO_PACK_FORWARD()
                        | (differentiated.contains(weights) ? RondoNative.RONDO_PACK_BACKWARD() : 0));
        long bytes = packedBytes(call);
        MemorySegment packed;
        if (shared) {
            WeightPacks.Pack pack =
                    compilation.packs().pack(List.of(isa, weights.cell().name(), weights.names()), bytes);
            weights.buffers()
                    .forEach((role, buffer) -> NativeProgram.putAddress(
                            call, RecurrentWeights.offset(role), buffer.segment()));
            packed = pack.memory();
            refreshBeforeRun(instruction, pack, call);
        } else {
            weights.buffers().forEach((role, buffer) -> point(call, RecurrentWeights.offset(role), buffer));
            packed = arena.allocate(bytes, RondoNative.RONDO_ALIGNMENT());
        }
        NativeProgram.putAddress(call, rondo_recurrent_pack.packed$offset(), packed);
        rondo_recurrent_pack.packed_bytes(call, bytes);
        recurrentPacks.put(weights, packed);
        return packed;
    }

    // ----------------------------------------------------------------------------------------------------- optimizers

    private void globalNorm(Instruction instruction, Op.GlobalNorm op) {
        MemorySegment call = call(instruction, rondo_global_norm.layout(), RondoNative.RONDO_OP_GLOBAL_NORM());
        Buffer x = point(call, rondo_global_norm.x$offset(), instruction.input("x"));
        point(call, rondo_global_norm.norm$offset(), instruction.output("norm"));
        point(call, rondo_global_norm.scale$offset(), instruction.output("scale"));
        rondo_global_norm.max_norm(call, op.maxNorm());
        resize(extents -> rondo_global_norm.count(call, x.shape().elements(extents)));
        useScratch(call, rondo_global_norm.scratch$offset(), rondo_global_norm.scratch_bytes$offset());
    }

    private void clipNorms(Instruction instruction, Op.ClipNorms op) {
        MemorySegment call = clip(instruction, RondoNative.RONDO_CLIP_NORM(), op.maxNorm());
        int tensors = op.tensors().size();
        MemorySegment bounds = arena.allocate(ValueLayout.JAVA_LONG, 2L * tensors);
        for (int i = 0; i < tensors; i++) {
            bounds.setAtIndex(ValueLayout.JAVA_LONG, 2L * i, op.tensors().get(i).begin());
            bounds.setAtIndex(ValueLayout.JAVA_LONG, 2L * i + 1, op.tensors().get(i).end());
        }
        rondo_clip.tensors(call, tensors);
        rondo_clip.bounds(call, bounds);
        useScratch(call, rondo_clip.scratch$offset(), rondo_clip.scratch_bytes$offset());
    }

    private void clipValues(Instruction instruction, Op.ClipValues op) {
        clip(instruction, RondoNative.RONDO_CLIP_VALUE(), op.maxValue());
    }

    private MemorySegment clip(Instruction instruction, int kind, float max) {
        MemorySegment call = call(instruction, rondo_clip.layout(), RondoNative.RONDO_OP_CLIP());
        rondo_clip.kind(call, kind);
        rondo_clip.max(call, max);
        Buffer gradients = point(call, rondo_clip.x$offset(), instruction.input("gradients"));
        resize(extents -> rondo_clip.count(call, gradients.shape().elements(extents)));
        return call;
    }

    private void sgd(Instruction instruction, Op.Sgd op) {
        MemorySegment call = call(instruction, rondo_sgd.layout(), RondoNative.RONDO_OP_SGD());
        Buffer parameters = point(call, rondo_sgd.parameters$offset(), instruction.input("parameters"));
        point(call, rondo_sgd.gradients$offset(), instruction.input("gradients"));
        pointIfPresent(call, rondo_sgd.velocity$offset(), instruction.optionalInput("velocity"));
        pointIfPresent(call, rondo_sgd.scale$offset(), instruction.optionalInput("scale"));
        rondo_sgd.momentum(call, op.momentum());
        rondo_sgd.nesterov(call, op.nesterov() ? 1 : 0);
        resize(extents -> rondo_sgd.count(call, parameters.shape().elements(extents)));
        Buffer rate = instruction.input("rate");
        beforeRun.add(() -> rondo_sgd.rate(call, rate.segment().get(ValueLayout.JAVA_FLOAT, 0)));
    }

    private void adam(Instruction instruction, Op.Adam op) {
        MemorySegment call = call(instruction, rondo_adam.layout(), RondoNative.RONDO_OP_ADAM());
        Buffer parameters = point(call, rondo_adam.parameters$offset(), instruction.input("parameters"));
        point(call, rondo_adam.gradients$offset(), instruction.input("gradients"));
        point(call, rondo_adam.m$offset(), instruction.input("m"));
        point(call, rondo_adam.v$offset(), instruction.input("v"));
        pointIfPresent(call, rondo_adam.scale$offset(), instruction.optionalInput("scale"));
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
        resize(extents -> rondo_adam.count(call, parameters.shape().elements(extents)));
        Buffer rate = instruction.input("rate");
        Buffer step = instruction.input("step");
        beforeRun.add(
                () -> {
                    rondo_adam.rate(call, rate.segment().get(ValueLayout.JAVA_FLOAT, 0));
                    rondo_adam.step(call, step.segment().get(ValueLayout.JAVA_LONG, 0));
                });
    }

    private void rmsProp(Instruction instruction, Op.RmsProp op) {
        MemorySegment call = call(instruction, rondo_rmsprop.layout(), RondoNative.RONDO_OP_RMSPROP());
        Buffer parameters = point(call, rondo_rmsprop.parameters$offset(), instruction.input("parameters"));
        point(call, rondo_rmsprop.gradients$offset(), instruction.input("gradients"));
        point(call, rondo_rmsprop.v$offset(), instruction.input("v"));
        pointIfPresent(call, rondo_rmsprop.m$offset(), instruction.optionalInput("m"));
        pointIfPresent(call, rondo_rmsprop.velocity$offset(), instruction.optionalInput("velocity"));
        pointIfPresent(call, rondo_rmsprop.scale$offset(), instruction.optionalInput("scale"));
        rondo_rmsprop.rho(call, op.rho());
        rondo_rmsprop.epsilon(call, op.epsilon());
        rondo_rmsprop.momentum(call, op.momentum());
        rondo_rmsprop.form(call, form(op.form()));
        resize(extents -> rondo_rmsprop.count(call, parameters.shape().elements(extents)));
        Buffer rate = instruction.input("rate");
        beforeRun.add(() -> rondo_rmsprop.rate(call, rate.segment().get(ValueLayout.JAVA_FLOAT, 0)));
    }

    private void adagrad(Instruction instruction, Op.Adagrad op) {
        MemorySegment call = call(instruction, rondo_adagrad.layout(), RondoNative.RONDO_OP_ADAGRAD());
        Buffer parameters = point(call, rondo_adagrad.parameters$offset(), instruction.input("parameters"));
        point(call, rondo_adagrad.gradients$offset(), instruction.input("gradients"));
        point(call, rondo_adagrad.sum$offset(), instruction.input("sum"));
        pointIfPresent(call, rondo_adagrad.scale$offset(), instruction.optionalInput("scale"));
        rondo_adagrad.epsilon(call, op.epsilon());
        rondo_adagrad.form(call, form(op.form()));
        resize(extents -> rondo_adagrad.count(call, parameters.shape().elements(extents)));
        Buffer rate = instruction.input("rate");
        beforeRun.add(() -> rondo_adagrad.rate(call, rate.segment().get(ValueLayout.JAVA_FLOAT, 0)));
    }

    private static int form(Op.RootForm form) {
        return switch (form) {
            case KERAS -> RondoNative.RONDO_ROOT_KERAS();
            case PYTORCH -> RondoNative.RONDO_ROOT_PYTORCH();
        };
    }

    // -------------------------------------------------------------------------------------------------------- structs

    /// A call struct at the end of the list.
    MemorySegment call(Instruction owner, GroupLayout layout, int op) {
        MemorySegment call = struct(layout, op);
        calls.add(call);
        owners.add(owner);
        return call;
    }

    private MemorySegment struct(GroupLayout layout, int op) {
        MemorySegment call = arena.allocate(layout);
        rondo_head.struct_size(call, (int) layout.byteSize());
        rondo_head.op(call, op);
        return call;
    }

    /// Points a field at a buffer, wherever it will be bound to.
    Buffer point(MemorySegment call, long offset, Buffer buffer) {
        buffer.keepAt(new Pointer(call, offset));
        return buffer;
    }

    void pointIfPresent(MemorySegment call, long offset, Optional<Buffer> buffer) {
        if (buffer.isPresent()) {
            point(call, offset, buffer.get());
        }
    }

    /// Adds what sets the sizes of a call, and sets them to the largest.
    void resize(Resize resize) {
        resize.to(compilation.largest());
        resizes.add(resize);
    }

    /// Adds what sets the sizes of a call that needs no memory, and may refuse them.
    void resizeAtRun(Resize resize) {
        resizes.add(resize);
    }

    /// Zeros that live as long as the program.
    MemorySegment allocate(long bytes) {
        return arena.allocate(bytes, RondoNative.RONDO_ALIGNMENT());
    }

    /// Asks what memory a call needs at the sizes it has now, the largest.
    private void memory(MemorySegment call) {
        NativeProgram.putAddress(needs, rondo_memory_needs.call$offset(), call);
        int status = RondoNative.rondo_memory(context, needs, error);
        if (status != RondoNative.RONDO_OK()) {
            throw new IllegalArgumentException(NativeError.text(error));
        }
    }

    private long packedBytes(MemorySegment call) {
        memory(call);
        return Math.max(rondo_memory_needs.packed_bytes(needs), 1);
    }

    void useScratch(MemorySegment call, long pointerOffset, long bytesOffset) {
        memory(call);
        long bytes = rondo_memory_needs.scratch_bytes(needs);
        if (bytes > 0) {
            scratchUses.add(new ScratchUse(call, pointerOffset, bytesOffset, bytes));
            scratchBytes = Math.max(scratchBytes, bytes);
        }
    }

    /// Has a pack of parameters made anew before a run if they have changed.
    private void refreshBeforeRun(Instruction owner, WeightPacks.Pack pack, MemorySegment call) {
        Calls single = list(List.of(call), List.of(owner));
        MemorySegment nothing = MemorySegment.NULL;
        Runnable packing =
                () -> NativeProgram.run(context, single, error, nothing, nothing, nothing, nothing);
        WeightPacks packs = compilation.packs();
        beforeRun.add(() -> pack.refresh(packs.version(), packing));
    }

    private Calls list(List<MemorySegment> structs, List<Instruction> instructions) {
        MemorySegment addresses = arena.allocate(ValueLayout.JAVA_LONG, structs.size());
        for (int i = 0; i < structs.size(); i++) {
            NativeProgram.putAddress(addresses, i * ValueLayout.JAVA_LONG.byteSize(), structs.get(i));
        }
        return new Calls(unheld(addresses), instructions.toArray(Instruction[]::new));
    }

    /// The same memory for downcalls that need not hold its arena open, at the cost of two atomic operations each: the
    /// plan, whose arena it is, closes it only between runs.
    private static MemorySegment unheld(MemorySegment memory) {
        return MemorySegment.ofAddress(memory.address()).reinterpret(memory.byteSize());
    }

    // ---------------------------------------------------------------------------------------------------------- sizes

    private static int rows(Buffer buffer, Extents extents) {
        return intSize(buffer.shape().product(0, Math.max(buffer.shape().rank() - 1, 0), extents));
    }

    private static int columns(Buffer buffer, Extents extents) {
        int rank = buffer.shape().rank();
        return intSize(buffer.shape().product(Math.max(rank - 1, 0), rank, extents));
    }

    private static int intSize(long size) {
        return Math.toIntExact(size);
    }
}
