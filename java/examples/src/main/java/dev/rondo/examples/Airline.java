package dev.rondo.examples;

import dev.rondo.Sequential;
import dev.rondo.data.Scaler;
import dev.rondo.data.Windows;
import dev.rondo.training.Fit;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// The monthly totals of international airline passengers, in thousands, from 1949 to 1960 (Box & Jenkins 1976, series
/// G): two recurrent layers of 64 units forecast the next month from the twelve before. The last 48 months are held
/// out.
@Command(
        name = "airline",
        description = "Airline passengers, Box & Jenkins's series G: LSTM and GRU against persistence")
final class Airline extends Example {
    private static final double[] PASSENGERS = {
        112, 118, 132, 129, 121, 135, 148, 148, 136, 119, 104, 118, // 1949
        115, 126, 141, 135, 125, 149, 170, 170, 158, 133, 114, 140,
        145, 150, 178, 163, 172, 178, 199, 199, 184, 162, 146, 166,
        171, 180, 193, 181, 183, 218, 230, 242, 209, 191, 172, 194,
        196, 196, 236, 235, 229, 243, 264, 272, 237, 211, 180, 201,
        204, 188, 235, 227, 234, 264, 302, 293, 259, 229, 203, 229,
        242, 233, 267, 269, 270, 315, 364, 347, 312, 274, 237, 278,
        284, 277, 317, 313, 318, 374, 413, 405, 355, 306, 271, 306,
        315, 301, 356, 348, 355, 422, 465, 467, 404, 347, 305, 336, // 1957, held out from here on
        340, 318, 362, 348, 363, 435, 491, 505, 404, 359, 310, 337,
        360, 342, 406, 396, 420, 472, 548, 559, 463, 407, 362, 405,
        417, 391, 419, 461, 472, 535, 622, 606, 508, 461, 390, 432
    };
    private static final int TEST = 96;

    @Option(names = "--cell", paramLabel = "CELL", description = "${COMPLETION-CANDIDATES} (both).")
    private List<Forecaster> cells = List.of(Forecaster.values());

    @Option(names = "--epochs", paramLabel = "N", description = "Passes over the training months (${DEFAULT-VALUE}).")
    private int epochs = 100;

    @Override
    List<Score> run() {
        Windows windows = Windows.of(12, 1).relation(Windows.Relation.TO_LAST);
        Forecast forecast = Forecast.of(PASSENGERS, TEST, Scaler.Kind.LOG, windows);
        List<Score> scores = new ArrayList<>();
        for (Forecaster cell : cells) {
            print("%s", cell);
            try (Sequential model = cell.model(seed(), engine())) {
                model.fit(forecast.training(), Fit.epochs(epochs).batchSize(32).callback(progress(20)));
                print("root mean squared error on the months learned from: %.1f", forecast.trainingError(model));
                scores.add(Score.lower("%s: root mean squared error, 1957 to 1960".formatted(cell),
                                forecast.testError(model), "persistence, as it was last", forecast.naiveTestError(1))
                        .published("47.5 (Brownlee 2016, LSTM of 4 units on one month; 22.9 on what it learned)"));
            }
        }
        print("as it was a year before: %.1f", forecast.naiveTestError(12));
        return scores;
    }
}
