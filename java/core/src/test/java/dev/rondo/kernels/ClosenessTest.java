package dev.rondo.kernels;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ClosenessTest {
    private static final double INFINITY = Double.POSITIVE_INFINITY;

    private static void close(Closeness closeness, double expected, double actual) {
        assertDoesNotThrow(() -> closeness.check("x", new double[] {expected}, new double[] {actual}));
    }

    private static void apart(Closeness closeness, double expected, double actual) {
        assertThrows(
                AssertionError.class, () -> closeness.check("x", new double[] {expected}, new double[] {actual}));
    }

    @Test
    void toleranceIsAbsolutePlusRelative() {
        Closeness closeness = new Closeness(0.25, 0.5);
        close(closeness, 2, 3.25);
        close(closeness, -2, -0.75);
        apart(closeness, 2, 3.3);
        apart(closeness, 2, 0.7);
        close(closeness, 0, 0.25);
        apart(closeness, 0, 0.26);
    }

    @Test
    void exactMeansEqual() {
        close(Closeness.EXACT, 1, 1);
        close(Closeness.EXACT, 0.0, -0.0);
        apart(Closeness.EXACT, 1, Math.nextUp(1.0));
    }

    @Test
    void nanMustMatch() {
        Closeness closeness = new Closeness(1e9, 1e9);
        close(closeness, Double.NaN, Double.NaN);
        apart(closeness, Double.NaN, 0);
        apart(closeness, 0, Double.NaN);
        apart(closeness, INFINITY, Double.NaN);
    }

    @Test
    void infinityMustMatch() {
        Closeness closeness = new Closeness(1e9, 1e9);
        close(closeness, INFINITY, INFINITY);
        apart(closeness, INFINITY, -INFINITY);
        apart(closeness, INFINITY, 1);
        apart(closeness, 1, INFINITY);
    }

    @Test
    void lengthsMustMatch() {
        assertThrows(AssertionError.class, () -> Closeness.EXACT.check("x", new double[2], new double[3]));
    }

    @Test
    void theLargestDifferenceIsToldInTolerances() {
        assertEquals(
                0.5, new Closeness(2, 0).check("x", new double[] {1, 1, 1}, new double[] {1.5, 0, 1}), 0);
        assertEquals(0, Closeness.EXACT.check("x", new double[] {Double.NaN, 1}, new double[] {Double.NaN, 1}), 0);
    }

    @Test
    void theWorstElementIsNamed() {
        double[] expected = {0, 0, 0, 0};
        double[] actual = {0.2, 0.5, -3, 1};
        AssertionError error =
                assertThrows(AssertionError.class, () -> new Closeness(0.1, 0).check("dx", expected, actual));
        assertTrue(error.getMessage().startsWith("dx[2] of 4: expected 0.00000000, got -3.00000000, 30.0 times"), error.getMessage());
    }
}
