package dev.rondo.parity;

import dev.rondo.kernels.Closeness;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;

/// Holds what Rondo computed against what another did, and keeps account: how many cases, how close, which are not. A
/// number that is not finite is a failure on either side, since no case has a reason for one.
final class Tally {
    /// Failures told in full.
    private static final int TOLD = 5;

    private final String title;
    private final List<String> failures = new ArrayList<>();
    private int cases;
    private int failed;
    private double largest;
    private String closest = "";

    /// @param title what is compared with what
    Tally(String title) {
        this.title = title;
    }

    /// Compares the results of one case on one instruction set. A difference is kept until [#verify].
    ///
    /// @param what the case, its seed included, and what Rondo ran on
    /// @param closeness by a result's name and what is expected
    void compare(
            String what,
            Map<String, double[]> expected,
            Map<String, double[]> actual,
            BiFunction<String, double[], Closeness> closeness) {
        if (!expected.keySet().equals(actual.keySet())) {
            throw new AssertionError(
                    "%s: expected results %s, got %s".formatted(what, expected.keySet(), actual.keySet()));
        }
        cases++;
        String first = "";
        List<String> different = new ArrayList<>();
        for (Map.Entry<String, double[]> each : expected.entrySet()) {
            String name = each.getKey();
            double[] numbers = actual.get(name);
            try {
                requireFinite("expected " + name, each.getValue());
                requireFinite(name, numbers);
                double difference = closeness.apply(name, each.getValue()).check(name, each.getValue(), numbers);
                if (difference > largest) {
                    largest = difference;
                    closest = what + ": " + name;
                }
            } catch (AssertionError e) {
                first = different.isEmpty() ? e.getMessage() : first;
                different.add(name);
            }
        }
        if (!different.isEmpty()) {
            failed++;
            failures.add("%s%n      %s%n      differ: %s".formatted(what, first, String.join(", ", different)));
        }
    }

    private static void requireFinite(String name, double[] numbers) {
        for (int i = 0; i < numbers.length; i++) {
            if (!Double.isFinite(numbers[i])) {
                throw new AssertionError(
                        "%s[%d] of %d: expected a finite number, got %s".formatted(name, i, numbers.length, numbers[i]));
            }
        }
    }

    /// Fails if a comparison since the last time did, with the first of those that did.
    void verify() {
        if (failures.isEmpty()) {
            return;
        }
        List<String> told = List.copyOf(failures.subList(0, Math.min(TOLD, failures.size())));
        String message = "%s: %d comparisons differ; the first %d:%n    %s".formatted(
                title, failures.size(), told.size(), String.join("%n    ".formatted(), told));
        failures.clear();
        throw new AssertionError(message);
    }

    /// A line for the closing lines of the launcher.
    String summary() {
        return String.format(
                Locale.ROOT, "%s: %d comparisons, %s; largest difference %.2g of a tolerance%s", title, cases,
                failed == 0 ? "all agree" : failed + " DIFFER", largest, closest.isEmpty() ? "" : " (" + closest + ")");
    }

    /// What to type to run one case again.
    static String replay(long seed) {
        return "./rondo test --parity --seed " + seed;
    }
}
