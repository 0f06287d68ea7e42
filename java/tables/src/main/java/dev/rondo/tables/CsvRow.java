package dev.rondo.tables;

import java.util.List;

/// A row of a CSV file: the values of the columns that were asked for. Immutable.
public final class CsvRow {
    private final long line;
    private final List<Column> columns;
    /// A [Double], a [Long] or a [String] for each column, by its type.
    private final Object[] values;

    CsvRow(long line, List<Column> columns, Object[] values) {
        this.line = line;
        this.columns = columns;
        this.values = values;
    }

    /// The line of the file in which it begins, from 1.
    public long line() {
        return line;
    }

    /// The value of a column of numbers; NaN where it is missing.
    ///
    /// @throws IllegalArgumentException if no such column of numbers was asked for
    public double number(String column) {
        return (Double) value(column, Column.Type.NUMBER);
    }

    /// The value of a column of whole numbers.
    ///
    /// @throws IllegalArgumentException if no such column of whole numbers was asked for
    public long whole(String column) {
        return (Long) value(column, Column.Type.WHOLE);
    }

    /// The text of a column of texts; empty where it is missing.
    ///
    /// @throws IllegalArgumentException if no such column of texts was asked for
    public String text(String column) {
        return (String) value(column, Column.Type.TEXT);
    }

    private Object value(String column, Column.Type type) {
        return values[place(columns, column, type)];
    }

    Object value(int place) {
        return values[place];
    }

    List<Column> columns() {
        return columns;
    }

    /// Where a column of a type is among those asked for.
    static int place(List<Column> columns, String name, Column.Type type) {
        for (int i = 0; i < columns.size(); i++) {
            if (columns.get(i).name().equals(name) && columns.get(i).type() == type) {
                return i;
            }
        }
        throw new IllegalArgumentException("column: expected one of type %s of %s, got '%s'".formatted(
                type, columns.stream().map(column -> column.name() + " " + column.type()).toList(), name));
    }

    @Override
    public String toString() {
        return "CsvRow(line " + line + ", " + List.of(values) + ")";
    }
}
