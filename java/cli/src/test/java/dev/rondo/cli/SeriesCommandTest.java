package dev.rondo.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Sequential;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Input;
import dev.rondo.layers.Lstm;
import dev.rondo.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Forecasting from end to end, on a series with a trend and a season of 12.
class SeriesCommandTest {
    private static final int ROWS = 240;
    private static final int TRAINED = 192;

    @TempDir
    static Path folder;

    private static double[] values;
    private static Path series;
    private static Path model;

    @BeforeAll
    static void train() throws IOException {
        values = seasonal();
        series = csv("series.csv", values);
        model = folder.resolve("model.safetensors");
        trained(series, model);
    }

    /// A trend of 2 a row, a season of 12 that is not symmetric, and noise of deviation 2.
    private static double[] seasonal() {
        double[] season = {0, 12, 30, 55, 70, 64, 40, 22, -5, -20, -34, -18};
        double[] result = new double[ROWS];
        Random noise = new Random(11);
        for (int row = 0; row < ROWS; row++) {
            result[row] = 400 + 2.0 * row + season[row % 12] + 2 * noise.nextGaussian();
        }
        return result;
    }

    private static Path csv(String name, double... rows) throws IOException {
        StringBuilder text = new StringBuilder("\"time\",\"load, in kW\"\n");
        for (int row = 0; row < rows.length; row++) {
            text.append("t").append(row).append(',').append(rows[row]).append('\n');
        }
        return Files.writeString(folder.resolve(name), text);
    }

    private static Path text(String name, String... lines) throws IOException {
        return Files.writeString(folder.resolve(name), String.join("\n", lines) + "\n");
    }

    /// A training of four epochs, unless there are others.
    private static String trained(Path series, Path model, Object... more) {
        Stream<?> epochs = List.of(more).contains("--epochs") ? Stream.of() : Stream.of("--epochs", 4);
        Stream<?> words = Stream.of(
                "train", "series", "--input", series, "--column", "load, in kW", "--window", 12, "--horizon", 3,
                "--units", 12, "--save", model);
        return Run.done(Stream.concat(words, Stream.concat(epochs, Stream.of(more))).toArray());
    }

    // ------------------------------------------------------------------------------------------------- training

    @ParameterizedTest
    @ValueSource(strings = {"lstm", "gru", "rnn"})
    void eachCellBeatsBothBaselinesClearly(String cell) {
        String out = Run.done(
                "train", "series", "--input", series, "--column", "load, in kW", "--window", 12, "--cell", cell,
                "--epochs", 60);
        assertTrue(out.contains("240 rows, 192 to learn from, 48 held out"), out);
        assertTrue(out.contains("rows 193 to 240, 48 forecasts of 1 value"), out);
        assertTrue(out.contains("the model is not saved without --save FILE"), out);
        for (int column : new int[] {1, 2}) {
            double own = score(out, "model", column);
            double persistence = score(out, "persistence", column);
            double naive = score(out, "seasonal naive \\(12\\)", column);
            assertTrue(own < 0.5 * Math.min(persistence, naive), out);
        }
        assertTrue(score(out, "model", 2) <= score(out, "model", 1), "MAE is at most RMSE: " + out);
    }

    /// The baselines' errors, computed here once more.
    @Test
    void theBaselinesAreWhatTheySay() {
        String out = trained(series, folder.resolve("baselines.safetensors"), "--season", 2, "--epochs", 1);
        double persistence = 0;
        double naive = 0;
        int forecasts = ROWS - TRAINED - 3 + 1;
        for (int at = TRAINED; at < TRAINED + forecasts; at++) {
            for (int k = 0; k < 3; k++) {
                persistence += Math.pow(values[at + k] - values[at - 1], 2);
                naive += Math.pow(values[at + k] - values[List.of(at - 2, at - 1, at - 2).get(k)], 2);
            }
        }
        assertTrue(out.contains("46 forecasts of 3 values"), out);
        assertEquals(Math.sqrt(persistence / (3 * forecasts)), score(out, "persistence", 1), 1e-3);
        assertEquals(Math.sqrt(naive / (3 * forecasts)), score(out, "seasonal naive \\(2\\)", 1), 1e-3);
    }

    /// What is held out changes nothing in the file: neither weights nor scaler have seen it.
    @Test
    void theHeldOutPartIsNotLearnedFrom() throws IOException {
        double[] others = values.clone();
        for (int row = TRAINED; row < ROWS; row++) {
            others[row] = 1e6 - 3 * row;
        }
        Path again = folder.resolve("others.safetensors");
        trained(csv("others.csv", others), again);
        assertEquals(-1, Files.mismatch(model, again));
        others[TRAINED - 1] += 1;
        trained(csv("others.csv", others), again);
        assertNotEquals(-1, Files.mismatch(model, again), "the row before it is learned from");
    }

    @Test
    void theSameSeedGivesTheSameModel() throws IOException {
        Path again = folder.resolve("again.safetensors");
        trained(series, again);
        assertEquals(-1, Files.mismatch(model, again));
        trained(series, again, "--seed", 7);
        assertNotEquals(-1, Files.mismatch(model, again));
    }

    @Test
    void aTrainingGoesOnFromItsCheckpoint() throws IOException {
        Path checkpoint = folder.resolve("run.checkpoint");
        trained(series, folder.resolve("half.safetensors"), "--epochs", 2, "--checkpoint", checkpoint);
        Path resumed = folder.resolve("resumed.safetensors");
        assertTrue(trained(series, resumed, "--resume", checkpoint).contains("Resumed"));
        assertEquals(-1, Files.mismatch(model, resumed));
    }

    @Test
    void nothingNeedBeHeldOut() {
        String out = trained(series, folder.resolve("all.safetensors"), "--test-share", 0);
        assertTrue(out.contains("240 to learn from, 0 held out") && !out.contains("RMSE"), out);
    }

    @Test
    void scalersAndRelationsAreOptions() {
        for (String scaler : List.of("standard", "min-max", "log")) {
            for (String relation : List.of("absolute", "to-last")) {
                Path saved = folder.resolve(scaler + relation);
                String out = trained(series, saved, "--scaler", scaler, "--relation", relation, "--epochs", 30);
                // Far from the series' size means that a way back is wrong: the values are 400 to 950.
                assertTrue(score(out, "model, on what it learned", 1) < 60, out);
                String table = Run.done("inspect", saved);
                assertTrue(table.contains("rondo.series.scaler = " + scaler.replace('-', '_') + " "), table);
                for (double value : forecast(Run.done("forecast", saved, "--input", series))) {
                    assertTrue(value > 500 && value < 1100, scaler + " " + relation + ": " + value);
                }
            }
        }
    }

    @Test
    void layersAndDropoutAreOptions() {
        String out = trained(
                series, folder.resolve("deep.safetensors"), "--cell", "gru", "--layers", 2, "--dropout", 0.2,
                "--threads", 1, "--kernels", "java", "--epochs", 1);
        assertTrue(out.contains("2 x GRU 12 over 12 values, forecasts 3") && out.contains("pure Java"), out);
        assertTrue(Run.done("inspect", folder.resolve("deep.safetensors")).contains("gru_1/weightHh"));
    }

    @Test
    void theLastGoodWeightsAreSaved() {
        Path saved = folder.resolve("good.safetensors");
        Run run = Run.of(
                "train", "series", "--input", series, "--column", "load, in kW", "--window", 12, "--rate", 3e38,
                "--save", saved);
        assertEquals(1, run.exitCode(), run.err());
        assertTrue(run.err().contains("NonFiniteException"), run.err());
        assertTrue(run.out().contains("), as after the last good step") && Files.exists(saved), run.out());
    }

    // ----------------------------------------------------------------------------------------------- forecasting

    @Test
    void theHorizonIsForecastAndMoreByFeedingBack() throws IOException {
        double[] horizon = forecast(Run.done("forecast", model, "--input", series));
        assertEquals(3, horizon.length);
        double[] more = forecast(Run.done("forecast", model, "--input", series, "--steps", 7));
        assertEquals(7, more.length);
        assertArrayEquals(horizon, Stream.of(0, 1, 2).mapToDouble(k -> more[k]).toArray());
        assertArrayEquals(
                new double[] {horizon[0]}, forecast(Run.done("forecast", model, "--input", series, "--steps", 1)));
        assertEquals(2000, forecast(Run.done("forecast", model, "--input", series, "--steps", 2000)).length);

        // Four to six follow the series with one to three at its end; what is printed has seven digits.
        double[] longer = Stream.of(values, horizon).flatMapToDouble(Arrays::stream).toArray();
        double[] next = forecast(Run.done("forecast", model, "--input", csv("longer.csv", longer)));
        for (int k = 0; k < 3; k++) {
            assertEquals(next[k], more[3 + k], 1e-2);
        }
    }

    @Test
    void bothKernelSetsForecastTheSame() {
        double[] fast = forecast(Run.done("forecast", model, "--input", series, "--kernels", "native"));
        double[] java = forecast(Run.done("forecast", model, "--input", series, "--kernels", "java"));
        // float32 of a deviation near 140, and 12 steps of a dozen units.
        assertArrayEquals(java, fast, 140 * 1e-5);
    }

    @Test
    void theForecastIsWrittenAsCsvThatIsReadAgain() throws IOException {
        Path next = folder.resolve("next.csv");
        double[] shown = forecast(Run.done("forecast", model, "--input", series, "--output", next));
        assertEquals("step,\"load, in kW\"", Files.readAllLines(next).getFirst());
        assertArrayEquals(shown, SeriesFile.read(next, "load, in kW").values(), 1e-3);
    }

    @Test
    void anotherColumnMayFollow() throws IOException {
        StringBuilder text = new StringBuilder("kW\r\n");
        for (double value : values) {
            text.append(value).append("\r\n");
        }
        Path other = Files.writeString(folder.resolve("other.csv"), "\ufeff" + text + "\r\n\r\n");
        assertArrayEquals(
                forecast(Run.done("forecast", model, "--input", series)),
                forecast(Run.done("forecast", model, "--input", other, "--column", "kW")));
    }

    // --------------------------------------------------------------------------------------------------- errors

    static Stream<Arguments> wrongFiles() {
        String[] ten = {"1", "2", "4", "3", "5", "6", "8", "7", "9", "11"};
        return Stream.of(
                Arguments.of(": expected a line with the names of columns, got none", ""),
                Arguments.of(": expected a line with the names of columns, got none", "\n\n"),
                Arguments.of(": line 1: expected one column 'y', got 'x', 'Y'", "x,Y\n1,2\n"),
                Arguments.of(": line 1: expected one column 'y', got 2 of them in 'y', 'x', 'y'", "y,x,y\n1,2,3\n"),
                Arguments.of(": line 3: expected 2 cells as in the first line, got 1", "x,y\n1,2\n3\n4,5\n"),
                Arguments.of(": line 3: expected 2 cells as in the first line, got 3", "x,y\n1,2\n3,4,5\n"),
                Arguments.of(": line 3, column y: expected a finite number, got an empty cell", "x,y\n1,2\n3,\n"),
                Arguments.of(": line 3: expected 1 cell as in the first line, got an empty line", "y\n2\n\n3\n"),
                Arguments.of(": line 2, column y: expected a finite number, got '1,5'", "x,y\n1,\"1,5\"\n"),
                Arguments.of(": line 4, column y: expected a finite number, got 'n\\u{1b}a'", "y\n1\n2\nn\u001ba\n"),
                Arguments.of(": line 3, column y: expected a finite number, got 'NaN'", "y\n1\nNaN\n"),
                Arguments.of(": line 2, column y: expected a finite number, got '1e999'", "y\n1e999\n"),
                Arguments.of(": line 2, column y: expected a finite number, got '0x1p3'", "y\n0x1p3\n"),
                Arguments.of(
                        ": expected at least 4 rows to learn from, for --window and --horizon, got 0 of 0", "y\n"),
                Arguments.of(
                        ": expected at least 4 rows to learn from, for --window and --horizon, got 3 of 4",
                        "y\n1\n2\n4\n3\n"),
                Arguments.of(
                        ": column y, first 8 rows: values: expected different ones, got 8 times 5.0",
                        "y\n" + "5\n".repeat(10)),
                Arguments.of(
                        ": line 12, column y: expected a number above 0, which the scaler log takes, got 0.0",
                        "y\n" + String.join("\n", ten) + "\n0\n"));
    }

    @ParameterizedTest
    @MethodSource("wrongFiles")
    void aWrongFileIsNamedWithLineAndColumn(String expected, String content) throws IOException {
        Path file = Files.writeString(folder.resolve("wrong.csv"), content);
        String err = Run.failed(
                1, "train", "series", "--input", file, "--column", "y", "--window", 3,
                "--scaler", content.endsWith("\n0\n") ? "log" : "standard");
        assertTrue(err.startsWith("rondo train series: " + file + expected), err);
    }

    static Stream<Arguments> wrongSettings() {
        return Stream.of(
                Arguments.of(1, "expected at least 202 rows to learn from, for --window and --horizon, got 192 of 240",
                        List.of("--window", "201")),
                Arguments.of(1, "expected at least 60 rows held out, for --horizon, got 48 of 240",
                        List.of("--window", "12", "--horizon", "60")),
                Arguments.of(1, "expected at least 365 rows to learn from, for --season, got 192 of 240",
                        List.of("--window", "12", "--season", "365")),
                Arguments.of(1, "--window: window: expected at least 2", List.of("--window", "1")),
                Arguments.of(1, "--save: " + folder.resolve("none") + ": there is no such folder",
                        List.of("--window", "12", "--save", folder.resolve("none/x").toString())),
                Arguments.of(2, "Missing required option: '--window=N'", List.of()),
                Arguments.of(2, "'--horizon': expected a whole number of at least 1, got '0'",
                        List.of("--window", "12", "--horizon", "0")),
                Arguments.of(2, "'--test-share': expected a number from 0 to below 1, got '1'",
                        List.of("--window", "12", "--test-share", "1")),
                Arguments.of(2, "'--scaler': expected one of standard, min-max, log, got 'robust'",
                        List.of("--window", "12", "--scaler", "robust")),
                Arguments.of(2, "'--relation': expected one of absolute, to-last, got 'LAST'",
                        List.of("--window", "12", "--relation", "LAST")),
                Arguments.of(2, "'--cell': expected one of lstm, gru, rnn, got 'GRU'",
                        List.of("--window", "12", "--cell", "GRU")));
    }

    @ParameterizedTest
    @MethodSource("wrongSettings")
    void aWrongSettingIsNamed(int exitCode, String expected, List<String> more) {
        String err = Run.failed(exitCode, Stream.concat(
                        Stream.of("train", "series", "--input", series, "--column", "load, in kW"), more.stream())
                .toArray());
        assertTrue(err.contains(expected), err);
    }

    @Test
    void filesThatAreNoneAreNamed() throws IOException {
        Path none = folder.resolve("none.csv");
        assertTrue(Run.failed(1, "train", "series", "--input", none, "--column", "y", "--window", 3)
                .contains(none + ": there is no such file"));
        assertTrue(Run.failed(1, "train", "series", "--input", folder, "--column", "y", "--window", 3)
                .contains(folder + ": expected a file, got a folder"));
        assertTrue(Run.failed(1, "forecast", model, "--input", text("short.csv", "\"load, in kW\"", "1", "2"))
                .contains("short.csv: expected at least 12 rows, the model's window, got 2"));
        assertTrue(Run.failed(1, "forecast", model, "--input", series, "--column", "time")
                .contains("line 2, column time: expected a finite number, got 't0'"));
        assertTrue(Run.failed(1, "forecast", model, "--input", series, "--output", series)
                .contains("--output: expected another file than those that are read"));
        Path log = folder.resolve("log.safetensors");
        trained(series, log, "--scaler", "log", "--epochs", 1);
        double[] negative = values.clone();
        negative[6] = -3;
        assertTrue(Run.failed(1, "forecast", log, "--input", csv("negative.csv", negative))
                .contains("line 8, column load, in kW: expected a number above 0, which the scaler log takes, got -3.0"));
    }

    @Test
    void aModelOfAnotherKindIsNamed() throws IOException {
        Path text = Files.writeString(folder.resolve("text.txt"), "the quick brown fox.\n".repeat(40));
        Path characters = Run.trained(text, folder.resolve("text.safetensors"));
        assertTrue(Run.failed(1, "forecast", characters, "--input", series)
                .endsWith("text.safetensors: metadata: expected rondo.series.column of a model of "
                        + "'rondo train series', got only [rondo.characters]"));
        assertTrue(Run.failed(1, "generate", model)
                .contains("expected the characters of a text model under rondo.characters, got only ["));
        assertTrue(Run.failed(1, "evaluate", model, "--input", text).contains("expected the characters"));
        assertTrue(Run.failed(1, "forecast", series, "--input", series).contains("expected a header length"));
    }

    @Test
    void notesThatDoNotFitAreNamed() throws IOException {
        wrongNotes("expected rondo.series.column of a model of 'rondo train series', got nothing", 1);
        wrongNotes("expected rondo.series.scaler of a model of 'rondo train series', got only [rondo.series.column, "
                + "rondo.series.relation, rondo.series.window]", 1, "column", "y", "window", "3", "relation", "TO_LAST");
        wrongNotes("rondo.series: scaler: expected one of", 1,
                "column", "y", "window", "3", "relation", "TO_LAST", "scaler", "great");
        wrongNotes("rondo.series: For input string: \"many\"", 1,
                "column", "y", "window", "many", "relation", "TO_LAST", "scaler", "standard 0 1");
        wrongNotes("rondo.series: window: expected at least 1, got 0", 1,
                "column", "y", "window", "0", "relation", "ABSOLUTE", "scaler", "standard 0 1");
        wrongNotes("rondo.series: No enum constant", 1,
                "column", "y", "window", "3", "relation", "NEAR", "scaler", "standard 0 1");
        wrongNotes("model: expected FLOAT32 [B,T,1] in and [B,K] out, got FLOAT32 [B,T,2] in and [B,4] out", 2,
                "column", "y", "window", "3", "relation", "ABSOLUTE", "scaler", "standard 0 1");
    }

    private static void wrongNotes(String expected, int features, String... notes) throws IOException {
        Sequential.Builder builder = Sequential.builder()
                .add(Input.features(Shape.TIME, features))
                .add(Lstm.units(3))
                .add(Dense.units(4));
        for (int i = 0; i < notes.length; i += 2) {
            builder.note("rondo.series." + notes[i], notes[i + 1]);
        }
        Path file = folder.resolve("notes.safetensors");
        try (Sequential other = builder.build()) {
            other.save(file);
        }
        String err = Run.failed(1, "forecast", file, "--input", series);
        assertTrue(err.startsWith("rondo forecast: " + file) && err.contains(expected), err);
    }

    @Test
    void helpTellsTheRecipesDefaults() {
        String out = Run.done("train", "series", "--help").replaceAll("\\s+", " ");
        for (String expected : List.of(
                "all at once (direct;",
                "--horizon=K Values that are forecast at once (1).",
                "(default: as --window)",
                "at the end; 0: none (0.2).",
                "deviation 1, for what grows by factors (standard).",
                "a series without a fixed level (to-last).",
                "Cell of the recurrent layers (lstm).",
                "Units of a recurrent layer (32).",
                "Windows that are learned from at the same time (16).",
                "Passes over what is learned from (30).",
                "Learning rate of Adam (0.005).")) {
            assertTrue(out.contains(expected), expected + " is not in " + out);
        }
    }

    private static double score(String out, String row, int column) {
        Matcher matcher = Pattern.compile("(?m)^ +" + row + " +([0-9.e+-]+) +([0-9.e+-]+)$").matcher(out);
        assertTrue(matcher.find(), () -> row + " is not in:\n" + out);
        return Double.parseDouble(matcher.group(column));
    }

    private static double[] forecast(String out) {
        double[] result = Pattern.compile("(?m)^ +[0-9]+ +([0-9.e+-]+)$")
                .matcher(out)
                .results()
                .mapToDouble(line -> Double.parseDouble(line.group(1)))
                .toArray();
        assertFalse(result.length == 0, () -> "no forecast in:\n" + out);
        return result;
    }
}
