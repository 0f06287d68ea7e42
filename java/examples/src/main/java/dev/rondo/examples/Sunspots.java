package dev.rondo.examples;

import dev.rondo.Sequential;
import dev.rondo.data.Scaler;
import dev.rondo.data.Windows;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Input;
import dev.rondo.layers.Lstm;
import dev.rondo.tensor.Shape;
import dev.rondo.training.Adam;
import dev.rondo.training.Fit;
import dev.rondo.training.Loss;
import dev.rondo.training.Training;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Monthly numbers of sunspots since 1749: an LSTM forecasts the next month from the last two years, told as
/// differences to the last value. The last fifth is held out.
@Command(
        name = "sunspots",
        description = "Monthly sunspots since 1749: an LSTM against persistence")
final class Sunspots extends Example {
    @Option(names = "--epochs", paramLabel = "N", description = "Passes over the training months (${DEFAULT-VALUE}).")
    private int epochs = 30;

    private Sequential model() {
        return Sequential.builder()
                .add(Input.features(Shape.TIME, 1))
                .add(Lstm.units(32))
                .add(Dense.units(1))
                .seed(seed())
                .build();
    }

    @Override
    List<Score> run() throws IOException {
        double[] series = Csv.column(data("series", "monthly-sunspots.csv"), "Sunspots");
        Windows windows = Windows.of(24, 1).relation(Windows.Relation.TO_LAST);
        Forecast forecast = Forecast.of(series, series.length * 4 / 5, Scaler.Kind.STANDARD, windows);
        try (Sequential model = model()) {
            model.compile(Training.optimizer(Adam.standard())
                    .loss(Loss.meanSquaredError())
                    .engine(engine()));
            model.fit(forecast.training(), Fit.epochs(epochs).callback(progress(5)));
            print("root mean squared error on the months learned from: %.2f", forecast.trainingError(model));
            return List.of(Score.lower("root mean squared error, last fifth",
                    forecast.testError(model), "persistence, as it was last month", forecast.naiveTestError(1)));
        }
    }
}
