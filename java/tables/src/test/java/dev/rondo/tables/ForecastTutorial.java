package dev.rondo.tables;

import dev.rondo.Sequential;
import dev.rondo.data.Examples;
import dev.rondo.data.Scaler;
import dev.rondo.data.Windows;
import dev.rondo.inference.InferenceSession;
import dev.rondo.inference.StreamingSession;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Input;
import dev.rondo.layers.Lstm;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Adam;
import dev.rondo.training.EarlyStopping;
import dev.rondo.training.EpochReport;
import dev.rondo.training.Fit;
import dev.rondo.training.History;
import dev.rondo.training.Loss;
import dev.rondo.training.Metric;
import dev.rondo.training.Monitor;
import dev.rondo.training.Training;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;

/// The code of `docs/forecast.md`: [ForecastTutorialTest] runs it, and holds the tutorial against it.
final class ForecastTutorial {
    private ForecastTutorial() {}

    /// What training came to, for the test.
    ///
    /// @param history how the run went
    /// @param stopped the epoch that the text prints as the last one
    /// @param naive root of the mean squared error of the forecast that all is as it was a year before
    /// @param error that of the model on the same rows
    /// @param everySecond how many examples are left of a stride of two
    record Trained(History history, int stopped, double naive, double error, int everySecond) {}

    /// Forecasts in both ways, for the test.
    ///
    /// @param whole made of a window
    /// @param streamed its first month, made month by month
    record Served(double[] whole, double streamed) {}

    /// The serving half, as a program of its own.
    ///
    /// @param args the CSV file and the model's
    public static void main(String[] args) throws IOException {
        Served served = serve(Path.of(args[0]), Path.of(args[1]));
        System.out.println(Arrays.toString(served.whole()));
        System.out.println(served.streamed());
    }

    // @start region="ratio"
    static double[] growth(double[] values) {
        return IntStream.range(12, values.length).mapToDouble(i -> values[i] / values[i - 12]).toArray();
    }
    // @end region="ratio"

    static Trained train(Path csv, Path file) throws IOException {
        // @start region="read"
        CsvTable table = CsvFile.of(csv).number("Passengers", "NA").text("Month").read();
        double[] passengers = table.numbers("Passengers");
        // @end region="read"
        // @start region="growth"
        double[] growth = growth(passengers); // growth[i]: month i + 12 as a multiple of month i
        // @end region="growth"
        // @start region="scale"
        int validation = growth.length - 48; // the first row that is validated on
        int test = growth.length - 24; // the first row of the final test
        Scaler scaler = Scaler.fit(Scaler.Kind.LOG, Arrays.copyOf(growth, validation));
        double[] scaled = scaler.apply(growth);
        // @end region="scale"
        // @start region="windows"
        Windows windows = Windows.of(24, 12); // 24 months in, the next 12 out
        Examples training = windows.examples(scaled, 0, validation);
        Examples validating = windows.examples(scaled, validation, test);
        Examples testing = windows.examples(scaled, test, scaled.length);
        // @end region="windows"
        // @start region="stride"
        Examples fewer = windows.stride(2).examples(scaled, 0, validation);
        // @end region="stride"
        // @start region="model"
        Sequential model = Sequential.builder()
                .add(Input.features(Shape.TIME, 1))
                .add(Lstm.units(32))
                .add(Dense.units(windows.horizon()))
                .seed(1)
                .note("scaler", scaler.text())
                .note("window", Integer.toString(windows.window()))
                .build();
        System.out.println(model.summary());
        // @end region="model"
        // @start region="compile"
        model.compile(Training.optimizer(Adam.rate(5e-3))
                .loss(Loss.meanSquaredError())
                .metrics(Metric.meanAbsoluteError())
                .clipGlobalNorm(1));
        // @end region="compile"
        // @start region="fit"
        History history = model.fit(
                training,
                Fit.epochs(400)
                        .batchSize(16)
                        .validation(validating)
                        .callback(EarlyStopping.on(Monitor.validationLoss(), 40)));
        // @end region="fit"
        // @start region="history"
        System.out.println(history.names()); // [loss, mae, val_loss, val_mae, rate, seconds]
        EpochReport last = history.last();
        System.out.printf("%s after epoch %d, loss %.4f%n", history.ending(), last.epoch(), last.loss());
        double best = history.values("val_loss").stream().mapToDouble(v -> v).min().orElseThrow();
        System.out.printf("best validation loss %.4f%n", best);
        // @end region="history"
        // @start region="test"
        Tensor outputs = model.predict(testing.x()); // [N,12], in the model's unit
        double squares = 0;
        double naiveSquares = 0;
        int count = testing.size() * windows.horizon();
        for (int i = 0; i < count; i++) {
            int row = test + i / windows.horizon() + i % windows.horizon();
            double forecast = passengers[row] * scaler.invert(outputs.get(i));
            squares += Math.pow(forecast - passengers[row + 12], 2);
            naiveSquares += Math.pow(passengers[row] - passengers[row + 12], 2);
        }
        double error = Math.sqrt(squares / count);
        double naive = Math.sqrt(naiveSquares / count);
        System.out.printf("off by %.1f; as a year before: %.1f (thousand passengers)%n", error, naive);
        // @end region="test"
        // @start region="save"
        model.save(file);
        model.close();
        // @end region="save"
        return new Trained(history, last.epoch(), naive, error, fewer.size());
    }

    static Served serve(Path csv, Path file) throws IOException {
        // @start region="serve"
        double[] known = CsvFile.of(csv).number("Passengers").read().numbers("Passengers");
        double[] forecast;
        try (InferenceSession session = InferenceSession.open(file)) {
            Scaler scaler = Scaler.ofText(session.notes().getOrDefault("scaler", ""));
            int window = Integer.parseInt(session.notes().getOrDefault("window", ""));
            int horizon = session.outputShape().dim(1);
            Tensor x = Windows.of(window, horizon).input(scaler.apply(growth(known))); // [1,24,1]
            Tensor y = Tensor.zeros(DataType.FLOAT32, 1, horizon);
            session.run(x, y);
            int year = known.length - 12; // the row a year before the first month to come
            forecast = IntStream.range(0, horizon)
                    .mapToDouble(k -> known[year + k] * scaler.invert(y.get(k)))
                    .toArray();
        }
        // @end region="serve"
        double next = 0;
        // @start region="stream"
        try (InferenceSession session = InferenceSession.open(file);
                StreamingSession stream = session.stream(1)) {
            Scaler scaler = Scaler.ofText(session.notes().getOrDefault("scaler", ""));
            float[] y = new float[session.outputShape().dim(1)]; // on the heap, and used again
            for (int month = known.length - 24; month < known.length; month++) {
                float x = (float) scaler.apply(known[month] / known[month - 12]);
                stream.step(new float[] {x}, y);
                next = known[month - 11] * scaler.invert(y[0]); // the month after this one
            }
        }
        // @end region="stream"
        return new Served(forecast, next);
    }
}
