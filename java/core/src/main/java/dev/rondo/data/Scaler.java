package dev.rondo.data;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/// Brings a series to the size that networks learn best with, and forecasts back to the series' own unit:
/// `scaled = (v - offset) / scale`, where v is the value or its logarithm.
///
/// It is fitted on the values that a model learns from and on no others, else it would tell of what comes later.
/// [#text()] is what a model file keeps, and [#ofText] reads it back without loss.
///
/// @param kind what it was fitted to
/// @param offset that becomes 0; in the unit of v
/// @param scale that becomes 1; in the unit of v, above 0
public record Scaler(Kind kind, double offset, double scale) {

    /// What a scaler is fitted to.
    public enum Kind {
        /// Mean 0 and standard deviation 1.
        STANDARD,
        /// Least value 0 and largest 1.
        MIN_MAX,
        /// Logarithms of mean 0 and standard deviation 1, for values above 0 that grow by factors.
        LOG;

        private double forward(double value) {
            return this == LOG ? Math.log(value) : value;
        }

        private double back(double v) {
            return this == LOG ? Math.exp(v) : v;
        }
    }

    public Scaler {
        if (!Double.isFinite(offset)) {
            throw new IllegalArgumentException("offset: expected a finite number, got " + offset);
        }
        if (!(scale > 0 && scale < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("scale: expected a finite number above 0, got " + scale);
        }
    }

    /// Fits a scaler.
    ///
    /// @param values those that the model learns from, and no others
    /// @throws IllegalArgumentException if there are none, one is not finite (with LOG: or not above 0), or all are the
    ///     same
    public static Scaler fit(Kind kind, double... values) {
        for (int i = 0; i < values.length; i++) {
            check(kind, values[i], "values[%d]".formatted(i));
        }
        double[] v = Arrays.stream(values).map(kind::forward).toArray();
        double least = Arrays.stream(v).min().orElseThrow(
                () -> new IllegalArgumentException("values: expected at least one, got none"));
        double span = Arrays.stream(v).max().orElse(least) - least;
        if (!(span > 0)) {
            throw new IllegalArgumentException(
                    "values: expected different ones, got %d times %s".formatted(values.length, values[0]));
        }
        return switch (kind) {
            case MIN_MAX -> new Scaler(kind, least, span);
            case STANDARD, LOG -> {
                double mean = Arrays.stream(v).average().orElseThrow();
                double squares = Arrays.stream(v).map(x -> (x - mean) * (x - mean)).sum();
                yield new Scaler(kind, mean, Math.sqrt(squares / v.length));
            }
        };
    }

    /// A value as the model sees it.
    ///
    /// @throws IllegalArgumentException if it is not finite or, with LOG, not above 0
    public double apply(double value) {
        check(kind, value, "value");
        return (kind.forward(value) - offset) / scale;
    }

    /// Values as the model sees them, in a new array.
    ///
    /// @throws IllegalArgumentException as [#apply(double)]
    public double[] apply(double... values) {
        return Arrays.stream(values).map(this::apply).toArray();
    }

    /// The value of what a model gave.
    public double invert(double scaled) {
        return kind.back(scaled * scale + offset);
    }

    private static void check(Kind kind, double value, String name) {
        boolean positive = kind == Kind.LOG;
        if (!Double.isFinite(value) || (positive && !(value > 0))) {
            throw new IllegalArgumentException(
                    "%s: expected a finite number%s, got %s".formatted(name, positive ? " above 0" : "", value));
        }
    }

    /// All of it in one line: `standard 280.3 119.2`.
    public String text() {
        return "%s %s %s".formatted(kind.name().toLowerCase(Locale.ROOT), offset, scale);
    }

    /// The scaler of a [#text()].
    ///
    /// @throws IllegalArgumentException if it is none
    public static Scaler ofText(String text) {
        String[] parts = text.split(" ", -1);
        if (parts.length == 3) {
            for (Kind kind : Kind.values()) {
                if (kind.name().toLowerCase(Locale.ROOT).equals(parts[0])) {
                    return new Scaler(kind, number(parts[1]), number(parts[2]));
                }
            }
        }
        String kinds = Arrays.stream(Kind.values())
                .map(kind -> kind.name().toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(", "));
        throw new IllegalArgumentException(
                "scaler: expected one of %s, offset and scale, got '%s'".formatted(kinds, text));
    }

    private static double number(String text) {
        try {
            return Double.parseDouble(text);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("scaler: expected a number, got '" + text + "'", e);
        }
    }
}
