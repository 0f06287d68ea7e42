package dev.rondo.foreign;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.rondo.foreign.LstmCase.Activation;
import dev.rondo.foreign.LstmCase.Dense;
import dev.rondo.foreign.LstmCase.Expected;
import dev.rondo.foreign.LstmCase.Gate;
import dev.rondo.foreign.LstmCase.Which;
import dev.rondo.graph.Graph;
import dev.rondo.graph.Op.BinaryKind;
import dev.rondo.graph.Op.UnaryKind;
import dev.rondo.graph.Op;
import dev.rondo.graph.RecurrentCell;
import dev.rondo.graph.RecurrentInputs;
import dev.rondo.graph.RecurrentOutputs;
import dev.rondo.graph.Value;
import dev.rondo.kernels.Closeness;
import dev.rondo.kernels.Engines;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Extents;
import dev.rondo.plan.Parameters;
import dev.rondo.plan.Plan;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// LSTMs that Keras, RTNeural and ONNX computed, computed again from their weights by both kernel sets and all
/// instruction sets of this machine: by the fused operation, where it has the case's activations and no peepholes, and
/// where the case is nothing but an LSTM, step by step from elementwise operations and matrix products, which can do them all.
///
/// The data are not part of the project; they lie where the property `rondo.data` says.
class ForeignLstmTest {
    private static final Path DATA = Path.of(System.getProperty("rondo.data", "../shared/data"));

    @TestFactory
    Stream<DynamicTest> kerasjs() throws IOException {
        return tests("kerasjs", 5, LstmCases::keras);
    }

    @TestFactory
    Stream<DynamicTest> rtneural() throws IOException {
        return tests("rtneural", 2, LstmCases::rtNeural);
    }

    @TestFactory
    Stream<DynamicTest> onnx() throws IOException {
        return tests("onnx-node-rnn", 4, LstmCases::onnx);
    }

    private interface Source {
        List<LstmCase> read(Path folder) throws IOException;
    }

    private static Stream<DynamicTest> tests(String folder, int count, Source source) throws IOException {
        if (!Files.isDirectory(DATA.resolve(folder))) {
            System.out.println("Not run: LSTM cases of " + folder + ": there is no folder " + DATA.resolve(folder));
            return Stream.empty();
        }
        List<LstmCase> cases = source.read(DATA.resolve(folder));
        assertEquals(count, cases.size(), "cases in " + folder);
        Map<String, Engine> engines = engines();
        List<DynamicTest> tests = new ArrayList<>();
        for (LstmCase lstm : cases) {
            engines.forEach((name, engine) -> {
                if (lstm.isStandard()) {
                    tests.add(DynamicTest.dynamicTest(
                            lstm.name() + ", fused, " + name, () -> check(lstm, fused(lstm), engine)));
                }
                if (lstm.before().isEmpty() && lstm.after().isEmpty()) {
                    tests.add(DynamicTest.dynamicTest(
                            lstm.name() + ", step by step, " + name, () -> check(lstm, unrolled(lstm), engine)));
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

    private static void check(LstmCase lstm, Network network, Engine engine) {
        try (Parameters parameters = Parameters.of(network.graph())) {
            network.weights().forEach((name, values) -> {
                Tensor tensor = parameters.tensor(name);
                tensor.copyFrom(Tensor.of(values, tensor.shape().dims()));
            });
            parameters.changed();
            int batch = lstm.batch();
            int steps = lstm.steps();
            try (Plan plan = Plan.inference(network.graph(), parameters, engine, Extents.of(batch, steps))) {
                List<float[]> x = network.inputs().size() == 1 && steps > 1
                        ? List.of(lstm.x())
                        : split(lstm.x(), batch, steps, lstm.inputSize());
                for (int i = 0; i < x.size(); i++) {
                    write(plan, network.inputs().get(i), x.get(i), batch, steps);
                }
                lstm.initial().ifPresent(state -> {
                    write(plan, network.states().get(0), state.h(), batch, steps);
                    write(plan, network.states().get(1), state.c(), batch, steps);
                });
                plan.run(batch, steps);
                for (Expected expected : lstm.expected()) {
                    float[] actual = expected.which() == Which.LAST_STATE
                            ? plan.tensor(network.last(), batch, steps).toFloats()
                            : join(
                                    network.results().stream()
                                            .map(result -> plan.tensor(result, batch, steps).toFloats())
                                            .toList(),
                                    batch);
                    assertClose(lstm, expected, actual);
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
    private static void assertClose(LstmCase lstm, Expected expected, float[] actual) {
        Closeness sums = Closeness.ofSums(lstm.lstmInputSize() + lstm.hiddenSize() + 1, 8);
        new Closeness(5e-7 + sums.absolute(), sums.relative())
                .check(lstm.name() + " " + expected.which(), doubles(expected.values()), doubles(actual));
    }

    private static double[] doubles(float[] values) {
        double[] doubles = new double[values.length];
        Arrays.setAll(doubles, i -> values[i]);
        return doubles;
    }

    // ---------------------------------------------------------------------------------------------------- graphs

    private static Network fused(LstmCase lstm) {
        Graph.Builder builder = Graph.builder();
        Map<String, float[]> weights = new LinkedHashMap<>();
        int hidden = lstm.hiddenSize();
        Value x = builder.input("x", DataType.FLOAT32, Shape.of(Shape.BATCH, Shape.TIME, lstm.inputSize()));
        Value in = lstm.before()
                .map(dense -> dense(builder, weights, "before", dense, lstm.inputSize(), x))
                .map(sum -> builder.unary("before_tanh", UnaryKind.TANH, sum))
                .orElse(x);
        RecurrentInputs inputs = RecurrentInputs.of(
                        in,
                        parameter(builder, weights, "weightIh", stack(lstm, Gate::weightIh), 4 * hidden,
                                lstm.lstmInputSize()),
                        parameter(builder, weights, "weightHh", stack(lstm, Gate::weightHh), 4 * hidden, hidden))
                .biasIh(parameter(builder, weights, "bias", stack(lstm, Gate::bias), 4 * hidden));
        List<Value> states = states(builder, lstm);
        RecurrentOutputs outputs =
                builder.recurrent("lstm", new Op.Recurrent(RecurrentCell.LSTM), states.isEmpty() ? inputs : inputs.h0(states.get(0)).c0(states.get(1)));
        Value y = lstm.after()
                .map(dense -> dense(builder, weights, "after", dense, hidden, outputs.y()))
                .orElse(outputs.y());
        Graph graph = builder.output("y", y).output("last", outputs.hN()).build();
        return new Network(graph, weights, List.of(x), states, List.of(y), outputs.hN());
    }

    private static float[] stack(LstmCase lstm, Function<Gate, float[]> part) {
        int size = part.apply(lstm.gates().getFirst()).length;
        float[] stacked = new float[4 * size];
        for (int gate = 0; gate < 4; gate++) {
            System.arraycopy(part.apply(lstm.gates().get(gate)), 0, stacked, gate * size, size);
        }
        return stacked;
    }

    private static Network unrolled(LstmCase lstm) {
        Graph.Builder builder = Graph.builder();
        Map<String, float[]> weights = new LinkedHashMap<>();
        List<Value> inputs = new ArrayList<>();
        for (int t = 0; t < lstm.steps(); t++) {
            inputs.add(builder.input("x" + t, DataType.FLOAT32, Shape.of(Shape.BATCH, lstm.inputSize())));
        }
        List<Value> states = new ArrayList<>(states(builder, lstm));
        if (states.isEmpty()) {
            // A plan's inputs are zeros before they are written.
            states.add(builder.input("h0", DataType.FLOAT32, Shape.of(Shape.BATCH, lstm.hiddenSize())));
            states.add(builder.input("c0", DataType.FLOAT32, Shape.of(Shape.BATCH, lstm.hiddenSize())));
        }
        Step step = new Step(builder, weights, lstm);
        Value h = states.get(0);
        Value c = states.get(1);
        List<Value> results = new ArrayList<>();
        for (int t = 0; t < lstm.steps(); t++) {
            Value x = inputs.get(t);
            Value i = step.gate("i" + t, 0, x, h, c, lstm.gateActivation());
            Value f = step.gate("f" + t, 1, x, h, c, lstm.gateActivation());
            Value g = step.gate("g" + t, 2, x, h, c, lstm.cellActivation());
            c = builder.binary(
                    "c" + (t + 1),
                    BinaryKind.ADD,
                    builder.binary("fc" + t, BinaryKind.MULTIPLY, f, c),
                    builder.binary("ig" + t, BinaryKind.MULTIPLY, i, g));
            Value o = step.gate("o" + t, 3, x, h, c, lstm.gateActivation());
            h = builder.binary(
                    "h" + (t + 1), BinaryKind.MULTIPLY, o, activation(builder, "ac" + t, lstm.cellActivation(), c));
            builder.output("y" + t, h);
            results.add(h);
        }
        Graph graph = builder.output("last", h).build();
        return new Network(graph, weights, inputs, states, results, h);
    }

    /// The gates of one step from matrix products and elementwise operations.
    private static final class Step {
        private final Graph.Builder builder;
        private final List<Value> weightIh = new ArrayList<>();
        private final List<Value> weightHh = new ArrayList<>();
        private final List<Value> bias = new ArrayList<>();
        private final Map<Integer, Value> peepholes = new LinkedHashMap<>();

        Step(Graph.Builder builder, Map<String, float[]> weights, LstmCase lstm) {
            this.builder = builder;
            int hidden = lstm.hiddenSize();
            for (int gate = 0; gate < 4; gate++) {
                Gate values = lstm.gates().get(gate);
                weightIh.add(parameter(builder, weights, "w" + gate, values.weightIh(), hidden, lstm.lstmInputSize()));
                weightHh.add(parameter(builder, weights, "u" + gate, values.weightHh(), hidden, hidden));
                bias.add(parameter(builder, weights, "b" + gate, values.bias(), hidden));
                if (values.peephole().length > 0) {
                    peepholes.put(gate, parameter(builder, weights, "p" + gate, values.peephole(), hidden));
                }
            }
        }

        Value gate(String name, int gate, Value x, Value h, Value c, Activation activation) {
            Value sum = builder.binary(
                    name + "_sum",
                    BinaryKind.ADD,
                    builder.dense(name + "_x", x, weightIh.get(gate), bias.get(gate)),
                    builder.dense(name + "_h", h, weightHh.get(gate)));
            Value peephole = peepholes.get(gate);
            if (peephole != null) {
                Value seen = builder.binary(name + "_c", BinaryKind.MULTIPLY, c, peephole);
                sum = builder.binary(name + "_seen", BinaryKind.ADD, sum, seen);
            }
            return activation(builder, name, activation, sum);
        }
    }

    private static Value activation(Graph.Builder builder, String name, Activation activation, Value x) {
        return switch (activation) {
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
        return builder.dense(
                name,
                x,
                parameter(builder, weights, name + "/weight", dense.weight(), dense.units(), inputs),
                parameter(builder, weights, name + "/bias", dense.bias(), dense.units()));
    }

    private static List<Value> states(Graph.Builder builder, LstmCase lstm) {
        if (lstm.initial().isEmpty()) {
            return List.of();
        }
        Shape shape = Shape.of(Shape.BATCH, lstm.hiddenSize());
        return List.of(builder.input("h0", DataType.FLOAT32, shape), builder.input("c0", DataType.FLOAT32, shape));
    }

    private static Value parameter(
            Graph.Builder builder, Map<String, float[]> weights, String name, float[] values, int... dims) {
        weights.put(name, values);
        return builder.parameter(name, Shape.of(dims));
    }
}
