package dev.rondo.benchmarks.peer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import org.junit.jupiter.api.Test;

class LayoutTest {
    @Test
    void swapsTheOuterAxes() {
        float[] values = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
        float[] swapped = {1, 2, 7, 8, 3, 4, 9, 10, 5, 6, 11, 12};
        assertArrayEquals(swapped, Layout.swap(values, 2, 3, 2));
        assertArrayEquals(values, Layout.swap(swapped, 3, 2, 2));
        assertArrayEquals(new int[] {1, 4, 2, 5, 3, 6}, Layout.swap(new int[] {1, 2, 3, 4, 5, 6}, 2, 3));
    }

    @Test
    void transposes() {
        assertArrayEquals(new float[] {1, 4, 2, 5, 3, 6}, Layout.transpose(new float[] {1, 2, 3, 4, 5, 6}, 2, 3));
    }

    @Test
    void ordersGates() {
        assertArrayEquals(new float[] {5, 6, 1, 2, 3, 4}, Layout.gates(new float[] {1, 2, 3, 4, 5, 6}, 2, 0, 1));
    }

    @Test
    void concatenates() {
        assertArrayEquals(new float[] {1, 2, 3},
                Layout.concatenate(new float[] {1, 2}, new float[0], new float[] {3}));
    }
}
