package dev.rondo.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.tensor.Tensor;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class SplitTest {
    @Test
    void everyExampleIsOnOneSide() {
        for (Split split : new Split[] {Split.random(101, 0.2, 1), Split.byTime(101, 0.2),
            Split.stratified(IntStream.range(0, 101).map(i -> i % 3).toArray(), 0.2, 1)}) {
            int[] all = IntStream.concat(Arrays.stream(split.training()), Arrays.stream(split.heldOut())).sorted().toArray();
            assertArrayEquals(IntStream.range(0, 101).toArray(), all);
            assertEquals(20, split.heldOut().length, 1);
        }
        assertEquals(81, Split.byTime(101, 0.2).heldOut()[0]);
        assertArrayEquals(Split.random(101, 0.2, 1).heldOut(), Split.random(101, 0.2, 1).heldOut());
        assertNotEquals(
                Arrays.toString(Split.random(101, 0.2, 1).heldOut()), Arrays.toString(Split.random(101, 0.2, 2).heldOut()));
    }

    @Test
    void classesKeepTheirShares() {
        int[] labels = IntStream.range(0, 1000).map(i -> i % 100 < 90 ? 0 : i % 100 < 99 ? 7 : 3).toArray();
        int[] heldOut = Split.stratified(labels, 0.1, 5).heldOut();
        assertEquals(90, Arrays.stream(heldOut).filter(i -> labels[i] == 0).count());
        assertEquals(9, Arrays.stream(heldOut).filter(i -> labels[i] == 7).count());
        assertEquals(1, Arrays.stream(heldOut).filter(i -> labels[i] == 3).count());
    }

    @Test
    void rowsAreTakenWithTheirTargetsAndLengths() {
        Examples all = Dataset.of(Tensor.of(new int[] {1, 2, 3, 4, 5, 6}, 3, 2), Tensor.of(new int[] {10, 20, 30}, 3))
                .lengths(1, 2, 1);
        Examples two = all.select(2, 0);
        assertArrayEquals(new int[] {5, 6, 1, 2}, two.x().toInts());
        assertArrayEquals(new int[] {30, 10}, two.y().toInts());
        Batch batch = ExamplesTest.batch(4);
        two.open(new Dataset.Request(ExamplesTest.IDS_TO_CLASS, 2, Order.SEQUENTIAL, 1)).read(0, batch);
        assertArrayEquals(new int[] {1, 1}, ExamplesTest.ints(batch.lengths(), 2));
        refused("rows[1]: expected 0..2, got 3", () -> all.select(0, 3));
        refused("at least one example", all::select);
    }

    /// 100 examples of 4 classes: 100 / (4 * 50), 100 / (4 * 25), ... and a mean over the examples of 1.
    @Test
    void weightsMakeClassesCountAlike() {
        int[] labels = IntStream.range(0, 100).map(i -> i < 50 ? 0 : i < 75 ? 1 : i < 95 ? 2 : 3).toArray();
        assertArrayEquals(new float[] {0.5f, 1, 1.25f, 5}, ClassWeights.balanced(labels, 4));
        refused("labels[95]: expected 0..2, got 3", () -> ClassWeights.balanced(labels, 3));
        refused("got none of class 4", () -> ClassWeights.balanced(labels, 5));
        refused("classes: expected at least 1, got 0", () -> ClassWeights.balanced(labels, 0));
    }

    @Test
    void aSplitWithoutTwoSidesIsRefused() {
        refused("fraction: expected one between 0 and 1 that leaves examples on both sides of 10, got 0.01",
                () -> Split.random(10, 0.01, 1));
        refused("got 1.5", () -> Split.byTime(10, 1.5));
        refused("got NaN", () -> Split.byTime(10, Double.NaN));
        refused("both sides of 0", () -> Split.stratified(new int[0], 0.5, 1));
    }

    private static void refused(String message, Executable executable) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, executable);
        assertTrue(String.valueOf(e.getMessage()).contains(message), e.getMessage());
    }
}
