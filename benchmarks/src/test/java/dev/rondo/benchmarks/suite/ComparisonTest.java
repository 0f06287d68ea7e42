package dev.rondo.benchmarks.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class ComparisonTest {
    private static Row row(String implementation, String workload, double min, double median, double max, double floor) {
        return new Row("kernels", workload, "LSTM", "inference", 1, "avx2", implementation, "1", median, min, max,
                Double.NaN, 1, floor, Double.NaN, true);
    }

    private static Row rondo(double min, double median, double max) {
        return row("rondo", "M2", min, median, max, Double.NaN);
    }

    private static Comparison compare(Row before, Row after) {
        return Comparison.of(List.of(before), List.of(after));
    }

    @Test
    void aSlowedRowIsFound() {
        Comparison comparison = compare(rondo(98, 100, 102), rondo(109, 110, 112));

        assertTrue(comparison.isWorse());
        assertEquals(1.10, comparison.slower().getFirst().factor(), 1e-9);
        assertTrue(comparison.text(Path.of("a"), Path.of("b")).contains("+10.0 %"));
    }

    @Test
    void aFasterRowIsSaidAndFine() {
        Comparison comparison = compare(rondo(98, 100, 102), rondo(79, 80, 82));

        assertFalse(comparison.isWorse());
        assertEquals(1, comparison.faster().size());
    }

    @Test
    void noiseIsNoChange() {
        // Far apart, but the rounds disagree by as much.
        assertEquals(1, compare(rondo(90, 100, 125), rondo(110, 120, 130)).same().size());
        // Quiet and apart, but by little.
        assertEquals(1, compare(rondo(99, 100, 101), rondo(103, 104, 105)).same().size());
        assertEquals(1, compare(rondo(99, 100, 101), rondo(99, 100, 101)).same().size());
        // The ranges do not touch, but are wider than what lies between them.
        assertEquals(1, compare(rondo(95, 100, 105), rondo(108, 112, 118)).same().size());
    }

    @Test
    void ofQuietRowsItIsSaidWhetherTheyRepeat() {
        Comparison comparison = Comparison.of(
                List.of(row("rondo", "A", 99, 100, 101, 80), row("rondo", "B", 99, 100, 101, 80),
                        row("rondo", "loud", 90, 100, 120, 80)),
                List.of(row("rondo", "A", 103, 104, 105, 80), row("rondo", "B", 107, 108, 109, 80),
                        row("rondo", "loud", 90, 130, 140, 80)));

        String text = comparison.text(Path.of("a"), Path.of("b"));
        assertTrue(text.contains("in both runs in 2 rows; of these, 1 have medians within 5 %, and these have not:\n"
                + "  rondo kernels B LSTM inference, 1 thread: +8.0 %\n"), text);
    }

    @Test
    void aSlowerMachineIsNoSlowerProgram() {
        Row before = row("rondo", "M2", 99, 100, 101, 80);

        assertFalse(compare(before, row("rondo", "M2", 119, 120, 121, 96)).isWorse());
        assertTrue(compare(before, row("rondo", "M2", 119, 120, 121, 80)).isWorse());
    }

    @Test
    void aSlowerPeerIsNoFaultOfOurs() {
        Comparison comparison = compare(
                row("onednn", "M2", 99, 100, 101, Double.NaN), row("onednn", "M2", 199, 200, 201, Double.NaN));

        assertEquals(1, comparison.slower().size());
        assertFalse(comparison.isWorse());
    }

    @Test
    void whatBecameWrongIsWorse() {
        Row right = rondo(99, 100, 101);
        Row wrong = new Row("kernels", "M2", "LSTM", "inference", 1, "avx2", "rondo", "1", Double.NaN, Double.NaN,
                Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN, false);

        assertTrue(compare(right, wrong).isWorse());
        assertFalse(compare(wrong, right).isWorse());
    }

    @Test
    void theLargestChangeComesFirstAndRowsOfOneRunAreCounted() {
        Comparison comparison = Comparison.of(
                List.of(row("rondo", "A", 1, 1, 1, Double.NaN), row("rondo", "B", 1, 1, 1, Double.NaN),
                        row("rondo", "gone", 1, 1, 1, Double.NaN)),
                List.of(row("rondo", "A", 1.2, 1.2, 1.2, Double.NaN), row("rondo", "B", 2, 2, 2, Double.NaN),
                        row("rondo", "new", 1, 1, 1, Double.NaN)));

        assertEquals(List.of("B", "A"),
                comparison.slower().stream().map(change -> change.after().workload()).toList());
        assertEquals(new Comparison.Missing(1, 1), comparison.missing());
    }
}
