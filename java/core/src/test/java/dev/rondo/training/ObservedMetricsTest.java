package dev.rondo.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Functional;
import dev.rondo.Runs;
import dev.rondo.Sequential;
import dev.rondo.data.Dataset;
import dev.rondo.data.Examples;
import dev.rondo.data.Seeds;
import dev.rondo.decoding.CtcDecoder;
import dev.rondo.decoding.CtcHypothesis;
import dev.rondo.layers.Activation;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Embedding;
import dev.rondo.layers.Gru;
import dev.rondo.layers.Input;
import dev.rondo.layers.Symbol;
import dev.rondo.metrics.Average;
import dev.rondo.metrics.ConfusionMatrix;
import dev.rondo.metrics.ErrorRate;
import dev.rondo.metrics.Ranking;
import dev.rondo.metrics.RegressionErrors;
import dev.rondo.metrics.SpanScores;
import dev.rondo.metrics.TagScheme;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Metrics that look at what a model gives, against the same calculators fed with its predictions.
class ObservedMetricsTest {
    private static final int[] LENGTHS = {5, 2, 4, 3, 1};
    private static final List<String> TAGS = List.of("O", "B-X", "I-X");

    @TempDir
    Path folder;

    private static Sequential tagger() {
        return Sequential.builder()
                .add(Input.ids(Shape.TIME))
                .add(Embedding.of(6, 3))
                .add(Gru.units(5).returnSequences())
                .add(Dense.units(3))
                .seed(2)
                .build();
    }

    private static Examples tagged(int[] labels) {
        return Dataset.of(x(), Tensor.of(labels, 5, 5)).lengths(LENGTHS);
    }

    private static Tensor x() {
        return Runs.ids(Seeds.generator(1, "x", 0), 6, 5, 5);
    }

    private static int[] labels() {
        return Runs.ids(Seeds.generator(1, "y", 0), 3, 5, 5).toInts();
    }

    private static Metric f1() {
        return Metric.of(
                "f1",
                () -> new ConfusionMatrix(3),
                (matrix, p) -> matrix.add(p.labels(), p.classes(), p.weights()),
                matrix -> matrix.f1(Average.MACRO));
    }

    private static Metric spans() {
        return Metric.of(
                "spans",
                () -> new SpanScores(TagScheme.CONLL),
                (spans, p) -> spans.add(TAGS, p.labels(), p.classes(), p.lengths()),
                spans -> spans.overall().f1());
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void calculatorsSeeEveryRealStepOnce(Choice kernels) {
        int[] labels = labels();
        ConfusionMatrix matrix = new ConfusionMatrix(3);
        SpanScores spans = new SpanScores(TagScheme.CONLL);
        try (Sequential model = tagger()) {
            Tensor logits = model.predict(x(), Tensor.of(LENGTHS, 5));
            for (int b = 0; b < 5; b++) {
                List<String> expected = new ArrayList<>();
                List<String> actual = new ArrayList<>();
                for (int t = 0; t < LENGTHS[b]; t++) {
                    int best = 0;
                    for (int c = 1; c < 3; c++) {
                        best = logits.get((b * 5 + t) * 3 + c) > logits.get((b * 5 + t) * 3 + best) ? c : best;
                    }
                    matrix.add(new int[] {labels[b * 5 + t]}, new int[] {best});
                    expected.add(TAGS.get(labels[b * 5 + t]));
                    actual.add(TAGS.get(best));
                }
                spans.add(expected, actual);
            }
            model.compile(Training.optimizer(Adam.rate(1e-2))
                    .metrics(f1(), Metric.accuracy(), spans())
                    .engine(Runs.engine(kernels)));
            for (int batchSize : new int[] {5, 2, 1}) {
                Scores scores = model.evaluate(tagged(labels), batchSize);
                assertEquals(List.of("f1", "accuracy", "spans"), List.copyOf(scores.metrics().keySet()));
                assertEquals(matrix.f1(Average.MACRO), scores.metric("f1"), 1e-12);
                assertEquals(matrix.accuracy(), scores.metric("accuracy"), 1e-12);
                assertEquals(spans.overall().f1(), scores.metric("spans"), 1e-12);
            }
            History history = model.fit(tagged(labels), Fit.epochs(2).validation(tagged(labels)));
            assertFalse(history.last().training().metrics().containsKey("f1"), "not of training batches");
            assertEquals(
                    model.evaluate(tagged(labels)).metric("f1"), history.last().validation().orElseThrow().metric("f1"));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void probabilitiesAndNumbersAreObserved(Choice kernels) {
        Tensor x = Runs.features(Seeds.generator(3, "x", 0), 9, 2);
        float[] y = {0, 1, 1, 0, 0, 1, 0, 1, 1};
        try (Sequential model = Sequential.of(Input.features(2), Dense.units(1).activation(Activation.SIGMOID))) {
            model.compile(Training.optimizer(Sgd.standard())
                    .loss(Loss.binaryCrossEntropy())
                    .metrics(
                            Metric.of("auc", Ranking::new, (auc, p) -> auc.add(p.values(), p.scores()), Ranking::rocAuc),
                            Metric.of(
                                    "mae2",
                                    RegressionErrors::new,
                                    (errors, p) -> errors.add(p.values(), p.scores(), p.numberWeights()),
                                    RegressionErrors::mae),
                            Metric.meanAbsoluteError())
                    .engine(Runs.engine(kernels)));
            Scores scores = model.evaluate(Dataset.of(x, Tensor.of(y, 9, 1)), 4);
            Ranking ranking = new Ranking();
            ranking.add(y, model.predict(x).toFloats());
            assertEquals(ranking.rocAuc(), scores.metric("auc"), 1e-12);
            assertEquals(scores.metric("mae"), scores.metric("mae2"), 1e-6);
            Scores oneClass = model.evaluate(Dataset.of(x, Tensor.of(new float[9], 9, 1)), 4);
            assertTrue(Double.isNaN(oneClass.metric("auc")), "there is none of one class");
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void labelsOfSequencesAreObserved(Choice kernels) {
        Tensor y = Tensor.of(new int[] {1, 2, 1, 0, 2, 1, 2, 0, 1, 0}, 5, 2);
        int[] labels = {2, 1, 2, 1, 1};
        Metric labelErrors = Metric.of(
                "ler",
                ErrorRate::new,
                (rate, p) -> {
                    List<CtcHypothesis> read = CtcDecoder.greedy().decode(p.outputs(), p.lengths());
                    int steps = p.targets().shape().dim(1);
                    for (int b = 0; b < read.size(); b++) {
                        int from = b * steps;
                        rate.addLabels(
                                Arrays.copyOfRange(p.labels(), from, from + p.targetLengths()[b]), read.get(b).labels());
                    }
                },
                ErrorRate::value);
        try (Sequential model = tagger()) {
            Examples data = Dataset.of(x(), y).lengths(LENGTHS).lengths("y", labels);
            ErrorRate expected = new ErrorRate();
            List<CtcHypothesis> read =
                    CtcDecoder.greedy().decode(model.predict(x(), Tensor.of(LENGTHS, 5)), LENGTHS);
            for (int b = 0; b < 5; b++) {
                expected.addLabels(Arrays.copyOfRange(y.toInts(), 2 * b, 2 * b + labels[b]), read.get(b).labels());
            }
            model.compile(Training.optimizer(Sgd.standard())
                    .loss(Loss.ctc()).metrics(labelErrors).engine(Runs.engine(kernels)));
            assertEquals(expected.value(), model.evaluate(data, 2).metric("ler"), 1e-12);
        }
    }

    private static Functional two() {
        Functional.Builder b = Functional.builder();
        Symbol x = b.input(Input.features(2));
        b.output("a", b.add(Dense.units(3), x));
        b.output("b", b.add(Dense.units(3), x));
        return b.seed(1).build();
    }

    @Test
    void outputsAreObservedByName() {
        Metric.Observed<int[]> rows = Metric.of(
                "rows", () -> new int[1], (count, p) -> count[0] += p.labels().length, count -> count[0]);
        Examples data = Dataset.of(
                Map.of("x", Runs.features(Seeds.generator(1, "x", 0), 3, 2)),
                Map.of("a", Tensor.of(new int[] {0, 1, 2}, 3), "b", Tensor.of(new int[] {1, 1, 0}, 3)));
        try (Functional model = two()) {
            Training training = Training.optimizer(Sgd.standard())
                    .loss("a", Loss.sparseCategoricalCrossEntropy())
                    .loss("b", Loss.sparseCategoricalCrossEntropy())
                    .engine(Runs.engine(Choice.JAVA));
            model.compile(training.metrics(rows));
            assertEquals(
                    Map.of("a.rows", 3.0, "b.rows", 3.0), without(model.evaluate(data, 2), ".loss"));
            model.compile(training.metrics(rows.on("b"), f1()));
            assertEquals(List.of("a.f1", "b.rows", "b.f1"), List.copyOf(without(model.evaluate(data, 2), ".loss").keySet()));
            IllegalArgumentException e = assertThrows(
                    IllegalArgumentException.class, () -> model.compile(training.metrics(rows.on("c"))));
            assertEquals("metrics: expected one of the outputs with a loss, [a, b], for rows, got c", e.getMessage());
        }
        assertThrows(IllegalStateException.class, () -> rows.of(Metric.Totals.NONE));
        assertThrows(IllegalArgumentException.class, () -> Metric.of("", () -> 0, (_, _) -> {}, _ -> 0));
    }

    private static Map<String, Double> without(Scores scores, String ending) {
        Map<String, Double> metrics = new LinkedHashMap<>(scores.metrics());
        metrics.keySet().removeIf(name -> name.endsWith(ending));
        return metrics;
    }

    /// What validation came to is part of a checkpoint, NaN too.
    @Test
    void aCheckpointKeepsThem() {
        Path file = folder.resolve("run.checkpoint");
        Metric none = Metric.of("none", Ranking::new, (_, _) -> {}, Ranking::rocAuc);
        Training training =
                Training.optimizer(Adam.rate(1e-2)).metrics(f1(), none).engine(Runs.engine(Choice.JAVA));
        Fit fit = Fit.epochs(3).batchSize(2).validation(tagged(labels()));
        History whole;
        try (Sequential model = tagger()) {
            model.compile(training);
            whole = model.fit(tagged(labels()), fit);
        }
        try (Sequential model = tagger(); Sequential other = tagger()) {
            model.compile(training);
            model.fit(tagged(labels()), Fit.epochs(2).batchSize(2).validation(tagged(labels())).checkpoint(file, Every.epochs(1)));
            other.compile(training);
            History resumed = other.fit(tagged(labels()), fit.resume(file));
            assertEquals(
                    whole.epochs().stream().map(epoch -> epoch.validation().orElseThrow()).toList(),
                    resumed.epochs().stream().map(epoch -> epoch.validation().orElseThrow()).toList());
            assertTrue(Double.isNaN(resumed.epochs().getFirst().validation().orElseThrow().metric("none")));
        }
    }

    @Test
    void predictionsAreRows() {
        Predictions p = new Predictions(
                Tensor.of(new float[] {1, 3, 2, 2, 0, 5, 9, 8}, 2, 2, 2),
                Tensor.of(new int[] {0, 1, 1, 0}, 2, 2),
                new int[] {2, 1},
                new int[] {2, 1});
        assertArrayEquals(new int[] {1, 0, 1, 0}, p.classes());
        assertArrayEquals(new double[] {1, 1, 1, 0}, p.weights());
        assertArrayEquals(new double[] {1, 1, 1, 1, 1, 1, 0, 0}, p.numberWeights());
        assertThrows(IllegalArgumentException.class, () -> new Predictions(p.outputs(), p.targets(), new int[1], new int[2]));
        assertThrows(
                IllegalArgumentException.class, () -> new Predictions(p.outputs(), p.targets(), new int[] {3, 0}, new int[2]));
        assertThrows(
                IllegalArgumentException.class, () -> new Predictions(p.outputs(), p.targets(), new int[] {-1, 0}, new int[2]));
        assertThrows(
                IllegalArgumentException.class, () -> new Predictions(p.targets(), p.targets(), new int[2], new int[2]));
    }
}
