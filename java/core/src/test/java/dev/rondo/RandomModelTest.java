package dev.rondo;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.rondo.data.Dataset;
import dev.rondo.data.Order;
import dev.rondo.data.Seeds;
import dev.rondo.inference.InferenceSession;
import dev.rondo.inference.Serving;
import dev.rondo.inference.StreamingSession;
import dev.rondo.kernels.Closeness;
import dev.rondo.layers.Activation;
import dev.rondo.layers.ActivationLayer;
import dev.rondo.layers.BatchNorm;
import dev.rondo.layers.Bias;
import dev.rondo.layers.Conv1d;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Dropout;
import dev.rondo.layers.Embedding;
import dev.rondo.layers.GaussianNoise;
import dev.rondo.layers.Gru;
import dev.rondo.layers.Initializer;
import dev.rondo.layers.Input;
import dev.rondo.layers.Layer;
import dev.rondo.layers.LayerNorm;
import dev.rondo.layers.Network;
import dev.rondo.layers.Lstm;
import dev.rondo.layers.Recurrent;
import dev.rondo.layers.SimpleRnn;
import dev.rondo.layers.WeightNoise;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Fit;
import dev.rondo.training.Loss;
import dev.rondo.training.Sgd;
import dev.rondo.training.Training;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What holds for every model, on models of random layers and sizes. The number of a failing case is its seed.
class RandomModelTest {
    /// One, around the widths of vectors, and primes.
    private static final int[] SIZES = {1, 3, 4, 5, 7, 8, 9, 13, 15, 16, 17, 31, 33};

    private static final int[] BATCHES = {1, 2, 3, 7, 8, 9, 17};
    private static final int[] TIMES = {1, 2, 5, 11};

    private static final Activation[] ACTIVATIONS = {
        Activation.TANH, Activation.RELU, Activation.SIGMOID, Activation.LINEAR, Activation.SOFTPLUS, Activation.SOFTMAX
    };

    static IntStream seeds() {
        return IntStream.range(0, 60);
    }

    /// A random model with random data.
    ///
    /// @param perStep whether it gives an output for each step
    private record Case(Network network, Tensor x, int batch, int time, int features, int classes, boolean perStep) {
        static Case of(int seed) {
            RandomGenerator random = Seeds.generator(seed, "RandomModelTest", 0);
            int batch = pick(BATCHES, random);
            int time = pick(TIMES, random);
            int features = pick(SIZES, random);
            boolean head = random.nextBoolean();
            int classes = pick(SIZES, random);
            boolean ids = random.nextBoolean();
            boolean perStep = random.nextBoolean();
            Sequential.Builder builder = Sequential.builder().seed(seed);
            if (ids) {
                builder.add(Input.ids(Shape.TIME)).add(Embedding.of(features, pick(SIZES, random)));
            } else {
                builder.add(Input.features(Shape.TIME, features));
            }
            if (random.nextBoolean()) {
                builder.add(Dense.units(pick(SIZES, random)).activation(activation(random)).biases(bias(random)));
            }
            if (random.nextBoolean()) {
                builder.add(between(random));
            }
            if (random.nextBoolean()) {
                builder.add(recurrent(pick(SIZES, random), random).returnSequences());
                builder.add(Dropout.rate(0.25));
            }
            Recurrent<?> last = recurrent(head ? pick(SIZES, random) : classes, random);
            builder.add(perStep ? last.returnSequences() : last);
            if (head) {
                builder.add(Dense.units(classes).activation(activation(random)).biases(bias(random)));
            }
            Tensor x = ids
                    ? Runs.ids(random, features, batch, time)
                    : Runs.features(random, batch, time, features);
            try (Sequential model = builder.build()) {
                Network network = Network.chain(model.seed(), model.layers());
                return new Case(network, x, batch, time, ids ? 1 : features, classes, perStep);
            }
        }

        /// One of those that work at each step for itself.
        private static Layer between(RandomGenerator random) {
            return switch (random.nextInt(7)) {
                case 0 -> LayerNorm.of().epsilon(0.5);
                case 1 -> BatchNorm.of().epsilon(0.5).momentum(0.8);
                case 2 -> ActivationLayer.of(activation(random));
                case 3 -> Conv1d.filters(pick(SIZES, random), 1).activation(activation(random)).biases(bias(random));
                case 4 -> GaussianNoise.deviation(0.1);
                case 5 -> Dropout.rate(0.25).perSequence();
                default -> WeightNoise.of(Dense.units(pick(SIZES, random)), 0.1);
            };
        }

        private static int pick(int[] sizes, RandomGenerator random) {
            return sizes[random.nextInt(sizes.length)];
        }

        private static Recurrent<?> recurrent(int units, RandomGenerator random) {
            Recurrent<?> cell = switch (random.nextInt(8)) {
                case 0 -> Lstm.units(units);
                case 1 -> Lstm.units(units).peepholes(Initializer.normal(0.3));
                case 2 -> Gru.units(units);
                case 3 -> Gru.units(units).reset(Gru.Reset.BEFORE);
                case 4 -> Lstm.units(units).coupled().peepholes(Initializer.normal(0.3)).cellClip(0.5);
                case 5 -> Lstm.units(units + 3).projection(units).activation(Activation.ELU);
                case 6 -> Gru.units(units).gateActivation(Activation.HARD_SIGMOID).inputClip(1);
                default -> SimpleRnn.units(units).activation(pick(ACTIVATIONS, random));
            };
            Recurrent<?> biased = cell.biases(pick(Bias.values(), random)).recurrentBias(Initializer.normal(0.3));
            return random.nextBoolean() ? biased.recurrentDropout(0.3) : biased;
        }

        private static <T> T pick(T[] values, RandomGenerator random) {
            return values[random.nextInt(values.length)];
        }

        private static Bias bias(RandomGenerator random) {
            return random.nextBoolean() ? Bias.ONE : Bias.NONE;
        }

        private static Activation activation(RandomGenerator random) {
            return Activation.values()[random.nextInt(Activation.values().length)];
        }

        Sequential model() {
            Sequential.Builder builder = Sequential.builder().seed(network.seed());
            network.layers().forEach(builder::add);
            return builder.build();
        }

        InferenceSession session(Choice kernels) {
            try (Sequential model = model()) {
                return model.session(Serving.standard().engine(Engine.inference().kernels(kernels)));
            }
        }

        /// One that takes what the model ends in.
        Loss loss() {
            boolean classified = network.layers().getLast() instanceof Dense dense
                    && (dense.activation() == Activation.LINEAR || dense.activation() == Activation.SOFTMAX);
            return classified ? Loss.sparseCategoricalCrossEntropy() : Loss.meanSquaredError();
        }

        Tensor targets(RandomGenerator random, Loss loss) {
            if (loss instanceof Loss.MeanSquaredError) {
                return perStep
                        ? Runs.features(random, batch, time, classes)
                        : Runs.features(random, batch, classes);
            }
            return perStep ? Runs.ids(random, classes, batch, time) : Runs.ids(random, classes, batch);
        }

        Tensor output(int rows, int steps) {
            return perStep
                    ? Tensor.zeros(DataType.FLOAT32, rows, steps, classes)
                    : Tensor.zeros(DataType.FLOAT32, rows, classes);
        }

        /// Steps `from..to-1` of some rows of x.
        Tensor cut(int row, int rows, int from, int to) {
            int[] dims = x.shape().dims();
            dims[0] = rows;
            dims[1] = to - from;
            Tensor cut = Tensor.zeros(x.type(), dims);
            for (int r = 0; r < rows; r++) {
                for (int t = from; t < to; t++) {
                    for (int f = 0; f < features; f++) {
                        cut.set(
                                ((long) r * (to - from) + t - from) * features + f,
                                x.get(((long) (row + r) * time + t) * features + f));
                    }
                }
            }
            return cut;
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void nativeAndJavaAgree(int seed) {
        Case random = Case.of(seed);
        Tensor expected = random.output(random.batch(), random.time());
        Tensor actual = random.output(random.batch(), random.time());
        try (InferenceSession java = random.session(Choice.JAVA);
                InferenceSession natives = random.session(Choice.NATIVE)) {
            java.run(random.x(), expected);
            natives.run(random.x(), actual);
        }
        // At most 66 products a sum, five layers, 11 steps.
        Closeness.ofSums(66, 5 * random.time()).check(random.toString(), expected.toDoubles(), actual.toDoubles());
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void eachSequenceStandsForItselfAndStreamsEqualTheWhole(int seed) {
        Case random = Case.of(seed);
        for (Choice kernels : List.of(Choice.JAVA, Choice.NATIVE)) {
            try (InferenceSession session = random.session(kernels);
                    StreamingSession stream = session.stream(random.batch())) {
                Tensor whole = random.output(random.batch(), random.time());
                session.run(random.x(), whole);
                int rowSize = (int) (whole.elements() / random.batch());
                for (int row = 0; row < random.batch(); row++) {
                    Tensor single = random.output(1, random.time());
                    session.run(random.cut(row, 1, 0, random.time()), single);
                    assertArrayEquals(slice(whole, row * rowSize, rowSize), single.toFloats(), kernels + " " + random);
                }
                Tensor y = random.output(random.batch(), 1);
                for (int t = 0; t < random.time(); t++) {
                    stream.step(random.cut(0, random.batch(), t, t + 1), y);
                    if (random.perStep()) {
                        for (int row = 0; row < random.batch(); row++) {
                            assertArrayEquals(
                                    slice(whole, (row * random.time() + t) * random.classes(), random.classes()),
                                    slice(y, row * random.classes(), random.classes()),
                                    kernels + " step " + t + " " + random);
                        }
                    }
                }
                if (!random.perStep()) {
                    assertArrayEquals(whole.toFloats(), y.toFloats(), kernels + " " + random);
                }
            }
        }
    }

    /// Three steps with dropout, clipping and a partial batch: the losses and the parameters after them.
    @ParameterizedTest
    @MethodSource("seeds")
    void trainingAgrees(int seed) {
        Case random = Case.of(seed);
        RandomGenerator labels = Seeds.generator(seed, "labels", 0);
        Loss loss = random.loss();
        Tensor y = random.targets(labels, loss);
        int[] lengths = Runs.ids(labels, random.time(), random.batch()).toInts();
        for (int i = 0; i < lengths.length; i++) {
            lengths[i]++;
        }
        Dataset data = Dataset.of(random.x(), y).lengths(lengths);
        Fit fit = Fit.epochs(3).batchSize(random.batch() > 1 ? random.batch() - 1 : 1).order(Order.SEQUENTIAL);
        try (Sequential java = random.model();
                Sequential natives = random.model()) {
            java.compile(training(Choice.JAVA).loss(loss));
            natives.compile(training(Choice.NATIVE).loss(loss));
            List<Double> expected = Runs.losses(java, data, fit);
            List<Double> actual = Runs.losses(natives, data, fit);
            assertEquals(expected.size(), actual.size());
            // Six steps, each forward and backward through five layers of 11 steps and 66 products a sum.
            Closeness closeness = Closeness.ofSums(66, 6 * 2 * 5 * random.time());
            closeness.check("losses of " + random, doubles(expected), doubles(actual));
            java.parameters().forEach((name, tensor) -> closeness.check(
                    name + " of " + random,
                    tensor.toDoubles(),
                    natives.parameters().get(name).toDoubles()));
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void layersComeBackFromJson(int seed) {
        Network network = Case.of(seed).network();
        assertEquals(network, Network.fromJson(network.toJson()));
    }

    private static Training training(Choice kernels) {
        return Training.optimizer(Sgd.rate(0.1).momentum(0.5)).clipGlobalNorm(1).engine(Runs.engine(kernels));
    }

    private static double[] doubles(List<Double> list) {
        return list.stream().mapToDouble(Double::doubleValue).toArray();
    }

    private static float[] slice(Tensor tensor, int from, int count) {
        return Arrays.copyOfRange(tensor.toFloats(), from, from + count);
    }
}
