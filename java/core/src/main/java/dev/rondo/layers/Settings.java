package dev.rondo.layers;

/// Checks of settings that several layers have.
final class Settings {
    private Settings() {}

    /// Names are parts of parameter paths, so they hold no slash.
    static void name(String layer, String name) {
        if (!name.isEmpty() && !name.matches("[A-Za-z_][A-Za-z0-9_.-]*")) {
            throw new IllegalArgumentException(
                    "%s: name: expected letters, digits, _, . and -, got \"%s\"".formatted(layer, name));
        }
    }

    static void atLeastOne(String setting, int value) {
        if (value < 1) {
            throw new IllegalArgumentException("%s: expected at least 1, got %d".formatted(setting, value));
        }
    }
}
