package dev.rondo.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Runs;
import dev.rondo.Sequential;
import dev.rondo.data.Dataset;
import dev.rondo.data.Order;
import dev.rondo.data.Seeds;
import dev.rondo.layers.Activation;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Embedding;
import dev.rondo.layers.Input;
import dev.rondo.layers.Lstm;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// NaN, infinity, ids and classes out of range: what is said, and that the last good parameters stay.
class BadDataTest {
    private static final Fit FIT = Fit.epochs(1).batchSize(2).order(Order.SEQUENTIAL);

    private static Sequential classifier() {
        return Sequential.of(Input.features(Shape.TIME, 3), Lstm.units(4), Dense.units(2));
    }

    private static Tensor x() {
        return Runs.features(Seeds.generator(1, "x", 0), 6, 5, 3);
    }

    private static final Tensor Y = Tensor.of(new int[] {0, 1, 1, 0, 1, 0}, 6);

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void nanInTheInputIsNamedAndTheParametersStay(Choice kernels) {
        Tensor bad = x();
        bad.set((3 * 5 + 4) * 3 + 2, Double.NaN);
        try (Sequential model = classifier()) {
            model.compile(Runs.training(kernels));
            List<Map<String, List<Float>>> after = new ArrayList<>();
            NonFiniteException e = assertThrows(
                    NonFiniteException.class,
                    () -> model.fit(
                            Dataset.of(bad, Y), FIT.callback(Callback.eachBatch(_ -> after.add(Runs.parameters(model))))));
            assertEquals("batch 2: x: expected finite numbers, got NaN at [1,4,2] of [B,T,3]", e.getMessage());
            assertEquals(2, e.batch());
            assertEquals("x", e.tensor());
            assertEquals(1, after.size());
            assertEquals(after.getLast(), Runs.parameters(model));
            assertEquals(1, model.trainer().steps());
            model.fit(Dataset.of(x(), Y), FIT);
            assertNotEquals(after.getLast(), Runs.parameters(model), "it can go on");
            NonFiniteException scored =
                    assertThrows(NonFiniteException.class, () -> model.evaluate(Dataset.of(bad, Y), 4));
            assertEquals("x", scored.tensor());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void infiniteTargetsAreNamed(Choice kernels) {
        float[] targets = {1, 0, 0, 1, Float.POSITIVE_INFINITY, 0, 1, 0, 1, 0, 0, 1};
        try (Sequential model = classifier()) {
            model.compile(Runs.training(kernels).loss(Loss.categoricalCrossEntropy()));
            NonFiniteException e = assertThrows(
                    NonFiniteException.class, () -> model.fit(Dataset.of(x(), Tensor.of(targets, 6, 2)), FIT));
            assertEquals("batch 2: y: expected finite numbers, got Infinity at [0,0] of [B,2]", e.getMessage());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void targetsThatAreNoProbabilitiesAreNamed(Choice kernels) {
        float[] targets = {1, 0, 0, 1, 0.5f, 1, 1, 0, 1, -0.25f, 0, 1};
        try (Sequential model = classifier()) {
            model.compile(Training.optimizer(Sgd.standard())
                    .loss(Loss.binaryCrossEntropy())
                    .engine(Runs.engine(kernels)));
            IllegalArgumentException e = assertThrows(
                    IllegalArgumentException.class,
                    () -> model.fit(Dataset.of(x(), Tensor.of(targets, 6, 2)), FIT));
            assertEquals("batch 3: y[0,1]: expected 0 to 1, got -0.25", e.getMessage());
        }
    }

    /// Every loss: NaN in the targets, and predictions of which it cannot be taken.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void whatALossCannotBeTakenOfIsNamed(Choice kernels) {
        float[] targets = {1, 0, 0, 1, Float.NaN, 0, 1, 0, 1, 0, 0, 1};
        for (Loss loss : List.of(Loss.meanSquaredError(), Loss.meanAbsoluteError(), Loss.binaryCrossEntropy())) {
            try (Sequential model = classifier()) {
                model.compile(Training.optimizer(Sgd.standard()).loss(loss).engine(Runs.engine(kernels)));
                NonFiniteException e = assertThrows(
                        NonFiniteException.class,
                        () -> model.fit(Dataset.of(x(), Tensor.of(targets, 6, 2)), FIT));
                assertEquals("batch 2: y: expected finite numbers, got NaN at [0,0] of [B,2]", e.getMessage());
            }
        }
        try (Sequential model = Sequential.of(Input.features(1), Dense.units(1))) {
            model.setParameter("dense/weight", Tensor.of(new float[] {1}, 1, 1));
            model.compile(Training.optimizer(Sgd.standard())
                    .loss(Loss.binaryCrossEntropyOfProbabilities())
                    .engine(Runs.engine(kernels)));
            Dataset data = Dataset.of(Tensor.of(new float[] {0.5f, -0.5f}, 2, 1), Tensor.of(new float[] {1, 1}, 2, 1));
            NonFiniteException e = assertThrows(NonFiniteException.class, () -> model.fit(data, FIT));
            assertEquals("batch 1: loss.loss: expected a finite number, got NaN", e.getMessage());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void aParameterThatIsNoNumberIsNamed(Choice kernels) {
        try (Sequential model = classifier()) {
            model.compile(Runs.training(kernels));
            float[] weight = model.parameters().get("lstm/weightHh").toFloats();
            weight[5] = Float.NaN;
            model.setParameter("lstm/weightHh", Tensor.of(weight, 16, 4));
            Map<String, List<Float>> before = Runs.parameters(model);
            NonFiniteException e =
                    assertThrows(NonFiniteException.class, () -> model.fit(Dataset.of(x(), Y), FIT));
            assertEquals("lstm/weightHh", e.tensor());
            assertEquals("batch 1: lstm/weightHh: expected finite numbers, got NaN at [1,1] of [16,4]", e.getMessage());
            assertEquals(before, Runs.parameters(model));
        }
    }

    /// Finite data and parameters whose product is beyond float32.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void theFirstThatOverflowsIsNamed(Choice kernels) {
        try (Sequential model = Sequential.of(
                Input.features(2),
                Dense.units(2).activation(Activation.RELU).named("large"),
                Dense.units(2).named("larger"))) {
            model.compile(Runs.training(kernels));
            model.setParameter("large/weight", Tensor.of(new float[] {1e30f, 0, 0, 1e30f}, 2, 2));
            model.setParameter("larger/weight", Tensor.of(new float[] {1e30f, 0, 0, 1e30f}, 2, 2));
            NonFiniteException e = assertThrows(
                    NonFiniteException.class,
                    () -> model.fit(
                            Dataset.of(Tensor.of(new float[] {1, 1}, 1, 2), Tensor.of(new int[] {0}, 1)), FIT));
            assertEquals("larger", e.tensor());
        }
    }

    /// Targets and outputs are finite, and the sum of the squares of their distances is not. What the first batch made
    /// stays, and what it had saved.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void anInfiniteLossIsNamedAndTheParametersStay(Choice kernels, @TempDir Path folder) throws IOException {
        float[] targets = {1, 0, 0, 1, 1e38f, 0, 1, -1e38f, 1, 0, 0, 1};
        Path checkpoint = folder.resolve("checkpoint");
        try (Sequential model = classifier()) {
            model.compile(Training.optimizer(Adam.rate(0.01))
                    .loss(Loss.meanSquaredError())
                    .engine(Runs.engine(kernels)));
            List<Map<String, List<Float>>> after = new ArrayList<>();
            NonFiniteException e = assertThrows(
                    NonFiniteException.class,
                    () -> model.fit(
                            Dataset.of(x(), Tensor.of(targets, 6, 2)),
                            FIT.checkpoint(checkpoint, Every.batches(1))
                                    .callback(Callback.eachBatch(_ -> after.add(Runs.parameters(model))))));
            assertEquals("batch 2: loss.loss: expected a finite number, got Infinity", e.getMessage());
            assertEquals(2, e.batch());
            assertEquals("loss.loss", e.tensor());
            assertEquals(1, after.size());
            assertEquals(after.getLast(), Runs.parameters(model));
            assertEquals(1, model.trainer().steps());
            try (Sequential saved = Sequential.load(checkpoint)) {
                assertEquals(after.getLast(), Runs.parameters(saved));
            }
            model.fit(Dataset.of(x(), Tensor.of(new float[12], 6, 2)), FIT);
            assertNotEquals(after.getLast(), Runs.parameters(model), "it can go on");
            for (float number : model.predict(x()).toFloats()) {
                assertTrue(Float.isFinite(number), "it predicts " + number);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void idsAndClassesOutOfRangeAreNamed(Choice kernels) {
        int[] ids = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0};
        try (Sequential model = Sequential.of(
                Input.ids(Shape.TIME), Embedding.of(11, 3), Lstm.units(4).returnSequences(), Dense.units(5))) {
            model.compile(Runs.training(kernels));
            Map<String, List<Float>> before = Runs.parameters(model);
            refused(model, with(ids, 1, 11), new int[12], "batch 1: x[0,1]: expected 0..10, got 11");
            refused(model, with(ids, 10, -1), new int[12], "batch 2: x[1,1]: expected 0..10, got -1");
            refused(model, ids, with(new int[12], 5, 5), "batch 1: y[1,2]: expected 0..4, got 5");
            refused(model, ids, with(new int[12], 11, -7), "batch 2: y[1,2]: expected 0..4, got -7");
            assertNotEquals(before, Runs.parameters(model), "the second batch came after a good first");
        }
    }

    private static int[] with(int[] values, int index, int value) {
        int[] changed = values.clone();
        changed[index] = value;
        return changed;
    }

    private static void refused(Sequential model, int[] ids, int[] labels, String message) {
        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class,
                () -> model.fit(Dataset.of(Tensor.of(ids, 4, 3), Tensor.of(labels, 4, 3)), FIT));
        assertEquals(message, e.getMessage());
    }

    @Test
    void dataThatDoNotFitAreRefused() {
        try (Sequential model = classifier()) {
            model.compile(Runs.training(Choice.JAVA));
            IllegalArgumentException e = assertThrows(
                    IllegalArgumentException.class,
                    () -> model.fit(Dataset.of(Runs.features(Seeds.generator(1, "x", 0), 6, 5, 4), Y), FIT));
            assertEquals("x: expected FLOAT32 [B,T,3], got FLOAT32 [6,5,4]", e.getMessage());
            e = assertThrows(
                    IllegalArgumentException.class,
                    () -> model.fit(Dataset.of(x(), Tensor.of(new int[30], 6, 5)), FIT));
            assertEquals("y: expected INT32 [B] with T = 5, got INT32 [6,5]", e.getMessage());
            assertThrows(
                    IllegalArgumentException.class, () -> model.fit(Dataset.streams(new int[100], 5), FIT));
        }
    }

    @Test
    void aModelThatIsNotCompiledSaysSo() {
        try (Sequential model = classifier()) {
            IllegalStateException e =
                    assertThrows(IllegalStateException.class, () -> model.fit(Dataset.of(x(), Y), FIT));
            assertTrue(String.valueOf(e.getMessage()).contains("compile"), e.getMessage());
        }
    }
}
