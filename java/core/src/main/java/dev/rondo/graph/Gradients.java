package dev.rondo.graph;

import static dev.rondo.graph.Graph.Builder.roles;

import dev.rondo.graph.Op.BinaryKind;
import dev.rondo.graph.Op.ReduceKind;
import dev.rondo.graph.Op.Transpose;
import dev.rondo.graph.Op.UnaryKind;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.Collectors;

/// A graph together with the gradients of one of its scalars, or of what is given, by reverse accumulation from graph to graph: for each node
/// from the last to the first, nodes are added that turn the gradients of its outputs into those of its inputs. Where a
/// value is used more than once its gradients are added. Nothing adds up over runs: each run overwrites.
public final class Gradients {
    private final Graph graph;
    private final SequencedMap<Value, Value> byValue;
    private final SequencedMap<String, Value> stateNorms;

    private Gradients(Graph graph, SequencedMap<Value, Value> byValue, SequencedMap<String, Value> stateNorms) {
        this.graph = graph;
        this.byValue = Collections.unmodifiableSequencedMap(byValue);
        this.stateNorms = Collections.unmodifiableSequencedMap(stateNorms);
    }

    /// Adds to a graph what computes the gradient of a scalar by the wanted values.
    ///
    /// @throws IllegalArgumentException if the loss is no scalar, does not depend on a wanted value, or an operation
    ///     between them has no gradient
    public static Gradients of(Graph graph, Value loss, Collection<Value> wanted) {
        if (loss.shape().rank() != 0) {
            throw new IllegalArgumentException(loss.name() + ": expected a scalar to take gradients of, got "
                    + loss.shape());
        }
        Pass pass = new Pass(graph, wanted);
        pass.add(loss, pass.one);
        return pass.finish(graph, loss.name(), wanted);
    }

    /// Adds to a graph what turns gradients of some of its values, which are values of the graph themselves (inputs, as
    /// a rule), into those of the wanted ones: the product of a vector with the Jacobian, as if the loss were the sum of
    /// all elements of `value * gradient`.
    ///
    /// @param given gradients by the values that they are of, of the same shapes
    /// @throws IllegalArgumentException if a gradient has another shape than its value, no given value depends on a
    ///     wanted one, or an operation between them has no gradient
    public static Gradients of(Graph graph, Map<Value, Value> given, Collection<Value> wanted) {
        if (given.isEmpty()) {
            throw new IllegalArgumentException("gradients: expected at least one that is given, got none");
        }
        Pass pass = new Pass(graph, wanted);
        given.forEach((value, gradient) -> {
            if (!value.shape().equals(gradient.shape()) || value.type() != gradient.type()) {
                throw new IllegalArgumentException("%s: expected a gradient %s %s, got %s %s"
                        .formatted(value.name(), value.type(), value.shape(), gradient.type(), gradient.shape()));
            }
            pass.add(value, gradient);
        });
        String names = given.keySet().stream().map(Value::name).sorted().collect(Collectors.joining(", "));
        return pass.finish(graph, names, wanted);
    }

    /// The graph given, with the nodes of the gradients behind its own.
    public Graph graph() {
        return graph;
    }

    /// The gradients by the values wanted.
    public SequencedMap<Value, Value> byValue() {
        return byValue;
    }

    /// The gradient of a wanted value.
    ///
    /// @throws IllegalArgumentException if it was not wanted
    public Value of(Value value) {
        Value gradient = byValue.get(value);
        if (gradient == null) {
            throw new IllegalArgumentException("gradients: expected one of " + byValue.keySet() + ", got "
                    + value.name());
        }
        return gradient;
    }

    /// The norms of the gradient that reaches each state on its way back, `[T]`, by the name of the recurrent node: see
    /// [Op.RecurrentGradient]. They are computed only where a plan is asked for them, as by [#withStateNorms].
    public SequencedMap<String, Value> stateNorms() {
        return stateNorms;
    }

    /// The same, with the [#stateNorms] among the graph's outputs: `lstm.dhNorms` of a node `lstm`.
    public Gradients withStateNorms() {
        Graph.Builder builder = graph.toBuilder();
        stateNorms.forEach((node, norms) -> builder.output(node + ".dhNorms", norms));
        return new Gradients(builder.build(), byValue, stateNorms);
    }

    /// Reverse accumulation over one graph.
    static final class Pass {
        final Graph.Builder builder;
        final Map<Value, Value> gradients = new HashMap<>();
        final Value one;
        final SequencedMap<String, Value> stateNorms = new LinkedHashMap<>();

        /// The values that depend on a wanted one.
        final Set<Value> active;

        Pass(Graph graph, Collection<Value> wanted) {
            builder = graph.toBuilder();
            one = builder.constant(1);
            active = new HashSet<>(wanted);
            for (Node node : graph.nodes()) {
                if (!Collections.disjoint(node.inputs().values(), active)) {
                    active.addAll(node.outputs().values());
                }
            }
        }

        String name(Value value) {
            return builder.freeName(value.name() + ".gradient");
        }

        /// Turns the gradients added so far into those of all that they depend on.
        void run(Graph graph) {
            graph.nodes().reversed().forEach(this::backward);
        }

        Gradients finish(Graph graph, String of, Collection<Value> wanted) {
            run(graph);
            SequencedMap<Value, Value> byValue = new LinkedHashMap<>();
            for (Value value : wanted) {
                Value gradient = gradients.get(value);
                if (gradient == null) {
                    throw new IllegalArgumentException(of + ": expected to depend on " + value.name());
                }
                // A gradient that is another's value, a fan-out's for instance, gets a place of its own.
                if (byValue.containsValue(gradient)) {
                    gradient = builder.unary(name(value), UnaryKind.IDENTITY, gradient);
                }
                byValue.put(value, gradient);
            }
            return new Gradients(builder.build(), byValue, stateNorms.reversed());
        }

        /// Adds to the gradient of a value.
        void add(Value value, Value gradient) {
            Value sum = gradients.get(value);
            gradients.put(
                    value, sum == null ? gradient : builder.binary(name(value), BinaryKind.ADD, sum, gradient));
        }

        void backward(Node node) {
            boolean reached = node.outputs().values().stream().anyMatch(gradients::containsKey);
            boolean needed = node.inputs().values().stream().anyMatch(active::contains);
            if (!reached || !needed) {
                return;
            }
            switch (node.op()) {
                case Op.Unary unary -> unary(node, unary);
                case Op.Binary binary -> binary(node, binary);
                case Op.Reduce reduce -> reduce(node, reduce);
                case Op.Clip clip -> clip(node, clip);
                case Op.Reshape _ -> reshape(node);
                case Op.Broadcast _ -> broadcast(node);
                case Op.Permute permute -> permute(node, permute);
                case Op.Concat concat -> concat(node, concat.axis());
                case Op.Slice slice -> slice(node, slice);
                case Op.MatMul matMul -> matMul(node, matMul.transpose());
                case Op.BatchMatMul matMul -> batchMatMul(node, matMul.transpose());
                case Op.Gather _ -> gather(node);
                case Op.Softmax _ -> softmax(node);
                case Op.SoftmaxCrossEntropy _ -> loss(node, "logits", "dlogits");
                case Op.ElementwiseLoss _ -> loss(node, "x", "dx");
                case Op.Ctc ctc -> ctc(node, ctc);
                case Op.Crf _ -> {
                    for (String role : new String[] {"emissions", "transitions", "start", "end"}) {
                        if (active.contains(node.input(role))) {
                            loss(node, role, "d" + role);
                        }
                    }
                }
                case Op.MaskTime mask -> alike(node, mask);
                case Op.ReverseTime reverse -> alike(node, reverse);
                case Op.CompactTime _ -> {
                    Value x = node.input("x");
                    add(x, builder.add(name(x), new Op.CompactTimeGradient(),
                            roles("dy", gradient(node.output("y")), "places", node.input("places"))).output("dx"));
                }
                case Op.RealSteps _ -> {}
                case Op.PoolTime pool -> poolTime(node, pool);
                case Op.Windows windows -> windows(node, windows);
                case Op.LayerNorm _ -> normalization(node, new Op.LayerNormGradient());
                case Op.BatchNorm _ -> normalization(node, new Op.BatchNormGradient());
                case Op.Dropout dropout -> dropout(node, dropout);
                case Op.GaussianNoise _ -> add(node.input("x"), gradient(node.output("y")));
                case Op.Recurrent recurrent -> recurrent(node, recurrent);
                case Op.Scan scan -> ScanGradients.add(this, node, scan);
                case Op.Constant _ -> {}
                case Op.UnaryGradient _, Op.ReduceGradient _, Op.ClipGradient _, Op.SliceGradient _,
                        Op.SoftmaxGradient _, Op.CompactTimeGradient _, Op.PoolTimeGradient _, Op.WindowsGradient _,
                        Op.LayerNormGradient _,
                        Op.BatchNormGradient _, Op.ScatterAdd _, Op.RecurrentGradient _, Op.ScanGradient _, Op.GlobalNorm _,
                        Op.ClipNorms _, Op.ClipValues _, Op.Sgd _, Op.Adam _, Op.RmsProp _, Op.Adagrad _ ->
                        throw new IllegalArgumentException(node.name() + ": " + node.op() + " has no gradient");
            }
        }

        private void unary(Node node, Op.Unary unary) {
            Value x = node.input("x");
            Value y = node.output("y");
            Value dy = gradient(y);
            add(x, builder.add(name(x), new Op.UnaryGradient(unary.kind()),
                    roles("x", x, "y", y, "dy", dy)).output("dx"));
        }

        private void binary(Node node, Op.Binary binary) {
            Value a = node.input("a");
            Value b = node.input("b");
            Value y = node.output("y");
            Value dy = gradient(y);
            if (binary.kind() == BinaryKind.GREATER) {
                return;
            }
            if (binary.kind() == BinaryKind.MAXIMUM || binary.kind() == BinaryKind.MINIMUM) {
                extremum(node, binary.kind() == BinaryKind.MAXIMUM, dy);
                return;
            }
            if (active.contains(a)) {
                Value da =
                        switch (binary.kind()) {
                            case ADD, SUBTRACT -> dy;
                            case MULTIPLY -> builder.binary(name(a), BinaryKind.MULTIPLY, dy, b);
                            case DIVIDE -> builder.binary(name(a), BinaryKind.DIVIDE, dy, b);
                            case MAXIMUM, MINIMUM, GREATER -> throw new IllegalStateException("handled above");
                        };
                add(a, unbroadcast(a, da));
            }
            if (active.contains(b)) {
                Value db =
                        switch (binary.kind()) {
                            case ADD -> dy;
                            case SUBTRACT -> builder.unary(name(b), UnaryKind.NEGATE, dy);
                            case MULTIPLY -> builder.binary(name(b), BinaryKind.MULTIPLY, dy, a);
                            case DIVIDE -> {
                                Value ratio = builder.binary(name(b), BinaryKind.DIVIDE, y, b);
                                Value product = builder.binary(name(b), BinaryKind.MULTIPLY, dy, ratio);
                                yield builder.unary(name(b), UnaryKind.NEGATE, product);
                            }
                            case MAXIMUM, MINIMUM, GREATER -> throw new IllegalStateException("handled above");
                        };
                add(b, unbroadcast(b, db));
            }
        }

        /// dy goes to b where b is what was taken, else to a.
        private void extremum(Node node, boolean largest, Value dy) {
            Value a = node.input("a");
            Value b = node.input("b");
            Value taken = builder.binary(name(b), BinaryKind.GREATER, largest ? b : a, largest ? a : b);
            Value db = builder.binary(name(b), BinaryKind.MULTIPLY, dy, taken);
            if (active.contains(a)) {
                add(a, unbroadcast(a, builder.binary(name(a), BinaryKind.SUBTRACT, dy, db)));
            }
            if (active.contains(b)) {
                add(b, unbroadcast(b, db));
            }
        }

        /// Sums a gradient over the axes along which an operand was repeated, neighbouring ones at once.
        private Value unbroadcast(Value operand, Value gradient) {
            Shape shape = gradient.shape();
            Value sum = gradient;
            int to = shape.rank();
            while (to > 0) {
                int from = to;
                while (from > 0 && ShapeRules.isRepeated(operand.shape(), shape, from - 1)) {
                    from--;
                }
                if (from < to) {
                    sum = builder.reduce(name(operand), new Op.Reduce(ReduceKind.SUM, from, to), sum);
                    to = from;
                } else {
                    to--;
                }
            }
            return sum.shape().equals(operand.shape()) ? sum : builder.reshape(name(operand), sum, operand.shape());
        }

        private void clip(Node node, Op.Clip clip) {
            Value x = node.input("x");
            Value dy = gradient(node.output("y"));
            add(x, builder.add(name(x), new Op.ClipGradient(clip), roles("x", x, "dy", dy)).output("dx"));
        }

        private void reshape(Node node) {
            Value x = node.input("x");
            add(x, builder.reshape(name(x), gradient(node.output("y")), x.shape()));
        }

        private void broadcast(Node node) {
            Value x = node.input("x");
            add(x, unbroadcast(x, gradient(node.output("y"))));
        }

        private void permute(Node node, Op.Permute permute) {
            Value x = node.input("x");
            Value dy = gradient(node.output("y"));
            add(x, builder.add(name(x), permute.inverse(), roles("x", dy)).output("y"));
        }

        private void concat(Node node, int axis) {
            Value dy = gradient(node.output("y"));
            int from = 0;
            for (int i = 0; i < node.inputs().size(); i++) {
                Value x = node.input(Op.Concat.role(i));
                int to = from + x.shape().dim(axis);
                if (active.contains(x)) {
                    add(x, builder.slice(name(x), dy, axis, from, to));
                }
                from = to;
            }
        }

        private void slice(Node node, Op.Slice slice) {
            Value x = node.input("x");
            Value dy = gradient(node.output("y"));
            add(x, builder.add(name(x), new Op.SliceGradient(slice, x.shape()), roles("dy", dy)).output("dx"));
        }

        /// An operation whose gradient is itself.
        private void alike(Node node, Op op) {
            Value x = node.input("x");
            SequencedMap<String, Value> inputs = new LinkedHashMap<>(node.inputs());
            inputs.put("x", gradient(node.output("y")));
            add(x, builder.add(name(x), op, inputs).output("y"));
        }

        private void poolTime(Node node, Op.PoolTime pool) {
            Value x = node.input("x");
            Value y = node.output("y");
            SequencedMap<String, Value> inputs = new LinkedHashMap<>(node.inputs());
            if (pool.kind() == Op.PoolKind.MAX) {
                inputs.put("y", y);
            } else {
                inputs.remove("x");
            }
            inputs.put("dy", gradient(y));
            add(x, builder.add(name(x), new Op.PoolTimeGradient(pool.kind(), x.shape()), inputs).output("dx"));
        }

        private void windows(Node node, Op.Windows windows) {
            Value x = node.input("x");
            Value dy = gradient(node.output("y"));
            add(x, builder.add(name(x), new Op.WindowsGradient(windows, x.shape()), roles("dy", dy)).output("dx"));
        }

        /// A layer or batch normalization.
        private void normalization(Node node, Op op) {
            for (String role : List.of("movingMean", "movingVariance")) {
                if (node.optionalInput(role).filter(active::contains).isPresent()) {
                    throw new IllegalArgumentException(node.name() + ": " + role + " has no gradient");
                }
            }
            for (String role : List.of("mean", "scale")) {
                if (gradients.containsKey(node.output(role))) {
                    throw new IllegalArgumentException(node.name() + ": " + role + " has no gradient");
                }
            }
            SequencedMap<String, Value> inputs = new LinkedHashMap<>(node.inputs());
            List.of("bias", "movingMean", "movingVariance").forEach(inputs::remove);
            inputs.put("mean", node.output("mean"));
            inputs.put("scale", node.output("scale"));
            inputs.put("dy", gradient(node.output("y")));
            Node gradient = builder.add(builder.freeName(node.name() + ".gradient"), op, inputs);
            for (String role : List.of("x", "gain", "bias")) {
                node.optionalInput(role).filter(active::contains)
                        .ifPresent(value -> add(value, gradient.output("d" + role)));
            }
        }

        private void reduce(Node node, Op.Reduce reduce) {
            Value x = node.input("x");
            if (reduce.kind() == ReduceKind.MAX) {
                throw new IllegalArgumentException(node.name() + ": " + reduce + " has no gradient");
            }
            Op op = new Op.ReduceGradient(reduce, x.shape());
            add(x, builder.add(name(x), op, roles("dy", gradient(node.output("y")))).output("dx"));
        }

        private void matMul(Node node, Transpose transpose) {
            Value a = node.input("a");
            Value b = node.input("b");
            Value dy = gradient(node.output("y"));
            if (active.contains(a)) {
                add(
                        a,
                        transpose.a()
                                ? builder.matMul(name(a), transpose.b() ? Transpose.BOTH : Transpose.B, b, dy)
                                : builder.matMul(name(a), transpose.b() ? Transpose.NONE : Transpose.B, dy, b));
            }
            if (active.contains(b)) {
                add(
                        b,
                        transpose.b()
                                ? builder.matMul(name(b), transpose.a() ? Transpose.BOTH : Transpose.A, dy, a)
                                : builder.matMul(name(b), transpose.a() ? Transpose.NONE : Transpose.A, a, dy));
            }
            node.optionalInput("bias").filter(active::contains).ifPresent(bias -> add(bias, unbroadcast(bias, dy)));
        }

        private void gather(Node node) {
            Value table = node.input("table");
            Op op = new Op.ScatterAdd(table.shape().dim(0));
            Value dy = gradient(node.output("y"));
            add(table, builder.add(name(table), op, roles("ids", node.input("ids"), "dy", dy)).output("dtable"));
        }

        private void batchMatMul(Node node, Transpose transpose) {
            Value a = node.input("a");
            Value b = node.input("b");
            Value dy = gradient(node.output("y"));
            if (active.contains(a)) {
                add(
                        a,
                        transpose.a()
                                ? builder.batchMatMul(name(a), transpose.b() ? Transpose.BOTH : Transpose.B, b, dy)
                                : builder.batchMatMul(name(a), transpose.b() ? Transpose.NONE : Transpose.B, dy, b));
            }
            if (active.contains(b)) {
                add(
                        b,
                        transpose.b()
                                ? builder.batchMatMul(name(b), transpose.a() ? Transpose.BOTH : Transpose.A, dy, a)
                                : builder.batchMatMul(name(b), transpose.a() ? Transpose.NONE : Transpose.A, a, dy));
            }
        }

        private void softmax(Node node) {
            Value x = node.input("x");
            SequencedMap<String, Value> inputs = new LinkedHashMap<>(node.inputs());
            inputs.remove("x");
            inputs.put("y", node.output("y"));
            inputs.put("dy", gradient(node.output("y")));
            add(x, builder.add(name(x), new Op.SoftmaxGradient(), inputs).output("dx"));
        }

        /// A loss that makes its gradient itself.
        private void loss(Node node, String role, String gradientRole) {
            Value x = node.input(role);
            if (node.optionalInput("targets").filter(active::contains).isPresent()) {
                throw new IllegalArgumentException(node.name() + ": targets have no gradient");
            }
            Value dloss = gradient(node.output("loss"));
            Value dx = node.output(gradientRole);
            add(x, dloss.equals(one) ? dx : builder.binary(name(x), BinaryKind.MULTIPLY, dx, dloss));
        }

        /// The gradients of a sum are those of each sequence's own loss.
        private void ctc(Node node, Op.Ctc ctc) {
            if (gradients.containsKey(node.output("loss"))) {
                loss(node, "logits", "dlogits");
            }
            Value perSequence = gradients.get(node.output("perSequence"));
            if (perSequence != null) {
                if (ctc.reduction() != Op.CtcReduction.SUM) {
                    throw new IllegalArgumentException(
                            "%s: expected the reduction SUM for gradients of perSequence, got %s"
                                    .formatted(node.name(), ctc.reduction()));
                }
                Value x = node.input("logits");
                Value rows = builder.reshape(name(x), perSequence, perSequence.shape().append(1).append(1));
                add(x, builder.binary(name(x), BinaryKind.MULTIPLY, node.output("dlogits"), rows));
            }
        }

        private void dropout(Node node, Op.Dropout dropout) {
            Value x = node.input("x");
            add(x, builder.dropout(name(x), dropout, gradient(node.output("y")), node.input("step")));
        }

        private void recurrent(Node node, Op.Recurrent recurrent) {
            if (node.optionalInput("recurrentMask").filter(active::contains).isPresent()) {
                throw new IllegalArgumentException(node.name() + ": recurrentMask has no gradient");
            }
            SequencedMap<String, Value> inputs = new LinkedHashMap<>(node.inputs());
            inputs.remove("h0");
            inputs.remove("c0");
            inputs.put("saved", node.output("saved"));
            node.outputs()
                    .forEach(
                            (role, value) -> {
                                Value gradient = gradients.get(value);
                                if (gradient != null) {
                                    inputs.put("d" + role, gradient);
                                }
                            });
            Node gradient = builder.add(builder.freeName(node.name() + ".gradient"),
                    new Op.RecurrentGradient(recurrent.cell(), recurrent.direction()), inputs);
            stateNorms.put(node.name(), gradient.output("dhNorms"));
            node.inputs()
                    .forEach(
                            (role, value) -> {
                                if (active.contains(value) && value.type() == DataType.FLOAT32) {
                                    add(value, gradient.output("d" + role));
                                }
                            });
        }

        private Value gradient(Value value) {
            Value gradient = gradients.get(value);
            if (gradient == null) {
                throw new IllegalArgumentException(value.name() + ": has no gradient");
            }
            return gradient;
        }
    }
}
