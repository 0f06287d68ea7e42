package dev.rondo.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Runs;
import dev.rondo.Sequential;
import dev.rondo.data.Dataset;
import dev.rondo.data.Seeds;
import dev.rondo.inference.InferenceSession;
import dev.rondo.layers.Conv1d;
import dev.rondo.layers.Crf;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Embedding;
import dev.rondo.layers.Gru;
import dev.rondo.layers.Input;
import dev.rondo.layers.Layer;
import dev.rondo.layers.Lstm;
import dev.rondo.layers.Masking;
import dev.rondo.layers.WeightNoise;
import dev.rondo.metrics.Average;
import dev.rondo.metrics.ConfusionMatrix;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Padding that a layer finds, where it meets what else there is: metrics, weights, windows, streams, noise.
class FoundPaddingTest {
    private static final int[] LENGTHS = {5, 2, 4, 3, 1};

    private static Sequential tagger(Embedding embedding) {
        return Sequential.builder()
                .add(Input.ids(Shape.TIME))
                .add(embedding)
                .add(Gru.units(5).returnSequences())
                .add(Dense.units(3))
                .seed(2)
                .build();
    }

    /// Ids 1 to 5, and 0 behind each sequence's end.
    private static Tensor x() {
        int[] ids = Runs.ids(Seeds.generator(1, "x", 0), 5, 5, 5).toInts();
        for (int i = 0; i < ids.length; i++) {
            ids[i] = i % 5 < LENGTHS[i / 5] ? ids[i] + 1 : 0;
        }
        return Tensor.of(ids, 5, 5);
    }

    private static Tensor y() {
        return Runs.ids(Seeds.generator(1, "y", 0), 3, 5, 5);
    }

    private static Training training(Choice kernels) {
        return Training.optimizer(Adam.standard())
                .metrics(
                        Metric.accuracy(),
                        Metric.of(
                                "f1",
                                () -> new ConfusionMatrix(3),
                                (matrix, p) -> matrix.add(p.labels(), p.classes(), p.weights()),
                                matrix -> matrix.f1(Average.MACRO)))
                .engine(Runs.engine(kernels));
    }

    @ParameterizedTest
    @EnumSource(value = Choice.class, names = {"NATIVE", "JAVA"})
    void metricsOfWhatAModelGivesLeaveItOut(Choice kernels) {
        try (Sequential found = tagger(Embedding.of(6, 3).maskZero());
                Sequential plain = tagger(Embedding.of(6, 3))) {
            found.compile(training(kernels));
            plain.compile(training(kernels));
            Scores expected = plain.evaluate(Dataset.of(x(), y()).lengths(LENGTHS));
            Scores actual = found.evaluate(Dataset.of(x(), y()));
            assertEquals(expected.metric("accuracy"), actual.metric("accuracy"));
            assertEquals(expected.metric("f1"), actual.metric("f1"));
            assertNotEquals(expected.metric("f1"), plain.evaluate(Dataset.of(x(), y())).metric("f1"));
        }
    }

    /// A weight for each step is given by the data, which do not know what the layer finds.
    @Test
    void lossesThatWeighStepsAreRefused() {
        try (Sequential found = tagger(Embedding.of(6, 3).maskZero())) {
            Training training = Training.optimizer(Adam.standard()).engine(Runs.engine(Choice.JAVA));
            found.compile(training.loss(Loss.sparseCategoricalCrossEntropy().labelSmoothing(0.1)));
            refused(
                    "which weighs each step, got a model that finds padding in a layer",
                    () -> found.evaluate(Dataset.of(x(), y())));
            found.compile(training);
            refused(
                    "which weighs each step, got a model that finds padding in a layer",
                    () -> found.evaluate(Dataset.of(x(), y()).weights(1, 2, 3, 4, 5)));
        }
    }

    @Test
    void windowsOfStepsThatALayerCountsAreRefused() {
        for (Layer pad : new Layer[] {Masking.value(0), Masking.value(0).holes()}) {
            refused("no Masking or maskZero before it, got FLOAT32 [B,T,3]", () -> Sequential.of(
                            Input.features(Shape.TIME, 3), pad, Conv1d.filters(2, 2).stride(2), Lstm.units(2))
                    .close());
        }
    }

    /// Steps move together over the whole sequence, not over a piece of it.
    @Test
    void holesDoNotStream() {
        try (Sequential whole = tagger(Embedding.of(6, 3).skipZero());
                Sequential pieces = tagger(Embedding.of(6, 3).maskZero());
                InferenceSession session = whole.session();
                InferenceSession trailing = pieces.session()) {
            IllegalStateException e = assertThrows(IllegalStateException.class, () -> session.stream(1));
            assertTrue(String.valueOf(e.getMessage()).endsWith("embedding needs the whole"), e.getMessage());
            trailing.stream(1).close();
        }
    }

    @Test
    void memoryIsToldOfModelsWithScoresAndWindows() {
        try (Sequential crf = Sequential.of(
                        Input.features(Shape.TIME, 3), Gru.units(4).returnSequences(), Dense.units(3), Crf.of());
                Sequential wide = windowed(1);
                Sequential narrow = windowed(8)) {
            assertTrue(crf.memory(2, 5).training() > 0);
            // Eight times fewer steps behind the windows.
            assertTrue(wide.memory(4, 512).training() > 3 * narrow.memory(4, 512).training());
        }
    }

    private static Sequential windowed(int stride) {
        return Sequential.of(
                Input.features(Shape.TIME, 1), Conv1d.filters(2, 8).stride(stride), Lstm.units(64).returnSequences());
    }

    @Test
    void aCrfBearsNoNoise() {
        refused("expected one that uses its parameters itself, got a Crf", () -> WeightNoise.of(Crf.of(), 0.1));
    }

    private static void refused(String message, Runnable call) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, call::run);
        assertTrue(String.valueOf(e.getMessage()).contains(message), e.getMessage());
    }
}
