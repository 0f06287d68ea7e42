package dev.rondo.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Sequential;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Gru;
import dev.rondo.layers.Input;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Adam;
import dev.rondo.training.Fit;
import dev.rondo.training.Loss;
import dev.rondo.training.Training;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class StreamsTest {
    private static final Shape B_T = Shape.of(Shape.BATCH, Shape.TIME);
    private static final Dataset.Signature SIGNATURE =
            new Dataset.Signature(DataType.INT32, B_T, DataType.INT32, B_T);

    @Test
    void eachRowGoesOnWhereItStopped() {
        // 12 ids and 2 streams: 5 steps each; in chunks of 3: 3 and 2.
        int[] ids = IntStream.range(100, 112).toArray();
        Dataset.Reader reader =
                Dataset.streams(ids, 3).open(new Dataset.Request(SIGNATURE, 2, Order.SHUFFLED, 1));
        assertEquals(2, reader.batches());
        assertEquals(Dataset.Continuity.CARRIED, reader.continuity());
        Batch batch = new Batch(
                MemorySegment.ofArray(new int[6]), MemorySegment.ofArray(new int[6]), MemorySegment.ofArray(new int[0]));
        reader.begin(1);
        reader.read(0, batch);
        assertEquals(3, batch.timeSteps());
        assertArrayEquals(new int[] {100, 101, 102, 105, 106, 107}, batch.x().toArray(ValueLayout.JAVA_INT));
        assertArrayEquals(new int[] {101, 102, 103, 106, 107, 108}, batch.y().toArray(ValueLayout.JAVA_INT));
        reader.read(1, batch);
        assertEquals(2, batch.timeSteps());
        assertArrayEquals(
                new int[] {103, 104, 108, 109}, Arrays.copyOf(batch.x().toArray(ValueLayout.JAVA_INT), 4));
        assertArrayEquals(
                new int[] {104, 105, 109, 110}, Arrays.copyOf(batch.y().toArray(ValueLayout.JAVA_INT), 4));
    }

    @Test
    void featuresAndTheirTargetsGoOnTogether() {
        Tensor x = Tensor.of(new float[] {0, 10, 1, 11, 2, 12, 3, 13, 4, 14, 5, 15, 6, 16}, 7, 2);
        Tensor y = Tensor.of(new float[] {20, 21, 22, 23, 24, 25, 26}, 7, 1);
        Streams streams = Dataset.streams(x, y, 2);
        Dataset.Signature signature = new Dataset.Signature(
                DataType.FLOAT32, Shape.of(Shape.BATCH, Shape.TIME, 2), DataType.FLOAT32, Shape.of(Shape.BATCH, Shape.TIME, 1));
        Dataset.Reader reader = streams.open(new Dataset.Request(signature, 2, Order.SHUFFLED, 1));
        assertEquals(2, reader.batches());
        Batch batch = new Batch(
                MemorySegment.ofArray(new float[8]), MemorySegment.ofArray(new float[4]), MemorySegment.ofArray(new int[0]));
        reader.read(0, batch);
        assertArrayEquals(new float[] {0, 10, 1, 11, 3, 13, 4, 14}, batch.x().toArray(ValueLayout.JAVA_FLOAT));
        assertArrayEquals(new float[] {20, 21, 23, 24}, batch.y().toArray(ValueLayout.JAVA_FLOAT));
        reader.read(1, batch);
        assertEquals(1, batch.timeSteps());
        assertArrayEquals(
                new float[] {2, 12, 5, 15}, Arrays.copyOf(batch.x().toArray(ValueLayout.JAVA_FLOAT), 4));
        assertArrayEquals(new float[] {22, 25}, Arrays.copyOf(batch.y().toArray(ValueLayout.JAVA_FLOAT), 2));
        Dataset.Reader part = streams.part(3, 7).open(new Dataset.Request(signature, 1, Order.SHUFFLED, 1));
        assertEquals(2, part.batches());
        part.read(1, batch);
        assertArrayEquals(new float[] {25, 26}, Arrays.copyOf(batch.y().toArray(ValueLayout.JAVA_FLOAT), 2));
    }

    /// What is to be told is the first number of all: no chunk but the first holds it.
    @Test
    void theStateGoesOnOverFeatures() {
        int rows = 60;
        float[] x = new float[rows];
        float[] y = new float[rows];
        for (int row = 0; row < rows; row++) {
            // Two streams, one that begins with 1 and one with -1.
            x[row] = row == 0 ? 1 : row == rows / 2 ? -1 : 0;
            y[row] = row < rows / 2 ? 1 : -1;
        }
        Streams streams = Dataset.streams(Tensor.of(x, rows, 1), Tensor.of(y, rows, 1), 5);
        try (Sequential model = Sequential.builder()
                .add(Input.features(Shape.TIME, 1))
                .add(Gru.units(8).returnSequences())
                .add(Dense.units(1))
                .seed(1)
                .build()) {
            model.compile(Training.optimizer(Adam.rate(0.02)).loss(Loss.meanSquaredError()));
            model.fit(streams, Fit.epochs(100).batchSize(2));
            double loss = model.evaluate(streams, 2).loss();
            assertTrue(loss < 0.05, "without a state 0.97 at least, got " + loss);
        }
    }

    @Test
    void badRequestsAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> Dataset.streams(new int[10], 0));
        assertThrows(IllegalArgumentException.class, () -> Dataset.streams(new int[4], 3)
                .open(new Dataset.Request(SIGNATURE, 4, Order.SEQUENTIAL, 1)));
        Dataset.Signature perSequence =
                new Dataset.Signature(DataType.INT32, B_T, DataType.INT32, Shape.of(Shape.BATCH));
        assertThrows(IllegalArgumentException.class, () -> Dataset.streams(new int[40], 3)
                .open(new Dataset.Request(perSequence, 4, Order.SEQUENTIAL, 1)));
        refused("streams: x: expected INT32 [rows] or FLOAT32 [rows,n], got FLOAT32 [4]",
                () -> Dataset.streams(Tensor.of(new float[4], 4), Tensor.of(new int[4], 4), 3));
        refused("streams: y: expected INT32 [rows] or FLOAT32 [rows,n], got INT32 [4,1]",
                () -> Dataset.streams(Tensor.of(new int[4], 4), Tensor.of(new int[4], 4, 1), 3));
        refused("streams: expected as many targets as inputs, got [5] and [4]",
                () -> Dataset.streams(Tensor.of(new int[4], 4), Tensor.of(new int[5], 5), 3));
        refused("streams: expected a model that takes FLOAT32 [B,T,1] and has a target for each step, INT32 [B,T], got",
                () -> Dataset.streams(Tensor.of(new float[4], 4, 1), Tensor.of(new int[4], 4), 3)
                        .open(new Dataset.Request(SIGNATURE, 4, Order.SEQUENTIAL, 1)));
        refused("streams: expected at least 5 rows for 4 parallel streams, got 4",
                () -> Dataset.streams(new int[4], 3).open(new Dataset.Request(SIGNATURE, 4, Order.SEQUENTIAL, 1)));
    }

    private static void refused(String message, Executable executable) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, executable);
        assertTrue(String.valueOf(e.getMessage()).contains(message), e.getMessage());
    }
}
