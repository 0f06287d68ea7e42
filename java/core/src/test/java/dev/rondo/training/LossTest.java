package dev.rondo.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Runs;
import dev.rondo.Sequential;
import dev.rondo.data.Dataset;
import dev.rondo.data.Examples;
import dev.rondo.data.Order;
import dev.rondo.data.Seeds;
import dev.rondo.graph.Value;
import dev.rondo.layers.Activation;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Dropout;
import dev.rondo.layers.Gru;
import dev.rondo.layers.Input;
import dev.rondo.layers.Layer;
import dev.rondo.layers.Lstm;
import dev.rondo.layers.SimpleRnn;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Every loss behind every activation of a dense layer that it takes, over sequences of their own lengths: loss, metrics, gradients and
/// predictions against the equations in double, the gradients against central differences.
class LossTest {
    /// Linear, and those that a loss of probabilities may stand behind.
    private static final List<Activation> ACTIVATIONS = List.of(
            Activation.LINEAR, Activation.SIGMOID, Activation.TANH, Activation.RELU, Activation.SOFTMAX);

    private static final int[] LENGTHS = {4, 1, 3, 2, 4};
    private static final int TIME = 4;
    private static final int SIZE = 3;
    private static final double STEP = 1e-6;

    /// float32 numbers around 1 that are rounded some ten times.
    private static final double CLOSE = 2e-6;

    private static final float[] X = numbers("x", LENGTHS.length * TIME * SIZE);
    private static final float[] PARAMETERS = numbers("parameters", SIZE * SIZE + SIZE);

    private static float[] numbers(String name, int count) {
        RandomGenerator random = Seeds.generator(5, name, 0);
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = (float) (2 * random.nextDouble() - 1);
        }
        return numbers;
    }

    /// What steps count by.
    private enum Weighting {
        NONE,
        SEQUENCES,
        STEPS,
        CLASSES
    }

    private static final float[] CLASS_WEIGHTS = {0.5f, 2, 1.5f};

    /// Some steps count for nothing, but no sequence does.
    private static float[] weights(Weighting weighting) {
        float[] weights = new float[LENGTHS.length * TIME];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = switch (weighting) {
                case NONE, CLASSES -> 1;
                case SEQUENCES -> 0.3f + i / TIME;
                case STEPS -> i % TIME == 1 ? 0 : i % TIME >= LENGTHS[i / TIME] ? Float.NaN : 0.25f + i % 3;
            };
        }
        return weights;
    }

    private static Loss cubedError() {
        return Loss.custom("cubed error", (s, y, t) -> {
            Value error = s.abs(s.subtract(y, t));
            return s.mean(s.multiply(s.square(error), error));
        });
    }

    static Stream<Arguments> cases() {
        List<Arguments> cases = new ArrayList<>();
        for (Choice kernels : List.of(Choice.JAVA, Choice.NATIVE)) {
            for (Activation activation : ACTIVATIONS) {
                for (Loss loss : losses(activation)) {
                    for (Weighting weighting : Weighting.values()) {
                        boolean bounded = activation == Activation.TANH || activation == Activation.RELU;
                        boolean classes = loss instanceof Loss.CategoricalCrossEntropy;
                        if (weighting == Weighting.NONE || !bounded && (classes || weighting != Weighting.CLASSES)) {
                            cases.add(Arguments.of(kernels, activation, loss, weighting));
                        }
                    }
                }
            }
        }
        return cases.stream();
    }

    private static List<Loss> losses(Activation activation) {
        List<Loss> losses = new ArrayList<>();
        losses.add(Loss.meanSquaredError());
        losses.add(Loss.meanAbsoluteError());
        losses.add(Loss.huber(0.4));
        losses.add(cubedError());
        if (activation == Activation.LINEAR || activation == Activation.SIGMOID) {
            losses.add(Loss.binaryCrossEntropy());
            losses.add(Loss.binaryCrossEntropy().labelSmoothing(0.2));
        }
        if (activation == Activation.LINEAR || activation == Activation.SOFTMAX) {
            losses.add(Loss.categoricalCrossEntropy());
            losses.add(Loss.categoricalCrossEntropy().labelSmoothing(0.1));
            losses.add(Loss.klDivergence());
        }
        if (activation == Activation.SIGMOID || activation == Activation.SOFTMAX) {
            losses.add(Loss.binaryCrossEntropyOfProbabilities());
            losses.add(Loss.binaryCrossEntropyOfProbabilities().labelSmoothing(0.3));
            losses.add(Loss.categoricalCrossEntropyOfProbabilities());
            losses.add(Loss.categoricalCrossEntropyOfProbabilities().labelSmoothing(0.3));
        }
        return losses;
    }

    /// Targets in 0..1; for classes probabilities that sum to 1 in each step.
    private static float[] targets(Loss loss) {
        float[] targets = numbers("targets", X.length);
        for (int i = 0; i < targets.length; i++) {
            targets[i] = i % 4 == 0 ? 1 : i % 4 == 1 ? 0 : Math.abs(targets[i]);
        }
        if (loss instanceof Loss.CategoricalCrossEntropy || loss instanceof Loss.KlDivergence) {
            for (int i = 0; i < targets.length; i += SIZE) {
                float sum = targets[i] + targets[i + 1] + targets[i + 2];
                for (int j = i; j < i + SIZE; j++) {
                    targets[j] /= sum;
                }
            }
        }
        return targets;
    }

    /// The layer's output for step `at`.
    private static double[] output(double[] w, Activation activation, int at) {
        double[] y = new double[SIZE];
        double sum = 0;
        for (int k = 0; k < SIZE; k++) {
            y[k] = w[SIZE * SIZE + k];
            for (int j = 0; j < SIZE; j++) {
                y[k] += w[k * SIZE + j] * X[at * SIZE + j];
            }
            y[k] = switch (activation) {
                case LINEAR -> y[k];
                case SIGMOID -> 1 / (1 + Math.exp(-y[k]));
                case TANH -> Math.tanh(y[k]);
                case RELU -> Math.max(0, y[k]);
                case SOFTMAX -> Math.exp(y[k]);
                case SOFTPLUS, SILU, ELU, GELU, HARD_SIGMOID, HARD_SIGMOID_KERAS2, LEAKY_RELU ->
                        throw new IllegalArgumentException("not among those tested: " + activation);
            };
            sum += y[k];
        }
        for (int k = 0; k < SIZE && activation == Activation.SOFTMAX; k++) {
            y[k] /= sum;
        }
        return y;
    }

    /// The probabilities that a loss sees in an output.
    private static double[] probabilities(double[] y, Activation activation, Loss loss) {
        double[] p = y.clone();
        if (loss instanceof Loss.BinaryCrossEntropy(Loss.Predictions predictions, _)
                && predictions == Loss.Predictions.LOGITS
                && activation != Activation.SIGMOID) {
            for (int k = 0; k < SIZE; k++) {
                p[k] = 1 / (1 + Math.exp(-y[k]));
            }
        }
        boolean raw = loss instanceof Loss.CategoricalCrossEntropy(_, Loss.Predictions predictions, _)
                && predictions == Loss.Predictions.PROBABILITIES;
        if ((loss instanceof Loss.CategoricalCrossEntropy || loss instanceof Loss.KlDivergence)
                && activation != Activation.SOFTMAX) {
            double sum = 0;
            for (int k = 0; k < SIZE; k++) {
                sum += p[k] = raw ? y[k] + 1e-7 : Math.exp(y[k]);
            }
            for (int k = 0; k < SIZE; k++) {
                p[k] /= sum;
            }
        }
        return p;
    }

    private static double smoothed(Loss loss, double target) {
        return switch (loss) {
            case Loss.CategoricalCrossEntropy(_, _, double smoothing) -> (1 - smoothing) * target + smoothing / SIZE;
            case Loss.BinaryCrossEntropy(_, double smoothing) -> (1 - smoothing) * target + smoothing / 2;
            default -> target;
        };
    }

    /// Loss, a mean by weight; squared error, absolute error and accuracy, means over the real steps.
    private static double[] means(
            double[] w, Activation activation, Loss loss, float[] targets, Weighting weighting) {
        double[] sums = new double[4];
        float[] weights = weights(weighting);
        double total = 0;
        int steps = 0;
        for (int b = 0; b < LENGTHS.length; b++) {
            for (int t = 0; t < LENGTHS[b]; t++) {
                int at = b * TIME + t;
                steps++;
                double[] y = probabilities(output(w, activation, at), activation, loss);
                double weight = weights[at];
                for (int k = 0; k < SIZE && weighting == Weighting.CLASSES; k++) {
                    weight = (k == 0 ? 0 : weight) + CLASS_WEIGHTS[k] * targets[at * SIZE + k];
                }
                total += weight;
                for (int k = 0; k < SIZE; k++) {
                    double told = targets[at * SIZE + k];
                    double target = smoothed(loss, told);
                    double error = y[k] - told;
                    sums[0] += weight * switch (loss) {
                        case Loss.MeanSquaredError _ -> error * error / SIZE;
                        case Loss.MeanAbsoluteError _ -> Math.abs(error) / SIZE;
                        case Loss.BinaryCrossEntropy _ ->
                            -(target * Math.log(y[k]) + (1 - target) * Math.log(1 - y[k])) / SIZE;
                        case Loss.CategoricalCrossEntropy _ -> -target * Math.log(y[k]);
                        case Loss.KlDivergence _ -> target == 0 ? 0 : target * Math.log(target / y[k]);
                        case Loss.Huber(double delta) ->
                            (Math.abs(error) <= delta
                                            ? error * error / 2
                                            : delta * (Math.abs(error) - delta / 2))
                                    / SIZE;
                        case Loss.Custom _ -> Math.pow(Math.abs(error), 3) / SIZE;
                        case Loss.Ctc _, Loss.Crf _ ->
                            throw new IllegalArgumentException("see SequenceTrainingTest: " + loss);
                    };
                    sums[1] += error * error / SIZE;
                    sums[2] += Math.abs(error) / SIZE;
                    sums[3] += y[k] > 0.5 == told > 0.5 ? 1.0 / SIZE : 0;
                }
            }
        }
        for (int i = 0; i < sums.length; i++) {
            sums[i] /= i == 0 ? total : steps;
        }
        return sums;
    }

    private static Metric[] metrics(Loss loss) {
        return switch (loss) {
            case Loss.CategoricalCrossEntropy _ -> new Metric[] {Metric.perplexity()};
            case Loss.BinaryCrossEntropy _ ->
                new Metric[] {
                    Metric.meanSquaredError(), Metric.rootMeanSquaredError(), Metric.meanAbsoluteError(), Metric.accuracy()
                };
            case Loss.MeanSquaredError _, Loss.MeanAbsoluteError _, Loss.Huber _ ->
                new Metric[] {Metric.meanSquaredError(), Metric.rootMeanSquaredError(), Metric.meanAbsoluteError()};
            case Loss.Ctc _, Loss.Crf _, Loss.KlDivergence _, Loss.Custom _ -> new Metric[0];
        };
    }

    @ParameterizedTest
    @MethodSource("cases")
    void followsTheEquations(Choice kernels, Activation activation, Loss loss, Weighting weighting) {
        float[] targets = targets(loss);
        double[] w = new double[PARAMETERS.length];
        for (int i = 0; i < w.length; i++) {
            w[i] = PARAMETERS[i];
        }
        double[] expected = means(w, activation, loss, targets, weighting);
        Tensor x = Tensor.of(X, LENGTHS.length, TIME, SIZE);
        Examples plain =
                Dataset.of(x, Tensor.of(targets, LENGTHS.length, TIME, SIZE)).lengths(LENGTHS);
        Tensor stepWeights = Tensor.of(weights(weighting), LENGTHS.length, TIME);
        float[] weights = new float[LENGTHS.length];
        for (int b = 0; b < weights.length; b++) {
            weights[b] = weights(weighting)[b * TIME];
        }
        Examples data = switch (weighting) {
            case NONE, CLASSES -> plain;
            case SEQUENCES -> plain.weights(weights);
            case STEPS -> plain.stepWeights(stepWeights);
        };
        float[] classWeights = weighting == Weighting.CLASSES ? CLASS_WEIGHTS : new float[0];
        try (Sequential model = Sequential.of(
                Input.features(Shape.TIME, SIZE), Dense.units(SIZE).activation(activation))) {
            model.setParameter("dense/weight", Tensor.of(Arrays.copyOf(PARAMETERS, 9), 3, 3));
            model.setParameter("dense/bias", Tensor.of(Arrays.copyOfRange(PARAMETERS, 9, 12), 3));
            model.compile(Training.optimizer(Sgd.rate(1))
                    .loss(loss)
                    .classWeights(classWeights)
                    .metrics(metrics(loss))
                    .engine(Runs.engine(kernels)));
            // A root of the whole is not a mean of the batches' roots.
            for (int batchSize : new int[] {5, 2, 1}) {
                Scores scores = model.evaluate(data, batchSize);
                assertEquals(expected[0], scores.loss(), CLOSE, "loss in batches of " + batchSize);
                assertEquals(14, scores.steps());
                if (loss instanceof Loss.CategoricalCrossEntropy) {
                    assertEquals(Math.exp(expected[0]), scores.metric("perplexity"), 10 * CLOSE);
                } else if (metrics(loss).length > 0) {
                    assertEquals(expected[1], scores.metric("mse"), CLOSE);
                    assertEquals(Math.sqrt(expected[1]), scores.metric("rmse"), CLOSE);
                    assertEquals(expected[2], scores.metric("mae"), CLOSE);
                }
                if (loss instanceof Loss.BinaryCrossEntropy) {
                    assertEquals(expected[3], scores.metric("accuracy"), 1e-12);
                }
            }
            Tensor y = model.predict(x, Tensor.of(LENGTHS, LENGTHS.length));
            for (int b = 0; b < LENGTHS.length; b++) {
                for (int t = 0; t < LENGTHS[b]; t++) {
                    double[] output = output(w, activation, b * TIME + t);
                    for (int k = 0; k < SIZE; k++) {
                        assertEquals(output[k], y.get((b * TIME + t) * SIZE + k), CLOSE, "prediction");
                    }
                }
            }
            History history = model.fit(data, Fit.epochs(1).batchSize(5).order(Order.SEQUENTIAL));
            assertEquals(expected[0], history.last().loss(), CLOSE);
            for (int i = 0; i < w.length; i++) {
                double before = w[i];
                w[i] = before + STEP;
                double above = means(w, activation, loss, targets, weighting)[0];
                w[i] = before - STEP;
                double below = means(w, activation, loss, targets, weighting)[0];
                w[i] = before;
                Tensor after = model.parameters().get(i < 9 ? "dense/weight" : "dense/bias");
                assertEquals(
                        (above - below) / (2 * STEP), before - after.get(i < 9 ? i : i - 9), CLOSE, "gradient " + i);
            }
        }
    }

    /// With a softmax or sigmoid at the end, or the same left to the loss, training is the same bit for bit.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void whatEndsInProbabilitiesIsTrainedOnLogits(Choice kernels) {
        Tensor classes = Tensor.of(new int[] {0, 2, 1, 1, 0, 2, 2, 1, 0, 1, 2, 0, 0, 1, 2, 1, 0, 2, 1, 0}, 5, 4);
        assertEquals(
                trained(kernels, Activation.LINEAR, Loss.sparseCategoricalCrossEntropy(), classes),
                trained(kernels, Activation.SOFTMAX, Loss.sparseCategoricalCrossEntropy(), classes));
        assertEquals(
                trained(kernels, Activation.LINEAR, Loss.sparseCategoricalCrossEntropy(), classes),
                trained(kernels, Activation.SOFTMAX, Loss.sparseCategoricalCrossEntropyOfProbabilities(), classes));
        Tensor probabilities = Tensor.of(targets(Loss.binaryCrossEntropy()), 5, 4, 3);
        List<Float> logits = trained(kernels, Activation.LINEAR, Loss.binaryCrossEntropy(), probabilities);
        assertEquals(logits, trained(kernels, Activation.SIGMOID, Loss.binaryCrossEntropy(), probabilities));
        assertEquals(
                logits, trained(kernels, Activation.SIGMOID, Loss.binaryCrossEntropyOfProbabilities(), probabilities));
    }

    private static List<Float> trained(Choice kernels, Activation activation, Loss loss, Tensor y) {
        try (Sequential model = Sequential.builder()
                .add(Input.features(Shape.TIME, SIZE))
                .add(Dense.units(SIZE).activation(activation))
                .seed(3)
                .build()) {
            model.compile(Training.optimizer(Sgd.rate(0.5)).loss(loss).engine(Runs.engine(kernels)));
            model.fit(Dataset.of(Tensor.of(X, 5, TIME, SIZE), y).lengths(LENGTHS), Fit.epochs(4).batchSize(2));
            return Runs.floats(model.parameters().get("dense/weight"));
        }
    }

    /// A rectifier gives probabilities of 0, some for what is the target.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void aProbabilityOfZeroKeepsAllFinite(Choice kernels) {
        Tensor classes = Tensor.of(new int[] {0, 2, 1, 1, 0, 2, 2, 1, 0, 1, 2, 0, 0, 1, 2, 1, 0, 2, 1, 0}, 5, 4);
        Loss sparse = Loss.sparseCategoricalCrossEntropyOfProbabilities();
        for (float weight : trained(kernels, Activation.RELU, sparse, classes)) {
            assertTrue(Float.isFinite(weight), "weight " + weight);
        }
    }

    /// What a loss of logits would take for logits, though it is bounded already.
    @Test
    void whatGivesNoLogitsIsRefused() {
        Loss binary = Loss.binaryCrossEntropy();
        Loss sparse = Loss.sparseCategoricalCrossEntropy();
        Loss categorical = Loss.categoricalCrossEntropy();
        refused(
                "loss: expected logits for binaryCrossEntropy, or a dense layer with SIGMOID as the last, got the SIGMOID "
                        + "of rnn; for probabilities use binaryCrossEntropyOfProbabilities",
                binary,
                SimpleRnn.units(1).activation(Activation.SIGMOID));
        for (Activation activation : List.of(Activation.SOFTMAX, Activation.TANH, Activation.RELU)) {
            refused(
                    "loss: expected logits for binaryCrossEntropy, or a dense layer with SIGMOID as the last, got the "
                            + activation + " of dense; for probabilities use binaryCrossEntropyOfProbabilities",
                    binary,
                    Dense.units(1).activation(activation));
        }
        for (Activation activation : List.of(Activation.SIGMOID, Activation.TANH, Activation.RELU)) {
            refused(
                    "loss: expected logits for sparseCategoricalCrossEntropy, or a dense layer with SOFTMAX as the last, "
                            + "got the " + activation
                            + " of dense; for probabilities use sparseCategoricalCrossEntropyOfProbabilities",
                    sparse,
                    Dense.units(3).activation(activation));
            refused(
                    "loss: expected logits for categoricalCrossEntropy, or a dense layer with SOFTMAX as the last, got "
                            + "the " + activation + " of dense; for probabilities use categoricalCrossEntropyOfProbabilities",
                    categorical,
                    Dense.units(3).activation(activation));
        }
        for (Loss loss : List.of(binary, sparse, categorical)) {
            refused("got the state of lstm; for", loss, Lstm.units(3));
            refused("got the state of gru; for", loss, Gru.units(3).returnSequences());
            refused("got the TANH of rnn; for", loss, SimpleRnn.units(3));
            refused("got the RELU of rnn; for", loss, SimpleRnn.units(3).activation(Activation.RELU));
        }
        refused(
                "got the SOFTMAX of dense behind a dropout; for",
                sparse,
                Dense.units(3).activation(Activation.SOFTMAX),
                Dropout.rate(0.5));
        refused("got the SIGMOID of dense behind a dropout; for", binary,
                Dense.units(3).activation(Activation.SIGMOID), Dropout.rate(0.5));
    }

    private static void refused(String message, Loss loss, Layer... layers) {
        Sequential.Builder builder = Sequential.builder().add(Input.features(Shape.TIME, 2));
        Stream.of(layers).forEach(builder::add);
        try (Sequential model = builder.build()) {
            IllegalArgumentException e = assertThrows(
                    IllegalArgumentException.class,
                    () -> model.compile(Training.optimizer(Sgd.standard()).loss(loss).engine(Runs.engine(Choice.JAVA))));
            assertTrue(e.getMessage().contains(message), e.getMessage());
        }
    }

    /// What is not bounded may be logits, and numbers of every kind may be compared one by one or be called probabilities.
    @Test
    void whatMayBeLogitsIsTaken() {
        List<Layer> logits = List.of(
                Dense.units(3), SimpleRnn.units(3).activation(Activation.LINEAR), Dropout.rate(0.5));
        for (Loss loss : List.of(
                Loss.binaryCrossEntropy(), Loss.sparseCategoricalCrossEntropy(), Loss.categoricalCrossEntropy())) {
            logits.forEach(layer -> taken(loss, layer));
        }
        List<Layer> others = List.of(Lstm.units(3), SimpleRnn.units(3), Dense.units(3).activation(Activation.RELU));
        for (Loss loss : List.of(
                Loss.meanSquaredError(),
                Loss.meanAbsoluteError(),
                Loss.binaryCrossEntropyOfProbabilities(),
                Loss.sparseCategoricalCrossEntropyOfProbabilities(),
                Loss.categoricalCrossEntropyOfProbabilities())) {
            others.forEach(layer -> taken(loss, layer));
        }
    }

    private static void taken(Loss loss, Layer last) {
        try (Sequential model = Sequential.of(Input.features(Shape.TIME, 3), last)) {
            model.compile(Training.optimizer(Sgd.standard()).loss(loss).engine(Runs.engine(Choice.JAVA)));
            assertEquals(0, model.trainer().steps());
        }
    }

    @Test
    void metricsThatALossDoesNotCountForAreRefused() {
        try (Sequential model = Sequential.of(Input.features(2), Dense.units(2))) {
            refused(model, Loss.meanSquaredError(), Metric.accuracy(), "MeanSquaredError[] counts for, got accuracy");
            refused(model, Loss.binaryCrossEntropy(), Metric.perplexity(), "got perplexity");
            for (Metric metric : List.of(
                    Metric.meanSquaredError(), Metric.rootMeanSquaredError(), Metric.meanAbsoluteError())) {
                refused(model, Loss.sparseCategoricalCrossEntropy(), metric, "got " + metric.name());
            }
        }
    }

    private static void refused(Sequential model, Loss loss, Metric metric, String message) {
        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class,
                () -> model.compile(Training.optimizer(Sgd.standard())
                        .loss(loss)
                        .metrics(metric)
                        .engine(Runs.engine(Choice.JAVA))));
        assertTrue(String.valueOf(e.getMessage()).endsWith(message), e.getMessage());
    }
}
