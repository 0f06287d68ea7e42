package dev.rondo.parity;

import dev.rondo.kernels.Closeness;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Supplier;

/// Holds what Rondo computed against what another did, and keeps account: how many cases, how close, which are not. A
/// number that is not finite is a failure on either side, since no case has a reason for one.
final class Tally {
    /// Failures told in full.
    private static final int TOLD = 5;

    private final String title;
    private final List<String> failures = new ArrayList<>();
    private final List<RuntimeException> exceptions = new ArrayList<>();
    private int cases;
    private int failed;
    private double largest;
    private String closest = "";
    private String firstFailed = "";

    /// @param title what is compared with what
    Tally(String title) {
        this.title = title;
    }

    /// Compares the results of one case on one instruction set. A difference, or an exception of the run, is kept until
    /// [#verify].
    ///
    /// @param what the case, its seed included, and what Rondo ran on
    /// @param run gives the results
    /// @param closeness by a result's name and what is expected
    void compare(
            String what,
            Map<String, double[]> expected,
            Supplier<Map<String, double[]>> run,
            BiFunction<String, double[], Closeness> closeness) {
        cases++;
        Map<String, double[]> actual;
        try {
            actual = run.get();
        } catch (RuntimeException e) {
            fail(what, e.toString());
            exceptions.add(e);
            return;
        }
        if (!expected.keySet().equals(actual.keySet())) {
            fail(what, "expected results %s, got %s".formatted(expected.keySet(), actual.keySet()));
            return;
        }
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
            fail(what, "%s%n      differ: %s".formatted(first, String.join(", ", different)));
        }
    }

    private void fail(String what, String how) {
        failed++;
        firstFailed = failed == 1 ? what : firstFailed;
        failures.add("%s%n      %s".formatted(what, how));
    }

    private static void requireFinite(String name, double[] numbers) {
        for (int i = 0; i < numbers.length; i++) {
            if (!Double.isFinite(numbers[i])) {
                throw new AssertionError("%s[%d] of %d: expected a finite number, got %s"
                        .formatted(name, i, numbers.length, numbers[i]));
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
        AssertionError error = new AssertionError(message);
        exceptions.forEach(error::addSuppressed);
        failures.clear();
        exceptions.clear();
        throw error;
    }

    /// A line for the closing lines of the launcher.
    String summary() {
        String agreement = failed == 0
                ? "all agree, the largest difference is"
                : "%d DIFFER, first %s; of the rest the largest difference is".formatted(failed, firstFailed);
        return String.format(
                Locale.ROOT, "Parity: %s: %d comparisons, %s %.2g of a tolerance%s", title, cases, agreement, largest,
                closest.isEmpty() ? "" : ", " + closest);
    }

    /// What to type to run one case again.
    static String replay(long seed) {
        return "./rondo test --parity --seed " + seed;
    }
}
