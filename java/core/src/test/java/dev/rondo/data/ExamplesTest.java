package dev.rondo.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
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

    /// Of two inputs and two targets with two times.
    private static final Dataset.Signature SEVERAL = new Dataset.Signature(
            List.of(
                    new Dataset.Part("source", DataType.INT32, B_T),
                    new Dataset.Part("target", DataType.FLOAT32, Shape.of(Shape.BATCH, Shape.time(1), 2))),
            List.of(
                    new Dataset.Part("logits", DataType.INT32, Shape.of(Shape.BATCH, Shape.time(1))),
                    new Dataset.Part("class", DataType.INT32, Shape.of(Shape.BATCH))));

    /// source[n][t] = 10 n + t, target[n][t] = 10 n + t and the negative, logits[n][t] = 100 n + t, class[n] = n; 4
    /// rows, T = 3, T1 = 2.
    private static Examples several() {
        float[] target = new float[16];
        int[] logits = new int[8];
        for (int i = 0; i < 8; i++) {
            target[2 * i] = 10 * (i / 2) + i % 2;
            target[2 * i + 1] = -target[2 * i];
            logits[i] = 100 * (i / 2) + i % 2;
        }
        return Dataset.of(
                Map.of("source", examples(4, 3).x(), "target", Tensor.of(target, 4, 2, 2)),
                Map.of("logits", Tensor.of(logits, 4, 2), "class", examples(4, 3).y()));
    }

    private static Batch batchOfSeveral() {
        return new Batch(
                List.of(MemorySegment.ofArray(new int[12]), MemorySegment.ofArray(new float[16])),
                List.of(MemorySegment.ofArray(new int[8]), MemorySegment.ofArray(new int[4])),
                List.of(MemorySegment.ofArray(new int[4]), MemorySegment.ofArray(new int[4])),
                List.of(MemorySegment.ofArray(new float[8]), MemorySegment.ofArray(new float[4])));
    }

    @Test
    void everyPartIsCutToTheLongestOfItsTime() {
        Examples examples = several()
                .lengths("source", 1, 2, 3, 3)
                .lengths("logits", 1, 1, 2, 1)
                .stepWeights("logits", Tensor.of(new float[] {0, 1, 2, 3, 4, 5, 6, 7}, 4, 2))
                .weights("class", 4, 3, 2, 1);
        try (Dataset.Reader reader = examples.open(new Dataset.Request(SEVERAL, 2, Order.SEQUENTIAL, 1))) {
            assertEquals(Extents.of(2, 3, 2), reader.largest());
            assertEquals(Dataset.Lengths.OWN, reader.lengths());
            assertEquals(Dataset.Weights.STEPS, reader.weights(0));
            assertEquals(Dataset.Weights.SEQUENCES, reader.weights(1));
            Batch batch = batchOfSeveral();
            reader.read(0, batch);
            assertEquals(Extents.of(2, 2, 1), batch.extents());
            assertArrayEquals(new int[] {0, 1, 10, 11}, ints(batch.input(0), 4));
            assertArrayEquals(new float[] {0, -0f, 10, -10}, floats(batch.input(1), 4));
            assertArrayEquals(new int[] {0, 100}, ints(batch.target(0), 2));
            assertArrayEquals(new int[] {0, 1}, ints(batch.target(1), 2));
            assertArrayEquals(new int[] {1, 2}, ints(batch.lengths(0), 2));
            assertArrayEquals(new int[] {1, 1}, ints(batch.lengths(1), 2));
            assertArrayEquals(new float[] {0, 2}, floats(batch.weights(0), 2));
            assertArrayEquals(new float[] {4, 3}, floats(batch.weights(1), 2));
            reader.read(1, batch);
            assertEquals(Extents.of(2, 3, 2), batch.extents());
            assertArrayEquals(new int[] {200, 201, 300, 301}, ints(batch.target(0), 4));
            assertArrayEquals(new float[] {4, 5, 6, 7}, floats(batch.weights(0), 4));
        }
        Examples some = examples.select(3, 0);
        try (Dataset.Reader reader = some.open(new Dataset.Request(SEVERAL, 2, Order.SEQUENTIAL, 1))) {
            Batch batch = batchOfSeveral();
            reader.read(0, batch);
            assertEquals(Extents.of(2, 3, 1), batch.extents());
            assertArrayEquals(new int[] {3, 0}, ints(batch.target(1), 2));
            assertArrayEquals(new float[] {6, 0}, floats(batch.weights(0), 2));
            assertArrayEquals(new float[] {1, 4}, floats(batch.weights(1), 2));
        }
    }

    private static float[] floats(MemorySegment segment, int count) {
        return Arrays.copyOf(segment.toArray(ValueLayout.JAVA_FLOAT), count);
    }

    /// Where one time is given lengths, the sequences of the other have all steps.
    @Test
    void lengthsOfOneTimeLeaveTheOtherWhole() {
        Batch batch = batchOfSeveral();
        several().lengths("source", 1, 2, 3, 3).open(new Dataset.Request(SEVERAL, 4, Order.SEQUENTIAL, 1)).read(0, batch);
        assertEquals(Extents.of(4, 3, 2), batch.extents());
        assertArrayEquals(new int[] {2, 2, 2, 2}, ints(batch.lengths(1), 4));
    }

    @Test
    void bucketsAreOfLikeLengthsOfTheFirstTimeAndThenOfTheNext() {
        int n = 64;
        int[] first = IntStream.range(0, n).map(i -> 1 + i % 2).toArray();
        int[] second = IntStream.range(0, n).map(i -> 1 + i / 2 % 2).toArray();
        Examples examples = Dataset.of(
                        Map.of("source", examples(n, 2).x(), "target", Tensor.of(new float[n * 4], n, 2, 2)),
                        Map.of("logits", Tensor.of(new int[n * 2], n, 2), "class", examples(n, 2).y()))
                .lengths("source", first)
                .lengths("logits", second)
                .bucketed(8);
        Batch batch = batchOfSeveral();
        List<Integer> seen = new ArrayList<>();
        try (Dataset.Reader reader = examples.open(new Dataset.Request(SEVERAL, 4, Order.SHUFFLED, 5))) {
            int mixed = 0;
            for (int index = 0; index < reader.batches(); index++) {
                reader.read(index, batch);
                int[] rows = ints(batch.target(1), batch.size());
                Arrays.stream(rows).forEach(seen::add);
                mixed += Arrays.stream(rows).map(row -> first[row] * 2 + second[row]).distinct().count() > 1 ? 1 : 0;
            }
            // 4 kinds in each of two pools of 8 batches: at most 3 batches of a pool are of two.
            assertTrue(mixed <= 6, mixed + " of " + reader.batches());
        }
        assertEquals(IntStream.range(0, n).boxed().toList(), seen.stream().sorted().toList());
    }

    /// After warming up; the least of several measurements, since the JIT compiler changes code on the way.
    @Test
    void readingAllocatesNothing() {
        Examples examples = several()
                .lengths("source", 1, 2, 3, 3)
                .lengths("logits", 1, 1, 2, 1)
                .weights("class", 4, 3, 2, 1);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        Batch batch = batchOfSeveral();
        try (Dataset.Reader reader = examples.open(new Dataset.Request(SEVERAL, 2, Order.SHUFFLED, 1))) {
            long least = Long.MAX_VALUE;
            for (int round = 0; round < 20; round++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < 2_000; i++) {
                    reader.read(i % 2, batch);
                    assertEquals(2, batch.extents().batch());
                }
                least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
            }
            assertEquals(0, least);
        }
    }

    @Test
    void batchesSayWhatTheyHold() {
        Batch batch = batchOfSeveral();
        batch.filled(2, 3, 1);
        assertEquals(1, batch.timeSteps(1));
        refused("timeSteps: expected 2 numbers, one for each symbol of time, got 1", () -> batch.filled(2, 3));
        refused("timeSteps: expected at least 1, got 0", () -> batch.filled(2, 0, 1));
        refused("size: expected at least 1, got -1", () -> batch.filled(-1, 1, 1));
        refused("timeSteps: expected 0..1, got 2", () -> batch.timeSteps(2));
        refused("input: expected 0..1, got -1", () -> batch.input(-1));
        refused("target: expected 0..1, got 2", () -> batch.target(2));
        refused("lengths: expected 0..1, got 2", () -> batch.lengths(2));
        refused("weights: expected 0..1, got -2", () -> batch.weights(-2));
        refused("batch: expected at least one of inputs, targets and lengths, got 0, 1 and 1",
                () -> new Batch(List.of(), List.of(batch.y()), List.of(batch.lengths())));
        refused("weights: expected 1, one for each of the targets, got 0",
                () -> new Batch(List.of(batch.x()), List.of(batch.y()), List.of(batch.lengths()), List.of()));
        refused("signature: expected inputs and targets, got [] and []",
                () -> new Dataset.Signature(List.of(), List.of()));
        assertThrows(IllegalStateException.class, () -> SEVERAL.targets().get(1).time());
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
