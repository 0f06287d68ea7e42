package dev.rondo.examples;

import dev.rondo.Sequential;
import dev.rondo.data.Scaler;
import dev.rondo.data.Windows;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Gru;
import dev.rondo.layers.Input;
import dev.rondo.tensor.Shape;
import dev.rondo.training.Adam;
import dev.rondo.training.Fit;
import dev.rondo.training.Loss;
import dev.rondo.training.Training;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Daily minimum temperatures of Melbourne, 1981 to 1990: a GRU forecasts tomorrow's from the last 30 days. The last
/// two years are held out.
@Command(
        name = "temperature",
        description = "Daily minimum temperatures of Melbourne: a GRU against persistence")
final class Temperature extends Example {
    private static final int TEST_DAYS = 730;

    @Option(names = "--epochs", paramLabel = "N", description = "Passes over the training days (${DEFAULT-VALUE}).")
    private int epochs = 20;

    private Sequential model() {
        return Sequential.builder()
                .add(Input.features(Shape.TIME, 1))
                .add(Gru.units(32))
                .add(Dense.units(1))
                .seed(seed())
                .build();
    }

    @Override
    List<Score> run() throws IOException {
        double[] series = Csv.column(data("series", "daily-min-temperatures.csv"), "Temp");
        Forecast forecast =
                Forecast.of(series, series.length - TEST_DAYS, Scaler.Kind.STANDARD, Windows.of(30, 1));
        try (Sequential model = model()) {
            model.compile(Training.optimizer(Adam.rate(2e-3))
                    .loss(Loss.meanSquaredError())
                    .engine(engine()));
            model.fit(forecast.training(), Fit.epochs(epochs).callback(progress(5)));
            print("root mean squared error on the days learned from: %.3f", forecast.trainingError(model));
            return List.of(Score.lower("root mean squared error in degrees, last two years",
                    forecast.testError(model), "persistence, as it was yesterday", forecast.naiveTestError(1)));
        }
    }
}
