package dev.rondo.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import dev.rondo.Runs;
import dev.rondo.Sequential;
import dev.rondo.plan.Engine.Choice;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Histories by name, and in files.
class HistoryFileTest {
    private static final Resumption THIRD = new Resumption(Path.of("checkpoint"), 3, 0, 9, List.of());

    @TempDir
    Path folder;

    private static Sequential model() {
        Sequential model = Runs.characterModel(Runs.vocabulary(), 0);
        model.compile(Runs.training(Choice.JAVA));
        return model;
    }

    private static Fit fit() {
        return Fit.epochs(3).batchSize(4).validation(Runs.streams(40, 10));
    }

    private static final List<String> NAMES = List.of(
            "loss", "accuracy", "perplexity", "val_loss", "val_accuracy", "val_perplexity", "rate", "seconds");

    @Test
    void valuesHaveNames() {
        try (Sequential model = model()) {
            History history = model.fit(Runs.streams(60, 10), fit());
            assertEquals(NAMES, history.names());
            assertEquals(history.losses(), history.values("loss"));
            assertEquals(history.validationLosses(), history.values("val_loss"));
            assertEquals(
                    history.epochs().stream().map(epoch -> epoch.training().metric("accuracy")).toList(),
                    history.values("accuracy"));
            assertEquals(
                    history.last().validation().orElseThrow().metric("perplexity"),
                    history.values("val_perplexity").getLast());
            assertEquals(List.of(5e-3, 5e-3, 5e-3), history.values("rate"));
            IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> history.values("f1"));
            assertEquals("history: expected one of " + NAMES + ", got f1", e.getMessage());
        }
    }

    @Test
    void filesHoldTheHistory() throws IOException {
        Path csv = folder.resolve("history.csv");
        Path json = folder.resolve("history.jsonl");
        Files.writeString(csv, "of before");
        History history;
        try (Sequential model = model()) {
            history = model.fit(
                    Runs.streams(60, 10),
                    fit().callback(Callback.csv(csv)).callback(Callback.jsonLines(json)).callback(Callback.eachEpoch(
                            report -> assertEquals(report.epoch() + 1, lines(csv).size(), "written at once"))));
        }
        List<String> lines = lines(csv);
        assertEquals("epoch," + String.join(",", NAMES), lines.getFirst());
        assertEquals(4, lines.size());
        List<String> objects = lines(json);
        assertEquals(3, objects.size());
        for (EpochReport epoch : history.epochs()) {
            String[] cells = lines.get(epoch.epoch()).split(",", -1);
            assertEquals(NAMES.size() + 1, cells.length);
            Map<String, Double> values = json(objects.get(epoch.epoch() - 1));
            assertEquals(epoch.epoch(), Integer.parseInt(cells[0]));
            assertEquals((double) epoch.epoch(), values.remove("epoch"));
            assertEquals(epoch.values(), values);
            for (int i = 0; i < NAMES.size(); i++) {
                assertEquals(epoch.values().get(NAMES.get(i)), Double.parseDouble(cells[i + 1]), NAMES.get(i));
            }
        }
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Map<String, Double> json(String line) throws IOException {
        Map<String, Double> values = new LinkedHashMap<>();
        try (JsonReader json = new JsonReader(new StringReader(line))) {
            json.beginObject();
            while (json.hasNext()) {
                String name = json.nextName();
                if (json.peek() == JsonToken.NULL) {
                    json.nextNull();
                    values.put(name, Double.NaN);
                } else {
                    values.put(name, json.nextDouble());
                }
            }
            json.endObject();
        }
        return values;
    }

    private static EpochReport report(int epoch, double loss) {
        Scores scores = new Scores(loss, Map.of("accuracy", 0.5), 1);
        return new EpochReport(epoch, scores, Optional.empty(), 0.25, 2);
    }

    private Callback begun(Callback callback, Fit fit) {
        return callback.begin(new ScriptedRun(fit));
    }

    /// What an epoch lacks is empty, and what is not finite is no number of JSON.
    @Test
    void whatIsNotThere() throws IOException {
        Path csv = folder.resolve("history.csv");
        Path json = folder.resolve("history.jsonl");
        begun(Callback.csv(csv), Fit.epochs(1)).onEpoch(report(1, Double.NaN));
        begun(Callback.jsonLines(json), Fit.epochs(1)).onEpoch(report(1, Double.NaN));
        assertEquals(
                "epoch,loss,accuracy,val_loss,val_accuracy,rate,seconds\n1,NaN,0.5,,,0.25,2.0\n",
                Files.readString(csv));
        assertEquals(
                "{\"epoch\":1,\"loss\":null,\"accuracy\":0.5,\"rate\":0.25,\"seconds\":2.0}\n",
                Files.readString(json));
    }

    /// A run that goes on removes what is of epochs that are trained again, and a line that a kill cut off.
    @Test
    void aRunGoesOnWithItsFile() throws IOException {
        Fit resumed = Fit.epochs(9).resume(Path.of("checkpoint"));
        for (Callback callback : List.of(Callback.csv(folder.resolve("h")), Callback.jsonLines(folder.resolve("h")))) {
            Path file = folder.resolve("h");
            Callback before = begun(callback, Fit.epochs(9));
            for (int epoch = 1; epoch <= 4; epoch++) {
                before.onEpoch(report(epoch, epoch));
            }
            String four = Files.readString(file);
            String third = callback.equals(Callback.csv(file)) ? "\n3," : "\n{\"epoch\":3";
            String two = four.substring(0, four.indexOf(third) + 1);
            Files.writeString(file, four + "5,0.");
            Callback after = begun(callback, resumed);
            assertEquals(four + "5,0.", Files.readString(file), "as it was until the checkpoint is read");
            after.onResume(THIRD);
            assertEquals(two, Files.readString(file));
            after.onEpoch(report(3, 3));
            after.onEpoch(report(4, 4));
            assertEquals(four, Files.readString(file));
            Files.writeString(file, two + "3,0.");
            begun(callback, resumed).onResume(THIRD);
            assertEquals(two, Files.readString(file), "half a line");
            Files.delete(file);
            begun(callback, resumed).onResume(THIRD);
            String header = two.startsWith("{") ? "" : two.substring(0, two.indexOf('\n') + 1);
            assertEquals(header, Files.readString(file), "no file");
        }
    }

    @Test
    void aFileOfOthersIsRefused() throws IOException {
        Fit resumed = Fit.epochs(9).resume(Path.of("checkpoint"));
        Path file = Files.writeString(folder.resolve("h"), "epoch,loss\n1,2\n");
        IllegalArgumentException columns = assertThrows(
                IllegalArgumentException.class, () -> begun(Callback.csv(file), resumed).onResume(THIRD));
        assertEquals(
                file + ": expected the columns epoch,loss,accuracy,val_loss,val_accuracy,rate,seconds, got epoch,loss",
                columns.getMessage());
        IllegalArgumentException json = assertThrows(
                IllegalArgumentException.class, () -> begun(Callback.jsonLines(file), resumed).onResume(THIRD));
        assertEquals(file + ": line 1: expected a line of an epoch, got epoch,loss", json.getMessage());
        for (String other : List.of("{\"step\":1}", "{\"epoch\":\"1\"}", "{\"epoch\":1.0}", "{\"epoch\":null}",
                "{\"epoch\":4294967297}", "{}", "[1]", "1", "")) {
            Files.writeString(file, other + "\n");
            assertThrows(IllegalArgumentException.class,
                    () -> begun(Callback.jsonLines(file), resumed).onResume(THIRD), other);
            assertEquals(other + "\n", Files.readString(file), "not touched");
        }
    }

    /// `/dev/full` refuses every write as a full disk does.
    @Test
    void aFullDiskEndsTheRunAndTheParametersStay() {
        Path full = Path.of("/dev/full");
        assertTrue(Files.isWritable(full), "this test needs /dev/full");
        try (Sequential model = model()) {
            Map<String, List<Float>> untouched = Runs.parameters(model);
            UncheckedIOException e = assertThrows(
                    UncheckedIOException.class,
                    () -> model.fit(Runs.streams(60, 10), fit().callback(Callback.csv(full))));
            assertEquals("cannot write /dev/full: No space left on device", e.getMessage());
            assertEquals(untouched, Runs.parameters(model), "before anything is learned");
            List<Map<String, List<Float>>> after = new ArrayList<>();
            UncheckedIOException later = assertThrows(
                    UncheckedIOException.class,
                    () -> model.fit(
                            Runs.streams(60, 10),
                            fit().callback(Callback.eachEpoch(_ -> after.add(Runs.parameters(model))))
                                    .callback(Callback.jsonLines(full))));
            assertEquals("cannot write /dev/full: No space left on device", later.getMessage());
            assertEquals(1, after.size());
            assertEquals(after.getFirst(), Runs.parameters(model));
            assertEquals(1, model.trainer().epochs());
        }
    }

    @Test
    void whereNoFileCanBeIsSaidBeforeTheRun() {
        Path nowhere = folder.resolve("none").resolve("history.csv");
        try (Sequential model = model()) {
            for (Callback callback : List.of(Callback.csv(nowhere), Callback.jsonLines(nowhere))) {
                UncheckedIOException e = assertThrows(
                        UncheckedIOException.class,
                        () -> model.fit(Runs.streams(60, 10), fit().callback(callback)));
                assertEquals("cannot write " + nowhere + ": no such folder", e.getMessage());
            }
            assertEquals(0, model.trainer().steps());
        }
        assertFalse(Files.exists(nowhere));
    }

    /// Two values of one name could not be told apart.
    @Test
    void metricsHaveNamesOfTheirOwn() {
        try (Sequential model = model()) {
            for (String name : List.of("loss", "val_a", "rate", "seconds", "epoch")) {
                Training training = Runs.training(Choice.JAVA).metrics(metric("a"), metric(name));
                IllegalArgumentException e =
                        assertThrows(IllegalArgumentException.class, () -> model.compile(training));
                assertTrue(e.getMessage().endsWith("begin with val_, got " + name), e.getMessage());
            }
        }
    }

    private static Metric metric(String name) {
        return new Metric() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public double of(Totals totals) {
                return 0;
            }
        };
    }
}
