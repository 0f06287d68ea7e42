package dev.rondo.graph;

import dev.rondo.graph.Op.BinaryKind;
import dev.rondo.graph.Op.LossKind;
import dev.rondo.graph.Op.Transpose;
import dev.rondo.graph.Op.UnaryKind;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.IntStream;

/// A computation: inputs and parameters, the nodes that work on them, and the values wanted of it. Nodes stand in an
/// order in which each finds its inputs made. Immutable; any thread may read it.
///
/// A graph may carry state from one run to the next: a pair of an input and the output that becomes this input in the
/// next run. A plan keeps such a pair in the same memory.
///
/// Some of the parameters may be frozen: neither gradients nor optimizers touch them. A training step may renew them
/// all the same, with values that the graph computes, as batch normalization does with its moving averages.
public final class Graph {
    private final List<Value> values;
    private final List<Value> inputs;
    private final List<Value> parameters;
    private final List<Node> nodes;
    private final SequencedMap<String, Value> outputs;
    private final SequencedMap<Value, Value> carried;
    private final Set<Value> frozen;
    private final SequencedMap<Value, Value> renewed;
    private final SequencedMap<Value, WindowLengths> windowLengths;
    /// Those whose number of windows has a symbol of its own.
    private final List<Node> counted;

    /// What lengths follow from that no caller gives.
    ///
    /// @param lengths of sequences of steps, INT32 `[B]`
    /// @param windows over their steps
    public record WindowLengths(Value lengths, Op.Windows windows) {
        /// The number of windows of a sequence of so many steps; 0 of none.
        ///
        /// @param steps any number, a wrong one too
        public int count(int steps) {
            return steps < 1 ? 0 : windows.count(steps);
        }
    }

    private Graph(Builder builder) {
        values = List.copyOf(builder.values);
        inputs = List.copyOf(builder.inputs);
        parameters = List.copyOf(builder.parameters);
        nodes = List.copyOf(builder.nodes);
        outputs = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(builder.outputs));
        carried = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(builder.carried));
        frozen = Set.copyOf(builder.frozen);
        renewed = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(builder.renewed));
        windowLengths = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(builder.windowLengths));
        List<Node> windows = new ArrayList<>();
        for (Node node : nodes) {
            if (isCounted(node)) {
                windows.add(node);
            }
        }
        counted = List.copyOf(windows);
    }

    /// An empty builder.
    public static Builder builder() {
        return new Builder();
    }

    /// A builder that holds what this graph holds, with the same values.
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.values.addAll(values);
        builder.inputs.addAll(inputs);
        builder.parameters.addAll(parameters);
        builder.nodes.addAll(nodes);
        builder.outputs.putAll(outputs);
        builder.carried.putAll(carried);
        builder.frozen.addAll(frozen);
        builder.renewed.putAll(renewed);
        builder.windowLengths.putAll(windowLengths);
        values.forEach(value -> builder.names.add(value.name()));
        nodes.forEach(node -> builder.nodeNames.add(node.name()));
        return builder;
    }

    /// All values by their id.
    public List<Value> values() {
        return values;
    }

    /// What a run is given.
    public List<Value> inputs() {
        return inputs;
    }

    /// What a model has learned: all parameters, the frozen ones too.
    public List<Value> parameters() {
        return parameters;
    }

    /// The parameters that an optimizer changes: all that are not frozen.
    public List<Value> trained() {
        List<Value> trained = new ArrayList<>(parameters);
        trained.removeAll(frozen);
        return List.copyOf(trained);
    }

    /// The parameters that an optimizer changes and that a value depends on.
    public List<Value> trained(Value value) {
        Set<Value> needed = new HashSet<>(Set.of(value));
        for (Node node : nodes.reversed()) {
            if (!Collections.disjoint(node.outputs().values(), needed)) {
                needed.addAll(node.inputs().values());
            }
        }
        return trained().stream().filter(needed::contains).toList();
    }

    /// Whether a value is a frozen parameter.
    public boolean isFrozen(Value value) {
        return frozen.contains(value);
    }

    /// Frozen parameters, and the values that they take after a training step.
    public SequencedMap<Value, Value> renewed() {
        return renewed;
    }

    /// The nodes, each after those that make its inputs.
    public List<Node> nodes() {
        return nodes;
    }

    /// What a run gives, by name.
    public SequencedMap<String, Value> outputs() {
        return outputs;
    }

    /// Inputs and the outputs that become them in the next run.
    public SequencedMap<Value, Value> carried() {
        return carried;
    }

    /// Inputs that hold how many windows sequences have, and what they follow from: a plan fills them at each run.
    public SequencedMap<Value, WindowLengths> windowLengths() {
        return windowLengths;
    }

    private static boolean isCounted(Node node) {
        return node.op() instanceof Op.Windows windows
                && windows.windows() != 0
                && node.output("y").shape().dim(1) == windows.windows();
    }

    /// Extents with numbers for those symbols of windows that have none yet: they follow from those of the steps. Symbols
    /// in between get 1, and so do windows where there are too few steps for one. Where no symbol is one of windows these
    /// are the given ones.
    public Extents complete(Extents extents) {
        Extents all = extents;
        for (int i = 0; i < counted.size(); i++) {
            Node node = counted.get(i);
            Op.Windows windows = (Op.Windows) node.op();
            int k = Shape.TIME - windows.windows();
            if (k >= extents.times()) {
                int[] times = new int[Math.max(all.times(), k + 1)];
                for (int time = 0; time < times.length; time++) {
                    times[time] = time < all.times() ? all.time(time) : 1;
                }
                times[k] = Math.max(windows.count(all.number(node.input("x").shape().dim(1))), 1);
                all = Extents.of(all.batch(), times);
            }
        }
        return all;
    }

    /// How many steps a value has of sequences of so many: as many, or windows of them.
    ///
    /// @param lengths each at least 0
    /// @throws IllegalArgumentException if the value has no symbol of time, or a length is negative
    public int[] lengths(Value value, int... lengths) {
        if (value.shape().rank() < 2 || !Shape.isTime(value.shape().dim(1))) {
            throw new IllegalArgumentException(
                    "%s: expected steps of a symbol of time, [B,T,...], got %s".formatted(value.name(), value.shape()));
        }
        for (int length : lengths) {
            if (length < 0) {
                throw new IllegalArgumentException("lengths: expected each to be at least 0, got " + length);
            }
        }
        return Arrays.stream(lengths).map(length -> length(value.shape().dim(1), length)).toArray();
    }

    private int length(int time, int length) {
        for (Node node : counted) {
            Op.Windows windows = (Op.Windows) node.op();
            if (windows.windows() == time) {
                int taken = length(node.input("x").shape().dim(1), length);
                return taken < 1 ? 0 : windows.count(taken);
            }
        }
        return length;
    }

    /// Checks that there are as many steps as windows take.
    ///
    /// @param extents those of [#complete]
    /// @throws IllegalArgumentException naming the node, how many steps it takes, and how many there are
    public void checkSteps(Extents extents) {
        for (int i = 0; i < counted.size(); i++) {
            Node node = counted.get(i);
            Op.Windows windows = (Op.Windows) node.op();
            int steps = extents.number(node.input("x").shape().dim(1));
            if (windows.count(steps) == 0) {
                throw new IllegalArgumentException(
                        "%s: expected at least %d steps, got %d".formatted(node.name(), windows.span(), steps));
            }
        }
    }

    /// The value of a name.
    ///
    /// @throws IllegalArgumentException if there is none
    public Value value(String name) {
        for (Value value : values) {
            if (value.name().equals(name)) {
                return value;
            }
        }
        throw new IllegalArgumentException("graph: expected one of " + values + ", got " + name);
    }

    /// The output of a name.
    ///
    /// @throws IllegalArgumentException if there is none
    public Value output(String name) {
        Value value = outputs.get(name);
        if (value == null) {
            throw new IllegalArgumentException("graph: expected one of the outputs " + outputs.keySet() + ", got "
                    + name);
        }
        return value;
    }

    /// The node that makes a value; none makes an input or a parameter.
    public Optional<Node> producer(Value value) {
        return nodes.stream().filter(node -> node.outputs().containsValue(value)).findFirst();
    }

    /// A line for each value and node.
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        inputs.forEach(value -> text.append("input ").append(value).append('\n'));
        parameters.forEach(value -> text.append(frozen.contains(value) ? "frozen " : "parameter ").append(value)
                .append('\n'));
        for (Node node : nodes) {
            text.append(node.outputs().values()).append(" = ").append(node.op());
            text.append(node.inputs().values().stream().map(Value::name).toList()).append('\n');
        }
        outputs.forEach((name, value) -> text.append("output ").append(name).append(" = ").append(value).append('\n'));
        return text.toString();
    }

    /// Builds a graph. Every method that adds a node infers the shapes of its outputs and throws an
    /// [IllegalArgumentException] that names the node, what was expected and what came. The value of a node's only or
    /// main output, `y`, has the node's name; others have the role behind a dot, `lstm.hN` for instance. For use by one
    /// thread.
    public static final class Builder {
        private final List<Value> values = new ArrayList<>();
        private final List<Value> inputs = new ArrayList<>();
        private final List<Value> parameters = new ArrayList<>();
        private final List<Node> nodes = new ArrayList<>();
        private final SequencedMap<String, Value> outputs = new LinkedHashMap<>();
        private final SequencedMap<Value, Value> carried = new LinkedHashMap<>();
        private final Set<Value> frozen = new HashSet<>();
        private final SequencedMap<Value, Value> renewed = new LinkedHashMap<>();
        private final SequencedMap<Value, WindowLengths> windowLengths = new LinkedHashMap<>();
        private final Set<String> names = new HashSet<>();
        private final Set<String> nodeNames = new HashSet<>();
        private final Map<Double, Value> constants = new HashMap<>();

        private Builder() {}

        /// Adds an input, with symbols in its shape as needed.
        public Value input(String name, DataType type, Shape shape) {
            if (type == DataType.FLOAT64 || type == DataType.OPAQUE) {
                throw new IllegalArgumentException(
                        name + ": expected FLOAT32, INT32, INT64 or BOOL, got " + type
                                + " (a plan widens FLOAT32 to FLOAT64)");
            }
            Value value = value(name, type, shape);
            inputs.add(value);
            return value;
        }

        /// Adds a FLOAT32 parameter, without symbols in its shape.
        public Value parameter(String name, Shape shape) {
            if (shape.isSymbolic()) {
                throw new IllegalArgumentException(name + ": expected a parameter's shape without symbols, got "
                        + shape);
            }
            Value value = value(name, DataType.FLOAT32, shape);
            parameters.add(value);
            return value;
        }

        /// Adds a FLOAT32 parameter, without symbols in its shape, that no optimizer changes.
        public Value frozen(String name, Shape shape) {
            Value value = parameter(name, shape);
            frozen.add(value);
            return value;
        }

        /// Adds an input INT32 `[B]` of which a plan makes, at each run, the number of windows of each sequence.
        ///
        /// @param lengths of the sequences, an INT32 input `[B]`, which may be of windows itself
        public Value windowLengths(String name, Op.Windows windows, Value lengths) {
            requireOwn(name, lengths);
            Shape shape = Shape.of(Shape.BATCH);
            if (!inputs.contains(lengths) || lengths.type() != DataType.INT32 || !lengths.shape().equals(shape)) {
                throw new IllegalArgumentException("%s: expected lengths INT32 [B] among the inputs, got %s %s"
                        .formatted(name, lengths.type(), lengths));
            }
            Value counts = input(name, DataType.INT32, shape);
            windowLengths.put(counts, new WindowLengths(lengths, windows));
            return counts;
        }

        /// A number.
        public Value constant(double number) {
            return constants.computeIfAbsent(
                    number, n -> add(freeName("constant"), new Op.Constant(n), new LinkedHashMap<>()).output("y"));
        }

        /// Adds any operation, with its inputs by role.
        public Node add(String name, Op op, SequencedMap<String, Value> nodeInputs) {
            for (Value input : nodeInputs.values()) {
                requireOwn(name, input);
            }
            if (nodeNames.contains(name)) {
                throw new IllegalArgumentException(name + ": expected a name of its own for each node");
            }
            SequencedMap<String, Value> nodeOutputs = new LinkedHashMap<>();
            SequencedMap<String, ShapeInference.Form> forms = ShapeInference.infer(name, op, nodeInputs);
            for (Map.Entry<String, ShapeInference.Form> output : forms.entrySet()) {
                String role = output.getKey();
                ShapeInference.Form form = output.getValue();
                nodeOutputs.put(
                        role, value(role.equals("y") ? name : name + "." + role, form.type(), form.shape()));
            }
            Node node = new Node(name, op, nodeInputs, nodeOutputs);
            nodes.add(node);
            nodeNames.add(name);
            return node;
        }

        /// Adds an [Op.Unary].
        public Value unary(String name, UnaryKind kind, Value x) {
            return add(name, new Op.Unary(kind), roles("x", x)).output("y");
        }

        /// Adds an [Op.Binary].
        public Value binary(String name, BinaryKind kind, Value a, Value b) {
            return add(name, new Op.Binary(kind), roles("a", a, "b", b)).output("y");
        }

        /// Adds an [Op.Clip].
        public Value clip(String name, Value x, float low, float high) {
            return add(name, new Op.Clip(low, high), roles("x", x)).output("y");
        }

        /// Adds an [Op.Reshape].
        public Value reshape(String name, Value x, Shape shape) {
            return add(name, new Op.Reshape(shape), roles("x", x)).output("y");
        }

        /// Adds an [Op.Broadcast].
        public Value broadcast(String name, Value x, Shape shape) {
            return add(name, new Op.Broadcast(shape), roles("x", x)).output("y");
        }

        /// Repeats x `[B,...]` at each step: `[B,steps,...]`.
        ///
        /// @param steps a number or a symbol of time
        public Value repeat(String name, Value x, int steps) {
            int[] dims = x.shape().dims();
            if (dims.length == 0) {
                throw new IllegalArgumentException(name + ": expected [B,...] to repeat, got " + x.shape());
            }
            int[] single = IntStream.concat(IntStream.of(dims[0], 1), IntStream.of(dims).skip(1)).toArray();
            Value one = reshape(freeName(name + ".step"), x, Shape.of(single));
            return broadcast(name, one, ShapeRules.with(one.shape(), 1, steps));
        }

        /// Adds an [Op.Permute]: axis i of the result is axis `axes[i]` of x; a negative axis counts from the end.
        public Value permute(String name, Value x, int... axes) {
            List<Integer> order = IntStream.of(axes).map(axis -> axis(axis, x)).boxed().toList();
            return add(name, new Op.Permute(order), roles("x", x)).output("y");
        }

        /// Adds an [Op.Concat]; a negative axis counts from the end.
        public Value concat(String name, int axis, Value... parts) {
            return concat(name, axis, List.of(parts));
        }

        /// Adds an [Op.Concat]; a negative axis counts from the end.
        public Value concat(String name, int axis, List<Value> parts) {
            if (parts.isEmpty()) {
                throw new IllegalArgumentException(name + ": expected at least one part, got none");
            }
            SequencedMap<String, Value> roles = new LinkedHashMap<>();
            for (int i = 0; i < parts.size(); i++) {
                roles.put(Op.Concat.role(i), parts.get(i));
            }
            return add(name, new Op.Concat(axis(axis, parts.getFirst())), roles).output("y");
        }

        /// Adds an [Op.Slice]; a negative axis counts from the end.
        public Value slice(String name, Value x, int axis, int from, int to) {
            return add(name, new Op.Slice(axis(axis, x), from, to), roles("x", x)).output("y");
        }

        private static int axis(int axis, Value x) {
            return axis < 0 ? x.shape().rank() + axis : axis;
        }

        /// Adds an [Op.BatchMatMul].
        public Value batchMatMul(String name, Transpose transpose, Value a, Value b) {
            return add(name, new Op.BatchMatMul(transpose), roles("a", a, "b", b)).output("y");
        }

        /// Adds an [Op.MaskTime].
        public Value maskTime(String name, Value x, Value lengths) {
            return add(name, new Op.MaskTime(), roles("x", x, "lengths", lengths)).output("y");
        }

        /// Adds an [Op.RealSteps]; its outputs are `counts` and `places`.
        public Node realSteps(String name, Op.RealSteps real, Value x) {
            return add(name, real, roles("x", x));
        }

        /// Adds an [Op.RealSteps] within lengths.
        public Node realSteps(String name, Op.RealSteps real, Value x, Value lengths) {
            return add(name, real, roles("x", x, "lengths", lengths));
        }

        /// Adds an [Op.CompactTime].
        public Value compactTime(String name, Value x, Value places) {
            return add(name, new Op.CompactTime(), roles("x", x, "places", places)).output("y");
        }

        /// Adds an [Op.ReverseTime] of whole sequences.
        public Value reverseTime(String name, Value x) {
            return add(name, new Op.ReverseTime(), roles("x", x)).output("y");
        }

        /// Adds an [Op.ReverseTime] with lengths.
        public Value reverseTime(String name, Value x, Value lengths) {
            return add(name, new Op.ReverseTime(), roles("x", x, "lengths", lengths)).output("y");
        }

        /// Adds an [Op.PoolTime] of whole sequences.
        public Value poolTime(String name, Op.PoolKind kind, Value x) {
            return add(name, new Op.PoolTime(kind), roles("x", x)).output("y");
        }

        /// Adds an [Op.PoolTime] with lengths.
        public Value poolTime(String name, Op.PoolKind kind, Value x, Value lengths) {
            return add(name, new Op.PoolTime(kind), roles("x", x, "lengths", lengths)).output("y");
        }

        /// Adds an [Op.Windows].
        public Value windows(String name, Op.Windows windows, Value x) {
            return add(name, windows, roles("x", x)).output("y");
        }

        /// Adds an [Op.LayerNorm] without gain and bias.
        public Value layerNorm(String name, float epsilon, Value x) {
            return add(name, new Op.LayerNorm(epsilon), roles("x", x)).output("y");
        }

        /// Adds an [Op.LayerNorm] with gain and bias.
        public Value layerNorm(String name, float epsilon, Value x, Value gain, Value bias) {
            return add(name, new Op.LayerNorm(epsilon), roles("x", x, "gain", gain, "bias", bias)).output("y");
        }

        /// Adds an [Op.GaussianNoise]; the step is an INT64 scalar input, the same as that of dropouts.
        public Value gaussianNoise(String name, Op.GaussianNoise noise, Value x, Value step) {
            return add(name, noise, roles("x", x, "step", step)).output("y");
        }

        /// Adds an [Op.Reduce].
        public Value reduce(String name, Op.Reduce reduce, Value x) {
            return add(name, reduce, roles("x", x)).output("y");
        }

        /// Adds an [Op.MatMul] without a bias.
        public Value matMul(String name, Transpose transpose, Value a, Value b) {
            return add(name, new Op.MatMul(transpose), roles("a", a, "b", b)).output("y");
        }

        /// Adds x weightᵀ for a weight `[units, inputSize]`.
        public Value dense(String name, Value x, Value weight) {
            return matMul(name, Transpose.B, x, weight);
        }

        /// Adds x weightᵀ + bias for a weight `[units, inputSize]` and a bias `[units]`.
        public Value dense(String name, Value x, Value weight, Value bias) {
            return add(name, new Op.MatMul(Transpose.B), roles("a", x, "b", weight, "bias", bias)).output("y");
        }

        /// Adds an [Op.Gather].
        public Value gather(String name, Value table, Value ids) {
            return add(name, new Op.Gather(), roles("table", table, "ids", ids)).output("y");
        }

        /// Adds an [Op.Softmax].
        public Value softmax(String name, Value x) {
            return add(name, new Op.Softmax(), roles("x", x)).output("y");
        }

        /// Adds an [Op.Softmax] over the first so many elements of each row.
        public Value softmax(String name, Value x, Value lengths) {
            return add(name, new Op.Softmax(), roles("x", x, "lengths", lengths)).output("y");
        }

        /// Adds an [Op.SoftmaxCrossEntropy] with labels (INT32) or targets (FLOAT32).
        public CrossEntropyOutputs softmaxCrossEntropy(String name, Value logits, Value labelsOrTargets) {
            return crossEntropy(name, roles("logits", logits, targetRole(labelsOrTargets), labelsOrTargets));
        }

        /// Adds an [Op.SoftmaxCrossEntropy] with labels (INT32) or targets (FLOAT32) and lengths.
        public CrossEntropyOutputs softmaxCrossEntropy(String name, Value logits, Value labelsOrTargets,
                Value lengths) {
            return crossEntropy(
                    name, roles("logits", logits, targetRole(labelsOrTargets), labelsOrTargets, "lengths", lengths));
        }

        private static String targetRole(Value labelsOrTargets) {
            return labelsOrTargets.type() == DataType.FLOAT32 ? "targets" : "labels";
        }

        private CrossEntropyOutputs crossEntropy(String name, SequencedMap<String, Value> roles) {
            Node node = add(name, new Op.SoftmaxCrossEntropy(), roles);
            return new CrossEntropyOutputs(node.output("loss"), node.output("correct"), node.output("count"));
        }

        /// Adds an [Op.ElementwiseLoss].
        public ElementwiseLossOutputs elementwiseLoss(String name, LossKind kind, Value x, Value targets) {
            return elementwiseLoss(name, kind, roles("x", x, "targets", targets));
        }

        /// Adds an [Op.ElementwiseLoss] with lengths.
        public ElementwiseLossOutputs elementwiseLoss(
                String name, LossKind kind, Value x, Value targets, Value lengths) {
            return elementwiseLoss(name, kind, roles("x", x, "targets", targets, "lengths", lengths));
        }

        private ElementwiseLossOutputs elementwiseLoss(
                String name, LossKind kind, SequencedMap<String, Value> roles) {
            Node node = add(name, new Op.ElementwiseLoss(kind), roles);
            return new ElementwiseLossOutputs(
                    node.output("loss"),
                    node.output("squaredError"),
                    node.output("absoluteError"),
                    node.output("correct"),
                    node.output("count"));
        }

        /// Adds an [Op.Ctc].
        public SequenceLossOutputs ctc(String name, Op.Ctc ctc, CtcInputs ctcInputs) {
            return SequenceLossOutputs.of(add(name, ctc, ctcInputs.values()));
        }

        /// Adds an [Op.Crf].
        public SequenceLossOutputs crf(String name, CrfInputs crfInputs) {
            return SequenceLossOutputs.of(add(name, new Op.Crf(), crfInputs.values()));
        }

        /// Adds an [Op.Dropout]; the step is an INT64 scalar input, the same for all dropouts of a graph.
        public Value dropout(String name, Op.Dropout dropout, Value x, Value step) {
            return add(name, dropout, roles("x", x, "step", step)).output("y");
        }

        /// Adds an [Op.Recurrent].
        public RecurrentOutputs recurrent(String name, Op.Recurrent recurrent, RecurrentInputs recurrentInputs) {
            Node node = add(name, recurrent, recurrentInputs.values());
            return new RecurrentOutputs(
                    node.output("y"), node.output("hN"), Optional.ofNullable(node.outputs().get("cN")));
        }

        /// Adds an [Op.Scan] of a step, first rid of what does not depend on its states: that is computed for all steps
        /// at once in front of the scan, so that its products are large ones and so are their gradients. What it is
        /// given and makes are those of the step as it stands here.
        ///
        /// @param inputs by role, see [Op.Scan]
        public Node scan(String name, Op.Scan scan, SequencedMap<String, Value> inputs) {
            return Hoisting.add(this, name, scan, inputs);
        }

        /// Names a value as an output of the graph.
        public Builder output(String name, Value value) {
            requireOwn(value.name(), value);
            if (outputs.putIfAbsent(name, value) != null) {
                throw new IllegalArgumentException(name + ": expected a name of its own for each output");
            }
            return this;
        }

        /// Says that an output becomes an input in the next run, as a recurrent layer's state does in streaming and in
        /// truncated backpropagation through time.
        ///
        /// @throws IllegalArgumentException if the first is no input or types or shapes differ
        public Builder carry(Value input, Value output) {
            if (!inputs.contains(input) || input.type() != output.type() || !input.shape().equals(output.shape())) {
                throw new IllegalArgumentException(
                        input.name() + ": expected an input " + input.type() + " " + input.shape()
                                + " carried from one like it, got "
                                + output.type() + " " + output);
            }
            requireOwn(input.name(), output);
            carried.put(input, output);
            return this;
        }

        /// Says that a frozen parameter takes a value after a training step, if that, loss and gradients of the step
        /// are finite: see [dev.rondo.plan.Plan#renew]. Inference leaves it alone.
        ///
        /// @throws IllegalArgumentException if the first is no frozen parameter, types or shapes differ, or no node
        ///     makes the value
        public Builder renew(Value parameter, Value value) {
            if (!frozen.contains(parameter) || parameter.type() != value.type()
                    || !parameter.shape().equals(value.shape())) {
                throw new IllegalArgumentException(
                        parameter.name() + ": expected a frozen parameter renewed by a value like it, got "
                                + value.type() + " " + value);
            }
            requireOwn(parameter.name(), value);
            if (inputs.contains(value) || parameters.contains(value)) {
                throw new IllegalArgumentException(
                        parameter.name() + ": expected a value that a node makes, got " + value);
            }
            renewed.put(parameter, value);
            return this;
        }

        /// The graph built so far.
        public Graph build() {
            return new Graph(this);
        }

        /// The given name, or with a number behind it if a node or value has it already.
        String freeName(String name) {
            String free = name;
            for (int i = 2; names.contains(free) || nodeNames.contains(free); i++) {
                free = name + "_" + i;
            }
            return free;
        }

        /// A value that a node makes and that no state becomes yet: the given one, or a copy of it.
        Value ownNode(Value value) {
            boolean made = nodes.stream().anyMatch(
                    node -> node.outputs().containsValue(value) && !(node.op() instanceof Op.Constant));
            return made && !carried.containsValue(value)
                    ? value
                    : unary(freeName(value.name() + ".copy"), UnaryKind.IDENTITY, value);
        }

        private void requireOwn(String name, Value value) {
            if (value.id() >= values.size() || !values.get(value.id()).equals(value)) {
                throw new IllegalArgumentException(name + ": expected a value of this graph, got " + value);
            }
        }

        private Value value(String name, DataType type, Shape shape) {
            if (!names.add(name)) {
                throw new IllegalArgumentException(name + ": expected a name of its own for each value");
            }
            Value value = new Value(values.size(), name, type, shape);
            values.add(value);
            return value;
        }

        /// Values by role, from pairs of a role and a value.
        static SequencedMap<String, Value> roles(Object... pairs) {
            SequencedMap<String, Value> roles = new LinkedHashMap<>();
            for (int i = 0; i < pairs.length; i += 2) {
                roles.put((String) pairs[i], (Value) pairs[i + 1]);
            }
            return roles;
        }
    }
}
