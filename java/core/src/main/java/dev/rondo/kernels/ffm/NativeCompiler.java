package dev.rondo.kernels.ffm;

import dev.rondo.bindings.RondoNative;
import dev.rondo.bindings.rondo_gather;
import dev.rondo.bindings.rondo_gemm;
import dev.rondo.bindings.rondo_gemm_pack;
import dev.rondo.bindings.rondo_head;
import dev.rondo.bindings.rondo_memory_needs;
import dev.rondo.bindings.rondo_recurrent_backward;
import dev.rondo.bindings.rondo_recurrent_forward;
import dev.rondo.bindings.rondo_recurrent_pack;
import dev.rondo.bindings.rondo_scatter_add;
import dev.rondo.bindings.rondo_softmax;
import dev.rondo.bindings.rondo_softmax_gradient;
import dev.rondo.graph.Op;
import dev.rondo.graph.RecurrentCell;
import dev.rondo.kernels.Buffer;
import dev.rondo.kernels.Compilation;
import dev.rondo.kernels.Compilation.Purpose;
import dev.rondo.kernels.Instruction;
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
import org.jspecify.annotations.Nullable;

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

    /// Made at the first scan.
    private @Nullable ScanCompiler scans;

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
        return new NativeProgram(context, error, stages.toArray(new Stage[0]), resizes.toArray(new Resize[0]),
                beforeRun.toArray(new Runnable[0]));
    }

    /// Puts a scan, or what Java does, between the calls before it and those behind it.
    void stage(Program scan) {
        endStage();
        stages.add(new Stage.Steps(scan));
    }

    private ScanCompiler scans() {
        if (scans == null) {
            scans = new ScanCompiler(steps -> new NativeCompiler(context, isa, steps).program(), compilation);
        }
        return scans;
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
            case Op.Elementwise op -> new NativeElementwise(this).lower(instruction, op);
            case Op.Shaping op -> new NativeShapes(this).lower(instruction, op);
            case Op.BatchMatMul op -> new NativeShapes(this).batchMatMul(instruction, op);
            case Op.MatMul op -> matMul(instruction, op);
            case Op.Gather _ -> gather(instruction);
            case Op.ScatterAdd op -> scatterAdd(instruction, op);
            case Op.Softmax _ -> softmax(instruction);
            case Op.SoftmaxGradient _ -> softmaxGradient(instruction);
            case Op.InTime op -> new NativeTime(this).lower(instruction, op);
            case Op.Normalization op -> new NativeNormalization(this).lower(instruction, op);
            case Op.Loss op -> new NativeLosses(this).lower(instruction, op);
            case Op.Noise op -> new NativeNoise(this).lower(instruction, op);
            case Op.Recurrent op -> recurrent(instruction, op);
            case Op.RecurrentGradient op -> recurrentGradient(instruction, op);
            case Op.Scan op -> stage(scans().forward(instruction, op));
            case Op.ScanGradient op -> stage(scans().backward(instruction, op));
            case Op.Update op -> new NativeUpdates(this).lower(instruction, op);
            case Op.Constant _ -> throw new IllegalStateException(instruction.name()
                    + ": constants are placed by the plan");
        }
    }

    // ------------------------------------------------------------------------------------------------------ matrices

    private void matMul(Instruction instruction, Op.MatMul op) {
        Buffer a = instruction.input("a");
        Buffer b = instruction.input("b");
        boolean transposeA = op.transpose().a();
        boolean transposeB = op.transpose().b();
        boolean packed = !isTraining() && b.role() == Buffer.Role.PARAMETER;
        MemorySegment pack = packed ? gemmPack(instruction, b, transposeB) : MemorySegment.NULL;
        MemorySegment call = call(instruction, rondo_gemm.layout(), RondoNative.RONDO_OP_GEMM());
        rondo_gemm.transpose_a(call, transposeA ? 1 : 0);
        rondo_gemm.transpose_b(call, transposeB ? 1 : 0);
        rondo_gemm.allow_providers(call, isTraining() ? 1 : 0);
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
        Optional<Buffer> saved = instruction.optionalOutput("saved");
        if (saved.isPresent()) {
            memory(call);
            MemorySegment segment =
                    arena.allocate(Math.max(rondo_memory_needs.saved_bytes(needs), 1), RondoNative.RONDO_ALIGNMENT());
            savedMemory.put(saved.get(), segment);
            NativeProgram.putAddress(call, rondo_recurrent_forward.saved$offset(), segment);
            rondo_recurrent_forward.saved_bytes(call, segment.byteSize());
        }
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
            for (Map.Entry<String, Buffer> weight : weights.buffers().entrySet()) {
                NativeProgram.putAddress(
                        call, RecurrentWeights.offset(weight.getKey()), weight.getValue().segment());
            }
            packed = pack.memory();
            refreshBeforeRun(instruction, pack, call);
        } else {
            for (Map.Entry<String, Buffer> weight : weights.buffers().entrySet()) {
                point(call, RecurrentWeights.offset(weight.getKey()), weight.getValue());
            }
            packed = arena.allocate(bytes, RondoNative.RONDO_ALIGNMENT());
        }
        NativeProgram.putAddress(call, rondo_recurrent_pack.packed$offset(), packed);
        rondo_recurrent_pack.packed_bytes(call, bytes);
        recurrentPacks.put(weights, packed);
        return packed;
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

    /// Adds what is done before each run.
    void beforeRun(Runnable preparation) {
        beforeRun.add(preparation);
    }

    boolean isTraining() {
        return compilation.purpose() == Purpose.TRAINING;
    }

    Extents largest() {
        return compilation.largest();
    }

    /// Of what lives as long as the program.
    Arena arena() {
        return arena;
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
        return new Calls(unheld(addresses), instructions.toArray(new Instruction[0]));
    }

    /// The same memory for downcalls that need not hold its arena open, at the cost of two atomic operations each: the
    /// plan, whose arena it is, closes it only between runs.
    private static MemorySegment unheld(MemorySegment memory) {
        return MemorySegment.ofAddress(memory.address()).reinterpret(memory.byteSize());
    }

    // ---------------------------------------------------------------------------------------------------------- sizes

    static int rows(Buffer buffer, Extents extents) {
        return intSize(buffer.shape().product(0, Math.max(buffer.shape().rank() - 1, 0), extents));
    }

    static int columns(Buffer buffer, Extents extents) {
        int rank = buffer.shape().rank();
        return intSize(buffer.shape().product(Math.max(rank - 1, 0), rank, extents));
    }

    private static int intSize(long size) {
        return Math.toIntExact(size);
    }
}
