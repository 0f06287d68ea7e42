package dev.rondo.metrics;

/// How far predicted numbers are from the targets. With weights w of sum W and errors `e = p - t`.
///
/// For use by one thread at a time.
public final class RegressionErrors {
    private double total;
    private double squared;
    private double absolute;
    private double relative;
    private double symmetric;
    private boolean zeroTarget;
    /// Of the targets: mean, and weighted sum of squared deviations from it (West 1979; Chan, Golub & LeVeque 1979).
    private double mean;

    private double deviations;

    /// Of nothing yet.
    public RegressionErrors() {}

    /// Counts numbers, each of weight 1.
    ///
    /// @throws IllegalArgumentException as [#add(float[], float[], double[])]
    public void add(float[] targets, float[] predictions) {
        add(targets, predictions, Arguments.ones(targets.length));
    }

    /// Counts numbers.
    ///
    /// @param targets N numbers
    /// @param predictions N numbers
    /// @param weights N numbers of at least 0; what weighs 0 is not looked at, see [Weights]
    /// @throws IllegalArgumentException if the lengths differ, a number is not finite or a weight is negative; nothing is
    ///     counted then
    public void add(float[] targets, float[] predictions, double[] weights) {
        Arguments.sameLength("predictions", targets.length, predictions.length);
        Arguments.weights(targets.length, weights);
        for (int i = 0; i < targets.length; i++) {
            if (weights[i] > 0) {
                Arguments.finite("targets", i, targets[i]);
                Arguments.finite("predictions", i, predictions[i]);
            }
        }
        for (int i = 0; i < targets.length; i++) {
            if (weights[i] > 0) {
                count(targets[i], predictions[i], weights[i]);
            }
        }
    }

    private void count(double target, double prediction, double weight) {
        double error = prediction - target;
        double magnitude = Math.abs(error);
        squared += weight * error * error;
        absolute += weight * magnitude;
        if (target == 0) {
            zeroTarget = true;
        } else {
            relative += weight * magnitude / Math.abs(target);
        }
        if (magnitude > 0) {
            symmetric += weight * 2 * magnitude / (Math.abs(target) + Math.abs(prediction));
        }
        total += weight;
        double deviation = target - mean;
        mean += weight / total * deviation;
        deviations += weight * deviation * (target - mean);
    }

    /// Counts all that another has counted.
    public void merge(RegressionErrors other) {
        if (other.total == 0) {
            return;
        }
        double both = total + other.total;
        double apart = other.mean - mean;
        deviations += other.deviations + apart * apart * total * (other.total / both);
        mean += other.total / both * apart;
        total = both;
        squared += other.squared;
        absolute += other.absolute;
        relative += other.relative;
        symmetric += other.symmetric;
        zeroTarget |= other.zeroTarget;
    }

    /// Mean squared error, `1/W sum w e^2`.
    ///
    /// @throws IllegalStateException if nothing was counted
    public double mse() {
        return mean("mse", squared);
    }

    /// Root of [#mse()], in the unit of the targets.
    ///
    /// @throws IllegalStateException if nothing was counted
    public double rmse() {
        return Math.sqrt(mean("rmse", squared));
    }

    /// Mean absolute error, `1/W sum w |e|`.
    ///
    /// @throws IllegalStateException if nothing was counted
    public double mae() {
        return mean("mae", absolute);
    }

    /// Mean absolute percentage error as a fraction, `1/W sum w |e| / |t|`: 0.1 is 10 %.
    ///
    /// @throws IllegalStateException if nothing was counted, or a target is 0, where it is not defined
    public double mape() {
        if (zeroTarget) {
            throw new IllegalStateException("mape: expected targets other than 0, got 0");
        }
        return mean("mape", relative);
    }

    /// Symmetric mean absolute percentage error as a fraction in [0, 2], `1/W sum w 2 |e| / (|t| + |p|)` (Makridakis &
    /// Hibon 2000, there in percent), where 0 predicted as 0 is no error.
    ///
    /// @throws IllegalStateException if nothing was counted
    public double smape() {
        return mean("smape", symmetric);
    }

    /// Coefficient of determination, `1 - sum w e^2 / sum w (t - mean t)^2`: 1 is perfect, 0 as good as the mean.
    ///
    /// @throws IllegalStateException if there are no two different targets, where it is not defined
    public double r2() {
        if (!(deviations > 0)) {
            throw new IllegalStateException("r2: expected targets that differ, got none");
        }
        return 1 - squared / deviations;
    }

    private double mean(String what, double sum) {
        Arguments.some(what, total > 0);
        return sum / total;
    }
}
