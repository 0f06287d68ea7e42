package dev.rondo.layers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Functional;
import dev.rondo.Model;
import dev.rondo.Runs;
import dev.rondo.Sequential;
import dev.rondo.data.Dataset;
import dev.rondo.data.Order;
import dev.rondo.data.Seeds;
import dev.rondo.inference.InferenceRequest;
import dev.rondo.inference.InferenceSession;
import dev.rondo.inference.Serving;
import dev.rondo.inference.StreamingSession;
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
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Recurrent layers with settings that no fused kernel has: against their equations in plain Java, against the kernels
/// where the settings change nothing, and what else layers promise.
class GeneralRecurrentTest {
    private static final int UNITS = 5;
    private static final int FEATURES = 3;
    private static final int TIME = 6;
    private static final int[] LENGTHS = {4, 6, 0, 1, 5};

    /// A bound that no number of these tests comes near: the layer runs as a scan and computes what the kernels do.
    private static final double FAR = 1e30;

    private static List<Recurrent<?>> beyond() {
        return List.of(
                Lstm.units(UNITS).coupled(),
                Lstm.units(UNITS).coupled().peepholes().biases(Bias.TWO),
                Lstm.units(UNITS).cellClip(0.3),
                Lstm.units(UNITS).projection(2),
                Lstm.units(UNITS).peepholes().projection(7).biases(Bias.NONE),
                Lstm.units(UNITS).peepholes().inputClip(0.4),
                Lstm.units(UNITS).gateActivation(Activation.HARD_SIGMOID).activation(Activation.RELU),
                Lstm.units(UNITS).gateActivation(Activation.HARD_SIGMOID_KERAS2).outputActivation(Activation.LINEAR),
                Lstm.units(UNITS)
                        .coupled()
                        .peepholes()
                        .projection(4)
                        .cellClip(0.5)
                        .inputClip(0.8)
                        .biases(Bias.TWO)
                        .gateActivation(Activation.HARD_SIGMOID)
                        .activation(Activation.ELU)
                        .outputActivation(Activation.SOFTMAX),
                Gru.units(UNITS).inputClip(0.4),
                Gru.units(UNITS).gateActivation(Activation.HARD_SIGMOID).activation(Activation.SOFTPLUS),
                Gru.units(UNITS).biases(Bias.TWO).gateActivation(Activation.HARD_SIGMOID_KERAS2),
                Gru.units(UNITS).biases(Bias.NONE).activation(Activation.SILU),
                Gru.units(UNITS).reset(Gru.Reset.BEFORE).biases(Bias.TWO).activation(Activation.LEAKY_RELU),
                Gru.units(UNITS).reset(Gru.Reset.BEFORE).inputClip(0.5).gateActivation(Activation.SOFTMAX),
                SimpleRnn.units(UNITS).inputClip(0.4),
                SimpleRnn.units(UNITS).activation(Activation.HARD_SIGMOID),
                SimpleRnn.units(UNITS).biases(Bias.TWO).activation(Activation.SOFTMAX));
    }

    private static List<Recurrent<?>> fused() {
        return List.of(
                Lstm.units(UNITS),
                Lstm.units(UNITS).peepholes(Initializer.normal(0.5)).biases(Bias.TWO),
                Gru.units(UNITS),
                Gru.units(UNITS).biases(Bias.TWO),
                Gru.units(UNITS).reset(Gru.Reset.BEFORE).biases(Bias.TWO),
                Gru.units(UNITS).reset(Gru.Reset.BEFORE).biases(Bias.NONE),
                SimpleRnn.units(UNITS),
                SimpleRnn.units(UNITS).activation(Activation.RELU).biases(Bias.TWO));
    }

    static Stream<Arguments> beyondOnKernels() {
        return onKernels(beyond());
    }

    static Stream<Arguments> fusedOnKernels() {
        return onKernels(fused());
    }

    private static Stream<Arguments> onKernels(List<Recurrent<?>> layers) {
        return layers.stream()
                .flatMap(layer -> Stream.of(Arguments.of(layer, Choice.JAVA), Arguments.of(layer, Choice.NATIVE)));
    }

    static Stream<Recurrent<?>> beyondKernels() {
        return beyond().stream();
    }

    private static Serving serving(Choice kernels) {
        return Serving.standard().engine(Engine.inference().kernels(kernels));
    }

    private static Sequential model(Layer... layers) {
        Sequential.Builder builder = Sequential.builder().seed(3).add(Input.features(Shape.TIME, FEATURES));
        for (Layer layer : layers) {
            builder.add(layer);
        }
        return builder.build();
    }

    private static Tensor x() {
        return Runs.features(Seeds.generator(1, "x", 0), LENGTHS.length, TIME, FEATURES);
    }

    /// Numbers in place of zeros for what begins as such.
    private static void draw(Model model) {
        RandomGenerator random = Seeds.generator(6, "parameters", 0);
        model.parameters().forEach((name, tensor) ->
                model.setParameter(name, Runs.features(random, tensor.shape().dims())));
    }

    // ------------------------------------------------------------------------------------------------------- equations

    /// Every step, the last output and the last states, of sequences with lengths and given first states.
    @ParameterizedTest
    @MethodSource("beyondOnKernels")
    void layersAreTheirEquations(Recurrent<?> layer, Choice kernels) {
        check(layer.returnSequences(), kernels);
        check(layer.goBackwards().returnSequences(), kernels);
    }

    private static void check(Recurrent<?> layer, Choice kernels) {
        assertFalse(layer.beyondKernels().isEmpty());
        Functional.Builder b = Functional.builder();
        Symbol x = b.input(Input.features(Shape.TIME, FEATURES));
        List<Symbol> begin = new ArrayList<>();
        layer.states().forEach((name, size) -> begin.add(b.input(Input.features(size).named(name + "_begin"))));
        Symbols given = b.apply(layer.named("layer"), x, begin);
        given.outputs().forEach(b::output);
        RandomGenerator random = Seeds.generator(8, "states", 0);
        Map<String, Tensor> inputs = new LinkedHashMap<>();
        inputs.put("x", x());
        layer.states().forEach(
                (name, size) -> inputs.put(name + "_begin", Runs.features(random, LENGTHS.length, size)));
        int hidden = layer.states().firstEntry().getValue();
        try (Functional model = b.build()) {
            draw(model);
            Map<String, double[]> parameters = new LinkedHashMap<>();
            model.parameters().forEach(
                    (name, tensor) -> parameters.put(name.substring("layer/".length()), tensor.toDoubles()));
            Map<String, Tensor> outputs = new LinkedHashMap<>();
            try (InferenceSession session = model.session(serving(kernels))) {
                InferenceRequest request = session.request();
                inputs.forEach(request::input);
                request.lengths("x", Tensor.of(LENGTHS, LENGTHS.length));
                session.outputShapes().forEach((name, shape) -> {
                    outputs.put(name, Tensor.zeros(DataType.FLOAT32, shape.resolve(LENGTHS.length, TIME).dims()));
                    request.output(name, outputs.get(name));
                });
                request.run();
            }
            boolean reverse = !layer.isStreamable();
            for (int row = 0; row < LENGTHS.length; row++) {
                double[][] steps = new double[LENGTHS[row]][];
                for (int t = 0; t < steps.length; t++) {
                    int at = reverse ? steps.length - 1 - t : t;
                    steps[t] = row(inputs.get("x"), row * TIME + at, FEATURES);
                }
                double[] h0 = row(inputs.get("h_begin"), row, hidden);
                double[] c0 = inputs.containsKey("c_begin") ? row(inputs.get("c_begin"), row, UNITS) : new double[0];
                PlainCells.Run plain = PlainCells.run(layer, parameters, steps, h0, c0);
                // Sums of x, h and biases, a projection; a chain of six steps.
                Closeness closeness = Closeness.ofSums(2 * UNITS + FEATURES + 2, 2 * TIME);
                String what = layer + " row " + row + " ";
                for (int t = 0; t < TIME; t++) {
                    int at = reverse ? steps.length - 1 - t : t;
                    double[] expected = t < steps.length ? plain.h()[at] : new double[hidden];
                    closeness.check(what + "y " + t, expected, row(outputs.get("y"), row * TIME + t, hidden));
                }
                double[] last = steps.length == 0 ? h0 : plain.h()[steps.length - 1];
                closeness.check(what + "h", last, row(outputs.get("h"), row, hidden));
                if (c0.length > 0) {
                    closeness.check(what + "c", plain.c(), row(outputs.get("c"), row, UNITS));
                }
            }
        }
    }

    private static double[] row(Tensor tensor, int row, int n) {
        return Arrays.copyOfRange(tensor.toDoubles(), row * n, (row + 1) * n);
    }

    // --------------------------------------------------------------------------------------------------------- kernels

    private static double[] predicted(Model model, Choice kernels) {
        try (InferenceSession session = model.session(serving(kernels))) {
            Tensor y = Tensor.zeros(DataType.FLOAT32, session.outputShape().resolve(LENGTHS.length, TIME).dims());
            session.run(x(), Tensor.of(LENGTHS, LENGTHS.length), y);
            return y.toDoubles();
        }
    }

    /// With a bound that is far away, a layer has the parameters of the fused one, predicts as it does, and trains as
    /// it does, with lengths, recurrent dropout, trained first states and in both directions.
    @ParameterizedTest
    @MethodSource("fusedOnKernels")
    void scansComputeWhatKernelsDo(Recurrent<?> layer, Choice kernels) {
        assertEquals(List.of(), layer.beyondKernels());
        assertEquals(List.of("input clip 1.0E30"), layer.inputClip(FAR).beyondKernels());
        List<UnaryOperator<Recurrent<?>>> changes = List.of(
                same -> same,
                same -> same.goBackwards().returnSequences(),
                same -> same.recurrentDropout(0.4),
                same -> same.trainedInitialState().returnSequences());
        for (UnaryOperator<Recurrent<?>> change : changes) {
            Recurrent<?> changed = change.apply(layer);
            agree(kernels, changed, changed.inputClip(FAR));
        }
        Layer both = Bidirectional.of(layer.returnSequences(), Bidirectional.Merge.SUM);
        agree(kernels, both, Bidirectional.of(layer.inputClip(FAR).returnSequences(), Bidirectional.Merge.SUM));
    }

    private static void agree(Choice kernels, Layer fused, Layer general) {
        Dataset data = Dataset.of(x(), Runs.features(Seeds.generator(2, "y", 0), LENGTHS.length, 2))
                .lengths(4, 6, 2, 1, 5);
        Layer last = SimpleRnn.units(2).activation(Activation.LINEAR);
        boolean sequences = fused instanceof Bidirectional
                || fused instanceof Recurrent<?> r && r.settings().output() == RecurrentSettings.Output.SEQUENCES;
        try (Sequential expected = sequences ? model(fused, last) : model(fused, Dense.units(2));
                Sequential actual = sequences ? model(general, last) : model(general, Dense.units(2))) {
            assertEquals(List.copyOf(expected.parameters().keySet()), List.copyOf(actual.parameters().keySet()));
            // Sums of ten products, through two layers; three updates forth and back.
            Closeness once = Closeness.ofSums(10, 2 * TIME);
            once.check(fused + " y", predicted(expected, kernels), predicted(actual, kernels));
            List<double[]> losses = new ArrayList<>();
            for (Sequential model : List.of(expected, actual)) {
                model.compile(Training.optimizer(Sgd.rate(0.1))
                        .loss(Loss.meanSquaredError())
                        .engine(Runs.engine(kernels)));
                losses.add(Runs.losses(model, data, Fit.epochs(3).batchSize(5).order(Order.SEQUENTIAL)).stream()
                        .mapToDouble(Double::doubleValue)
                        .toArray());
            }
            Closeness closeness = Closeness.ofSums(10, 3 * 2 * 2 * TIME);
            closeness.check(fused + " losses", losses.getFirst(), losses.getLast());
            expected.parameters().forEach((name, tensor) -> closeness.check(
                    fused + " " + name, tensor.toDoubles(), actual.parameters().get(name).toDoubles()));
        }
    }

    /// States that go on from batch to batch, and begin as trained ones.
    @ParameterizedTest
    @MethodSource("fusedOnKernels")
    void statesGoOnOverStreams(Recurrent<?> layer, Choice kernels) {
        double[][] losses = new double[2][];
        Recurrent<?> fused = layer.trainedInitialState().returnSequences();
        List<Layer> layers = List.of(fused.named("layer"), fused.inputClip(FAR).named("layer"));
        for (int i = 0; i < 2; i++) {
            try (Sequential model = Sequential.builder()
                    .add(Input.ids(Shape.TIME))
                    .add(Embedding.of(Runs.vocabulary(), FEATURES))
                    .add(layers.get(i))
                    .add(Dense.units(Runs.vocabulary()))
                    .build()) {
                model.compile(Training.optimizer(Sgd.rate(0.1)).engine(Runs.engine(kernels)));
                losses[i] = Runs.losses(model, Runs.streams(60, 5), Fit.epochs(2).batchSize(3)).stream()
                        .mapToDouble(Double::doubleValue)
                        .toArray();
            }
        }
        assertTrue(losses[0].length > 10, () -> losses[0].length + " batches");
        // Some forty updates, forth and back through 5 steps.
        Closeness.ofSums(16, 40 * 2 * 5).check(layer + " losses", losses[0], losses[1]);
    }

    // -------------------------------------------------------------------------------------------------------- promises

    /// Bit for bit, with first states that were trained.
    @ParameterizedTest
    @MethodSource("beyondOnKernels")
    void streamsEqualTheWhole(Recurrent<?> layer, Choice kernels) {
        try (Sequential model = model(layer.returnSequences().trainedInitialState())) {
            draw(model);
            int n = layer.states().firstEntry().getValue();
            Tensor x = x();
            try (InferenceSession session = model.session(serving(kernels));
                    StreamingSession stream = session.stream(LENGTHS.length)) {
                Tensor whole = Tensor.zeros(DataType.FLOAT32, LENGTHS.length, TIME, n);
                session.run(x, whole);
                Tensor step = Tensor.zeros(DataType.FLOAT32, LENGTHS.length, 1, n);
                Tensor part = Tensor.zeros(DataType.FLOAT32, LENGTHS.length, 1, FEATURES);
                for (int t = 0; t < TIME; t++) {
                    for (int row = 0; row < LENGTHS.length; row++) {
                        for (int i = 0; i < FEATURES; i++) {
                            part.set(row * FEATURES + i, x.get((row * TIME + t) * FEATURES + i));
                        }
                    }
                    stream.step(part, step);
                    for (int row = 0; row < LENGTHS.length; row++) {
                        assertArrayEquals(row(whole, row * TIME + t, n), row(step, row, n));
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("beyondKernels")
    void modelsComeBackFromTheirFile(Recurrent<?> layer, @TempDir Path folder) throws Exception {
        Path file = folder.resolve("model.safetensors");
        Layer[] layers = {layer.returnSequences(), Bidirectional.of(layer, Bidirectional.Merge.AVERAGE)};
        float[] expected;
        Network network;
        try (Sequential model = model(layers)) {
            model.save(file);
            expected = model.predict(x()).toFloats();
            network = Network.chain(model.seed(), model.layers());
        }
        assertEquals(network, Network.fromJson(network.toJson()));
        try (Sequential loaded = Sequential.load(file)) {
            assertEquals(network, Network.chain(loaded.seed(), loaded.layers()));
            assertArrayEquals(expected, loaded.predict(x()).toFloats());
        }
    }

    /// Files from before there were such settings have none of them, and neither have files of layers without them.
    @Test
    void whatIsUsualIsNotWritten() {
        Network network = Network.chain(1, List.of(
                Input.features(Shape.TIME, FEATURES),
                Lstm.units(2).returnSequences().named("a"),
                Gru.units(2).returnSequences().named("b"),
                SimpleRnn.units(2).named("c")));
        String json = network.toJson();
        for (String later : List.of("\"form\"", "Clip", "gateActivation", "candidateActivation", "projection")) {
            assertFalse(json.contains(later), json);
        }
        assertEquals(network, Network.fromJson(json));
    }

    @Test
    void recurrentDropoutActsInTrainingOnly() {
        Lstm layer = Lstm.units(UNITS).projection(3);
        Dataset data = Dataset.of(x(), Runs.features(Seeds.generator(2, "y", 0), LENGTHS.length, 3));
        List<Double> losses = new ArrayList<>();
        List<float[]> predictions = new ArrayList<>();
        for (Lstm each : List.of(layer, layer.recurrentDropout(0.5))) {
            try (Sequential model = model(each)) {
                predictions.add(model.predict(x()).toFloats());
                model.compile(Training.optimizer(Sgd.rate(0.1)).loss(Loss.meanSquaredError()));
                losses.add(Runs.losses(model, data, Fit.epochs(1).batchSize(5)).getFirst());
            }
        }
        assertArrayEquals(predictions.getFirst(), predictions.getLast());
        assertNotEquals(losses.getFirst(), losses.getLast());
    }

    // -------------------------------------------------------------------------------------------------------- settings

    private static Map<String, Shape> parameters(Layer layer) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        try (Sequential model = model(layer)) {
            model.parameters().forEach((name, tensor) -> shapes.put(name, tensor.shape()));
        }
        return shapes;
    }

    @Test
    void parametersFollowTheSettings() {
        assertEquals(
                Map.of("lstm/weightIh", Shape.of(15, 3), "lstm/weightHh", Shape.of(15, 5), "lstm/bias", Shape.of(15),
                        "lstm/peepholes", Shape.of(10)),
                parameters(Lstm.units(5).coupled().peepholes()));
        Map<String, Shape> projected = parameters(Lstm.units(5).projection(2).trainedInitialState());
        assertEquals(
                Map.of("lstm/weightIh", Shape.of(20, 3), "lstm/weightHh", Shape.of(20, 2), "lstm/bias", Shape.of(20),
                        "lstm/weightHr", Shape.of(2, 5), "lstm/initialH", Shape.of(2), "lstm/initialC", Shape.of(5)),
                projected);
        try (Sequential model = model(Lstm.units(5).projection(2).returnSequences(), Lstm.units(4).projection(3))) {
            assertEquals(Shape.of(Shape.BATCH, 3), model.outputShape());
        }
        try (Sequential model = model(Lstm.units(2).named("one"));
                Sequential coupled = model(Lstm.units(2).coupled().named("one"))) {
            assertArrayEquals(new float[] {0, 0, 1, 1, 0, 0, 0, 0}, model.parameters().get("one/bias").toFloats());
            assertArrayEquals(new float[6], coupled.parameters().get("one/bias").toFloats());
        }
    }

    @Test
    void layersSayWhyNoKernelRunsThem() {
        assertEquals(List.of(), Lstm.units(2).peepholes().cellClip(Double.POSITIVE_INFINITY).beyondKernels());
        assertEquals(
                List.of("input clip 3.0", "forget gate 1 - i", "cell clip 2.0", "projection 1",
                        "gate activation hard_sigmoid", "activation relu", "output activation relu"),
                Lstm.units(2)
                        .coupled()
                        .cellClip(2)
                        .projection(1)
                        .inputClip(3)
                        .gateActivation(Activation.HARD_SIGMOID)
                        .activation(Activation.RELU)
                        .beyondKernels());
        assertEquals(
                List.of("gate activation hard_sigmoid_keras2", "activation elu"),
                Gru.units(2)
                        .gateActivation(Activation.HARD_SIGMOID_KERAS2)
                        .activation(Activation.ELU)
                        .beyondKernels());
        assertEquals(List.of("activation gelu"), SimpleRnn.units(2).activation(Activation.GELU).beyondKernels());
        // No number of float32 is larger.
        assertEquals(List.of(), SimpleRnn.units(2).inputClip(1e300).beyondKernels());
    }

    private static void refused(String message, Executable executable) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, executable).getMessage());
    }

    @Test
    void wrongSettingsAreRefused() {
        Lstm lstm = Lstm.units(2);
        refused("projection: expected at least 1, got 0", () -> lstm.projection(0));
        refused("projection: expected at least 1, got -3", () -> lstm.projection(-3));
        refused("projection: expected at least 1, or 0 for none, got -3", () -> new LstmForm(
                LstmForm.ForgetGate.OWN, 1, -3, Activation.TANH, Activation.TANH, Activation.TANH));
        for (double wrong : new double[] {0, -1, Double.NaN, Double.NEGATIVE_INFINITY, 1e-60}) {
            refused("cellClip: expected a number above 0 in float32, got " + wrong, () -> lstm.cellClip(wrong));
            refused("inputClip: expected a number above 0 in float32, got " + wrong, () -> lstm.inputClip(wrong));
            refused(
                    "inputClip: expected a number above 0 in float32, got " + wrong,
                    () -> Gru.units(2).inputClip(wrong));
        }
        String coupled =
                "Lstm: bias: expected another one than forgetGateOne, since a coupled forget gate has no bias";
        refused(coupled, () -> lstm.coupled().bias(Initializer.forgetGateOne()));
        refused(coupled, () -> lstm.coupled().recurrentBias(Initializer.forgetGateOne()));
        Functional.Builder b = Functional.builder();
        Symbol x = b.input(Input.features(Shape.TIME, FEATURES));
        Symbol wide = b.input(Input.features(2).named("wide"));
        refused(
                "lstm: expected a state FLOAT32 [B,1], got FLOAT32 [B,2]",
                () -> b.apply(lstm.projection(1), x, List.of(wide, wide)));
        refused(
                "lstm_1: expected x, or x and its states h and c, got 2 inputs",
                () -> b.apply(lstm.projection(1), x, List.of(wide)));
        refused("lstm_2: expected FLOAT32 [B,T,I], got FLOAT32 [B,2]", () -> b.apply(lstm.projection(1), wide));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock = """
            "projection":3             | "projection":-1           | layers[1].form: projection: expected at least 1, or 0 for none, got -1
            "projection":3             | "projection":3.5          | layers[1].form: projection: expected a whole number of 64 bits, got 3.5
            "projection":3             | "project":3               | layers[1].form: expected a field projection, got none
            "cellClip":2.5             | "cellClip":0              | layers[1].form: cellClip: expected a number above 0 in float32, got 0.0
            "cellClip":2.5             | "cellClip":"Infinity"     | layers[1].form: cellClip: expected a number, got Infinity
            "inputClip":4.5            | "inputClip":-4.5          | layers[1].settings: inputClip: expected a number above 0 in float32, got -4.5
            "forgetGate":"COUPLED"     | "forgetGate":"NONE"       | layers[1].form: forgetGate: expected one of [OWN, COUPLED], got NONE
            "outputActivation":"RELU"  | "outputActivation":"COS"  | layers[1].form: outputActivation: expected one of
            """)
    void filesThatAreWrongAreRefusedWithThePlace(String good, String bad, String message) {
        Lstm layer = Lstm.units(4).coupled().projection(3).cellClip(2.5).inputClip(4.5).activation(Activation.RELU);
        String json = Network.chain(1, List.of(Input.features(Shape.TIME, FEATURES), layer.named("l"))).toJson();
        assertTrue(json.contains(good), () -> "nothing to change: " + json);
        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class, () -> Network.fromJson(json.replace(good, bad)));
        assertTrue(String.valueOf(e.getMessage()).contains(message), e.getMessage());
    }
}
