package dev.rondo.benchmarks.peer;

/// Brings numbers into the order that another library wants.
public final class Layout {
    private Layout() {}

    /// `[rows,columns,width]` to `[columns,rows,width]`.
    public static float[] swap(float[] values, int rows, int columns, int width) {
        float[] swapped = new float[values.length];
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                System.arraycopy(
                        values, (row * columns + column) * width, swapped, (column * rows + row) * width, width);
            }
        }
        return swapped;
    }

    /// `[rows,columns,1]` to `[columns,rows,1]`.
    public static int[] swap(int[] values, int rows, int columns) {
        int[] swapped = new int[values.length];
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                swapped[column * rows + row] = values[row * columns + column];
            }
        }
        return swapped;
    }

    /// `[rows,columns]` to `[columns,rows]`.
    public static float[] transpose(float[] matrix, int rows, int columns) {
        return swap(matrix, rows, columns, 1);
    }

    /// The blocks of equal size that gates are in, in another order.
    ///
    /// @param order of each block of the result, where it was
    public static float[] gates(float[] stacked, int... order) {
        float[] ordered = new float[stacked.length];
        int block = stacked.length / order.length;
        for (int gate = 0; gate < order.length; gate++) {
            System.arraycopy(stacked, order[gate] * block, ordered, gate * block, block);
        }
        return ordered;
    }

    /// One after the other.
    public static float[] concatenate(float[]... parts) {
        int length = 0;
        for (float[] part : parts) {
            length += part.length;
        }
        float[] whole = new float[length];
        int at = 0;
        for (float[] part : parts) {
            System.arraycopy(part, 0, whole, at, part.length);
            at += part.length;
        }
        return whole;
    }
}
