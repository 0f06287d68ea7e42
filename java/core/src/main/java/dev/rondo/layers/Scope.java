package dev.rondo.layers;

import dev.rondo.data.Seeds;
import dev.rondo.graph.Graph;
import dev.rondo.graph.Node;
import dev.rondo.graph.Op;
import dev.rondo.graph.RecurrentInputs;
import dev.rondo.graph.RecurrentOutputs;
import dev.rondo.graph.Value;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.Supplier;

/// A graph while layers add to it, call after call. What a call adds bears its name; what it has for parameters, the
/// layer's.
public final class Scope {
    private final Graph.Builder graph = Graph.builder();
    private final Variant variant;
    private final long seed;
    private final SequencedMap<Value, Initializer> parameters = new LinkedHashMap<>();
    private final Map<String, Value> parametersByPath = new HashMap<>();
    private final SequencedMap<String, Value> inputs = new LinkedHashMap<>();
    private final SequencedMap<String, Value> outputs = new LinkedHashMap<>();
    private final SequencedMap<Integer, Value> lengths = new TreeMap<>(Comparator.reverseOrder());
    /// Where layers have found padding: lengths by symbol of time.
    private final Map<Integer, Value> found = new HashMap<>();
    private final List<SequencedMap<String, Value>> given = new ArrayList<>();
    private Optional<Value> step = Optional.empty();
    private Optional<Value> begun = Optional.empty();
    private final SequencedMap<Windowed, Integer> windowed = new LinkedHashMap<>();
    private final Map<Integer, Value> windowedLengths = new HashMap<>();
    private final Map<Value, Value> noisy = new HashMap<>();
    private final Map<Value, Value> moving = new HashMap<>();
    private double weightNoise;
    private int dropouts;
    private String layer = "";
    private String call = "";

    /// Which of a model's graphs is built: they differ in what they are used for and have the same parameters.
    ///
    /// @param purpose whether dropout acts
    /// @param states whether recurrent states go on from run to run
    /// @param lengths whether sequences have lengths of their own
    public record Variant(Purpose purpose, States states, Lengths lengths) {
        /// For inference over whole sequences of one length.
        public static final Variant PLAIN = new Variant(Purpose.INFERENCE, States.ZERO, Lengths.FULL);
    }

    /// What a graph is used for.
    public enum Purpose {
        /// To train: dropout acts.
        TRAINING,
        /// To predict, evaluate or serve: dropout lets all pass.
        INFERENCE
    }

    /// How recurrent states begin.
    public enum States {
        /// As zeros.
        ZERO,
        /// As the run before left them.
        CARRIED
    }

    /// How long sequences are.
    public enum Lengths {
        /// All T.
        FULL,
        /// Each as an input `lengths`, int32 `[B]`, says; of further symbols of time `lengths:1`, `lengths:2` ...
        OWN
    }

    /// What a number of windows follows from.
    ///
    /// @param time the symbol of the steps
    /// @param span steps that the first window needs
    /// @param stride steps that each further one needs
    private record Windowed(int time, int span, int stride) {}

    /// An empty graph of this variant.
    Scope(Variant variant, long seed) {
        this.variant = variant;
        this.seed = seed;
    }

    /// A graph of a network: its inputs first, then their lengths, then what its layers make of them.
    Scope(Variant variant, Network network) {
        this(variant, network.seed());
        Map<String, SequencedMap<String, Value>> inputsGiven = new HashMap<>();
        for (Input input : network.inputs()) {
            SequencedMap<String, Value> y = new LinkedHashMap<>();
            y.put(Layer.Y, input(input));
            inputsGiven.put(input.name(), y);
        }
        if (variant.lengths() == Lengths.OWN) {
            for (Value input : inputs.values()) {
                addLengths(input);
            }
        }
        for (int i = 0; i < network.calls().size(); i++) {
            Network.Call next = network.calls().get(i);
            SequencedMap<String, Value> input = inputsGiven.get(next.layer().name());
            given.add(input != null
                    ? input
                    : apply(network.callName(i), next.layer(), next.inputs().stream().map(this::value).toList()));
        }
        for (Network.Output output : network.outputs()) {
            outputs.put(output.name(), value(output.port()));
        }
    }

    private void addLengths(Value input) {
        if (input.shape().rank() > 1 && Shape.isTime(input.shape().dim(1))) {
            int time = input.shape().dim(1);
            String name = time == Shape.TIME ? "lengths" : "lengths:" + (Shape.TIME - time);
            lengths.computeIfAbsent(time, _ -> graph.input(name, DataType.INT32, Shape.of(Shape.BATCH)));
        }
    }

    /// Adds an input.
    Value input(Input input) {
        if (input.shape().rank() > 1 && isWindowed(input.shape().dim(1))) {
            throw new IllegalArgumentException(
                    "%s: expected at most %d different numbers of steps in a model, got more"
                            .formatted(input.name(), Shape.TIMES));
        }
        Value value = graph.input(input.name(), input.dataType(), input.shape());
        inputs.put(input.name(), value);
        return value;
    }

    /// Adds a call of a layer.
    ///
    /// @return what it gives, by name
    SequencedMap<String, Value> apply(String name, Layer next, List<Value> values) {
        layer = next.name();
        call = name;
        return next.apply(this, values);
    }

    private Value value(Network.Port port) {
        SequencedMap<String, Value> values = given.get(port.call());
        Value value = values.get(port.output());
        if (value == null) {
            throw new IllegalArgumentException("%s: expected one of its outputs %s, got %s"
                    .formatted(values.firstEntry().getValue().name(), values.keySet(), port.output()));
        }
        return value;
    }

    /// The graph being built.
    public Graph.Builder graph() {
        return graph;
    }

    /// The parameters so far and how they begin.
    public SequencedMap<Value, Initializer> parameters() {
        return Collections.unmodifiableSequencedMap(parameters);
    }

    /// What the graph takes, by the names of the [Input]s.
    public SequencedMap<String, Value> inputs() {
        return Collections.unmodifiableSequencedMap(inputs);
    }

    /// What the model gives, by name.
    public SequencedMap<String, Value> outputs() {
        return Collections.unmodifiableSequencedMap(outputs);
    }

    /// What each call of the network gives, by name.
    public List<SequencedMap<String, Value>> given() {
        return Collections.unmodifiableList(given);
    }

    /// The input of a model that has one; of others the first.
    public Value x() {
        return inputs.firstEntry().getValue();
    }

    /// The output of a model that has one; of others the first.
    public Value y() {
        return outputs.firstEntry().getValue();
    }

    /// The number of steps of each sequence, int32 `[B]`, for each symbol of time that an input has; none where all
    /// sequences have all steps.
    public SequencedMap<Integer, Value> lengths() {
        return Collections.unmodifiableSequencedMap(lengths);
    }

    /// The number of steps of each sequence of a value; empty where all have all, or the value has no time.
    public Optional<Value> lengths(Value x) {
        if (x.shape().rank() < 2) {
            return Optional.empty();
        }
        int time = x.shape().dim(1);
        Value own = found.getOrDefault(time, lengths.get(time));
        return Optional.ofNullable(own != null ? own : windowedLengths.get(time));
    }

    /// Whether a symbol is no input's time but a number of windows.
    public boolean isWindowed(int time) {
        return windowed.containsValue(time);
    }

    /// Adds the windows over a sequence `[B,T,n]` with what its lengths leave of it, and zeros behind. Where their number
    /// is another than T, which is a symbol, it gets a symbol of its own, from the last one on, and its lengths follow.
    ///
    /// @return `[B,S,size n]`
    Value windows(Op.Windows op, Value x) {
        Value real = masked(call + ".real", x);
        int time = x.shape().dim(1);
        if (op.size() == 1 && op.stride() == 1) {
            return real;
        }
        boolean kept = op.stride() == 1 && op.padding() != Op.Padding.VALID;
        if (!Shape.isTime(time) || kept || op.padding() == Op.Padding.SAME) {
            return graph.windows(call + ".windows", op, real);
        }
        if (found.containsKey(time)) {
            throw wrong("steps that the data tell the lengths of, as it makes windows of them: no Masking or maskZero before it", x);
        }
        Windowed by = new Windowed(time, op.padding() == Op.Padding.VALID ? op.span() : 1, op.stride());
        int symbol = windowed.computeIfAbsent(by, _ -> freeTime());
        Op.Windows counted = new Op.Windows(op.size(), op.stride(), op.dilation(), op.padding(), symbol);
        lengths(x).ifPresent(own -> windowedLengths.computeIfAbsent(
                symbol, _ -> graph.windowLengths("lengths:" + (Shape.TIME - symbol), counted, own)));
        return graph.windows(call + ".windows", counted, real);
    }

    /// A symbol of time that no input has.
    private int freeTime() {
        int k = Shape.TIMES - 1 - windowed.size();
        boolean taken = k < 0;
        for (Value input : inputs.values()) {
            taken |= !taken && input.shape().contains(Shape.time(k));
        }
        if (taken) {
            throw new IllegalArgumentException(
                    "%s: expected at most %d different numbers of steps in a model, got more".formatted(call, Shape.TIMES));
        }
        return Shape.time(k);
    }

    /// Zeros behind the end of each sequence, where sequences have lengths.
    Value masked(String name, Value x) {
        return lengths(x).map(own -> graph.maskTime(name, x, own)).orElse(x);
    }

    /// Finds padding in x. From here on all sequences with its symbol of time have the lengths that it tells.
    ///
    /// @param x `[B,T,...]`, where T is a symbol
    /// @param y of the same steps: what of x the layer gives
    /// @return y, without padding or with zeros in its place
    Value withoutPadding(float padding, Mask mask, Value x, Value y) {
        if (x.shape().rank() < 2 || !Shape.isTime(x.shape().dim(1))) {
            throw wrong("steps of a symbol of time, [B,T] or [B,T,n]", x);
        }
        boolean skips = mask == Mask.ANYWHERE;
        Op.RealSteps real = new Op.RealSteps(padding, skips ? Op.Holes.SKIPPED : Op.Holes.REFUSED);
        String name = call + "/real";
        Node node = lengths(x)
                .map(own -> graph.realSteps(name, real, x, own))
                .orElseGet(() -> graph.realSteps(name, real, x));
        found.put(x.shape().dim(1), node.output("counts"));
        return skips
                ? graph.compactTime(call, y, node.output("places"))
                : graph.maskTime(call, y, node.output("counts"));
    }

    /// The number of the training step, int64 `[]`; empty where nothing depends on it.
    public Optional<Value> step() {
        return step;
    }

    /// The name of the call that adds to the graph.
    String path() {
        return call;
    }

    /// Has a part of a layer add to the graph, with its name behind the layer's.
    <T> T within(String part, Supplier<T> adding) {
        String outerLayer = layer;
        String outerCall = call;
        layer = layer + "/" + part;
        call = call + "/" + part;
        try {
            return adding.get();
        } finally {
            layer = outerLayer;
            call = outerCall;
        }
    }

    /// Adds a parameter of the layer, or gives the one that an earlier call of it has added.
    ///
    /// @param name within the layer, such as `weightIh`
    /// @param initializer how it begins
    /// @param rows outputs
    /// @param columns inputs
    /// @return `[rows, columns]`
    Value matrix(String name, Initializer initializer, int rows, int columns) {
        return parameter(name, initializer, Shape.of(rows, columns));
    }

    /// Adds a parameter of the layer.
    ///
    /// @return `[size]`
    Value vector(String name, Initializer initializer, int size) {
        return parameter(name, initializer, Shape.of(size));
    }

    /// Adds a parameter of the layer, or gives the one that an earlier call of it has added.
    Value parameter(String name, Initializer initializer, Shape shape) {
        Value parameter = parameter(name, initializer, shape, graph::parameter);
        if (weightNoise == 0 || variant.purpose() == Purpose.INFERENCE) {
            return parameter;
        }
        return noisy.computeIfAbsent(parameter, value -> noise(value.name() + ".noisy", weightNoise, value));
    }

    /// Has a layer's trained parameters bear noise where the model trains.
    <T> T withWeightNoise(double deviation, Supplier<T> adding) {
        double outer = weightNoise;
        weightNoise = deviation;
        try {
            return adding.get();
        } finally {
            weightNoise = outer;
        }
    }

    /// Adds a parameter of the layer that no optimizer changes, or gives the one that an earlier call of it has added. It
    /// is saved with the model as any other, and stays as it begins unless [Graph.Builder#renew] says otherwise.
    Value frozen(String name, Initializer initializer, Shape shape) {
        return parameter(name, initializer, shape, graph::frozen);
    }

    /// A frozen parameter as an operation sees it that changes it in place. Where the model trains that is a copy, which it
    /// takes after a step that was good; all calls of the layer have the same.
    Value moving(String name, Initializer initializer, Shape shape) {
        Value parameter = frozen(name, initializer, shape);
        if (variant.purpose() == Purpose.INFERENCE) {
            return parameter;
        }
        return moving.computeIfAbsent(parameter, value -> {
            Value copy = graph.unary(value.name() + ".moving", Op.UnaryKind.IDENTITY, value);
            graph.renew(value, copy);
            return copy;
        });
    }

    private Value parameter(
            String name, Initializer initializer, Shape shape, BiFunction<String, Shape, Value> adding) {
        String path = layer + "/" + name;
        Value shared = parametersByPath.get(path);
        if (shared != null) {
            if (!shared.shape().equals(shape)) {
                throw new IllegalArgumentException(
                        "%s: expected an input for which %s is %s, as in the layer's first call, got one for which it is %s"
                                .formatted(call, name, shared.shape(), shape));
            }
            return shared;
        }
        Value parameter = adding.apply(path, shape);
        parameters.put(parameter, initializer);
        parametersByPath.put(path, parameter);
        return parameter;
    }

    /// Adds a recurrent node with the call's name: with carried states as the variant says, and where the model trains
    /// with recurrent dropout.
    ///
    /// @param begin the states before the first step, h and then c; none for zeros
    RecurrentOutputs recurrent(
            Op.Recurrent op, RecurrentInputs inputs, RecurrentSettings settings, List<Value> begin) {
        RecurrentInputs all = inputs;
        if (dropsOut(settings.recurrentDropout())) {
            all = all.recurrentMask(recurrentMask(settings.recurrentDropout(), settings.units()));
        }
        if (variant.states() == States.ZERO) {
            if (!begin.isEmpty()) {
                all = all.h0(begin.getFirst());
                all = op.cell().hasC() ? all.c0(begin.get(1)) : all;
            }
            return graph.recurrent(call, op, all);
        }
        checkForward(op.direction());
        Shape shape = Shape.of(Shape.BATCH, settings.units());
        Carried h = carried("h", shape, begin.stream().findFirst());
        all = all.h0(h.begin());
        if (!op.cell().hasC()) {
            RecurrentOutputs outputs = graph.recurrent(call, op, all);
            graph.carry(h.state(), outputs.hN());
            return outputs;
        }
        Carried c = carried("c", shape, begin.stream().skip(1).findFirst());
        RecurrentOutputs outputs = graph.recurrent(call, op, all.c0(c.begin()));
        graph.carry(h.state(), outputs.hN()).carry(c.state(), outputs.cN().orElseThrow());
        return outputs;
    }

    /// A state that goes on from run to run.
    ///
    /// @param state an input
    /// @param begin what it is before the first step
    private record Carried(Value state, Value begin) {}

    /// @param first what it is in the first run, where it is zero; empty if zero
    private Carried carried(String name, Shape shape, Optional<Value> first) {
        Value state = graph.input(call + "/" + name + "0", DataType.FLOAT32, shape);
        return new Carried(state, first.map(begin -> begun(state, begin)).orElse(state));
    }

    /// What a carried state is worth: in the first run, where it is zero, what it begins as.
    private Value begun(Value state, Value begin) {
        Value ran = begun.orElseGet(() -> {
            Value flag = graph.input("states/begun", DataType.FLOAT32, Shape.of(Shape.BATCH, 1));
            graph.carry(flag, ones("states/begun.after", 1));
            return flag;
        });
        begun = Optional.of(ran);
        String name = state.name();
        Value first = graph.binary(name + ".first", Op.BinaryKind.SUBTRACT, graph.constant(1), ran);
        Value beginning = graph.binary(name + ".beginning", Op.BinaryKind.MULTIPLY, begin, first);
        return graph.binary(name + ".all", Op.BinaryKind.ADD, state, beginning);
    }

    /// A row `[units]` for every sequence: `[B,units]`.
    Value rows(String name, Value row) {
        return graph.binary(call + "/" + name, Op.BinaryKind.MULTIPLY, ones(call + "/" + name + ".ones", row.shape().dim(0)), row);
    }

    /// Adds a scan with the call's name: with lengths and carried states as the variant says.
    ///
    /// @param inputs but for lengths and states; x, whose steps it goes over, among them
    /// @param states those that are carried, if any are
    /// @param begin what they are before the first step; none for zeros
    Node scan(Op.Scan scan, SequencedMap<String, Value> inputs, List<String> states, List<Value> begin) {
        SequencedMap<String, Value> all = new LinkedHashMap<>(inputs);
        lengths(Objects.requireNonNull(inputs.get("x"))).ifPresent(value -> all.put("lengths", value));
        if (variant.states() == States.ZERO) {
            for (int i = 0; i < begin.size(); i++) {
                all.put(states.get(i) + "0", begin.get(i));
            }
            return graph.scan(call, scan, all);
        }
        checkForward(scan.direction());
        List<Carried> carried = new ArrayList<>();
        for (int i = 0; i < states.size(); i++) {
            Shape shape = scan.step().value(states.get(i)).shape();
            carried.add(carried(states.get(i), shape, begin.stream().skip(i).findFirst()));
            all.put(states.get(i) + "0", carried.get(i).begin());
        }
        Node node = graph.scan(call, scan, all);
        for (int i = 0; i < states.size(); i++) {
            graph.carry(carried.get(i).state(), node.output(states.get(i) + "N"));
        }
        return node;
    }

    private void checkForward(Op.Direction direction) {
        if (direction == Op.Direction.REVERSE) {
            throw new IllegalArgumentException(
                    call + ": expected a layer that goes forward in time, since states go on from call to call, got one"
                            + " that goes backwards");
        }
    }

    /// A sequence with zeros as padding, under a name within the call: what padding holds may be NaN.
    Value real(String name, Value x) {
        return masked(call + "/" + name, x);
    }

    /// Whether a dropout of a rate acts.
    boolean dropsOut(double rate) {
        return rate > 0 && variant.purpose() == Purpose.TRAINING;
    }

    /// What dropout makes of ones `[B,units]`.
    private Value recurrentMask(double rate, int units) {
        return mask("recurrentMask", rate, units);
    }

    /// What dropout makes of ones `[B,units]`, under a name within the call.
    Value mask(String name, double rate, int units) {
        return dropout(call + "/" + name, rate, ones(call + "/" + name + ".ones", units));
    }

    /// Ones `[B,units]`.
    private Value ones(String name, int units) {
        Op.Reduce all = new Op.Reduce(Op.ReduceKind.SUM, 0, 2);
        SequencedMap<String, Value> one = new LinkedHashMap<>();
        one.put("dy", graph.constant(1));
        // The gradient of a sum is one at every element.
        return graph.add(name, new Op.ReduceGradient(all, Shape.of(Shape.BATCH, units)), one).output("dx");
    }

    /// Adds nodes that make one value of several, two at a time; the last has the call's name.
    Value fold(Op.BinaryKind kind, List<Value> values) {
        return fold(call, kind, values);
    }

    private Value fold(String name, Op.BinaryKind kind, List<Value> values) {
        Value folded = values.getFirst();
        for (int i = 1; i < values.size(); i++) {
            folded = graph.binary(i == values.size() - 1 ? name : name + "." + i, kind, folded, values.get(i));
        }
        return folded;
    }

    /// Adds the mean of values of one shape, with the call's name.
    Value average(List<Value> values) {
        Value sum = fold(call + ".sum", Op.BinaryKind.ADD, values);
        return graph.binary(call, Op.BinaryKind.MULTIPLY, sum, graph.constant(1.0 / values.size()));
    }

    /// Adds a dropout with the layer's name; nothing where the model does not train.
    Value dropout(double rate, Value x) {
        if (variant.purpose() == Purpose.INFERENCE) {
            return x;
        }
        return dropout(call, rate, x);
    }

    private Value dropout(String name, double rate, Value x) {
        Op.Dropout op = new Op.Dropout((float) rate, dropouts++, Seeds.mix(seed, "dropout", 0));
        return graph.dropout(name, op, x, counter());
    }

    /// Adds noise under a name; nothing where the model does not train.
    Value noise(String name, double deviation, Value x) {
        if (deviation == 0 || variant.purpose() == Purpose.INFERENCE) {
            return x;
        }
        Op.GaussianNoise op =
                new Op.GaussianNoise((float) deviation, dropouts++, Seeds.mix(seed, "dropout", 0));
        return graph.gaussianNoise(name, op, x, counter());
    }

    /// What the number of the training step is read from.
    private Value counter() {
        Value counter = step.orElseGet(() -> graph.input("step", DataType.INT64, Shape.scalar()));
        step = Optional.of(counter);
        return counter;
    }

    /// A message about what a layer was given.
    IllegalArgumentException wrong(String expected, Value x) {
        return new IllegalArgumentException(
                "%s: expected %s, got %s %s".formatted(call, expected, x.type(), x.shape()));
    }

    /// Checks the number of a layer's inputs.
    void expectInputs(int least, int most, List<Value> values) {
        if (values.size() < least || values.size() > most) {
            String expected = least == most ? String.valueOf(least) : most == MergeLayer.MAX_INPUTS ? least + " or more" : least + " to " + most;
            throw new IllegalArgumentException(
                    "%s: expected %s %s, got %d".formatted(call, expected, most == 1 ? "input" : "inputs", values.size()));
        }
    }
}
