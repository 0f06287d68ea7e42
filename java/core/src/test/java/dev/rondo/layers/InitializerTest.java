package dev.rondo.layers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.data.Seeds;
import java.util.Arrays;
import java.util.List;
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
        isNormal(3, 0.5, Initializer.normal(3, 0.5));
        isNormal(0, 0.25, Initializer.normal(0.25));
    }

    /// Fan-in 50, fan-out 200: each formula gives a deviation of its own.
    @Test
    void glorotAndHeHaveTheirDeviations() {
        isNormal(0, Math.sqrt(2.0 / 250), Initializer.glorotNormal());
        isNormal(0, Math.sqrt(2.0 / 50), Initializer.heNormal());
        isUniform(Math.sqrt(6.0 / 250), Initializer.glorotUniform());
        isUniform(Math.sqrt(6.0 / 50), Initializer.heUniform());
        isUniform(0.125, Initializer.uniform(0.125));
    }

    private static void isNormal(double mean, double deviation, Initializer initializer) {
        float[] values = initializer.values(200, 50, random());
        int n = values.length;
        double sum = 0;
        double squares = 0;
        int within = 0;
        for (float value : values) {
            sum += value;
            squares += (value - mean) * (value - mean);
            within += Math.abs(value - mean) < deviation ? 1 : 0;
        }
        // Five standard errors of the mean, of the variance, and of the part within one deviation, 0.6827.
        assertEquals(mean, sum / n, 5 * deviation / Math.sqrt(n), initializer.toString());
        assertEquals(
                deviation * deviation,
                squares / n,
                5 * deviation * deviation * Math.sqrt(2.0 / n),
                initializer.toString());
        assertEquals(0.6827, (double) within / n, 5 * Math.sqrt(0.6827 * 0.3173 / n), initializer.toString());
    }

    private static void isUniform(double limit, Initializer initializer) {
        float[] values = initializer.values(200, 50, random());
        int n = values.length;
        double sum = 0;
        double squares = 0;
        double largest = 0;
        for (float value : values) {
            sum += value;
            squares += value * (double) value;
            largest = Math.max(largest, Math.abs(value));
        }
        // 10,000 numbers miss the last 500th of the range by a chance of exp(-20).
        assertTrue(
                largest <= (float) limit && largest > 0.998 * limit, initializer + ": " + largest + " of " + limit);
        // Five standard errors of the mean and of the mean square, whose own variance is limit^4 (1/5 - 1/9).
        assertEquals(0, sum / n, 5 * limit / Math.sqrt(3.0 * n), initializer.toString());
        assertEquals(
                limit * limit / 3,
                squares / n,
                5 * limit * limit * Math.sqrt((1 / 5.0 - 1 / 9.0) / n),
                initializer.toString());
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
        assertArrayEquals(new float[] {-0.5f, -0.5f}, Initializer.constant(-0.5).values(1, 2, random()));
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
        assertThrows(IllegalArgumentException.class, () -> Initializer.constant(Double.POSITIVE_INFINITY));
        assertThrows(IllegalArgumentException.class, () -> Initializer.uniform(-1));
        assertThrows(IllegalArgumentException.class, () -> Initializer.normal(Double.NaN));
    }

    @Test
    void sizesThatNoArrayHasAreRefused() {
        for (Initializer initializer : List.of(
                Initializer.zeros(), Initializer.uniform(0, 1), Initializer.normal(0, 1), Initializer.orthogonal(),
                Initializer.glorotUniform(), Initializer.heNormal(), Initializer.forgetGateOne())) {
            assertThrows(IllegalArgumentException.class, () -> initializer.values(-1, 4, random()));
            assertThrows(IllegalArgumentException.class, () -> initializer.values(4, -1, random()));
            assertThrows(IllegalArgumentException.class, () -> initializer.values(65536, 65536, random()));
        }
    }
}
