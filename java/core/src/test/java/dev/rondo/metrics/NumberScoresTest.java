package dev.rondo.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// [RegressionErrors] and [Perplexity].
class NumberScoresTest {
    /// Some hundred roundings of sums whose terms are all positive.
    private static final double CLOSE = 1e-12;

    /// The example of scikit-learn's regression metrics.
    @Test
    void errorsWorkedOutByHand() {
        RegressionErrors errors = new RegressionErrors();
        errors.add(new float[] {3, -0.5f}, new float[] {2.5f, 0});
        errors.add(new float[] {2, 7, Float.NaN}, new float[] {2, 8, 1}, new double[] {1, 1, 0});
        assertEquals(0.375, errors.mse());
        assertEquals(Math.sqrt(0.375), errors.rmse());
        assertEquals(0.5, errors.mae());
        assertEquals((0.5 / 3 + 1 + 1.0 / 7) / 4, errors.mape(), CLOSE);
        assertEquals((1 / 5.5 + 2 + 2.0 / 15) / 4, errors.smape(), CLOSE);
        assertEquals(1 - 1.5 / 29.1875, errors.r2(), CLOSE);
    }

    @Test
    void aWeightIsSoManyTimes() {
        SplittableRandom random = new SplittableRandom(3);
        RegressionErrors weighted = new RegressionErrors();
        RegressionErrors repeated = new RegressionErrors();
        for (int i = 0; i < 100; i++) {
            // Far from 0, where the sum of squares less the square of the sum would lose all digits.
            float[] target = {(float) (1000 + random.nextInt(8))};
            float[] prediction = {(float) (1000 + random.nextInt(8))};
            int times = random.nextInt(4);
            RegressionErrors one = new RegressionErrors();
            one.add(target, prediction, new double[] {times});
            weighted.merge(one);
            for (int time = 0; time < times; time++) {
                repeated.add(target, prediction);
            }
        }
        assertEquals(repeated.mse(), weighted.mse(), CLOSE);
        assertEquals(repeated.mape(), weighted.mape(), CLOSE);
        assertEquals(repeated.smape(), weighted.smape(), CLOSE);
        // The deviations are of numbers near 1000, so they keep three digits less than the errors.
        assertEquals(repeated.r2(), weighted.r2(), 1e-9);
    }

    @Test
    void undefinedErrorsAreRefused() {
        RegressionErrors errors = new RegressionErrors();
        assertThrows(IllegalStateException.class, errors::mse);
        assertThrows(IllegalStateException.class, errors::mape);
        assertThrows(IllegalStateException.class, errors::r2);
        assertThrows(IllegalArgumentException.class, () -> errors.add(new float[] {1}, new float[] {Float.NaN}));
        assertThrows(
                IllegalArgumentException.class,
                () -> errors.add(new float[] {1, Float.POSITIVE_INFINITY}, new float[] {1, 1}));
        assertThrows(IllegalArgumentException.class, () -> errors.add(new float[] {1}, new float[] {}));
        assertThrows(IllegalStateException.class, errors::mse, "nothing of a refused batch counts");
        errors.add(new float[] {0}, new float[] {0});
        assertEquals(0, errors.smape());
        assertThrows(IllegalStateException.class, errors::mape);
        assertThrows(IllegalStateException.class, errors::r2);
    }

    @Test
    void perplexityIsTheInverseGeometricMean() {
        Perplexity perplexity = new Perplexity();
        perplexity.add(
                new int[] {0, 1, 9, 1, 9, 9},
                new float[] {0.5f, 0.5f, 0.75f, 0.25f, -1, -1, 0, 1, -1, -1, -1, -1},
                Weights.ofLengths(3, 2, 1));
        assertEquals(Math.pow(0.5 * 0.25 * 1, -1.0 / 3), perplexity.value(), CLOSE);
        assertEquals(1, perplexity.bits(), CLOSE);
        Perplexity uniform = new Perplexity();
        uniform.addLoss(Math.log(50), 7);
        assertEquals(50, uniform.value(), 50 * CLOSE);
        uniform.merge(perplexity);
        assertEquals(Math.pow(Math.pow(50, 7) * 8, 0.1), uniform.value(), 50 * CLOSE);
        perplexity.add(new int[] {0}, new float[] {0, 1});
        assertEquals(Double.POSITIVE_INFINITY, perplexity.value());
    }

    @Test
    void badProbabilitiesAreRefused() {
        Perplexity perplexity = new Perplexity();
        assertThrows(IllegalArgumentException.class, () -> perplexity.add(new int[] {2}, new float[] {0.5f, 0.5f}));
        assertThrows(IllegalArgumentException.class, () -> perplexity.add(new int[] {0}, new float[] {Float.NaN}));
        assertThrows(IllegalArgumentException.class, () -> perplexity.add(new int[] {0, 0}, new float[] {1, 1.5f}));
        assertThrows(IllegalArgumentException.class, () -> perplexity.add(new int[] {0, 0}, new float[] {1, 1, 1}));
        assertThrows(IllegalArgumentException.class, () -> perplexity.add(new int[0], new float[] {1}));
        assertThrows(IllegalArgumentException.class, () -> perplexity.addLoss(Double.NaN, 1));
        assertThrows(IllegalArgumentException.class, () -> perplexity.addLoss(1, -1));
        assertThrows(IllegalStateException.class, perplexity::value);
        assertThrows(IllegalStateException.class, perplexity::bits);
    }
}
