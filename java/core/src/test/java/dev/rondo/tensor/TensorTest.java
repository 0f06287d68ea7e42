package dev.rondo.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TensorTest {
    @Test
    void viewsArrays() {
        float[] values = {1, 2, 3, 4, 5, 6};
        Tensor tensor = Tensor.of(values, 2, 3);
        tensor.set(4, 9);
        assertEquals(9, values[4]);
        assertEquals(Shape.of(2, 3), tensor.shape());
        assertFalse(tensor.isNative());
        assertArrayEquals(values, tensor.toFloats());
        assertEquals(7, Tensor.of(new long[] {7}, 1).get(0));
        assertArrayEquals(new int[] {1, 2}, Tensor.of(new int[] {1, 2}, 2).toInts());
        assertArrayEquals(new double[] {0.5}, Tensor.of(new double[] {0.5}, 1).toDoubles());
    }

    @ParameterizedTest
    @EnumSource(value = DataType.class, mode = EnumSource.Mode.EXCLUDE, names = "OPAQUE")
    void everyTypeHoldsNumbers(DataType type) {
        try (Arena arena = Arena.ofConfined()) {
            for (Tensor tensor : new Tensor[] {Tensor.zeros(type, 3), Tensor.allocate(arena, type, Shape.of(3))}) {
                assertEquals(3L * type.bytes(), tensor.segment().byteSize());
                assertArrayEquals(new double[3], tensor.toDoubles());
                tensor.set(2, 1);
                assertArrayEquals(new double[] {0, 0, 1}, tensor.toDoubles());
                Tensor copy = Tensor.zeros(type, 3);
                copy.copyFrom(tensor);
                assertArrayEquals(new double[] {0, 0, 1}, copy.toDoubles());
                assertThrows(IndexOutOfBoundsException.class, () -> tensor.get(3));
                assertThrows(IndexOutOfBoundsException.class, () -> tensor.set(-1, 0));
            }
        }
    }

    @Test
    void nativeMemoryIsAlignedAndCloses() {
        Arena arena = Arena.ofShared();
        Tensor tensor = Tensor.allocate(arena, DataType.FLOAT32, Shape.of(5));
        assertTrue(tensor.isNative());
        assertEquals(0, tensor.segment().address() % Tensor.ALIGNMENT);
        arena.close();
        assertThrows(IllegalStateException.class, () -> tensor.get(0));
    }

    @Test
    void wrongSizesAreRefused() {
        assertEquals("segment: expected 24 bytes for FLOAT32 [2,3], got 20",
                assertThrows(IllegalArgumentException.class, () -> Tensor.of(new float[5], 2, 3)).getMessage());
        assertEquals("shape: expected numbers, got [B]",
                assertThrows(IllegalArgumentException.class,
                        () -> Tensor.wrap(MemorySegment.NULL, DataType.FLOAT32, Shape.of(Shape.BATCH))).getMessage());
        Tensor three = Tensor.zeros(DataType.FLOAT32, 3);
        assertEquals("source: expected FLOAT32 [3], got INT32 [3]",
                assertThrows(IllegalArgumentException.class,
                        () -> three.copyFrom(Tensor.zeros(DataType.INT32, 3))).getMessage());
        assertEquals("type: expected INT32, got FLOAT32",
                assertThrows(IllegalArgumentException.class, three::toInts).getMessage());
    }

    @Test
    void whatNoMemoryHoldsIsRefused() {
        int[] beyondLong = {Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE};
        Shape shape = Shape.of(beyondLong);
        assertThrows(IllegalArgumentException.class, () -> Tensor.zeros(DataType.FLOAT32, beyondLong));
        assertThrows(IllegalArgumentException.class, () -> Tensor.zeros(DataType.FLOAT32, 65536, 65536));
        assertThrows(
                IllegalArgumentException.class, () -> Tensor.wrap(MemorySegment.NULL, DataType.FLOAT32, shape));
        try (Arena arena = Arena.ofConfined()) {
            assertThrows(IllegalArgumentException.class, () -> Tensor.allocate(arena, DataType.INT64, shape));
        }
    }
}
