package dev.rondo.foreign;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.rondo.foreign.CellCase.Activation;
import dev.rondo.foreign.CellCase.Dense;
import dev.rondo.foreign.CellCase.Expected;
import dev.rondo.foreign.CellCase.Gate;
import dev.rondo.foreign.CellCase.Kind;
import dev.rondo.foreign.CellCase.Order;
import dev.rondo.foreign.CellCase.Which;
import dev.rondo.graph.Graph;
import dev.rondo.graph.Node;
import dev.rondo.graph.Op.BinaryKind;
import dev.rondo.graph.Op.Direction;
import dev.rondo.graph.Op.UnaryKind;
import dev.rondo.graph.Op;
import dev.rondo.graph.RecurrentCell;
import dev.rondo.graph.RecurrentInputs;
import dev.rondo.graph.RecurrentOutputs;
import dev.rondo.graph.Value;
import dev.rondo.kernels.Closeness;
import dev.rondo.kernels.Engines;
import dev.rondo.layers.Bias;
import dev.rondo.layers.Gru;
import dev.rondo.layers.Lstm;
import dev.rondo.layers.RecordedCells;
import dev.rondo.layers.Recurrent;
import dev.rondo.layers.SimpleRnn;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Parameters;
import dev.rondo.plan.Plan;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// Recurrent layers that Keras, RTNeural and ONNX computed, computed again from their weights by both kernel sets and all
/// instruction sets of this machine: by the fused operation, where it has the case's activations, and where the case is
/// nothing but one layer, as the scan of the cell that a layer of these settings writes itself as, and step by step
/// from elementwise operations and matrix products, which can do them all.
///
/// The data are not part of the project; they lie where the property `rondo.data` says.
class ForeignCellsTest {
    private static final Path DATA = Path.of(System.getProperty("rondo.data", "../shared/data"));

    @TestFactory
    Stream<DynamicTest> kerasjs() throws IOException {
        return tests("kerasjs", 15, CellCases::keras);
    }

    @TestFactory
    Stream<DynamicTest> rtneural() throws IOException {
        return tests("rtneural", 4, CellCases::rtNeural);
    }

    @TestFactory
    Stream<DynamicTest> onnx() throws IOException {
        return tests("onnx-node-rnn", 12, CellCases::onnx);
    }

    private interface Source {
        List<CellCase> read(Path folder) throws IOException;
    }

    private static Stream<DynamicTest> tests(String folder, int count, Source source) throws IOException {
        if (!Files.isDirectory(DATA.resolve(folder))) {
            System.out.println("Not run: recurrent layers of " + folder + ": there is no folder " + DATA.resolve(folder));
            return Stream.empty();
        }
        List<CellCase> cases = source.read(DATA.resolve(folder));
        assertEquals(count, cases.size(), "cases in " + folder);
        Map<String, Engine> engines = engines();
        List<DynamicTest> tests = new ArrayList<>();
        for (CellCase each : cases) {
            if (each.fused().isEmpty()) {
                System.out.printf("Not run fused: %s: the fused cells have no gates of %s with %s%n",
                        each.name(), each.cell().gateActivation(), each.cell().cellActivation());
            }
            engines.forEach((name, engine) -> {
                each.fused().ifPresent(cell -> tests.add(DynamicTest.dynamicTest(
                        each.name() + ", fused, " + name, () -> check(each, fused(each, cell), engine))));
                if (each.before().isEmpty() && each.after().isEmpty()) {
                    tests.add(DynamicTest.dynamicTest(
                            each.name() + ", scanned, " + name, () -> check(each, scanned(each), engine)));
                    tests.add(DynamicTest.dynamicTest(
                            each.name() + ", step by step, " + name, () -> check(each, unrolled(each), engine)));
                }
            });
        }
        return tests.stream();
    }

    private static Map<String, Engine> engines() {
        Map<String, Engine> engines = new LinkedHashMap<>();
        engines.put("java", Engines.reference());
        Engines.isas().forEach(isa -> engines.put(isa, Engines.natives(isa, 1)));
        return engines;
    }

    // --------------------------------------------------------------------------------------------------- running

    /// What is to run: where x goes, and where the results come from.
    ///
    /// @param inputs `[B,T,I]`, or a value `[B,I]` for each step
    /// @param results `[B,T,F]`, or a value `[B,F]` for each step
    private record Network(
            Graph graph, Map<String, float[]> weights, List<Value> inputs, List<Value> states, List<Value> results,
            Value last) {}

    private static void check(CellCase layer, Network network, Engine engine) {
        try (Parameters parameters = Parameters.of(network.graph())) {
            network.weights().forEach((name, values) -> {
                Tensor tensor = parameters.tensor(name);
                tensor.copyFrom(Tensor.of(values, tensor.shape().dims()));
            });
            parameters.changed();
            int batch = layer.batch();
            int steps = layer.steps();
            try (Plan plan = Plan.inference(network.graph(), parameters, engine, Extents.of(batch, steps))) {
                List<float[]> x = network.inputs().size() == 1 && steps > 1
                        ? List.of(layer.x())
                        : split(layer.x(), batch, steps, layer.inputSize());
                for (int i = 0; i < x.size(); i++) {
                    write(plan, network.inputs().get(i), x.get(i), batch, steps);
                }
                layer.initial().ifPresent(state -> {
                    write(plan, network.states().getFirst(), state.h(), batch, steps);
                    if (state.c().length > 0) {
                        write(plan, network.states().getLast(), state.c(), batch, steps);
                    }
                });
                plan.run(batch, steps);
                for (Expected expected : layer.expected()) {
                    float[] actual = expected.which() == Which.LAST_STATE
                            ? plan.tensor(network.last(), batch, steps).toFloats()
                            : join(
                                    network.results().stream()
                                            .map(result -> plan.tensor(result, batch, steps).toFloats())
                                            .toList(),
                                    batch);
                    if (expected.which() == Which.EVERY_STEP && layer.order() == Order.BACKWARD) {
                        actual = turned(actual, steps);
                    }
                    assertClose(layer, expected, actual);
                }
            }
        }
    }

    private static void write(Plan plan, Value value, float[] numbers, int batch, int steps) {
        Tensor tensor = plan.tensor(value, batch, steps);
        tensor.copyFrom(Tensor.of(numbers, tensor.shape().dims()));
    }

    /// `[B,T,I]` as T times `[B,I]`.
    private static List<float[]> split(float[] x, int batch, int steps, int features) {
        List<float[]> parts = new ArrayList<>();
        for (int t = 0; t < steps; t++) {
            float[] part = new float[batch * features];
            for (int b = 0; b < batch; b++) {
                System.arraycopy(x, (b * steps + t) * features, part, b * features, features);
            }
            parts.add(part);
        }
        return parts;
    }

    /// One sequence with its steps in reverse order.
    private static float[] turned(float[] x, int steps) {
        int features = x.length / steps;
        float[] turned = new float[x.length];
        for (int t = 0; t < steps; t++) {
            System.arraycopy(x, t * features, turned, (steps - 1 - t) * features, features);
        }
        return turned;
    }

    /// T times `[B,F]` as `[B,T,F]`; a single part is returned as it is.
    private static float[] join(List<float[]> parts, int batch) {
        int steps = parts.size();
        int features = parts.getFirst().length / batch;
        if (steps == 1) {
            return parts.getFirst();
        }
        float[] joined = new float[batch * steps * features];
        for (int t = 0; t < steps; t++) {
            for (int b = 0; b < batch; b++) {
                System.arraycopy(parts.get(t), b * features, joined, (b * steps + t) * features, features);
            }
        }
        return joined;
    }

    /// The cases were computed in float32 by others and are given in six to eight decimals. Each number is a sum of
    /// n = I + H + 1 products at each of T steps, but what a step gets wrong reaches later ones only with factors below 1,
    /// so that a chain of a few steps (8) stands for all. Both sides err, and the sixth decimal is rounded.
    private static void assertClose(CellCase layer, Expected expected, float[] actual) {
        Closeness sums = Closeness.ofSums(layer.cellInputSize() + layer.hiddenSize() + 1, 8);
        new Closeness(5e-7 + sums.absolute(), sums.relative())
                .check(layer.name() + " " + expected.which(), doubles(expected.values()), doubles(actual));
    }

    private static double[] doubles(float[] values) {
        double[] doubles = new double[values.length];
        Arrays.setAll(doubles, i -> values[i]);
        return doubles;
    }

    // ---------------------------------------------------------------------------------------------------- graphs

    private static Network fused(CellCase layer, RecurrentCell cell) {
        Graph.Builder builder = Graph.builder();
        Map<String, float[]> weights = new LinkedHashMap<>();
        int hidden = layer.hiddenSize();
        int rows = cell.gates() * hidden;
        Value x = builder.input("x", DataType.FLOAT32, Shape.of(Shape.BATCH, Shape.TIME, layer.inputSize()));
        Value in = layer.before()
                .map(dense -> dense(builder, weights, "before", dense, layer.inputSize(), x))
                .orElse(x);
        RecurrentInputs inputs = RecurrentInputs.of(
                        in,
                        parameter(builder, weights, "weightIh", stack(layer, Gate::weightIh), rows,
                                layer.cellInputSize()),
                        parameter(builder, weights, "weightHh", stack(layer, Gate::weightHh), rows, hidden))
                .biasIh(parameter(builder, weights, "biasIh", stack(layer, Gate::biasIh), rows))
                .biasHh(parameter(builder, weights, "biasHh", stack(layer, Gate::biasHh), rows));
        if (cell.hasPeepholes()) {
            inputs = inputs.peepholes(
                    parameter(builder, weights, "peepholes", stack(layer, Gate::peephole), 3 * hidden));
        }
        List<Value> states = layer.initial().isPresent() ? states(builder, layer) : List.of();
        if (!states.isEmpty()) {
            inputs = inputs.h0(states.getFirst());
            inputs = cell.hasC() ? inputs.c0(states.getLast()) : inputs;
        }
        Direction direction = layer.order() == Order.BACKWARD ? Direction.REVERSE : Direction.FORWARD;
        RecurrentOutputs outputs = builder.recurrent("cell", new Op.Recurrent(cell, direction), inputs);
        Value y = outputs.y();
        int size = hidden;
        for (int i = 0; i < layer.after().size(); i++) {
            y = dense(builder, weights, "after" + i, layer.after().get(i), size, y);
            size = layer.after().get(i).units();
        }
        Graph graph = builder.output("y", y).output("last", outputs.hN()).build();
        return new Network(graph, weights, List.of(x), states, List.of(y), outputs.hN());
    }

    private static float[] stack(CellCase layer, Function<Gate, float[]> part) {
        float[] stacked = new float[0];
        for (Gate gate : layer.cell().gates()) {
            float[] more = part.apply(gate);
            stacked = Arrays.copyOf(stacked, stacked.length + more.length);
            System.arraycopy(more, 0, stacked, stacked.length - more.length, more.length);
        }
        return stacked;
    }

    /// The layer as the cell that it writes itself as where no kernel has its settings, and also where one has.
    private static Network scanned(CellCase each) {
        Graph.Builder builder = Graph.builder();
        Map<String, float[]> weights = new LinkedHashMap<>();
        Direction direction = each.order() == Order.BACKWARD ? Direction.REVERSE : Direction.FORWARD;
        Op.Scan scan = RecordedCells.scan(RecordedCells.of(layer(each)), each.inputSize(), direction);
        SequencedMap<String, Value> inputs = new LinkedHashMap<>();
        inputs.put("x", builder.input("x", DataType.FLOAT32, Shape.of(Shape.BATCH, Shape.TIME, each.inputSize())));
        for (Value constant : scan.constants()) {
            float[] numbers = switch (constant.name()) {
                case "weightIh" -> stack(each, Gate::weightIh);
                case "weightHh" -> stack(each, Gate::weightHh);
                case "biasIh" -> stack(each, Gate::biasIh);
                case "biasHh" -> stack(each, Gate::biasHh);
                case "peepholes" -> stack(each, Gate::peephole);
                default -> throw new AssertionError("no numbers for " + constant);
            };
            inputs.put(constant.name(), parameter(builder, weights, constant.name(), numbers, constant.shape().dims()));
        }
        List<Value> states = each.initial().isPresent() ? states(builder, each) : List.of();
        states.forEach(state -> inputs.put(state.name(), state));
        Node node = builder.scan("cell", scan, inputs);
        Graph graph = builder.output("y", node.output("y")).output("last", node.output("hN")).build();
        return new Network(graph, weights, List.of(inputs.firstEntry().getValue()), states, List.of(node.output("y")),
                node.output("hN"));
    }

    private static Recurrent<?> layer(CellCase each) {
        int units = each.hiddenSize();
        dev.rondo.layers.Activation gates = layerActivation(each.cell().gateActivation());
        dev.rondo.layers.Activation candidate = layerActivation(each.cell().cellActivation());
        boolean peepholes = each.cell().gates().stream().anyMatch(gate -> gate.peephole().length > 0);
        Recurrent<?> layer = switch (each.cell().kind()) {
            case LSTM -> {
                Lstm lstm = Lstm.units(units).gateActivation(gates).activation(candidate);
                yield peepholes ? lstm.peepholes() : lstm;
            }
            case GRU_RESET_AFTER -> Gru.units(units).gateActivation(gates).activation(candidate);
            case GRU_RESET_BEFORE ->
                    Gru.units(units).reset(Gru.Reset.BEFORE).gateActivation(gates).activation(candidate);
            case RNN -> SimpleRnn.units(units).activation(candidate);
        };
        return layer.biases(Bias.TWO);
    }

    private static dev.rondo.layers.Activation layerActivation(Activation activation) {
        return switch (activation) {
            case LINEAR -> dev.rondo.layers.Activation.LINEAR;
            case TANH -> dev.rondo.layers.Activation.TANH;
            case SIGMOID -> dev.rondo.layers.Activation.SIGMOID;
            case HARD_SIGMOID -> dev.rondo.layers.Activation.HARD_SIGMOID_KERAS2;
        };
    }

    private static Network unrolled(CellCase layer) {
        Graph.Builder builder = Graph.builder();
        Map<String, float[]> weights = new LinkedHashMap<>();
        List<Value> inputs = new ArrayList<>();
        for (int t = 0; t < layer.steps(); t++) {
            inputs.add(builder.input("x" + t, DataType.FLOAT32, Shape.of(Shape.BATCH, layer.inputSize())));
        }
        // A plan's inputs are zeros before they are written.
        List<Value> states = states(builder, layer);
        Step step = new Step(builder, weights, layer);
        List<Value> now = states;
        List<Value> results = new ArrayList<>();
        for (int s = 0; s < layer.steps(); s++) {
            int t = layer.order() == Order.BACKWARD ? layer.steps() - 1 - s : s;
            now = step.next(t, inputs.get(t), now);
            builder.output("y" + t, now.getFirst());
            results.add(now.getFirst());
        }
        if (layer.order() == Order.BACKWARD) {
            Collections.reverse(results);
        }
        Graph graph = builder.output("last", now.getFirst()).build();
        return new Network(graph, weights, inputs, states, results, now.getFirst());
    }

    /// One step of a cell from matrix products and elementwise operations.
    private static final class Step {
        private final Graph.Builder builder;
        private final CellCase.Cell cell;
        private final List<Value> weightIh = new ArrayList<>();
        private final List<Value> weightHh = new ArrayList<>();
        private final List<Value> biasIh = new ArrayList<>();
        private final List<Value> biasHh = new ArrayList<>();
        private final Map<Integer, Value> peepholes = new LinkedHashMap<>();

        Step(Graph.Builder builder, Map<String, float[]> weights, CellCase layer) {
            this.builder = builder;
            cell = layer.cell();
            int hidden = layer.hiddenSize();
            for (int gate = 0; gate < cell.gates().size(); gate++) {
                Gate values = cell.gates().get(gate);
                weightIh.add(parameter(builder, weights, "w" + gate, values.weightIh(), hidden, layer.cellInputSize()));
                weightHh.add(parameter(builder, weights, "u" + gate, values.weightHh(), hidden, hidden));
                biasIh.add(parameter(builder, weights, "bi" + gate, values.biasIh(), hidden));
                biasHh.add(parameter(builder, weights, "bh" + gate, values.biasHh(), hidden));
                if (values.peephole().length > 0) {
                    peepholes.put(gate, parameter(builder, weights, "p" + gate, values.peephole(), hidden));
                }
            }
        }

        /// The states behind step t.
        List<Value> next(int t, Value x, List<Value> states) {
            Value h = states.getFirst();
            return switch (cell.kind()) {
                case LSTM -> lstm(t, x, h, states.getLast());
                case GRU_RESET_AFTER, GRU_RESET_BEFORE -> List.of(gru(t, x, h));
                case RNN -> List.of(
                        activation(builder, "hidden" + t, cell.cellActivation(), sum("a" + t, 0, x, h)));
            };
        }

        private List<Value> lstm(int t, Value x, Value h, Value before) {
            Value i = gate("i" + t, 0, x, h, before);
            Value f = gate("f" + t, 1, x, h, before);
            Value g = activation(builder, "g" + t, cell.cellActivation(), sum("g" + t + "_sum", 2, x, h));
            Value c = add("cell" + t, multiply("fc" + t, f, before), multiply("ig" + t, i, g));
            Value o = gate("o" + t, 3, x, h, c);
            return List.of(multiply("hidden" + t, o, activation(builder, "ac" + t, cell.cellActivation(), c)), c);
        }

        private Value gru(int t, Value x, Value h) {
            Value r = activation(builder, "r" + t, cell.gateActivation(), sum("r" + t + "_sum", 0, x, h));
            Value z = activation(builder, "z" + t, cell.gateActivation(), sum("z" + t + "_sum", 1, x, h));
            Value fromX = builder.dense("n" + t + "_x", x, weightIh.get(2), biasIh.get(2));
            Value fromH = cell.kind() == Kind.GRU_RESET_AFTER
                    ? multiply("n" + t + "_reset", r, builder.dense("n" + t + "_h", h, weightHh.get(2), biasHh.get(2)))
                    : builder.dense("n" + t + "_h", multiply("n" + t + "_reset", r, h), weightHh.get(2), biasHh.get(2));
            Value n = activation(builder, "n" + t, cell.cellActivation(), add("n" + t + "_sum", fromX, fromH));
            Value difference = builder.binary("d" + t, BinaryKind.SUBTRACT, h, n);
            return add("hidden" + t, n, multiply("zd" + t, z, difference));
        }

        private Value gate(String name, int gate, Value x, Value h, Value c) {
            Value sum = sum(name + "_sum", gate, x, h);
            Value peephole = peepholes.get(gate);
            if (peephole != null) {
                sum = add(name + "_seen", sum, multiply(name + "_c", c, peephole));
            }
            return activation(builder, name, cell.gateActivation(), sum);
        }

        private Value sum(String name, int gate, Value x, Value h) {
            return add(
                    name,
                    builder.dense(name + "_x", x, weightIh.get(gate), biasIh.get(gate)),
                    builder.dense(name + "_h", h, weightHh.get(gate), biasHh.get(gate)));
        }

        private Value add(String name, Value a, Value b) {
            return builder.binary(name, BinaryKind.ADD, a, b);
        }

        private Value multiply(String name, Value a, Value b) {
            return builder.binary(name, BinaryKind.MULTIPLY, a, b);
        }
    }

    private static Value activation(Graph.Builder builder, String name, Activation activation, Value x) {
        return switch (activation) {
            case LINEAR -> builder.unary(name, UnaryKind.IDENTITY, x);
            case TANH -> builder.unary(name, UnaryKind.TANH, x);
            case SIGMOID -> builder.unary(name, UnaryKind.SIGMOID, x);
            case HARD_SIGMOID -> {
                // clip(z, 0, 1) = relu(z) - relu(z - 1) with z = 0.2 x + 0.5.
                Value fifth = builder.binary(name + "_fifth", BinaryKind.MULTIPLY, x, builder.constant(0.2));
                Value z = builder.binary(name + "_z", BinaryKind.ADD, fifth, builder.constant(0.5));
                Value above = builder.binary(name + "_above", BinaryKind.SUBTRACT, z, builder.constant(1));
                yield builder.binary(
                        name,
                        BinaryKind.SUBTRACT,
                        builder.unary(name + "_low", UnaryKind.RELU, z),
                        builder.unary(name + "_high", UnaryKind.RELU, above));
            }
        };
    }

    private static Value dense(
            Graph.Builder builder, Map<String, float[]> weights, String name, Dense dense, int inputs, Value x) {
        Value sum = builder.dense(
                name + "_sum",
                x,
                parameter(builder, weights, name + "/weight", dense.weight(), dense.units(), inputs),
                parameter(builder, weights, name + "/bias", dense.bias(), dense.units()));
        return activation(builder, name, dense.activation(), sum);
    }

    /// h0, and c0 of an LSTM.
    private static List<Value> states(Graph.Builder builder, CellCase layer) {
        Shape shape = Shape.of(Shape.BATCH, layer.hiddenSize());
        Value h0 = builder.input("h0", DataType.FLOAT32, shape);
        return layer.cell().kind() == Kind.LSTM
                ? List.of(h0, builder.input("c0", DataType.FLOAT32, shape))
                : List.of(h0);
    }

    private static Value parameter(
            Graph.Builder builder, Map<String, float[]> weights, String name, float[] values, int... dims) {
        weights.put(name, values);
        return builder.parameter(name, Shape.of(dims));
    }
}
