package dev.rondo.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Functional;
import dev.rondo.Runs;
import dev.rondo.Sequential;
import dev.rondo.data.ClassWeights;
import dev.rondo.data.Dataset;
import dev.rondo.data.Examples;
import dev.rondo.data.Order;
import dev.rondo.data.Seeds;
import dev.rondo.layers.Crf;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Embedding;
import dev.rondo.layers.Gru;
import dev.rondo.layers.Initializer;
import dev.rondo.layers.Input;
import dev.rondo.layers.Symbol;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What examples, steps and classes count by: see also [LossTest], which holds the losses of probabilities and numbers
/// against their equations.
class WeightsTest {
    private static final int IDS = 6;
    private static final int CLASSES = 4;
    private static final int[] LENGTHS = {5, 2, 4, 3};

    @TempDir
    Path folder;

    private static Sequential tagger() {
        return Sequential.builder()
                .add(Input.ids(Shape.TIME))
                .add(Embedding.of(IDS, 3))
                .add(Gru.units(5).returnSequences())
                .add(Dense.units(CLASSES))
                .seed(2)
                .build();
    }

    private static Examples tagged() {
        return Dataset.of(Runs.ids(Seeds.generator(1, "x", 0), IDS, 4, 5), Runs.ids(Seeds.generator(1, "y", 0), CLASSES, 4, 5))
                .lengths(LENGTHS);
    }

    /// A weight for each step: of row and step.
    private static Tensor steps(int time, float padding) {
        float[] weights = new float[LENGTHS.length * time];
        Arrays.fill(weights, padding);
        for (int b = 0; b < LENGTHS.length; b++) {
            for (int t = 0; t < LENGTHS[b]; t++) {
                weights[b * time + t] = 0.25f * (1 + (b + 2 * t) % 5);
            }
        }
        return Tensor.of(weights, LENGTHS.length, time);
    }

    private static Training training(Choice kernels) {
        return Training.optimizer(Adam.rate(2e-2)).metrics(Metric.accuracy()).engine(Runs.engine(kernels));
    }

    private record Outcome(List<Double> losses, Scores scores, Map<String, List<Float>> parameters) {}

    private static Outcome run(Dataset data, Training training) {
        try (Sequential model = tagger()) {
            model.compile(training);
            List<Double> losses = Runs.losses(model, data, Fit.epochs(3).batchSize(3).order(Order.SEQUENTIAL));
            return new Outcome(losses, model.evaluate(data, 3), Runs.parameters(model));
        }
    }

    /// In double: sum w l / sum w over all steps, by way of a classifier whose logits are its biases.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void weightsFollowTheirEquation(Choice kernels) {
        float[] logits = {0.5f, -1, 2};
        double all = Arrays.stream(new double[] {0.5, -1, 2}).map(Math::exp).sum();
        int[] y = {0, 2, 1, 2};
        float[] weights = {1, 0.5f, 0, 3};
        float[] classWeights = {2, 1, 0.5f};
        double loss = 0;
        double total = 0;
        double smoothed = 0;
        for (int i = 0; i < y.length; i++) {
            double weight = weights[i] * classWeights[y[i]];
            total += weight;
            for (int c = 0; c < 3; c++) {
                double cost = Math.log(all) - logits[c];
                loss += c == y[i] ? weight * cost : 0;
                smoothed += weight * ((c == y[i] ? 0.7 : 0) + 0.1) * cost;
            }
        }
        try (Sequential model =
                Sequential.of(Input.features(1), Dense.units(3).weights(Initializer.zeros()))) {
            model.setParameter("dense/bias", Tensor.of(logits, 3));
            Examples data = Dataset.of(Tensor.of(new float[4], 4, 1), Tensor.of(y, 4)).weights(weights);
            model.compile(training(kernels).classWeights(classWeights));
            assertEquals(loss / total, model.evaluate(data, 4).loss(), 1e-6);
            assertEquals(loss / total, model.evaluate(data, 2).loss(), 1e-6, "over all batches together");
            assertEquals(0.5, model.evaluate(data, 4).metric("accuracy"), "every step alike");
            model.compile(training(kernels)
                    .loss(Loss.sparseCategoricalCrossEntropy().labelSmoothing(0.3))
                    .classWeights(classWeights));
            assertEquals(smoothed / total, model.evaluate(data, 4).loss(), 1e-6);
        }
    }

    /// Weights of 1 are none but for rounding: sums in another order, of at most 12 numbers of about 1.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void weightsOfOneAreNone(Choice kernels) {
        Outcome plain = run(tagged(), training(kernels));
        Tensor ones = Tensor.of(new float[20], 4, 5);
        for (int i = 0; i < 20; i++) {
            ones.set(i, 1);
        }
        for (Examples data : List.of(tagged().weights(1, 1, 1, 1), tagged().weights(7, 7, 7, 7), tagged().stepWeights(ones))) {
            Outcome weighted = run(data, training(kernels));
            assertEquals(plain.scores().loss(), weighted.scores().loss(), 2e-5);
            assertEquals(plain.scores().metrics(), weighted.scores().metrics());
            assertEquals(plain.scores().steps(), weighted.scores().steps());
        }
        Outcome classes = run(tagged(), training(kernels).classWeights(2, 2, 2, 2));
        assertEquals(plain.scores().loss(), classes.scores().loss(), 2e-5);
    }

    /// An example of weight 0 is none, and one of weight 2 is two.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void whatDoesNotCountIsNotThere(Choice kernels) {
        try (Sequential model = tagger()) {
            model.compile(training(kernels));
            double some = model.evaluate(tagged().select(0, 2, 2)).loss();
            assertEquals(some, model.evaluate(tagged().weights(1, 0, 2, 0)).loss(), 1e-6);
            assertEquals(some, model.evaluate(tagged().weights(0, 1, 0, 2).select(1, 0, 3, 2).weights(0, 1, 0, 2)).loss(), 1e-6);
            assertEquals(some, model.evaluate(tagged().weights(1, 5, 2, 7).select(0, 2)).loss(), 1e-6);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void paddingAndPrefetchingChangeNothing(Choice kernels) {
        Outcome exact = run(tagged().stepWeights(steps(5, 0)), training(kernels));
        assertNotEquals(exact, run(tagged(), training(kernels)));
        assertEquals(exact, run(tagged().stepWeights(steps(5, Float.NaN)), training(kernels)));
        assertEquals(exact, run(tagged().stepWeights(steps(5, -1)).prefetched(2), training(kernels)));
        assertEquals(
                run(tagged().weights(1, 2, 3, 4), training(kernels)),
                run(tagged().weights(1, 2, 3, 4).prefetched(2), training(kernels)));
    }

    @Test
    void gradientsAreTheSlopes() {
        Training plain = Training.optimizer(Sgd.standard());
        List<Training> trainings = List.of(
                plain,
                plain.loss(Loss.sparseCategoricalCrossEntropy().labelSmoothing(0.2)),
                plain.classWeights(1, 0.5f, 0, 2));
        for (Training training : trainings) {
            for (Examples data : List.of(tagged(), tagged().weights(1, 0.5f, 2, 0), tagged().stepWeights(steps(5, 9)))) {
                try (Slopes slopes = new Slopes(tagger(), training, data, 4)) {
                    slopes.check();
                }
            }
        }
        try (Slopes slopes = new Slopes(tagger(), plain.loss(Loss.ctc()), labelled().weights(1, 0.5f, 2, 0.25f), 4)) {
            slopes.check();
        }
    }

    private static Examples labelled() {
        return Dataset.of(tagged().x(), Tensor.of(new int[] {1, 2, 3, 0, 2, 2, 1, 9}, 4, 2))
                .lengths(LENGTHS)
                .lengths("y", 2, 1, 2, 1);
    }

    /// The mean of the sequences' own losses by weight.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void sequencesOfLabelsHaveWeights(Choice kernels) {
        float[] weights = {1, 0.5f, 2, 0.25f};
        try (Sequential model = tagger()) {
            model.compile(Training.optimizer(Sgd.standard()).loss(Loss.ctc()).engine(Runs.engine(kernels)));
            double sum = 0;
            for (int b = 0; b < 4; b++) {
                sum += weights[b] * model.evaluate(labelled().select(b)).loss();
            }
            Scores scores = model.evaluate(labelled().weights(weights), 3);
            assertEquals(sum / 3.75, scores.loss(), 1e-6);
            assertEquals(4, scores.steps());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void rareClassesAreLearnt(Choice kernels) {
        int[] y = new int[40];
        y[0] = 1;
        y[1] = 1;
        try (Sequential model = Sequential.of(Input.features(1), Dense.units(2))) {
            Examples data = Dataset.of(Tensor.of(new float[40], 40, 1), Tensor.of(y, 40));
            model.compile(training(kernels).classWeights(ClassWeights.balanced(y, 2)));
            assertEquals(Math.log(2), model.evaluate(data).loss(), 1e-6);
            model.fit(data, Fit.epochs(60).batchSize(40));
            float[] bias = model.parameters().get("dense/bias").toFloats();
            assertEquals(bias[0], bias[1], 0.02, "as likely as one another");
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void aRunThatStopsGoesOnBitForBit(Choice kernels) {
        Path file = folder.resolve("run.checkpoint");
        Examples data = tagged().stepWeights(steps(5, 1));
        Training training = training(kernels).classWeights(1, 2, 0.5f, 1);
        Fit fit = Fit.epochs(3).batchSize(1).validation(data);
        List<Double> whole = new ArrayList<>();
        History expected;
        try (Sequential model = tagger()) {
            model.compile(training);
            expected = model.fit(data, fit.callback(Runs.lossesTo(whole)));
        }
        List<Double> losses = new ArrayList<>();
        Callback stop = new Callback() {
            @Override
            public Next onBatch(BatchReport report) {
                return report.step() == 6 ? Next.STOP : Next.CONTINUE;
            }
        };
        try (Sequential model = tagger()) {
            model.compile(training);
            model.fit(data, fit.checkpoint(file, Every.epochs(9)).callback(Runs.lossesTo(losses)).callback(stop));
        }
        try (Sequential model = tagger()) {
            model.compile(training);
            Tensor others = steps(5, 1);
            for (int i = 0; i < 20; i++) {
                others.set(i, 1);
            }
            IllegalArgumentException e = assertThrows(
                    IllegalArgumentException.class, () -> model.fit(data.stepWeights(others), fit.resume(file)));
            assertTrue(String.valueOf(e.getMessage()).contains("expected the data of the checkpoint"), e.getMessage());
            History history = model.fit(data, fit.callback(Runs.lossesTo(losses)).resume(file));
            assertEquals(whole, losses);
            assertEquals(
                    expected.epochs().stream().map(epoch -> List.of(epoch.training(), epoch.validation())).toList(),
                    history.epochs().stream().map(epoch -> List.of(epoch.training(), epoch.validation())).toList());
        }
    }

    @Test
    void outputsHaveWeightsByName() {
        Functional.Builder b = Functional.builder();
        Symbol x = b.input(Input.features(2));
        b.output("a", b.add(Dense.units(2), x));
        b.output("b", b.add(Dense.units(2), x));
        try (Functional model = b.seed(1).build()) {
            Training training = training(Choice.JAVA)
                    .loss("a", Loss.sparseCategoricalCrossEntropy())
                    .loss("b", Loss.sparseCategoricalCrossEntropy());
            Examples data = Dataset.of(
                    Map.of("x", Runs.features(Seeds.generator(1, "x", 0), 3, 2)),
                    Map.of("a", Tensor.of(new int[] {0, 1, 0}, 3), "b", Tensor.of(new int[] {1, 1, 0}, 3)));
            model.compile(training);
            Scores plain = model.evaluate(data);
            Scores weighted = model.evaluate(data.weights("b", 1, 0, 0));
            assertEquals(plain.metric("a.loss"), weighted.metric("a.loss"));
            assertNotEquals(plain.metric("b.loss"), weighted.metric("b.loss"));
            model.compile(training.classWeights("b", 1, 3));
            assertEquals(plain.metric("a.loss"), model.evaluate(data).metric("a.loss"));
            assertNotEquals(plain.metric("b.loss"), model.evaluate(data).metric("b.loss"));
            refused("weights: expected the name of the targets that they are of, since there are [a, b]",
                    () -> data.weights(1, 1, 1));
            refused("stepWeights: expected one of the targets [a, b], got c",
                    () -> data.stepWeights("c", Tensor.of(new float[3], 3, 1)));
            refused("classWeights: expected the name of an output, since there are losses of [a, b]",
                    () -> training.classWeights(1, 1));
            refused("classWeights: expected one of the outputs with a loss, [a, b], got c",
                    () -> training.classWeights("c", 1, 1));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void weightsThatCannotBeAreNamed(Choice kernels) {
        refused("weights of y: expected one for each of 4 examples, got 3", () -> tagged().weights(1, 1, 1));
        refused("weights of y[2]: expected a finite number of at least 0, got -1.0", () -> tagged().weights(1, 1, -1, 1));
        refused("weights of y[0]: expected a finite number of at least 0, got NaN", () -> tagged().weights(Float.NaN, 1, 1, 1));
        refused("stepWeights of y: expected FLOAT32 [N,T] with N = 4, got FLOAT32 [3,5]",
                () -> tagged().stepWeights(Tensor.of(new float[15], 3, 5)));
        refused("classWeights[1]: expected a number of at least 0 and finite in float32, got -2.0",
                () -> training(kernels).classWeights(1, -2));
        refused("classWeights: expected a cross-entropy of classes, got MeanSquaredError[]",
                () -> training(kernels).loss(Loss.meanSquaredError()).classWeights(1, 1));
        refused("labelSmoothing: expected a number in [0, 1) in float32, got 1.0",
                () -> Loss.binaryCrossEntropy().labelSmoothing(1));
        refused("labelSmoothing: expected a cross-entropy, got Huber[delta=1.0]", () -> Loss.huber(1).labelSmoothing(0.1));
        refused("huber: delta: expected a number above 0 and finite in float32, no denormal, got -1.0", () -> Loss.huber(-1));
        refused("custom: expected a name, got an empty one", () -> Loss.custom("", (_, y, _) -> y));
        try (Sequential model = tagger()) {
            model.compile(training(kernels));
            Object before = Runs.parameters(model);
            Fit fit = Fit.epochs(1).batchSize(2).order(Order.SEQUENTIAL);
            refused("batch 1: weights of y: expected at least one above 0 in each batch, got zeros only",
                    () -> model.fit(tagged().weights(0, 0, 1, 1), fit));
            Tensor negative = steps(5, 0);
            negative.set(3, -0.5);
            refused("batch 1: weights of y[0,3]: expected a finite number of at least 0, got -0.5",
                    () -> model.fit(tagged().stepWeights(negative), fit));
            Tensor infinite = steps(5, 0);
            infinite.set(12, Float.POSITIVE_INFINITY);
            refused("batch 2: weights of y[0,2]: expected a finite number of at least 0, got Infinity",
                    () -> model.evaluate(tagged().stepWeights(infinite), 2));
            refused("stepWeights of y: expected FLOAT32 [B,T] with T = 5, got FLOAT32 [4,6]",
                    () -> model.evaluate(tagged().stepWeights(Tensor.of(new float[24], 4, 6))));
            assertEquals(before, Runs.parameters(model));
            refused("classWeights: expected one for each of 4 classes, got 3",
                    () -> model.compile(training(kernels).classWeights(1, 1, 1)));
            model.compile(Training.optimizer(Sgd.standard()).loss(Loss.ctc()).engine(Runs.engine(kernels)));
            refused("stepWeights: expected none of the targets of y, whose loss is Ctc[blank=0], got some",
                    () -> model.evaluate(labelled().stepWeights(Tensor.of(new float[8], 4, 2))));
        }
        try (Sequential model = Sequential.of(Input.features(Shape.TIME, 3), Crf.of())) {
            model.compile(Training.optimizer(Sgd.standard()).loss(Loss.crf()).engine(Runs.engine(kernels)));
            Examples data = Dataset.of(Tensor.of(new float[6], 1, 2, 3), Tensor.of(new int[2], 1, 2)).weights(2);
            refused("weights: expected none of the targets of y, whose loss is Crf[], got SEQUENCES",
                    () -> model.evaluate(data));
        }
        try (Sequential model = Sequential.of(Input.features(2), Dense.units(2))) {
            model.compile(training(kernels));
            refused("stepWeights of y: expected none, since the targets are [B], which have no time",
                    () -> model.evaluate(Dataset.of(Tensor.of(new float[2], 1, 2), Tensor.of(new int[1], 1))
                            .stepWeights(Tensor.of(new float[1], 1, 1))));
        }
    }

    /// A loss of whole sequences: of the mean over time of what is predicted.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void formulasMayBeOfSequences(Choice kernels) {
        Loss loss = Loss.custom("sums", (s, y, t) ->
                s.square(s.subtract(s.sum(s.meanOverTime(y)), s.sum(s.sumOverTime(t)))));
        try (Sequential model = Sequential.of(
                Input.features(Shape.TIME, 1), Dense.units(2).weights(Initializer.ones()))) {
            model.compile(Training.optimizer(Sgd.rate(0.1)).loss(loss).engine(Runs.engine(kernels)));
            Tensor x = Tensor.of(new float[] {1, 2, 9, 4}, 2, 2, 1);
            Tensor t = Tensor.of(new float[] {1, 0, 0, 0.5f, 3, 1, 7, 7}, 2, 2, 2);
            Examples data = Dataset.of(x, t).lengths(2, 1);
            // 2 * 1.5 - 1.5 = 1.5, and 2 * 9 - 4 = 14.
            assertEquals((1.5 * 1.5 + 14 * 14) / 2, model.evaluate(data).loss(), 1e-4);
            assertEquals(2, model.evaluate(data).steps());
            assertEquals((3 * 1.5 * 1.5 + 14 * 14) / 4, model.evaluate(data.weights(3, 1)).loss(), 1e-4);
            // d/dbias of 2 classes: the sum of 2 (y - t) over sequences, halved, for each.
            model.fit(data, Fit.epochs(1).batchSize(2));
            assertEquals(-0.1 * (1.5 + 14), model.parameters().get("dense/bias").get(0), 1e-5);
            refused("stepWeights: expected none of the targets of y, whose loss is Custom[name=sums], got some",
                    () -> model.evaluate(data.stepWeights(Tensor.of(new float[4], 2, 2))));
            refused("loss: expected vectors to give FLOAT32 [B,T] or [B], got FLOAT32 [B,T,2]",
                    () -> model.compile(Training.optimizer(Sgd.standard()).loss(Loss.custom("vectors", (s, y, _) -> s.abs(y)))));
            assertThrows(IllegalArgumentException.class, () -> model.compile(Training.optimizer(Sgd.standard())
                    .loss(Loss.custom("axes", (s, y, _) -> s.sum(s.sum(s.sum(y)))))));
        }
    }

    private static void refused(String message, Executable executable) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, executable);
        assertEquals(message, e.getMessage());
    }
}
