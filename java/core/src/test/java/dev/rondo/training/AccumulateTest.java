package dev.rondo.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Runs;
import dev.rondo.Sequential;
import dev.rondo.data.Dataset;
import dev.rondo.data.Examples;
import dev.rondo.data.Order;
import dev.rondo.data.Seeds;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Input;
import dev.rondo.layers.Lstm;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Small batches that come together are the large batch of them.
class AccumulateTest {
    private static final int EXAMPLES = 11;
    private static final int[] LENGTHS = {7, 1, 2, 6, 5, 3, 1, 7, 4, 2, 1};
    private static final Fit EPOCHS = Fit.epochs(3).order(Order.SEQUENTIAL);

    /// A class for each step, so that batches of as many examples differ in their real steps.
    private static Examples data() {
        return Dataset.of(
                        Runs.features(Seeds.generator(1, "x", 0), EXAMPLES, 7, 3),
                        Runs.ids(Seeds.generator(1, "y", 0), 2, EXAMPLES, 7))
                .lengths(LENGTHS);
    }

    private static Sequential model() {
        return Sequential.of(
                Input.features(Shape.TIME, 3), Lstm.units(5).returnSequences(), Dense.units(2));
    }

    private static List<Training> trainings(Choice kernels) {
        Training sgd = Training.optimizer(Sgd.rate(0.3).momentum(0.5)).engine(Runs.engine(kernels));
        Training adam = Training.optimizer(Adam.rate(0.01).epsilon(1e-3)).engine(Runs.engine(kernels));
        return List.of(
                sgd,
                sgd.clipGlobalNorm(0.05).schedule(Schedule.step(0.5, 2)),
                sgd.clipNorm(0.02).group("*/weight*", Group.trained().l2(0.05)),
                adam.clipValue(0.01).group("dense/*", Group.trained().rate(0.5)));
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void theyAreOneLargeBatch(Choice kernels) {
        for (Training training : trainings(kernels)) {
            try (Sequential large = model(); Sequential small = model()) {
                large.compile(training);
                small.compile(training);
                History expected = large.fit(data(), EPOCHS.batchSize(6));
                History actual = small.fit(data(), EPOCHS.batchSize(2).accumulate(3));
                assertEquals(6, large.trainer().updates());
                assertEquals(6, small.trainer().updates());
                assertEquals(18, small.trainer().steps());
                for (int epoch = 0; epoch < 3; epoch++) {
                    EpochReport one = expected.epochs().get(epoch);
                    EpochReport other = actual.epochs().get(epoch);
                    assertEquals(one.loss(), other.loss(), 1e-6, training.toString());
                    assertEquals(one.rate(), other.rate());
                    assertEquals(one.training().steps(), other.training().steps());
                }
                Map<String, Tensor> parameters = small.parameters();
                // Six updates of numbers below 1, each of some tens of roundings.
                large.parameters().forEach((name, tensor) -> assertArrayEquals(
                        tensor.toDoubles(),
                        parameters.getOrDefault(name, tensor).toDoubles(),
                        6 * 32 * 0x1p-24,
                        name + " " + training));
            }
        }
    }

    /// The two batches of an update are told one by one; only the second moves the parameters.
    @Test
    void parametersMoveWithTheLastBatch() {
        try (Sequential model = model()) {
            model.compile(Training.optimizer(Sgd.rate(0.1))
                    .schedule(Schedule.step(0.5, 1))
                    .engine(Runs.engine(Choice.JAVA)));
            List<Map<String, List<Float>>> after = new ArrayList<>(List.of(Runs.parameters(model)));
            List<Double> rates = new ArrayList<>();
            model.fit(data(), Fit.epochs(1).batchSize(3).accumulate(3).callback(Callback.eachBatch(report -> {
                after.add(Runs.parameters(model));
                rates.add(report.rate());
            })));
            assertEquals(5, after.size());
            assertEquals(after.get(0), after.get(1));
            assertEquals(after.get(0), after.get(2));
            assertTrue(!after.get(2).equals(after.get(3)), "the third is the last of three");
            assertTrue(!after.get(3).equals(after.get(4)), "the fourth is the last of the epoch");
            assertEquals(List.of(0.1, 0.1, 0.1, 0.05), rates);
            assertEquals(2, model.trainer().updates());
        }
    }

    /// A run that was stopped between two updates leaves nothing to the next.
    @Test
    void runsBeginAnew() {
        Callback stop = new Callback() {
            @Override
            public Next onBatch(BatchReport report) {
                return report.batch() == 2 ? Next.STOP : Next.CONTINUE;
            }
        };
        Fit fit = EPOCHS.batchSize(2).accumulate(3);
        Training training = Training.optimizer(Sgd.rate(0.1)).engine(Runs.engine(Choice.JAVA));
        try (Sequential stopped = model(); Sequential plain = model()) {
            stopped.compile(training);
            plain.compile(training);
            stopped.fit(data(), fit.callback(stop));
            assertEquals(Runs.parameters(plain), Runs.parameters(stopped));
            assertEquals(0, stopped.trainer().updates());
            stopped.fit(data(), fit);
            plain.fit(data(), fit);
            assertEquals(Runs.parameters(plain), Runs.parameters(stopped));
        }
    }

    /// NaN in the second of two batches: the parameters are those of the update before, and the batch is named.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void aBatchThatIsNotFiniteEndsTheRunBeforeItsUpdate(Choice kernels) {
        try (Sequential model = model()) {
            model.compile(Training.optimizer(Sgd.rate(0.1)).engine(Runs.engine(kernels)));
            Examples data = data();
            data.x().set(7 * 7 * 3, Double.NaN);
            List<Map<String, List<Float>>> after = new ArrayList<>();
            NonFiniteException e = assertThrows(
                    NonFiniteException.class,
                    () -> model.fit(
                            data,
                            EPOCHS.batchSize(2)
                                    .accumulate(2)
                                    .callback(EarlyStopping.on(Monitor.lowest("loss"), 1))
                                    .callback(Callback.eachBatch(_ -> after.add(Runs.parameters(model))))));
            assertEquals(4, e.batch(), e.getMessage());
            assertEquals(3, after.size());
            assertEquals(after.get(1), Runs.parameters(model), "the last good step");
            assertEquals(1, model.trainer().updates());
        }
    }

    @Test
    void badSettingsAreRefused() {
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> EPOCHS.accumulate(0));
        assertEquals("Fit: accumulate: expected at least 1, got 0", e.getMessage());
    }
}
