package dev.rondo.graph;

import dev.rondo.graph.Op.Transpose;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;

/// Checks the inputs of a node and tells the types and shapes of its outputs: the one place that knows the signature of
/// each operation.
final class ShapeInference {
    /// Type and shape of an output.
    record Form(DataType type, Shape shape) {}

    private static final Form SCALAR = floats(Shape.scalar());
    private static final Form SAVED = new Form(DataType.OPAQUE, Shape.scalar());

    private final String node;
    private final Map<String, Value> inputs;
    private final Set<String> known = new HashSet<>();

    private ShapeInference(String node, Map<String, Value> inputs) {
        this.node = node;
        this.inputs = inputs;
    }

    /// The outputs by role.
    ///
    /// @throws IllegalArgumentException naming the node, what was expected and what came
    static SequencedMap<String, Form> infer(String node, Op op, SequencedMap<String, Value> inputs) {
        ShapeInference inference = new ShapeInference(node, inputs);
        SequencedMap<String, Form> outputs = inference.outputs(op);
        for (String role : inputs.keySet()) {
            if (!inference.known.contains(role)) {
                throw new IllegalArgumentException(node + ": expected inputs " + inference.known + ", got " + role);
            }
        }
        return outputs;
    }

    private SequencedMap<String, Form> outputs(Op op) {
        return switch (op) {
            case Op.Elementwise elementwise -> elementwise(elementwise);
            case Op.Shaping shaping -> shaping(shaping);
            case Op.Constant _ -> forms("y", SCALAR);
            case Op.BatchMatMul matMul -> forms("y", floats(batchMatMul(matMul.transpose())));
            case Op.MatMul matMul -> forms("y", floats(matMul(matMul)));
            case Op.Gather _ -> {
                Shape table = matrix("table");
                yield forms("y", floats(ints("ids").shape().append(table.dim(1))));
            }
            case Op.ScatterAdd scatter -> {
                Shape dy = x("dy").shape();
                expect("dy", ints("ids").shape().append(dy.dim(-1)), dy);
                yield forms("dtable", floats(Shape.of(scatter.rows(), dy.dim(-1))));
            }
            case Op.Softmax _ -> {
                Shape shape = x("x").shape();
                rowLengths("x", shape);
                yield forms("y", floats(shape));
            }
            case Op.SoftmaxGradient _ -> {
                Shape shape = x("y").shape();
                x("dy", shape);
                rowLengths("y", shape);
                yield forms("dx", floats(shape));
            }
            case Op.InTime inTime -> inTime(inTime);
            case Op.Normalization normalization -> normalization(normalization);
            case Op.Loss loss -> loss(loss);
            case Op.Noise noise -> noise(noise);
            case Op.Recurrent recurrent -> {
                Sizes sizes = recurrent(recurrent.cell());
                x("h0?", sizes.state());
                SequencedMap<String, Form> outputs = forms("y", floats(sizes.sequence()), "hN", floats(sizes.state()));
                if (recurrent.cell().hasC()) {
                    x("c0?", sizes.state());
                    outputs.put("cN", floats(sizes.state()));
                }
                outputs.put("saved", SAVED);
                yield outputs;
            }
            case Op.RecurrentGradient gradient -> recurrentGradient(gradient.cell());
            case Op.Scan scan -> scan(scan);
            case Op.ScanGradient gradient -> scanGradient(gradient);
            case Op.Update update -> update(update);
        };
    }

    private SequencedMap<String, Form> elementwise(Op.Elementwise op) {
        return switch (op) {
            case Op.Unary _ -> forms("y", floats(x("x").shape()));
            case Op.UnaryGradient _ -> {
                Shape shape = x("x").shape();
                x("y", shape);
                x("dy", shape);
                yield forms("dx", floats(shape));
            }
            case Op.Binary _ -> forms("y", floats(broadcast(x("a"), x("b"))));
            case Op.Reduce reduce -> forms("y", floats(reduced(reduce, x("x").shape())));
            case Op.ReduceGradient gradient -> {
                x("dy", reduced(gradient.reduce(), gradient.shape()));
                yield forms("dx", floats(gradient.shape()));
            }
            case Op.Clip _ -> forms("y", floats(x("x").shape()));
            case Op.ClipGradient _ -> {
                Shape shape = x("x").shape();
                x("dy", shape);
                yield forms("dx", floats(shape));
            }
        };
    }

    private SequencedMap<String, Form> shaping(Op.Shaping op) {
        return switch (op) {
            case Op.Reshape reshape -> {
                Shape shape = x("x").shape();
                if (!ShapeRules.isReshaped(shape, reshape.shape())) {
                    throw wrong("x", "the elements of " + reshape.shape() + ", symbols in their places",
                            shape.toString());
                }
                yield forms("y", floats(reshape.shape()));
            }
            case Op.Broadcast broadcast -> {
                Shape shape = x("x").shape();
                Shape wanted = axes("x", broadcast.shape());
                if (!ShapeRules.broadcast(shape, wanted).equals(Optional.of(wanted))) {
                    throw wrong("x", "what can be repeated to " + wanted, shape.toString());
                }
                yield forms("y", floats(wanted));
            }
            case Op.Permute permute -> {
                Shape shape = axes("x", x("x").shape());
                if (permute.axes().size() != shape.rank()) {
                    throw wrong("x", permute.axes().size() + " axes", shape.toString());
                }
                yield forms("y", floats(Shape.of(permute.axes().stream().mapToInt(shape::dim).toArray())));
            }
            case Op.Concat concat -> forms("y", floats(concat(concat)));
            case Op.Slice slice -> forms("y", floats(slice("x", slice, x("x").shape())));
            case Op.SliceGradient gradient -> {
                x("dy", slice("dy", gradient.slice(), gradient.shape()));
                yield forms("dx", floats(gradient.shape()));
            }
        };
    }

    private SequencedMap<String, Form> inTime(Op.InTime op) {
        return switch (op) {
            case Op.RealSteps _ -> {
                Shape shape = sequence("x", input("x").orElseThrow().shape(), 2);
                if (input("x").orElseThrow().type() != DataType.INT32) {
                    x("x");
                }
                lengths(shape.dim(0));
                yield forms("counts", new Form(DataType.INT32, shape.slice(0, 1)),
                        "places", new Form(DataType.INT32, shape.slice(0, 2)));
            }
            case Op.CompactTime _ -> {
                Shape shape = sequence("x", x("x").shape(), 2);
                typed("places", DataType.INT32, shape.slice(0, 2));
                yield forms("y", floats(shape));
            }
            case Op.CompactTimeGradient _ -> {
                Shape shape = sequence("dy", x("dy").shape(), 2);
                typed("places", DataType.INT32, shape.slice(0, 2));
                yield forms("dx", floats(shape));
            }
            case Op.MaskTime _ -> {
                Shape shape = sequence("x", x("x").shape(), 2);
                typed("lengths", DataType.INT32, Shape.of(shape.dim(0)));
                yield forms("y", floats(shape));
            }
            case Op.ReverseTime _ -> {
                Shape shape = sequence("x", x("x").shape(), 2);
                lengths(shape.dim(0));
                yield forms("y", floats(shape));
            }
            case Op.PoolTime _ -> {
                Shape shape = sequence("x", x("x").shape(), 2);
                lengths(shape.dim(0));
                yield forms("y", floats(pooled(shape)));
            }
            case Op.PoolTimeGradient gradient -> {
                if (gradient.kind() == Op.PoolKind.MAX) {
                    x("x", gradient.shape());
                    x("y", pooled(gradient.shape()));
                }
                x("dy", pooled(gradient.shape()));
                lengths(gradient.shape().dim(0));
                yield forms("dx", floats(gradient.shape()));
            }
            case Op.Windows windows -> forms("y", floats(windows("x", windows, x("x").shape())));
            case Op.WindowsGradient gradient -> {
                x("dy", windows("dy", gradient.windows(), gradient.shape()));
                yield forms("dx", floats(gradient.shape()));
            }
        };
    }

    private SequencedMap<String, Form> normalization(Op.Normalization op) {
        return switch (op) {
            case Op.LayerNorm _ -> {
                Shape shape = row("x");
                x("gain?", Shape.of(shape.dim(-1)));
                x("bias?", Shape.of(shape.dim(-1)));
                yield forms("y", floats(shape), "mean", floats(shape.leading()), "scale", floats(shape.leading()));
            }
            case Op.LayerNormGradient _ -> {
                Shape shape = row("x");
                Shape features = Shape.of(shape.dim(-1));
                x("gain?", features);
                x("mean", shape.leading());
                x("scale", shape.leading());
                x("dy", shape);
                yield forms("dx", floats(shape), "dgain", floats(features), "dbias", floats(features));
            }
            case Op.BatchNorm _ -> {
                Shape shape = batchNorm();
                Shape features = Shape.of(shape.dim(-1));
                x("movingMean", features);
                x("movingVariance", features);
                x("bias?", features);
                yield forms("y", floats(shape), "mean", floats(features), "scale", floats(features));
            }
            case Op.BatchNormGradient _ -> {
                Shape shape = batchNorm();
                Shape features = Shape.of(shape.dim(-1));
                x("mean", features);
                x("scale", features);
                x("dy", shape);
                yield forms("dx", floats(shape), "dgain", floats(features), "dbias", floats(features));
            }
        };
    }

    private SequencedMap<String, Form> loss(Op.Loss op) {
        return switch (op) {
            case Op.SoftmaxCrossEntropy _ -> crossEntropy();
            case Op.ElementwiseLoss _ -> {
                Shape shape = x("x").shape();
                if (shape.rank() != 2 && shape.rank() != 3) {
                    throw wrong("x", "[B,T,n] or [B,n]", shape.toString());
                }
                x("targets", shape);
                lengths(shape.dim(0));
                yield forms("loss", SCALAR, "squaredError", SCALAR, "absoluteError", SCALAR, "correct", SCALAR, "count",
                        SCALAR, "dx", floats(shape));
            }
            case Op.Ctc ctc -> ctc(ctc);
            case Op.Crf _ -> crf();
        };
    }

    private SequencedMap<String, Form> noise(Op.Noise op) {
        return switch (op) {
            case Op.Dropout _, Op.GaussianNoise _ -> {
                typed("step", DataType.INT64, Shape.scalar());
                yield forms("y", floats(x("x").shape()));
            }
        };
    }

    private SequencedMap<String, Form> update(Op.Update op) {
        return switch (op) {
            case Op.GlobalNorm _ -> {
                flat("x");
                yield forms("norm", SCALAR, "scale", SCALAR);
            }
            case Op.ClipNorms clip -> {
                Shape shape = flat("gradients");
                for (Op.Range range : clip.tensors()) {
                    if (range.end() > shape.elements()) {
                        throw wrong("gradients", "at least [" + range.end() + "] for the tensors", shape.toString());
                    }
                }
                yield forms();
            }
            case Op.ClipValues _ -> {
                flat("gradients");
                yield forms();
            }
            case Op.Sgd sgd -> {
                update("velocity" + (sgd.momentum() == 0 ? "?" : ""));
                yield forms();
            }
            case Op.Adam _ -> {
                update("m", "v");
                typed("step", DataType.INT64, Shape.scalar());
                yield forms();
            }
            case Op.RmsProp rmsProp -> {
                update("v");
                if (rmsProp.centered()) {
                    x("m", flat("parameters"));
                }
                if (rmsProp.momentum() > 0) {
                    x("velocity", flat("parameters"));
                }
                yield forms();
            }
            case Op.Adagrad _ -> {
                update("sum");
                yield forms();
            }
        };
    }

    private Shape broadcast(Value a, Value b) {
        Value full = a.shape().rank() >= b.shape().rank() ? a : b;
        Value other = full.equals(a) ? b : a;
        Optional<Shape> shape = ShapeRules.broadcast(a.shape(), b.shape());
        if (shape.isEmpty()) {
            throw wrong(other.equals(a) ? "a" : "b", "extents as in " + full.shape() + ", of 1, or none in front",
                    other.shape().toString());
        }
        return axes("a", shape.get());
    }

    /// A shape that kernels can walk by strides.
    private Shape axes(String role, Shape shape) {
        if (shape.rank() > Op.MAX_AXES) {
            throw wrong(role, "at most " + Op.MAX_AXES + " axes", shape.toString());
        }
        return shape;
    }

    private Shape concat(Op.Concat concat) {
        Shape first = x(Op.Concat.role(0)).shape();
        int axis = concat.axis();
        if (axis >= first.rank() || first.dim(axis) < 0) {
            throw wrong(Op.Concat.role(0), "a number at axis " + axis, first.toString());
        }
        int sum = first.dim(axis);
        for (int i = 1; i < inputs.size(); i++) {
            String role = Op.Concat.role(i);
            Shape shape = x(role).shape();
            if (shape.rank() != first.rank() || shape.dim(axis) < 0
                    || !ShapeRules.with(shape, axis, first.dim(axis)).equals(first)) {
                throw wrong(role, first + " with any number at axis " + axis, shape.toString());
            }
            sum = Math.addExact(sum, shape.dim(axis));
        }
        return ShapeRules.with(first, axis, sum);
    }

    private Shape slice(String role, Op.Slice slice, Shape shape) {
        if (slice.axis() >= shape.rank()) {
            throw wrong(role, "a rank of at least " + (slice.axis() + 1), shape.toString());
        }
        int extent = ShapeRules.sliced(slice, shape.dim(slice.axis())).orElseThrow(() -> wrong(
                role,
                "an axis %d with elements %d to %s".formatted(
                        slice.axis(), slice.from(), slice.to() == Op.Slice.END ? "its end" : String.valueOf(slice.to())),
                shape.toString()));
        return ShapeRules.with(shape, slice.axis(), extent);
    }

    private Shape batchMatMul(Transpose transpose) {
        Shape a = sequence("a", x("a").shape(), 3);
        Shape b = x("b").shape();
        int m = a.dim(transpose.a() ? -1 : -2);
        int k = a.dim(transpose.a() ? -2 : -1);
        Shape leading = a.leading().leading();
        if (b.rank() != a.rank() || b.dim(transpose.b() ? -1 : -2) != k || !b.leading().leading().equals(leading)) {
            throw wrong("b", leading.append(k) + " and an axis " + (transpose.b() ? "before" : "behind") + " the last",
                    b.toString());
        }
        return leading.append(m).append(b.dim(transpose.b() ? -2 : -1));
    }

    /// A shape of at least so many axes.
    private Shape sequence(String role, Shape shape, int rank) {
        if (shape.rank() < rank) {
            throw wrong(role, "a rank of at least " + rank, shape.toString());
        }
        return shape;
    }

    private Shape row(String role) {
        return sequence(role, x(role).shape(), 1);
    }

    /// Lengths of the last axis, for all rows of a sequence.
    private void rowLengths(String role, Shape shape) {
        if (input("lengths?").isPresent()) {
            lengths(sequence(role, shape, 2).dim(0));
        }
    }

    private static Shape pooled(Shape shape) {
        Shape pooled = Shape.of(shape.dim(0));
        for (int axis = 2; axis < shape.rank(); axis++) {
            pooled = pooled.append(shape.dim(axis));
        }
        return pooled;
    }

    private Shape windows(String role, Op.Windows windows, Shape shape) {
        if (shape.rank() != 3 || shape.dim(2) < 0) {
            throw wrong(role, "[B,T,n]", shape.toString());
        }
        int steps = shape.dim(1);
        int count;
        if (steps >= 0) {
            count = windows.count(steps);
            if (count == 0) {
                throw wrong(role, "at least " + windows.span() + " steps", shape.toString());
            }
        } else if (windows.stride() == 1 && windows.padding() != Op.Padding.VALID) {
            count = steps;
        } else if (windows.padding() == Op.Padding.SAME) {
            throw wrong(role, "a number of steps for SAME padding with a stride of " + windows.stride(),
                    shape.toString());
        } else if (windows.windows() == 0) {
            throw wrong(role, "a number of steps, or a symbol for the number of windows", shape.toString());
        } else {
            count = windows.windows();
        }
        return Shape.of(shape.dim(0), count, Math.multiplyExact(windows.size(), shape.dim(2)));
    }

    private Shape batchNorm() {
        Shape shape = x("x").shape();
        if (shape.rank() != 2 && shape.rank() != 3) {
            throw wrong("x", "[B,T,n] or [B,n]", shape.toString());
        }
        x("gain?", Shape.of(shape.dim(-1)));
        lengths(shape.dim(0));
        return shape;
    }

    private Shape reduced(Op.Reduce reduce, Shape shape) {
        if (reduce.to() > shape.rank()) {
            throw wrong("x", "a rank of at least " + reduce.to(), shape.toString());
        }
        Shape result = shape.slice(0, reduce.from());
        for (int axis = reduce.to(); axis < shape.rank(); axis++) {
            result = result.append(shape.dim(axis));
        }
        return result;
    }

    private Shape matMul(Op.MatMul matMul) {
        Shape a = x("a").shape();
        Shape b = matMul.transpose().b() ? matrix("b") : x("b").shape();
        if (a.rank() < 1 || b.rank() < 2) {
            throw wrong("a, b", "matrices", a + ", " + b);
        }
        Shape result = matMul.transpose().a() ? Shape.of(a.dim(-1)) : a.leading();
        Shape inner = matMul.transpose().a() ? a.leading() : Shape.of(a.dim(-1));
        expect("b", inner, matMul.transpose().b() ? Shape.of(b.dim(1)) : b.leading());
        Shape y = result.append(matMul.transpose().b() ? b.dim(0) : b.dim(-1));
        x("bias?", Shape.of(y.dim(-1)));
        return y;
    }

    private SequencedMap<String, Form> crossEntropy() {
        Shape logits = x("logits").shape();
        if (logits.rank() != 2 && logits.rank() != 3) {
            throw wrong("logits", "[B,T,classes] or [B,classes]", logits.toString());
        }
        Optional<Value> labels = input("labels?");
        Optional<Value> targets = input("targets?");
        if (labels.isPresent() == targets.isPresent()) {
            throw wrong("labels, targets", "one of both", inputs.keySet().toString());
        }
        if (labels.isPresent()) {
            typed("labels", DataType.INT32, logits.leading());
        } else {
            x("targets", logits);
        }
        lengths(logits.dim(0));
        return forms("loss", SCALAR, "correct", SCALAR, "count", SCALAR, "dlogits", floats(logits));
    }

    private SequencedMap<String, Form> ctc(Op.Ctc ctc) {
        Shape logits = x("logits").shape();
        if (logits.rank() != 3) {
            throw wrong("logits", "[B,T,classes]", logits.toString());
        }
        if (ctc.blank() >= logits.dim(2)) {
            throw wrong("logits", "more than %d classes, one of which is the blank".formatted(ctc.blank()),
                    logits.toString());
        }
        Shape labels = ints("labels").shape();
        if (labels.rank() != 2 || labels.dim(0) != logits.dim(0)) {
            throw wrong("labels", "[B,L] with B of " + logits, labels.toString());
        }
        typed("labelLengths", DataType.INT32, Shape.of(logits.dim(0)));
        lengths(logits.dim(0));
        return forms("loss", SCALAR, "count", SCALAR, "perSequence", floats(Shape.of(logits.dim(0))), "dlogits",
                floats(logits));
    }

    private SequencedMap<String, Form> crf() {
        Shape emissions = x("emissions").shape();
        if (emissions.rank() != 3) {
            throw wrong("emissions", "[B,T,tags]", emissions.toString());
        }
        Shape transitions = Shape.of(emissions.dim(2), emissions.dim(2));
        Shape ends = Shape.of(emissions.dim(2));
        x("transitions", transitions);
        x("start", ends);
        x("end", ends);
        typed("tags", DataType.INT32, emissions.leading());
        lengths(emissions.dim(0));
        return forms("loss", SCALAR, "count", SCALAR, "perSequence", floats(Shape.of(emissions.dim(0))), "demissions",
                floats(emissions), "dtransitions", floats(transitions), "dstart", floats(ends), "dend", floats(ends));
    }

    private record Sizes(Shape sequence, Shape state) {}

    private Sizes recurrent(RecurrentCell cell) {
        Shape x = x("x").shape();
        if (x.rank() != 3) {
            throw wrong("x", "[B,T,I]", x.toString());
        }
        Shape weightHh = matrix("weightHh");
        int hidden = weightHh.dim(1);
        int rows = cell.gates() * hidden;
        if (weightHh.dim(0) != rows) {
            throw wrong("weightHh", "[%d*H,H] of %s = [%d,%d]".formatted(cell.gates(), cell, rows, hidden),
                    weightHh.toString());
        }
        x("weightIh", Shape.of(rows, x.dim(2)));
        x("biasIh?", Shape.of(rows));
        x("biasHh?", Shape.of(rows));
        if (cell.hasBiasHn()) {
            x("biasHn?", Shape.of(hidden));
            if (input("biasHh?").isPresent() && input("biasHn?").isPresent()) {
                throw wrong("biasHn", "none beside biasHh, which holds it", "both");
            }
        }
        if (cell.hasPeepholes()) {
            x("peepholes", Shape.of(3 * hidden));
        }
        lengths(x.dim(0));
        Shape state = Shape.of(x.dim(0), hidden);
        x("recurrentMask?", state);
        return new Sizes(Shape.of(x.dim(0), x.dim(1), hidden), state);
    }

    private SequencedMap<String, Form> recurrentGradient(RecurrentCell cell) {
        Sizes sizes = recurrent(cell);
        typed("saved", DataType.OPAQUE, Shape.scalar());
        x("dy?", sizes.sequence());
        x("dhN?", sizes.state());
        SequencedMap<String, Form> outputs = forms();
        for (String role : new String[] {"x", "weightIh", "weightHh", "biasIh", "biasHh", "biasHn", "peepholes"}) {
            Value value = inputs.get(role);
            if (value != null) {
                outputs.put("d" + role, floats(value.shape()));
            }
        }
        outputs.put("dh0", floats(sizes.state()));
        if (cell.hasC()) {
            x("dcN?", sizes.state());
            outputs.put("dc0", floats(sizes.state()));
        }
        outputs.put("dhNorms", floats(Shape.of(sizes.sequence().dim(1))));
        return outputs;
    }

    private SequencedMap<String, Form> scan(Op.Scan scan) {
        int time = time(scan.sequences().getFirst());
        for (Value sequence : scan.sequences()) {
            typed(sequence.name(), sequence.type(), ScanRules.overTime(sequence.shape(), time));
        }
        for (Value constant : scan.constants()) {
            typed(constant.name(), constant.type(), constant.shape());
        }
        lengths(Shape.BATCH);
        SequencedMap<String, Form> outputs = forms();
        scan.step().outputs().forEach((role, value) ->
                outputs.put(role, new Form(value.type(), ScanRules.overTime(value.shape(), time))));
        for (Value state : scan.step().carried().keySet()) {
            x(state.name() + "0?", state.shape());
            outputs.put(state.name() + "N", floats(state.shape()));
        }
        outputs.put("saved", SAVED);
        return outputs;
    }

    private SequencedMap<String, Form> scanGradient(Op.ScanGradient gradient) {
        Value first = gradient.scan().sequences().getFirst();
        int time = time(first);
        typed(first.name(), first.type(), ScanRules.overTime(first.shape(), time));
        for (Value constant : gradient.constants()) {
            typed(constant.name(), constant.type(), constant.shape());
        }
        for (Value sequence : gradient.sequences()) {
            x(sequence.name(), ScanRules.overTime(sequence.shape(), time));
        }
        lengths(Shape.BATCH);
        typed("saved", DataType.OPAQUE, Shape.scalar());
        SequencedMap<String, Form> outputs = forms();
        gradient.back().outputs().forEach((role, value) ->
                outputs.put(role, new Form(value.type(), ScanRules.overTime(value.shape(), time))));
        Set<String> states = new HashSet<>();
        for (Value state : gradient.scan().step().carried().keySet()) {
            x("d" + state.name() + "N?", state.shape());
            outputs.put("d" + state.name() + "0", floats(state.shape()));
            states.add("d" + state.name() + "N");
        }
        for (Value sum : gradient.back().carried().keySet()) {
            if (!states.contains(sum.name())) {
                outputs.put(sum.name(), floats(sum.shape()));
            }
        }
        return outputs;
    }

    /// The number of steps of a scan, by its first sequence.
    private int time(Value first) {
        Shape shape = input(first.name()).orElseThrow().shape();
        if (shape.rank() < 2) {
            throw wrong(first.name(), ScanRules.overTime(first.shape(), Shape.TIME).toString(), shape.toString());
        }
        return shape.dim(1);
    }

    private void lengths(int batch) {
        if (input("lengths?").isPresent()) {
            typed("lengths", DataType.INT32, Shape.of(batch));
        }
    }

    private void update(String... states) {
        Shape shape = flat("parameters");
        x("gradients", shape);
        for (String state : states) {
            x(state, shape);
        }
        x("scale?", Shape.scalar());
        x("rate", Shape.scalar());
    }

    private Shape flat(String role) {
        Shape shape = x(role).shape();
        if (shape.rank() != 1) {
            throw wrong(role, "[n]", shape.toString());
        }
        return shape;
    }

    private Shape matrix(String role) {
        Shape shape = x(role).shape();
        if (shape.rank() != 2) {
            throw wrong(role, "a matrix", shape.toString());
        }
        return shape;
    }

    /// The input of a role; a question mark behind it says that it may be absent.
    private Optional<Value> input(String role) {
        boolean optional = role.endsWith("?");
        String name = optional ? role.substring(0, role.length() - 1) : role;
        known.add(name);
        Value value = inputs.get(name);
        if (value == null && !optional) {
            throw new IllegalArgumentException(node + ": expected an input " + name + ", got " + inputs.keySet());
        }
        return Optional.ofNullable(value);
    }

    private Value x(String role) {
        Value value = input(role).orElseThrow();
        if (value.type() != DataType.FLOAT32) {
            throw wrong(role, "FLOAT32", value.type().toString());
        }
        return value;
    }

    private void x(String role, Shape shape) {
        if (input(role).isPresent()) {
            String name = role.endsWith("?") ? role.substring(0, role.length() - 1) : role;
            expect(name, shape, x(name).shape());
        }
    }

    private Value ints(String role) {
        Value value = input(role).orElseThrow();
        if (value.type() != DataType.INT32) {
            throw wrong(role, "INT32", value.type().toString());
        }
        return value;
    }

    private void typed(String role, DataType type, Shape shape) {
        Value value = input(role).orElseThrow();
        if (value.type() != type || !value.shape().equals(shape)) {
            throw wrong(role, type + " " + shape, value.type() + " " + value.shape());
        }
    }

    private void expect(String role, Shape expected, Shape actual) {
        if (!expected.equals(actual)) {
            throw wrong(role, expected.toString(), actual.toString());
        }
    }

    private IllegalArgumentException wrong(String role, String expected, String actual) {
        Value value = inputs.get(role);
        String name = value == null ? role : role + " (" + value.name() + ")";
        return new IllegalArgumentException(node + ": " + name + ": expected " + expected + ", got " + actual);
    }

    private static Form floats(Shape shape) {
        return new Form(DataType.FLOAT32, shape);
    }

    private static SequencedMap<String, Form> forms(Object... pairs) {
        SequencedMap<String, Form> forms = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            forms.put((String) pairs[i], (Form) pairs[i + 1]);
        }
        return forms;
    }
}
