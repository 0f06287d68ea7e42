package dev.rondo.layers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Functional;
import dev.rondo.Model;
import dev.rondo.Runs;
import dev.rondo.data.Dataset;
import dev.rondo.data.Seeds;
import dev.rondo.inference.InferenceSession;
import dev.rondo.inference.Serving;
import dev.rondo.kernels.Closeness;
import dev.rondo.kernels.Engines;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Adam;
import dev.rondo.training.Fit;
import dev.rondo.training.GradientCheck;
import dev.rondo.training.Training;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToDoubleBiFunction;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class AttentionTest {
    private static final int BATCH = 4;
    private static final int STEPS = 5;
    private static final int QUERIES = 3;
    private static final int SIZE = 4;
    private static final int VALUE_SIZE = 6;
    private static final int[] LENGTHS = {5, 2, 0, 3};
    private static final int[] QUERY_LENGTHS = {1, 3, 2, 0};

    /// What a layer is applied to.
    private enum Form {
        /// queries of steps of their own, and keys beside the values
        KEYS,
        /// queries of steps of their own
        VALUES,
        /// one query a sequence
        SINGLE,
        /// the sequence looks at itself
        SELF
    }

    static Stream<Attention> layers() {
        return Stream.of(Attention.dot(), Attention.scaledDot(), Attention.general(), Attention.additive(7));
    }

    static Stream<Arguments> all() {
        return layers().flatMap(layer -> Arrays.stream(Form.values()).map(form -> Arguments.of(layer, form)));
    }

    static Stream<Arguments> allOnKernels() {
        return all().flatMap(arguments -> Stream.of(Choice.JAVA, Choice.NATIVE).map(
                kernels -> Arguments.of(arguments.get()[0], arguments.get()[1], kernels)));
    }

    private static Functional model(Attention layer, Form form) {
        Functional.Builder b = Functional.builder();
        Symbols seen = seen(layer, form, b::input, b::apply);
        return b.output("contexts", seen.y()).output("shares", seen.output(Attention.WEIGHTS)).seed(5).build();
    }

    private static Network network(Attention layer, Form form) {
        NetworkBuilder b = Network.builder();
        Symbols seen = seen(layer, form, b::input, b::apply);
        return b.output("contexts", seen.y()).output("shares", seen.output(Attention.WEIGHTS)).build(5);
    }

    private interface Applying {
        Symbols apply(Layer layer, Symbol... inputs);
    }

    private static Symbols seen(Attention layer, Form form, Function<Input, Symbol> input, Applying b) {
        boolean wide = form == Form.KEYS || layer.score() == Attention.Score.GENERAL && form != Form.SELF;
        Symbol values = input.apply(Input.features(Shape.TIME, wide ? VALUE_SIZE : SIZE).named("values"));
        return switch (form) {
            case KEYS -> b.apply(layer, input.apply(Input.features(Shape.time(1), SIZE).named("queries")), values,
                    input.apply(Input.features(Shape.TIME, SIZE).named("keys")));
            case VALUES -> b.apply(layer, input.apply(Input.features(Shape.time(1), SIZE).named("queries")), values);
            case SINGLE -> b.apply(layer, input.apply(Input.features(SIZE).named("queries")), values);
            case SELF -> b.apply(layer, values, values);
        };
    }

    /// Numbers of all inputs, and NaN in their padding if wanted.
    private static Map<String, Tensor> inputs(Model model, Form form, double padding) {
        Map<String, Tensor> inputs = new LinkedHashMap<>();
        try (InferenceSession session = model.session()) {
            session.inputShapes().forEach((name, shape) -> {
                Tensor tensor = Runs.features(
                        Seeds.generator(2, name, 0), shape.resolve(Extents.of(BATCH, STEPS, QUERIES)).dims());
                int size = tensor.shape().dim(-1);
                if (tensor.shape().rank() == 3) {
                    int steps = tensor.shape().dim(1);
                    int[] lengths = name.equals("queries") ? QUERY_LENGTHS : LENGTHS;
                    for (int b = 0; b < BATCH; b++) {
                        for (int i = lengths[b] * size; i < steps * size; i++) {
                            tensor.set((long) b * steps * size + i, padding);
                        }
                    }
                }
                inputs.put(name, tensor);
            });
        }
        return inputs;
    }

    private static Map<String, Tensor> lengths(Form form) {
        Map<String, Tensor> lengths = new LinkedHashMap<>();
        lengths.put("values", Tensor.of(LENGTHS, BATCH));
        if (form == Form.KEYS || form == Form.VALUES) {
            lengths.put("queries", Tensor.of(QUERY_LENGTHS, BATCH));
        }
        return lengths;
    }

    private static Map<String, float[]> run(Functional model, Form form, Map<String, Tensor> inputs, Choice kernels) {
        Map<String, float[]> results = new LinkedHashMap<>();
        Serving serving = Serving.standard().engine(Engine.inference().kernels(kernels));
        try (InferenceSession session = model.session(serving)) {
            var request = session.request();
            inputs.forEach(request::input);
            lengths(form).forEach(request::lengths);
            Map<String, Tensor> outputs = new LinkedHashMap<>();
            session.outputShapes().forEach((name, shape) -> {
                Tensor tensor = Tensor.zeros(DataType.FLOAT32, shape.resolve(Extents.of(BATCH, STEPS, QUERIES)).dims());
                outputs.put(name, tensor);
                request.output(name, tensor);
            });
            request.run();
            outputs.forEach((name, tensor) -> results.put(name, tensor.toFloats()));
        }
        return results;
    }

    /// The layer by its equations, with loops of its own.
    private static Map<String, double[]> expected(Functional model, Attention layer, Form form, Map<String, Tensor> inputs) {
        Tensor values = tensor(inputs, "values");
        Tensor queries = form == Form.SELF ? values : tensor(inputs, "queries");
        Tensor keys = form == Form.KEYS ? tensor(inputs, "keys") : values;
        int rows = form == Form.SINGLE ? 1 : queries.shape().dim(1);
        int width = values.shape().dim(2);
        double[] contexts = new double[BATCH * rows * width];
        double[] weights = new double[BATCH * rows * STEPS];
        ToDoubleBiFunction<double[], double[]> score = score(model, layer);
        for (int b = 0; b < BATCH; b++) {
            int real = form == Form.SINGLE ? 1 : form == Form.SELF ? LENGTHS[b] : QUERY_LENGTHS[b];
            for (int s = 0; s < real && LENGTHS[b] > 0; s++) {
                double[] q = row(queries, b * rows + s);
                double[] scores = new double[LENGTHS[b]];
                for (int t = 0; t < LENGTHS[b]; t++) {
                    scores[t] = Math.exp(score.applyAsDouble(q, row(keys, b * STEPS + t)));
                }
                double sum = Arrays.stream(scores).sum();
                for (int t = 0; t < LENGTHS[b]; t++) {
                    double weight = scores[t] / sum;
                    weights[(b * rows + s) * STEPS + t] = weight;
                    double[] v = row(values, b * STEPS + t);
                    for (int i = 0; i < width; i++) {
                        contexts[(b * rows + s) * width + i] += weight * v[i];
                    }
                }
            }
        }
        return Map.of("contexts", contexts, "shares", weights);
    }

    private static ToDoubleBiFunction<double[], double[]> score(Functional model, Attention layer) {
        Map<String, Tensor> parameters = model.parameters();
        return switch (layer.score()) {
            case DOT -> AttentionTest::product;
            case SCALED_DOT -> (q, k) -> product(q, k) / Math.sqrt(q.length);
            case GENERAL -> (q, k) -> product(k, times(tensor(parameters, "attention/weight"), q));
            case ADDITIVE -> (q, k) -> {
                double[] ofQuery = times(tensor(parameters, "attention/queryWeight"), q);
                double[] ofKey = times(tensor(parameters, "attention/keyWeight"), k);
                double[] hidden = IntStream.range(0, 7).mapToDouble(i -> Math.tanh(ofQuery[i] + ofKey[i])).toArray();
                return times(tensor(parameters, "attention/scoreWeight"), hidden)[0];
            };
        };
    }

    private static Tensor tensor(Map<String, Tensor> tensors, String name) {
        Tensor tensor = tensors.get(name);
        assertTrue(tensor != null, name);
        return tensor;
    }

    private static double[] row(Tensor tensor, int index) {
        int size = tensor.shape().dim(-1);
        return IntStream.range(0, size).mapToDouble(i -> tensor.get((long) index * size + i)).toArray();
    }

    private static double product(double[] a, double[] b) {
        return IntStream.range(0, a.length).mapToDouble(i -> a[i] * b[i]).sum();
    }

    private static double[] times(Tensor weight, double[] x) {
        return IntStream.range(0, weight.shape().dim(0)).mapToDouble(row -> product(row(weight, row), x)).toArray();
    }

    /// With padding of NaN: steps behind a length weigh exactly 0 and padded queries yield zeros, for the expected
    /// values are exactly 0 there.
    @ParameterizedTest
    @MethodSource("allOnKernels")
    void isWhatItsEquationsSay(Attention layer, Form form, Choice kernels) {
        try (Functional model = model(layer, form)) {
            Map<String, Tensor> inputs = inputs(model, form, Double.NaN);
            Map<String, float[]> actual = run(model, form, inputs, kernels);
            Map<String, double[]> expected = expected(model, layer, form, inputs);
            assertEquals(expected.keySet(), actual.keySet());
            expected.forEach((name, numbers) -> {
                float[] got = actual.getOrDefault(name, new float[0]);
                // Sums of 7 terms, of 6, and of 5, and a softmax of 4 roundings.
                Closeness.ofSums(7, 8).check(
                        name, numbers, IntStream.range(0, got.length).mapToDouble(i -> got[i]).toArray());
                for (int i = 0; i < got.length; i++) {
                    if (numbers[i] == 0) {
                        assertEquals(0f, got[i], name);
                    }
                }
            });
        }
    }

    @ParameterizedTest
    @MethodSource("allOnKernels")
    void paddingDoesNotMatter(Attention layer, Form form, Choice kernels) {
        try (Functional model = model(layer, form)) {
            Map<String, float[]> some = run(model, form, inputs(model, form, 0.7), kernels);
            Map<String, float[]> other = run(model, form, inputs(model, form, Double.NaN), kernels);
            some.forEach((name, numbers) -> assertArrayEquals(numbers, other.get(name), name));
        }
    }

    private static NetworkProbe probe(Attention layer, Form form, double padding) {
        Map<String, Tensor> numbers;
        try (Functional model = model(layer, form)) {
            numbers = inputs(model, form, padding);
        }
        Map<Integer, Tensor> lengths = new LinkedHashMap<>();
        lengths.put(Shape.TIME, Tensor.of(LENGTHS, BATCH));
        lengths.put(Shape.time(1), Tensor.of(QUERY_LENGTHS, BATCH));
        return new NetworkProbe(network(layer, form), Extents.of(BATCH, STEPS, QUERIES), numbers, lengths);
    }

    @ParameterizedTest
    @MethodSource("all")
    void gradientsAreSlopes(Attention layer, Form form) {
        try (NetworkProbe probe = probe(layer, form, 0.7)) {
            GradientCheck.standard().run(probe.differentiated()).check();
        }
    }

    /// With NaN in the padding, which no gradient may see.
    @ParameterizedTest
    @MethodSource("all")
    void nativeGradientsAgree(Attention layer, Form form) {
        try (NetworkProbe clean = probe(layer, form, 0.7); NetworkProbe withNan = probe(layer, form, Double.NaN)) {
            Map<String, double[]> expected = clean.run(Engines.reference());
            withNan.run(Engines.reference()).forEach(
                    (name, numbers) -> assertArrayEquals(expected.get(name), numbers, name));
            for (String isa : Engines.isas()) {
                Map<String, double[]> actual = withNan.run(Engines.natives(isa, 2));
                // Sums over 7 units or 4 times 5 steps at most, in a chain of some 20 operations.
                expected.forEach((name, numbers) -> Closeness.ofSums(20, 20).check(
                        isa + " " + name, numbers, actual.getOrDefault(name, new double[0])));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("all")
    void modelsComeBackFromTheirFile(Attention layer, Form form, @TempDir Path folder) throws Exception {
        Network network = network(layer.weights(Initializer.normal(0.5)).named("look"), form);
        assertEquals(network, Network.fromJson(network.toJson()));
        Path file = folder.resolve("model.safetensors");
        try (Functional model = model(layer, form)) {
            model.save(file);
            Map<String, Tensor> inputs = inputs(model, form, 0);
            try (Functional loaded = Functional.load(file)) {
                assertEquals(model.layers(), loaded.layers());
                run(model, form, inputs, Choice.NATIVE).forEach((name, numbers) -> assertArrayEquals(
                        numbers, run(loaded, form, inputs, Choice.NATIVE).get(name), name));
            }
        }
    }

    /// To find the step with a mark and tell its class: the mean of all steps does not tell it.
    @ParameterizedTest
    @EnumSource(value = Choice.class, names = {"NATIVE", "JAVA"})
    void attentionLearns(Choice kernels) {
        int examples = 96;
        Tensor x = Runs.features(Seeds.generator(4, "x", 0), examples, STEPS, 3);
        int[] classes = new int[examples];
        int[] lengths = new int[examples];
        RandomGenerator random = Seeds.generator(4, "marks", 0);
        for (int i = 0; i < examples; i++) {
            lengths[i] = 2 + random.nextInt(STEPS - 1);
            int marked = random.nextInt(lengths[i]);
            for (int t = 0; t < STEPS; t++) {
                x.set((i * STEPS + t) * 3L + 2, t == marked ? 1 : 0);
            }
            classes[i] = x.get((i * STEPS + marked) * 3L) > 0 ? 1 : 0;
        }
        Functional.Builder b = Functional.builder();
        Symbol steps = b.input(Input.features(Shape.TIME, 3));
        Symbol query = b.add(SimpleRnn.units(4), steps);
        Symbol found = b.add(Attention.additive(8), query, steps);
        try (Functional model = b.output("y", b.add(Dense.units(2), found)).seed(2).build()) {
            model.compile(Training.optimizer(Adam.rate(0.03)).engine(Runs.engine(kernels)));
            Dataset data = Dataset.of(x, Tensor.of(classes, examples)).lengths(lengths);
            List<Double> losses = Runs.losses(model, data, Fit.epochs(30).batchSize(32));
            assertTrue(losses.getLast() < 0.25, () -> losses.getFirst() + " to " + losses.getLast());
        }
    }

    private static void refused(String message, Executable call) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, call).getMessage());
    }

    @Test
    void whatDoesNotFitIsRefused() {
        NetworkBuilder b = Network.builder();
        Symbol four = b.input(Input.features(Shape.TIME, 4));
        Symbol six = b.input(Input.features(Shape.TIME, 6).named("six"));
        Symbol others = b.input(Input.features(Shape.time(1), 4).named("others"));
        Symbol ids = b.input(Input.ids(Shape.TIME).named("ids"));
        refused("attention: expected 2 to 3 inputs, got 1", () -> b.add(Attention.dot(), four));
        refused("attention_1: expected queries FLOAT32 [B,S,H] or [B,H], got INT32 [B,T]",
                () -> b.add(Attention.dot(), ids, four));
        refused("attention_2: expected values FLOAT32 [B,T,V], got INT32 [B,T]", () -> b.add(Attention.dot(), four, ids));
        refused("attention_3: expected keys, here the values, FLOAT32 [B,T,4], got FLOAT32 [B,T,6]",
                () -> b.add(Attention.scaledDot(), four, six));
        refused("attention_4: expected keys FLOAT32 [B,T,K], got FLOAT32 [B,T1,4]",
                () -> b.add(Attention.general(), four, six, others));
        refused("Attention: units: expected at least 1, got 0", () -> Attention.additive(0));
        refused("Attention: units: expected 0 of DOT, got 3",
                () -> new Attention("", Attention.Score.DOT, 3, Initializer.zeros()));
    }
}
