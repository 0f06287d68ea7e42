package dev.rondo.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class AccuracyTest {
    private static final float[] SCORES = {0.1f, 0.9f, 0.8f, 0.05f, 0.95f, 0, 0.3f, 0.3f, 0.3f};

    @Test
    void theArgMaxIsTheLowestOfEquals() {
        Accuracy first = new Accuracy();
        first.addSparse(new int[] {1, 1, 0}, SCORES);
        assertEquals(1, first.value());
        Accuracy last = new Accuracy();
        last.addSparse(new int[] {2, 0, 2}, SCORES);
        assertEquals(0, last.value());
    }

    @Test
    void topK() {
        int[] targets = {2, 2, 2};
        for (int k = 1; k <= 4; k++) {
            Accuracy top = Accuracy.top(k);
            top.addSparse(targets, SCORES);
            // Ranks of the targets: second, third, third.
            assertEquals(new double[] {0, 1.0 / 3, 1, 1}[k - 1], top.value());
        }
    }

    @Test
    void formsAgree() {
        Accuracy oneHot = new Accuracy();
        oneHot.addCategorical(3, new float[] {0, 1, 0, 1, 0, 0, 1, 0, 0}, SCORES, new double[] {1, 2, 3});
        Accuracy sparse = new Accuracy();
        sparse.addSparse(new int[] {1, 0, 0}, SCORES, new double[] {1, 2, 3});
        Accuracy classes = new Accuracy();
        classes.addClasses(new int[] {1, 0, 0}, new int[] {1, 1, 0}, new double[] {1, 2, 3});
        assertEquals(4.0 / 6, oneHot.value());
        assertEquals(oneHot.value(), sparse.value());
        assertEquals(oneHot.value(), classes.value());
    }

    @Test
    void binaryAtTheThresholdMeansNo() {
        Accuracy accuracy = new Accuracy();
        accuracy.addBinary(new float[] {0, 1, 1, 0}, new float[] {0.5f, 0.5f, 0.75f, 0.25f});
        assertEquals(0.75, accuracy.value());
        Accuracy strict = new Accuracy();
        strict.addBinary(new float[] {0, 1, 1}, new float[] {0.5f, 0.75f, 0.95f}, 0.9, new double[] {1, 1, 1});
        assertEquals(2.0 / 3, strict.value());
    }

    @Test
    void tokensOfBatchesAndParts() {
        Accuracy whole = new Accuracy();
        whole.addClasses(new int[] {1, 2, 0, 3, 0, 0}, new int[] {1, 1, 0, 3, 0, 0}, Weights.ofLengths(3, 2, 1));
        assertEquals(2.0 / 3, whole.value());
        Accuracy merged = new Accuracy();
        merged.addClasses(new int[] {1, 2}, new int[] {1, 1});
        Accuracy second = new Accuracy();
        second.addClasses(new int[] {3, 4}, new int[] {3, 0}, Weights.ofMask(true, false));
        merged.merge(second);
        assertEquals(whole.value(), merged.value());
    }

    @Test
    void badInputIsRefusedAndCountsNothing() {
        Accuracy accuracy = new Accuracy();
        assertThrows(IllegalArgumentException.class, () -> accuracy.addSparse(new int[] {0, 3, 1}, SCORES));
        assertThrows(IllegalArgumentException.class, () -> accuracy.addSparse(new int[] {0, 1}, SCORES));
        assertThrows(IllegalArgumentException.class, () -> accuracy.addSparse(new int[0], SCORES));
        assertThrows(
                IllegalArgumentException.class,
                () -> accuracy.addSparse(new int[] {0, 0}, new float[] {1, 2, 3, Float.NaN}));
        assertThrows(IllegalArgumentException.class, () -> accuracy.addBinary(new float[] {2}, new float[] {1}));
        assertThrows(IllegalArgumentException.class, () -> accuracy.addBinary(new float[] {1}, new float[] {Float.NaN}));
        assertThrows(
                IllegalArgumentException.class,
                () -> accuracy.addCategorical(2, new float[3], new float[3], new double[] {1}));
        assertThrows(IllegalArgumentException.class, () -> accuracy.addClasses(new int[] {1}, new int[0]));
        assertThrows(IllegalArgumentException.class, () -> accuracy.merge(Accuracy.top(2)));
        assertThrows(IllegalArgumentException.class, () -> Accuracy.top(0));
        assertThrows(IllegalStateException.class, accuracy::value);
    }
}
