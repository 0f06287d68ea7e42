package dev.rondo.layers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Runs;
import dev.rondo.Sequential;
import dev.rondo.data.Dataset;
import dev.rondo.data.Seeds;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Fit;
import dev.rondo.training.Loss;
import dev.rondo.training.Sgd;
import dev.rondo.training.Training;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What is drawn while a model trains: noise, noise of weights, dropout of whole sequences; and that nothing is elsewhere.
class NoiseTest {
    private static final int BATCH = 40;
    private static final int TIME = 30;

    private static double[] trained(Choice kernels, Network network, int batch, int time) {
        int[] lengths = new int[batch];
        Arrays.fill(lengths, time);
        try (NetworkRun run = NetworkRun.on(Runs.engine(kernels).engine(), network, Scope.Purpose.TRAINING,
                Extents.of(batch, time), new int[][] {lengths}, 9)) {
            run.read(9, 9);
            run.loss();
            return run.output("y");
        }
    }

    /// The layer's output less its input, or a sequence of steps of it.
    private static double[] difference(Choice kernels, Layer layer) {
        NetworkBuilder b = Network.builder();
        Symbol x = b.input(Input.features(Shape.TIME, 3));
        Symbol wide = b.add(Dense.units(3), x);
        return trained(kernels, b.output("y", b.add(Subtract.of(), b.add(layer, wide), wide)).build(2), BATCH, TIME);
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void noiseIsOfItsDeviation(Choice kernels) {
        double[] noise = difference(kernels, GaussianNoise.deviation(0.5));
        double sum = 0;
        double squares = 0;
        for (double value : noise) {
            sum += value;
            squares += value * value;
        }
        int n = noise.length;
        assertEquals(BATCH * TIME * 3, n);
        // Of n numbers of the deviation d the mean deviates by d / sqrt(n), the mean square by d² sqrt(2 / n): 5 of these.
        assertEquals(0, sum / n, 5 * 0.5 / Math.sqrt(n));
        assertEquals(0.25, squares / n, 5 * 0.25 * Math.sqrt(2.0 / n));
    }

    /// A feature is gone from all steps of a sequence or from none, and others are in other sequences.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void dropoutOfSequencesIsTheSameAtEveryStep(Choice kernels) {
        NetworkBuilder b = Network.builder();
        Symbol x = b.input(Input.features(Shape.TIME, 3));
        Symbol ones = b.add(Dense.units(6).weights(Initializer.zeros()).bias(Initializer.ones()), x);
        Network network = b.output("y", b.add(Dropout.rate(0.25).perSequence(), ones)).build(2);
        List<Set<Double>> values = new ArrayList<>();
        try (NetworkRun run = NetworkRun.on(Runs.engine(kernels).engine(), network, Scope.Purpose.TRAINING,
                Extents.of(BATCH, TIME), new int[][] {full()}, 9)) {
            run.set("dense/weight", 0);
            run.set("dense/bias", 1);
            run.read(9, 9);
            run.loss();
            double[] y = run.output("y");
            for (int at = 0; at < BATCH * 6; at++) {
                Set<Double> ofAll = new HashSet<>();
                for (int t = 0; t < TIME; t++) {
                    ofAll.add(y[(at / 6 * TIME + t) * 6 + at % 6]);
                }
                values.add(ofAll);
            }
        }
        double kept = (float) (1 / 0.75);
        long dropped = values.stream().filter(Set.of(0.0)::equals).count();
        assertEquals(BATCH * 6L, dropped + values.stream().filter(Set.of(kept)::equals).count(), values.toString());
        // Of 240 that go with probability 1/4, within five deviations of sqrt(240 / 4 * 3 / 4).
        assertEquals(60, dropped, 5 * Math.sqrt(45));
    }

    private static int[] full() {
        int[] lengths = new int[BATCH];
        Arrays.fill(lengths, TIME);
        return lengths;
    }

    /// All calls of a layer in a step have the same noise; another step has another one.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void weightsHaveOneNoiseAStep(Choice kernels) {
        NetworkBuilder b = Network.builder();
        Symbol x = b.input(Input.features(Shape.TIME, 3));
        SharedLayer noisy = b.shared(WeightNoise.of(Dense.units(4), 0.1));
        Symbol one = noisy.on(x);
        Network twice = b.output("y", b.add(Subtract.of(), one, noisy.on(x))).output("one", one).build(2);
        try (NetworkRun run = NetworkRun.on(Runs.engine(kernels).engine(), twice, Scope.Purpose.TRAINING,
                Extents.of(BATCH, TIME), new int[][] {full()}, 9)) {
            run.read(9, 9);
            run.loss();
            assertArrayEquals(new double[BATCH * TIME * 4], run.output("y"));
            double[] first = run.output("one");
            run.step(4);
            run.loss();
            double[] second = run.output("one");
            double distance = 0;
            for (int i = 0; i < first.length; i++) {
                distance += Math.abs(first[i] - second[i]) / first.length;
            }
            // The difference of two noises of 0.1 at 3 weights and a bias, with features around 1.
            assertTrue(distance > 0.05 && distance < 0.5, "distance " + distance);
        }
    }

    /// A model with weight noise of zero is the model without, and one with noise predicts as that does.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void noiseActsInTrainingAlone(Choice kernels) {
        Tensor x = Runs.features(Seeds.generator(3, "x", 0), 6, 5, 2);
        Dataset data = Dataset.of(x, Runs.features(Seeds.generator(3, "y", 0), 6, 3));
        Layer lstm = Lstm.units(4);
        List<Double> plain = losses(kernels, data, lstm, Dense.units(3));
        assertEquals(plain, losses(kernels, data, WeightNoise.of(lstm, 0), WeightNoise.of(Dense.units(3), 0)));
        assertNotEquals(plain, losses(kernels, data, WeightNoise.of(lstm, 0.075), Dense.units(3)));
        assertEquals(plain, losses(kernels, data, GaussianNoise.deviation(0), lstm, Dense.units(3)));
        assertNotEquals(plain, losses(kernels, data, GaussianNoise.deviation(0.1), lstm, Dense.units(3)));
        try (Sequential one = Layers.model(Input.features(Shape.TIME, 2), lstm, Dense.units(3));
                Sequential other = Layers.model(
                        Input.features(Shape.TIME, 2),
                        GaussianNoise.deviation(0.1),
                        WeightNoise.of(lstm, 0.075),
                        WeightNoise.of(Dense.units(3), 0.075))) {
            assertEquals(Runs.parameters(one), Runs.parameters(other));
            assertArrayEquals(Layers.run(one, kernels, x), Layers.run(other, kernels, x));
        }
    }

    private static List<Double> losses(Choice kernels, Dataset data, Layer... layers) {
        try (Sequential model = Layers.model(Input.features(Shape.TIME, 2), layers)) {
            model.compile(Training.optimizer(Sgd.rate(0.1)).loss(Loss.meanSquaredError()).engine(Runs.engine(kernels)));
            return Runs.losses(model, data, Fit.epochs(2).batchSize(3));
        }
    }

    @Test
    void whatIsWrongIsRefused() {
        refused("GaussianNoise: deviation: expected a number of at least 0, got -1.0", () -> GaussianNoise.deviation(-1));
        refused("GaussianNoise: deviation: expected a number of at least 0, got Infinity",
                () -> GaussianNoise.deviation(Double.POSITIVE_INFINITY));
        refused("WeightNoise: deviation: expected a number of at least 0, got NaN",
                () -> WeightNoise.of(Dense.units(1), Double.NaN));
        refused("WeightNoise: layer: expected one that has parameters and no noise yet, got Input[name=, dataType=FLOAT32, shape=[B,1]]",
                () -> WeightNoise.of(Input.features(1), 0.1));
        refused("gaussian_noise: expected FLOAT32, got INT32 [B,T]",
                () -> Layers.model(Input.ids(Shape.TIME), GaussianNoise.deviation(1)));
        refused("dropout: expected FLOAT32 [B,T,n], got FLOAT32 [B,3]",
                () -> Layers.model(Input.features(3), Dropout.rate(0.5).perSequence()));
        assertThrows(IllegalArgumentException.class, () -> WeightNoise.of(WeightNoise.of(Dense.units(1), 0.1), 0.1));
    }

    private static void refused(String message, Executable call) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, call).getMessage());
    }
}
