package dev.rondo.cli;

import dev.rondo.data.Scaler;
import dev.rondo.tables.CsvFile;
import dev.rondo.tables.CsvTable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;

/// A series: one column of numbers of a CSV file.
///
/// @param file where it was read
/// @param column its name
/// @param values one a row, finite
/// @param table where the lines of the rows are told
record SeriesFile(Path file, String column, double[] values, CsvTable table) {

    /// Reads one column of a file.
    ///
    /// @throws IOException as [CsvFile#read()]; the message names the line and the column
    static SeriesFile read(Path file, String column) throws IOException {
        CsvTable table = CsvFile.of(file).number(column).read();
        return new SeriesFile(file, column, table.numbers(column), table);
    }

    /// Fits a scaler to the rows before one.
    ///
    /// @throws IOException if it cannot be, or does not fit the rows from that one on; the message names the line
    Scaler fit(Scaler.Kind kind, int rows) throws IOException {
        checkScaled(kind);
        try {
            return Scaler.fit(kind, Arrays.copyOf(values, rows));
        } catch (IllegalArgumentException e) {
            throw new IOException("%s: column %s, first %d rows: %s".formatted(file, column, rows, e.getMessage()), e);
        }
    }

    /// Makes sure that each value can be scaled so.
    void checkScaled(Scaler.Kind kind) throws IOException {
        for (int row = 0; kind == Scaler.Kind.LOG && row < values.length; row++) {
            if (!(values[row] > 0)) {
                throw new IOException(
                        "%s: line %d, column %s: expected a number above 0, which the scaler log takes, got %s"
                                .formatted(file, table.line(row), column, values[row]));
            }
        }
    }
}
