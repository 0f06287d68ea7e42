package dev.rondo.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ConfusionMatrixTest {
    /// A few roundings of numbers near 1.
    private static final double CLOSE = 1e-12;

    private static ConfusionMatrix of(int classes, int[] targets, int[] predictions) {
        ConfusionMatrix matrix = new ConfusionMatrix(classes);
        matrix.add(targets, predictions);
        return matrix;
    }

    /// The example of scikit-learn's `precision_recall_fscore_support`, with a class that never occurs besides.
    @Test
    void scoresOfClassesAndTheirAverages() {
        ConfusionMatrix matrix = of(4, new int[] {0, 1, 2, 0, 1, 2}, new int[] {0, 2, 1, 0, 0, 1});
        assertEquals(2, matrix.count(0, 0));
        assertEquals(1, matrix.count(1, 0));
        assertEquals(2, matrix.count(2, 1));
        assertEquals(2.0 / 3, matrix.precision(0), CLOSE);
        assertEquals(1, matrix.recall(0));
        assertEquals(0.8, matrix.f1(0), CLOSE);
        assertEquals(5 * 2.0 / 3 / (4 * 2.0 / 3 + 1), matrix.fBeta(0, 2), CLOSE);
        assertEquals(0, matrix.f1(1));
        assertEquals(0, matrix.precision(3));
        assertEquals(2.0 / 9, matrix.precision(Average.MACRO), CLOSE);
        assertEquals(1.0 / 3, matrix.recall(Average.MACRO), CLOSE);
        assertEquals(0.8 / 3, matrix.f1(Average.MACRO), CLOSE);
        assertEquals(1.0 / 3, matrix.f1(Average.MICRO), CLOSE);
        assertEquals(1.0 / 3, matrix.accuracy(), CLOSE);
    }

    @Test
    void weightedAverageGoesByTheTargets() {
        ConfusionMatrix matrix = of(2, new int[] {0, 0, 0, 1}, new int[] {0, 0, 1, 1});
        assertEquals((3 * 1.0 + 0.5) / 4, matrix.precision(Average.WEIGHTED), CLOSE);
        assertEquals((3 * 0.8 + 2.0 / 3) / 4, matrix.f1(Average.WEIGHTED), CLOSE);
    }

    @Test
    void agreementBeyondChance() {
        ConfusionMatrix matrix = new ConfusionMatrix(2);
        matrix.add(new int[] {0, 0, 1, 1}, new int[] {0, 1, 0, 1}, new double[] {20, 5, 10, 15});
        assertEquals(50, matrix.total());
        // Chance: 25/50 * 30/50 + 25/50 * 20/50 = 0.5; observed 0.7.
        assertEquals(0.4, matrix.kappa(), CLOSE);
        assertEquals((20 * 15 - 5 * 10) / Math.sqrt(30.0 * 20 * 25 * 25), matrix.matthews(), CLOSE);
        assertEquals(-1.0 / 3, of(2, new int[] {1, 1, 1, 0}, new int[] {1, 0, 1, 1}).matthews(), CLOSE);
        assertEquals(0, of(2, new int[] {1, 1}, new int[] {1, 1}).kappa());
    }

    @Test
    void partsAndOrdersComeToTheSame() {
        SplittableRandom random = new SplittableRandom(5);
        int[] targets = random.ints(97, 0, 5).toArray();
        int[] predictions = random.ints(97, 0, 5).toArray();
        ConfusionMatrix whole = of(5, targets, predictions);
        ConfusionMatrix merged = new ConfusionMatrix(5);
        for (int i = 96; i >= 0; i--) {
            merged.merge(of(5, new int[] {targets[i]}, new int[] {predictions[i]}));
        }
        for (int t = 0; t < 5; t++) {
            for (int p = 0; p < 5; p++) {
                assertEquals(whole.count(t, p), merged.count(t, p));
            }
        }
        assertEquals(whole.f1(Average.MACRO), merged.f1(Average.MACRO));
    }

    @Test
    void paddingIsNotLookedAt() {
        ConfusionMatrix matrix = new ConfusionMatrix(2);
        matrix.add(new int[] {0, 1, -9, 1, -9, -9}, new int[] {0, 0, 77, 1, 77, 77}, Weights.ofLengths(3, 2, 1));
        assertEquals(3, matrix.total());
        assertEquals(2.0 / 3, matrix.accuracy(), CLOSE);
    }

    @Test
    void badInputIsRefusedAndCountsNothing() {
        ConfusionMatrix matrix = new ConfusionMatrix(2);
        assertThrows(IllegalStateException.class, matrix::accuracy);
        assertThrows(IllegalStateException.class, () -> matrix.f1(Average.MACRO));
        assertThrows(IllegalArgumentException.class, () -> new ConfusionMatrix(0));
        assertThrows(IllegalArgumentException.class, () -> matrix.add(new int[] {0, 2}, new int[] {0, 0}));
        assertThrows(IllegalArgumentException.class, () -> matrix.add(new int[] {0, 1}, new int[] {0, -1}));
        assertThrows(IllegalArgumentException.class, () -> matrix.add(new int[] {0}, new int[] {0, 1}));
        assertThrows(
                IllegalArgumentException.class,
                () -> matrix.add(new int[] {0, 1}, new int[] {0, 1}, new double[] {1, Double.NaN}));
        assertThrows(IllegalArgumentException.class, () -> matrix.merge(new ConfusionMatrix(3)));
        assertThrows(IllegalArgumentException.class, () -> matrix.fBeta(0, 0));
        assertThrows(IllegalArgumentException.class, () -> matrix.precision(2));
        assertThrows(IllegalArgumentException.class, () -> Weights.ofLengths(3, 4));
        assertEquals(0, matrix.total());
    }
}
