package dev.rondo.layers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Runs;
import dev.rondo.Sequential;
import dev.rondo.data.Dataset;
import dev.rondo.data.Order;
import dev.rondo.data.Seeds;
import dev.rondo.kernels.Closeness;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.AdamW;
import dev.rondo.training.Every;
import dev.rondo.training.Fit;
import dev.rondo.training.Loss;
import dev.rondo.training.NonFiniteException;
import dev.rondo.training.Sgd;
import dev.rondo.training.Training;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Normalization of layers and batches: what they compute, and what becomes of the moving averages of a batch's.
class NormalizationTest {
    private static final int[] NONE = {};
    private static final int[] LENGTHS = {3, 1, 2, 3};

    /// A dozen roundings of numbers around 1.
    private static final Closeness CLOSE = new Closeness(4e-6, 4e-6);

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void aLayerNormIsByRow(Choice kernels) {
        Tensor x = Tensor.of(new float[] {1, 2, 6, -1, 0, 1}, 1, 2, 3);
        try (Sequential model = Layers.model(Input.features(Shape.TIME, 3), LayerNorm.of().epsilon(0.5))) {
            model.setParameter("layer_norm/gain", Tensor.of(new float[] {1, 2, -3}, 3));
            model.setParameter("layer_norm/bias", Tensor.of(new float[] {0.25f, 0, 1}, 3));
            // Means 3 and 0, variances 14/3 and 2/3.
            double one = 1 / Math.sqrt(14.0 / 3 + 0.5);
            double two = 1 / Math.sqrt(2.0 / 3 + 0.5);
            CLOSE.check("y",
                    new double[] {-2 * one + 0.25, -2 * one, -9 * one + 1, -two + 0.25, 0, -3 * two + 1},
                    wide(Layers.run(model, kernels, x, NONE)));
        }
    }

    private static Sequential batchNorm(double momentum) {
        return Layers.model(
                Input.features(Shape.TIME, 2), BatchNorm.of().momentum(momentum).epsilon(0.25), PoolTime.mean());
    }

    private static Dataset data() {
        Tensor x = Runs.features(Seeds.generator(1, "x", 0), 4, 3, 2);
        for (int b = 0; b < 4; b++) {
            for (int at = (b * 3 + LENGTHS[b]) * 2; at < (b + 1) * 6; at++) {
                x.set(at, 1e3);
            }
        }
        return Dataset.of(x, Runs.features(Seeds.generator(1, "y", 0), 4, 2)).lengths(LENGTHS);
    }

    /// Mean and variance of a feature over the real steps of some of the sequences.
    private static double[] moments(int feature, int from, int to) {
        Tensor x = Runs.features(Seeds.generator(1, "x", 0), 4, 3, 2);
        double sum = 0;
        double squares = 0;
        int count = 0;
        for (int b = from; b < to; b++) {
            for (int t = 0; t < LENGTHS[b]; t++) {
                double value = x.get((b * 3 + t) * 2 + feature);
                sum += value;
                squares += value * value;
                count++;
            }
        }
        return new double[] {sum / count, squares / count - sum / count * (sum / count)};
    }

    /// Two steps of a training whose optimizer moves nothing.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void movingAveragesFollowTheRealSteps(Choice kernels) {
        try (Sequential model = batchNorm(0.75)) {
            model.compile(Training.optimizer(Sgd.rate(1e-30)).loss(Loss.meanSquaredError()).engine(Runs.engine(kernels)));
            model.fit(data(), Fit.epochs(1).batchSize(2).order(Order.SEQUENTIAL));
            for (int feature = 0; feature < 2; feature++) {
                double mean = 0;
                double variance = 1;
                for (int batch = 0; batch < 2; batch++) {
                    double[] moments = moments(feature, 2 * batch, 2 * batch + 2);
                    mean = 0.75 * mean + 0.25 * moments[0];
                    variance = 0.75 * variance + 0.25 * moments[1];
                }
                CLOSE.check("moving", new double[] {mean, variance}, new double[] {
                    model.parameters().get("batch_norm/movingMean").get(feature),
                    model.parameters().get("batch_norm/movingVariance").get(feature)
                });
            }
            assertEquals(4, model.trainedCount());
            assertEquals(8, model.parameterCount());
        }
    }

    /// In inference a sequence is scaled by the moving averages, and they stay.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void inferenceGoesByTheMovingAverages(Choice kernels) {
        try (Sequential model = batchNorm(0.5)) {
            model.setParameter("batch_norm/movingMean", Tensor.of(new float[] {1, -1}, 2));
            model.setParameter("batch_norm/movingVariance", Tensor.of(new float[] {3.75f, 0.75f}, 2));
            model.setParameter("batch_norm/gain", Tensor.of(new float[] {2, 3}, 2));
            model.setParameter("batch_norm/bias", Tensor.of(new float[] {0, 10}, 2));
            Map<String, List<Float>> before = Runs.parameters(model);
            // (x - mean) gain / sqrt(variance + 0.25) + bias = (x0 - 1) and 3 (x1 + 1) + 10.
            CLOSE.check("y", new double[] {2, 16, 0, 10}, wide(Layers.run(
                    model, kernels, Tensor.of(new float[] {1, 1, 5, 1, 1, -1, 99, 99}, 2, 2, 2), new int[] {2, 1})));
            model.compile(Training.optimizer(Sgd.rate(0.1)).loss(Loss.meanSquaredError()).engine(Runs.engine(kernels)));
            model.evaluate(data());
            assertEquals(before, Runs.parameters(model));
        }
    }

    /// A layer applied twice moves its averages twice, by the one batch and then by the other.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void callsOfOneLayerShareTheirAverages(Choice kernels) {
        NetworkBuilder b = Network.builder();
        Symbol x = b.input(Input.features(2));
        SharedLayer norm = b.shared(BatchNorm.of().momentum(0.5));
        Symbol y = b.add(Subtract.of(), norm.on(x), norm.on(b.add(Add.of(), x, x)));
        Network network = b.output("y", y).build(1);
        try (NetworkRun run = NetworkRun.on(
                Runs.engine(kernels).engine(), network, Scope.Purpose.TRAINING, Extents.of(2, 1), new int[0][], 5)) {
            run.read(5, 5);
            double[] mean = run.parameter("batch_norm/movingMean");
            double[] given = run.input("x");
            run.loss();
            run.renew();
            for (int i = 0; i < 2; i++) {
                double batch = (given[i] + given[2 + i]) / 2;
                mean[i] = 0.5 * (0.5 * mean[i] + 0.5 * batch) + 0.5 * 2 * batch;
            }
            CLOSE.check("moving", mean, run.parameter("batch_norm/movingMean"));
        }
    }

    /// "The parameters are then those after the last good step": the averages too. Here the variance alone overflows; by
    /// it everything becomes zero.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void aStepThatIsGivenUpMovesNothing(Choice kernels) {
        try (Sequential model = batchNorm(0.5)) {
            model.compile(Training.optimizer(Sgd.rate(0.1)).loss(Loss.meanSquaredError()).engine(Runs.engine(kernels)));
            Map<String, List<Float>> before = Runs.parameters(model);
            Dataset data = Dataset.of(Tensor.of(new float[] {1e30f, 1, -1e30f, 2}, 2, 1, 2), Tensor.of(new float[4], 2, 2));
            String message = String.valueOf(
                    assertThrows(NonFiniteException.class, () -> model.fit(data, Fit.epochs(1))).getMessage());
            assertTrue(message.contains("batch_norm/movingVariance"), message);
            assertEquals(before, Runs.parameters(model));
        }
    }

    private static Sequential deep(Choice kernels) {
        Sequential model = Layers.model(
                Input.features(Shape.TIME, 2), BatchNorm.of().momentum(0.8), Gru.units(4), BatchNorm.of(), Dense.units(2));
        model.compile(Training.optimizer(AdamW.rate(1e-2).decay(0.1)).loss(Loss.meanSquaredError()).engine(Runs.engine(kernels)));
        return model;
    }

    /// A run in two pieces is the run in one, bit for bit, and a saved model has its averages.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void averagesAreKeptInFiles(Choice kernels, @TempDir Path folder) throws IOException {
        Path checkpoint = folder.resolve("run.checkpoint");
        Fit fit = Fit.epochs(4).batchSize(3);
        try (Sequential whole = deep(kernels);
                Sequential first = deep(kernels);
                Sequential second = deep(kernels)) {
            Map<String, List<Float>> beginning = Runs.parameters(whole);
            whole.fit(data(), fit);
            first.fit(data(), Fit.epochs(2).batchSize(3).checkpoint(checkpoint, Every.epochs(1)));
            second.fit(data(), fit.resume(checkpoint));
            assertEquals(Runs.parameters(whole), Runs.parameters(second));
            for (String moving : List.of("batch_norm/movingMean", "batch_norm_1/movingVariance")) {
                assertNotEquals(beginning.get(moving), Runs.parameters(whole).get(moving));
            }
            whole.save(folder.resolve("model.safetensors"));
            try (Sequential read = Sequential.load(folder.resolve("model.safetensors"))) {
                assertEquals(Runs.parameters(whole), Runs.parameters(read));
            }
            assertTrue(whole.trainer().optimizerStates().get("m").keySet().stream()
                    .noneMatch(name -> name.contains("moving")));
        }
    }

    @Test
    void whatIsWrongIsRefused() {
        refused("LayerNorm: epsilon: expected a number above 0 in float32, got 0.0", () -> LayerNorm.of().epsilon(0));
        refused("LayerNorm: epsilon: expected a number above 0 in float32, got 1.0E-60",
                () -> LayerNorm.of().epsilon(1e-60));
        refused("BatchNorm: epsilon: expected a number above 0 in float32, got NaN",
                () -> BatchNorm.of().epsilon(Double.NaN));
        refused("BatchNorm: momentum: expected 0 to 1, got 1.5", () -> BatchNorm.of().momentum(1.5));
        refused("BatchNorm: momentum: expected 0 to 1, got NaN", () -> BatchNorm.of().momentum(Double.NaN));
        refused("batch_norm: expected FLOAT32 [B,n] or [B,T,n], got FLOAT32 [B,2,3,4]",
                () -> Layers.model(Input.features(2, 3, 4), BatchNorm.of()));
        refused("batch_norm: expected FLOAT32 [B,n] or [B,T,n], got INT32 [B,T]",
                () -> Layers.model(Input.ids(Shape.TIME), BatchNorm.of()));
        refused("layer_norm: expected FLOAT32 [B,...,n], got INT32 [B,T]",
                () -> Layers.model(Input.ids(Shape.TIME), LayerNorm.of()));
        refused("layer_norm: expected FLOAT32 [B,...,n], got FLOAT32 [B]",
                () -> Layers.model(Input.features(), LayerNorm.of()));
    }

    private static void refused(String message, Executable call) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, call).getMessage());
    }

    private static double[] wide(float[] values) {
        double[] wide = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            wide[i] = values[i];
        }
        return wide;
    }
}
