package dev.rondo.examples;

import dev.rondo.Sequential;
import dev.rondo.data.Scaler;
import dev.rondo.data.Windows;
import dev.rondo.training.EarlyStopping;
import dev.rondo.training.Fit;
import dev.rondo.training.Monitor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Daily minimum temperatures of Melbourne, 1981 to 1990: two recurrent layers of 64 units forecast tomorrow's from the
/// last 100 days. The last two years are held out. Of the days before them the last tenth is not learned from either:
/// the epoch counts whose forecasts are best there.
@Command(
        name = "temperature",
        description = "Daily minimum temperatures of Melbourne: LSTM and GRU against persistence")
final class Temperature extends Example {
    private static final int TEST_DAYS = 730;

    @Option(names = "--cell", paramLabel = "CELL", description = "${COMPLETION-CANDIDATES} (both).")
    private List<Forecaster> cells = List.of(Forecaster.values());

    @Option(names = "--epochs", paramLabel = "N", description = "Passes over the training days (${DEFAULT-VALUE}).")
    private int epochs = 100;

    @Override
    List<Score> run() throws IOException {
        double[] series = Csv.column(data("series", "daily-min-temperatures.csv"), "Temp");
        Forecast forecast =
                Forecast.of(series, series.length - TEST_DAYS, Scaler.Kind.STANDARD, Windows.of(100, 1));
        List<Score> scores = new ArrayList<>();
        for (Forecaster cell : cells) {
            print("%s", cell);
            try (Sequential model = cell.model(seed(), engine())) {
                model.fit(forecast.training(), Fit.epochs(epochs)
                        .batchSize(32)
                        .validationSplitByTime(0.1)
                        .callback(EarlyStopping.on(Monitor.validationLoss(), epochs))
                        .callback(progress(10)));
                print("root mean squared error on the days before: %.3f", forecast.trainingError(model));
                scores.add(Score.lower("%s: root mean squared error in degrees, last two years".formatted(cell),
                        forecast.testError(model), "persistence, as it was yesterday", forecast.naiveTestError(1)));
            }
        }
        return scores;
    }
}
