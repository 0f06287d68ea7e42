package dev.rondo.layers;

import java.util.Set;

/// Checks of settings that several layers have.
final class Settings {
    private Settings() {}

    /// What every virtual machine has room for in an array.
    private static final int LARGEST_ARRAY = Integer.MAX_VALUE - 8;

    /// Names that the graph of a model has for what is no layer's.
    private static final Set<String> TAKEN = Set.of("lengths", "loss", "step", "y");

    /// Names are parts of parameter paths, so they hold no slash.
    static void name(String layer, String name) {
        if (!name.isEmpty() && !isName(name)) {
            throw new IllegalArgumentException(
                    "%s: name: expected letters, digits, _, . and -, got \"%s\"".formatted(layer, name));
        }
        if (TAKEN.contains(name)) {
            throw new IllegalArgumentException(
                    "%s: name: expected another one than lengths, loss, step and y, got %s".formatted(layer, name));
        }
    }

    /// Whether it is a letter or _, and then letters, digits, _, . and -, all of ASCII.
    private static boolean isName(String name) {
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            boolean letter = c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '_';
            boolean other = c >= '0' && c <= '9' || c == '.' || c == '-';
            if (!letter && !(other && i > 0)) {
                return false;
            }
        }
        return !name.isEmpty();
    }

    /// Names of outputs stand beside those of layers, so `y` and others that these cannot have are theirs.
    static void outputName(String name) {
        if (!isName(name)) {
            throw new IllegalArgumentException(
                    "outputs: expected a name of letters, digits, _, . and -, got \"%s\"".formatted(name));
        }
    }

    static void atMost(String setting, int most, int value) {
        if (value > most) {
            throw new IllegalArgumentException("%s: expected at most %d, got %d".formatted(setting, most, value));
        }
    }

    /// A clip is above zero; infinity bounds nothing.
    static void clip(String setting, double max) {
        if (!((float) max > 0)) {
            throw new IllegalArgumentException(
                    "%s: expected a number above 0 in float32, got %s".formatted(setting, max));
        }
    }

    /// Whether a clip bounds anything in float32.
    static boolean isBound(double max) {
        return (float) max < Float.POSITIVE_INFINITY;
    }

    static void atLeastOne(String setting, int value) {
        if (value < 1) {
            throw new IllegalArgumentException("%s: expected at least 1, got %d".formatted(setting, value));
        }
    }

    /// Of what kernels take in float32, where it may not vanish.
    static void positive(String setting, double value) {
        if (!((float) value > 0 && Float.isFinite((float) value))) {
            throw new IllegalArgumentException("%s: expected a number above 0 in float32, got %s".formatted(setting, value));
        }
    }

    static void windows(String layer, int size, int stride, int dilation) {
        atLeastOne(layer + ": size", size);
        atLeastOne(layer + ": stride", stride);
        atLeastOne(layer + ": dilation", dilation);
        if ((size - 1L) * dilation >= Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "%s: size, dilation: expected windows of fewer steps than 2^31, got %d with %d between two"
                            .formatted(layer, size, dilation));
        }
    }

    static void deviation(String setting, double value) {
        if (!(value >= 0 && Float.isFinite((float) value))) {
            throw new IllegalArgumentException("%s: expected a number of at least 0, got %s".formatted(setting, value));
        }
    }

    /// Room for a parameter's first values.
    static float[] matrix(int rows, int columns) {
        if (rows < 0 || columns < 0 || (long) rows * columns > LARGEST_ARRAY) {
            throw new IllegalArgumentException("rows, columns: expected numbers of at least 0 and at most %d elements, got %d and %d"
                    .formatted(LARGEST_ARRAY, rows, columns));
        }
        return new float[rows * columns];
    }
}
