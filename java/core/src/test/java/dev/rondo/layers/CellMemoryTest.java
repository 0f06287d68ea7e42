package dev.rondo.layers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Functional;
import dev.rondo.Runs;
import dev.rondo.data.Seeds;
import dev.rondo.graph.Value;
import dev.rondo.kernels.Closeness;
import dev.rondo.kernels.Engines;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.GradientCheck;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Cells with memories and constants: decoders that attend at each step and feed what they saw back.
class CellMemoryTest {
    private static final int BATCH = 4;
    private static final int STEPS = 5;
    private static final int TARGETS = 3;
    private static final int UNITS = 3;
    private static final int MEMORY = 4;
    private static final int FEATURES = 2;
    private static final int[] LENGTHS = {2, 5, 1, 0};
    private static final int[] TARGET_LENGTHS = {1, 3, 0, 2};

    /// Bahdanau, Cho & Bengio (2015): the context of the state before goes into the next one; and a constant besides.
    private static Cell decoder(Attention attention) {
        return (s, x) -> {
            Value h = s.state("h", UNITS);
            Value memory = s.memory("memory", MEMORY);
            Value topic = s.constant("topic", 2);
            CellScope.Attended seen = s.attend(attention, h, s.dense("keys", memory, UNITS));
            Value sum = s.add(
                    s.dense("input", x, UNITS), s.recurrent("state", h, UNITS),
                    s.dense("context", s.concat(seen.context(), topic), UNITS));
            return s.next(h, s.tanh(sum));
        };
    }

    /// Luong, Pham & Manning (2015): what attention gave feeds into the next step. Looks at two memories, one of them
    /// by the x of the step too.
    private static final Cell INPUT_FEEDING = (s, x) -> {
        Value h = s.state("h", UNITS);
        Value fed = s.state("fed", UNITS);
        Value first = s.memory("first", UNITS);
        Value second = s.memory("second", MEMORY);
        Value next = s.next(h, s.tanh(s.add(s.dense("input", x, UNITS), s.recurrent("state", h, UNITS), fed)));
        Value ofFirst = s.attend(Attention.scaledDot(), next, first).context();
        Value ofSecond = s.attend(Attention.general().named("second_look"), s.dense("query", x, 2), second).context();
        return s.next(fed, s.tanh(s.dense("output", s.concat(next, ofFirst, ofSecond), UNITS)));
    };

    private enum Decoder {
        ADDITIVE(CellMemoryTest.decoder(Attention.additive(4))),
        DOT(CellMemoryTest.decoder(Attention.dot())),
        GENERAL(CellMemoryTest.decoder(Attention.general())),
        FEEDING(INPUT_FEEDING);

        private final Cell cell;

        Decoder(Cell cell) {
            this.cell = cell;
        }
    }

    private interface Applying {
        Symbols apply(Layer layer, Symbol... inputs);
    }

    private static Symbols apply(
            Decoder decoder, Rnn layer, Function<Input, Symbol> input, Applying b) {
        Symbol target = input.apply(Input.features(Shape.time(1), FEATURES).named("target"));
        Symbol memory = input.apply(Input.features(Shape.TIME, MEMORY).named("source"));
        return decoder == Decoder.FEEDING
                ? b.apply(layer, target, input.apply(Input.features(Shape.TIME, UNITS).named("other")), memory)
                : b.apply(
                        layer, target, memory, input.apply(Input.features(2).named("topic")),
                        input.apply(Input.features(UNITS).named("begin")));
    }

    static Stream<Arguments> all() {
        return Arrays.stream(Decoder.values()).flatMap(decoder -> Stream.of(
                        Rnn.of(decoder.cell).returnSequences(), Rnn.of(decoder.cell), Rnn.of(decoder.cell).goBackwards().returnSequences())
                .map(layer -> Arguments.of(decoder, layer)));
    }

    private static Network network(Decoder decoder, Rnn layer) {
        NetworkBuilder b = Network.builder();
        Symbols made = apply(decoder, layer, b::input, b::apply);
        return b.output("y", made.y()).output("h", made.output("h")).build(5);
    }

    private static Map<String, Tensor> inputs(double padding) {
        Map<String, Tensor> inputs = new LinkedHashMap<>();
        // Gradients of weights see what x holds as padding, times 0; training clears it.
        inputs.put("target", Runs.features(Seeds.generator(1, "target", 0), BATCH, TARGETS, FEATURES));
        inputs.put("source", padded(Runs.features(Seeds.generator(1, "source", 0), BATCH, STEPS, MEMORY), padding));
        inputs.put("other", padded(Runs.features(Seeds.generator(1, "other", 0), BATCH, STEPS, UNITS), padding));
        inputs.put("begin", Runs.features(Seeds.generator(1, "begin", 0), BATCH, UNITS));
        inputs.put("topic", Runs.features(Seeds.generator(1, "topic", 0), BATCH, 2));
        return inputs;
    }

    private static Tensor padded(Tensor tensor, double padding) {
        int steps = tensor.shape().dim(1);
        int size = tensor.shape().dim(2);
        for (int b = 0; b < BATCH; b++) {
            for (int i = LENGTHS[b] * size; i < steps * size; i++) {
                tensor.set((long) b * steps * size + i, padding);
            }
        }
        return tensor;
    }

    private static NetworkProbe probe(Decoder decoder, Rnn layer, double padding, boolean lengths) {
        Map<Integer, Tensor> all = new LinkedHashMap<>();
        if (lengths) {
            all.put(Shape.TIME, Tensor.of(LENGTHS, BATCH));
            all.put(Shape.time(1), Tensor.of(TARGET_LENGTHS, BATCH));
        }
        return new NetworkProbe(network(decoder, layer), Extents.of(BATCH, STEPS, TARGETS), inputs(padding), all);
    }

    @ParameterizedTest
    @MethodSource("all")
    void gradientsAreSlopes(Decoder decoder, Rnn layer) {
        for (boolean lengths : new boolean[] {false, true}) {
            try (NetworkProbe probe = probe(decoder, layer, 0.3, lengths)) {
                GradientCheck.standard().run(probe.differentiated()).check();
            }
        }
    }

    /// With NaN in the padding of the memories, which nothing may see.
    @ParameterizedTest
    @MethodSource("all")
    void nativeAgrees(Decoder decoder, Rnn layer) {
        for (boolean lengths : new boolean[] {false, true}) {
            try (NetworkProbe clean = probe(decoder, layer, 0.3, lengths);
                    NetworkProbe other = probe(decoder, layer, lengths ? Double.NaN : 0.3, lengths)) {
                Map<String, double[]> expected = clean.run(Engines.reference());
                other.run(Engines.reference()).forEach(
                        (name, numbers) -> assertArrayEquals(expected.get(name), numbers, name));
                for (String isa : Engines.isas()) {
                    Map<String, double[]> actual = other.run(Engines.natives(isa, 2));
                    // Sums of 4 times 5 steps, through 3 steps forth and back of some 15 operations.
                    expected.forEach((name, numbers) -> Closeness.ofSums(20, 2 * 3 * 15).check(
                            isa + " " + name, numbers, actual.getOrDefault(name, new double[0])));
                }
            }
        }
    }

    /// The decoder with additive attention by its equations, with loops of its own.
    @Test
    void isWhatItsEquationsSay() {
        Rnn layer = Rnn.of(Decoder.ADDITIVE.cell).returnSequences();
        try (NetworkProbe probe = probe(Decoder.ADDITIVE, layer, Double.NaN, true)) {
            double[] actual = probe.run(Engines.reference()).getOrDefault("output.y", new double[0]);
            double[] expected = new double[BATCH * TARGETS * UNITS];
            Map<String, Tensor> inputs = inputs(0);
            for (int b = 0; b < BATCH; b++) {
                double[] h = row(inputs, "begin", b);
                double[] topic = row(inputs, "topic", b);
                for (int t = 0; t < TARGET_LENGTHS[b]; t++) {
                    double[] context = context(probe, inputs, b, h);
                    double[] seen = IntStream.range(0, UNITS + 2)
                            .mapToDouble(i -> i < UNITS ? context[i] : topic[i - UNITS])
                            .toArray();
                    double[] x = row(inputs, "target", b * TARGETS + t);
                    double[] sum = plus(plus(dense(probe, "input", x), times(probe, "state.weight", h)), dense(probe, "context", seen));
                    h = Arrays.stream(sum).map(Math::tanh).toArray();
                    System.arraycopy(h, 0, expected, (b * TARGETS + t) * UNITS, UNITS);
                }
            }
            Closeness.ofSums(6, 3 * 8).check("y", expected, actual);
        }
    }

    private static double[] context(NetworkProbe probe, Map<String, Tensor> inputs, int b, double[] h) {
        double[][] keys = new double[LENGTHS[b]][];
        double[] scores = new double[LENGTHS[b]];
        for (int t = 0; t < LENGTHS[b]; t++) {
            keys[t] = dense(probe, "keys", row(inputs, "source", b * STEPS + t));
            double[] hidden = plus(times(probe, "attention.queryWeight", h), times(probe, "attention.keyWeight", keys[t]));
            scores[t] = Math.exp(times(probe, "attention.scoreWeight", Arrays.stream(hidden).map(Math::tanh).toArray())[0]);
        }
        double total = Arrays.stream(scores).sum();
        double[] context = new double[UNITS];
        for (int t = 0; t < LENGTHS[b]; t++) {
            for (int i = 0; i < UNITS; i++) {
                context[i] += scores[t] / total * keys[t][i];
            }
        }
        return context;
    }

    private static double[] dense(NetworkProbe probe, String name, double[] x) {
        return plus(times(probe, name + ".weight", x), probe.parameter("rnn/" + name + ".bias").toDoubles());
    }

    private static double[] times(NetworkProbe probe, String name, double[] x) {
        Tensor weight = probe.parameter("rnn/" + name);
        int columns = weight.shape().dim(1);
        assertEquals(columns, x.length);
        return IntStream.range(0, weight.shape().dim(0))
                .mapToDouble(row -> IntStream.range(0, columns).mapToDouble(i -> weight.get((long) row * columns + i) * x[i]).sum())
                .toArray();
    }

    private static double[] plus(double[] a, double[] b) {
        return IntStream.range(0, a.length).mapToDouble(i -> a[i] + b[i]).toArray();
    }

    private static double[] row(Map<String, Tensor> inputs, String name, int index) {
        Tensor tensor = inputs.get(name);
        assertTrue(tensor != null, name);
        int size = tensor.shape().dim(-1);
        return IntStream.range(0, size).mapToDouble(i -> tensor.get((long) index * size + i)).toArray();
    }

    @ParameterizedTest
    @MethodSource("all")
    void networksComeBackFromJson(Decoder decoder, Rnn layer) {
        Network network = network(decoder, layer);
        Network read = Network.fromJson(network.toJson());
        assertEquals(network, read);
        assertEquals(network.hashCode(), read.hashCode());
    }

    @Test
    void modelsComeBackFromTheirFile(@TempDir Path folder) throws Exception {
        Functional.Builder b = Functional.builder();
        Symbols made = apply(Decoder.ADDITIVE, Rnn.of(Decoder.ADDITIVE.cell).returnSequences(), b::input, b::apply);
        assertEquals(List.of(made.output("h").shape()), made.states().stream().map(Symbol::shape).toList());
        Path file = folder.resolve("model.safetensors");
        Map<String, Tensor> inputs = new LinkedHashMap<>(inputs(0));
        inputs.remove("other");
        Map<String, Tensor> lengths = Map.of(
                "source", Tensor.of(LENGTHS, BATCH), "target", Tensor.of(TARGET_LENGTHS, BATCH));
        try (Functional model = b.output("y", made.y()).build()) {
            model.save(file);
            try (Functional loaded = Functional.load(file)) {
                assertArrayEquals(
                        model.predict(inputs, lengths).firstEntry().getValue().toFloats(),
                        loaded.predict(inputs, lengths).firstEntry().getValue().toFloats());
            }
        }
    }

    private static void refused(String message, Executable call) {
        String actual = assertThrows(IllegalArgumentException.class, call).getMessage();
        assertTrue(String.valueOf(actual).contains(message), actual);
    }

    @Test
    void wrongCellsAreRefused() {
        refused("memory: expected at least 1, got 0", () -> Rnn.of((s, x) -> s.memory("memory", 0)));
        refused("topic: expected at least 1, got -1", () -> Rnn.of((s, x) -> s.constant("topic", -1)));
        refused("cell: memory: expected a name of letters, digits and _, got \"a-b\"", () -> Rnn.of((s, x) -> s.memory("a-b", 2)));
        refused("attend: expected a query [B,H], got memory [B,T6,2]", () -> Rnn.of((s, x) -> {
            Value memory = s.memory("memory", 2);
            return s.attend(Attention.dot(), memory, memory).context();
        }));
        refused("attend: expected a memory of the cell [B,M,n], got h [B,2]", () -> Rnn.of((s, x) -> {
            Value h = s.state("h", 2);
            return s.attend(Attention.dot(), h, h).context();
        }));
        refused("expected keys, here the values, FLOAT32 [B,T6,3], got FLOAT32 [B,T6,2]", () -> Rnn.of(
                (s, x) -> s.attend(Attention.dot(), s.state("h", 3), s.memory("memory", 2)).context()));
        refused("cell: expected at most 4 memories, got another one, five", () -> Rnn.of((s, x) -> {
            for (String name : List.of("one", "two", "three", "four", "five")) {
                s.memory(name, 2);
            }
            return x;
        }));
    }

    @Test
    void wrongInputsAreRefused() {
        Functional.Builder b = Functional.builder();
        Symbol x = b.input(Input.features(Shape.time(1), FEATURES).named("target"));
        Symbol memory = b.input(Input.features(Shape.TIME, MEMORY).named("source"));
        Symbol topic = b.input(Input.features(2).named("topic"));
        Rnn layer = Rnn.of(Decoder.DOT.cell);
        refused("rnn: expected x and [memory, topic], and besides all states [h] or none, got 1 inputs", () -> b.add(layer, x));
        refused("rnn_1: expected the memory memory FLOAT32 [B,M,4], got FLOAT32 [B,2]", () -> b.add(layer, x, topic, memory));
        refused("rnn_2: expected the constant topic FLOAT32 [B,2], got FLOAT32 [B,T,4]", () -> b.add(layer, x, memory, memory));
        refused("rnn_3: expected the state h FLOAT32 [B,3], got FLOAT32 [B,2]", () -> b.add(layer, x, memory, topic, topic));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock = """
            "kind":"MEMORY"              | "kind":"STATE"             | cell.constants[0]: kind: expected one of [MEMORY, CONSTANT], got STATE
            "kind":"MEMORY"              | "kind":"CONSTANT"          | cell
            "kind":"MEMORY","size":4     | "kind":"MEMORY","size":0   | cell.constants[0]: size: expected extents
            "kind":"MEMORY","size":4     | "kind":"MEMORY","size":"I" | cell.constants[0]: size: expected a number, got I
            "lengths":"memory.lengths"   | "lengths":"topic"          | cell
            """)
    void filesThatAreWrongAreRefusedWithThePlace(String good, String bad, String message) {
        String json = network(Decoder.ADDITIVE, Rnn.of(Decoder.ADDITIVE.cell)).toJson();
        assertTrue(json.contains(good), () -> "nothing to change: " + json);
        refused(message, () -> Network.fromJson(json.replace(good, bad)).graph(Scope.Variant.PLAIN));
    }
}
