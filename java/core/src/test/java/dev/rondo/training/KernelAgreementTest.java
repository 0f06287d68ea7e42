package dev.rondo.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Runs;
import dev.rondo.Sequential;
import dev.rondo.data.Dataset;
import dev.rondo.data.Seeds;
import dev.rondo.layers.Activation;
import dev.rondo.layers.Bias;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Input;
import dev.rondo.layers.Lstm;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Native kernels and pure Java, trained from the same seed, stay together.
class KernelAgreementTest {
    private static final int STEPS = 200;

    private static List<Double> losses(Choice kernels, double dropout) {
        // 8 streams in chunks of 20 steps; as many words as make at least 200 chunks.
        Dataset data = Runs.streams(6600, 20);
        try (Sequential model = Runs.characterModel(Runs.vocabulary(), dropout)) {
            model.compile(Runs.training(kernels));
            return Runs.losses(model, data, Fit.epochs(1).batchSize(8));
        }
    }

    /// Without biases, over padded sequences with one output each, by momentum.
    private static List<Double> paddedLosses(Choice kernels) {
        int examples = 80;
        int time = 11;
        int[] lengths = Runs.ids(Seeds.generator(1, "lengths", 0), time, examples).toInts();
        int[] classes = new int[examples];
        Tensor x = Runs.features(Seeds.generator(1, "x", 0), examples, time, 3);
        for (int i = 0; i < examples; i++) {
            classes[i] = x.get(i * time * 3) > 0 ? 1 : 0;
            lengths[i]++;
        }
        try (Sequential model = Sequential.builder()
                .add(Input.features(Shape.TIME, 3))
                .add(Lstm.units(13).biases(Bias.NONE).returnSequences())
                .add(Lstm.units(7))
                .add(Dense.units(5).activation(Activation.TANH).biases(Bias.NONE))
                .add(Dense.units(2).activation(Activation.SOFTMAX))
                .seed(2)
                .build()) {
            model.compile(Training.optimizer(Sgd.rate(0.05).momentum(0.9).nesterov()).engine(Runs.engine(kernels)));
            return Runs.losses(
                    model,
                    Dataset.of(x, Tensor.of(classes, examples)).lengths(lengths),
                    Fit.epochs(40).batchSize(8));
        }
    }

    @Test
    void soIsThatOfPaddedSequences() {
        compare(paddedLosses(Choice.JAVA), paddedLosses(Choice.NATIVE));
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.2})
    void everyStepsLossIsWithinAThousandth(double dropout) {
        compare(losses(Choice.JAVA, dropout), losses(Choice.NATIVE, dropout));
    }

    private static void compare(List<Double> java, List<Double> natives) {
        assertTrue(java.size() >= STEPS, java.size() + " steps");
        assertEquals(java.size(), natives.size());
        assertTrue(java.getLast() < 0.5 * java.getFirst(), "it learned: " + java.getLast());
        for (int step = 0; step < STEPS; step++) {
            assertEquals(java.get(step), natives.get(step), 1e-3, "step " + (step + 1));
        }
    }
}
