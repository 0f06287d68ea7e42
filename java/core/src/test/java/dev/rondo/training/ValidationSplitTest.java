package dev.rondo.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.rondo.Runs;
import dev.rondo.Sequential;
import dev.rondo.data.Dataset;
import dev.rondo.data.Examples;
import dev.rondo.data.Seeds;
import dev.rondo.data.Split;
import dev.rondo.data.Streams;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Input;
import dev.rondo.layers.Lstm;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// Data that a run holds out of those that it is given.
class ValidationSplitTest {
    private static final int EXAMPLES = 20;
    private static final long SEED = 5;
    private static final Fit FIT = Fit.epochs(2).batchSize(4);

    private static Examples examples() {
        int[] lengths = Runs.ids(Seeds.generator(1, "lengths", 0), 5, EXAMPLES).toInts();
        for (int i = 0; i < EXAMPLES; i++) {
            lengths[i]++;
        }
        Tensor y = Runs.ids(Seeds.generator(1, "y", 0), 2, EXAMPLES);
        return Dataset.of(Runs.features(Seeds.generator(1, "x", 0), EXAMPLES, 5, 3), y).lengths(lengths);
    }

    private static Sequential model() {
        return Sequential.builder()
                .add(Input.features(Shape.TIME, 3))
                .add(Lstm.units(4))
                .add(Dense.units(2))
                .seed(SEED)
                .build();
    }

    private static List<EpochReport> trained(Dataset data, Fit fit) {
        try (Sequential model = model()) {
            model.compile(Runs.training(Choice.JAVA));
            return model.fit(data, fit).epochs().stream()
                    .map(report -> new EpochReport(
                            report.epoch(), report.training(), report.validation(), report.rate(), 0))
                    .toList();
        }
    }

    @Test
    void examplesAreHeldOut() {
        Examples data = examples();
        Split random = Split.random(EXAMPLES, 0.25, SEED);
        assertEquals(5, random.heldOut().length);
        assertEquals(
                trained(data.select(random.training()), FIT.validation(data.select(random.heldOut()))),
                trained(data, FIT.validationSplit(0.25)));
        Split last = Split.byTime(EXAMPLES, 0.25);
        List<EpochReport> byTime = trained(data, FIT.validationSplitByTime(0.25));
        assertEquals(
                trained(data.select(last.training()), FIT.validation(data.select(last.heldOut()))), byTime);
        assertNotEquals(trained(data, FIT.validationSplit(0.25)), byTime);
    }

    @Test
    void theLastWayCalledIsInForce() {
        Examples data = examples();
        assertEquals(trained(data, FIT.validation(data)), trained(data, FIT.validationSplit(0.25).validation(data)));
        assertEquals(
                trained(data, FIT.validationSplit(0.5)),
                trained(data, FIT.validation(data).validationSplitByTime(0.25).validationSplit(0.5)));
        assertEquals(Optional.empty(), FIT.validation(data).validationSplit(0.5).validation());
    }

    @Test
    void theEndOfStreamsIsHeldOut() {
        int[] ids = Runs.ids(Seeds.generator(2, "ids", 0), 5, 200).toInts();
        Streams streams = Dataset.streams(ids, 7);
        assertEquals(50, streams.part(150, 200).size());
        assertEquals(7, streams.part(0, 150).timeSteps());
        for (int[] range : new int[][] {{-1, 3}, {4, 3}, {0, 201}}) {
            assertThrows(IllegalArgumentException.class, () -> streams.part(range[0], range[1]));
        }
        Training training = Runs.training(Choice.JAVA);
        try (Sequential whole = Runs.characterModel(5, 0); Sequential parts = Runs.characterModel(5, 0)) {
            whole.compile(training);
            parts.compile(training);
            History actual = whole.fit(streams, FIT.validationSplitByTime(0.25));
            History expected = parts.fit(streams.part(0, 150), FIT.validation(streams.part(150, 200)));
            assertEquals(expected.losses(), actual.losses());
            assertEquals(expected.validationLosses(), actual.validationLosses());
            refused(
                    "validationSplit: expected examples, got streams, of which only the last part can be held out",
                    whole,
                    streams,
                    FIT.validationSplit(0.25));
        }
    }

    @Test
    void whatCannotBeSplitIsRefused() {
        try (Sequential model = model()) {
            model.compile(Runs.training(Choice.JAVA));
            refused(
                    "validationSplit: expected examples in memory or streams, got Prefetched: split the data and give"
                            + " the one part as validation",
                    model,
                    examples().prefetched(2),
                    FIT.validationSplitByTime(0.25));
            refused(
                    "validationSplit: fraction: expected one between 0 and 1 that leaves examples on both sides of 20,"
                            + " got 0.01",
                    model,
                    examples(),
                    FIT.validationSplit(0.01));
            assertEquals(0, model.trainer().steps());
        }
        for (double fraction : new double[] {0, 1, -0.5, Double.NaN}) {
            assertThrows(IllegalArgumentException.class, () -> FIT.validationSplit(fraction));
            assertThrows(IllegalArgumentException.class, () -> FIT.validationSplitByTime(fraction));
        }
    }

    private static void refused(String expected, Sequential model, Dataset data, Fit fit) {
        assertEquals(
                expected,
                assertThrows(IllegalArgumentException.class, () -> model.fit(data, fit)).getMessage());
    }
}
