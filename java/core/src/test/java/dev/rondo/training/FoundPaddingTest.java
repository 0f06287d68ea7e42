package dev.rondo.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Runs;
import dev.rondo.Sequential;
import dev.rondo.data.Dataset;
import dev.rondo.data.Examples;
import dev.rondo.data.Order;
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
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
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

    /// Targets of all steps, padding too.
    private static Tensor targets(Loss loss, int time) {
        boolean labels = loss instanceof Loss.CategoricalCrossEntropy(Loss.Targets kind, _, _)
                && kind == Loss.Targets.CLASSES;
        Tensor all = labels ? Tensor.of(new int[5 * time], 5, time) : Tensor.of(new float[5 * time * 3], 5, time, 3);
        for (int b = 0; b < 5; b++) {
            for (int t = 0; t < time; t++) {
                long at = (long) b * time + t;
                if (labels) {
                    all.set(at, (b + 2 * t) % 3);
                } else {
                    all.set(at * 3 + (b + t) % 3, 0.75);
                    all.set(at * 3 + (b + t + 1) % 3, 0.25);
                }
            }
        }
        return all;
    }

    /// A weight for each step; that of padding is not to count.
    private static Tensor stepWeights(int time) {
        Tensor weights = Tensor.of(new float[5 * time], 5, time);
        for (int b = 0; b < 5; b++) {
            for (int t = 0; t < time; t++) {
                weights.set((long) b * time + t, t < LENGTHS[b] ? 0.25 * (1 + (b + 2 * t) % 5) : 7);
            }
        }
        return weights;
    }

    /// The ids of [#x] with as much padding as there is room for behind them, or between them too.
    private static Tensor x(int time, boolean holes) {
        Tensor x = x();
        int[] ids = new int[5 * time];
        for (int b = 0; b < 5; b++) {
            for (int t = 0; t < LENGTHS[b]; t++) {
                ids[b * time + (holes ? t + 1 + (b + t) / 3 : t)] = (int) x.get(b * 5L + t);
            }
        }
        return Tensor.of(ids, 5, time);
    }

    private enum Weighed {
        NOT,
        SEQUENCES,
        STEPS,
        CLASSES;

        Examples of(Examples data, int time) {
            return switch (this) {
                case NOT, CLASSES -> data;
                case SEQUENCES -> data.weights(1, 0.5f, 2, 0.25f, 3);
                case STEPS -> data.stepWeights(stepWeights(time));
            };
        }

        boolean fits(Loss loss) {
            return switch (this) {
                case NOT, SEQUENCES -> true;
                case STEPS -> !loss.equals(OF_SEQUENCES);
                case CLASSES -> loss instanceof Loss.CategoricalCrossEntropy;
            };
        }
    }

    private static final Loss OF_SEQUENCES = Loss.custom("means", (s, y, t) ->
            s.sum(s.square(s.subtract(s.meanOverTime(y), s.meanOverTime(t)))));

    private static final List<Loss> LOSSES = List.of(
            Loss.sparseCategoricalCrossEntropy(),
            Loss.sparseCategoricalCrossEntropy().labelSmoothing(0.1),
            Loss.categoricalCrossEntropy().labelSmoothing(0.1),
            Loss.klDivergence(),
            Loss.binaryCrossEntropy(),
            Loss.binaryCrossEntropy().labelSmoothing(0.1),
            Loss.meanSquaredError(),
            Loss.meanAbsoluteError(),
            Loss.huber(0.3),
            Loss.custom("cubes", (s, y, t) -> s.mean(s.multiply(s.square(s.subtract(y, t)), s.abs(s.subtract(y, t))))),
            OF_SEQUENCES);

    private record Outcome(List<Double> losses, Scores scores, Map<String, List<Float>> parameters) {}

    private static Outcome run(Embedding embedding, Training training, Examples data) {
        try (Sequential model = tagger(embedding)) {
            model.compile(training);
            List<Double> losses = Runs.losses(model, data, Fit.epochs(3).batchSize(2).order(Order.SEQUENTIAL));
            return new Outcome(losses, model.evaluate(data, 3), Runs.parameters(model));
        }
    }

    /// What layers find counts for what lengths of the data do: in losses, metrics and parameters. Where steps have
    /// holes, targets and weights are those of the steps as they move together.
    @ParameterizedTest
    @EnumSource(value = Choice.class, names = {"NATIVE", "JAVA"})
    void weightsLeaveItOut(Choice kernels) {
        Embedding embedding = Embedding.of(6, 3);
        for (Loss loss : LOSSES) {
            for (Weighed weighed : Weighed.values()) {
                if (!weighed.fits(loss)) {
                    continue;
                }
                String name = loss + " " + weighed;
                Training plain = Training.optimizer(Adam.rate(2e-2))
                        .loss(loss)
                        .metrics(Stream.of(Metric.accuracy(), Metric.meanSquaredError())
                                .filter(metric -> metric.fits(loss))
                                .toArray(Metric[]::new))
                        .engine(Runs.engine(kernels));
                Training training = weighed == Weighed.CLASSES ? plain.classWeights(1, 0.5f, 2) : plain;
                Examples given = weighed.of(Dataset.of(x(), targets(loss, 5)).lengths(LENGTHS), 5);
                Outcome expected = run(embedding, training, given);
                assertTrue(expected.scores().loss() > 0, name);
                assertEquals(expected, run(embedding.maskZero(), training, given), name);
                for (int time : new int[] {5, 8}) {
                    Examples found = weighed.of(Dataset.of(x(time, false), targets(loss, time)), time);
                    assertEquals(expected, run(embedding.maskZero(), training, found), name);
                }
                Examples holes = weighed.of(Dataset.of(x(8, true), targets(loss, 8)), 8);
                assertEquals(expected, run(embedding.skipZero(), training, holes), name);
                if (!loss.equals(OF_SEQUENCES)) {
                    Examples all = weighed.of(Dataset.of(x(), targets(loss, 5)), 5);
                    assertNotEquals(expected.losses(), run(embedding, training, all).losses(), name);
                }
            }
        }
    }

    @Test
    void gradientsOfWeightedLossesAreTheSlopes() {
        Training plain = Training.optimizer(Sgd.standard());
        Loss classes = Loss.sparseCategoricalCrossEntropy();
        for (Training training :
                List.of(plain.loss(classes), plain.loss(classes.labelSmoothing(0.2)).classWeights(1, 0.5f, 2))) {
            for (Weighed weighed : List.of(Weighed.NOT, Weighed.SEQUENCES, Weighed.STEPS)) {
                Examples data = weighed.of(Dataset.of(x(8, false), targets(classes, 8)), 8);
                try (Slopes slopes = new Slopes(tagger(Embedding.of(6, 3).maskZero()), training, data, 5)) {
                    slopes.check();
                }
            }
        }
    }

    /// Where nothing is real nothing is lost, and where nothing real counts the batch is refused, if only after it has
    /// run.
    @ParameterizedTest
    @EnumSource(value = Choice.class, names = {"NATIVE", "JAVA"})
    void batchesWithoutWeightAreRefused(Choice kernels) {
        for (Loss loss : LOSSES) {
            Training training = Training.optimizer(Sgd.rate(0.1)).loss(loss).engine(Runs.engine(kernels));
            try (Sequential model = tagger(Embedding.of(6, 3).maskZero())) {
                model.compile(training);
                Object before = Runs.parameters(model);
                Fit fit = Fit.epochs(1).batchSize(5);
                Examples data = Dataset.of(x(8, false), targets(loss, 8));
                String message = "batch 1: weights of y: expected at least one above 0 in each batch, got zeros only";
                refused(message, () -> model.fit(data.weights(0, 0, 0, 0, 0), fit));
                if (!loss.equals(OF_SEQUENCES)) {
                    Tensor padding = Tensor.of(new float[40], 5, 8);
                    padding.set(7, 1);
                    refused(message, () -> model.fit(data.stepWeights(padding), fit));
                    Examples nothing =
                            Dataset.of(Tensor.of(new int[40], 5, 8), targets(loss, 8)).weights(1, 2, 3, 4, 5);
                    assertEquals(List.of(0.0), Runs.losses(model, nothing, fit), loss.toString());
                }
                assertEquals(before, Runs.parameters(model), loss.toString());
            }
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
