package dev.rondo.promises;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Runs;
import dev.rondo.Sequential;
import dev.rondo.io.SafetensorsReader;
import dev.rondo.io.SafetensorsWriter;
import dev.rondo.io.TensorInfo;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.promises.Job.Data;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.AdamW;
import dev.rondo.training.BatchReport;
import dev.rondo.training.Callback;
import dev.rondo.training.EarlyStopping;
import dev.rondo.training.EpochReport;
import dev.rondo.training.Every;
import dev.rondo.training.Fit;
import dev.rondo.training.Group;
import dev.rondo.training.History;
import dev.rondo.training.Monitor;
import dev.rondo.training.ReduceOnPlateau;
import dev.rondo.training.Remembering;
import dev.rondo.training.Resumption;
import dev.rondo.training.Training;
import dev.rondo.training.TrainingRun;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What may be added to a run goes on from a checkpoint bit for bit, as the run itself: groups, accumulated batches,
/// callbacks that remember, files of histories and best models, data that are held out.
class ResumedFeaturesTest {
    private static final Job STREAMS = new Job(Cell.ALL.getFirst(), Data.STREAMS, Choice.JAVA, 0);
    private static final Job SEQUENCES = new Job(Cell.ALL.getFirst(), Data.SEQUENCES, Choice.NATIVE, 2);
    private static final int EPOCHS = 5;

    @TempDir
    Path folder;

    /// Something that is added to a run.
    private record Feature(
            String name, Job job, UnaryOperator<Training> training, BiFunction<Fit, Path, Fit> fit) {
        Sequential compiled() {
            Sequential model = job.model();
            model.compile(training.apply(job.training(AdamW.rate(1e-2).decay(0.1))));
            return model;
        }

        Fit fit(Path folder) {
            Fit plain = job.fit();
            Fit fit = Fit.epochs(EPOCHS)
                    .batchSize(plain.batchSize())
                    .validation(plain.validation().orElseThrow());
            return this.fit.apply(fit, folder);
        }

        @Override
        public String toString() {
            return name + " of " + job.data();
        }
    }

    /// The losses fall all the time, so what is watched is that they rise.
    private static final Monitor WORSE = Monitor.highest("val_loss");

    private static Training groups(Training training) {
        return training.group("*bias*", Group.trained().decay(0))
                .group("dense/*", Group.trained().rate(0.5).l1(1e-3).l2(1e-2))
                .group(name -> name.endsWith("weightIh"), Group.frozen());
    }

    static Stream<Feature> features() {
        List<Feature> features = new ArrayList<>();
        UnaryOperator<Training> plain = training -> training;
        for (Job job : List.of(STREAMS, SEQUENCES)) {
            features.add(new Feature("groups", job, ResumedFeaturesTest::groups, (fit, _) -> fit));
            features.add(new Feature("accumulate", job, plain, (fit, _) -> fit.accumulate(3)));
            features.add(new Feature(
                    "all",
                    job,
                    ResumedFeaturesTest::groups,
                    (fit, folder) -> fit.accumulate(2)
                            .callback(ReduceOnPlateau.on(WORSE, 1))
                            .callback(EarlyStopping.on(WORSE, 3))
                            .saveBest(folder.resolve("best"), Monitor.highest("val_accuracy"))
                            .callback(Callback.csv(folder.resolve("csv")))
                            .callback(Callback.jsonLines(folder.resolve("jsonl")))
                            .validationSplitByTime(0.25)));
        }
        features.add(new Feature(
                "early stopping", SEQUENCES, plain, (fit, _) -> fit.callback(EarlyStopping.on(WORSE, 2))));
        features.add(new Feature(
                "plateau",
                SEQUENCES,
                plain,
                (fit, _) -> fit.callback(ReduceOnPlateau.on(WORSE, 1).factor(0.3).cooldown(2))));
        features.add(new Feature(
                "best model",
                SEQUENCES,
                plain,
                (fit, folder) -> fit.saveBest(folder.resolve("best"), Monitor.lowest("val_loss"))));
        features.add(new Feature("split", SEQUENCES, plain, (fit, _) -> fit.validationSplit(0.3)));
        return features.stream();
    }

    /// Tells all of each batch but the time, and throws in one step.
    private static Callback stopping(Map<Long, String> batches, long stopAt) {
        return Callback.eachBatch(report -> {
            batches.put(
                    report.step(),
                    "%d/%d %s %s %s %s"
                            .formatted(
                                    report.epoch(),
                                    report.batch(),
                                    Double.toHexString(report.loss()),
                                    Double.toHexString(report.gradientNorm()),
                                    Double.toHexString(report.epochScores().loss()),
                                    Double.toHexString(report.rate())));
            if (report.step() == stopAt) {
                throw new IllegalStateException("stopped");
            }
        });
    }

    private static List<String> outcome(Sequential model, History history) {
        List<String> outcome = new ArrayList<>(Job.outcome(model, history));
        outcome.add("updates " + model.trainer().updates());
        history.epochs().forEach(epoch -> outcome.add("rate " + Double.toHexString(epoch.rate())));
        return outcome;
    }

    /// What is in a folder, but for checkpoints and times.
    private static Map<String, String> files(Path folder) throws IOException {
        Map<String, String> files = new LinkedHashMap<>();
        for (String name : List.of("csv", "jsonl", "best")) {
            Path file = folder.resolve(name);
            if (Files.exists(file)) {
                if (name.equals("best")) {
                    try (Sequential model = Sequential.load(file)) {
                        files.put(name, Runs.parameters(model).toString());
                    }
                } else {
                    files.put(name, Files.readString(file).replaceAll("(,\"seconds\":[^}]*|,[^,]*(?=\n))", ""));
                }
            }
        }
        return files;
    }

    @ParameterizedTest
    @MethodSource("features")
    void itGoesOnBitForBit(Feature feature) throws IOException {
        Map<Long, String> expected = new LinkedHashMap<>();
        Path whole = Files.createDirectory(folder.resolve("whole"));
        List<String> outcome;
        try (Sequential model = feature.compiled()) {
            Fit fit = feature.fit(whole).callback(stopping(expected, -1));
            outcome = outcome(model, model.fit(feature.job().dataset(), fit));
        }
        int steps = expected.size();
        long batches = expected.values().stream().filter(batch -> batch.startsWith("1/")).count();
        assertTrue(steps >= 3 * batches && batches > 4, steps + " steps, " + batches + " an epoch");
        Path part = Files.createDirectory(folder.resolve("part"));
        Path file = part.resolve("run.checkpoint");
        Map<Every, List<Long>> stops = Map.of(
                Every.batches(1), List.of(batches + 2, 2 * batches),
                Every.batches(4), List.of(2 * batches + 1, (long) steps),
                Every.epochs(1), List.of(3 * batches - 1));
        for (Every every : stops.keySet()) {
            for (long stop : stops.getOrDefault(every, List.of())) {
                Files.deleteIfExists(file);
                String what = every + ", stopped in step " + stop;
                Map<Long, String> actual = new LinkedHashMap<>();
                try (Sequential model = feature.compiled()) {
                    Fit fit = feature.fit(part).checkpoint(file, every).callback(stopping(actual, stop));
                    assertThrows(IllegalStateException.class, () -> model.fit(feature.job().dataset(), fit), what);
                }
                Fit fit = feature.fit(part).checkpoint(file, every).resume(file);
                try (Sequential model = feature.compiled()) {
                    History history =
                            model.fit(feature.job().dataset(), fit.callback(stopping(actual, -1)));
                    assertEquals(outcome, outcome(model, history), what);
                }
                assertEquals(expected, actual, what);
                assertEquals(files(whole), files(part), what);
                try (Sequential model = feature.compiled()) {
                    assertEquals(
                            outcome,
                            outcome(model, model.fit(feature.job().dataset(), fit)),
                            what + ": nothing is left to do");
                }
            }
        }
    }

    /// The features do something: each run comes to another outcome than without, but for those that only watch.
    @Test
    void theyChangeTheRun() {
        Map<String, List<String>> outcomes = new LinkedHashMap<>();
        features().filter(feature -> feature.job() == SEQUENCES).forEach(feature -> {
            try (Sequential model = feature.compiled()) {
                outcomes.put(feature.name(), outcome(model, model.fit(SEQUENCES.dataset(), feature.fit(folder))));
            }
        });
        Feature none = new Feature("none", SEQUENCES, training -> training, (fit, _) -> fit);
        try (Sequential model = none.compiled()) {
            List<String> plain = outcome(model, model.fit(SEQUENCES.dataset(), none.fit(folder)));
            assertEquals(plain, outcomes.remove("best model"));
            outcomes.forEach((name, outcome) -> assertNotEquals(plain, outcome, name));
            assertTrue(outcomes.size() >= 6, outcomes.keySet().toString());
        }
    }

    /// A callback of the user's own that remembers.
    private record Counting(String settings, Map<String, Integer> counts) implements Callback {
        @Override
        public Callback begin(TrainingRun run) {
            return new InRun();
        }

        private final class InRun implements Remembering {
            private int count;
            private final SequencedMap<String, Tensor> tensors =
                    new LinkedHashMap<>(Map.of("count", Tensor.zeros(DataType.INT32, 1)));

            @Override
            public Next onBatch(BatchReport report) {
                count++;
                tensors.values().forEach(tensor -> tensor.set(0, 10 * count));
                return Next.CONTINUE;
            }

            @Override
            public Next onEpoch(EpochReport report) {
                return report.epoch() == 2 ? Next.STOP : Next.CONTINUE;
            }

            @Override
            public void onEnd() {
                counts.put("count", count);
                tensors.forEach((_, tensor) -> counts.put("tensor", (int) tensor.get(0)));
            }

            @Override
            public String settings() {
                return settings;
            }

            @Override
            public Map<String, String> memory() {
                return Map.of("count", String.valueOf(count));
            }

            @Override
            public SequencedMap<String, Tensor> tensors() {
                return tensors;
            }

            @Override
            public Next recall(Map<String, String> memory) {
                count = Integer.parseInt(memory.getOrDefault("count", ""));
                return Next.CONTINUE;
            }
        }
    }

    /// One that is set otherwise begins anew where that is allowed, and it is said; so is one that is no more, or new.
    @Test
    void aCallbackThatIsSetOtherwiseBeginsAnew() {
        Path file = folder.resolve("run.checkpoint");
        Map<String, Integer> counts = new LinkedHashMap<>();
        Feature plain = new Feature("none", STREAMS, training -> training, (fit, _) -> fit);
        int steps;
        try (Sequential model = plain.compiled()) {
            model.fit(
                    STREAMS.dataset(),
                    plain.fit(folder).checkpoint(file, Every.batches(100)).callback(new Counting("a", counts)));
            steps = (int) model.trainer().steps();
        }
        assertEquals(Map.of("count", steps, "tensor", 10 * steps), counts);
        int rest = steps / 2 * 3;
        check(file, plain, List.of(new Counting("a", counts)), List.of());
        assertEquals(Map.of("count", steps + rest, "tensor", 10 * (steps + rest)), counts);
        check(
                file,
                plain,
                List.of(new Counting("b", counts)),
                List.of("callback 1 that remembers was a and is b"));
        assertEquals(Map.of("count", rest, "tensor", 10 * rest), counts);
        check(file, plain, List.of(), List.of("callback 1 that remembers was a and is none"));
        check(
                file,
                plain,
                List.of(new Counting("a", counts), new Counting("c", new LinkedHashMap<>())),
                List.of("callback 2 that remembers was none and is c"));
        assertEquals(Map.of("count", steps + rest, "tensor", 10 * (steps + rest)), counts);
    }

    private static void check(Path file, Feature feature, List<Callback> callbacks, List<String> differences) {
        List<Resumption> resumptions = new ArrayList<>();
        Fit fit = feature.fit(file);
        for (Callback callback : callbacks) {
            fit = fit.callback(callback);
        }
        Fit all = fit.callback(new Callback() {
            @Override
            public void onResume(Resumption resumption) {
                resumptions.add(resumption);
            }
        });
        if (!differences.isEmpty()) {
            try (Sequential model = feature.compiled()) {
                IllegalStateException e = assertThrows(
                        IllegalStateException.class, () -> model.fit(STREAMS.dataset(), all.resume(file)));
                assertTrue(e.getMessage().contains(differences.getFirst()), e.getMessage());
            }
        }
        try (Sequential model = feature.compiled()) {
            model.fit(STREAMS.dataset(), all.resume(file, Fit.Elsewhere.ALLOWED));
        }
        assertEquals(differences, resumptions.getFirst().differences());
    }

    @Test
    void otherGroupsAreSaid() {
        Path file = folder.resolve("run.checkpoint");
        Feature groups = new Feature("groups", STREAMS, ResumedFeaturesTest::groups, (fit, _) -> fit);
        Feature none = new Feature("none", STREAMS, training -> training, (fit, _) -> fit);
        try (Sequential model = groups.compiled()) {
            model.fit(STREAMS.dataset(), groups.fit(folder).checkpoint(file, Every.epochs(EPOCHS)));
        }
        try (Sequential model = none.compiled()) {
            IllegalStateException e = assertThrows(
                    IllegalStateException.class,
                    () -> model.fit(STREAMS.dataset(), none.fit(folder).resume(file)));
            assertTrue(e.getMessage().matches(".*groups was .*dense/bias Group.* and is none.*"), e.getMessage());
        }
        try (Sequential model = groups.compiled()) {
            IllegalArgumentException e = assertThrows(
                    IllegalArgumentException.class,
                    () -> model.fit(STREAMS.dataset(), groups.fit(folder).accumulate(2).resume(file)));
            assertTrue(e.getMessage().contains("accumulate: expected 1, as in the checkpoint, got 2"), e.getMessage());
            IllegalArgumentException split = assertThrows(
                    IllegalArgumentException.class,
                    () -> model.fit(
                            STREAMS.dataset(), groups.fit(folder).validationSplitByTime(0.1).resume(file)));
            assertTrue(split.getMessage().contains("as in the checkpoint"), split.getMessage());
        }
    }

    /// Each string and each tensor of a callback's memory is missed, and wrong ones are seen; the model stays as it
    /// was.
    @Test
    void aMemoryThatLacksSomethingIsRefused() throws IOException {
        Path file = folder.resolve("run.checkpoint");
        Feature feature = features()
                .filter(one -> one.name().equals("all") && one.job() == STREAMS)
                .findFirst()
                .orElseThrow();
        try (Sequential model = feature.compiled()) {
            Fit fit = feature.fit(folder).checkpoint(file, Every.batches(1));
            assertThrows(
                    IllegalStateException.class,
                    () -> model.fit(STREAMS.dataset(), fit.callback(stopping(new LinkedHashMap<>(), 12))));
        }
        Map<String, String> metadata;
        SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            metadata = reader.metadata();
            for (TensorInfo info : reader.tensors()) {
                tensors.put(info.name(), reader.read(info.name()));
            }
        }
        int seen = 0;
        for (String key : metadata.keySet()) {
            if (key.contains(".callback.")) {
                Map<String, String> less = new LinkedHashMap<>(metadata);
                less.remove(key);
                SafetensorsWriter.write(file, less, tensors);
                refused(feature, file);
                less.put(key, "-?");
                SafetensorsWriter.write(file, less, tensors);
                refused(feature, file);
                seen++;
            }
        }
        assertEquals(10, seen, metadata.keySet().toString());
        for (String name : tensors.keySet()) {
            if (name.contains("callback/") || name.contains("accumulated/")) {
                SequencedMap<String, Tensor> less = new LinkedHashMap<>(tensors);
                less.remove(name);
                SafetensorsWriter.write(file, metadata, less);
                refused(feature, file);
                seen++;
            }
        }
        assertTrue(seen >= 20, seen + " seen");
        SafetensorsWriter.write(file, metadata, tensors);
        try (Sequential model = feature.compiled()) {
            model.fit(STREAMS.dataset(), feature.fit(folder).resume(file));
        }
    }

    private void refused(Feature feature, Path file) {
        try (Sequential model = feature.compiled()) {
            Map<String, List<Float>> untouched = Runs.parameters(model);
            RuntimeException e = assertThrows(
                    RuntimeException.class,
                    () -> model.fit(STREAMS.dataset(), feature.fit(folder).resume(file)));
            assertTrue(e instanceof UncheckedIOException || e instanceof IllegalStateException, e.toString());
            assertEquals(untouched, Runs.parameters(model));
            assertFalse(String.valueOf(e.getMessage()).isBlank());
        }
    }
}
