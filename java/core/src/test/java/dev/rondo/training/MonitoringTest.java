package dev.rondo.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Model;
import dev.rondo.Runs;
import dev.rondo.Sequential;
import dev.rondo.plan.Engine.Choice;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Callbacks that watch a value: early stopping, the rate on a plateau, the best model, on scores that are written down
/// and in runs.
class MonitoringTest {
    private static final Monitor LOSS = Monitor.validationLoss();
    private static final double NAN = Double.NaN;

    @TempDir
    Path folder;

    private static ScriptedRun run(Callback callback) {
        return new ScriptedRun(Fit.epochs(100).callback(callback));
    }

    private static void stops(EarlyStopping stopping, int after, int best, double... losses) {
        ScriptedRun run = run(stopping);
        assertEquals(after, run.epochs(losses), stopping.toString());
        assertEquals(best, run.end(), stopping.toString());
    }

    @Test
    void itStopsWhenPatienceIsOver() {
        stops(EarlyStopping.on(LOSS, 1), 3, 2, 5, 4, 4, 3);
        stops(EarlyStopping.on(LOSS, 2), 0, 4, 5, 4, 4, 3);
        stops(EarlyStopping.on(LOSS, 2), 5, 3, 5, 6, 4, 4.5, 4, 3);
        stops(EarlyStopping.on(LOSS, 3), 4, 1, 1, 2, 2, 2, 0);
        stops(EarlyStopping.on(LOSS, 2).weights(EarlyStopping.Weights.LAST), 5, 5, 5, 6, 4, 4.5, 4, 3);
    }

    /// A value has to be better than the best, not than the one before, and by more than the difference.
    @Test
    void smallStepsDoNotCount() {
        stops(EarlyStopping.on(LOSS, 2).minDelta(0.5), 4, 2, 5, 4, 3.75, 3.5, 1);
        stops(EarlyStopping.on(LOSS, 2).minDelta(0.5), 0, 4, 5, 4, 3.75, 3.25, 3.25);
    }

    @Test
    void higherMayBeBetter() {
        stops(EarlyStopping.on(Monitor.highest("val_accuracy"), 2), 5, 3, 5, 6, 4, 4.5, 4, 3);
        stops(EarlyStopping.on(Monitor.highest("loss"), 1), 0, 4, 5, 6, 4, 4.5);
        stops(EarlyStopping.on(Monitor.lowest("loss"), 3), 4, 1, 5, 6, 4, 4.5, 4, 3);
    }

    /// NaN is never better, and any number is better than none.
    @Test
    void valuesThatAreNoNumbers() {
        stops(EarlyStopping.on(LOSS, 2), 2, 2, NAN, NAN, 1);
        stops(EarlyStopping.on(LOSS, 2), 5, 3, NAN, 7, 6, NAN, 6, 1);
    }

    @Test
    void itGoesOnFromWhatItRemembered() {
        EarlyStopping stopping = EarlyStopping.on(LOSS, 2);
        double[] losses = {5, 4, 4.5, 3, 6, 3, 1};
        for (int before = 0; before <= 6; before++) {
            ScriptedRun first = run(stopping);
            first.epochs(Arrays.copyOf(losses, before));
            ScriptedRun second = run(stopping);
            Callback.Next next = second.resume(first);
            assertEquals(before == 6 ? Callback.Next.STOP : Callback.Next.CONTINUE, next, "after " + before);
            if (next == Callback.Next.CONTINUE) {
                assertEquals(6, second.epochs(Arrays.copyOfRange(losses, before, 7)), "after " + before);
            }
            assertEquals(4, second.end(), "after " + before);
        }
    }

    @Test
    void aMemoryThatMakesNoSenseIsRefused() {
        Remembering stopping = run(EarlyStopping.on(LOSS, 2)).remembering();
        for (Map<String, String> memory : List.of(
                Map.<String, String>of(),
                Map.of("best", "1"),
                Map.of("best", "one", "waited", "1"),
                Map.of("best", "1", "waited", "-1"),
                Map.of("best", "1", "waited", "1.5"))) {
            assertThrows(IllegalArgumentException.class, () -> stopping.recall(memory), memory.toString());
        }
        Remembering plateau = run(ReduceOnPlateau.on(LOSS, 2)).remembering();
        assertThrows(IllegalArgumentException.class, () -> plateau.recall(Map.of("best", "1", "waited", "1")));
        plateau.recall(Map.of("best", "1", "waited", "1", "pause", "0"));
    }

    private static void lowers(ReduceOnPlateau plateau, List<Double> rates, double... losses) {
        ScriptedRun run = run(plateau);
        assertEquals(0, run.epochs(losses));
        assertEquals(rates, run.rates(), plateau.toString());
    }

    @Test
    void theRateFallsOnAPlateau() {
        ReduceOnPlateau half = ReduceOnPlateau.on(LOSS, 2).factor(0.5);
        lowers(half, List.of(1.0, 1.0, 0.5, 0.5, 0.25, 0.25, 0.25), 5, 5, 5, 5, 5, 4, 4);
        lowers(half, List.of(1.0, 1.0, 1.0, 1.0), 5, 6, 4, 5);
        lowers(half.minDelta(0.5), List.of(1.0, 1.0, 0.5, 0.5), 5, 4.75, 4.5, 4);
        lowers(half.least(0.375), List.of(1.0, 1.0, 0.5, 0.5, 0.375, 0.375, 0.375), 5, 5, 5, 5, 5, 5, 5);
        lowers(ReduceOnPlateau.on(Monitor.highest("val_accuracy"), 1), List.of(1.0, 1.0, 0.1), 5, 4, 4);
        lowers(half, List.of(1.0, 0.5), NAN, NAN);
    }

    /// Keras's `ReduceLROnPlateau` with patience 2 and cooldown 3: lowered after epoch 3, epochs 4 and 5 do not count,
    /// epoch 6, the last of the pause, does.
    @Test
    void afterItFellItRests() {
        lowers(
                ReduceOnPlateau.on(LOSS, 2).factor(0.5).cooldown(3),
                List.of(1.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25),
                5, 5, 5, 5, 5, 5, 5, 5);
    }

    @Test
    void aPlateauGoesOnFromWhatItRemembered() {
        ReduceOnPlateau plateau = ReduceOnPlateau.on(LOSS, 2).factor(0.5).cooldown(2);
        double[] losses = {5, 5, 5, 4, 4, 4, 6, 6, 6};
        ScriptedRun whole = run(plateau);
        whole.epochs(losses);
        for (int before = 0; before <= losses.length; before++) {
            ScriptedRun first = run(plateau);
            first.epochs(Arrays.copyOf(losses, before));
            ScriptedRun second = run(plateau);
            second.resume(first);
            second.epochs(Arrays.copyOfRange(losses, before, losses.length));
            List<Double> rates = new ArrayList<>(first.rates());
            rates.addAll(second.rates());
            assertEquals(whole.rates(), rates, "after " + before);
        }
        assertTrue(whole.rates().getLast() < 0.5, whole.rates().toString());
    }

    @Test
    void theBestModelIsSaved() {
        Fit fit = Fit.epochs(9).saveBest(Path.of("best"), LOSS);
        ScriptedRun run = new ScriptedRun(fit);
        run.epochs(5, 6, 5, 4, NAN, 4.5, 3);
        assertEquals(List.of(1, 4, 7), run.saved());
        ScriptedRun resumed = new ScriptedRun(fit);
        resumed.resume(run);
        resumed.epochs(3, 3.5, 2);
        assertEquals(List.of(10), resumed.saved());
    }

    private static Sequential model() {
        Sequential model = Runs.characterModel(Runs.vocabulary(), 0);
        model.compile(Runs.training(Choice.JAVA));
        return model;
    }

    /// In a run: the best parameters are restored, and are those that were saved.
    @Test
    void aRunEndsWithItsBestParameters() throws Exception {
        Path file = folder.resolve("best.safetensors");
        List<Map<String, List<Float>>> after = new ArrayList<>();
        Monitor worst = Monitor.highest("val_loss");
        try (Sequential model = model()) {
            Fit fit = Fit.epochs(9)
                    .batchSize(4)
                    .validation(Runs.streams(40, 10))
                    .callback(EarlyStopping.on(worst, 3))
                    .saveBest(file, worst)
                    .callback(Callback.eachEpoch(_ -> after.add(Runs.parameters(model))));
            History history = model.fit(Runs.streams(60, 10), fit);
            List<Double> losses = history.values("val_loss");
            int best = losses.indexOf(losses.stream().max(Double::compare).orElseThrow());
            assertEquals(History.Ending.STOPPED, history.ending());
            assertEquals(best + 4, losses.size(), losses.toString());
            assertEquals(after.get(best), Runs.parameters(model));
            assertNotEquals(after.getLast(), Runs.parameters(model));
            try (Model saved = Sequential.load(file)) {
                assertEquals(after.get(best), Runs.parameters(saved));
            }
            // The same settings again: nothing is left of the run before.
            assertEquals(4, model.fit(Runs.streams(60, 10), fit).epochs().size());
        }
    }

    @Test
    void ratesAreTold() {
        List<Double> batches = new ArrayList<>();
        try (Sequential model = Runs.characterModel(Runs.vocabulary(), 0)) {
            model.compile(Runs.training(Choice.JAVA).schedule(Schedule.step(0.5, 3)));
            History history = model.fit(
                    Runs.streams(60, 10),
                    Fit.epochs(3)
                            .batchSize(8)
                            .callback(ReduceOnPlateau.on(Monitor.highest("loss"), 1))
                            .callback(Callback.eachBatch(report -> batches.add(report.rate()))));
            int each = batches.size() / 3;
            for (int i = 0; i < batches.size(); i++) {
                // After the second epoch, whose loss is not higher than that of the first.
                double expected = 5e-3 * Math.pow(0.5, i / 3) * (i >= 2 * each ? 0.1 : 1);
                assertEquals(expected, batches.get(i), 1e-12, "batch " + i);
            }
            assertEquals(
                    List.of(batches.get(each - 1), batches.get(2 * each - 1), batches.getLast()),
                    history.values("rate"));
        }
    }

    @Test
    void whatCannotBeWatchedIsRefused() {
        refused(
                "monitor: expected one of [loss, accuracy, perplexity, rate, seconds], since there are no validation"
                        + " data, got val_loss",
                Fit.epochs(1).callback(EarlyStopping.on(LOSS, 1)));
        refused(
                "monitor: expected one of [loss, accuracy, perplexity, val_loss, val_accuracy, val_perplexity, rate,"
                        + " seconds], got f1",
                Fit.epochs(1).validation(Runs.streams(60, 10)).saveBest(folder.resolve("b"), Monitor.highest("f1")));
        refused(
                "monitor: expected one of",
                Fit.epochs(1).callback(ReduceOnPlateau.on(Monitor.lowest("val_accuracy"), 1)));
    }

    private static void refused(String expected, Fit fit) {
        try (Sequential model = model()) {
            Map<String, List<Float>> untouched = Runs.parameters(model);
            IllegalArgumentException e =
                    assertThrows(IllegalArgumentException.class, () -> model.fit(Runs.streams(60, 10), fit));
            assertTrue(e.getMessage().startsWith(expected), e.getMessage());
            assertEquals(untouched, Runs.parameters(model));
        }
    }

    @Test
    void badSettingsAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> EarlyStopping.on(LOSS, 0));
        assertThrows(IllegalArgumentException.class, () -> EarlyStopping.on(LOSS, 1).minDelta(-1));
        assertThrows(IllegalArgumentException.class, () -> EarlyStopping.on(LOSS, 1).minDelta(NAN));
        ReduceOnPlateau plateau = ReduceOnPlateau.on(LOSS, 1);
        assertThrows(IllegalArgumentException.class, () -> ReduceOnPlateau.on(LOSS, 0));
        assertThrows(IllegalArgumentException.class, () -> plateau.factor(1));
        assertThrows(IllegalArgumentException.class, () -> plateau.factor(0));
        assertThrows(IllegalArgumentException.class, () -> plateau.cooldown(-1));
        assertThrows(IllegalArgumentException.class, () -> plateau.least(-1));
        assertThrows(IllegalArgumentException.class, () -> plateau.minDelta(-1));
    }
}
