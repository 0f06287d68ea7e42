package dev.rondo.layers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Runs;
import dev.rondo.Sequential;
import dev.rondo.data.Dataset;
import dev.rondo.data.Seeds;
import dev.rondo.graph.Op.Padding;
import dev.rondo.inference.InferenceSession;
import dev.rondo.inference.Serving;
import dev.rondo.kernels.Closeness;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Adam;
import dev.rondo.training.Fit;
import dev.rondo.training.Loss;
import dev.rondo.training.Metric;
import dev.rondo.training.NonFiniteException;
import dev.rondo.training.Sgd;
import dev.rondo.training.Training;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.random.RandomGenerator;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Convolutions over time against loops over their definition, pools of windows, and models with fewer steps behind them
/// than before.
class Conv1dTest {
    private static final int FEATURES = 3;
    private static final int FILTERS = 5;
    private static final int[] NONE = {};

    static Stream<Conv1d> convolutions() {
        List<Conv1d> all = new ArrayList<>();
        for (int size : new int[] {1, 2, 3, 4}) {
            for (int stride : new int[] {1, 2, 3}) {
                for (int dilation : new int[] {1, 2}) {
                    for (Padding padding : Padding.values()) {
                        all.add(Conv1d.filters(FILTERS, size).stride(stride).dilation(dilation).padding(padding)
                                .bias(Initializer.normal(1)));
                    }
                }
            }
        }
        return all.stream();
    }

    /// The definition, for one sequence `[steps][FEATURES]`. SAME pads as TensorFlow and Keras do.
    private static double[][] expected(Conv1d layer, double[][] x, Sequential model) {
        double[] weight = model.parameters().get("conv1d/weight").toDoubles();
        double[] bias = model.parameters().get("conv1d/bias").toDoubles();
        int steps = x.length;
        int span = (layer.size() - 1) * layer.dilation() + 1;
        int windows = switch (layer.padding()) {
            case VALID -> steps < span ? 0 : (steps - span) / layer.stride() + 1;
            case SAME, CAUSAL -> (steps + layer.stride() - 1) / layer.stride();
        };
        int before = switch (layer.padding()) {
            case VALID -> 0;
            case SAME -> Math.max((windows - 1) * layer.stride() + span - steps, 0) / 2;
            case CAUSAL -> span - 1;
        };
        double[][] y = new double[windows][FILTERS];
        for (int s = 0; s < windows; s++) {
            for (int filter = 0; filter < FILTERS; filter++) {
                y[s][filter] = bias[filter];
                for (int k = 0; k < layer.size(); k++) {
                    int step = s * layer.stride() + k * layer.dilation() - before;
                    for (int f = 0; f < FEATURES && step >= 0 && step < steps; f++) {
                        y[s][filter] += weight[(filter * layer.size() + k) * FEATURES + f] * x[step][f];
                    }
                }
            }
        }
        return y;
    }

    private static double[][] steps(Tensor x, int sequence, int time, int count) {
        double[][] steps = new double[count][FEATURES];
        for (int t = 0; t < count; t++) {
            for (int f = 0; f < FEATURES; f++) {
                steps[t][f] = x.get(((long) sequence * time + t) * FEATURES + f);
            }
        }
        return steps;
    }

    private static double[] flat(double[][] rows) {
        return Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
    }

    @ParameterizedTest
    @MethodSource("convolutions")
    void aFixedNumberOfStepsIsAsDefined(Conv1d layer) {
        int time = 8;
        Tensor x = Runs.features(Seeds.generator(1, "x", 0), 1, time, FEATURES);
        try (Sequential model = Layers.model(Input.features(time, FEATURES), layer)) {
            double[] expected = flat(expected(layer, steps(x, 0, time, time), model));
            for (Choice kernels : Layers.KERNELS) {
                double[] actual = doubles(Layers.run(model, kernels, x, NONE));
                Closeness.ofSums(12, 1).check(kernels + " " + layer, expected, actual);
            }
        }
    }

    /// Each sequence of a ragged batch gives what it gives alone, whatever stands behind it: the last of its windows, and
    /// their sum.
    @ParameterizedTest
    @MethodSource("convolutions")
    void sequencesOfAnyLengthAreAsDefined(Conv1d layer) {
        int[] lengths = {8, 3, 7, 1, 0, 5};
        int time = 9;
        Tensor x = Runs.features(Seeds.generator(2, "x", 0), lengths.length, time, FEATURES);
        if (layer.stride() > 1 && layer.padding() == Padding.SAME) {
            assertTrue(refusal(() -> Layers.model(Input.features(Shape.TIME, FEATURES), layer))
                    .contains("expected a number of steps for SAME padding"));
            return;
        }
        for (int b = 0; b < lengths.length; b++) {
            for (int at = (b * time + lengths[b]) * FEATURES; at < (b + 1) * time * FEATURES; at++) {
                x.set(at, Double.NaN);
            }
        }
        for (PoolTime pool : List.of(PoolTime.last(), PoolTime.sum())) {
            try (Sequential model = Layers.model(Input.features(Shape.TIME, FEATURES), layer, pool)) {
                double[][] expected = new double[lengths.length][FILTERS];
                for (int b = 0; b < lengths.length; b++) {
                    for (double[] window : expected(layer, steps(x, b, time, lengths[b]), model)) {
                        for (int i = 0; i < FILTERS; i++) {
                            expected[b][i] = window[i] + (pool.equals(PoolTime.sum()) ? expected[b][i] : 0);
                        }
                    }
                }
                for (Choice kernels : Layers.KERNELS) {
                    float[] y = Layers.run(model, kernels, x, lengths);
                    Closeness.ofSums(12, 9).check(kernels + " " + layer + " " + pool, flat(expected), doubles(y));
                    for (int b = 0; b < lengths.length; b++) {
                        float[] alone = Layers.run(model, kernels, row(x, b), new int[] {lengths[b]});
                        assertArrayEquals(alone, Arrays.copyOfRange(y, b * FILTERS, (b + 1) * FILTERS), "alone, bit for bit");
                    }
                }
            }
        }
    }

    private static Tensor row(Tensor x, int b) {
        int size = x.shape().dim(1) * FEATURES;
        return Tensor.of(Arrays.copyOfRange(x.toFloats(), b * size, (b + 1) * size), 1, x.shape().dim(1), FEATURES);
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void behindASequenceAreZeros(Choice kernels) {
        Tensor x = Runs.features(Seeds.generator(3, "x", 0), 1, 4, FEATURES);
        Conv1d layer = Conv1d.filters(2, 3).same().bias(Initializer.ones()).activation(Activation.SIGMOID);
        try (Sequential model = Layers.model(Input.features(Shape.TIME, FEATURES), layer)) {
            float[] y = Layers.run(model, kernels, x, new int[] {2});
            assertArrayEquals(new float[4], Arrays.copyOfRange(y, 4, 8));
            assertTrue(y[0] > 0 && y[3] > 0);
        }
    }

    private static double[] doubles(float[] values) {
        double[] wide = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            wide[i] = values[i];
        }
        return wide;
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void poolsTakeTheirsOfEachWindow(Choice kernels) {
        Tensor x = Tensor.of(new float[] {1, -2, 3, 4, 2, 7, 5, 6, -1, 0}, 1, 5, 2);
        Input input = Input.features(5, 2);
        assertArrayEquals(new float[] {3, 4, 5, 7}, Layers.run(kernels, input, x, NONE, MaxPool.size(2)));
        assertArrayEquals(new float[] {2, 1, 3.5f, 6.5f}, Layers.run(kernels, input, x, NONE, AveragePool.size(2)));
        assertArrayEquals(
                new float[] {3, 7, 5, 7, 5, 7}, Layers.run(kernels, input, x, NONE, MaxPool.size(3).stride(1)));
        assertArrayEquals(
                new float[] {2, 3, 2, 13 / 3f}, Layers.run(kernels, input, x, NONE, AveragePool.size(3).stride(2)), 1e-6f);
    }

    /// Sequences in which a 1 follows a 2 somewhere, or not, of different lengths.
    private static Dataset patterns(int examples) {
        RandomGenerator random = Seeds.generator(5, "patterns", 0);
        int time = 20;
        int[] x = new int[examples * time];
        int[] lengths = new int[examples];
        int[] y = new int[examples];
        for (int i = 0; i < examples; i++) {
            lengths[i] = 8 + random.nextInt(time - 7);
            for (int t = 0; t < lengths[i]; t++) {
                x[i * time + t] = random.nextInt(4);
                if (t > 0 && x[i * time + t] == 1 && x[i * time + t - 1] == 2) {
                    x[i * time + t] = 3;
                }
            }
            y[i] = random.nextInt(2);
            if (y[i] == 1) {
                int at = 1 + random.nextInt(lengths[i] - 1);
                x[i * time + at - 1] = 2;
                x[i * time + at] = 1;
            }
        }
        return Dataset.of(Tensor.of(x, examples, time), Tensor.of(y, examples)).lengths(lengths);
    }

    /// Fewer steps in the middle than at the front: trained, scored, saved and served, on both kernel sets.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void aModelLearnsThroughStrides(Choice kernels) {
        try (Sequential model = Sequential.builder()
                .add(Input.ids(Shape.TIME))
                .add(Embedding.of(4, 6))
                .add(Conv1d.filters(12, 2).activation(Activation.RELU))
                .add(MaxPool.size(2))
                .add(BatchNorm.of().momentum(0.9))
                .add(Conv1d.filters(8, 1).stride(2).activation(Activation.RELU))
                .add(PoolTime.max())
                .add(Dense.units(2))
                .seed(4)
                .build()) {
            assertEquals(Shape.of(Shape.BATCH, 2), model.outputShape());
            assertTrue(model.summary().contains("max_pool"), model.summary());
            model.compile(Training.optimizer(Adam.rate(1e-2))
                    .loss(Loss.sparseCategoricalCrossEntropy())
                    .metrics(Metric.accuracy())
                    .engine(Runs.engine(kernels)));
            Dataset data = patterns(128);
            double before = model.evaluate(data).loss();
            model.fit(data, Fit.epochs(12).batchSize(16));
            double after = model.evaluate(data).loss();
            assertTrue(after < 0.8 * before, before + " to " + after);
        }
    }

    @Test
    void tooFewStepsForAWindowAreRefused() {
        try (Sequential model =
                        Layers.model(Input.features(Shape.TIME, 1), Conv1d.filters(2, 3), PoolTime.sum());
                InferenceSession session = model.session()) {
            Tensor y = Tensor.zeros(DataType.FLOAT32, 1, 2);
            for (Choice kernels : Layers.KERNELS) {
                assertEquals("conv1d.windows: expected at least 3 steps, got 2",
                        refusal(() -> Layers.run(model, kernels, Tensor.of(new float[2], 1, 2, 1), NONE)));
                assertEquals(2, Layers.run(model, kernels, Tensor.of(new float[3], 1, 3, 1), NONE).length);
            }
            session.run(Tensor.of(new float[9], 1, 9, 1), y);
            assertEquals("stream: expected layers that give the same of a sequence in pieces, but conv1d needs the whole",
                    String.valueOf(assertThrows(IllegalStateException.class, () -> session.stream(1)).getMessage()));
        }
    }

    @Test
    void stepsOfWindowsHaveNoTargetsOfTheirOwn() {
        try (Sequential model = Layers.model(Input.features(Shape.TIME, 1), Conv1d.filters(2, 3).stride(2))) {
            assertEquals(Shape.of(Shape.BATCH, Shape.time(7), 2), model.outputShape());
            assertEquals("loss: expected a model that gives as many steps as it takes or none, or ctc, got [B,T7,2], whose steps are windows, and "
                            + Loss.sparseCategoricalCrossEntropy(),
                    refusal(() -> model.compile(Training.optimizer(Sgd.rate(0.1)))));
        }
    }

    /// A model that gives one output for each window, called in every way.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void windowsAreServed(Choice kernels) {
        Conv1d layer = Conv1d.filters(FILTERS, 3).stride(2);
        int time = 8;
        int[] lengths = {8, 2, 5};
        Tensor x = Runs.features(Seeds.generator(6, "x", 0), 3, time, FEATURES);
        try (Sequential model = Layers.model(Input.features(Shape.TIME, FEATURES), layer);
                InferenceSession session =
                        model.session(Serving.standard().engine(Engine.inference().kernels(kernels)))) {
            double[][][] alone = new double[3][][];
            double[] full = new double[0];
            double[] ragged = new double[3 * 3 * FILTERS];
            for (int b = 0; b < 3; b++) {
                alone[b] = expected(layer, steps(x, b, time, lengths[b]), model);
                System.arraycopy(flat(alone[b]), 0, ragged, b * 3 * FILTERS, alone[b].length * FILTERS);
                double[] whole = flat(expected(layer, steps(x, b, time, time), model));
                full = DoubleStream.concat(Arrays.stream(full), Arrays.stream(whole)).toArray();
            }
            Closeness close = Closeness.ofSums(9, 1);
            Tensor y = Tensor.zeros(DataType.FLOAT32, 3, 3, FILTERS);
            session.run(x, y);
            close.check("whole", full, y.toDoubles());
            session.run(x, Tensor.of(lengths, 3), y);
            close.check("ragged", ragged, y.toDoubles());
            session.request().input("x", x).lengths("x", Tensor.of(lengths, 3)).output("y", y).run();
            close.check("request", ragged, y.toDoubles());
            session.run(x.segment(), y.segment(), 3, time);
            close.check("segments", full, y.toDoubles());
            float[] one = new float[3 * FILTERS];
            session.run(Arrays.copyOf(x.toFloats(), time * FEATURES), one);
            close.check("array", Arrays.copyOf(full, one.length), doubles(one));
            close.check("predict", ragged, model.predict(x, Tensor.of(lengths, 3)).toDoubles());
            close.check("predict by name", full,
                    Objects.requireNonNull(model.predict(Map.of("x", x)).get("y")).toDoubles());

            Tensor wrong = Tensor.zeros(DataType.FLOAT32, 3, 4, FILTERS);
            assertEquals("y: expected FLOAT32 [B,T7,5] = [3,3,5], got FLOAT32 [3,4,5]", refusal(() -> session.run(x, wrong)));
            assertEquals("y: expected FLOAT32 [B,T7,5] = [3,3,5], got [3,4,5]",
                    refusal(() -> session.request().input("x", x).output("y", wrong).run()));
            assertEquals("y: expected FLOAT32 [B,T7,5] = [1,3,5], got [3]",
                    refusal(() -> session.run(new float[time * FEATURES], new float[3])));
            String few = "conv1d.windows: expected at least 3 steps, got 2";
            Tensor two = Tensor.zeros(DataType.FLOAT32, 1, 2, FEATURES);
            Tensor none = Tensor.zeros(DataType.FLOAT32, 1, 1, FILTERS);
            assertEquals(few, refusal(() -> session.run(two, none)));
            assertEquals(few, refusal(() -> session.request().input("x", two).output("y", none).run()));
            assertEquals(few, refusal(() -> session.run(two.segment(), none.segment(), 1, 2)));
            assertEquals(few, refusal(() -> model.predict(two)));
        }
    }

    /// Where the numbers of windows have symbols, what holds NaN or infinity is found and told all the same.
    @Test
    void numbersThatOverflowAreToldByTheirPlace() {
        try (Sequential model = Layers.model(Input.features(Shape.TIME, 1),
                Conv1d.filters(1, 2).stride(2).weights(Initializer.constant(1e30)), Conv1d.filters(1, 1).weights(Initializer.constant(1e30)),
                PoolTime.sum())) {
            model.compile(Training.optimizer(Sgd.rate(0.1)).loss(Loss.meanSquaredError()));
            Dataset data = Dataset.of(Tensor.of(new float[] {1, 2, 3, 4}, 1, 4, 1), Tensor.of(new float[] {1}, 1, 1));
            String message = String.valueOf(
                    assertThrows(NonFiniteException.class, () -> model.fit(data, Fit.epochs(1))).getMessage());
            assertTrue(message.contains("conv1d_1") && message.contains("[B,T7,1]"), message);
        }
    }

    @Test
    void whatIsWrongIsRefused() {
        assertEquals("Conv1d: filters: expected at least 1, got 0", refusal(() -> Conv1d.filters(0, 1)));
        assertEquals("Conv1d: size: expected at least 1, got -1", refusal(() -> Conv1d.filters(1, -1)));
        assertEquals("Conv1d: stride: expected at least 1, got 0", refusal(() -> Conv1d.filters(1, 1).stride(0)));
        assertEquals("Conv1d: dilation: expected at least 1, got 0", refusal(() -> Conv1d.filters(1, 1).dilation(0)));
        assertEquals("Conv1d: size, dilation: expected windows of fewer steps than 2^31, got 3 with 2147483647 between two",
                refusal(() -> Conv1d.filters(1, 3).dilation(Integer.MAX_VALUE)));
        assertEquals("Conv1d: biases: expected ONE or NONE, got TWO", refusal(() -> Conv1d.filters(1, 1).biases(Bias.TWO)));
        assertEquals("MaxPool: size: expected at least 1, got 0", refusal(() -> MaxPool.size(0)));
        assertEquals("MaxPool: size: expected at most 1024, got 1025", refusal(() -> MaxPool.size(1025)));
        assertEquals("AveragePool: stride: expected at least 1, got -2", refusal(() -> AveragePool.size(1).stride(-2)));
        assertEquals("conv1d: expected FLOAT32 [B,T,n], got FLOAT32 [B,4]",
                refusal(() -> Layers.model(Input.features(4), Conv1d.filters(1, 1))));
        assertEquals("max_pool: expected FLOAT32 [B,T,n], got INT32 [B,T]",
                refusal(() -> Layers.model(Input.ids(Shape.TIME), MaxPool.size(1))));
        assertEquals("average_pool: expected FLOAT32 [B,T,n], got FLOAT32 [B,4]",
                refusal(() -> Layers.model(Input.features(4), AveragePool.size(1))));
        assertTrue(Conv1d.filters(2, 1).isStreamable());
        assertFalse(Conv1d.filters(2, 2).causal().isStreamable());
        assertFalse(MaxPool.size(2).isStreamable());
    }

    /// Inputs have the symbols from the first on, windows those from the last on.
    @Test
    void aModelHasSoManyTimesAndNoMore() {
        NetworkBuilder b = Network.builder();
        Symbol x = b.input(Input.features(Shape.TIME, 1));
        for (int k = 1; k < 7; k++) {
            b.input(Input.features(Shape.time(k), 1));
        }
        Symbol halves = b.add(MaxPool.size(2), x);
        assertEquals(Shape.of(Shape.BATCH, Shape.time(7), 1), halves.shape());
        assertEquals(halves.shape(), b.add(Conv1d.filters(1, 2).stride(2), x).shape(), "as many windows");
        assertEquals("max_pool_1: expected at most 8 different numbers of steps in a model, got more",
                refusal(() -> b.add(MaxPool.size(3), x)));
        assertEquals("x_7: expected at most 8 different numbers of steps in a model, got more",
                refusal(() -> b.input(Input.features(Shape.time(7), 1))));
    }

    private static String refusal(Executable call) {
        return String.valueOf(assertThrows(IllegalArgumentException.class, call).getMessage());
    }
}
