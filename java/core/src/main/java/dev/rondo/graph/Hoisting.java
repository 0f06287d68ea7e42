package dev.rondo.graph;

import dev.rondo.graph.Op.Transpose;
import dev.rondo.tensor.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;

/// Moves what does not depend on the states of a step in front of its scan: what depends on constants alone is computed
/// once, and what works on the slices of sequences row by row is computed on the sequences, all steps at once. So the
/// products of inputs and weights become one large product, as they are in the fused cells.
final class Hoisting {
    /// What a value of the step depends on.
    private enum Level {
        /// constants alone
        CONSTANT,
        /// slices of sequences and constants
        SEQUENCE,
        /// states too, or it must stay for another reason
        STEP
    }

    private final Graph.Builder outer;
    private final String name;
    private final Op.Scan scan;
    private final Graph step;
    private final Map<Value, Level> levels = new HashMap<>();
    private final Replay outside;
    private final List<Node> stay = new ArrayList<>();

    /// Made where they are used, in front of the scan and in it.
    private final Set<Value> numbers = new HashSet<>();

    private Hoisting(Graph.Builder outer, String name, Op.Scan scan) {
        this.outer = outer;
        this.name = name;
        this.scan = scan;
        step = scan.step();
        outside = new Replay(outer);
    }

    static Node add(Graph.Builder outer, String name, Op.Scan scan, SequencedMap<String, Value> inputs) {
        return new Hoisting(outer, name, scan).add(inputs);
    }

    private Node add(SequencedMap<String, Value> inputs) {
        for (Value input : step.inputs()) {
            boolean state = step.carried().containsKey(input);
            levels.put(
                    input, state ? Level.STEP : scan.sequences().contains(input) ? Level.SEQUENCE : Level.CONSTANT);
            if (!state) {
                Value value = inputs.get(input.name());
                if (value == null) {
                    throw new IllegalArgumentException(
                            name + ": expected an input " + input.name() + ", got " + inputs.keySet());
                }
                outside.put(input, value);
            }
        }
        step.nodes().forEach(this::place);

        Graph.Builder inner = Graph.builder();
        Replay inside = new Replay(inner);
        SequencedMap<String, Value> left = new LinkedHashMap<>(inputs);
        List<Value> sequences = new ArrayList<>();
        Set<Value> used = used();
        for (Value value : step.values()) {
            boolean state = step.carried().containsKey(value);
            boolean enters = levels.get(value) != Level.STEP && used.contains(value) && !numbers.contains(value);
            // A scan knows its number of steps by a sequence.
            boolean first = value.equals(scan.sequences().getFirst());
            if (state || enters || first) {
                Value input = inner.input(value.name(), value.type(), value.shape());
                inside.put(value, input);
                if (!state) {
                    left.put(value.name(), outside.get(value));
                }
                if (levels.get(value) == Level.SEQUENCE) {
                    sequences.add(input);
                }
            } else if (step.inputs().contains(value)) {
                left.remove(value.name());
            }
        }
        stay.forEach(inside::add);
        step.carried().forEach((before, after) -> inner.carry(inside.get(before), inner.ownNode(inside.get(after))));
        step.outputs().forEach((role, value) -> inner.output(role, inside.get(value)));
        return outer.add(name, new Op.Scan(inner.build(), sequences, scan.direction()), left);
    }

    /// What stays needs, or is asked of the step.
    private Set<Value> used() {
        Set<Value> used = new HashSet<>(step.outputs().values());
        used.addAll(step.carried().values());
        stay.forEach(node -> used.addAll(node.inputs().values()));
        return used;
    }

    /// Moves a node out, or has it stay.
    private void place(Node node) {
        Level level = Level.CONSTANT;
        for (Value input : node.inputs().values()) {
            Level other = levels.getOrDefault(input, Level.STEP);
            level = other.compareTo(level) > 0 ? other : level;
        }
        Optional<Op> op = switch (level) {
            case CONSTANT -> Optional.of(node.op());
            case SEQUENCE -> overTime(node);
            case STEP -> Optional.empty();
        };
        boolean number = node.op() instanceof Op.Constant;
        if (number) {
            numbers.add(node.output("y"));
        }
        if (op.isPresent()) {
            outside.add(node, name + "/" + node.name(), op.get());
        }
        if (op.isEmpty() || number) {
            stay.add(node);
        }
        Level placed = op.isEmpty() ? Level.STEP : level;
        node.outputs().values().forEach(value -> levels.put(value, placed));
    }

    /// What does on sequences `[B,T,...]` what a node of the step does on their slices; empty if nothing does.
    private Optional<Op> overTime(Node node) {
        Op op = node.op();
        return switch (op) {
            case Op.Unary _, Op.UnaryGradient _, Op.Clip _, Op.ClipGradient _ -> Optional.of(op);
            case Op.Softmax _ -> keep(op, node.optionalInput("lengths").isEmpty());
            case Op.Binary _ -> keep(op, isRowwise(node.input("a"), node.input("b"), node.output("y")));
            case Op.Reduce(Op.ReduceKind kind, int from, int to) ->
                    from == 0 ? Optional.empty() : Optional.of(new Op.Reduce(kind, from + 1, to + 1));
            case Op.MatMul(Transpose transpose) -> keep(op, !transpose.a() && isWithout(node.input("b"))
                    && node.optionalInput("bias").map(this::isWithout).orElse(true));
            case Op.Gather _ -> keep(op, isWithout(node.input("table")));
            case Op.Concat(int axis) -> axis > 0 && node.inputs().values().stream().allMatch(
                            part -> isLike(part, node.output("y")))
                    ? Optional.of(new Op.Concat(axis + 1))
                    : Optional.empty();
            case Op.Slice(int axis, int from, int to) ->
                    axis > 0 ? Optional.of(new Op.Slice(axis + 1, from, to)) : Optional.empty();
            // These add up over the batch, are the same at every step, or have no place in a step; or a cell cannot have
            // them.
            case Op.Reshape _, Op.Broadcast _, Op.Permute _, Op.SliceGradient _,
                    Op.BatchMatMul _, Op.SoftmaxGradient _, Op.MaskTime _, Op.RealSteps _, Op.CompactTime _,
                    Op.CompactTimeGradient _, Op.ReverseTime _, Op.PoolTime _,
                    Op.PoolTimeGradient _, Op.Windows _, Op.WindowsGradient _, Op.LayerNorm _, Op.LayerNormGradient _,
                    Op.BatchNorm _, Op.BatchNormGradient _, Op.GaussianNoise _, Op.ReduceGradient _, Op.Constant _,
                    Op.ScatterAdd _, Op.Dropout _, Op.SoftmaxCrossEntropy _, Op.ElementwiseLoss _, Op.Ctc _, Op.Crf _,
                    Op.Recurrent _, Op.RecurrentGradient _, Op.Scan _, Op.ScanGradient _, Op.GlobalNorm _,
                    Op.ClipNorms _, Op.ClipValues _, Op.Sgd _, Op.Adam _, Op.RmsProp _,
                    Op.Adagrad _ -> Optional.empty();
        };
    }

    private static Optional<Op> keep(Op op, boolean moves) {
        return moves ? Optional.of(op) : Optional.empty();
    }

    /// True if each operand is a slice of a sequence as y is, or a constant that all sequences share.
    private boolean isRowwise(Value a, Value b, Value y) {
        return (isWithout(a) || isLike(a, y)) && (isWithout(b) || isLike(b, y));
    }

    private boolean isLike(Value operand, Value y) {
        return levels.get(operand) == Level.SEQUENCE && operand.shape().rank() == y.shape().rank();
    }

    /// True of a constant without a batch.
    private boolean isWithout(Value value) {
        return levels.get(value) == Level.CONSTANT && !value.shape().contains(Shape.BATCH);
    }
}
