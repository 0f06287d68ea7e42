package dev.rondo.examples;

import dev.rondo.Sequential;
import dev.rondo.data.Examples;
import dev.rondo.data.Scaler;
import dev.rondo.data.Windows;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Initializer;
import dev.rondo.layers.Input;
import dev.rondo.layers.Lstm;
import dev.rondo.tensor.Shape;
import dev.rondo.training.Adam;
import dev.rondo.training.EarlyStopping;
import dev.rondo.training.Fit;
import dev.rondo.training.Loss;
import dev.rondo.training.Metric;
import dev.rondo.training.Monitor;
import dev.rondo.training.Scores;
import dev.rondo.training.Training;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Load and oil temperature of a transformer station, hour by hour (ETTh1, Zhou et al. 2021): an LSTM forecasts all
/// seven series for the next 24 hours from the last 96. Twelve months to learn from, four to stop by, four to be scored
/// on, each series scaled to mean 0 and deviation 1 by the first twelve, as in the paper; errors are of the scaled
/// series, over all hours of all forecasts. Inputs and targets are told as differences to the last hour.
@Command(
        name = "etth1",
        description = "Seven series of a transformer station, the next 24 hours: an LSTM against the paper's")
final class Etth1 extends Example {
    private static final List<String> SERIES = List.of("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT");
    private static final int MONTH = 30 * 24;
    private static final int WINDOW = 96;
    private static final int HORIZON = 24;

    @Option(names = "--epochs", paramLabel = "N", description = "At most so many passes (${DEFAULT-VALUE}).")
    private int epochs = 10;

    @Option(names = "--months", paramLabel = "N", description = "Months to learn from, up to 12 (${DEFAULT-VALUE}).")
    private int months = 12;

    private Sequential model() {
        return Sequential.builder()
                .add(Input.features(Shape.TIME, SERIES.size()))
                .add(Lstm.units(64))
                .add(Dense.units(HORIZON * SERIES.size()).weights(Initializer.zeros()))
                .seed(seed())
                .build();
    }

    @Override
    List<Score> run() throws IOException {
        if (months < 1 || months > 12) {
            throw new IllegalArgumentException("--months: expected 1..12, got " + months);
        }
        double[][] series = Csv.columns(data("series", "ETTh1.csv"), SERIES);
        for (int i = 0; i < series.length; i++) {
            series[i] = Scaler.fit(Scaler.Kind.STANDARD, Arrays.copyOf(series[i], 12 * MONTH)).apply(series[i]);
        }
        Windows windows = Windows.of(WINDOW, HORIZON).relation(Windows.Relation.TO_LAST);
        Examples training = windows.examples(series, series, (12 - months) * MONTH + WINDOW, 12 * MONTH);
        Examples valid = windows.examples(series, series, 12 * MONTH, 16 * MONTH);
        Examples test = windows.examples(series, series, 16 * MONTH, 20 * MONTH);
        try (Sequential model = model()) {
            model.compile(Training.optimizer(Adam.standard())
                    .loss(Loss.meanSquaredError())
                    .metrics(Metric.meanAbsoluteError())
                    .clipGlobalNorm(1)
                    .engine(engine()));
            model.fit(training, Fit.epochs(epochs)
                    .validation(valid)
                    .callback(progress())
                    .callback(EarlyStopping.on(Monitor.validationLoss(), 3)));
            Scores scores = model.evaluate(test);
            String persistence = "persistence, all stays as it is";
            String source = " (Zhou et al. 2021, table 2, LSTMa)";
            return List.of(
                    Score.lower("mean squared error, 24 hours, scaled", scores.loss(), persistence, meanSquare(test))
                            .published("0.650" + source),
                    Score.lower("mean absolute error, 24 hours, scaled", scores.metric("mae"), persistence,
                                    meanMagnitude(test))
                            .published("0.624" + source));
        }
    }

    private static double meanSquare(Examples examples) {
        double sum = 0;
        for (float y : examples.y().toFloats()) {
            sum += (double) y * y;
        }
        return sum / examples.y().elements();
    }

    private static double meanMagnitude(Examples examples) {
        double sum = 0;
        for (float y : examples.y().toFloats()) {
            sum += Math.abs(y);
        }
        return sum / examples.y().elements();
    }
}
