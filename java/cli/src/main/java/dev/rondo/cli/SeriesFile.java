package dev.rondo.cli;

import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.CsvRecord;
import de.siegmar.fastcsv.reader.FieldMismatchStrategy;
import dev.rondo.data.Scaler;
import dev.rondo.data.TextCorpus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// A series: one column of a CSV file (RFC 4180, in UTF-8) whose first line names the columns.
///
/// @param file where it was read
/// @param column its name
/// @param values one a row, finite
/// @param lines of the file in which they stand, from 1
record SeriesFile(Path file, String column, double[] values, long[] lines) {

    /// Reads one column of a file. Empty lines are ignored at its end and nowhere else, where they would hide a gap.
    ///
    /// @throws IOException if it cannot be read, there is no such column, a line has more or fewer cells than the
    ///     first, or a value is no finite number; the message names the line and the column
    static SeriesFile read(Path file, String column) throws IOException {
        if (Files.isDirectory(file)) {
            throw new IOException(file + ": expected a file, got a folder");
        }
        String text = TextCorpus.read(file).text();
        // What a spreadsheet may put in front of all.
        String plain = text.startsWith("\ufeff") ? text.substring(1) : text;
        // Cells in excess or missing are ours to tell.
        CsvReader.CsvReaderBuilder builder = CsvReader.builder()
                .skipEmptyLines(false)
                .extraFieldStrategy(FieldMismatchStrategy.IGNORE)
                .missingFieldStrategy(FieldMismatchStrategy.IGNORE);
        try (CsvReader<CsvRecord> reader = builder.ofCsvRecord(plain)) {
            return of(file, column, withoutEnd(reader.stream().toList()));
        } catch (CsvParseException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    private static List<CsvRecord> withoutEnd(List<CsvRecord> records) {
        int count = records.size();
        while (count > 0 && records.get(count - 1).getFields().equals(List.of(""))) {
            count--;
        }
        return records.subList(0, count);
    }

    private static SeriesFile of(Path file, String column, List<CsvRecord> records) throws IOException {
        if (records.isEmpty()) {
            throw new IOException(file + ": expected a line with the names of columns, got none");
        }
        List<String> names = records.getFirst().getFields().stream().map(String::strip).toList();
        int index = indexOf(file, column, names);
        double[] values = new double[records.size() - 1];
        long[] lines = new long[values.length];
        for (int row = 0; row < values.length; row++) {
            CsvRecord line = records.get(row + 1);
            lines[row] = line.getStartingLineNumber();
            if (line.getFieldCount() != names.size()) {
                throw new IOException("%s: line %d: expected %d cells as in the first line, got %d"
                        .formatted(file, lines[row], names.size(), line.getFieldCount()));
            }
            values[row] = number(file, lines[row], column, line.getField(index));
        }
        return new SeriesFile(file, column, values, lines);
    }

    private static int indexOf(Path file, String column, List<String> names) throws IOException {
        int[] found = IntStream.range(0, names.size())
                .filter(i -> names.get(i).equals(column))
                .toArray();
        if (found.length == 1) {
            return found[0];
        }
        String all = names.stream().map(name -> "'" + Screen.printable(name) + "'").collect(Collectors.joining(", "));
        String got = found.length == 0 ? all : found.length + " of them in " + all;
        throw new IOException("%s: line 1: expected one column '%s', got %s"
                .formatted(file, Screen.printable(column), got));
    }

    private static double number(Path file, long line, String column, String cell) throws IOException {
        String text = cell.strip();
        double value = Double.NaN;
        // Java's own notations are none of CSV's.
        if (text.matches("[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?")) {
            value = Double.parseDouble(text);
        }
        if (!Double.isFinite(value)) {
            String got = text.isEmpty() ? "an empty cell" : "'" + Screen.printable(text) + "'";
            throw new IOException("%s: line %d, column %s: expected a finite number, got %s"
                    .formatted(file, line, Screen.printable(column), got));
        }
        return value;
    }

    /// Fits a scaler to the rows before one.
    ///
    /// @throws IOException if it cannot be, or does not fit the rows from that one on; the message names the line
    Scaler fit(Scaler.Kind kind, int rows) throws IOException {
        checkScaled(kind);
        try {
            return Scaler.fit(kind, Arrays.copyOf(values, rows));
        } catch (IllegalArgumentException e) {
            throw new IOException("%s: column %s, first %d rows: %s"
                    .formatted(file, Screen.printable(column), rows, e.getMessage()), e);
        }
    }

    /// Makes sure that each value can be scaled so.
    void checkScaled(Scaler.Kind kind) throws IOException {
        for (int row = 0; kind == Scaler.Kind.LOG && row < values.length; row++) {
            if (!(values[row] > 0)) {
                throw new IOException(
                        "%s: line %d, column %s: expected a number above 0, which the scaler log takes, got %s"
                                .formatted(file, lines[row], Screen.printable(column), values[row]));
            }
        }
    }
}
