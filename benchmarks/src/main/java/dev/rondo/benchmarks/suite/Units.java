package dev.rondo.benchmarks.suite;

import java.util.Locale;

/// Numbers as they are printed.
final class Units {
    private Units() {}

    /// `123 us` with three digits at least, in the unit that fits: ns, us, ms or s.
    static String time(double micros) {
        if (Double.isNaN(micros)) {
            return "";
        }
        if (micros < 1) {
            return digits(micros * 1e3) + " ns";
        }
        return micros < 1e3 ? digits(micros) + " us" : micros < 1e6 ? digits(micros * 1e-3) + " ms" : digits(micros * 1e-6) + " s";
    }

    /// Three digits at least: `1.23`, `12.3`, `123`.
    static String digits(double value) {
        return String.format(Locale.ROOT, value < 9.995 ? "%.2f" : value < 99.95 ? "%.1f" : "%.0f", value);
    }

    /// `1.27`
    static String ratio(double ratio) {
        return Double.isNaN(ratio) ? "" : digits(ratio);
    }

    /// `82 %`
    static String percent(double share) {
        return Double.isNaN(share) ? "" : String.format(Locale.ROOT, "%.0f %%", 100 * share);
    }

    /// How far the rounds' medians lie apart, `1.8 %` of the median; nothing of a single round.
    static String spread(Row row) {
        return row.maxMicros() == row.minMicros() ? "" : String.format(Locale.ROOT, "%.1f %%", 100 * row.spread());
    }
}
