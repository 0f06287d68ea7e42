package dev.rondo.examples;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.Optional;

/// What an example came to, beside what it is to be held against.
///
/// @param measure what is measured, on what
/// @param better which of two numbers is the better one
/// @param value the model's
/// @param baseline what does without a network
/// @param baselineValue what that comes to
/// @param published a number from elsewhere, with its source
record Score(
        String measure,
        Better better,
        double value,
        String baseline,
        double baselineValue,
        Optional<String> published) {

    /// Which of two numbers is the better one.
    enum Better {
        /// The higher.
        HIGHER,
        /// The lower.
        LOWER
    }

    /// A measure that is to be high, such as an accuracy.
    static Score higher(String measure, double value, String baseline, double baselineValue) {
        return new Score(measure, Better.HIGHER, value, baseline, baselineValue, Optional.empty());
    }

    /// A measure that is to be low, such as an error.
    static Score lower(String measure, double value, String baseline, double baselineValue) {
        return new Score(measure, Better.LOWER, value, baseline, baselineValue, Optional.empty());
    }

    /// With a number from elsewhere.
    ///
    /// @param published the number and its source
    Score published(String published) {
        return new Score(measure, better, value, baseline, baselineValue, Optional.of(published));
    }

    /// Whether the model is better than what does without a network.
    boolean beatsBaseline() {
        return better == Better.HIGHER ? value > baselineValue : value < baselineValue;
    }

    /// Prints it in a few lines.
    void print(PrintWriter out) {
        out.printf(Locale.ROOT, "%s (%s is better)%n", measure, better == Better.HIGHER ? "higher" : "lower");
        out.printf(Locale.ROOT, "  Rondo      %10.4f%n", value);
        out.printf(Locale.ROOT, "  baseline   %10.4f   %s%n", baselineValue, baseline);
        out.printf(Locale.ROOT, "  published  %s%n", published.orElse("none"));
        out.flush();
    }
}
