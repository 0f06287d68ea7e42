package dev.rondo.kernels;

import dev.rondo.graph.Graph;
import dev.rondo.graph.Node;
import dev.rondo.graph.Op;
import dev.rondo.graph.Value;
import dev.rondo.kernels.Compilation.Purpose;
import dev.rondo.kernels.ScanWalk.Constant;
import dev.rondo.kernels.ScanWalk.Moving;
import dev.rondo.kernels.ScanWalk.Parts;
import dev.rondo.kernels.ScanWalk.Slices;
import dev.rondo.kernels.ScanWalk.State;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Function;

/// Makes programs of scans, for both kernel sets: the step becomes a program of the same kernels, over the memory of one
/// step, which a [ScanWalk] runs once a step.
///
/// A value that is kept for the way back has memory for every step, and the program is pointed at the part of its step;
/// so nothing is copied to keep it. A state has memory for every step and one more if it is kept, else for two, which
/// take turns. All other values of the step have memory for one. Constants stay where they are, so that parameters are
/// packed as outside of scans: in training once a run.
public final class ScanCompiler {
    private final Function<Compilation, Program> compiler;
    private final Compilation outer;
    private final Map<Buffer, Kept> kept = new HashMap<>();

    /// What the way forth leaves to the way back.
    private record Kept(SequenceOrder order, Map<Value, Moving> values) {}

    /// A program of steps, and where its values are.
    ///
    /// @param packs the program's own; absent if they are the parameters'
    private record Steps(Program program, Map<Value, Buffer> buffers, Optional<WeightPacks> packs) {}

    /// A compiler of the scans of a compilation.
    ///
    /// @param compiler makes programs of the kernel set
    /// @param outer what the scans are part of
    public ScanCompiler(Function<Compilation, Program> compiler, Compilation outer) {
        this.compiler = compiler;
        this.outer = outer;
    }

    // ------------------------------------------------------------------------------------------------- the way forth

    /// The program of a scan.
    public Program forward(Instruction instruction, Op.Scan scan) {
        Graph step = scan.step();
        SequenceOrder order = order(instruction, scan);
        Set<Value> keep = new HashSet<>();
        gradientOf(instruction).ifPresent(
                gradient -> keep.addAll(keptFor((Op.ScanGradient) gradient.op(), wanted(gradient))));

        Map<Value, Buffer> placed = new HashMap<>();
        List<Moving> movings = new ArrayList<>();
        Map<Value, Moving> keeps = new HashMap<>();
        List<State> states = new ArrayList<>();
        step.carried().forEach((before, after) -> {
            boolean kept = keep.contains(before) || keep.contains(after);
            MemorySegment[] memory = memory(before, kept ? order.capacity() + 1 : 2);
            Moving from = moving(before, memory, 0);
            Moving to = moving(after, memory, 1);
            movings.add(from);
            movings.add(to);
            keeps.put(before, from);
            keeps.put(after, to);
            states.add(new State(from, Optional.of(before.name() + "0"), before.name() + "N"));
        });
        for (Value value : step.values()) {
            if (keep.contains(value) && !keeps.containsKey(value)) {
                Moving moving = moving(value, memory(value, order.capacity()), 0);
                movings.add(moving);
                keeps.put(value, moving);
            }
        }
        keeps.forEach((value, moving) -> placed.put(value, moving.buffer()));
        scan.sequences().forEach(value -> placed.computeIfAbsent(value, this::own));
        List<Constant> constants = constants(instruction, scan.constants(), placed);

        Map<String, Value> outputs = present(instruction, step.outputs());
        Set<Value> wanted = new HashSet<>(outputs.values());
        wanted.addAll(step.carried().values());
        wanted.addAll(keep);
        Steps steps = steps(step, placed, wanted);
        instruction.optionalOutput("saved").ifPresent(saved -> kept.put(saved, new Kept(order, keeps)));
        Parts parts = new Parts(
                movings, states, List.of(), constants, slices(instruction.inputs(), names(scan.sequences()), placed),
                slices(instruction.outputs(), outputs, steps.buffers()));
        return walk(ScanWalk.Way.FORTH, instruction, order, steps, parts);
    }

    /// The instruction that uses what a scan keeps.
    private Optional<Instruction> gradientOf(Instruction scan) {
        return scan.optionalOutput("saved").flatMap(
                saved -> outer.instructions().stream()
                        .filter(other -> other.op() instanceof Op.ScanGradient
                                && other.inputs().get("saved") == saved)
                        .findFirst());
    }

    // -------------------------------------------------------------------------------------------------- the way back

    /// The program of a scan's gradient.
    public Program backward(Instruction instruction, Op.ScanGradient gradient) {
        Graph back = gradient.back();
        Kept forth = kept.get(instruction.input("saved"));
        if (forth == null) {
            throw new IllegalStateException(instruction.name() + ": expected its forward pass before it");
        }
        Set<Value> wanted = wanted(instruction);
        Map<Value, Buffer> placed = new HashMap<>();
        List<Moving> movings = new ArrayList<>();
        Set<Value> keep = keptFor(gradient, wanted);
        gradient.kept().forEach((input, value) -> {
            Moving from = forth.values().get(value);
            if (keep.contains(value) && from != null) {
                Moving moving = new Moving(buffer(input, from.slices()[0]), from.slices(), from.offset());
                movings.add(moving);
                placed.put(input, moving.buffer());
            }
        });
        List<State> states = new ArrayList<>();
        List<State> sums = new ArrayList<>();
        List<Value> scanStates = List.copyOf(gradient.scan().step().carried().keySet());
        int number = 0;
        for (Map.Entry<Value, Value> carried : back.carried().entrySet()) {
            boolean isState = number < scanStates.size();
            String name = carried.getKey().name();
            if (isState || wanted.contains(carried.getValue())) {
                MemorySegment[] memory = memory(carried.getKey(), 2);
                // The way back counts down: it finds at a step what the step behind it left.
                Moving from = moving(carried.getKey(), memory, 1);
                Moving to = moving(carried.getValue(), memory, 0);
                movings.add(from);
                movings.add(to);
                placed.put(carried.getKey(), from.buffer());
                placed.put(carried.getValue(), to.buffer());
                Optional<String> given = isState ? Optional.of(name) : Optional.empty();
                String made = isState ? "d" + scanStates.get(number).name() + "0" : name;
                State state = new State(from, given, made);
                (isBatched(carried.getKey()) ? states : sums).add(state);
            }
            number++;
        }
        gradient.sequences().forEach(value -> placed.put(value, own(value)));
        List<Constant> constants = constants(instruction, gradient.constants(), placed);
        Steps steps = steps(back, placed, wanted);
        Parts parts = new Parts(
                movings, states, sums, constants, slices(instruction.inputs(), names(gradient.sequences()), placed),
                slices(instruction.outputs(), present(instruction, back.outputs()), steps.buffers()));
        return walk(ScanWalk.Way.BACK, instruction, forth.order(), steps, parts);
    }

    /// The values that the way back must make.
    private static Set<Value> wanted(Instruction instruction) {
        Op.ScanGradient gradient = (Op.ScanGradient) instruction.op();
        Set<Value> wanted = new HashSet<>(present(instruction, gradient.back().outputs()).values());
        int states = gradient.scan().step().carried().size();
        int number = 0;
        for (Map.Entry<Value, Value> carried : gradient.back().carried().entrySet()) {
            // The gradient of a state is needed by the steps before, whether or not somebody wants the first one's.
            if (number < states || instruction.outputs().containsKey(carried.getKey().name())) {
                wanted.add(carried.getValue());
            }
            number++;
        }
        return wanted;
    }

    /// The values of the scan's step that the way back needs to make what is wanted.
    private static Set<Value> keptFor(Op.ScanGradient gradient, Set<Value> wanted) {
        Set<Value> needed = new HashSet<>(wanted);
        live(gradient.back(), wanted).forEach(node -> needed.addAll(node.inputs().values()));
        Set<Value> keep = new HashSet<>();
        gradient.kept().forEach((input, value) -> {
            if (needed.contains(input)) {
                keep.add(value);
            }
        });
        return keep;
    }

    // ---------------------------------------------------------------------------------------------------------- steps

    /// The nodes that wanted values depend on.
    private static List<Node> live(Graph graph, Collection<Value> wanted) {
        Set<Value> needed = new HashSet<>(wanted);
        List<Node> live = new ArrayList<>();
        for (Node node : graph.nodes().reversed()) {
            if (!Collections.disjoint(node.outputs().values(), needed)) {
                live.add(node);
                needed.addAll(node.inputs().values());
            }
        }
        return live.reversed();
    }

    private Steps steps(Graph graph, Map<Value, Buffer> placed, Set<Value> wanted) {
        Map<Value, Buffer> buffers = new HashMap<>(placed);
        List<Node> nodes = live(graph, wanted);
        Set<Value> used = new HashSet<>(wanted);
        nodes.forEach(node -> used.addAll(node.inputs().values()));
        List<Instruction> instructions = new ArrayList<>();
        for (Node node : nodes) {
            for (Value value : node.outputs().values()) {
                if (used.contains(value)) {
                    buffers.computeIfAbsent(value, this::own);
                }
            }
            if (node.op() instanceof Op.Constant(double number)) {
                Buffer buffer = find(buffers, node.output("y"));
                Tensor.wrap(buffer.segment(), buffer.type(), buffer.shape()).set(0, number);
            } else {
                instructions.add(instruction(node, buffers));
            }
        }
        Purpose purpose = outer.purpose() == Purpose.INFERENCE ? Purpose.INFERENCE : Purpose.STEP_OF_TRAINING;
        Optional<WeightPacks> own =
                purpose == Purpose.INFERENCE ? Optional.empty() : Optional.of(new WeightPacks(outer.arena()));
        Program program = compiler.apply(
                new Compilation(
                        instructions, outer.floats(), purpose, outer.largest(), own.orElse(outer.packs()),
                        outer.arena()));
        return new Steps(program, buffers, own);
    }

    private Instruction instruction(Node node, Map<Value, Buffer> buffers) {
        SequencedMap<String, Buffer> inputs = new LinkedHashMap<>();
        node.inputs().forEach((role, value) -> inputs.put(role, find(buffers, value)));
        SequencedMap<String, Buffer> outputs = new LinkedHashMap<>();
        node.outputs().forEach((role, value) -> {
            Buffer buffer = buffers.get(value);
            if (buffer != null) {
                outputs.put(role, buffer);
            }
        });
        Op op = node.op();
        if (op instanceof Op.Dropout && outer.purpose() == Purpose.INFERENCE) {
            op = new Op.Unary(Op.UnaryKind.IDENTITY);
            inputs.remove("step");
        }
        return new Instruction(node.name(), op, inputs, outputs);
    }

    private static Buffer find(Map<Value, Buffer> buffers, Value value) {
        Buffer buffer = buffers.get(value);
        if (buffer == null) {
            throw new IllegalStateException(value.name() + " has no place");
        }
        return buffer;
    }

    private ScanWalk walk(
            ScanWalk.Way way, Instruction instruction, SequenceOrder order, Steps steps, Parts parts) {
        long longest = 1;
        List<Buffer> rows = new ArrayList<>();
        parts.states().forEach(state -> rows.add(state.from().buffer()));
        parts.writes().forEach(slices -> rows.add(slices.step()));
        for (Buffer buffer : rows) {
            longest = Math.max(longest, ScanWalk.rowBytes(buffer, outer.largest()));
        }
        MemorySegment zeros = outer.arena().allocate(longest, Tensor.ALIGNMENT);
        return new ScanWalk(way, instruction, order, steps.program(), steps.packs(), zeros, parts);
    }

    // --------------------------------------------------------------------------------------------------------- memory

    private SequenceOrder order(Instruction instruction, Op.Scan scan) {
        Shape shape = instruction.input(scan.sequences().getFirst().name()).shape();
        return new SequenceOrder(shape, instruction.optionalInput("lengths"), outer.largest());
    }

    /// Memory of a value for a number of steps.
    private MemorySegment[] memory(Value value, int steps) {
        long bytes = Math.multiplyExact(value.shape().elements(outer.largest()), (long) widened(value).bytes());
        long stride = Math.ceilDiv(bytes, Tensor.ALIGNMENT) * Tensor.ALIGNMENT;
        MemorySegment all = outer.arena().allocate(Math.multiplyExact(stride, steps), Tensor.ALIGNMENT);
        MemorySegment[] slices = new MemorySegment[steps];
        for (int s = 0; s < steps; s++) {
            slices[s] = all.asSlice(s * stride, bytes);
        }
        return slices;
    }

    private Moving moving(Value value, MemorySegment[] slices, int offset) {
        return new Moving(buffer(value, slices[offset]), slices, offset);
    }

    private Buffer own(Value value) {
        return buffer(value, memory(value, 1)[0]);
    }

    private Buffer buffer(Value value, MemorySegment segment) {
        return new Buffer(value.name(), widened(value), value.shape(), Buffer.Role.OWN, segment);
    }

    private DataType widened(Value value) {
        return value.type() == DataType.FLOAT32 ? outer.floats() : value.type();
    }

    private static boolean isBatched(Value value) {
        return value.shape().contains(Shape.BATCH);
    }

    /// Places constants: where they are, but for those of each sequence where the sequences are walked in another order.
    private List<Constant> constants(Instruction instruction, List<Value> values, Map<Value, Buffer> placed) {
        List<Constant> ordered = new ArrayList<>();
        for (Value value : values) {
            Buffer from = instruction.input(value.name());
            if (isBatched(value) && instruction.inputs().containsKey("lengths")) {
                Buffer own = own(value);
                ordered.add(new Constant(from, own));
                placed.put(value, own);
            } else {
                placed.put(value, from);
            }
        }
        return ordered;
    }

    private static Map<String, Value> names(List<Value> values) {
        Map<String, Value> names = new LinkedHashMap<>();
        values.forEach(value -> names.put(value.name(), value));
        return names;
    }

    /// The outputs that somebody wants.
    private static Map<String, Value> present(Instruction instruction, Map<String, Value> outputs) {
        Map<String, Value> present = new LinkedHashMap<>(outputs);
        present.keySet().retainAll(instruction.outputs().keySet());
        return present;
    }

    private static List<Slices> slices(
            Map<String, Buffer> sequences, Map<String, Value> values, Map<Value, Buffer> buffers) {
        List<Slices> slices = new ArrayList<>();
        values.forEach((role, value) -> {
            Buffer sequence = sequences.get(role);
            if (sequence != null) {
                slices.add(new Slices(sequence, find(buffers, value)));
            }
        });
        return slices;
    }
}
