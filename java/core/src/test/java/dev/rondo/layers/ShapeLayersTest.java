package dev.rondo.layers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Functional;
import dev.rondo.Runs;
import dev.rondo.Sequential;
import dev.rondo.data.Seeds;
import dev.rondo.inference.InferenceRequest;
import dev.rondo.inference.InferenceSession;
import dev.rondo.inference.Serving;
import dev.rondo.layers.Bidirectional.Merge;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Parameters;
import dev.rondo.plan.Plan;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Loss;
import dev.rondo.training.Sgd;
import dev.rondo.training.Training;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Layers that move numbers about, take some of them or merge them, against values by hand.
class ShapeLayersTest {
    private static final Input SEQUENCES = Input.features(Shape.TIME, 2);
    private static final int[] NONE = {};
    private static final float NAN = Float.NaN;

    /// Two sequences of 3 and 1 steps.
    private static final Tensor X = Tensor.of(new float[] {1, -2, 3, 4, 2, 7, 5, 6, NAN, 9, 9, NAN}, 2, 3, 2);

    private static final int[] LENGTHS = {3, 1};

    static Stream<Arguments> pools() {
        return Stream.of(
                        Arguments.of(PoolTime.max(), new float[] {3, 7, 5, 6}),
                        Arguments.of(PoolTime.mean(), new float[] {2, 3, 5, 6}),
                        Arguments.of(PoolTime.sum(), new float[] {6, 9, 5, 6}),
                        Arguments.of(PoolTime.first(), new float[] {1, -2, 5, 6}),
                        Arguments.of(PoolTime.last(), new float[] {2, 7, 5, 6}));
    }

    @ParameterizedTest
    @MethodSource("pools")
    void poolsTakeTheirsOfTheRealSteps(PoolTime pool, float[] expected) {
        for (Choice kernels : Layers.KERNELS) {
            assertArrayEquals(expected, Layers.run(kernels, SEQUENCES, X, LENGTHS, pool));
        }
        assertEquals(pool.equals(PoolTime.last()), pool.isStreamable());
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void reverseTurnsEachSequenceRound(Choice kernels) {
        assertArrayEquals(
                new float[] {2, 7, 3, 4, 1, -2, 5, 6, 0, 0, 0, 0},
                Layers.run(kernels, SEQUENCES, X, LENGTHS, Reverse.of()));
        assertArrayEquals(
                new float[] {3, 4, 1, -2},
                Layers.run(kernels, SEQUENCES, Tensor.of(new float[] {1, -2, 3, 4}, 1, 2, 2), NONE, Reverse.of()));
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void shapesChangeAndNumbersStay(Choice kernels) {
        float[] numbers = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
        Tensor x = Tensor.of(numbers, 2, 6);
        assertArrayEquals(numbers, Layers.run(kernels, Input.features(6), x, NONE, Reshape.to(3, 2)));
        assertArrayEquals(
                new float[] {2, 4, 6, 8, 10, 12},
                Layers.run(kernels, Input.features(6), x, NONE, Reshape.to(3, 2), Slice.features(1, 2)));
        assertArrayEquals(
                new float[] {5, 6, 11, 12},
                Layers.run(kernels, Input.features(6), x, NONE, Reshape.to(3, 2), PoolTime.last()));
        assertArrayEquals(numbers, Layers.run(kernels, Input.features(3, 2), Tensor.of(numbers, 2, 3, 2), NONE, Flatten.of()));
        assertArrayEquals(
                new float[] {1, 2, 1, 2, 1, 2, 3, 4, 3, 4, 3, 4},
                Layers.run(kernels, Input.features(2), Tensor.of(new float[] {1, 2, 3, 4}, 2, 2), NONE, Repeat.times(3)));
    }

    @Test
    void shapesOfSequencesKeepTheirTime() {
        try (Sequential model = Layers.model(Input.features(Shape.TIME, 6), Reshape.to(Shape.TIME, 3, 2), Flatten.of())) {
            assertEquals(Shape.of(Shape.BATCH, Shape.TIME, 6), model.outputShape());
        }
        try (Sequential model = Layers.model(Input.features(Shape.TIME, 6), Reshape.to(Shape.TIME, 3, 2))) {
            assertEquals(Shape.of(Shape.BATCH, Shape.TIME, 3, 2), model.outputShape());
        }
    }

    private static float[] merged(Choice kernels, MergeLayer merge, Tensor... parts) {
        NetworkBuilder b = Network.builder();
        Symbol[] symbols = new Symbol[parts.length];
        for (int i = 0; i < parts.length; i++) {
            symbols[i] = b.input(new Input("part" + i, DataType.FLOAT32, form(parts[i])));
        }
        Network network = b.output("y", b.add(merge, symbols)).build(1);
        Scope scope = network.graph(Scope.Variant.PLAIN);
        int batch = parts[0].shape().dim(0);
        try (Parameters parameters = Parameters.of(scope.graph().build());
                Plan plan = Plan.inference(
                        scope.graph().output("y", scope.y()).build(),
                        parameters,
                        Engine.inference().kernels(kernels).engine(),
                        Extents.of(batch, 1))) {
            for (int i = 0; i < parts.length; i++) {
                plan.tensor(scope.inputs().get("part" + i), batch, 1).copyFrom(parts[i]);
            }
            plan.run(batch, 1);
            return plan.tensor(scope.y(), batch, 1).toFloats();
        }
    }

    private static Shape form(Tensor tensor) {
        int[] dims = tensor.shape().dims();
        dims[0] = Shape.BATCH;
        return Shape.of(dims);
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void mergingKeepsTheOrder(Choice kernels) {
        Tensor left = Tensor.of(new float[] {1, 2, 3, 4}, 2, 2);
        Tensor right = Tensor.of(new float[] {10, 20}, 2, 1);
        assertArrayEquals(new float[] {1, 2, 10, 3, 4, 20}, merged(kernels, Concat.of(), left, right));
        Tensor steps = Tensor.of(new float[] {1, 2, 3, 4}, 1, 2, 2);
        Tensor more = Tensor.of(new float[] {5, 6}, 1, 1, 2);
        assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6}, merged(kernels, Concat.of().axis(1), steps, more));
        assertArrayEquals(
                new float[] {-9, -18, -27, -36},
                merged(kernels, Subtract.of(), left, Tensor.of(new float[] {10, 20, 30, 40}, 2, 2)));
    }

    /// Of two and of three inputs.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void mergingComputesElementByElement(Choice kernels) {
        Tensor a = Tensor.of(new float[] {1, -2, 3, 0.5f}, 2, 2);
        Tensor b = Tensor.of(new float[] {4, 5, -6, 8}, 2, 2);
        Tensor c = Tensor.of(new float[] {-2, 8, 0, 28.5f}, 2, 2);
        assertArrayEquals(new float[] {5, 3, -3, 8.5f}, merged(kernels, Add.of(), a, b));
        assertArrayEquals(new float[] {3, 11, -3, 37}, merged(kernels, Add.of(), a, b, c));
        assertArrayEquals(new float[] {4, -10, -18, 4}, merged(kernels, Multiply.of(), a, b));
        assertArrayEquals(new float[] {-8, -80, -0f, 114}, merged(kernels, Multiply.of(), a, b, c));
        assertArrayEquals(new float[] {2.5f, 1.5f, -1.5f, 4.25f}, merged(kernels, Average.of(), a, b));
        // By a third that is rounded, then the product: two roundings of half an ulp each.
        float[] means = merged(kernels, Average.of(), a, b, c);
        float[] expected = {1, 11f / 3, -1, 37f / 3};
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], means[i], 2 * Math.ulp(expected[i]));
        }
    }

    private interface Merged {
        float of(float forward, float backward);
    }

    static Stream<Arguments> bidirectionalMerges() {
        return Stream.of(
                        Arguments.of(Merge.SUM, (Merged) (forward, backward) -> forward + backward),
                        Arguments.of(Merge.MULTIPLY, (Merged) (forward, backward) -> forward * backward),
                        Arguments.of(Merge.AVERAGE, (Merged) (forward, backward) -> 0.5f * (forward + backward)),
                        Arguments.of(Merge.SEPARATE, (Merged) (forward, _) -> forward))
                .flatMap(merge -> Layers.KERNELS.stream()
                        .map(kernels -> Arguments.of(merge.get()[0], merge.get()[1], kernels)));
    }

    /// A bidirectional layer's output is what its merge makes of both directions computed apart, which stand beside it.
    @ParameterizedTest
    @MethodSource("bidirectionalMerges")
    void bothDirectionsBecomeOne(Merge merge, Merged merged, Choice kernels) {
        Lstm lstm = Lstm.units(2).returnSequences().bias(Initializer.normal(0.3));
        int[] lengths = {2, 4};
        Tensor x = Runs.features(Seeds.generator(4, "x", 0), 2, 4, 2);
        Functional.Builder b = Functional.builder();
        Symbols symbols = b.apply(Bidirectional.of(lstm, merge), b.input(SEQUENCES));
        try (Functional both = b.output("y", symbols.y())
                        .output("forward", symbols.output("forward"))
                        .output("backward", symbols.output("backward"))
                        .seed(3)
                        .build();
                InferenceSession session =
                        both.session(Serving.standard().engine(Engine.inference().kernels(kernels)))) {
            float[] forward = direction(lstm, both, "forward", kernels, x, lengths);
            float[] backward = direction(lstm.goBackwards(), both, "backward", kernels, x, lengths);
            assertFalse(Arrays.equals(forward, backward), "the directions are not told apart");
            Map<String, Tensor> outputs = new LinkedHashMap<>();
            InferenceRequest request = session.request().input("x", x).lengths("x", Tensor.of(lengths, 2));
            for (String name : List.of("y", "forward", "backward")) {
                outputs.put(name, Tensor.zeros(DataType.FLOAT32, 2, 4, 2));
                request = request.output(name, outputs.get(name));
            }
            request.run();
            float[] expected = new float[forward.length];
            for (int i = 0; i < expected.length; i++) {
                expected[i] = merged.of(forward[i], backward[i]);
            }
            assertArrayEquals(expected, outputs.get("y").toFloats());
            assertArrayEquals(forward, outputs.get("forward").toFloats());
            assertArrayEquals(backward, outputs.get("backward").toFloats());
        }
    }

    private static float[] direction(
            Lstm lstm, Functional both, String direction, Choice kernels, Tensor x, int... lengths) {
        try (Sequential one = Layers.model(SEQUENCES, lstm)) {
            for (String name : List.of("weightIh", "weightHh", "bias")) {
                one.setParameter("lstm/" + name, both.parameters().get("bidirectional/" + direction + "/" + name));
            }
            return Layers.run(one, kernels, x, lengths);
        }
    }

    /// A bidirectional layer's outputs side by side are both of its directions'.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void bothDirectionsStandSideBySide(Choice kernels) {
        Lstm lstm = Lstm.units(2).returnSequences().bias(Initializer.normal(0.3));
        int[] lengths = {2, 4};
        Tensor x = Runs.features(Seeds.generator(4, "x", 0), 2, 4, 2);
        try (Sequential both = Layers.model(SEQUENCES, Bidirectional.of(lstm));
                Sequential forward = Layers.model(SEQUENCES, lstm);
                Sequential backward = Layers.model(SEQUENCES, lstm.goBackwards())) {
            for (String name : List.of("weightIh", "weightHh", "bias")) {
                forward.setParameter("lstm/" + name, both.parameters().get("bidirectional/forward/" + name));
                backward.setParameter("lstm/" + name, both.parameters().get("bidirectional/backward/" + name));
            }
            assertEquals(Shape.of(Shape.BATCH, Shape.TIME, 4), both.outputShape());
            float[] y = Layers.run(both, kernels, x, lengths);
            float[] left = Layers.run(forward, kernels, x, lengths);
            float[] right = Layers.run(backward, kernels, x, lengths);
            for (int step = 0; step < 8; step++) {
                assertArrayEquals(
                        new float[] {left[2 * step], left[2 * step + 1], right[2 * step], right[2 * step + 1]},
                        Arrays.copyOfRange(y, 4 * step, 4 * step + 4));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void activationsAreThoseOfADenseLayer(Choice kernels) {
        Tensor x = Tensor.of(new float[] {1, -2, 0.5f, 3}, 2, 2);
        Initializer identity = Initializer.ones();
        for (Activation activation : Activation.values()) {
            Dense sum = Dense.units(3).weights(identity).biases(Bias.NONE);
            assertArrayEquals(
                    Layers.run(kernels, Input.features(2), x, NONE, sum.activation(activation)),
                    Layers.run(kernels, Input.features(2), x, NONE, sum, ActivationLayer.of(activation)));
        }
    }

    static Stream<Arguments> wrong() {
        Input rows = Input.features(2);
        return Stream.of(
                Arguments.of(rows, List.of(PoolTime.max()), "pool_time: expected FLOAT32 [B,T,...], got FLOAT32 [B,2]"),
                Arguments.of(rows, List.of(Reverse.of()), "reverse: expected FLOAT32 [B,T,...], got FLOAT32 [B,2]"),
                Arguments.of(SEQUENCES, List.of(Repeat.times(2)), "repeat: expected FLOAT32 [B,n], got FLOAT32 [B,T,2]"),
                Arguments.of(SEQUENCES, List.of(Slice.features(1, 3)), "slice: expected FLOAT32 [B,...,n] of at least 3 features, got FLOAT32 [B,T,2]"),
                Arguments.of(SEQUENCES, List.of(Reshape.to(3)), "reshape: x (x): expected the elements of [B,3], symbols in their places, got [B,T,2]"),
                Arguments.of(Input.ids(Shape.TIME), List.of(Flatten.of()), "flatten: expected FLOAT32 [B,...] or [B,T,...], got INT32 [B,T]"),
                Arguments.of(Input.ids(Shape.TIME), List.of(Reshape.to(Shape.TIME, 1)), "reshape: expected FLOAT32, got INT32 [B,T]"),
                Arguments.of(Input.ids(Shape.TIME), List.of(ActivationLayer.of(Activation.TANH)), "activation: expected FLOAT32 [B,...,n], got INT32 [B,T]"),
                Arguments.of(SEQUENCES, List.of(Concat.of()), "concat: expected 2 or more inputs, got 1"),
                Arguments.of(SEQUENCES, List.of(Subtract.of()), "subtract: expected 2 or more inputs, got 1"));
    }

    @ParameterizedTest
    @MethodSource("wrong")
    void whatLayersDoNotTakeIsRefused(Input input, List<Layer> layers, String message) {
        assertEquals(
                message,
                assertThrows(IllegalArgumentException.class, () -> Layers.model(input, layers.toArray(Layer[]::new)))
                        .getMessage());
    }

    @Test
    void whatCannotBeMergedIsRefused() {
        NetworkBuilder b = Network.builder();
        Symbol x = b.input(Input.features(Shape.TIME, 2));
        Symbol row = b.input(Input.features(2));
        Symbol ids = b.input(Input.ids(Shape.TIME));
        refused("concat: expected FLOAT32 like the first, [B,T,2], with any number at axis 2, got FLOAT32 [B,2]",
                () -> b.add(Concat.of(), x, row));
        refused("concat_1: expected FLOAT32 like the first, [B,T,2], with any number at axis 1, got FLOAT32 [B,T,2]",
                () -> b.add(Concat.of().axis(1), x, x));
        refused("concat_2: expected FLOAT32 like the first, [B,T], with any number at axis 1, got INT32 [B,T]",
                () -> b.add(Concat.of(), ids, ids));
        refused("concat_3: expected FLOAT32 like the first, [B,2], with any number at axis 3, got FLOAT32 [B,2]",
                () -> b.add(Concat.of().axis(3), row, row));
        refused("subtract: expected 2 inputs, got 3", () -> b.add(Subtract.of(), x, x, x));
    }

    @Test
    void settingsThatAreWrongAreRefused() {
        refused("Repeat: steps: expected at least 1, got 0", () -> Repeat.times(0));
        refused("Slice: from, to: expected 0 <= from < to, got -1, 1", () -> Slice.features(-1, 1));
        refused("Slice: from, to: expected 0 <= from < to, got 2, 2", () -> Slice.features(2, 2));
        refused("Concat: axis: expected -1 for the last or at least 1, got 0", () -> Concat.of().axis(0));
        refused("Concat: axis: expected -1 for the last or at least 1, got -2", () -> Concat.of().axis(-2));
        refused("Reshape: shape: expected extents of 1 or more, or a time as the first, got [B,0]", () -> Reshape.to(0));
        refused("Reshape: shape: expected extents of 1 or more, or a time as the first, got [B,2,T]",
                () -> Reshape.to(2, Shape.TIME));
        refused("Reshape: shape: expected [B,...] of two axes or more, got [B]", Reshape::to);
    }

    private static void refused(String message, Executable call) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, call).getMessage());
    }

    /// A loss of logits behind an activation undoes it or refuses it, as behind a dense layer.
    @Test
    void aLossSeesAnActivationOfItsOwn() {
        Training training = Training.optimizer(Sgd.rate(0.1)).loss(Loss.sparseCategoricalCrossEntropy());
        try (Sequential softmax =
                        Layers.model(Input.features(2), Dense.units(3), ActivationLayer.of(Activation.SOFTMAX));
                Sequential relu =
                        Layers.model(Input.features(2), Dense.units(3), ActivationLayer.of(Activation.RELU));
                Sequential noisy = Layers.model(Input.features(2), WeightNoise.of(Dense.units(3).activation(Activation.RELU), 0.1))) {
            softmax.compile(training);
            for (Sequential model : List.of(relu, noisy)) {
                String message = String.valueOf(
                        assertThrows(IllegalArgumentException.class, () -> model.compile(training)).getMessage());
                assertTrue(message.contains("got the RELU of"), message);
            }
        }
    }

    @Test
    void whatNeedsWholeSequencesCannotBeStreamed() {
        try (Sequential model = Layers.model(SEQUENCES, PoolTime.mean());
                InferenceSession session = model.session()) {
            assertEquals(
                    "stream: expected layers that give the same of a sequence in pieces, but pool_time needs the whole",
                    assertThrows(IllegalStateException.class, () -> session.stream(1)).getMessage());
        }
        assertFalse(Repeat.times(2).isStreamable());
        assertFalse(Concat.of().axis(1).isStreamable());
        assertFalse(Reshape.to(3).isStreamable());
        assertTrue(Reshape.to(Shape.TIME, 3).isStreamable());
        assertTrue(Concat.of().isStreamable());
        assertFalse(WeightNoise.of(Lstm.units(2).goBackwards(), 0.1).isStreamable());
        assertTrue(WeightNoise.of(Lstm.units(2), 0.1).isStreamable());
    }
}
