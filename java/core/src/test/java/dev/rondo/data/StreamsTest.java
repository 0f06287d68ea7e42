package dev.rondo.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

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
    void badRequestsAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> Dataset.streams(new int[10], 0));
        assertThrows(IllegalArgumentException.class, () -> Dataset.streams(new int[4], 3)
                .open(new Dataset.Request(SIGNATURE, 4, Order.SEQUENTIAL, 1)));
        Dataset.Signature perSequence =
                new Dataset.Signature(DataType.INT32, B_T, DataType.INT32, Shape.of(Shape.BATCH));
        assertThrows(IllegalArgumentException.class, () -> Dataset.streams(new int[40], 3)
                .open(new Dataset.Request(perSequence, 4, Order.SEQUENTIAL, 1)));
    }
}
