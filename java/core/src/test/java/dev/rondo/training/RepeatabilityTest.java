package dev.rondo.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.rondo.Runs;
import dev.rondo.Sequential;
import dev.rondo.data.Dataset;
import dev.rondo.data.Order;
import dev.rondo.data.Seeds;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Dropout;
import dev.rondo.layers.Input;
import dev.rondo.layers.Lstm;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.Shape;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The same run again, bit for bit; and what does not change a run.
class RepeatabilityTest {
    private static final int EXAMPLES = 37;
    private static final int TIME = 9;

    private record Outcome(List<Double> losses, Map<String, List<Float>> parameters) {}

    private static Dataset data() {
        return Dataset.of(
                        Runs.features(Seeds.generator(1, "x", 0), EXAMPLES, TIME, 5),
                        Runs.ids(Seeds.generator(1, "y", 0), 3, EXAMPLES))
                .lengths(lengths());
    }

    private static int[] lengths() {
        int[] lengths = Runs.ids(Seeds.generator(1, "lengths", 0), TIME, EXAMPLES).toInts();
        for (int i = 0; i < lengths.length; i++) {
            lengths[i]++;
        }
        return lengths;
    }

    private static Sequential model(long seed) {
        return Sequential.builder()
                .add(Input.features(Shape.TIME, 5))
                .add(Lstm.units(8).returnSequences())
                .add(Dropout.rate(0.3))
                .add(Lstm.units(6))
                .add(Dense.units(3))
                .seed(seed)
                .build();
    }

    private static Outcome run(Choice kernels, long seed, Fit fit) {
        try (Sequential model = model(seed)) {
            model.compile(Runs.training(kernels));
            return new Outcome(Runs.losses(model, data(), fit), Runs.parameters(model));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void theSameSeedGivesTheSameRun(Choice kernels) {
        Outcome first = run(kernels, 1, Fit.epochs(4).batchSize(8));
        assertEquals(4 * 5, first.losses().size(), "37 examples in batches of 8");
        assertEquals(first, run(kernels, 1, Fit.epochs(4).batchSize(8)));
        assertNotEquals(first.losses(), run(kernels, 2, Fit.epochs(4).batchSize(8)).losses());
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void validationChangesNothingInTraining(Choice kernels) {
        Fit fit = Fit.epochs(4).batchSize(8);
        Dataset other = Dataset.of(
                Runs.features(Seeds.generator(2, "x", 0), 11, TIME + 3, 5),
                Runs.ids(Seeds.generator(2, "y", 0), 3, 11));
        assertEquals(run(kernels, 1, fit), run(kernels, 1, fit.validation(other)));
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void shufflingMakesADifference(Choice kernels) {
        Outcome shuffled = run(kernels, 1, Fit.epochs(1).batchSize(8));
        Outcome sequential = run(kernels, 1, Fit.epochs(1).batchSize(8).order(Order.SEQUENTIAL));
        assertNotEquals(shuffled.losses(), sequential.losses());
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void twoFitsGoOnLikeOne(Choice kernels) {
        Outcome once = run(kernels, 1, Fit.epochs(4).batchSize(8));
        try (Sequential model = model(1)) {
            model.compile(Runs.training(kernels));
            Runs.losses(model, data(), Fit.epochs(1).batchSize(8));
            Runs.losses(model, data(), Fit.epochs(3).batchSize(8));
            assertEquals(once.parameters(), Runs.parameters(model));
            assertEquals(4, model.trainer().epochs());
            assertEquals(20, model.trainer().steps());
        }
    }
}
