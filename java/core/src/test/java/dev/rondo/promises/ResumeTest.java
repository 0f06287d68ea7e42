package dev.rondo.promises;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Runs;
import dev.rondo.Sequential;
import dev.rondo.data.Batch;
import dev.rondo.data.Dataset;
import dev.rondo.data.Order;
import dev.rondo.data.Seeds;
import dev.rondo.io.ModelFormatException;
import dev.rondo.io.SafetensorsReader;
import dev.rondo.io.SafetensorsWriter;
import dev.rondo.io.TensorInfo;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.promises.Job.Data;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Adagrad;
import dev.rondo.training.Adam;
import dev.rondo.training.AdamW;
import dev.rondo.training.BatchReport;
import dev.rondo.training.Callback;
import dev.rondo.training.Every;
import dev.rondo.training.Fit.Elsewhere;
import dev.rondo.training.Fit;
import dev.rondo.training.History;
import dev.rondo.training.Optimizer;
import dev.rondo.training.Resumption;
import dev.rondo.training.RmsProp;
import dev.rondo.training.Schedule;
import dev.rondo.training.Sgd;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/// A run that stops anywhere and goes on from its last checkpoint is the run without a stop, bit for bit; and what is
/// said where it cannot be.
class ResumeTest {
    private static final Job JOB = new Job(Cell.ALL.getFirst(), Data.STREAMS, Choice.NATIVE, 1);

    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void name() {
        file = folder.resolve("run.checkpoint");
    }

    static Stream<Job> jobs() {
        return Stream.concat(Job.all(Choice.JAVA, 0).stream(), Job.all(Choice.NATIVE, 2).stream());
    }

    /// What a run tells a callback: the losses of its batches by step.
    private static final class Losses implements Callback {
        private final SequencedMap<Long, String> bySteps = new LinkedHashMap<>();
        private final long stopAt;

        Losses(long stopAt) {
            this.stopAt = stopAt;
        }

        @Override
        public Next onBatch(BatchReport report) {
            bySteps.put(
                    report.step(),
                    report.epoch() + "/" + report.batch() + " " + Double.toHexString(report.loss()) + " "
                            + Double.toHexString(report.gradientNorm()) + " "
                            + Double.toHexString(report.epochScores().loss()));
            if (report.step() == stopAt) {
                throw new IllegalStateException("stopped");
            }
            return Next.CONTINUE;
        }
    }

    private static final long NEVER = -1;

    @ParameterizedTest
    @MethodSource("jobs")
    void aRunThatStopsAnywhereGoesOnBitForBit(Job job) {
        goesOnBitForBit(job, Job.ADAM);
    }

    static Stream<Optimizer> optimizers() {
        return Stream.of(
                Sgd.rate(0.1),
                Sgd.rate(0.1).momentum(0.9),
                Sgd.rate(0.1).momentum(0.9).nesterov(),
                RmsProp.rate(1e-2).centered().momentum(0.5),
                Adagrad.rate(0.1).start(0.1),
                AdamW.rate(1e-2).decay(0.1));
    }

    /// Each has states of its own to keep.
    @ParameterizedTest
    @MethodSource("optimizers")
    void aRunOfAnyOptimizerGoesOnBitForBit(Optimizer optimizer) {
        goesOnBitForBit(JOB, optimizer);
        goesOnBitForBit(new Job(JOB.cell(), Data.SEQUENCES, Choice.JAVA, 0), optimizer);
    }

    private void goesOnBitForBit(Job job, Optimizer optimizer) {
        Losses expected = new Losses(NEVER);
        List<String> outcome;
        try (Sequential model = job.compiled(optimizer)) {
            outcome = Job.outcome(model, model.fit(job.dataset(), job.fit().callback(expected)));
        }
        int steps = expected.bySteps.size();
        int batches = steps / Job.EPOCHS;
        assertTrue(batches > 4, batches + " batches an epoch");
        Map<Every, List<Integer>> stops = Map.of(
                Every.batches(1), List.of(4, 2 * batches),
                Every.batches(3), List.of(4, batches + 1, 2 * batches - 1, steps),
                Every.epochs(1), List.of(batches, batches + 1, 2 * batches + 3));
        stops.forEach((every, list) -> {
            for (long stop : list) {
                String what = every + ", stopped in step " + stop;
                Fit fit = job.fit().checkpoint(file, every);
                Losses before = new Losses(stop);
                try (Sequential model = job.compiled(optimizer)) {
                    assertThrows(IllegalStateException.class, () -> model.fit(job.dataset(), fit.callback(before)), what);
                }
                if (every.unit() == Every.Unit.EPOCHS && stop <= batches) {
                    assertFalse(Files.exists(file), what);
                    continue;
                }
                Losses after = new Losses(NEVER);
                try (Sequential model = job.compiled(optimizer)) {
                    History history = model.fit(job.dataset(), fit.resume(file).callback(after));
                    assertEquals(outcome, Job.outcome(model, history), what);
                }
                before.bySteps.putAll(after.bySteps);
                assertEquals(expected.bySteps, before.bySteps, what);
                deleteCheckpoint();
            }
        });
    }

    private void deleteCheckpoint() {
        try {
            Files.delete(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// A callback's stop is an end like any other: the checkpoint is written there. So is one at the end of all epochs,
    /// from which a longer run goes on.
    @Test
    void checkpointsAreWrittenWhereARunEnds() {
        List<String> outcome;
        try (Sequential model = JOB.compiled()) {
            outcome = Job.outcome(model, model.fit(JOB.dataset(), JOB.fit()));
        }
        Callback stop = new Callback() {
            @Override
            public Next onBatch(BatchReport report) {
                return report.step() == 5 ? Next.STOP : Next.CONTINUE;
            }
        };
        Fit fit = JOB.fit().checkpoint(file, Every.epochs(100));
        try (Sequential model = JOB.compiled()) {
            assertEquals(History.Ending.STOPPED, model.fit(JOB.dataset(), fit.callback(stop)).ending());
        }
        try (Sequential model = JOB.compiled()) {
            assertEquals(outcome, Job.outcome(model, model.fit(JOB.dataset(), fit.resume(file))));
        }
        try (Sequential model = JOB.compiled()) {
            assertEquals(outcome, Job.outcome(model, model.fit(JOB.dataset(), fit.resume(file))), "nothing is left to do");
        }
        try (Sequential model = JOB.compiled(); Sequential whole = JOB.compiled()) {
            Fit more = Fit.epochs(Job.EPOCHS + 1).batchSize(fit.batchSize()).validation(fit.validation().orElseThrow());
            List<String> expected = Job.outcome(whole, whole.fit(JOB.dataset(), more));
            assertEquals(expected, Job.outcome(model, model.fit(JOB.dataset(), more.resume(file))));
        }
    }

    /// The schedule counts: without it the same run comes to something else.
    @Test
    void theScheduleChangesTheRun() {
        try (Sequential with = JOB.compiled(); Sequential without = JOB.model()) {
            without.compile(JOB.training().schedule(Schedule.constant()));
            assertNotEquals(
                    Job.outcome(with, with.fit(JOB.dataset(), JOB.fit())),
                    Job.outcome(without, without.fit(JOB.dataset(), JOB.fit())));
        }
    }

    @Test
    void aCheckpointIsAModelFile() throws IOException {
        checkpoint(5);
        try (Sequential model = JOB.compiled(); Sequential loaded = Sequential.load(file)) {
            assertThrows(
                    IllegalStateException.class, () -> model.fit(JOB.dataset(), JOB.fit().callback(new Losses(4))));
            assertEquals(Runs.parameters(model), Runs.parameters(loaded));
            assertEquals(model.layers(), loaded.layers());
            assertEquals(Map.of("what", "a job"), loaded.notes());
            loaded.compile(JOB.training());
            loaded.fit(JOB.dataset(), JOB.fit().resume(file));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "threads, threads was 1 and is 2",
        "isa, isa was .* and is baseline",
        "kernels, kernels was native and is java",
        "rate, 'optimizer was Adam.rate=0.01,.* and is Adam.rate=0.02,.*'",
        "schedule, 'schedule was Exponential.* and is Constant.*'"
    })
    void whereItCannotBeExactItIsSaid(String change, String expected) {
        checkpoint(5);
        List<Resumption> resumptions = new ArrayList<>();
        Callback listener = new Callback() {
            @Override
            public void onResume(Resumption resumption) {
                resumptions.add(resumption);
            }
        };
        try (Sequential model = JOB.model()) {
            model.compile(switch (change) {
                case "threads" -> JOB.training().engine(JOB.training().engine().threads(2));
                case "isa" -> JOB.training().engine(JOB.training().engine().isa("baseline"));
                case "kernels" -> JOB.training().engine(JOB.training().engine().kernels(Choice.JAVA));
                case "rate" -> JOB.training(Adam.rate(2e-2));
                default -> JOB.training().schedule(Schedule.constant());
            });
            Map<String, List<Float>> untouched = Runs.parameters(model);
            IllegalStateException e = assertThrows(
                    IllegalStateException.class, () -> model.fit(JOB.dataset(), JOB.fit().resume(file)));
            assertTrue(
                    e.getMessage().matches("resume: .*: the run cannot go on bit for bit, since (.*; )?" + expected
                            + "(; .*)? \\(it may where resuming elsewhere is allowed\\)"),
                    e.getMessage());
            assertEquals(untouched, Runs.parameters(model));
            model.fit(JOB.dataset(), JOB.fit().resume(file, Elsewhere.ALLOWED).callback(listener));
        }
        assertEquals(1, resumptions.size());
        Resumption resumption = resumptions.getFirst();
        assertFalse(resumption.isExact());
        assertTrue(resumption.differences().stream().anyMatch(text -> text.matches(expected)), resumption.toString());
        assertEquals(4, resumption.steps());
        assertEquals(1, resumption.epoch());
        assertEquals(4, resumption.batch());
    }

    /// Writes a checkpoint every second step, until the run stops.
    private void checkpoint(long stopAt) {
        try (Sequential model = JOB.compiled()) {
            Fit fit = JOB.fit().checkpoint(file, Every.batches(2)).callback(new Losses(stopAt));
            assertThrows(IllegalStateException.class, () -> model.fit(JOB.dataset(), fit));
        }
    }

    @Test
    void whatDoesNotFitIsRefused() {
        checkpoint(5);
        refused("batchSize: expected 4, as in the checkpoint, got 3", JOB, JOB.dataset(), JOB.fit().batchSize(3));
        refused("order: expected SHUFFLED", JOB, JOB.dataset(), JOB.fit().order(Order.SEQUENTIAL));
        int[] other = Runs.ids(Seeds.generator(5, "other", 0), 5, 60 * 5).toInts();
        refused("batches: expected", JOB, Dataset.streams(other, 3), JOB.fit());
        Dataset same = JOB.dataset();
        Dataset changed = request -> {
            Dataset.Reader reader = same.open(request);
            return new Shifted(reader);
        };
        refused("expected the data of the checkpoint, got others: batch 4 of epoch 1 differs", JOB, changed, JOB.fit());
        Job sequences = new Job(JOB.cell(), Data.SEQUENCES, JOB.kernels(), JOB.threads());
        refused("expected a model of seed 11 and layers", sequences, sequences.dataset(), sequences.fit());
    }

    /// The same data but for one id.
    private record Shifted(Dataset.Reader reader) implements Dataset.Reader {
        @Override
        public int batches() {
            return reader.batches();
        }

        @Override
        public int largestBatch() {
            return reader.largestBatch();
        }

        @Override
        public int largestTime() {
            return reader.largestTime();
        }

        @Override
        public Dataset.Continuity continuity() {
            return reader.continuity();
        }

        @Override
        public Dataset.Lengths lengths() {
            return reader.lengths();
        }

        @Override
        public void begin(int epoch) {
            reader.begin(epoch);
        }

        @Override
        public void read(int index, Batch batch) {
            reader.read(index, batch);
            Tensor x = Tensor.wrap(batch.x().asSlice(0, Integer.BYTES), DataType.INT32, Shape.of(1));
            x.set(0, x.get(0) == 0 ? 1 : 0);
        }
    }

    private void refused(String expected, Job job, Dataset data, Fit fit) {
        try (Sequential model = job.compiled()) {
            Map<String, List<Float>> untouched = Runs.parameters(model);
            IllegalArgumentException e =
                    assertThrows(IllegalArgumentException.class, () -> model.fit(data, fit.resume(file)));
            assertTrue(e.getMessage().startsWith("resume: " + file), e.getMessage());
            assertTrue(e.getMessage().contains(expected), e.getMessage());
            assertEquals(untouched, Runs.parameters(model));
        }
    }

    @Test
    void aFileThatIsNoCheckpointIsRefused() throws IOException {
        fails(NoSuchFileException.class, "there is no such file");
        Files.writeString(file, "no checkpoint, but long enough");
        fails(ModelFormatException.class, "byte 0");
        try (Sequential model = JOB.model()) {
            model.save(file);
        }
        fails(ModelFormatException.class, "expected a checkpoint, version 2 under rondo.checkpoint, got none");
    }

    /// Each string and each tensor of a checkpoint is missed, and wrong ones are seen.
    @Test
    void aCheckpointThatLacksSomethingIsRefused() throws IOException {
        checkpoint(20);
        Map<String, String> metadata;
        SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            metadata = reader.metadata();
            for (TensorInfo info : reader.tensors()) {
                tensors.put(info.name(), reader.read(info.name()));
            }
        }
        List<String> optional = new ArrayList<>();
        for (String key : metadata.keySet()) {
            if (key.startsWith("rondo.")) {
                Map<String, String> less = new LinkedHashMap<>(metadata);
                less.remove(key);
                SafetensorsWriter.write(file, less, tensors);
                // A metric that was not watched and an epoch without validation are as good as any.
                if (key.contains(".metric.") || key.endsWith(".validation.loss")) {
                    optional.add(key);
                } else {
                    fails(ModelFormatException.class, key.equals("rondo.model") ? "rondo.model" : key);
                }
                Map<String, String> wrong = new LinkedHashMap<>(metadata);
                wrong.put(key, "-?");
                SafetensorsWriter.write(file, wrong, tensors);
                fails(null, "");
            }
        }
        assertTrue(optional.size() >= 2, optional.toString());
        for (String name : tensors.keySet()) {
            SequencedMap<String, Tensor> less = new LinkedHashMap<>(tensors);
            less.remove(name);
            SafetensorsWriter.write(file, metadata, less);
            fails(ModelFormatException.class, name);
        }
        SequencedMap<String, Tensor> more = new LinkedHashMap<>(tensors);
        more.put("checkpoint:more", Tensor.of(new float[1], 1));
        SafetensorsWriter.write(file, metadata, more);
        fails(ModelFormatException.class, "got besides [checkpoint:more]");
        SafetensorsWriter.write(file, metadata, tensors);
        try (Sequential model = JOB.compiled()) {
            model.fit(JOB.dataset(), JOB.fit().resume(file));
        }
    }

    /// A resume fails with a cause of this kind; or, where that is null, with any exception for wrong input. The model
    /// is as it was, and can be trained.
    private void fails(@Nullable Class<? extends IOException> kind, String expected) {
        try (Sequential model = JOB.compiled()) {
            Map<String, List<Float>> untouched = Runs.parameters(model);
            RuntimeException e =
                    assertThrows(RuntimeException.class, () -> model.fit(JOB.dataset(), JOB.fit().resume(file)), expected);
            if (kind != null) {
                assertInstanceOf(UncheckedIOException.class, e);
                assertInstanceOf(kind, e.getCause());
            } else {
                assertTrue(
                        e instanceof UncheckedIOException
                                || e instanceof IllegalArgumentException
                                || e instanceof IllegalStateException,
                        e.toString());
            }
            assertTrue(e.getMessage().contains(expected), e.getMessage());
            assertEquals(untouched, Runs.parameters(model));
            assertEquals(0, model.trainer().steps());
        }
    }

    @Test
    void aCheckpointThatCannotBeWrittenEndsTheRun() {
        Path nowhere = folder.resolve("none").resolve("run.checkpoint");
        try (Sequential model = JOB.compiled()) {
            UncheckedIOException e = assertThrows(
                    UncheckedIOException.class,
                    () -> model.fit(JOB.dataset(), JOB.fit().checkpoint(nowhere, Every.batches(2))));
            assertTrue(e.getMessage().contains("no such file or folder"), e.getMessage());
            assertEquals(2, model.trainer().steps());
        }
    }

    @Test
    void badSettingsAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> Every.batches(0));
        assertThrows(IllegalArgumentException.class, () -> Every.epochs(-1));
        assertThrows(IllegalArgumentException.class, () -> Schedule.step(0, 10));
        assertThrows(IllegalArgumentException.class, () -> Schedule.step(0.5, 0));
        assertThrows(IllegalArgumentException.class, () -> Schedule.exponential(Double.NaN, 10));
        assertThrows(IllegalArgumentException.class, () -> Schedule.exponential(0.5, -10));
        assertEquals(0.25, Schedule.step(0.5, 10).factor(29));
        assertEquals(0.5, Schedule.exponential(0.25, 10).factor(5));
        assertEquals(1, Schedule.constant().factor(1_000_000));
    }
}
