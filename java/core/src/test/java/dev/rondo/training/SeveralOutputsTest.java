package dev.rondo.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Functional;
import dev.rondo.Runs;
import dev.rondo.data.Dataset;
import dev.rondo.data.Examples;
import dev.rondo.data.Order;
import dev.rondo.data.Seeds;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Dropout;
import dev.rondo.layers.Embedding;
import dev.rondo.layers.Gru;
import dev.rondo.layers.Input;
import dev.rondo.layers.Symbol;
import dev.rondo.layers.Symbols;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// A model of two inputs and several outputs that learns from all of them: an encoder and a decoder, each with a time
/// of its own, which spells sequences backwards, and a head that tells what class they are of.
class SeveralOutputsTest {
    private static final int N = 6;
    private static final int IDS = 5;
    private static final int SPELLED = 7;
    private static final int CLASSES = 3;
    private static final int[] LENGTHS = {4, 2, 3, 1, 4, 3};

    @TempDir
    Path folder;

    /// What becomes of the states of the encoder besides.
    private enum Head {
        CLASS,
        NUMBERS
    }

    private static Functional model(Head head, double dropout) {
        Functional.Builder b = Functional.builder();
        Symbol source = b.input(Input.ids(Shape.TIME).named("source"));
        Symbol target = b.input(Input.ids(Shape.time(1)).named("target"));
        Symbols encoder = b.apply(Gru.units(9), b.add(Dropout.rate(dropout), b.add(Embedding.of(IDS, 4), source)));
        Symbols decoder = b.apply(
                Gru.units(9).returnSequences().named("decoder"), b.add(Embedding.of(SPELLED, 4), target), encoder.states());
        b.output("logits", b.add(Dense.units(SPELLED), decoder.y()));
        b.output("state", decoder.h());
        b.output("head", b.add(Dense.units(head == Head.CLASS ? CLASSES : 2).named("head"), encoder.y()));
        return b.seed(8).build();
    }

    private static int id(int row, int t) {
        return (3 * row + t * t + 2 * t) % IDS;
    }

    /// @param sourceSteps T
    /// @param targetSteps T1
    /// @param padding ids behind the ends
    private static Examples data(int sourceSteps, int targetSteps, int padding) {
        int[] source = filled(N * sourceSteps, padding);
        int[] shifted = filled(N * targetSteps, padding);
        int[] target = filled(N * targetSteps, padding);
        int[] classes = new int[N];
        int[] targetLengths = new int[N];
        for (int row = 0; row < N; row++) {
            int length = LENGTHS[row];
            targetLengths[row] = length + 1;
            for (int t = 0; t <= length; t++) {
                // 0 begins and ends; ids are one higher.
                shifted[row * targetSteps + t] = t == 0 ? 0 : id(row, length - t) + 1;
                target[row * targetSteps + t] = t == length ? 0 : id(row, length - 1 - t) + 1;
            }
            for (int t = 0; t < length; t++) {
                source[row * sourceSteps + t] = id(row, t);
            }
            classes[row] = id(row, 0) % CLASSES;
        }
        SequencedMap<String, Tensor> inputs = new LinkedHashMap<>();
        inputs.put("target", Tensor.of(shifted, N, targetSteps));
        inputs.put("source", Tensor.of(source, N, sourceSteps));
        return Dataset.of(
                        inputs,
                        Map.of("logits", Tensor.of(target, N, targetSteps), "head", Tensor.of(classes, N)))
                .lengths("source", LENGTHS)
                .lengths("target", targetLengths);
    }

    private static int[] filled(int size, int value) {
        int[] values = new int[size];
        Arrays.fill(values, value);
        return values;
    }

    private static Training training(Choice kernels) {
        return Training.optimizer(Adam.rate(2e-2))
                .loss("logits", Loss.sparseCategoricalCrossEntropy())
                .loss("head", Loss.sparseCategoricalCrossEntropy(), 0.5)
                .metrics(Metric.accuracy())
                .engine(Runs.engine(kernels));
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void allOutputsAreLearnt(Choice kernels) {
        try (Functional model = model(Head.CLASS, 0)) {
            model.compile(training(kernels));
            Scores before = model.evaluate(data(4, 5, 0));
            assertTrue(before.metric("logits.accuracy") < 0.6, before.toString());
            assertTrue(before.loss() > 2, before.toString());
            History history = model.fit(data(4, 5, 0), Fit.epochs(150).batchSize(4).validation(data(4, 5, 0)));
            Scores after = history.last().validation().orElseThrow();
            assertEquals(1, after.metric("logits.accuracy"));
            assertEquals(1, after.metric("head.accuracy"));
            assertEquals(
                    after.metric("logits.loss") + 0.5 * after.metric("head.loss"), after.loss(), 1e-12 * after.loss());
            assertTrue(after.loss() < 0.1, after.toString());
            assertEquals(List.of("logits.loss", "logits.accuracy", "head.loss", "head.accuracy"), List.copyOf(after.metrics().keySet()));
            assertEquals(Arrays.stream(LENGTHS).sum() + N, after.steps(), "steps of the target");
        }
    }

    /// The means of each output's own losses, of a model that is trained on that output alone.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void eachLossIsThatOfItsOutput(Choice kernels) {
        Examples both = data(4, 5, 0);
        try (Functional model = model(Head.CLASS, 0)) {
            model.compile(training(kernels));
            Scores all = model.evaluate(both, 4);
            for (String output : List.of("logits", "head")) {
                model.compile(Training.optimizer(Sgd.standard())
                        .loss(output, Loss.sparseCategoricalCrossEntropy(), 3)
                        .metrics(Metric.accuracy(), Metric.perplexity())
                        .engine(Runs.engine(kernels)));
                Examples own = Dataset.of(both.inputs(), Map.of(output, both.targets().get(output)))
                        .lengths("source", LENGTHS)
                        .lengths("target", Arrays.stream(LENGTHS).map(length -> length + 1).toArray());
                Scores one = model.evaluate(own, 4);
                assertEquals(3 * all.metric(output + ".loss"), one.loss(), 1e-12);
                assertEquals(all.metric(output + ".accuracy"), one.metric("accuracy"));
                assertEquals(Math.exp(all.metric(output + ".loss")), one.metric("perplexity"), 1e-9);
            }
        }
    }

    /// What no loss depends on stays as it is: here the head, and with its own loss alone the decoder.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void whatHasNoLossStays(Choice kernels) {
        Examples both = data(4, 5, 0);
        try (Functional model = model(Head.CLASS, 0)) {
            Map<String, List<Float>> before = Runs.parameters(model);
            model.compile(Training.optimizer(Adam.rate(1e-2))
                    .loss("logits", Loss.sparseCategoricalCrossEntropy())
                    .engine(Runs.engine(kernels)));
            model.fit(Dataset.of(both.inputs(), Map.of("logits", both.targets().get("logits"))), Fit.epochs(1));
            Map<String, List<Float>> after = Runs.parameters(model);
            before.forEach((name, values) -> assertEquals(name.startsWith("head/"), values.equals(after.get(name)), name));
        }
    }

    private record Outcome(List<Double> losses, Scores scores, Object parameters) {}

    private static Outcome run(Dataset data, Choice kernels) {
        try (Functional model = model(Head.CLASS, 0)) {
            model.compile(training(kernels));
            List<Double> losses = Runs.losses(model, data, Fit.epochs(3).batchSize(4));
            return new Outcome(losses, model.evaluate(data), Runs.parameters(model));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void paddingChangesNothing(Choice kernels) {
        Outcome exact = run(data(4, 5, 0), kernels);
        assertEquals(exact, run(data(4, 5, -1_000_000), kernels), "ids that no table has");
        assertEquals(exact, run(data(11, 5, 3), kernels));
        assertEquals(exact, run(data(4, 13, 3), kernels));
        assertEquals(exact, run(data(6, 7, 1).prefetched(3), kernels));
        int[] all = {0, 1, 2, 3, 4, 5};
        assertEquals(exact, run(data(6, 7, 1).select(all), kernels));
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void aRunThatStopsGoesOnBitForBit(Choice kernels) {
        Path file = folder.resolve("run.checkpoint");
        Dataset data = data(6, 6, 1).bucketed(2);
        Fit fit = Fit.epochs(4).batchSize(2).validation(data(4, 5, 0));
        List<Double> whole = new ArrayList<>();
        List<Object> expected = new ArrayList<>();
        try (Functional model = model(Head.CLASS, 0.3)) {
            model.compile(training(kernels));
            History history = model.fit(data, fit.callback(Runs.lossesTo(whole)));
            history.epochs().forEach(epoch -> expected.add(List.of(epoch.training(), epoch.validation())));
            expected.add(Runs.parameters(model));
        }
        for (int stop : new int[] {2, 3, 7}) {
            List<Double> losses = new ArrayList<>();
            List<Object> actual = new ArrayList<>();
            try (Functional model = model(Head.CLASS, 0.3)) {
                model.compile(training(kernels));
                Callback stopper = new Callback() {
                    @Override
                    public Next onBatch(BatchReport report) {
                        return report.step() == stop ? Next.STOP : Next.CONTINUE;
                    }
                };
                Fit stopped = fit.checkpoint(file, Every.epochs(100)).callback(Runs.lossesTo(losses)).callback(stopper);
                assertEquals(History.Ending.STOPPED, model.fit(data, stopped).ending());
            }
            try (Functional model = model(Head.CLASS, 0.3)) {
                model.compile(training(kernels).loss("head", Loss.sparseCategoricalCrossEntropy(), 0.25));
                IllegalStateException e =
                        assertThrows(IllegalStateException.class, () -> model.fit(data, fit.resume(file)));
                assertTrue(String.valueOf(e.getMessage()).contains("of head times 0.5 and is"), e.getMessage());
                model.compile(training(kernels));
                History history = model.fit(data, fit.callback(Runs.lossesTo(losses)).resume(file));
                history.epochs().forEach(epoch -> actual.add(List.of(epoch.training(), epoch.validation())));
                actual.add(Runs.parameters(model));
            }
            assertEquals(whole, losses, "stopped at " + stop);
            assertEquals(expected, actual, "stopped at " + stop);
        }
    }

    @Test
    void gradientsAreTheSlopes() {
        try (Slopes slopes = new Slopes(model(Head.CLASS, 0), training(Choice.JAVA), data(5, 6, 9), N)) {
            slopes.check();
        }
    }

    /// Losses of different kinds beside each other: the head's numbers are the means of what is in the source.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void lossesOfDifferentKindsAreWeighed(Choice kernels) {
        Examples ids = data(4, 5, 0);
        Tensor numbers = Runs.features(Seeds.generator(4, "numbers", 0), N, 2);
        Examples data = Dataset.of(ids.inputs(), Map.of("logits", ids.targets().get("logits"), "head", numbers))
                .lengths("source", LENGTHS);
        try (Functional model = model(Head.NUMBERS, 0)) {
            model.compile(Training.optimizer(Adam.rate(2e-2))
                    .loss("logits", Loss.sparseCategoricalCrossEntropy())
                    .loss("head", Loss.meanSquaredError(), 10)
                    .metrics(Metric.accuracy(), Metric.rootMeanSquaredError())
                    .engine(Runs.engine(kernels)));
            Scores before = model.evaluate(data);
            assertEquals(
                    List.of("logits.loss", "logits.accuracy", "head.loss", "head.rmse"),
                    List.copyOf(before.metrics().keySet()));
            assertEquals(before.metric("head.rmse"), Math.sqrt(before.metric("head.loss")), 1e-7);
            assertEquals(before.metric("logits.loss") + 10 * before.metric("head.loss"), before.loss(), 1e-9);
            model.fit(data, Fit.epochs(120).batchSize(3));
            Scores after = model.evaluate(data);
            assertTrue(after.metric("head.rmse") < 0.1 && after.loss() < before.loss() / 10, before + " " + after);
            numbers.set(7, Double.NaN);
            NonFiniteException e = assertThrows(NonFiniteException.class, () -> model.evaluate(data, 2));
            assertEquals("batch 2: y/head: expected finite numbers, got NaN at [1,1] of [B,2]", e.getMessage());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void everyInputAndTargetIsLookedAt(Choice kernels) {
        Examples good = data(4, 5, 0);
        try (Functional model = model(Head.CLASS, 0)) {
            model.compile(training(kernels));
            Object before = Runs.parameters(model);
            refused(model, changed(good.inputs(), "source", 9, IDS), good.targets(), "batch 2: source[0,1]: expected 0..4, got 5");
            refused(model, changed(good.inputs(), "target", 13, -1), good.targets(), "batch 2: target[0,3]: expected 0..6, got -1");
            refused(model, good.inputs(), changed(good.targets(), "logits", 3, 7), "batch 1: y/logits[0,3]: expected 0..6, got 7");
            refused(model, good.inputs(), changed(good.targets(), "head", 1, 3), "batch 1: y/head[1]: expected 0..2, got 3");
            assertNotEquals(before, Runs.parameters(model), "what came before was good");
        }
    }

    private static Map<String, Tensor> changed(Map<String, Tensor> parts, String name, int index, int value) {
        Map<String, Tensor> changed = new LinkedHashMap<>(parts);
        int[] values = parts.get(name).toInts();
        values[index] = value;
        changed.put(name, Tensor.of(values, parts.get(name).shape().dims()));
        return changed;
    }

    private static void refused(
            Functional model, Map<String, Tensor> inputs, Map<String, Tensor> targets, String message) {
        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class,
                () -> model.fit(Dataset.of(inputs, targets), Fit.epochs(1).batchSize(2).order(Order.SEQUENTIAL)));
        assertEquals(message, e.getMessage());
    }

    @Test
    void whatDoesNotFitIsRefused() {
        Examples good = data(4, 5, 0);
        Loss loss = Loss.sparseCategoricalCrossEntropy();
        Training none = Training.optimizer(Sgd.standard()).engine(Runs.engine(Choice.JAVA));
        try (Functional model = model(Head.CLASS, 0)) {
            refused(
                    "loss: expected the name of the output that it is of, since the model gives [logits, state, head], got none",
                    () -> model.compile(none.loss(loss)));
            refused(
                    "loss: expected one of the outputs [logits, state, head], got logit",
                    () -> model.compile(none.loss("logit", loss)));
            refused(
                    "loss: expected logits for sparseCategoricalCrossEntropy, or a dense layer with SOFTMAX as the last, "
                            + "got the state of decoder; for probabilities use sparseCategoricalCrossEntropyOfProbabilities",
                    () -> model.compile(none.loss("state", loss)));
            refused(
                    "metrics: expected ones that one of [" + loss + ", " + loss + "] counts for, got mse",
                    () -> model.compile(none.loss("logits", loss).loss("head", loss).metrics(Metric.meanSquaredError())));
            model.compile(training(Choice.JAVA));
            Map<String, Tensor> source = Map.of("source", good.inputs().get("source"));
            refused(
                    "inputs: expected [source, target], got [source]",
                    () -> model.evaluate(Dataset.of(source, good.targets())));
            refused(
                    "targets: expected [logits, head], got [logits]",
                    () -> model.evaluate(Dataset.of(good.inputs(), Map.of("logits", good.targets().get("logits")))));
            refused(
                    "inputs: expected [source, target], got [x]",
                    () -> model.evaluate(Dataset.of(good.x(), good.y())));
            Map<String, Tensor> longer = new LinkedHashMap<>(good.targets());
            longer.put("logits", Tensor.of(new int[N * 6], N, 6));
            refused(
                    "logits: expected INT32 [B,T1] with T = 4, T1 = 5, got INT32 [6,6]",
                    () -> model.evaluate(Dataset.of(good.inputs(), longer)));
            assertThrows(IllegalArgumentException.class, () -> model.evaluate(Dataset.streams(new int[100], 5)));
        }
        refused(
                "lengths: expected the name of the input that they are of, since there are [target, source]",
                () -> good.lengths(LENGTHS));
        refused(
                "lengths of sauce: expected one of the inputs [target, source] or the targets [head, logits]",
                () -> good.lengths("sauce", LENGTHS));
        refused("lengths of source[2]: expected 1..4, got 5", () -> good.lengths("source", 1, 2, 5, 1, 1, 1));
        refused("loss: expected the name of an output, got an empty one", () -> none.loss("", loss));
        refused("loss: weight: expected a number above 0 and finite in float32, no denormal, got 0.0", () -> none.loss("y", loss, 0));
        refused("examples: expected inputs and targets, got inputs [] and targets []", () -> Dataset.of(Map.of(), Map.of()));
        refused(
                "y: expected as many rows as x [2,1], got [3]",
                () -> Dataset.of(Tensor.of(new int[2], 2, 1), Tensor.of(new int[3], 3)));
        refused("losses: expected one, or one for each of some outputs by its name, got ones of []",
                () -> new Training(none.optimizer(), List.of(), none.metrics(), none.clip(), none.schedule(), none.groups(), none.engine()));
    }

    private static void refused(String message, Executable executable) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, executable);
        assertEquals(message, e.getMessage());
    }
}
