package dev.rondo.examples;

import dev.rondo.Sequential;
import dev.rondo.data.Examples;
import dev.rondo.data.Scaler;
import dev.rondo.data.Windows;
import dev.rondo.tensor.Tensor;
import java.util.Arrays;

/// Forecasts one row ahead, and their errors in the unit of the series.
///
/// @param series all values
/// @param test first row that is held out: neither model nor scaler learn from it or what follows
/// @param scaler fitted on the rows before
/// @param windows what a forecast is made from
record Forecast(double[] series, int test, Scaler scaler, Windows windows) {
    /// With a scaler of this kind, fitted on the rows before `test`.
    static Forecast of(double[] series, int test, Scaler.Kind kind, Windows windows) {
        Scaler scaler = Scaler.fit(kind, Arrays.copyOf(series, test));
        return new Forecast(series, test, scaler, windows);
    }

    /// What to learn from.
    Examples training() {
        return windows.examples(scaler.apply(series), 0, test);
    }

    /// Root of the mean squared error on the rows that were learned from.
    double trainingError(Sequential model) {
        return error(model, windows.first(0), test);
    }

    /// Root of the mean squared error on the rows held out, each forecast from the true rows before it.
    double testError(Sequential model) {
        return error(model, test, series.length);
    }

    private double error(Sequential model, int from, int to) {
        double[] scaled = scaler.apply(series);
        Tensor outputs = model.predict(windows.examples(scaled, from, to).x());
        double squares = 0;
        for (int row = from; row < to; row++) {
            double value = windows.values(scaled, row, outputs.get(row - from))[0];
            squares += square(scaler.invert(value) - series[row]);
        }
        return Math.sqrt(squares / (to - from));
    }

    /// The error held out of the forecast that all stays as it was a number of rows before.
    double naiveTestError(int rowsBefore) {
        double squares = 0;
        for (int row = test; row < series.length; row++) {
            squares += square(series[row - rowsBefore] - series[row]);
        }
        return Math.sqrt(squares / (series.length - test));
    }

    private static double square(double x) {
        return x * x;
    }
}
