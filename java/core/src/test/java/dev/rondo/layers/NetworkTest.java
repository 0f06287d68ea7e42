package dev.rondo.layers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.data.Seeds;
import dev.rondo.graph.Gradients;
import dev.rondo.graph.Graph;
import dev.rondo.graph.Op;
import dev.rondo.graph.Value;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Parameters;
import dev.rondo.plan.Plan;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleSupplier;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Networks that are more than chains, in double: their gradients against finite differences, and that padding of any
/// symbol of time changes nothing.
class NetworkTest {
    private static final long SEED = 20261126;
    private static final int BATCH = 3;

    /// An encoder and a decoder that begins with its states, trained ones in the encoder, one embedding for both.
    static Network encoderDecoder(Recurrent<?> cell) {
        NetworkBuilder b = Network.builder();
        Symbol source = b.input(Input.ids(Shape.TIME).named("source"));
        Symbol target = b.input(Input.ids(Shape.time(1)).named("target"));
        SharedLayer embedding = b.shared(Embedding.of(7, 4));
        Symbols encoder = b.apply(cell.trainedInitialState().named("encoder"), embedding.on(source));
        Symbols decoder = b.apply(
                cell.returnSequences().named("decoder"), embedding.on(target), encoder.states());
        return b.output("logits", b.add(Dense.units(3), decoder.y())).output("h", decoder.h()).build(5);
    }

    /// One tower over two inputs, whose outputs meet in several ways.
    static Network towers(Bidirectional.Merge merge) {
        NetworkBuilder b = Network.builder();
        Symbol left = b.input(Input.features(Shape.TIME, 3).named("left"));
        Symbol right = b.input(Input.features(Shape.time(1), 3).named("right"));
        SharedLayer tower = b.shared(Bidirectional.of(Lstm.units(4), merge));
        Symbols one = tower.apply(left);
        Symbols other = tower.apply(right, one.states());
        Symbol product = b.add(Multiply.of(), one.y(), other.y());
        Symbol mean = b.add(Average.of(), one.output("backward"), other.output("backward"), product);
        return b.output("y", b.add(Add.of(), mean, product)).build(6);
    }

    static List<Network> networks() {
        List<Network> networks = new ArrayList<>();
        for (Recurrent<?> cell : List.of(Lstm.units(5), Gru.units(5), SimpleRnn.units(5), Lstm.units(5).peepholes())) {
            networks.add(encoderDecoder(cell));
        }
        for (Bidirectional.Merge merge : Bidirectional.Merge.values()) {
            networks.add(towers(merge));
        }
        return networks;
    }

    /// A network in double with the sum of squares of its outputs for a loss, which padding is no part of.
    private static final class Run implements AutoCloseable {
        private final Scope scope;
        private final Parameters parameters;
        private final Gradients gradients;
        private final Plan plan;
        private final Extents extents;

        Run(Network network, Extents extents, int[][] lengths, long seed) {
            this.extents = extents;
            scope = network.graph(
                    new Scope.Variant(Scope.Purpose.INFERENCE, Scope.States.ZERO, Scope.Lengths.OWN));
            Graph.Builder graph = scope.graph();
            List<Value> losses = new ArrayList<>();
            scope.outputs().forEach((name, y) -> {
                Value targets = graph.input("targets:" + name, DataType.FLOAT32, y.shape());
                losses.add(scope.lengths(y)
                        .map(own -> graph.elementwiseLoss("loss:" + name, Op.LossKind.SQUARED, y, targets, own))
                        .orElseGet(() -> graph.elementwiseLoss("loss:" + name, Op.LossKind.SQUARED, y, targets))
                        .loss());
            });
            Value loss = losses.getFirst();
            for (Value more : losses.subList(1, losses.size())) {
                loss = graph.binary("loss", Op.BinaryKind.ADD, loss, more);
            }
            graph.output("loss", loss);
            parameters = Parameters.of(graph.build(), DataType.FLOAT64);
            RandomGenerator random = Seeds.generator(seed, "parameters", 0);
            parameters.tensors().values().forEach(tensor -> fill(tensor, () -> random.nextGaussian() * 0.5));
            parameters.changed();
            gradients = Gradients.of(graph.build(), loss, graph.build().parameters());
            plan = Plan.training(gradients, parameters, Engine.java().engine(), extents);
            int k = 0;
            for (Value own : scope.lengths().values()) {
                Tensor tensor = plan.tensor(own, extents);
                for (int i = 0; i < BATCH; i++) {
                    tensor.set(i, lengths[k][i]);
                }
                k++;
            }
        }

        /// Numbers that depend on sequence, step and feature alone, not on how many steps there are.
        void read(long seed, long padding) {
            for (Value input : plan.graph().inputs()) {
                if (!input.name().startsWith("lengths")) {
                    fill(input, seed, padding);
                }
            }
        }

        private void fill(Value input, long seed, long padding) {
            Tensor tensor = plan.tensor(input, extents);
            boolean timed = input.shape().rank() > 1 && Shape.isTime(input.shape().dim(1));
            int time = timed ? tensor.shape().dim(1) : 1;
            int features = (int) (tensor.shape().elements() / BATCH / time);
            for (int b = 0; b < BATCH; b++) {
                for (int t = 0; t < time; t++) {
                    int length = timed ? (int) plan.tensor(scope.lengths(input).orElseThrow(), extents).get(b) : time;
                    RandomGenerator random =
                            Seeds.generator(t < length ? seed : padding, input.name(), b * 100L + t);
                    for (int f = 0; f < features; f++) {
                        double value = input.type() == DataType.INT32 ? random.nextInt(7) : random.nextGaussian();
                        tensor.set(((long) b * time + t) * features + f, value);
                    }
                }
            }
        }

        private static void fill(Tensor tensor, DoubleSupplier numbers) {
            for (long i = 0; i < tensor.shape().elements(); i++) {
                tensor.set(i, numbers.getAsDouble());
            }
        }

        double loss() {
            plan.run(extents);
            return plan.scalar(plan.graph().output("loss"));
        }

        Map<String, Tensor> gradients() {
            return parameters.views(plan.gradients());
        }

        @Override
        public void close() {
            plan.close();
            parameters.close();
        }
    }

    /// The slope by central differences with step e is off by about e² f'''/6 and eps |f| / e. With e = 1e-5, losses of at
    /// most about 10 and third derivatives of at most about 100 both are below 2e-9; 1e-8 leaves room.
    @ParameterizedTest
    @MethodSource("networks")
    void gradientsAreTheSlopes(Network network) {
        try (Run run = new Run(network, Extents.of(BATCH, 5, 4), new int[][] {{5, 2, 3}, {1, 4, 3}}, SEED)) {
            run.read(SEED, SEED);
            run.loss();
            Map<String, double[]> gradients = new LinkedHashMap<>();
            run.gradients().forEach((name, gradient) -> gradients.put(name, gradient.toDoubles()));
            for (Map.Entry<String, double[]> entry : gradients.entrySet()) {
                double[] gradient = entry.getValue();
                Tensor parameter = run.parameters.tensor(entry.getKey());
                boolean reached = false;
                for (int i = 0; i < gradient.length; i++) {
                    double slope = (at(run, parameter, i, 1e-5) - at(run, parameter, i, -1e-5)) / 2e-5;
                    assertEquals(slope, gradient[i], 1e-8 * (1 + Math.abs(slope)),
                            "seed %d: %s[%d]".formatted(SEED, entry.getKey(), i));
                    reached |= slope != 0;
                }
                assertTrue(reached, entry.getKey());
            }
        }
    }

    private static double at(Run run, Tensor parameter, int i, double step) {
        double value = parameter.get(i);
        parameter.set(i, value + step);
        run.parameters.changed();
        double loss = run.loss();
        parameter.set(i, value);
        return loss;
    }

    /// Neither more steps of either time nor what they hold change anything: sums have the same terms in the same order,
    /// but for zeros.
    @ParameterizedTest
    @MethodSource("networks")
    void paddingOfAnyTimeChangesNothing(Network network) {
        int[][] lengths = {{5, 2, 3}, {1, 4, 3}};
        try (Run exact = new Run(network, Extents.of(BATCH, 5, 4), lengths, SEED);
                Run source = new Run(network, Extents.of(BATCH, 9, 4), lengths, SEED);
                Run target = new Run(network, Extents.of(BATCH, 5, 11), lengths, SEED)) {
            exact.read(SEED, 1);
            double loss = exact.loss();
            for (Run padded : List.of(source, target)) {
                padded.read(SEED, 2);
                assertEquals(loss, padded.loss(), 1e-13 * Math.abs(loss));
                exact.gradients().forEach((name, gradient) -> {
                    double[] expected = gradient.toDoubles();
                    double[] actual = padded.gradients().get(name).toDoubles();
                    for (int i = 0; i < expected.length; i++) {
                        assertEquals(expected[i], actual[i], 1e-13 * (1 + Math.abs(expected[i])), name);
                    }
                });
            }
        }
    }

    @ParameterizedTest
    @MethodSource("networks")
    void networksAreWrittenAndReadBack(Network network) {
        assertFalse(network.isChain());
        assertEquals(network, Network.fromJson(network.toJson()));
    }

    @Test
    void aNetworkIsReadable() {
        NetworkBuilder b = Network.builder();
        Symbol x = b.input(Input.features(Shape.TIME, 2));
        SharedLayer dropout = b.shared(Dropout.rate(0.5));
        String json = b.output("sum", b.add(Add.of(), dropout.on(x), dropout.on(x))).build(1).toJson();
        assertEquals(
                "{\"version\":2,\"seed\":1,\"layers\":["
                        + "{\"type\":\"Input\",\"name\":\"x\",\"dataType\":\"FLOAT32\",\"shape\":[\"B\",\"T\",2]},"
                        + "{\"type\":\"Dropout\",\"name\":\"dropout\",\"rate\":0.5},{\"type\":\"Add\",\"name\":\"add\"}],"
                        + "\"calls\":[{\"layer\":\"x\",\"inputs\":[]},{\"layer\":\"dropout\",\"inputs\":[\"x\"]},"
                        + "{\"layer\":\"dropout\",\"inputs\":[\"x\"]},"
                        + "{\"layer\":\"add\",\"inputs\":[\"dropout\",\"dropout:1\"]}],"
                        + "\"outputs\":[{\"name\":\"sum\",\"from\":\"add\"}]}",
                json);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock = """
            {"layer":"encoder","inputs":["embedding"]} | {"layer":"coder","inputs":["embedding"]} | calls[3]: layer: expected one of [source, target, embedding, encoder
            ["embedding:1","encoder/h","encoder/c"]    | ["embedding:2","encoder/h","encoder/c"]  | calls[5]: inputs: expected the name of a call before it, got embedding:2
            ["embedding:1","encoder/h","encoder/c"]    | ["dense","encoder/h","encoder/c"]        | calls[5]: inputs: expected the name of a call before it, got dense
            ["embedding:1","encoder/h","encoder/c"]    | ["embedding:1",7,"encoder/c"]            | calls[5]: inputs: expected the name of a call before it, got 7
            "from":"dense"                             | "from":"dense:1"                         | outputs[0]: from: expected the name of a call before it, got dense:1
            "name":"h","from":"decoder/h"              | "name":"logits","from":"decoder/h"       | outputs: expected a name of its own for each, got logits twice
            "from":"dense"                             | "from":"decoder"                         | got none that depends on [dense]
            {"layer":"source","inputs":[]}             | {"layer":"source","inputs":[],"x":1}     | calls[0]: expected no other fields, got [x]
            {"type":"Dense"                            | {"type":"Dropout","name":"spare","rate":0},{"type":"Dense" | calls: expected one of every layer
            {"layer":"target","inputs":[]}             | {"layer":"target","inputs":["source"]}   | target: expected no inputs, got 1
            """)
    void filesThatAreWrongAreRefused(String good, String bad, String message) {
        String json = encoderDecoder(Lstm.units(5)).toJson();
        assertTrue(json.contains(good), () -> "nothing to change: " + json);
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> Network.fromJson(json.replace(good, bad)));
        assertTrue(String.valueOf(e.getMessage()).contains(message), e.getMessage());
    }

    @Test
    void anOutputThatALayerLacksIsRefused() {
        String json = encoderDecoder(Gru.units(5)).toJson().replace("\"decoder/h\"", "\"decoder/c\"");
        Network network = Network.fromJson(json);
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> network.graph(Scope.Variant.PLAIN));
        assertTrue(String.valueOf(e.getMessage()).contains("decoder: expected one of its outputs [y, h], got c"), e.getMessage());
    }
}
