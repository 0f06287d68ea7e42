package dev.rondo.training;

/// Checks of settings.
final class Check {
    private Check() {}

    static void positive(String name, double value) {
        if (!(value > 0) || !Double.isFinite(value)) {
            throw new IllegalArgumentException("%s: expected a finite number above 0, got %s".formatted(name, value));
        }
    }

    static void fraction(String name, double value) {
        if (!(value >= 0 && value < 1)) {
            throw new IllegalArgumentException("%s: expected a number in [0, 1), got %s".formatted(name, value));
        }
    }

    static void atLeastOne(String name, long value) {
        if (value < 1) {
            throw new IllegalArgumentException("%s: expected at least 1, got %s".formatted(name, value));
        }
    }
}
