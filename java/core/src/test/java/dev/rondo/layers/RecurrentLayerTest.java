package dev.rondo.layers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.rondo.Runs;
import dev.rondo.Sequential;
import dev.rondo.data.Dataset;
import dev.rondo.data.Order;
import dev.rondo.data.Seeds;
import dev.rondo.graph.Graph;
import dev.rondo.graph.Node;
import dev.rondo.graph.Op;
import dev.rondo.graph.Value;
import dev.rondo.inference.InferenceSession;
import dev.rondo.inference.Serving;
import dev.rondo.kernels.Closeness;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Fit;
import dev.rondo.training.Loss;
import dev.rondo.training.Sgd;
import dev.rondo.training.Training;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// What recurrent layers make of their settings.
class RecurrentLayerTest {
    private static final int UNITS = 5;
    private static final int FEATURES = 3;

    private static List<Recurrent<?>> layers() {
        return List.of(
                Lstm.units(UNITS),
                Lstm.units(UNITS).peepholes(Initializer.normal(0.5)),
                Gru.units(UNITS),
                Gru.units(UNITS).reset(Gru.Reset.BEFORE),
                SimpleRnn.units(UNITS),
                SimpleRnn.units(UNITS).activation(Activation.RELU),
                SimpleRnn.units(UNITS).activation(Activation.SIGMOID),
                SimpleRnn.units(UNITS).activation(Activation.LINEAR));
    }

    static Stream<Arguments> layersAndKernels() {
        return layers().stream()
                .flatMap(layer -> Stream.of(Arguments.of(layer, Choice.JAVA), Arguments.of(layer, Choice.NATIVE)));
    }

    private static Sequential model(Layer... more) {
        Sequential.Builder builder = Sequential.builder().seed(11).add(Input.features(Shape.TIME, FEATURES));
        for (Layer layer : more) {
            builder.add(layer);
        }
        return builder.build();
    }

    private static Map<String, Shape> parameters(Layer layer) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        try (Sequential model = model(layer)) {
            model.parameters().forEach((name, tensor) -> shapes.put(name, tensor.shape()));
        }
        return shapes;
    }

    @Test
    void parametersAreThoseOfTheCellAndItsBiases() {
        Shape lstmIh = Shape.of(20, 3);
        Shape lstmHh = Shape.of(20, 5);
        Shape gruIh = Shape.of(15, 3);
        Shape gruHh = Shape.of(15, 5);
        Gru before = Gru.units(UNITS).reset(Gru.Reset.BEFORE);
        assertEquals(
                Map.of("lstm/weightIh", lstmIh, "lstm/weightHh", lstmHh, "lstm/bias", Shape.of(20)),
                parameters(Lstm.units(UNITS)));
        assertEquals(
                Map.of("lstm/weightIh", lstmIh, "lstm/weightHh", lstmHh, "lstm/peepholes", Shape.of(15)),
                parameters(Lstm.units(UNITS).biases(Bias.NONE).peepholes()));
        assertEquals(
                Map.of("lstm/weightIh", lstmIh, "lstm/weightHh", lstmHh, "lstm/biasIh", Shape.of(20), "lstm/biasHh",
                        Shape.of(20)),
                parameters(Lstm.units(UNITS).biases(Bias.TWO)));
        assertEquals(
                Map.of("gru/weightIh", gruIh, "gru/weightHh", gruHh, "gru/bias", Shape.of(15), "gru/biasHn",
                        Shape.of(5)),
                parameters(Gru.units(UNITS)));
        assertEquals(
                Map.of("gru/weightIh", gruIh, "gru/weightHh", gruHh, "gru/biasIh", Shape.of(15), "gru/biasHh",
                        Shape.of(15)),
                parameters(Gru.units(UNITS).biases(Bias.TWO)));
        assertEquals(
                Map.of("gru/weightIh", gruIh, "gru/weightHh", gruHh, "gru/bias", Shape.of(15)), parameters(before));
        assertEquals(
                Map.of("gru/weightIh", gruIh, "gru/weightHh", gruHh), parameters(before.biases(Bias.NONE)));
        assertEquals(
                Map.of("rnn/weightIh", Shape.of(5, 3), "rnn/weightHh", Shape.of(5, 5), "rnn/bias", Shape.of(5)),
                parameters(SimpleRnn.units(UNITS)));
    }

    /// A layer that goes backwards gives, at each place, what one that goes forward gives of the sequence turned round.
    @ParameterizedTest
    @MethodSource("layersAndKernels")
    void backwardsIsForwardTurnedRound(Recurrent<?> layer, Choice kernels) {
        int[] lengths = {4, 1, 6, 0, 3};
        int batch = lengths.length;
        int time = 6;
        Tensor x = Runs.features(Seeds.generator(5, "x", 0), batch, time, FEATURES);
        Tensor turned = turned(x, lengths);
        for (boolean sequences : new boolean[] {true, false}) {
            Layer forward = sequences ? layer.returnSequences() : layer;
            Layer backwards = sequences ? layer.goBackwards().returnSequences() : layer.goBackwards();
            Tensor expected = run(forward, kernels, turned, lengths);
            Tensor actual = run(backwards, kernels, x, lengths);
            assertArrayEquals(
                    (sequences ? turned(expected, lengths) : expected).toFloats(), actual.toFloats(),
                    layer + " " + kernels + " " + sequences);
        }
    }

    private static Tensor run(Layer layer, Choice kernels, Tensor x, int[] lengths) {
        try (Sequential model = model(layer);
                InferenceSession session =
                        model.session(Serving.standard().engine(Engine.inference().kernels(kernels)))) {
            Tensor y = Tensor.zeros(
                    DataType.FLOAT32, session.outputShape().resolve(x.shape().dim(0), x.shape().dim(1)).dims());
            session.run(x, Tensor.of(lengths, lengths.length), y);
            return y;
        }
    }

    /// `[B,T,n]` with the real steps of each sequence in reverse order.
    private static Tensor turned(Tensor tensor, int[] lengths) {
        int time = tensor.shape().dim(1);
        int n = tensor.shape().dim(2);
        Tensor turned = Tensor.zeros(DataType.FLOAT32, tensor.shape().dims());
        for (int b = 0; b < lengths.length; b++) {
            for (int t = 0; t < time; t++) {
                int from = t < lengths[b] ? lengths[b] - 1 - t : t;
                for (int i = 0; i < n; i++) {
                    turned.set(((long) b * time + t) * n + i, tensor.get(((long) b * time + from) * n + i));
                }
            }
        }
        return turned;
    }

    /// The model's output is the same; trained, the sum of the two biases moves twice as fast.
    @ParameterizedTest
    @MethodSource("layersAndKernels")
    void twoBiasesAreOneThatMovesTwiceAsFast(Recurrent<?> layer, Choice kernels) {
        Recurrent<?> one = layer.bias(Initializer.zeros());
        Map<String, double[]> single = trained(one.biases(Bias.ONE), kernels);
        Map<String, double[]> two = trained(one.biases(Bias.TWO), kernels);
        String path = layer instanceof Lstm ? "lstm" : layer instanceof Gru ? "gru" : "rnn";
        double[] bias = numbers(single, path + "/bias");
        double[] biasIh = numbers(two, path + "/biasIh");
        double[] biasHh = numbers(two, path + "/biasHh");
        // Both kernel sets sum the same gradients; the last gate of a GRU that resets after has two.
        Closeness closeness = Closeness.ofSums(30, 12);
        closeness.check("biasIh", bias, biasIh);
        double[] expected = bias.clone();
        if (single.containsKey(path + "/biasHn")) {
            double[] biasHn = numbers(single, path + "/biasHn");
            System.arraycopy(biasHn, 0, expected, expected.length - biasHn.length, biasHn.length);
        }
        closeness.check("biasHh", expected, biasHh);
        closeness.check("weightHh", numbers(single, path + "/weightHh"), numbers(two, path + "/weightHh"));
    }

    private static double[] numbers(Map<String, double[]> parameters, String name) {
        double[] numbers = parameters.get(name);
        if (numbers == null) {
            throw new AssertionError("expected " + name + ", got " + parameters.keySet());
        }
        return numbers;
    }

    /// Parameters after one step.
    private static Map<String, double[]> trained(Layer layer, Choice kernels) {
        Map<String, double[]> parameters = new LinkedHashMap<>();
        try (Sequential model = model(layer)) {
            model.compile(Training.optimizer(Sgd.rate(0.5)).loss(Loss.meanSquaredError()).engine(Runs.engine(kernels)));
            model.fit(
                    Dataset.of(
                            Runs.features(Seeds.generator(5, "x", 0), 6, 5, FEATURES),
                            Runs.features(Seeds.generator(5, "y", 0), 6, UNITS)),
                    Fit.epochs(1).batchSize(6).order(Order.SEQUENTIAL));
            model.parameters().forEach((name, tensor) -> parameters.put(name, tensor.toDoubles()));
        }
        return parameters;
    }

    /// The mask has an element for each unit of each sequence, none for a step; where nothing trains there is no mask.
    @Test
    void recurrentDropoutIsOneMaskForAllSteps() {
        Network network = Network.chain(
                3, List.of(Input.features(Shape.TIME, FEATURES), Gru.units(UNITS).recurrentDropout(0.25)));
        for (Scope.Purpose purpose : Scope.Purpose.values()) {
            Scope scope = network.graph(new Scope.Variant(purpose, Scope.States.ZERO, Scope.Lengths.FULL));
            Graph graph = scope.graph().build();
            Node gru = graph.producer(scope.y()).orElseThrow();
            assertEquals(purpose == Scope.Purpose.TRAINING, gru.optionalInput("recurrentMask").isPresent());
            if (purpose == Scope.Purpose.TRAINING) {
                Value mask = gru.input("recurrentMask");
                assertEquals(Shape.of(Shape.BATCH, UNITS), mask.shape());
                Node dropout = graph.producer(mask).orElseThrow();
                assertEquals(0.25f, ((Op.Dropout) dropout.op()).rate());
            }
        }
    }

    /// Training depends on the mask, in the same way with both kernel sets; what the model gives does not.
    @ParameterizedTest
    @MethodSource("layersAndKernels")
    void recurrentDropoutActsInTrainingOnly(Recurrent<?> layer, Choice kernels) {
        int[] lengths = {6, 2};
        Tensor x = Runs.features(Seeds.generator(5, "x", 0), 2, 6, FEATURES);
        Recurrent<?> dropping = layer.recurrentDropout(0.5);
        assertArrayEquals(run(layer, kernels, x, lengths).toFloats(), run(dropping, kernels, x, lengths).toFloats());
        Map<String, double[]> plain = trained(layer, kernels);
        Map<String, double[]> dropped = trained(dropping, kernels);
        Map<String, double[]> reference = trained(dropping, Choice.JAVA);
        Closeness closeness = Closeness.ofSums(30, 12);
        List<String> different = new ArrayList<>();
        dropped.forEach((name, numbers) -> {
            closeness.check(name, numbers(reference, name), numbers);
            if (!Arrays.equals(numbers(plain, name), numbers)) {
                different.add(name);
            }
        });
        assertFalse(different.isEmpty());
        assertNotEquals(0, numbers(dropped, different.getFirst())[0]);
    }

    @Test
    void backwardsCannotGoOnFromCallToCall() {
        try (Sequential model = Sequential.of(
                Input.ids(Shape.TIME), Embedding.of(5, 2), Gru.units(3).goBackwards().returnSequences(),
                Dense.units(5))) {
            model.compile(Training.optimizer(Sgd.rate(0.1)));
            IllegalArgumentException e = assertThrows(
                    IllegalArgumentException.class,
                    () -> model.fit(Dataset.streams(new int[] {0, 1, 2, 3, 4, 0, 1}, 2), Fit.epochs(1).batchSize(1)));
            assertEquals(
                    "gru: expected a layer that goes forward in time, since states go on from call to call, got one"
                            + " that goes backwards",
                    e.getMessage());
        }
    }

    @Test
    void layersOfOneKindAreNumbered() {
        try (Sequential model = model(
                Gru.units(2).returnSequences(), SimpleRnn.units(2).returnSequences(), Gru.units(2).returnSequences(),
                SimpleRnn.units(2))) {
            assertEquals(
                    List.of("x", "gru", "rnn", "gru_1", "rnn_1"),
                    model.layers().stream().map(Layer::name).toList());
        }
    }
}
