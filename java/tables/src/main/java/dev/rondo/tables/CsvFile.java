package dev.rondo.tables;

import de.siegmar.fastcsv.reader.CloseableIterator;
import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.CsvRecord;
import de.siegmar.fastcsv.reader.FieldMismatchStrategy;
import dev.rondo.data.DataFormatException;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/// A CSV file (RFC 4180, in UTF-8) whose first line names its columns, and which of them are wanted.
///
/// ```java
/// CsvTable weather = CsvFile.of(file).number("temperature", "NA").text("station").read();
/// try (Stream<CsvRow> rows = CsvFile.of(larger).number("load").rows()) {
///     rows.forEach(row -> add(row.number("load")));
/// }
/// ```
///
/// Every line must have as many cells as the first; columns that are not asked for may hold anything. Space around a
/// cell that is no text, and around a column's name, counts for nothing. Empty lines are ignored at the file's end and
/// nowhere else, where they would hide a gap. A byte order mark in front is skipped, and a file whose name ends with
/// `.gz` is inflated on the way.
///
/// @param file where it lies
/// @param separator between the cells of a line
/// @param columns that are wanted
public record CsvFile(Path file, char separator, List<Column> columns) {
    private static final int BLOCK = 1 << 16;
    private static final int BYTE_ORDER_MARK = 0xfeff;
    private static final int SHOWN = 60;
    // Possessive, so that a long cell is read once.
    private static final Pattern NUMBER =
            Pattern.compile("[+-]?+([0-9]++\\.?+[0-9]*+|\\.[0-9]++)([eE][+-]?+[0-9]++)?+");
    private static final Pattern WHOLE = Pattern.compile("[+-]?[0-9]{1,30}");

    /// @throws IllegalArgumentException if the separator is a quote or ends a line, or a column is there twice
    public CsvFile {
        columns = List.copyOf(columns);
        if (separator == '"' || separator == '\n' || separator == '\r') {
            throw new IllegalArgumentException("separator: expected neither a quote nor the end of a line, got one");
        }
        List<String> names = columns.stream().map(Column::name).toList();
        if (names.stream().distinct().count() < names.size()) {
            throw new IllegalArgumentException("columns: expected each once, got " + names);
        }
    }

    /// With commas between its cells, and no column yet.
    public static CsvFile of(Path file) {
        return new CsvFile(file, ',', List.of());
    }

    /// With another separator, such as `;` or a tab.
    public CsvFile separator(char separator) {
        return new CsvFile(file, separator, columns);
    }

    /// And a column of numbers.
    ///
    /// @param missing cells that stand for none: NaN
    public CsvFile number(String name, String... missing) {
        return with(new Column(name, Column.Type.NUMBER, Set.copyOf(List.of(missing))));
    }

    /// And a column of whole numbers.
    public CsvFile whole(String name) {
        return with(new Column(name, Column.Type.WHOLE, Set.of()));
    }

    /// And a column of texts.
    ///
    /// @param missing cells that stand for none: an empty text
    public CsvFile text(String name, String... missing) {
        return with(new Column(name, Column.Type.TEXT, Set.copyOf(List.of(missing))));
    }

    private CsvFile with(Column column) {
        List<Column> more = new ArrayList<>(columns);
        more.add(column);
        return new CsvFile(file, separator, more);
    }

    /// Reads all rows into memory.
    ///
    /// @throws DataFormatException if the file is none as described, a column is not there or there twice, or a cell is
    ///     not of its type; the message names the line and the column
    /// @throws IOException if it cannot be read
    public CsvTable read() throws IOException {
        try (Stream<CsvRow> rows = rows()) {
            return new CsvTable(columns, rows.toList());
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /// Opens the file, and reads its rows one after another, so that it may be larger than memory.
    ///
    /// @return to be closed after use. Taking a row is an [UncheckedIOException] of what [#read] throws
    /// @throws DataFormatException if the first line does not name each column once
    /// @throws IOException if the file cannot be opened
    public Stream<CsvRow> rows() throws IOException {
        if (Files.isDirectory(file)) {
            throw new DataFormatException(file, "expected a file, got a folder");
        }
        InputStream raw = Files.newInputStream(file);
        try {
            Rows rows = new Rows(file.toString().endsWith(".gz") ? new GZIPInputStream(raw, BLOCK) : raw);
            int traits = Spliterator.ORDERED | Spliterator.NONNULL;
            return StreamSupport.stream(Spliterators.spliteratorUnknownSize(rows, traits), false).onClose(rows::close);
        } catch (ZipException | EOFException e) {
            raw.close();
            throw new DataFormatException(file, "byte 0: expected a gzip file, as its name tells, got another", e);
        } catch (IOException | RuntimeException e) {
            raw.close();
            throw e;
        }
    }

    private DataFormatException problem(long line, String problem) {
        return new DataFormatException(file, "line " + line + ": " + problem);
    }

    /// The rows behind the first line, each checked when it is taken.
    private final class Rows implements Iterator<CsvRow> {
        private final CsvReader<CsvRecord> reader;
        private final CloseableIterator<CsvRecord> records;
        private final int cells;
        /// Where each wanted column is.
        private final int[] places;
        /// The next row, or none where it is not known yet or there is none.
        private Optional<CsvRecord> next = Optional.empty();
        /// The last line that was begun.
        private long line;

        Rows(InputStream input) throws IOException {
            BufferedReader text = new BufferedReader(new InputStreamReader(
                    input, StandardCharsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT)), BLOCK);
            try {
                text.mark(1);
                if (text.read() != BYTE_ORDER_MARK) {
                    text.reset();
                }
            } catch (IOException e) {
                throw named(e);
            }
            // Cells in excess or missing are ours to tell, and so are empty lines.
            reader = CsvReader.builder()
                    .fieldSeparator(separator)
                    .skipEmptyLines(false)
                    .extraFieldStrategy(FieldMismatchStrategy.IGNORE)
                    .missingFieldStrategy(FieldMismatchStrategy.IGNORE)
                    .allowUnclosedQuote(false)
                    .ofCsvRecord(text);
            records = reader.iterator();
            try {
                if (!hasRecord() || isEmpty(next.orElseThrow())) {
                    throw new DataFormatException(file, "expected a line with the names of columns, got none");
                }
                List<String> names = next.orElseThrow().getFields().stream().map(String::strip).toList();
                next = Optional.empty();
                cells = names.size();
                places = columns.stream().map(Column::name).mapToInt(name -> place(name, names)).toArray();
            } catch (UncheckedIOException e) {
                throw e.getCause();
            }
        }

        private int place(String column, List<String> names) {
            int place = names.indexOf(column);
            if (place >= 0 && place == names.lastIndexOf(column)) {
                return place;
            }
            long found = names.stream().filter(column::equals).count();
            String all = names.stream().map(name -> "'" + name + "'").collect(Collectors.joining(", "));
            throw new UncheckedIOException(problem(line, "expected one column '%s', got %s".formatted(
                    column, found == 0 ? all : found + " of them in " + all)));
        }

        /// Reads a record, unless there is one.
        private boolean hasRecord() {
            if (next.isEmpty()) {
                try {
                    if (records.hasNext()) {
                        CsvRecord record = records.next();
                        line = record.getStartingLineNumber();
                        next = Optional.of(record);
                    }
                } catch (CsvParseException e) {
                    throw new UncheckedIOException(new DataFormatException(
                            file, "behind line %d: expected CSV, got: %s".formatted(line, e.getMessage()), e));
                } catch (UncheckedIOException e) {
                    throw new UncheckedIOException(named(Objects.requireNonNull(e.getCause())));
                }
            }
            return next.isPresent();
        }

        private IOException named(IOException e) {
            String place = "behind line " + line + ": ";
            return switch (e) {
                case CharacterCodingException _ ->
                    new DataFormatException(file, place + "expected text in UTF-8, got other bytes", e);
                case ZipException _, EOFException _ ->
                    new DataFormatException(file, place + "expected more of a gzip file, got " + e.getMessage(), e);
                default -> e;
            };
        }

        private static boolean isEmpty(CsvRecord record) {
            return record.getFieldCount() == 1 && record.getField(0).isEmpty();
        }

        @Override
        public boolean hasNext() {
            if (!hasRecord()) {
                return false;
            }
            if (isEmpty(next.orElseThrow())) {
                long empty = line;
                while (hasRecord() && isEmpty(next.orElseThrow())) {
                    next = Optional.empty();
                }
                if (next.isPresent()) {
                    throw new UncheckedIOException(wrongCells(empty, "an empty line"));
                }
            }
            return next.isPresent();
        }

        @Override
        public CsvRow next() {
            if (!hasNext()) {
                throw new NoSuchElementException("expected a row, got the end of " + file);
            }
            CsvRecord record = next.orElseThrow();
            next = Optional.empty();
            if (record.getFieldCount() != cells) {
                throw new UncheckedIOException(wrongCells(line, Integer.toString(record.getFieldCount())));
            }
            Object[] values = new Object[places.length];
            for (int i = 0; i < values.length; i++) {
                values[i] = value(columns.get(i), record.getField(places[i]));
            }
            return new CsvRow(line, columns, values);
        }

        private DataFormatException wrongCells(long at, String got) {
            return problem(at, "expected %d %s as in the first line, got %s".formatted(
                    cells, cells == 1 ? "cell" : "cells", got));
        }

        /// A [Double], a [Long] or a [String].
        private Object value(Column column, String cell) {
            String plain = cell.strip();
            boolean missing = column.missing().contains(plain);
            return switch (column.type()) {
                case NUMBER -> missing ? Double.NaN : number(column, plain);
                case WHOLE -> whole(column, plain);
                case TEXT -> missing ? "" : cell;
            };
        }

        private double number(Column column, String cell) {
            // Java's own notations are none of CSV's.
            if (NUMBER.matcher(cell).matches()) {
                double value = Double.parseDouble(cell);
                if (Double.isFinite(value)) {
                    return value;
                }
            }
            throw wrong(column, "a finite number", cell);
        }

        private long whole(Column column, String cell) {
            if (WHOLE.matcher(cell).matches()) {
                BigInteger value = new BigInteger(cell);
                if (value.bitLength() < Long.SIZE) {
                    return value.longValue();
                }
            }
            throw wrong(column, "a whole number of 64 bits", cell);
        }

        private UncheckedIOException wrong(Column column, String expected, String cell) {
            String shown = cell.length() > SHOWN ? cell.substring(0, SHOWN) + "..." : cell;
            String got = cell.isEmpty() ? "an empty cell" : "'" + shown + "'";
            return new UncheckedIOException(new DataFormatException(
                    file, "line %d, column %s: expected %s, got %s".formatted(line, column.name(), expected, got)));
        }

        void close() {
            try {
                reader.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
