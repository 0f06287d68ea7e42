package dev.rondo.training;

/// Checks of settings. Kernels take them as float32, so it is float32 that they are looked at in: a rate that is not 0
/// but becomes 0 there would train nothing without a word. Kernels take denormals for zeros.
final class Check {
    private Check() {}

    static void positive(String name, double value) {
        if (!((float) value >= Float.MIN_NORMAL) || !Float.isFinite((float) value)) {
            throw new IllegalArgumentException(
                    "%s: expected a number above 0 and finite in float32, no denormal, got %s".formatted(name, value));
        }
    }

    static void notNegative(String name, double value) {
        if (!(value >= 0) || !Float.isFinite((float) value)) {
            throw new IllegalArgumentException(
                    "%s: expected a number of at least 0 and finite in float32, got %s".formatted(name, value));
        }
    }

    static void fraction(String name, double value) {
        if (!(value >= 0 && (float) value < 1)) {
            throw new IllegalArgumentException(
                    "%s: expected a number in [0, 1) in float32, got %s".formatted(name, value));
        }
    }

    static void atLeastOne(String name, long value) {
        if (value < 1) {
            throw new IllegalArgumentException("%s: expected at least 1, got %s".formatted(name, value));
        }
    }
}
