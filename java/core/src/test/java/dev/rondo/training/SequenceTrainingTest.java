package dev.rondo.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Runs;
import dev.rondo.Sequential;
import dev.rondo.data.Dataset;
import dev.rondo.data.Examples;
import dev.rondo.data.Order;
import dev.rondo.data.Seeds;
import dev.rondo.decoding.CtcDecoder;
import dev.rondo.decoding.CtcHypothesis;
import dev.rondo.decoding.Viterbi;
import dev.rondo.inference.InferenceSession;
import dev.rondo.layers.Activation;
import dev.rondo.layers.Bidirectional;
import dev.rondo.layers.Conv1d;
import dev.rondo.layers.Crf;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Embedding;
import dev.rondo.layers.Gru;
import dev.rondo.layers.Initializer;
import dev.rondo.layers.Input;
import dev.rondo.layers.Layer;
import dev.rondo.layers.Lstm;
import dev.rondo.metrics.ErrorRate;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Models that learn whole sequences: labels somewhere along longer sequences (CTC), and chains of tags (CRF).
class SequenceTrainingTest {
    private static final int CLASSES = 4;
    private static final int IDS = 6;
    private static final int[] LENGTHS = {7, 4, 9, 5};
    private static final int[][] LABELS = {{1, 2}, {3}, {2, 2, 1}, {}};

    @TempDir
    Path folder;

    private static Sequential ctcModel() {
        return Sequential.builder()
                .add(Input.ids(Shape.TIME))
                .add(Embedding.of(IDS, 5))
                .add(Lstm.units(12).returnSequences())
                .add(Dense.units(CLASSES))
                .seed(3)
                .build();
    }

    /// With half the steps to find the labels in, those of windows.
    private static Sequential windowedModel() {
        return Sequential.builder()
                .add(Input.ids(Shape.TIME))
                .add(Embedding.of(IDS, 5))
                .add(Conv1d.filters(8, 3).causal().stride(2))
                .add(Bidirectional.of(Gru.units(12).returnSequences()))
                .add(Dense.units(CLASSES))
                .seed(3)
                .build();
    }

    private static Sequential crfModel() {
        return Sequential.builder()
                .add(Input.ids(Shape.TIME))
                .add(Embedding.of(IDS, 4))
                .add(Gru.units(6).returnSequences())
                .add(Dense.units(CLASSES))
                .add(Crf.of())
                .seed(5)
                .build();
    }

    private static int[] xs(int time, int padding) {
        int[] x = new int[LENGTHS.length * time];
        Arrays.fill(x, padding);
        for (int b = 0; b < LENGTHS.length; b++) {
            for (int t = 0; t < LENGTHS[b]; t++) {
                x[b * time + t] = (b * 5 + t * (b + 1)) % IDS;
            }
        }
        return x;
    }

    /// @param labelSteps U
    private static Examples labelled(int time, int labelSteps, int padding) {
        int[] y = new int[LABELS.length * labelSteps];
        Arrays.fill(y, padding);
        for (int b = 0; b < LABELS.length; b++) {
            System.arraycopy(LABELS[b], 0, y, b * labelSteps, LABELS[b].length);
        }
        return Dataset.of(
                        Tensor.of(xs(time, padding), LENGTHS.length, time), Tensor.of(y, LABELS.length, labelSteps))
                .lengths(LENGTHS)
                .lengths("y", Arrays.stream(LABELS).mapToInt(labels -> labels.length).toArray());
    }

    private static int tag(int b, int t) {
        return (b + t * t + t / 2) % CLASSES;
    }

    private static Examples tagged(int time, int padding) {
        int[] y = new int[LENGTHS.length * time];
        Arrays.fill(y, padding);
        for (int b = 0; b < LENGTHS.length; b++) {
            for (int t = 0; t < LENGTHS[b]; t++) {
                y[b * time + t] = tag(b, t);
            }
        }
        return Dataset.of(
                        Tensor.of(xs(time, padding), LENGTHS.length, time), Tensor.of(y, LENGTHS.length, time))
                .lengths(LENGTHS);
    }

    private static Training training(Choice kernels, Loss loss) {
        return Training.optimizer(Adam.rate(3e-2)).loss(loss).engine(Runs.engine(kernels));
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void aModelLearnsLabelsThatComeSomewhere(Choice kernels) {
        try (Sequential model = ctcModel()) {
            model.compile(training(kernels, Loss.ctc()));
            Scores before = model.evaluate(labelled(9, 3, 0));
            History history = model.fit(labelled(9, 3, 0), Fit.epochs(120).batchSize(2));
            assertTrue(before.loss() > 2 && history.last().loss() < 0.05, before + " " + history.last());
            assertEquals(LENGTHS.length, before.steps(), "sequences");
            Tensor logits = model.predict(Tensor.of(xs(9, 0), 4, 9), Tensor.of(LENGTHS, 4));
            List<CtcHypothesis> read = CtcDecoder.greedy().decode(logits, LENGTHS);
            for (int b = 0; b < LABELS.length; b++) {
                assertArrayEquals(LABELS[b], read.get(b).labels());
            }
        }
    }

    /// Metrics, decoders and the loss know how many windows each sequence has.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void aModelLearnsLabelsFromWindows(Choice kernels) throws IOException {
        Path file = folder.resolve("windows.safetensors");
        int[] windows = {4, 2, 5, 3};
        Metric rate = Metric.of(
                "ler",
                ErrorRate::new,
                (errors, p) -> {
                    assertEquals(CLASSES, p.outputs().shape().dim(2));
                    List<CtcHypothesis> read = CtcDecoder.greedy().decode(p.outputs(), p.lengths());
                    for (int b = 0; b < read.size(); b++) {
                        int[] labels = new int[p.targetLengths()[b]];
                        for (int u = 0; u < labels.length; u++) {
                            labels[u] = (int) p.targets().get((long) b * p.targets().shape().dim(1) + u);
                        }
                        errors.addLabels(labels, read.get(b).labels());
                    }
                },
                ErrorRate::value);
        try (Sequential model = windowedModel()) {
            assertArrayEquals(windows, model.outputLengths(LENGTHS));
            assertArrayEquals(new int[] {0, 1}, model.outputLengths(0, 1));
            model.compile(training(kernels, Loss.ctc()).metrics(rate));
            Scores before = model.evaluate(labelled(9, 3, 0));
            model.fit(labelled(9, 3, 0), Fit.epochs(150).batchSize(2));
            Scores after = model.evaluate(labelled(9, 3, 0));
            assertTrue(before.loss() > 1 && after.loss() < 0.05, before + " " + after);
            assertTrue(before.metric("ler") > 0 && after.metric("ler") == 0, before + " " + after);
            assertEquals(after, model.evaluate(labelled(12, 5, 7)));
            model.save(file);
        }
        try (InferenceSession session = InferenceSession.open(file)) {
            Tensor logits = Tensor.zeros(DataType.FLOAT32, 4, 5, CLASSES);
            session.run(Tensor.of(xs(9, 0), 4, 9), Tensor.of(LENGTHS, 4), logits);
            List<CtcHypothesis> read = CtcDecoder.greedy().decode(logits, session.outputLengths(LENGTHS));
            for (int b = 0; b < LABELS.length; b++) {
                assertArrayEquals(LABELS[b], read.get(b).labels());
            }
            IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> session.outputLengths(3, -1));
            assertEquals("lengths: expected each to be at least 0, got -1", e.getMessage());
        }
        try (Sequential last = Sequential.of(Input.features(Shape.TIME, 2), Gru.units(3))) {
            IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> last.outputLengths(3));
            assertTrue(String.valueOf(e.getMessage()).contains("expected steps of a symbol of time"), e.getMessage());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void aModelLearnsChainsOfTags(Choice kernels) throws IOException {
        Path file = folder.resolve("tagger.safetensors");
        try (Sequential model = crfModel()) {
            model.compile(training(kernels, Loss.crf()));
            Scores before = model.evaluate(tagged(9, 0));
            History history = model.fit(tagged(9, 0), Fit.epochs(120).batchSize(2));
            assertTrue(before.loss() > 5 && history.last().loss() < 0.1, before + " " + history.last());
            checkTags(model);
            model.save(file);
        }
        try (Sequential model = Sequential.load(file)) {
            checkTags(model);
        }
    }

    private static void checkTags(Sequential model) {
        Tensor emissions = model.predict(Tensor.of(xs(9, 0), 4, 9), Tensor.of(LENGTHS, 4));
        List<Viterbi.Path> paths = Viterbi.of(model.parameters(), "crf").decode(emissions, LENGTHS);
        for (int b = 0; b < LENGTHS.length; b++) {
            int[] expected = new int[LENGTHS[b]];
            int sequence = b;
            Arrays.setAll(expected, t -> tag(sequence, t));
            assertArrayEquals(expected, paths.get(b).tags());
        }
    }

    /// Without anything to go by in the inputs, what is learnt lies in the chain alone.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void transitionsAreLearnt(Choice kernels) {
        int[] tags = {0, 1, 2, 0, 1, 2, 0, 1};
        try (Sequential model = Sequential.of(Input.features(Shape.TIME, 3), Crf.of())) {
            model.compile(training(kernels, Loss.crf()));
            Tensor nothing = Tensor.of(new float[24], 1, 8, 3);
            model.fit(Dataset.of(nothing, Tensor.of(tags, 1, 8)), Fit.epochs(150));
            assertArrayEquals(
                    tags, Viterbi.of(model.parameters(), "crf").decode(model.predict(nothing)).getFirst().tags());
        }
    }

    /// Logits of 0 give each of C^T paths the same probability. One label comes from 3 of 4 paths of two steps and two
    /// classes; no label from 1 of 2 of one step.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void ctcCountsPaths(Choice kernels) {
        for (Activation activation : List.of(Activation.LINEAR, Activation.SOFTMAX)) {
            try (Sequential model = Sequential.of(
                    Input.features(Shape.TIME, 1), Dense.units(2).activation(activation).weights(Initializer.zeros()))) {
                for (int blank : new int[] {0, 1}) {
                    model.compile(training(kernels, Loss.ctc(blank)));
                    Examples data = Dataset.of(
                                    Tensor.of(new float[4], 2, 2, 1), Tensor.of(new int[] {1 - blank, 9}, 2, 1))
                            .lengths(2, 1)
                            .lengths("y", 1, 0);
                    double expected = (-Math.log(3.0 / 4) - Math.log(1.0 / 2)) / 2;
                    assertEquals(expected, model.evaluate(data, 2).loss(), 1e-6);
                    assertEquals(expected, model.evaluate(data, 1).loss(), 1e-6);
                }
            }
        }
    }

    /// Scores of 0 make all K^T chains of tags alike.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void crfCountsChains(Choice kernels) {
        try (Sequential model = Sequential.of(
                Input.features(Shape.TIME, 3),
                Crf.of().transitions(Initializer.zeros()).ends(Initializer.zeros()))) {
            model.compile(training(kernels, Loss.crf()));
            Examples data = Dataset.of(Tensor.of(new float[24], 2, 4, 3), Tensor.of(new int[8], 2, 4)).lengths(4, 1);
            assertEquals(2.5 * Math.log(3), model.evaluate(data).loss(), 1e-6);
        }
    }

    private record Outcome(List<Double> losses, Scores scores, Object parameters) {}

    private static Outcome run(Sequential model, Dataset data, Loss loss, Choice kernels) {
        try (model) {
            model.compile(training(kernels, loss));
            List<Double> losses = Runs.losses(model, data, Fit.epochs(4).batchSize(3).order(Order.SEQUENTIAL));
            return new Outcome(losses, model.evaluate(data), Runs.parameters(model));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void paddingChangesNothing(Choice kernels) {
        Outcome ctc = run(ctcModel(), labelled(9, 3, 0), Loss.ctc(), kernels);
        assertEquals(ctc, run(ctcModel(), labelled(9, 3, -1_000_000), Loss.ctc(), kernels));
        assertEquals(ctc, run(ctcModel(), labelled(21, 3, 7), Loss.ctc(), kernels));
        assertEquals(ctc, run(ctcModel(), labelled(9, 11, 7), Loss.ctc(), kernels));
        assertEquals(ctc, run(ctcModel(), labelled(9, 3, 5).prefetched(2), Loss.ctc(), kernels));
        Outcome windows = run(windowedModel(), labelled(9, 3, 0), Loss.ctc(), kernels);
        assertEquals(windows, run(windowedModel(), labelled(21, 4, 5), Loss.ctc(), kernels));
        Outcome crf = run(crfModel(), tagged(9, 0), Loss.crf(), kernels);
        assertEquals(crf, run(crfModel(), tagged(9, -1_000_000), Loss.crf(), kernels));
        assertEquals(crf, run(crfModel(), tagged(30, 5), Loss.crf(), kernels));
    }

    /// Where sequences are of one length, no lengths are given.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void fullSequencesNeedNoLengths(Choice kernels) {
        Tensor x = Runs.ids(Seeds.generator(1, "x", 0), IDS, 3, 6);
        Tensor y = Tensor.of(new int[] {1, 2, 3, 3, 2, 1}, 3, 2);
        Dataset told = Dataset.of(x, y).lengths(6, 6, 6).lengths("y", 2, 2, 2);
        assertEquals(
                run(ctcModel(), told, Loss.ctc(), kernels), run(ctcModel(), Dataset.of(x, y), Loss.ctc(), kernels));
        Tensor tags = Runs.ids(Seeds.generator(1, "tags", 0), CLASSES, 3, 6);
        assertEquals(
                run(crfModel(), Dataset.of(x, tags).lengths(6, 6, 6), Loss.crf(), kernels),
                run(crfModel(), Dataset.of(x, tags), Loss.crf(), kernels));
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void aRunThatStopsGoesOnBitForBit(Choice kernels) {
        goesOn(SequenceTrainingTest::ctcModel, labelled(9, 3, 0), Loss.ctc(), kernels);
        goesOn(SequenceTrainingTest::windowedModel, labelled(9, 3, 0), Loss.ctc(), kernels);
        goesOn(SequenceTrainingTest::crfModel, tagged(9, 0).bucketed(2), Loss.crf(), kernels);
    }

    private void goesOn(Supplier<Sequential> models, Dataset data, Loss loss, Choice kernels) {
        Path file = folder.resolve("run.checkpoint");
        Fit fit = Fit.epochs(4).batchSize(1).validation(data);
        List<Double> whole = new ArrayList<>();
        List<Object> expected = new ArrayList<>();
        try (Sequential model = models.get()) {
            model.compile(training(kernels, loss));
            History history = model.fit(data, fit.callback(Runs.lossesTo(whole)));
            history.epochs().forEach(epoch -> expected.add(List.of(epoch.training(), epoch.validation())));
            expected.add(Runs.parameters(model));
        }
        for (int stop : new int[] {3, 4, 10}) {
            List<Double> losses = new ArrayList<>();
            List<Object> actual = new ArrayList<>();
            try (Sequential model = models.get()) {
                model.compile(training(kernels, loss));
                Fit stopped = fit.checkpoint(file, Every.epochs(100)).callback(Runs.lossesTo(losses)).callback(stopAt(stop));
                assertEquals(History.Ending.STOPPED, model.fit(data, stopped).ending());
            }
            try (Sequential model = models.get()) {
                model.compile(training(kernels, loss));
                History history = model.fit(data, fit.callback(Runs.lossesTo(losses)).resume(file));
                history.epochs().forEach(epoch -> actual.add(List.of(epoch.training(), epoch.validation())));
                actual.add(Runs.parameters(model));
            }
            assertEquals(whole, losses, loss + " stopped at " + stop);
            assertEquals(expected, actual, loss + " stopped at " + stop);
        }
    }

    private static Callback stopAt(int step) {
        return new Callback() {
            @Override
            public Next onBatch(BatchReport report) {
                return report.step() == step ? Next.STOP : Next.CONTINUE;
            }
        };
    }

    /// Central differences with step e are off by about e² f'''/6 and eps |f| / e, both below 1e-8 with e = 1e-5.
    @Test
    void gradientsAreTheSlopes() {
        try (Slopes slopes = new Slopes(ctcModel(), Training.optimizer(Sgd.standard()).loss(Loss.ctc()), labelled(9, 3, 9), 4)) {
            slopes.check();
        }
        try (Slopes slopes =
                new Slopes(windowedModel(), Training.optimizer(Sgd.standard()).loss(Loss.ctc()), labelled(9, 3, 5), 4)) {
            slopes.check();
        }
        try (Slopes slopes = new Slopes(crfModel(), Training.optimizer(Sgd.standard()).loss(Loss.crf()), tagged(9, 9), 4)) {
            slopes.check();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void labelsThatCannotBeAreNamed(Choice kernels) {
        ctcRefused(kernels, 4, new int[] {1, 2, 4, 1}, 2, "batch 2: y[0,0]: expected 0..3 other than the blank 0, got 4");
        ctcRefused(kernels, 4, new int[] {1, 2, 1, 0}, 2, "batch 2: y[0,1]: expected 0..3 other than the blank 0, got 0");
        ctcRefused(kernels, 4, new int[] {1, -1, 1, 1}, 2, "batch 1: y[0,1]: expected 0..3 other than the blank 0, got -1");
        ctcRefused(kernels, 4, new int[] {1, 2, 3, 3}, 1,
                "batch 1: y[1]: expected labels that 2 steps have room for, got 2 and 1 between equal ones", 4, 2);
        ctcRefused(kernels, 2, new int[] {1, 2, 3, 1, 2, 1}, 1,
                "batch 1: y[0]: expected labels that 2 steps have room for, got 3 and 0 between equal ones");
        try (Sequential model = crfModel()) {
            model.compile(training(kernels, Loss.crf()));
            Object before = Runs.parameters(model);
            int[] tags = {0, 1, 2, 3, 4, 0};
            IllegalArgumentException e = assertThrows(
                    IllegalArgumentException.class,
                    () -> model.fit(Dataset.of(Tensor.of(new int[6], 2, 3), Tensor.of(tags, 2, 3)), Fit.epochs(1)
                            .order(Order.SEQUENTIAL)));
            assertEquals("batch 1: y[1,1]: expected 0..3, got 4", e.getMessage());
            assertEquals(before, Runs.parameters(model));
        }
    }

    /// Two sequences of `time` ids, in `batches` batches.
    private static void ctcRefused(
            Choice kernels, int time, int[] labels, int batches, String message, int... lengths) {
        try (Sequential model = ctcModel()) {
            model.compile(training(kernels, Loss.ctc()));
            Object before = Runs.parameters(model);
            Examples data = Dataset.of(Tensor.of(new int[2 * time], 2, time), Tensor.of(labels, 2, labels.length / 2));
            Examples told = lengths.length == 0 ? data : data.lengths(lengths);
            IllegalArgumentException e = assertThrows(
                    IllegalArgumentException.class,
                    () -> model.fit(told, Fit.epochs(1).batchSize(2 / batches).order(Order.SEQUENTIAL)));
            assertEquals(message, e.getMessage());
            if (message.startsWith("batch 1")) {
                assertEquals(before, Runs.parameters(model));
            } else {
                assertNotEquals(before, Runs.parameters(model));
            }
        }
    }

    @Test
    void modelsThatDoNotFitAreRefused() {
        refused("loss: expected a Crf as the last layer, which holds the scores of a crf, got dense", Loss.crf(), Dense.units(3));
        refused(
                "loss: expected crf, which the scores of its last layer crf are for, got CategoricalCrossEntropy",
                Loss.sparseCategoricalCrossEntropy(), Dense.units(3), Crf.of());
        refused("loss: expected a blank among the classes 0..2, got 3", Loss.ctc(3), Dense.units(3));
        refused("loss: expected a model that gives [B,T,C] for ctc, got [B,4]", Loss.ctc(), Lstm.units(5), Dense.units(4));
        refused(
                "loss: expected logits for ctc, or a dense layer with SOFTMAX as the last, got the SIGMOID of dense",
                Loss.ctc(), Dense.units(3).activation(Activation.SIGMOID));
        assertEquals(
                "ctc: blank: expected at least 0, got -1",
                assertThrows(IllegalArgumentException.class, () -> Loss.ctc(-1)).getMessage());
        refused(
                "crf: expected FLOAT32 [B,T,K], got FLOAT32 [B,5]", Loss.crf(), Lstm.units(5), Crf.of());
    }

    private static void refused(String message, Loss loss, Layer... layers) {
        Sequential.Builder builder = Sequential.builder().add(Input.features(Shape.TIME, 2));
        Arrays.stream(layers).forEach(builder::add);
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> {
            try (Sequential model = builder.build()) {
                model.compile(training(Choice.JAVA, loss));
            }
        });
        assertTrue(String.valueOf(e.getMessage()).startsWith(message), e.getMessage());
    }

    @Test
    void dataThatDoNotFitAreRefused() {
        try (Sequential model = ctcModel()) {
            model.compile(training(Choice.JAVA, Loss.ctc()));
            Tensor x = Tensor.of(new int[6], 2, 3);
            refused(model, "y: expected INT32 [B,T1] with T = 3, got INT32 [2]", Dataset.of(x, Tensor.of(new int[2], 2)));
            refused(model, "y: expected INT32 [B,T1] with T = 3, got FLOAT32 [2,2]", Dataset.of(x, Tensor.of(new float[4], 2, 2)));
            Tensor y = Tensor.of(new int[] {1, 2}, 2, 1);
            assertThrows(IllegalArgumentException.class, () -> Dataset.of(x, y).lengths("y", 1, 2));
            assertThrows(IllegalArgumentException.class, () -> Dataset.of(x, y).lengths("z", 1, 2));
            assertThrows(IllegalArgumentException.class, () -> Dataset.of(x, y).lengths("x", 0, 2));
        }
        try (Sequential model = crfModel()) {
            model.compile(training(Choice.JAVA, Loss.crf()));
            Examples tags = Dataset.of(Tensor.of(new int[6], 2, 3), Tensor.of(new int[6], 2, 3));
            refused(
                    model, "lengths of y[1]: expected 3, as of x, since both have T, got 2", tags.lengths(1, 3).lengths("y", 1, 2));
            refused(
                    model, "lengths of y[0]: expected at least 1, since an input has T, got 0", tags.lengths("y", 0, 2));
            assertEquals(2, model.evaluate(tags.lengths("y", 1, 2)).steps());
            assertThrows(IllegalArgumentException.class, () -> Viterbi.of(model.parameters(), "dense"));
            try (InferenceSession session = model.session()) {
                IllegalStateException e = assertThrows(IllegalStateException.class, () -> session.stream(1));
                assertTrue(String.valueOf(e.getMessage()).endsWith("crf needs the whole"), e.getMessage());
            }
        }
    }

    private static void refused(Sequential model, String message, Dataset data) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> model.evaluate(data));
        assertEquals(message, e.getMessage());
    }
}
