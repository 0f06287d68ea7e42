package dev.rondo.data;

import dev.rondo.tensor.Tensor;
import java.util.Arrays;

/// Cuts series into examples: some values in a row, and those that follow them.
///
/// ```
/// series   0 1 2 3 4 5 6 7 8 9      window 4, horizon 2
/// x        0 1 2 3                  the first example
/// y                4 5
/// x          1 2 3 4                the second
/// y                  5 6
/// ```
///
/// What is held out is a range of targets: [#examples] takes those from one row to another, and reads nothing from that
/// other row on. The inputs of the first examples of a part that is held out reach back into the rows before, which are
/// known when those forecasts are made.
///
/// Several series go side by side, each as long as the others: those that a forecast is made from are the features of x,
/// and those that are forecast, which may be among them, follow one another in y, step by step.
///
/// @param window number of values that a forecast is made from, T
/// @param horizon number of values that are forecast at once, K
/// @param stride how many rows after an example the next begins
/// @param relation what inputs and targets are told in
public record Windows(int window, int horizon, int stride, Relation relation) {

    /// What inputs and targets are told in.
    public enum Relation {
        /// The values themselves.
        ABSOLUTE,
        /// Their differences to the last value of the window, each series to its own, which suits those without a fixed
        /// level (Zeng et al. 2023, NLinear). A forecast of zeros is then the last value.
        TO_LAST
    }

    public Windows {
        atLeastOne("window", window);
        atLeastOne("horizon", horizon);
        atLeastOne("stride", stride);
        if (relation == Relation.TO_LAST && window < 2) {
            throw new IllegalArgumentException(
                    "window: expected at least 2, since the last value is always 0 to itself, got " + window);
        }
    }

    private static void atLeastOne(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + ": expected at least 1, got " + value);
        }
    }

    /// Of the values themselves, one from each row on.
    public static Windows of(int window, int horizon) {
        return new Windows(window, horizon, 1, Relation.ABSOLUTE);
    }

    /// One from each `stride` rows.
    public Windows stride(int stride) {
        return new Windows(window, horizon, stride, relation);
    }

    /// Told in another way.
    public Windows relation(Relation relation) {
        return new Windows(window, horizon, stride, relation);
    }

    /// The row of the first target of the first example whose targets all lie from a row on: `from`, or later where the
    /// window in front of it has no room.
    public int first(int from) {
        return Math.max(from, window);
    }

    /// Number of examples whose targets all lie in `from..to`; 0 where there is none.
    ///
    /// @param from first row of the targets
    /// @param to row behind the last of them
    public int count(int from, int to) {
        long last = (long) to - horizon;
        return last < first(from) ? 0 : (int) ((last - first(from)) / stride + 1);
    }

    /// The examples of one series, which is also what is forecast.
    ///
    /// @param series all values; rows from `to` on are not read
    /// @param from first row of the targets
    /// @param to row behind the last of them
    /// @return x float32 `[N,window,1]` and y float32 `[N,horizon]`, in memory of their own
    /// @throws IllegalArgumentException if the rows are not in the series, or there is no such example
    public Examples examples(double[] series, int from, int to) {
        double[][] one = {series};
        return examples(one, one, from, to);
    }

    /// The examples whose targets all lie in `from..to`, in their order: the targets of example n begin at row
    /// `first(from) + n * stride`.
    ///
    /// @param inputs the series that a forecast is made from, `[F][rows]`; rows from `to - horizon` on are not read
    /// @param targets the series that are forecast, `[G][rows]`; rows from `to` on are not read
    /// @param from first row of the targets
    /// @param to row behind the last of them
    /// @return x float32 `[N,window,F]` and y float32 `[N,horizon*G]`, of which k*G + g is series g after k steps, in
    ///     memory of their own
    /// @throws IllegalArgumentException if there is no series, they are not of one length, the rows are not in them, or
    ///     there is no such example
    public Examples examples(double[][] inputs, double[][] targets, int from, int to) {
        int rows = rows(inputs, targets);
        if (from < 0 || to > rows || from > to) {
            throw new IllegalArgumentException(
                    "from, to: expected rows within 0..%d, got %d and %d".formatted(rows, from, to));
        }
        int count = count(from, to);
        if (count == 0) {
            throw new IllegalArgumentException(
                    "series: expected at least %d rows up to row %d for a window of %d and a horizon of %d, got %d"
                            .formatted((long) first(from) - from + horizon, to, window, horizon, to - from));
        }
        int features = inputs.length;
        int outputs = Math.multiplyExact(horizon, targets.length);
        float[] x = new float[Math.multiplyExact(Math.multiplyExact(count, window), features)];
        float[] y = new float[Math.multiplyExact(count, outputs)];
        for (int n = 0; n < count; n++) {
            int at = first(from) + n * stride;
            cut(inputs, at, at - window, window, x, n * window * features);
            cut(targets, at, at, horizon, y, n * outputs);
        }
        return Dataset.of(Tensor.of(x, count, window, features), Tensor.of(y, count, outputs));
    }

    /// The input for a forecast of what follows a series.
    ///
    /// @return x float32 `[1,window,1]`
    /// @throws IllegalArgumentException if the series is shorter than the window
    public Tensor input(double... series) {
        return input(new double[][] {series});
    }

    /// The input for a forecast of what follows several series.
    ///
    /// @param series what the forecast is made from, `[F][rows]`
    /// @return x float32 `[1,window,F]`
    /// @throws IllegalArgumentException if there is no series, they are not of one length, or shorter than the window
    public Tensor input(double[][] series) {
        int end = rows(series, series);
        if (end < window) {
            throw new IllegalArgumentException(
                    "series: expected at least %d rows for the window, got %d".formatted(window, end));
        }
        float[] x = new float[Math.multiplyExact(window, series.length)];
        cut(series, end, end - window, window, x, 0);
        return Tensor.of(x, 1, window, series.length);
    }

    /// The values that a model's outputs mean.
    ///
    /// @param series what is forecast, at least up to the row before `at`
    /// @param at row of the first forecast value
    /// @param outputs the model's, `[horizon]`
    /// @throws IllegalArgumentException if there is no row before `at`, or another number of outputs
    public double[] values(double[] series, int at, double... outputs) {
        return values(new double[][] {series}, at, outputs)[0];
    }

    /// The values that a model's outputs for several series mean.
    ///
    /// @param targets the series that are forecast, `[G][rows]`, at least up to the row before `at`
    /// @param at row of the first forecast values
    /// @param outputs the model's, `[horizon*G]`, in the order of the targets of [#examples]
    /// @return `[G][horizon]`
    /// @throws IllegalArgumentException if there is no series, they are not of one length, there is no row before `at`,
    ///     or another number of outputs
    public double[][] values(double[][] targets, int at, double... outputs) {
        int rows = rows(targets, targets);
        if (at < 1 || at > rows) {
            throw new IllegalArgumentException("at: expected 1..%d, got %d".formatted(rows, at));
        }
        int count = targets.length;
        if (outputs.length != (long) horizon * count) {
            throw new IllegalArgumentException(
                    "outputs: expected %d, got %d".formatted((long) horizon * count, outputs.length));
        }
        double[][] values = new double[count][horizon];
        for (int g = 0; g < count; g++) {
            for (int k = 0; k < horizon; k++) {
                values[g][k] = outputs[k * count + g] + level(targets[g], at);
            }
        }
        return values;
    }

    /// The rows that all series have.
    private static int rows(double[][] inputs, double[][] targets) {
        if (inputs.length == 0 || targets.length == 0) {
            throw new IllegalArgumentException("series: expected at least one to forecast from and one to forecast, got "
                    + inputs.length + " and " + targets.length);
        }
        int rows = inputs[0].length;
        for (double[][] series : new double[][][] {inputs, targets}) {
            for (double[] one : series) {
                if (one.length != rows) {
                    throw new IllegalArgumentException(
                            "series: expected each to have %d rows like the first, got %d".formatted(rows, one.length));
                }
            }
        }
        return rows;
    }

    /// Writes rows of series side by side, told to what they are at the row before `at`.
    private void cut(double[][] series, int at, int begin, int rows, float[] to, int offset) {
        for (int f = 0; f < series.length; f++) {
            double level = level(series[f], at);
            for (int t = 0; t < rows; t++) {
                to[offset + t * series.length + f] = (float) (series[f][begin + t] - level);
            }
        }
    }

    private double level(double[] series, int at) {
        return switch (relation) {
            case ABSOLUTE -> 0;
            case TO_LAST -> series[at - 1];
        };
    }
}
