package dev.rondo.layers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.data.Seeds;
import java.util.Arrays;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InitializerTest {
    private static final long SEED = 20261120;

    private static RandomGenerator random() {
        return Seeds.generator(SEED, "InitializerTest", 0);
    }

    @ParameterizedTest
    @CsvSource({"1,1", "7,7", "28,7", "5,17", "64,16"})
    void orthogonalVectorsAreOrthonormal(int rows, int columns) {
        float[] q = Initializer.orthogonal().values(rows, columns, random());
        boolean byRow = rows < columns;
        int vectors = Math.min(rows, columns);
        int length = Math.max(rows, columns);
        for (int a = 0; a < vectors; a++) {
            for (int b = 0; b < vectors; b++) {
                double dot = 0;
                for (int i = 0; i < length; i++) {
                    double left = byRow ? q[a * columns + i] : q[i * columns + a];
                    double right = byRow ? q[b * columns + i] : q[i * columns + b];
                    dot += left * right;
                }
                // Each of at most 64 products of numbers below 1 is off by at most 2 float roundings: 64 * 2 * 2^-24.
                assertEquals(a == b ? 1 : 0, dot, 8e-6, "vectors " + a + " and " + b);
            }
        }
    }

    @Test
    void glorotUniformStaysWithinItsLimitAndReachesIt() {
        float[] values = Initializer.glorotUniform().values(40, 20, random());
        double limit = Math.sqrt(6.0 / 60);
        double largest = 0;
        double sum = 0;
        for (float value : values) {
            largest = Math.max(largest, Math.abs(value));
            sum += value;
        }
        assertTrue(largest <= limit && largest > 0.98 * limit, "largest " + largest + ", limit " + limit);
        // The mean of 800 such numbers deviates by limit / sqrt(3 * 800); five deviations.
        assertEquals(0, sum / values.length, 5 * limit / Math.sqrt(3 * 800));
    }

    @Test
    void normalHasItsMeanAndDeviation() {
        int n = 10_000;
        float[] values = Initializer.normal(3, 0.5).values(n, 1, random());
        double sum = 0;
        double squares = 0;
        for (float value : values) {
            sum += value;
            squares += (value - 3.0) * (value - 3.0);
        }
        // Five standard errors of the mean and of the variance.
        assertEquals(3, sum / n, 5 * 0.5 / Math.sqrt(n));
        assertEquals(0.25, squares / n, 5 * 0.25 * Math.sqrt(2.0 / n));
    }

    @Test
    void forgetGateOneIsOneAtTheSecondGateOnly() {
        assertArrayEquals(
                new float[] {0, 0, 1, 1, 0, 0, 0, 0}, Initializer.forgetGateOne().values(8, 1, random()));
        assertThrows(
                IllegalArgumentException.class, () -> Initializer.forgetGateOne().values(7, 1, random()));
    }

    @Test
    void constantsAreConstant() {
        assertArrayEquals(new float[] {0, 0}, Initializer.zeros().values(2, 1, random()));
        assertArrayEquals(new float[] {1, 1}, Initializer.ones().values(1, 2, random()));
    }

    @Test
    void theSameGeneratorGivesTheSameValuesAndAnotherDoesNot() {
        Initializer initializer = Initializer.uniform(-0.05, 0.05);
        float[] first = initializer.values(3, 4, random());
        assertArrayEquals(first, initializer.values(3, 4, random()));
        assertFalse(Arrays.equals(first, initializer.values(3, 4, Seeds.generator(SEED, "InitializerTest", 1))));
        assertFalse(Arrays.equals(first, initializer.values(3, 4, Seeds.generator(SEED + 1, "InitializerTest", 0))));
        assertFalse(Arrays.equals(first, initializer.values(3, 4, Seeds.generator(SEED, "another", 0))));
    }

    @Test
    void badSettingsAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> Initializer.uniform(1, 0));
        assertThrows(IllegalArgumentException.class, () -> Initializer.uniform(Double.NaN, 0));
        assertThrows(IllegalArgumentException.class, () -> Initializer.normal(0, -1));
        assertThrows(IllegalArgumentException.class, () -> new Initializer.Constant(Double.POSITIVE_INFINITY));
    }
}
