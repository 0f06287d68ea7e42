package dev.rondo.benchmarks.peer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataTest {
    @TempDir
    Path folder;

    @Test
    void floatsComeBack() {
        float[] values = {1.5f, -0f, Float.NaN, Float.MIN_VALUE, Float.NEGATIVE_INFINITY, 7};
        Data.write(folder, "values", values);
        assertArrayEquals(values, Data.floats(folder, "values", 2, 3));
    }

    @Test
    void intsComeBack() {
        Data.write(folder, "values", new int[] {1, -2, Integer.MAX_VALUE});
        assertArrayEquals(new int[] {1, -2, Integer.MAX_VALUE}, Data.ints(folder, "values", 3));
    }

    @Test
    void numbersAreLittleEndian() throws IOException {
        Data.write(folder, "values", new float[] {1});
        assertArrayEquals(new byte[] {0, 0, (byte) 0x80, 0x3f}, Files.readAllBytes(folder.resolve("values.f32")));
    }

    @Test
    void anotherNumberOfThemIsRefused() {
        Data.write(folder, "values", new float[6]);
        assertEquals(folder.resolve("values.f32") + ": expected 20 bytes, got 24",
                assertThrows(IllegalArgumentException.class, () -> Data.floats(folder, "values", 5)).getMessage());
    }
}
