package dev.rondo.layers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Functional;
import dev.rondo.Model;
import dev.rondo.Runs;
import dev.rondo.Sequential;
import dev.rondo.data.Dataset;
import dev.rondo.data.Seeds;
import dev.rondo.inference.InferenceSession;
import dev.rondo.inference.Serving;
import dev.rondo.inference.StreamingSession;
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
import dev.rondo.training.Loss;
import dev.rondo.training.Sgd;
import dev.rondo.training.Training;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Padding that layers find: by [Masking] and by [Embedding#maskZero].
class MaskingTest {
    private static final int BATCH = 4;
    private static final int TIME = 6;
    private static final int FEATURES = 3;
    private static final float PADDING = -2.5f;
    private static final int[] LENGTHS = {6, 2, 1, 4};

    /// Real steps with holes between; as many as the lengths.
    private static final int[][] REAL = {{0, 1, 2, 3, 4, 5}, {1, 4}, {5}, {0, 2, 3, 5}};

    private enum Case {
        FEATURES,
        IDS
    }

    /// Steps of a sequence, at the beginning or with holes between.
    private static Tensor x(Case kind, boolean holes) {
        Tensor all = kind == Case.IDS
                ? Runs.ids(Seeds.generator(1, "x", 0), 8, BATCH, TIME)
                : Runs.features(Seeds.generator(1, "x", 0), BATCH, TIME, FEATURES);
        int size = kind == Case.IDS ? 1 : FEATURES;
        Tensor x = Tensor.zeros(all.type(), all.shape().dims());
        for (int b = 0; b < BATCH; b++) {
            for (int t = 0; t < TIME; t++) {
                int at = holes ? Arrays.binarySearch(REAL[b], t) : t < LENGTHS[b] ? t : -1;
                for (int i = 0; i < size; i++) {
                    double number = at < 0
                            ? kind == Case.IDS ? 0 : PADDING
                            : all.get(((long) b * TIME + at) * size + i) + (kind == Case.IDS ? 1 : 0);
                    x.set(((long) b * TIME + t) * size + i, number);
                }
            }
        }
        return x;
    }

    private static Layer input(Case kind) {
        return kind == Case.IDS ? Input.ids(Shape.TIME) : Input.features(Shape.TIME, FEATURES);
    }

    /// What finds the padding; or what stands there where lengths are given.
    private static Layer first(Case kind, Mask mask) {
        if (kind == Case.IDS) {
            Embedding embedding = Embedding.of(9, 5).named("embedding");
            return switch (mask) {
                case NONE -> embedding;
                case TRAILING -> embedding.maskZero();
                case ANYWHERE -> embedding.skipZero();
            };
        }
        return switch (mask) {
            case NONE -> Dropout.rate(0).named("masking");
            case TRAILING -> Masking.value(PADDING).named("masking");
            case ANYWHERE -> Masking.value(PADDING).holes().named("masking");
        };
    }

    private static Functional model(Case kind, Mask mask) {
        Functional.Builder b = Functional.builder();
        Symbol x = b.add(first(kind, mask), b.input((Input) input(kind)));
        Symbols forth = b.apply(Lstm.units(4).returnSequences(), x);
        Symbol both = b.add(Bidirectional.of(Gru.units(3).returnSequences(), Bidirectional.Merge.SUM), forth.y());
        Symbol seen = b.add(Attention.dot(), both, both);
        return b.output("steps", both).output("seen", seen).output("h", forth.h()).seed(2).build();
    }

    private static List<float[]> run(Functional model, Choice kernels, Tensor x, Optional<int[]> lengths) {
        Serving serving = Serving.standard().engine(Engine.inference().kernels(kernels));
        List<float[]> results = new ArrayList<>();
        try (InferenceSession session = model.session(serving)) {
            var request = session.request().input("x", x);
            lengths.ifPresent(own -> request.lengths("x", Tensor.of(own, BATCH)));
            List<Tensor> outputs = new ArrayList<>();
            session.outputShapes().forEach((name, shape) -> {
                outputs.add(Tensor.zeros(DataType.FLOAT32, shape.resolve(BATCH, TIME).dims()));
                request.output(name, outputs.getLast());
            });
            request.run();
            outputs.forEach(tensor -> results.add(tensor.toFloats()));
        }
        return results;
    }

    private static void equal(List<float[]> expected, List<float[]> actual) {
        assertEquals(expected.size(), actual.size());
        for (int i = 0; i < expected.size(); i++) {
            assertArrayEquals(expected.get(i), actual.get(i));
        }
    }

    /// Bit for bit, and with holes what the sequences without them are.
    @ParameterizedTest
    @EnumSource(value = Choice.class, names = {"NATIVE", "JAVA"})
    void paddingThatIsFoundIsAsPaddingByLengths(Choice kernels) {
        for (Case kind : Case.values()) {
            try (Functional plain = model(kind, Mask.NONE);
                    Functional trailing = model(kind, Mask.TRAILING);
                    Functional anywhere = model(kind, Mask.ANYWHERE)) {
                List<float[]> expected = run(plain, kernels, x(kind, false), Optional.of(LENGTHS));
                equal(expected, run(trailing, kernels, x(kind, false), Optional.empty()));
                equal(expected, run(anywhere, kernels, x(kind, false), Optional.empty()));
                equal(expected, run(anywhere, kernels, x(kind, true), Optional.empty()));
                int[] shorter = {6, 1, 1, 3};
                equal(
                        run(plain, kernels, x(kind, false), Optional.of(shorter)),
                        run(trailing, kernels, x(kind, false), Optional.of(shorter)));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(value = Choice.class, names = {"NATIVE", "JAVA"})
    void holesAreRefusedUnlessTheyAreLeftOut(Choice kernels) {
        for (Case kind : Case.values()) {
            try (Functional model = model(kind, Mask.TRAILING)) {
                refused("x[1]: expected padding behind the last real step only, got step 0 of padding before 1",
                        () -> run(model, kernels, x(kind, true), Optional.empty()));
            }
        }
    }

    private static Sequential trained(Case kind, Mask mask, boolean perStep) {
        Lstm lstm = Lstm.units(4);
        return Sequential.builder().seed(4)
                .add(input(kind)).add(first(kind, mask)).add(perStep ? lstm.returnSequences() : lstm).add(Dense.units(2))
                .build();
    }

    private static Training training(Choice kernels) {
        return Training.optimizer(Adam.rate(0.01)).loss(Loss.meanSquaredError()).engine(Runs.engine(kernels));
    }

    /// The losses count the real steps only, and the parameters go the same ways.
    @ParameterizedTest
    @EnumSource(value = Choice.class, names = {"NATIVE", "JAVA"})
    void trainingIsAsWithLengths(Choice kernels) {
        for (Case kind : Case.values()) {
            for (boolean perStep : new boolean[] {false, true}) {
                Tensor y = perStep
                        ? Runs.features(Seeds.generator(3, "y", 0), BATCH, TIME, 2)
                        : Runs.features(Seeds.generator(3, "y", 0), BATCH, 2);
                Fit fit = Fit.epochs(3).batchSize(BATCH);
                try (Sequential plain = trained(kind, Mask.NONE, perStep); Sequential found = trained(kind, Mask.TRAILING, perStep)) {
                    plain.compile(training(kernels));
                    found.compile(training(kernels));
                    assertEquals(
                            Runs.losses(plain, Dataset.of(x(kind, false), y).lengths(LENGTHS), fit),
                            Runs.losses(found, Dataset.of(x(kind, false), y), fit));
                    assertEquals(Runs.parameters(plain), Runs.parameters(found));
                    GradientCheck.standard().run(found.trainer(), Dataset.of(x(kind, false), y)).check();
                    GradientCheck.standard().ofTraining().run(found.trainer(), Dataset.of(x(kind, false), y)).check();
                }
            }
        }
    }

    /// Of the whole network, with holes: what is taken out in front gets its gradient back in its places.
    @Test
    void gradientsWithHolesAreSlopesAndAgree() {
        NetworkBuilder b = Network.builder();
        Symbol x = b.add(Embedding.of(9, 3).skipZero(), b.input(Input.ids(Shape.TIME)));
        Symbol y = b.add(SimpleRnn.units(3).returnSequences(), x);
        Network network = b.output("y", y).output("vectors", x).build(1);
        try (NetworkProbe probe = new NetworkProbe(
                network, Extents.of(BATCH, TIME), Map.of("x", x(Case.IDS, true)), Map.of())) {
            GradientCheck.standard().run(probe.differentiated()).check();
            Map<String, double[]> expected = probe.run(Engines.reference());
            for (int i = 0; i < 3; i++) {
                assertEquals(0, expected.getOrDefault("dembedding/weight", new double[3])[i]);
            }
            for (String isa : Engines.isas()) {
                Map<String, double[]> actual = probe.run(Engines.natives(isa, 2));
                // Sums of 4 times 6 steps, through 6 steps forth and back of 3 operations.
                expected.forEach((name, numbers) -> Closeness.ofSums(24, 2 * 6 * 3).check(
                        isa + " " + name, numbers, actual.getOrDefault(name, new double[0])));
            }
        }
    }

    /// A step of padding in a stream leaves the state alone.
    @ParameterizedTest
    @EnumSource(value = Choice.class, names = {"NATIVE", "JAVA"})
    void streamsWaitAtPadding(Choice kernels) {
        try (Sequential model = trained(Case.IDS, Mask.TRAILING, true);
                InferenceSession session = model.session(Serving.standard().engine(Engine.inference().kernels(kernels)));
                StreamingSession one = session.stream(1);
                StreamingSession other = session.stream(1)) {
            float[] expected = new float[2];
            float[] actual = new float[2];
            for (int id : new int[] {3, 5, 2}) {
                one.step(new int[] {id}, expected);
                other.step(new int[] {0}, actual);
                other.step(new int[] {id}, actual);
                assertArrayEquals(expected, actual);
            }
        }
    }

    @Test
    void paddingsVectorIsNotTrained() {
        try (Sequential model = trained(Case.IDS, Mask.TRAILING, false)) {
            List<Float> before = Runs.floats(model.parameters().get("embedding/weight"));
            model.compile(training(Choice.NATIVE));
            Tensor y = Runs.features(Seeds.generator(3, "y", 0), BATCH, 2);
            model.fit(Dataset.of(x(Case.IDS, false), y), Fit.epochs(2));
            List<Float> after = Runs.floats(model.parameters().get("embedding/weight"));
            assertEquals(before.subList(0, 5), after.subList(0, 5));
            assertNotEquals(before, after);
        }
    }

    @Test
    void layersComeBackFromJson(@TempDir Path folder) throws Exception {
        for (Layer layer : List.of(
                Masking.value(0.1), Masking.value(PADDING).holes(), Embedding.of(3, 2).maskZero(),
                Embedding.of(3, 2).skipZero().frozen(), Embedding.of(3, 2))) {
            Case kind = layer instanceof Masking ? Case.FEATURES : Case.IDS;
            Network network = Network.chain(1, List.of(input(kind), layer));
            assertEquals(network, Network.fromJson(network.toJson()));
        }
        String plain = Network.chain(1, List.of(input(Case.IDS), Embedding.of(3, 2))).toJson();
        assertTrue(!plain.contains("mask") && !plain.contains("learning"), plain);
        Path file = folder.resolve("model.safetensors");
        try (Functional model = model(Case.FEATURES, Mask.ANYWHERE)) {
            model.save(file);
            try (Functional loaded = Functional.load(file)) {
                equal(
                        run(model, Choice.NATIVE, x(Case.FEATURES, true), Optional.empty()),
                        run(loaded, Choice.NATIVE, x(Case.FEATURES, true), Optional.empty()));
            }
        }
    }

    // ------------------------------------------------------------------------------------------- pretrained and frozen

    private static final float[][] VECTORS = {{0, 0}, {0.5f, -1}, {2, 0.25f}};

    private static Sequential words(Embedding embedding) {
        return Sequential.of(Input.ids(Shape.TIME), embedding, Gru.units(3), Dense.units(2));
    }

    @Test
    void pretrainedVectorsAreWhatTheModelBeginsWith(@TempDir Path folder) throws Exception {
        Embedding embedding = Embedding.pretrained(VECTORS);
        assertEquals(Embedding.pretrained(Tensor.of(new float[] {0, 0, 0.5f, -1, 2, 0.25f}, 3, 2)), embedding);
        assertNotEquals(Embedding.pretrained(new float[][] {{0, 0}, {0.5f, 1}, {2, 0.25f}}), embedding);
        Path file = folder.resolve("model.safetensors");
        try (Model model = words(embedding.maskZero())) {
            assertArrayEquals(
                    new float[] {0, 0, 0.5f, -1, 2, 0.25f}, model.parameters().get("embedding/weight").toFloats());
            model.save(file);
            Network network = Network.chain(0, model.layers());
            assertTrue(!network.toJson().contains("0.25"), network.toJson());
            assertEquals(network, Network.fromJson(network.toJson()));
            try (Sequential loaded = Sequential.load(file)) {
                assertEquals(model.layers(), loaded.layers());
                assertEquals(Runs.parameters(model), Runs.parameters(loaded));
                IllegalStateException e = assertThrows(
                        IllegalStateException.class, () -> Sequential.of(loaded.layers().toArray(Layer[]::new)));
                assertTrue(String.valueOf(e.getMessage()).contains("make the layer anew"), e.getMessage());
            }
        }
    }

    @ParameterizedTest
    @EnumSource(value = Choice.class, names = {"NATIVE", "JAVA"})
    void frozenVectorsStay(Choice kernels) {
        Dataset data = Dataset.of(
                Tensor.of(new int[] {1, 2, 0, 2, 1, 1}, 2, 3), Runs.features(Seeds.generator(3, "y", 0), 2, 2));
        for (boolean frozen : new boolean[] {false, true}) {
            Embedding embedding = Embedding.pretrained(VECTORS).maskZero();
            try (Model model = words(frozen ? embedding.frozen() : embedding)) {
                Map<String, List<Float>> before = Runs.parameters(model);
                model.compile(Training.optimizer(Sgd.rate(0.1)).loss(Loss.meanSquaredError()).engine(Runs.engine(kernels)));
                GradientCheck.standard().run(model.trainer(), data).check();
                model.fit(data, Fit.epochs(2));
                Map<String, List<Float>> after = Runs.parameters(model);
                assertEquals(frozen, before.get("embedding/weight").equals(after.get("embedding/weight")));
                assertNotEquals(before.get("dense/weight"), after.get("dense/weight"));
            }
        }
    }

    // -------------------------------------------------------------------------------------------------------- bad input

    private static void refused(String message, Executable call) {
        String actual = assertThrows(IllegalArgumentException.class, call).getMessage();
        assertTrue(String.valueOf(actual).contains(message), actual);
    }

    @Test
    void whatDoesNotFitIsRefused() {
        refused("Masking: padding: expected a finite number in float32, got NaN", () -> Masking.value(Double.NaN));
        refused("Masking: mask: expected TRAILING or ANYWHERE, got NONE", () -> new Masking("", 0, Mask.NONE));
        NetworkBuilder b = Network.builder();
        Symbol fixed = b.input(Input.features(3).named("fixed"));
        Symbol ids = b.input(Input.ids(Shape.TIME).named("ids"));
        refused("masking: expected FLOAT32 [B,T,F], got FLOAT32 [B,3]", () -> b.add(Masking.value(0), fixed));
        refused("masking_1: expected FLOAT32 [B,T,F], got INT32 [B,T]", () -> b.add(Masking.value(0), ids));
        refused("vectors: expected at least one of at least one number, got none", () -> Embedding.pretrained(new float[0][]));
        refused("vectors[1]: expected 2 numbers, as of the first, got 1", () -> Embedding.pretrained(new float[][] {{1, 2}, {3}}));
        refused("vectors[0,1]: expected a finite number, got NaN", () -> Embedding.pretrained(new float[][] {{1, Float.NaN}}));
        refused("vectors: expected FLOAT32 [rows,columns], got INT32 [2]", () -> Embedding.pretrained(Tensor.of(new int[2], 2)));
        refused("weights: expected [4,2] numbers, got [3,2]",
                () -> words(Embedding.of(4, 2).weights(Initializer.pretrained(Tensor.of(new float[6], 3, 2)))));
        String json = Network.chain(1, List.of(input(Case.IDS), Embedding.pretrained(VECTORS))).toJson();
        refused("layers[1].weights.given: given: expected rows, columns and a SHA-256",
                () -> Network.fromJson(json.replace("\"sha256\":\"", "\"sha256\":\"x")));
    }
}
