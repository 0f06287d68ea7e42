package dev.rondo.kernels.reference;

import dev.rondo.kernels.Buffer;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Extents;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/// Arrays for the steps of a program, taken by number and free for reuse after each step. They only grow, so that
/// nothing is allocated once the largest run has been seen.
final class Scratch {
    private static final int NUMBERS = 16;
    private static final int CHUNK = 2048;

    private final double[][] arrays = new double[NUMBERS][0];
    private final double[][][] matrices = new double[NUMBERS][0][];
    private final int[][] integers = new int[4][0];
    private final float[] chunk = new float[CHUNK];
    private final double[] one = new double[1];

    /// An array of at least the given length, with anything in it.
    double[] array(int number, int length) {
        if (arrays[number].length < length) {
            arrays[number] = new double[length];
        }
        return arrays[number];
    }

    /// Rows of at least the given length, with anything in them.
    double[][] matrix(int number, int rows, int columns) {
        matrices[number] = grown(matrices[number], rows, columns);
        return matrices[number];
    }

    /// The given rows, or longer or more ones in their place.
    static double[][] grown(double[][] matrix, int rows, int columns) {
        if (matrix.length >= rows && (rows == 0 || matrix[0].length >= columns)) {
            return matrix;
        }
        int width = Math.max(columns, matrix.length == 0 ? 0 : matrix[0].length);
        return new double[Math.max(rows, matrix.length)][width];
    }

    /// The first elements of a floating-point buffer.
    double[] load(int number, Buffer buffer, int length) {
        double[] values = array(number, length);
        load(buffer, 0, values, length);
        return values;
    }

    /// A buffer's rows.
    double[][] loadMatrix(int number, Buffer buffer, int rows, int columns) {
        return loadMatrix(number, buffer, 0, rows, columns);
    }

    /// A buffer's rows, from an element on.
    double[][] loadMatrix(int number, Buffer buffer, long from, int rows, int columns) {
        double[][] values = matrix(number, rows, columns);
        for (int i = 0; i < rows; i++) {
            load(buffer, from + (long) i * columns, values[i], columns);
        }
        return values;
    }

    /// A buffer's columns: row j of the result is column j of the buffer's rows.
    double[][] loadTransposed(int number, Buffer buffer, int rows, int columns) {
        return loadTransposed(number, buffer, 0, rows, columns);
    }

    /// A buffer's columns, likewise, of rows from an element on.
    double[][] loadTransposed(int number, Buffer buffer, long from, int rows, int columns) {
        double[][] values = matrix(number, columns, rows);
        double[] row = array(NUMBERS - 1, columns);
        for (int i = 0; i < rows; i++) {
            load(buffer, from + (long) i * columns, row, columns);
            for (int j = 0; j < columns; j++) {
                values[j][i] = row[j];
            }
        }
        return values;
    }

    /// Copies elements of a floating-point buffer from an offset on.
    void load(Buffer buffer, long offset, double[] values, int length) {
        MemorySegment segment = buffer.segment();
        if (buffer.type() == DataType.FLOAT64) {
            MemorySegment.copy(segment, ValueLayout.JAVA_DOUBLE_UNALIGNED, offset * Double.BYTES, values, 0, length);
            return;
        }
        for (int from = 0; from < length; from += CHUNK) {
            int n = Math.min(CHUNK, length - from);
            MemorySegment.copy(segment, ValueLayout.JAVA_FLOAT_UNALIGNED, (offset + from) * Float.BYTES, chunk, 0, n);
            for (int i = 0; i < n; i++) {
                values[from + i] = chunk[i];
            }
        }
    }

    /// Stores elements to a floating-point buffer from an offset on, rounded to its type.
    void store(double[] values, Buffer buffer, long offset, int length) {
        MemorySegment segment = buffer.segment();
        if (buffer.type() == DataType.FLOAT64) {
            MemorySegment.copy(values, 0, segment, ValueLayout.JAVA_DOUBLE_UNALIGNED, offset * Double.BYTES, length);
            return;
        }
        for (int from = 0; from < length; from += CHUNK) {
            int n = Math.min(CHUNK, length - from);
            for (int i = 0; i < n; i++) {
                chunk[i] = (float) values[from + i];
            }
            MemorySegment.copy(chunk, 0, segment, ValueLayout.JAVA_FLOAT_UNALIGNED, (offset + from) * Float.BYTES, n);
        }
    }

    /// Stores rows.
    void storeMatrix(double[][] values, Buffer buffer, int rows, int columns) {
        for (int i = 0; i < rows; i++) {
            store(values[i], buffer, (long) i * columns, columns);
        }
    }

    /// The number in a floating-point scalar.
    double loadScalar(Buffer buffer) {
        load(buffer, 0, one, 1);
        return one[0];
    }

    /// Stores a floating-point scalar.
    void storeScalar(double value, Buffer buffer) {
        one[0] = value;
        store(one, buffer, 0, 1);
    }

    /// The first elements of an INT32 buffer.
    int[] loadIntegers(int number, Buffer buffer, int length) {
        if (integers[number].length < length) {
            integers[number] = new int[length];
        }
        MemorySegment.copy(
                buffer.segment(), ValueLayout.JAVA_INT_UNALIGNED, 0, integers[number], 0, length);
        return integers[number];
    }

    /// The same integer in each of the first elements.
    int[] fillIntegers(int number, int length, int value) {
        if (integers[number].length < length) {
            integers[number] = new int[length];
        }
        Arrays.fill(integers[number], 0, length, value);
        return integers[number];
    }

    /// The number of elements of a buffer.
    static int elements(Buffer buffer, Extents extents) {
        return Math.toIntExact(buffer.shape().elements(extents));
    }

    /// The product of all extents but the last.
    static int rows(Buffer buffer, Extents extents) {
        return Math.toIntExact(buffer.shape().product(0, buffer.shape().rank() - 1, extents));
    }

    /// The last extent.
    static int columns(Buffer buffer, Extents extents) {
        int rank = buffer.shape().rank();
        return Math.toIntExact(buffer.shape().product(rank - 1, rank, extents));
    }
}
