package dev.rondo.tables;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Sequential;
import dev.rondo.data.DataFormatException;
import dev.rondo.data.Scaler;
import dev.rondo.data.Windows;
import dev.rondo.inference.InferenceSession;
import dev.rondo.inference.StreamingSession;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Input;
import dev.rondo.layers.Lstm;
import dev.rondo.tables.ForecastTutorial.Served;
import dev.rondo.tables.ForecastTutorial.Trained;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Adam;
import dev.rondo.training.EarlyStopping;
import dev.rondo.training.Fit;
import dev.rondo.training.Loss;
import dev.rondo.training.Monitor;
import dev.rondo.training.NonFiniteException;
import dev.rondo.training.Training;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class ForecastTutorialTest {
    /// Monthly totals of international airline passengers, in thousands, 1949 to 1960 (Box & Jenkins 1976, series G).
    private static final double[] PASSENGERS = {
        112, 118, 132, 129, 121, 135, 148, 148, 136, 119, 104, 118,
        115, 126, 141, 135, 125, 149, 170, 170, 158, 133, 114, 140,
        145, 150, 178, 163, 172, 178, 199, 199, 184, 162, 146, 166,
        171, 180, 193, 181, 183, 218, 230, 242, 209, 191, 172, 194,
        196, 196, 236, 235, 229, 243, 264, 272, 237, 211, 180, 201,
        204, 188, 235, 227, 234, 264, 302, 293, 259, 229, 203, 229,
        242, 233, 267, 269, 270, 315, 364, 347, 312, 274, 237, 278,
        284, 277, 317, 313, 318, 374, 413, 405, 355, 306, 271, 306,
        315, 301, 356, 348, 355, 422, 465, 467, 404, 347, 305, 336,
        340, 318, 362, 348, 363, 435, 491, 505, 404, 359, 310, 337,
        360, 342, 406, 396, 420, 472, 548, 559, 463, 407, 362, 405,
        417, 391, 419, 461, 472, 535, 622, 606, 508, 461, 390, 432
    };

    private static final Path ROOT = Path.of(System.getProperty("rondo.root", "../.."));

    @TempDir
    Path folder;

    private Path csv() throws IOException {
        StringBuilder text = new StringBuilder("Month,Passengers\n");
        for (int i = 0; i < PASSENGERS.length; i++) {
            text.append("%d-%02d,%d\n".formatted(1949 + i / 12, i % 12 + 1, (int) PASSENGERS[i]));
        }
        return Files.writeString(folder.resolve("airline.csv"), text);
    }

    @Test
    void theTutorialsForecastIsOfUse() throws IOException, InterruptedException, URISyntaxException {
        Path csv = csv();
        Path file = folder.resolve("airline.safetensors");
        Trained trained = ForecastTutorial.train(csv, file);

        assertEquals(List.of("loss", "mae", "val_loss", "val_mae", "rate", "seconds"), trained.history().names());
        assertEquals(trained.history().epochs().size(), trained.stopped());
        assertEquals(25, trained.everySecond(), "every second of 84 - 24 - 12 + 1 = 49 examples");
        assertTrue(
                trained.error() < trained.naive(),
                "off by %s, and as a year before by %s".formatted(trained.error(), trained.naive()));

        Served served = ForecastTutorial.serve(csv, file);
        assertEquals(12, served.whole().length);
        assertEquals(served.whole()[0], served.streamed(), "a stream gives the same bits");
        assertEquals(
                List.of(Arrays.toString(served.whole()), Double.toString(served.streamed())),
                inAnotherProcess(csv, file));
    }

    /// The lines that the serving half prints in a virtual machine of its own.
    private static List<String> inAnotherProcess(Path csv, Path file)
            throws IOException, InterruptedException, URISyntaxException {
        Path tests = Path.of(ForecastTutorialTest.class.getResource("ForecastTutorial.class").toURI())
                .resolve("../../../..")
                .normalize();
        String path = String.join(
                ":",
                System.getProperty("jdk.module.path", ""),
                System.getProperty("java.class.path", ""),
                tests.toString());
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        path,
                        ForecastTutorial.class.getName(),
                        csv.toString(),
                        file.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), output);
        return output.lines().toList();
    }

    /// Every block of Java in the tutorial is a part of [ForecastTutorial], and the other way round.
    @Test
    void theTutorialShowsWhatRuns() throws IOException {
        String source = Files.readString(
                ROOT.resolve("java/tables/src/test/java/dev/rondo/tables/ForecastTutorial.java"));
        List<String> parts = new ArrayList<>();
        Matcher part = Pattern.compile("// @start region=\"(\\w+)\"\n(.*?)\n *// @end region=\"\\1\"", Pattern.DOTALL)
                .matcher(source);
        while (part.find()) {
            parts.add(part.group(2).stripIndent());
        }
        List<String> blocks = new ArrayList<>();
        Matcher block = Pattern.compile("```java\n(.*?)\n```\n", Pattern.DOTALL).matcher(tutorial());
        while (block.find()) {
            blocks.add(block.group(1));
        }
        assertEquals(14, parts.size());
        assertEquals(
                String.join("\n---\n", parts.stream().sorted().toList()),
                String.join("\n---\n", blocks.stream().sorted().toList()));
    }

    private static String tutorial() throws IOException {
        return Files.readString(ROOT.resolve("docs/forecast.md"));
    }

    /// The messages that the tutorial explains are those that come.
    @Test
    void theTutorialsErrorsAreThoseThatCome() throws IOException {
        Path wrong = Files.writeString(folder.resolve("wrong.csv"), "Month,Passengers\n1949-01,112\n1949-02,many\n");
        told(DataFormatException.class, () -> CsvFile.of(wrong).number("Passengers").read());
        told(DataFormatException.class, () -> CsvFile.of(wrong).number("passengers").read());

        Scaler scaler = Scaler.fit(Scaler.Kind.LOG, 112, 118, 132);
        told(IllegalArgumentException.class, () -> scaler.apply(Double.NaN));
        told(IllegalArgumentException.class, () -> scaler.apply(0));

        Windows windows = Windows.of(24, 12);
        told(IllegalArgumentException.class, () -> windows.examples(new double[30], 0, 30));
        told(IllegalArgumentException.class, () -> windows.input(new double[20]));
        told(IllegalArgumentException.class, () -> Scaler.ofText(""));

        try (Sequential model =
                Sequential.of(Input.features(Shape.TIME, 1), Lstm.units(4), Dense.units(12))) {
            told(IllegalStateException.class, () -> model.fit(windows.examples(ramp(48), 0, 48), Fit.epochs(1)));
            model.compile(Training.optimizer(Adam.rate(1e-3)).loss(Loss.meanSquaredError()));
            told(IllegalArgumentException.class, () -> model.fit(
                    windows.examples(ramp(48), 0, 48),
                    Fit.epochs(1).callback(EarlyStopping.on(Monitor.validationLoss(), 3))));
            told(IllegalArgumentException.class, () -> model.fit(
                    Windows.of(24, 6).examples(ramp(48), 0, 48), Fit.epochs(1)));
            double[] hole = ramp(48);
            hole[30] = Double.NaN;
            told(NonFiniteException.class, () -> model.fit(windows.examples(hole, 0, 48), Fit.epochs(1)));
            InferenceSession session = model.session();
            try (StreamingSession stream = session.stream(1)) {
                told(IllegalArgumentException.class, () -> session.run(
                        Tensor.zeros(DataType.FLOAT32, 1, 24, 2), Tensor.zeros(DataType.FLOAT32, 1, 12)));
                told(IllegalArgumentException.class, () -> stream.step(new float[1], new float[1]));
                session.close();
                told(IllegalStateException.class, () -> stream.step(new float[1], new float[12]));
            }
        }
    }

    private static double[] ramp(int rows) {
        double[] ramp = new double[rows];
        Arrays.setAll(ramp, i -> i / (double) rows);
        return ramp;
    }

    /// That an exception comes whose message the tutorial has, the folder of a file aside.
    private void told(Class<? extends Exception> type, Executable call) throws IOException {
        String message = String.valueOf(assertThrows(type, call).getMessage()).replace(folder + "/", "");
        String row = "\n| `%s: %s` |".formatted(type.getSimpleName(), message);
        assertTrue(tutorial().contains(row), "docs/forecast.md: expected " + row);
    }
}
