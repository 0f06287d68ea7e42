package dev.rondo.graph;

import static dev.rondo.graph.Graph.Builder.roles;

import dev.rondo.graph.Gradients.Pass;
import dev.rondo.graph.Op.BinaryKind;
import dev.rondo.graph.Op.ReduceKind;
import dev.rondo.graph.Op.Transpose;
import dev.rondo.graph.Op.UnaryKind;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;

/// The gradient of a scan: the gradient of its step, run from the last step to the first.
///
/// The step's gradient turns what is given of its outputs and of the states that it leaves into the gradients of its
/// slices, of the states that it found, and of its constants. It is cut in two. What the scan has computed anyway is not
/// computed again: the step of the way back takes it as kept values. And where a constant's gradient is a sum over the
/// batch, as that of a weight is, its factors are sequences that the way back makes, and the sum is taken over batch and
/// steps at once behind it: one large product in place of one small one each step. Other gradients of constants are
/// summed step by step, in a state of the way back.
final class ScanGradients {
    /// Functions whose slope is told by y alone.
    private static final Set<UnaryKind> BY_Y =
            Set.of(UnaryKind.SIGMOID, UnaryKind.TANH, UnaryKind.RELU, UnaryKind.EXP, UnaryKind.SQRT);

    private final Pass outer;
    private final Node node;
    private final Op.Scan scan;
    private final Graph step;
    private final Pass inner;
    private final Graph.Builder back = Graph.builder();
    private final Replay replay = new Replay(back);
    private final Map<Value, Node> makers = new HashMap<>();
    private final Set<Value> forward = new HashSet<>();

    /// By what they are gradients of.
    private final SequencedMap<String, Value> given = new LinkedHashMap<>();
    private final SequencedMap<Value, Value> stateGradients = new LinkedHashMap<>();

    private final SequencedMap<Value, String> factors = new LinkedHashMap<>();
    private final SequencedMap<Value, List<Node>> products = new LinkedHashMap<>();
    private final SequencedMap<Value, List<Value>> sums = new LinkedHashMap<>();

    private ScanGradients(Pass outer, Node node, Op.Scan scan) {
        this.outer = outer;
        this.node = node;
        this.scan = scan;
        step = scan.step();
        List<Value> wanted = new ArrayList<>(step.carried().keySet());
        wanted.addAll(scan.sequences().stream().filter(this::isWanted).toList());
        wanted.addAll(scan.constants().stream().filter(this::isWanted).toList());
        inner = new Pass(step, wanted);
    }

    /// Adds the gradient of a scan.
    static void add(Pass outer, Node node, Op.Scan scan) {
        new ScanGradients(outer, node, scan).add();
    }

    private boolean isWanted(Value input) {
        Value value = node.input(input.name());
        return value.type() == DataType.FLOAT32 && outer.active.contains(value);
    }

    private void add() {
        differentiate();
        SequencedMap<String, Value> outputs = new LinkedHashMap<>();
        for (Value sequence : scan.sequences()) {
            Value gradient = inner.gradients.get(sequence);
            if (isWanted(sequence) && gradient != null) {
                outputs.put("d" + sequence.name(), gradient);
            }
        }
        scan.constants().stream().filter(this::isWanted).forEach(this::split);
        factors.forEach((value, role) -> outputs.put(role, value));
        Map.Entry<Value, Value> first = step.carried().firstEntry();
        if (first != null) {
            outputs.put("d" + first.getKey().name(), gradient(first.getValue()));
        }
        Op.ScanGradient op = back(outputs);
        Node gradient = outer.builder.add(outer.builder.freeName(node.name() + ".gradient"), op, inputs(op));
        spread(gradient);
        if (first != null) {
            outer.stateNorms.put(node.name(), norms(gradient.output("d" + first.getKey().name())));
        }
    }

    /// Adds to the step what makes its gradient of what is given.
    private void differentiate() {
        step.outputs().forEach((role, value) -> {
            if (outer.gradients.containsKey(node.output(role))) {
                Value gradient = inner.builder.input(inner.builder.freeName("d" + role), value.type(), value.shape());
                given.put("d" + role, gradient);
                inner.add(value, gradient);
            }
        });
        step.carried().forEach((before, after) -> {
            String name = inner.builder.freeName("d" + before.name() + "N");
            Value gradient = inner.builder.input(name, after.type(), after.shape());
            stateGradients.put(before, gradient);
            inner.add(after, gradient);
        });
        inner.run(step);
        forward.addAll(step.values());
        for (Node made : inner.builder.build().nodes()) {
            made.outputs().values().forEach(value -> makers.put(value, made));
        }
    }

    private Value gradient(Value value) {
        Value gradient = inner.gradients.get(value);
        if (gradient == null) {
            throw new IllegalStateException(value.name() + " has no gradient");
        }
        return gradient;
    }

    // ------------------------------------------------------------------------------------------ gradients of constants

    /// Splits the gradient of a constant into sums over the batch and others.
    private void split(Value constant) {
        Value gradient = inner.gradients.get(constant);
        if (gradient == null) {
            return;
        }
        for (Value term : terms(gradient)) {
            Node maker = makers.get(term);
            if (maker != null && !forward.contains(term) && isSumOverBatch(maker)) {
                products.computeIfAbsent(constant, c -> new ArrayList<>()).add(maker);
                maker.inputs().values().forEach(
                        factor -> factors.putIfAbsent(factor, "factor" + factors.size()));
            } else {
                sums.computeIfAbsent(constant, c -> new ArrayList<>()).add(term);
            }
        }
    }

    /// What is added to make a value.
    private List<Value> terms(Value value) {
        Node maker = makers.get(value);
        if (maker == null || forward.contains(value)
                || !(maker.op() instanceof Op.Binary(BinaryKind kind)) || kind != BinaryKind.ADD
                || !maker.inputs().values().stream().allMatch(input -> input.shape().equals(value.shape()))) {
            return List.of(value);
        }
        List<Value> terms = new ArrayList<>(terms(maker.input("a")));
        terms.addAll(terms(maker.input("b")));
        return terms;
    }

    private static boolean isSumOverBatch(Node maker) {
        boolean sum = maker.op() instanceof Op.ScatterAdd
                || maker.op() instanceof Op.MatMul(Transpose transpose) && transpose == Transpose.A
                || overTime(maker.op()) != maker.op();
        return sum && maker.inputs().values().stream()
                .allMatch(input -> input.shape().rank() > 0 && input.shape().dim(0) == Shape.BATCH);
    }

    /// The operation that sums over batch and steps as the given one does over the batch.
    private static Op overTime(Op op) {
        return op instanceof Op.Reduce(ReduceKind kind, int from, int to) && kind == ReduceKind.SUM && from == 0
                ? new Op.Reduce(kind, 0, to + 1)
                : op;
    }

    // ------------------------------------------------------------------------------------------------- the way back

    /// The step of the way back: the nodes of the gradient, with the values of the step that they use as inputs.
    private Op.ScanGradient back(SequencedMap<String, Value> outputs) {
        Set<Value> needed = new HashSet<>(outputs.values());
        step.carried().keySet().stream().filter(inner.gradients::containsKey).forEach(s -> needed.add(gradient(s)));
        sums.values().forEach(needed::addAll);
        List<Node> nodes = new ArrayList<>();
        for (Node made : inner.builder.build().nodes().reversed()) {
            boolean own = made.outputs().values().stream().noneMatch(forward::contains);
            if (own && made.outputs().values().stream().anyMatch(needed::contains)) {
                Node lean = lean(made);
                nodes.add(lean);
                needed.addAll(lean.inputs().values());
            }
        }

        given.forEach((role, value) -> replay.put(value, back.input(role, value.type(), value.shape())));
        SequencedMap<Value, Value> states = new LinkedHashMap<>();
        stateGradients.forEach((before, value) -> {
            Value input = back.input("d" + before.name() + "N", value.type(), value.shape());
            replay.put(value, input);
            states.put(before, input);
        });
        SequencedMap<Value, Value> totals = new LinkedHashMap<>();
        sums.keySet().forEach(
                constant -> totals.put(
                        constant, back.input("d" + constant.name(), constant.type(), constant.shape())));
        scan.constants().stream().filter(needed::contains).forEach(
                value -> replay.put(value, back.input(value.name(), value.type(), value.shape())));
        SequencedMap<Value, Value> kept = new LinkedHashMap<>();
        step.values().stream().filter(needed::contains).forEach(value -> use(value, kept));
        nodes.reversed().forEach(replay::add);

        states.forEach((before, input) -> {
            Value gradient = inner.gradients.get(before);
            // The state was not looked at: what reaches it stops here.
            Value next = gradient == null
                    ? back.binary(back.freeName(input.name() + ".zero"), BinaryKind.MULTIPLY, input, back.constant(0))
                    : replay.get(gradient);
            back.carry(input, back.ownNode(next));
        });
        totals.forEach((constant, input) -> {
            Value sum = input;
            for (Value term : sums.getOrDefault(constant, List.of())) {
                sum = back.binary(back.freeName(input.name() + ".sum"), BinaryKind.ADD, sum, replay.get(term));
            }
            back.carry(input, sum);
        });
        outputs.forEach((role, value) -> back.output(role, replay.get(value)));
        List<Value> sequences = given.values().stream().map(replay::get).toList();
        return new Op.ScanGradient(scan, back.build(), sequences, kept);
    }

    /// Gives the way back a value of the step that it does not have yet: a number, or one that the scan keeps for it.
    private void use(Value value, SequencedMap<Value, Value> kept) {
        Node maker = makers.get(value);
        if (maker != null && maker.op() instanceof Op.Constant(double number)) {
            replay.put(value, back.constant(number));
        } else if (!replay.knows(value)) {
            Value input = back.input(back.freeName("kept." + value.name()), value.type(), value.shape());
            kept.put(input, value);
            replay.put(value, input);
        }
    }

    /// A node without the inputs that its function does not look at, so that they need not be kept.
    private static Node lean(Node made) {
        if (!(made.op() instanceof Op.UnaryGradient(UnaryKind kind)) || !BY_Y.contains(kind)) {
            return made;
        }
        SequencedMap<String, Value> inputs = new LinkedHashMap<>(made.inputs());
        inputs.put("x", made.input("y"));
        return new Node(made.name(), made.op(), inputs, made.outputs());
    }

    // ------------------------------------------------------------------------------------------------------- outside

    private SequencedMap<String, Value> inputs(Op.ScanGradient op) {
        SequencedMap<String, Value> inputs = new LinkedHashMap<>();
        String first = scan.sequences().getFirst().name();
        inputs.put(first, node.input(first));
        op.constants().forEach(constant -> inputs.put(constant.name(), node.input(constant.name())));
        node.optionalInput("lengths").ifPresent(lengths -> inputs.put("lengths", lengths));
        inputs.put("saved", node.output("saved"));
        for (String role : step.outputs().keySet()) {
            giveIfAny(inputs, role);
        }
        for (Value state : step.carried().keySet()) {
            giveIfAny(inputs, state.name() + "N");
        }
        return inputs;
    }

    private void giveIfAny(SequencedMap<String, Value> inputs, String role) {
        Value gradient = outer.gradients.get(node.output(role));
        if (gradient != null) {
            inputs.put("d" + role, gradient);
        }
    }

    /// Adds what the way back has made to the gradients of the scan's inputs.
    private void spread(Node gradient) {
        for (Value sequence : scan.sequences()) {
            String role = "d" + sequence.name();
            if (gradient.outputs().containsKey(role) && isWanted(sequence)) {
                outer.add(node.input(sequence.name()), gradient.output(role));
            }
        }
        for (Value state : step.carried().keySet()) {
            node.optionalInput(state.name() + "0").filter(outer.active::contains).ifPresent(
                    value -> outer.add(value, gradient.output("d" + state.name() + "0")));
        }
        products.forEach((constant, makers) -> {
            Value value = node.input(constant.name());
            for (Node maker : makers) {
                SequencedMap<String, Value> inputs = new LinkedHashMap<>();
                maker.inputs().forEach((role, factor) ->
                        inputs.put(role, gradient.output(factors.getOrDefault(factor, ""))));
                Node product = outer.builder.add(outer.name(value), overTime(maker.op()), inputs);
                outer.add(value, product.outputs().firstEntry().getValue());
            }
        });
        sums.keySet().forEach(
                constant -> outer.add(node.input(constant.name()), gradient.output("d" + constant.name())));
    }

    /// Of gradients `[B,T,...]` the norms of each step, `[T]`.
    private Value norms(Value gradients) {
        String name = node.name() + ".gradient.dhNorms";
        Graph.Builder builder = outer.builder;
        Value squares = builder.unary(builder.freeName(name), UnaryKind.SQUARE, gradients);
        Value sums = builder.reduce(builder.freeName(name), new Op.Reduce(ReduceKind.SUM, 0, 1), squares);
        if (sums.shape().rank() > 1) {
            Op.Reduce others = new Op.Reduce(ReduceKind.SUM, 1, sums.shape().rank());
            sums = builder.add(builder.freeName(name), others, roles("x", sums)).output("y");
        }
        return builder.unary(builder.freeName(name), UnaryKind.SQRT, sums);
    }
}
