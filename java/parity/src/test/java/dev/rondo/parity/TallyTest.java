package dev.rondo.parity;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.kernels.Closeness;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TallyTest {
    private static final Closeness HALF = new Closeness(0.5, 0);

    private final Tally tally = new Tally("a title");

    private void compare(String what, double expected, double actual) {
        tally.compare(
                what,
                Map.of("y", new double[] {0, expected}),
                () -> Map.of("y", new double[] {0, actual}),
                (_, _) -> HALF);
    }

    @Test
    void whatIsCloseAgrees() {
        compare("one", 1, 1.25);
        compare("two", -1, -1);
        assertDoesNotThrow(tally::verify);
        assertEquals("Parity: a title: 2 comparisons, all agree, the largest difference is 0.50 of a tolerance, one: y",
                tally.summary());
    }

    @Test
    void whatIsNotIsToldWithItsCaseOnce() {
        compare("a case (%s)".formatted(Tally.replay(17)), 1, 1.75);
        compare("another", 1, 1);
        AssertionError error = assertThrows(AssertionError.class, tally::verify);
        assertTrue(
                error.getMessage()
                        .matches("(?s)a title: 1 comparisons differ; .*a case \\(./rondo test --parity --seed 17\\)"
                                + ".*y\\[1\\] of 2: expected 1.0*, got 1.750*, .*differ: y"),
                error.getMessage());
        assertDoesNotThrow(tally::verify);
        assertEquals(
                "Parity: a title: 2 comparisons, 1 DIFFER, first a case (./rondo test --parity --seed 17); of the rest"
                        + " the largest difference is 0.0 of a tolerance",
                tally.summary());
    }

    /// Also where both sides have it.
    @ParameterizedTest
    @CsvSource({"NaN,1", "1,NaN", "NaN,NaN", "Infinity,Infinity", "1,-Infinity"})
    void whatIsNotFiniteFails(double expected, double actual) {
        compare("a case", expected, actual);
        assertThrows(AssertionError.class, tally::verify);
    }

    @Test
    void everyResultIsAskedFor() {
        double[] y = {1};
        Map<String, double[]> one = Map.of("y", y);
        Map<String, double[]> two = Map.of("y", y, "dx", y);
        tally.compare("a case", two, () -> one, (_, _) -> HALF);
        assertThrows(AssertionError.class, tally::verify);
        tally.compare("a case", one, () -> two, (_, _) -> HALF);
        assertThrows(AssertionError.class, tally::verify);
        tally.compare("a case", one, () -> Map.of("y", new double[2]), (_, _) -> HALF);
        assertThrows(AssertionError.class, tally::verify);
    }

    @Test
    void anExceptionIsToldWithItsCase() {
        Map<String, double[]> y = Map.of("y", new double[1]);
        RuntimeException broken = new IllegalStateException("broken");
        tally.compare("a case", y, () -> { throw broken; }, (_, _) -> HALF);
        tally.compare("another", y, () -> y, (_, _) -> HALF);
        AssertionError error = assertThrows(AssertionError.class, tally::verify);
        assertTrue(error.getMessage().matches("(?s).*a case.*IllegalStateException: broken"), error.getMessage());
        assertEquals(broken, error.getSuppressed()[0]);
    }
}
