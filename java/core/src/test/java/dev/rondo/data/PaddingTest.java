package dev.rondo.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.data.Padding.Padded;
import dev.rondo.data.Padding.Side;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PaddingTest {
    private static final int[][] ONE_TWO_THREE = {{1}, {2, 3}, {4, 5, 6}};

    /// The four examples in the documentation of `keras.utils.pad_sequences` (Keras 3).
    @Test
    void doesWhatKerasDocuments() {
        is(Padding.pre(), 3, 0, 0, 1, 0, 2, 3, 4, 5, 6);
        is(Padding.pre().value(-1), 3, -1, -1, 1, -1, 2, 3, 4, 5, 6);
        Padding post = new Padding(Side.POST, Side.PRE, Padding.pre().timeSteps(), 0);
        is(post, 3, 1, 0, 0, 2, 3, 0, 4, 5, 6);
        is(Padding.pre().timeSteps(2), 2, 0, 1, 2, 3, 5, 6);
    }

    @Test
    void theTwoEndsAreIndependent() {
        is(Padding.post().timeSteps(2), 2, 1, 0, 2, 3, 4, 5);
        is(Padding.post().truncating(Side.PRE).timeSteps(2), 2, 1, 0, 2, 3, 5, 6);
        is(Padding.pre().truncating(Side.POST).timeSteps(2), 2, 0, 1, 2, 3, 4, 5);
        is(Padding.post().timeSteps(4).value(9), 4, 1, 9, 9, 9, 2, 3, 9, 9, 4, 5, 6, 9);
    }

    private static void is(Padding padding, int time, int... expected) {
        Padded padded = padding.apply(ONE_TWO_THREE);
        assertEquals(Shape.of(3, time), padded.x().shape());
        assertArrayEquals(expected, padded.x().toInts());
        assertArrayEquals(new int[] {1, Math.min(2, time), Math.min(3, time)}, padded.lengths());
    }

    /// Features are ids with more than one number a step: with one, the two give the same.
    @ParameterizedTest
    @EnumSource
    void featuresGoWhereIdsGo(Side side) {
        long seed = 31;
        Random random = new Random(seed);
        for (int round = 0; round < 50; round++) {
            int n = random.nextInt(1, 6);
            int features = random.nextInt(1, 4);
            int[][] ids = new int[n][];
            float[][][] vectors = new float[n][][];
            for (int i = 0; i < n; i++) {
                ids[i] = random.ints(random.nextInt(i == 0 ? 1 : 0, 8), 1, 100).toArray();
                vectors[i] = new float[ids[i].length][features];
                for (int t = 0; t < ids[i].length; t++) {
                    for (int f = 0; f < features; f++) {
                        vectors[i][t][f] = ids[i][t] + 100 * f;
                    }
                }
            }
            Padding padding = (side == Side.PRE ? Padding.post() : Padding.pre())
                    .truncating(side).timeSteps(random.nextInt(1, 10)).value(-7);
            Padded padded = padding.apply(ids);
            Padded wide = padding.apply(vectors);
            assertArrayEquals(padded.lengths(), wide.lengths(), "seed " + seed);
            int[] x = padded.x().toInts();
            for (int at = 0; at < x.length; at++) {
                for (int f = 0; f < features; f++) {
                    double expected = x[at] == -7 ? -7 : x[at] + 100 * f;
                    assertEquals(expected, wide.x().get((long) at * features + f), "seed " + seed + ", round " + round);
                }
            }
        }
    }

    @Test
    void lengthsGoOnToTheExamples() {
        Examples examples = Padding.post().apply(ONE_TWO_THREE).examples(Tensor.of(new int[3], 3));
        Dataset.Reader reader = examples.open(new Dataset.Request(
                ExamplesTest.IDS_TO_CLASS, 2, Order.SEQUENTIAL, 1));
        Batch batch = ExamplesTest.batch(6);
        reader.read(0, batch);
        assertEquals(2, batch.timeSteps());
        assertArrayEquals(new int[] {1, 0, 2, 3}, ExamplesTest.ints(batch.x(), 4));
        assertArrayEquals(new int[] {1, 2}, ExamplesTest.ints(batch.lengths(), 2));
    }

    @Test
    void whatCannotBePaddedIsRefused() {
        refused("sequences: expected at least one, got none", () -> Padding.post().apply(new int[0][]));
        refused("sequences: expected at least one step, got 2 empty ones", () -> Padding.pre().apply(new int[2][0]));
        refused("sequences: expected at least one step, got 2 empty ones",
                () -> Padding.pre().timeSteps(3).apply(new float[2][0][]));
        refused("sequences[1][0]: expected 2 features, got 3",
                () -> Padding.pre().apply(new float[1][2], new float[1][3]));
        refused("sequences[0][0]: expected at least 1 feature, got 0", () -> Padding.pre().apply(new float[1][1][0]));
        refused("value: expected a whole number for sequences of ids, got 0.5",
                () -> Padding.pre().value(0.5).apply(ONE_TWO_THREE));
        refused("timeSteps: expected at least 1, got 0", () -> Padding.pre().timeSteps(0));
        Tensor y = Tensor.of(new int[2], 2);
        refused("lengths[1]: expected 1..1, got 0", () -> Padding.post().apply(new int[] {5}, new int[0]).examples(y));
        IllegalStateException e = assertThrows(
                IllegalStateException.class, () -> Padding.pre().apply(ONE_TWO_THREE).examples(y));
        assertTrue(String.valueOf(e.getMessage()).contains("expected POST"), e.getMessage());
    }

    private static void refused(String message, Executable executable) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, executable);
        assertTrue(String.valueOf(e.getMessage()).contains(message), e.getMessage());
    }
}
