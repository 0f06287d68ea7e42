package dev.rondo.training;

import java.util.Map;
import java.util.OptionalDouble;

/// The best value of a run so far, and how many epochs in a row were not better.
final class Best {
    private final Monitor monitor;
    private final double minDelta;
    private double value = Double.NaN;
    private int waited;

    Best(Monitor monitor, double minDelta) {
        this.monitor = monitor;
        this.minDelta = minDelta;
    }

    /// Whether an epoch is the best so far, which it is then. One without a value is none at all.
    boolean isNew(EpochReport report) {
        OptionalDouble next = monitor.of(report);
        boolean better = next.isPresent() && monitor.isBetter(next.getAsDouble(), value, minDelta);
        if (better) {
            value = next.getAsDouble();
            waited = 0;
        } else if (next.isPresent()) {
            waited++;
        }
        return better;
    }

    /// Whether there is a best.
    boolean isKnown() {
        return !Double.isNaN(value);
    }

    int waited() {
        return waited;
    }

    void waitAnew() {
        waited = 0;
    }

    Map<String, String> memory() {
        return Map.of("best", String.valueOf(value), "waited", String.valueOf(waited));
    }

    void recall(Map<String, String> memory) {
        String best = memory.getOrDefault("best", "none");
        try {
            value = Double.parseDouble(best);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("best: expected a number, got " + best, e);
        }
        waited = count(memory, "waited");
    }

    /// @throws IllegalArgumentException if it is no whole number of at least 0
    static int count(Map<String, String> memory, String name) {
        String text = memory.getOrDefault(name, "none");
        try {
            int count = Integer.parseInt(text);
            if (count >= 0) {
                return count;
            }
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("%s: expected a whole number, got %s".formatted(name, text), e);
        }
        throw new IllegalArgumentException("%s: expected at least 0, got %s".formatted(name, text));
    }
}
