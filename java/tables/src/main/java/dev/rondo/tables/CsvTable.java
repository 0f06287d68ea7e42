package dev.rondo.tables;

import dev.rondo.tensor.Tensor;
import java.util.Collections;
import java.util.List;
import java.util.TreeSet;

/// The rows of a CSV file in memory. Made by [CsvFile#read()]. Immutable; arrays that it gives are the caller's own.
///
/// @param columns that were asked for
/// @param rows in the order of the file
public record CsvTable(List<Column> columns, List<CsvRow> rows) {
    /// @throws IllegalArgumentException if a row is of other columns
    public CsvTable {
        columns = List.copyOf(columns);
        rows = List.copyOf(rows);
        for (CsvRow row : rows) {
            if (!row.columns().equals(columns)) {
                throw new IllegalArgumentException(
                        "rows: expected ones of %s, got one of %s".formatted(columns, row.columns()));
            }
        }
    }

    /// A text for each class, and the class of each row.
    ///
    /// @param labels in the order of their ids, which is that of [String#compareTo]
    /// @param ids `[N]`, in `0..labels.size()-1`
    public record Categories(List<String> labels, int[] ids) {}

    /// How many rows there are, N.
    public int size() {
        return rows.size();
    }

    /// The line of the file in which a row begins, from 1.
    ///
    /// @throws IllegalArgumentException if there is no such row
    public long line(int row) {
        if (row < 0 || row >= size()) {
            throw new IllegalArgumentException("row: expected 0..%d, got %d".formatted(size() - 1, row));
        }
        return rows.get(row).line();
    }

    /// A column of numbers, `[N]`; NaN where one is missing.
    ///
    /// @throws IllegalArgumentException if no such column of numbers was asked for
    public double[] numbers(String column) {
        int place = CsvRow.place(columns, column, Column.Type.NUMBER);
        return rows.stream().mapToDouble(row -> (Double) row.value(place)).toArray();
    }

    /// A column of whole numbers, `[N]`.
    ///
    /// @throws IllegalArgumentException if no such column of whole numbers was asked for
    public long[] wholes(String column) {
        int place = CsvRow.place(columns, column, Column.Type.WHOLE);
        return rows.stream().mapToLong(row -> (Long) row.value(place)).toArray();
    }

    /// A column of texts, of N; empty where one is missing.
    ///
    /// @throws IllegalArgumentException if no such column of texts was asked for
    public List<String> texts(String column) {
        int place = CsvRow.place(columns, column, Column.Type.TEXT);
        return rows.stream().map(row -> (String) row.value(place)).toList();
    }

    /// The different texts of a column as classes: a missing one is a class of its own, with an empty label.
    ///
    /// @throws IllegalArgumentException if no such column of texts was asked for
    public Categories categories(String column) {
        List<String> texts = texts(column);
        List<String> labels = List.copyOf(new TreeSet<>(texts));
        int[] ids = texts.stream().mapToInt(text -> Collections.binarySearch(labels, text)).toArray();
        return new Categories(labels, ids);
    }

    /// Columns of numbers side by side, as a model takes them.
    ///
    /// @return float32 `[N,F]`; NaN where a number is missing
    /// @throws IllegalArgumentException if there is no row or no column, a column of numbers was not asked for, or a
    ///     number is too large for float32; the message names the line
    public Tensor tensor(String... columns) {
        if (size() == 0 || columns.length == 0) {
            throw new IllegalArgumentException("columns: expected rows and columns, got %d rows and %d columns"
                    .formatted(size(), columns.length));
        }
        float[] x = new float[Math.multiplyExact(size(), columns.length)];
        for (int f = 0; f < columns.length; f++) {
            double[] numbers = numbers(columns[f]);
            for (int row = 0; row < numbers.length; row++) {
                float value = (float) numbers[row];
                if (Float.isInfinite(value)) {
                    throw new IllegalArgumentException("line %d, column %s: expected a number of float32, got %s"
                            .formatted(line(row), columns[f], numbers[row]));
                }
                x[row * columns.length + f] = value;
            }
        }
        return Tensor.of(x, size(), columns.length);
    }
}
