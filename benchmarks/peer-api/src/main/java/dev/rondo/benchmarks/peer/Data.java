package dev.rondo.benchmarks.peer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/// Files of plain numbers, little-endian in C order without a header: `.f32` of floats, `.i32` of integers.
public final class Data {
    private Data() {}

    /// Reads `name.f32`.
    ///
    /// @param shape what is expected: the product is checked
    /// @throws IllegalArgumentException if the file holds another number of numbers
    public static float[] floats(Path folder, String name, int... shape) {
        ByteBuffer bytes = read(folder.resolve(name + ".f32"), shape);
        float[] values = new float[bytes.remaining() / Float.BYTES];
        bytes.asFloatBuffer().get(values);
        return values;
    }

    /// Reads `name.i32`.
    ///
    /// @param shape what is expected: the product is checked
    /// @throws IllegalArgumentException if the file holds another number of numbers
    public static int[] ints(Path folder, String name, int... shape) {
        ByteBuffer bytes = read(folder.resolve(name + ".i32"), shape);
        int[] values = new int[bytes.remaining() / Integer.BYTES];
        bytes.asIntBuffer().get(values);
        return values;
    }

    /// Writes `name.f32`.
    public static void write(Path folder, String name, float[] values) {
        ByteBuffer bytes = buffer(values.length);
        bytes.asFloatBuffer().put(values);
        write(folder.resolve(name + ".f32"), bytes);
    }

    /// Writes `name.i32`.
    public static void write(Path folder, String name, int[] values) {
        ByteBuffer bytes = buffer(values.length);
        bytes.asIntBuffer().put(values);
        write(folder.resolve(name + ".i32"), bytes);
    }

    private static ByteBuffer buffer(int numbers) {
        return ByteBuffer.allocate(Math.multiplyExact(numbers, 4)).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static void write(Path file, ByteBuffer bytes) {
        try {
            Files.write(file, bytes.array());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ByteBuffer read(Path file, int... shape) {
        byte[] bytes;
        try {
            bytes = Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        long expected = 4;
        for (int extent : shape) {
            expected *= extent;
        }
        if (bytes.length != expected) {
            throw new IllegalArgumentException(file + ": expected " + expected + " bytes, got " + bytes.length);
        }
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
