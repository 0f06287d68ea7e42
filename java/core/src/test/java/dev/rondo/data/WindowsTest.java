package dev.rondo.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.data.Windows.Relation;
import dev.rondo.tensor.Shape;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class WindowsTest {
    /// 100, 101, 102 ...
    private static double[] counting(int rows) {
        double[] series = new double[rows];
        Arrays.setAll(series, row -> 100 + row);
        return series;
    }

    @Test
    void windowsFollowOneAnother() {
        Examples examples = Windows.of(3, 2).examples(counting(7), 0, 7);
        assertEquals(Shape.of(3, 3, 1), examples.x().shape());
        assertArrayEquals(new float[] {100, 101, 102, 101, 102, 103, 102, 103, 104}, examples.x().toFloats());
        assertEquals(Shape.of(3, 2), examples.y().shape());
        assertArrayEquals(new float[] {103, 104, 104, 105, 105, 106}, examples.y().toFloats());
    }

    @Test
    void valuesMayBeToldToTheLast() {
        double[] series = {5, 7, 4, 9, 1};
        Windows windows = Windows.of(3, 1).relation(Relation.TO_LAST);
        Examples examples = windows.examples(series, 0, 5);
        assertArrayEquals(new float[] {1, 3, 0, -2, -5, 0}, examples.x().toFloats());
        assertArrayEquals(new float[] {5, -8}, examples.y().toFloats());
        assertArrayEquals(new double[] {9}, windows.values(series, 3, 5));
        assertArrayEquals(new double[] {1}, windows.values(series, 4, -8));
        assertArrayEquals(new float[] {3, 8, 0}, windows.input(series).toFloats());
        assertArrayEquals(new double[] {5}, Windows.of(3, 1).values(series, 3, 5));
    }

    /// Features side by side, targets step by step, each to its own last value.
    @Test
    void severalSeriesGoSideBySide() {
        double[][] inputs = {{1, 2, 4, 8, 16}, {10, 20, 30, 40, 50}};
        double[][] targets = {inputs[1], {5, 4, 3, 2, 1}};
        Examples examples = Windows.of(2, 2).examples(inputs, targets, 0, 5);
        assertEquals(Shape.of(2, 2, 2), examples.x().shape());
        assertArrayEquals(new float[] {1, 10, 2, 20, 2, 20, 4, 30}, examples.x().toFloats());
        assertEquals(Shape.of(2, 4), examples.y().shape());
        assertArrayEquals(new float[] {30, 3, 40, 2, 40, 2, 50, 1}, examples.y().toFloats());

        Windows told = Windows.of(2, 2).relation(Relation.TO_LAST);
        assertArrayEquals(new float[] {10, -1, 20, -2, 10, -1, 20, -2}, told.examples(inputs, targets, 0, 5).y().toFloats());
        assertArrayEquals(new float[] {-8, -10, 0, 0}, told.input(inputs).toFloats());
        assertArrayEquals(new double[][] {{30, 40}, {3, 2}}, told.values(targets, 2, 10, -1, 20, -2));
    }

    /// The same as every third of all.
    @Test
    void aStrideLeavesExamplesOut() {
        for (int rows = 0; rows < 20; rows++) {
            Windows all = Windows.of(4, 2);
            Windows some = all.stride(3);
            assertEquals((all.count(5, rows) + 2) / 3, some.count(5, rows));
            if (all.count(5, rows) > 0) {
                Examples examples = all.examples(counting(20), 5, rows);
                int[] every = IntStream.range(0, examples.size()).filter(n -> n % 3 == 0).toArray();
                Examples strided = some.examples(counting(20), 5, rows);
                assertArrayEquals(examples.select(every).x().toFloats(), strided.x().toFloats());
                assertArrayEquals(examples.select(every).y().toFloats(), strided.y().toFloats());
            }
        }
    }

    /// The part that is held out is told apart by its targets: what is learned from holds none of its rows, and each of
    /// its own forecasts is made from rows before the target.
    @Test
    void noPartReadsWhatComesAfterIt() {
        int rows = 40;
        int split = 25;
        for (Relation relation : Relation.values()) {
            Windows windows = Windows.of(6, 3).relation(relation);
            double[] series = counting(rows);
            double[] poisoned = series.clone();
            Arrays.fill(poisoned, split, rows, Double.NaN);
            Examples training = windows.examples(poisoned, 0, split);
            assertEquals(split - 6 - 3 + 1, training.size());
            assertArrayEquals(windows.examples(series, 0, split).x().toFloats(), training.x().toFloats());
            assertArrayEquals(windows.examples(series, 0, split).y().toFloats(), training.y().toFloats());

            Examples heldOut = windows.examples(series, split, rows);
            assertEquals(rows - split - 3 + 1, heldOut.size());
            for (int n = 0; n < heldOut.size(); n++) {
                int at = windows.first(split) + n;
                double level = relation == Relation.ABSOLUTE ? 0 : series[at - 1];
                assertEquals(series[at - 1] - level, heldOut.x().get(n * 6L + 5), 0);
                assertEquals(series[at] - level, heldOut.y().get(n * 3L), 0);
                assertEquals(series[at + 2] - level, heldOut.y().get(n * 3L + 2), 0);
            }
        }
    }

    @Test
    void countsAreThoseOfTheExamples() {
        for (int window : new int[] {1, 2, 5}) {
            for (int horizon : new int[] {1, 3}) {
                Windows windows = Windows.of(window, horizon);
                for (int from = 0; from < 12; from++) {
                    int fits = 0;
                    for (int at = 0; at < 12; at++) {
                        fits += at >= from && at - window >= 0 && at + horizon <= 12 ? 1 : 0;
                    }
                    assertEquals(fits, windows.count(from, 12));
                    if (fits > 0) {
                        assertEquals(fits, windows.examples(counting(12), from, 12).size());
                    }
                }
            }
        }
        assertEquals(0, Windows.of(Integer.MAX_VALUE, Integer.MAX_VALUE).count(0, 12));
    }

    @Test
    void theInputOfAForecastIsTheEnd() {
        assertArrayEquals(new float[] {102, 103, 104}, Windows.of(3, 2).input(counting(5)).toFloats());
        assertEquals(Shape.of(1, 3, 1), Windows.of(3, 2).input(counting(5)).shape());
    }

    @Test
    void whatDoesNotFitIsRefused() {
        refused("window: expected at least 1, got 0", () -> Windows.of(0, 1));
        refused("horizon: expected at least 1, got -1", () -> Windows.of(1, -1));
        refused("stride: expected at least 1, got 0", () -> Windows.of(1, 1).stride(0));
        refused("expected each to have 9 rows like the first, got 8",
                () -> Windows.of(3, 2).examples(new double[][] {counting(9)}, new double[][] {counting(8)}, 0, 8));
        refused("expected at least one to forecast from and one to forecast, got 1 and 0",
                () -> Windows.of(3, 2).examples(new double[][] {counting(9)}, new double[0][], 0, 9));
        refused("window: expected at least 2", () -> Windows.of(1, 1).relation(Relation.TO_LAST));
        refused("expected at least 5 rows up to row 4 for a window of 3 and a horizon of 2, got 4",
                () -> Windows.of(3, 2).examples(counting(9), 0, 4));
        refused("expected at least 2 rows up to row 9 for a window of 3 and a horizon of 2, got 1",
                () -> Windows.of(3, 2).examples(counting(9), 8, 9));
        refused("expected rows within 0..9, got 0 and 10", () -> Windows.of(3, 2).examples(counting(9), 0, 10));
        refused("expected rows within 0..9, got -1 and 9", () -> Windows.of(3, 2).examples(counting(9), -1, 9));
        refused("expected rows within 0..9, got 5 and 4", () -> Windows.of(3, 2).examples(counting(9), 5, 4));
        refused("at: expected 1..9, got 0", () -> Windows.of(3, 1).values(counting(9), 0, 5));
        refused("at: expected 1..9, got 10", () -> Windows.of(3, 1).values(counting(9), 10, 5));
        refused("outputs: expected 2, got 1", () -> Windows.of(3, 2).values(counting(9), 4, 5));
        refused("series: expected at least 3 rows for the window, got 2", () -> Windows.of(3, 2).input(1, 2));
    }

    private static void refused(String message, org.junit.jupiter.api.function.Executable executable) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, executable);
        assertTrue(String.valueOf(e.getMessage()).contains(message), e.getMessage());
    }
}
