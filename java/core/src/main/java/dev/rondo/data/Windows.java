package dev.rondo.data;

import dev.rondo.tensor.Tensor;
import java.util.Arrays;

/// Cuts a series into examples: some values in a row, and those that follow them.
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
/// @param window number of values that a forecast is made from, T
/// @param horizon number of values that are forecast at once, K
/// @param relation what inputs and targets are told in
public record Windows(int window, int horizon, Relation relation) {

    /// What inputs and targets are told in.
    public enum Relation {
        /// The values themselves.
        ABSOLUTE,
        /// Their differences to the last value of the window, which suits a series without a fixed level (Zeng et al.
        /// 2023, NLinear). A forecast of zeros is then the last value.
        TO_LAST
    }

    public Windows {
        atLeastOne("window", window);
        atLeastOne("horizon", horizon);
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

    /// Of the values themselves.
    public static Windows of(int window, int horizon) {
        return new Windows(window, horizon, Relation.ABSOLUTE);
    }

    /// Told in another way.
    public Windows relation(Relation relation) {
        return new Windows(window, horizon, relation);
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
        return (int) Math.max(0, (long) to - horizon - first(from) + 1);
    }

    /// The examples whose targets all lie in `from..to`, in their order: the targets of example n begin at row
    /// `first(from) + n`.
    ///
    /// @param series all values; rows from `to` on are not read
    /// @param from first row of the targets
    /// @param to row behind the last of them
    /// @return x float32 `[N,window,1]` and y float32 `[N,horizon]`, in memory of their own
    /// @throws IllegalArgumentException if the rows are not in the series, or there is no such example
    public Examples examples(double[] series, int from, int to) {
        if (from < 0 || to > series.length || from > to) {
            throw new IllegalArgumentException(
                    "from, to: expected rows within 0..%d, got %d and %d".formatted(series.length, from, to));
        }
        int count = count(from, to);
        if (count == 0) {
            throw new IllegalArgumentException(
                    "series: expected at least %d rows up to row %d for a window of %d and a horizon of %d, got %d"
                            .formatted((long) first(from) - from + horizon, to, window, horizon, to - from));
        }
        float[] x = new float[Math.multiplyExact(count, window)];
        float[] y = new float[Math.multiplyExact(count, horizon)];
        for (int n = 0; n < count; n++) {
            int at = first(from) + n;
            double level = level(series, at);
            for (int t = 0; t < window; t++) {
                x[n * window + t] = (float) (series[at - window + t] - level);
            }
            for (int k = 0; k < horizon; k++) {
                y[n * horizon + k] = (float) (series[at + k] - level);
            }
        }
        return Dataset.of(Tensor.of(x, count, window, 1), Tensor.of(y, count, horizon));
    }

    /// The input for a forecast of what follows a series.
    ///
    /// @return x float32 `[1,window,1]`
    /// @throws IllegalArgumentException if the series is shorter than the window
    public Tensor input(double... series) {
        int end = series.length;
        if (end < window) {
            throw new IllegalArgumentException(
                    "series: expected at least %d rows for the window, got %d".formatted(window, end));
        }
        double level = level(series, end);
        float[] x = new float[window];
        for (int t = 0; t < window; t++) {
            x[t] = (float) (series[end - window + t] - level);
        }
        return Tensor.of(x, 1, window, 1);
    }

    /// The values that a model's outputs mean.
    ///
    /// @param series what the forecast was made from, at least up to the row before `at`
    /// @param at row of the first forecast value
    /// @param outputs the model's, `[horizon]`
    /// @throws IllegalArgumentException if there is no row before `at`, or another number of outputs
    public double[] values(double[] series, int at, double... outputs) {
        if (at < 1 || at > series.length) {
            throw new IllegalArgumentException("at: expected 1..%d, got %d".formatted(series.length, at));
        }
        if (outputs.length != horizon) {
            throw new IllegalArgumentException("outputs: expected %d, got %d".formatted(horizon, outputs.length));
        }
        double level = level(series, at);
        return Arrays.stream(outputs).map(output -> output + level).toArray();
    }

    private double level(double[] series, int at) {
        return switch (relation) {
            case ABSOLUTE -> 0;
            case TO_LAST -> series[at - 1];
        };
    }
}
