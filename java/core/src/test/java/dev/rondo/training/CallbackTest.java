package dev.rondo.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Runs;
import dev.rondo.Sequential;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;

class CallbackTest {
    private static Sequential model() {
        Sequential model = Runs.characterModel(Runs.vocabulary(), 0);
        model.compile(Runs.training(Choice.JAVA));
        return model;
    }

    @Test
    void batchesAndEpochsAreToldInOrder() {
        List<BatchReport> batches = new ArrayList<>();
        List<EpochReport> epochs = new ArrayList<>();
        try (Sequential model = model()) {
            History history = model.fit(
                    Runs.streams(100, 20),
                    Fit.epochs(2)
                            .batchSize(4)
                            .callback(Callback.eachBatch(batches::add))
                            .callback(Callback.eachEpoch(epochs::add)));
            assertEquals(History.Ending.FINISHED, history.ending());
            assertEquals(epochs, history.epochs());
        }
        int perEpoch = batches.getFirst().batches();
        assertEquals(2 * perEpoch, batches.size());
        for (int i = 0; i < batches.size(); i++) {
            BatchReport report = batches.get(i);
            assertEquals(i / perEpoch + 1, report.epoch());
            assertEquals(i % perEpoch + 1, report.batch());
            assertEquals(i + 1, report.step());
            assertTrue(report.stepsPerSecond() > 0 && report.gradientNorm() > 0, report.toString());
        }
        assertEquals(epochs.getFirst().training(), batches.get(perEpoch - 1).epochScores());
        double loss = 0;
        long steps = 0;
        for (BatchReport report : batches.subList(0, perEpoch)) {
            loss += report.loss() * report.batchScores().steps();
            steps += report.batchScores().steps();
        }
        assertEquals(loss / steps, epochs.getFirst().loss(), 1e-12);
        assertEquals(steps, epochs.getFirst().training().steps());
        assertEquals(Optional.empty(), epochs.getFirst().validation());
    }

    @Test
    void aCallbackCanEndTheRun() {
        Callback third = new Callback() {
            @Override
            public Next onBatch(BatchReport report) {
                return report.step() == 3 ? Next.STOP : Next.CONTINUE;
            }
        };
        try (Sequential model = model()) {
            History history = model.fit(
                    Runs.streams(100, 20), Fit.epochs(2).batchSize(2).callback(third).validation(Runs.streams(50, 20)));
            assertEquals(History.Ending.STOPPED, history.ending());
            assertEquals(1, history.epochs().size());
            assertEquals(3, model.trainer().steps());
            assertEquals(0, model.trainer().epochs());
            assertEquals(Optional.empty(), history.last().validation());
        }
        Callback firstEpoch = new Callback() {
            @Override
            public Next onEpoch(EpochReport report) {
                return Next.STOP;
            }
        };
        try (Sequential model = model()) {
            History history = model.fit(Runs.streams(100, 20), Fit.epochs(5).batchSize(2).callback(firstEpoch));
            assertEquals(1, history.epochs().size());
            assertEquals(History.Ending.STOPPED, history.ending());
            assertEquals(1, model.trainer().epochs());
        }
    }

    @Test
    void aConditionCanEndTheRun() {
        try (Sequential model = model()) {
            History history = model.fit(
                    Runs.streams(100, 20),
                    Fit.epochs(5).batchSize(2).callback(Callback.stopWhen(report -> report.epoch() == 2)));
            assertEquals(History.Ending.STOPPED, history.ending());
            assertEquals(2, history.epochs().size());
        }
    }

    /// What a callback may do to a run, and when it is called.
    private static final class Acting implements Callback {
        private final List<String> calls = new ArrayList<>();
        private final Map<String, List<Float>> first = new LinkedHashMap<>();

        @Override
        public Callback begin(TrainingRun run) {
            calls.add("begin " + run.rate() + " " + run.names() + " " + run.fit().epochs());
            assertThrows(IllegalArgumentException.class, () -> run.multiplyRate(0));
            assertThrows(IllegalArgumentException.class, () -> run.multiplyRate(Double.NaN));
            SequencedMap<String, Tensor> parameters = run.parameters();
            assertThrows(
                    IllegalArgumentException.class,
                    () -> parameters.values().iterator().next().set(0, 1));
            SequencedMap<String, Tensor> copies = new LinkedHashMap<>();
            parameters.forEach((name, tensor) -> {
                first.put(name, Runs.floats(tensor));
                copies.put(name, Tensor.of(tensor.toFloats(), tensor.shape().dims()));
            });
            for (Tensor wrong : List.of(Tensor.of(new float[1], 1), Tensor.of(new int[] {1, 2}, 2))) {
                SequencedMap<String, Tensor> other = new LinkedHashMap<>(copies);
                other.put("dense/bias", wrong);
                refused("restore: dense/bias: expected FLOAT32 [", run, other);
                other.remove("dense/bias");
                refused("restore: dense/bias: expected FLOAT32 [", run, other);
                other.putAll(copies);
                other.put("more", wrong);
                refused("restore: expected [", run, other);
            }
            return new Callback() {
                @Override
                public Next onEpoch(EpochReport report) {
                    calls.add("epoch " + report.epoch() + " " + run.rate());
                    run.multiplyRate(0.5);
                    return Next.CONTINUE;
                }

                @Override
                public void onEnd() {
                    calls.add("end " + run.rate());
                    run.restore(copies);
                }
            };
        }

        private static void refused(String expected, TrainingRun run, SequencedMap<String, Tensor> parameters) {
            IllegalArgumentException e =
                    assertThrows(IllegalArgumentException.class, () -> run.restore(parameters));
            assertTrue(e.getMessage().startsWith(expected), e.getMessage());
        }
    }

    @Test
    void aCallbackMayActOnTheRun() {
        Acting acting = new Acting();
        try (Sequential model = model()) {
            for (int run = 0; run < 2; run++) {
                model.fit(Runs.streams(100, 20), Fit.epochs(2).batchSize(2).callback(acting));
                assertEquals(acting.first, Runs.parameters(model), "restored at the end");
            }
        }
        List<String> once = List.of(
                "begin 0.005 [loss, accuracy, perplexity, rate, seconds] 2",
                "epoch 1 0.005",
                "epoch 2 0.0025",
                "end 0.00125");
        assertEquals(once, acting.calls.subList(0, 4));
        assertEquals(once, acting.calls.subList(4, 8), "the rate of a run ends with it");
    }

    /// Predictions within a callback see the parameters as they are, and change nothing.
    @Test
    void aCallbackMayUseTheModel() {
        try (Sequential plain = model();
                Sequential used = model()) {
            plain.fit(Runs.streams(100, 20), Fit.epochs(1).batchSize(2));
            used.fit(
                    Runs.streams(100, 20),
                    Fit.epochs(1).batchSize(2).callback(Callback.eachBatch(_ -> {
                        used.predict(Tensor.of(new int[] {1, 2, 3}, 1, 3));
                        used.evaluate(Runs.streams(20, 10), 2);
                    })));
            Map<String, List<Float>> expected = Runs.parameters(plain);
            assertEquals(expected, Runs.parameters(used));
        }
    }
}
