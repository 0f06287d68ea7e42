package dev.rondo.training;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.rondo.Runs;
import dev.rondo.Sequential;
import dev.rondo.data.Dataset;
import dev.rondo.data.Order;
import dev.rondo.data.Seeds;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Embedding;
import dev.rondo.layers.Input;
import dev.rondo.layers.Lstm;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What lies behind a sequence's end changes nothing, and short last batches count as what they are.
class PaddingTest {
    private static final int[] LENGTHS = {3, 7, 1, 5, 7, 2, 4};
    private static final int CLASSES = 5;

    /// Ids and a class for each step, the same up to each sequence's length, and `padding` behind it.
    private static Dataset tagged(int time, int padding) {
        int n = LENGTHS.length;
        int[] x = new int[n * time];
        int[] y = new int[n * time];
        Arrays.fill(x, padding);
        Arrays.fill(y, padding);
        for (int i = 0; i < n; i++) {
            for (int t = 0; t < LENGTHS[i]; t++) {
                x[i * time + t] = (i * 7 + t * 3) % 11;
                y[i * time + t] = (i + t * t) % CLASSES;
            }
        }
        return Dataset.of(Tensor.of(x, n, time), Tensor.of(y, n, time)).lengths(LENGTHS);
    }

    private static Sequential tagger() {
        return Sequential.builder()
                .add(Input.ids(Shape.TIME))
                .add(Embedding.of(11, 6))
                .add(Lstm.units(7).returnSequences())
                .add(Dense.units(CLASSES))
                .seed(4)
                .build();
    }

    private record Outcome(List<Double> losses, Scores scores, Map<String, List<Float>> parameters) {}

    private static Outcome run(Sequential model, Dataset data, Choice kernels) {
        try (model) {
            model.compile(Runs.training(kernels));
            List<Double> losses =
                    Runs.losses(model, data, Fit.epochs(5).batchSize(3).order(Order.SEQUENTIAL));
            return new Outcome(losses, model.evaluate(data), Runs.parameters(model));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void whatPaddingHoldsChangesNothing(Choice kernels) {
        Outcome zeros = run(tagger(), tagged(7, 0), kernels);
        assertEquals(zeros, run(tagger(), tagged(7, 3), kernels));
        assertEquals(zeros, run(tagger(), tagged(7, -1_000_000), kernels), "ids that no table has");
        assertEquals(Arrays.stream(LENGTHS).sum(), zeros.scores().steps());
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void howMuchPaddingThereIsChangesNothing(Choice kernels) {
        assertEquals(run(tagger(), tagged(7, 0), kernels), run(tagger(), tagged(40, 1), kernels));
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void notEvenNaNInPaddingDoes(Choice kernels) {
        assertEquals(run(classifier(), vectors(0), kernels), run(classifier(), vectors(Float.NaN), kernels));
    }

    private static Sequential classifier() {
        return Sequential.builder()
                .add(Input.features(Shape.TIME, 3))
                .add(Lstm.units(6))
                .add(Dense.units(2))
                .seed(9)
                .build();
    }

    private static Dataset vectors(float padding) {
        int n = LENGTHS.length;
        int time = 8;
        Tensor x = Runs.features(Seeds.generator(3, "x", 0), n, time, 3);
        for (int i = 0; i < n; i++) {
            for (int at = (i * time + LENGTHS[i]) * 3; at < (i + 1) * time * 3; at++) {
                x.set(at, padding);
            }
        }
        return Dataset.of(x, Runs.ids(Seeds.generator(3, "y", 0), 2, n)).lengths(LENGTHS);
    }

    /// The loss of a whole is the mean over its real steps, however it is cut: 7 examples in batches of 1, 3 and 7.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void scoresDoNotDependOnHowTheDataAreCut(Choice kernels) {
        try (Sequential model = tagger()) {
            model.compile(Runs.training(kernels));
            Scores whole = model.evaluate(tagged(7, 0), 7);
            for (int batchSize : new int[] {1, 3, 4, 100}) {
                Scores cut = model.evaluate(tagged(7, 0), batchSize);
                // Means of at most 29 float32 numbers of size 2, each rounded once: 2 * 2^-24 * 2.
                assertEquals(whole.loss(), cut.loss(), 1e-6, "batches of " + batchSize);
                assertEquals(whole.metric("accuracy"), cut.metric("accuracy"), 0);
                assertEquals(whole.steps(), cut.steps());
            }
        }
    }
}
