package dev.rondo.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ExamplesTest {
    private static final Shape B_T = Shape.of(Shape.BATCH, Shape.TIME);
    static final Dataset.Signature IDS_TO_CLASS =
            new Dataset.Signature(DataType.INT32, B_T, DataType.INT32, Shape.of(Shape.BATCH));
    private static final Dataset.Signature IDS_TO_CLASSES =
            new Dataset.Signature(DataType.INT32, B_T, DataType.INT32, B_T);

    /// x[n][t] = 10 n + t, y[n] = n.
    private static Examples examples(int n, int time) {
        int[] x = new int[n * time];
        Arrays.setAll(x, i -> 10 * (i / time) + i % time);
        return Dataset.of(Tensor.of(x, n, time), Tensor.of(IntStream.range(0, n).toArray(), n));
    }

    static Batch batch(int elements) {
        return new Batch(
                MemorySegment.ofArray(new int[elements]),
                MemorySegment.ofArray(new int[elements]),
                MemorySegment.ofArray(new int[elements]));
    }

    static int[] ints(MemorySegment segment, int count) {
        return Arrays.copyOf(segment.toArray(ValueLayout.JAVA_INT), count);
    }

    @Test
    void theLastBatchHoldsWhatIsLeft() {
        Dataset.Reader reader = examples(5, 3).open(new Dataset.Request(IDS_TO_CLASS, 2, Order.SEQUENTIAL, 1));
        assertEquals(3, reader.batches());
        assertEquals(2, reader.largestBatch());
        assertEquals(3, reader.largestTime());
        Batch batch = batch(6);
        reader.read(1, batch);
        assertEquals(2, batch.size());
        assertEquals(3, batch.timeSteps());
        assertArrayEquals(new int[] {20, 21, 22, 30, 31, 32}, ints(batch.x(), 6));
        assertArrayEquals(new int[] {2, 3}, ints(batch.y(), 2));
        reader.read(2, batch);
        assertEquals(1, batch.size());
        assertArrayEquals(new int[] {40, 41, 42}, ints(batch.x(), 3));
    }

    @Test
    void aBatchIsAsLongAsItsLongestSequence() {
        Dataset.Reader reader =
                examples(4, 3).lengths(1, 2, 3, 1).open(new Dataset.Request(IDS_TO_CLASS, 2, Order.SEQUENTIAL, 1));
        assertEquals(Dataset.Lengths.OWN, reader.lengths());
        Batch batch = batch(6);
        reader.read(0, batch);
        assertEquals(2, batch.timeSteps());
        assertArrayEquals(new int[] {0, 1, 10, 11}, ints(batch.x(), 4));
        assertArrayEquals(new int[] {1, 2}, ints(batch.lengths(), 2));
        reader.read(1, batch);
        assertEquals(3, batch.timeSteps());
        assertArrayEquals(new int[] {20, 21, 22, 30, 31, 32}, ints(batch.x(), 6));
    }

    @Test
    void targetsOfEachStepAreCutLikeTheInputs() {
        Examples examples = Dataset.of(
                        Tensor.of(new int[] {1, 2, 3, 4, 5, 6}, 2, 3), Tensor.of(new int[] {7, 8, 9, 10, 11, 12}, 2, 3))
                .lengths(2, 1);
        Batch batch = batch(6);
        examples.open(new Dataset.Request(IDS_TO_CLASSES, 2, Order.SEQUENTIAL, 1)).read(0, batch);
        assertArrayEquals(new int[] {7, 8, 10, 11}, ints(batch.y(), 4));
    }

    @Test
    void shufflingShowsEveryExampleOnceInAnOrderOfTheSeedAndEpoch() {
        int n = 50;
        assertEquals(n, orderOf(n, 1, 1).stream().distinct().count());
        assertEquals(orderOf(n, 1, 1), orderOf(n, 1, 1));
        assertTrue(!orderOf(n, 1, 1).equals(orderOf(n, 1, 2)), "epochs differ");
        assertTrue(!orderOf(n, 1, 1).equals(orderOf(n, 2, 1)), "seeds differ");
    }

    private static List<Integer> orderOf(int n, long seed, int epoch) {
        Dataset.Reader reader = examples(n, 2).open(new Dataset.Request(IDS_TO_CLASS, 8, Order.SHUFFLED, seed));
        reader.begin(epoch);
        List<Integer> order = new ArrayList<>();
        Batch batch = batch(16);
        for (int i = 0; i < reader.batches(); i++) {
            reader.read(i, batch);
            for (int row : ints(batch.y(), batch.size())) {
                order.add(row);
            }
        }
        return order;
    }

    @Test
    void whatDoesNotFitIsRefusedWithExpectedAndActual() {
        Tensor x = Tensor.of(new int[6], 2, 3);
        Tensor y = Tensor.of(new int[2], 2);
        refused("y: expected as many rows as x [2,3], got [3]", () -> Dataset.of(x, Tensor.of(new int[3], 3)));
        refused("at least one example", () -> Dataset.of(Tensor.of(new int[0], 0, 3), Tensor.of(new int[0], 0)));
        refused("lengths: expected one for each of 2 examples, got 1", () -> Dataset.of(x, y).lengths(1));
        refused("lengths[1]: expected 1..3, got 4", () -> Dataset.of(x, y).lengths(1, 4));
        refused("lengths[0]: expected 1..3, got 0", () -> Dataset.of(x, y).lengths(0, 1));
        refused("y: expected INT32 [B,T] with T = 3, got INT32 [2]", () -> Dataset.of(x, y)
                .open(new Dataset.Request(IDS_TO_CLASSES, 1, Order.SEQUENTIAL, 1)));
        refused("x: expected INT32 [B,T], got FLOAT32 [2,3]", () -> Dataset.of(Tensor.of(new float[6], 2, 3), y)
                .open(new Dataset.Request(IDS_TO_CLASS, 1, Order.SEQUENTIAL, 1)));
        refused("batchSize: expected at least 1, got 0", () -> new Dataset.Request(IDS_TO_CLASS, 0, Order.SEQUENTIAL, 1));
    }

    private static void refused(String message, org.junit.jupiter.api.function.Executable executable) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, executable);
        assertTrue(String.valueOf(e.getMessage()).contains(message), e.getMessage());
    }
}
