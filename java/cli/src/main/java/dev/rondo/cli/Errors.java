package dev.rondo.cli;

/// How far forecasts are from what came, in the unit of the series. A forecast of K values counts as K.
final class Errors {
    private double squares;
    private double magnitudes;
    private long count;

    /// Adds one value that was forecast, and what came.
    void add(double forecast, double actual) {
        double error = forecast - actual;
        squares += error * error;
        magnitudes += Math.abs(error);
        count++;
    }

    /// Root of the mean squared error.
    double rmse() {
        return Math.sqrt(squares / count);
    }

    /// Mean absolute error.
    double mae() {
        return magnitudes / count;
    }
}
