package dev.rondo.tables;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.data.DataFormatException;
import dev.rondo.tensor.Shape;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CsvFileTest {
    @TempDir
    Path folder;

    private Path file(String text) throws IOException {
        return Files.writeString(folder.resolve("a.csv"), text);
    }

    @Test
    void columnsHaveTypes() throws IOException {
        Path file = file("""
                \ufeff"id", load ,"kind, of it",rest
                7, -1.5e1 ,warm ,x
                -3,NA," a ""hot""
                one",y
                +12,.5,,
                """.replace("\n", "\r\n") + "\r\n\r\n");
        CsvTable table = CsvFile.of(file).number("load", "NA").text("kind, of it", "").whole("id").read();
        assertEquals(3, table.size());
        assertArrayEquals(new double[] {-15, Double.NaN, 0.5}, table.numbers("load"));
        assertArrayEquals(new long[] {7, -3, 12}, table.wholes("id"));
        assertEquals(List.of("warm ", " a \"hot\"\r\none", ""), table.texts("kind, of it"));
        assertEquals(List.of(2L, 3L, 5L), Stream.of(0, 1, 2).map(table::line).toList());
        assertEquals(0.5, table.rows().get(2).number("load"));
        assertEquals(12, table.rows().get(2).whole("id"));
        assertEquals("", table.rows().get(2).text("kind, of it"));
        assertEquals("CsvRow(line 5, [0.5, , 12])", table.rows().get(2).toString());
    }

    @Test
    void tablesBecomeTensorsAndClasses() throws IOException {
        CsvTable table = CsvFile.of(file("a;b;c\n1;2,5;no\n3;4;yes\n5;6;\n7;8;no\n"))
                .separator(';').number("a").number("b", "2,5").text("c").read();
        assertEquals(Shape.of(4, 2), table.tensor("b", "a").shape());
        assertArrayEquals(new float[] {Float.NaN, 1, 4, 3, 6, 5, 8, 7}, table.tensor("b", "a").toFloats());
        CsvTable.Categories classes = table.categories("c");
        assertEquals(List.of("", "no", "yes"), classes.labels());
        assertArrayEquals(new int[] {1, 2, 0, 1}, classes.ids());
        refused("columns: expected rows and columns, got 4 rows and 0 columns", table::tensor);
        refused("column: expected one of type NUMBER of [a NUMBER, b NUMBER, c TEXT], got 'c'", () -> table.numbers("c"));
        refused("column: expected one of type TEXT of", () -> table.texts("a"));
        refused("column: expected one of type WHOLE of", () -> table.rows().getFirst().whole("a"));
        refused("row: expected 0..3, got 4", () -> table.line(4));
        refused("row: expected 0..3, got -1", () -> table.line(-1));
        refused("rows: expected ones of []", () -> new CsvTable(List.of(), table.rows()));
        CsvTable large = CsvFile.of(file("a\n1\n1e39\n")).number("a").read();
        refused("line 3, column a: expected a number of float32, got 1.0E39", () -> large.tensor("a"));
    }

    private static void refused(String message, Runnable call) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, call::run);
        assertTrue(String.valueOf(e.getMessage()).startsWith(message), e.getMessage());
    }

    @Test
    void wrongSettingsAreNamed() {
        CsvFile csv = CsvFile.of(folder.resolve("a.csv"));
        refused("separator: expected neither a quote nor the end of a line, got one", () -> csv.separator('"'));
        refused("separator: expected neither", () -> csv.separator('\n'));
        refused("columns: expected each once, got [a, a]", () -> csv.number("a").text("a"));
        refused("missing: expected none for whole numbers, which have no value for it, got [NA]",
                () -> new Column("a", Column.Type.WHOLE, Set.of("NA")));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            ``                   | expected a line with the names of columns, got none
            ;;                   | expected a line with the names of columns, got none
            x,Y;1,2;             | line 1: expected one column 'y', got 'x', 'Y'
            y,x,y;1,2,3;         | line 1: expected one column 'y', got 2 of them in 'y', 'x', 'y'
            x,y;1,2;3;4,5;       | line 3: expected 2 cells as in the first line, got 1
            x,y;1,2;3,4,5;       | line 3: expected 2 cells as in the first line, got 3
            x,y;1,2;;;3,4;       | line 3: expected 2 cells as in the first line, got an empty line
            y;2;;3;              | line 3: expected 1 cell as in the first line, got an empty line
            x,y;1,2;3,;          | line 3, column y: expected a finite number, got an empty cell
            x,y;1,"1,5";         | line 2, column y: expected a finite number, got '1,5'
            y;1;NaN;             | line 3, column y: expected a finite number, got 'NaN'
            y;1e999;             | line 2, column y: expected a finite number, got '1e999'
            y;0x1p3;             | line 2, column y: expected a finite number, got '0x1p3'
            y;1;-;               | line 3, column y: expected a finite number, got '-'
            x,y;"a;b",1;c,2;d,?; | line 5, column y: expected a finite number, got '?'
            x,y;1,2;"3,4;5,6;    | behind line 2: expected CSV, got: Unclosed quoted field at end of input (record starting at line 3)""")
    void aWrongFileIsNamedWithLineAndColumn(String text, String message) throws IOException {
        Path file = file(text.replace(';', '\n'));
        DataFormatException e = assertThrows(DataFormatException.class, () -> CsvFile.of(file).number("y").read());
        assertEquals(file + ": " + message, e.getMessage());
    }

    /// A cell of a million digits is read once, and not shown whole.
    @Test
    void aLongCellIsNamedAtOnce() throws IOException {
        String digits = "1".repeat(1_000_000);
        Path file = file("y\n" + digits + "x\n");
        DataFormatException e = assertThrows(DataFormatException.class, () -> CsvFile.of(file).number("y").read());
        assertEquals(file + ": line 2, column y: expected a finite number, got '" + digits.substring(0, 60) + "...'",
                e.getMessage());
        double[] small = CsvFile.of(file("y\n0." + digits + "\n.5e-1\n1.e2\n+7\n")).number("y").read().numbers("y");
        assertArrayEquals(new double[] {1.0 / 9, 0.05, 100, 7}, small);
    }

    @ParameterizedTest
    @CsvSource({"1.0", "''", "9223372036854775808", "-9223372036854775809", "1e3", "99999999999999999999999999999999"})
    void whatIsNoWholeNumberIsNamed(String cell) throws IOException {
        Path file = file("n,m\n9223372036854775807,1\n-9223372036854775808,2\n" + cell + ",3\n");
        DataFormatException e = assertThrows(DataFormatException.class, () -> CsvFile.of(file).whole("n").read());
        assertEquals(file + ": line 4, column n: expected a whole number of 64 bits, got "
                + (cell.isEmpty() ? "an empty cell" : "'" + cell + "'"), e.getMessage());
        Files.writeString(file, "n,m\n9223372036854775807,1\n-9223372036854775808,2\n");
        assertArrayEquals(new long[] {Long.MAX_VALUE, Long.MIN_VALUE}, CsvFile.of(file).whole("n").read().wholes("n"));
    }

    @Test
    void whatIsNoTextIsNamed() throws IOException {
        Path file = folder.resolve("a.csv");
        Files.write(file, new byte[] {'y', '\n', '1', '\n', (byte) 0xff, '\n'});
        DataFormatException e = assertThrows(DataFormatException.class, () -> CsvFile.of(file).number("y").read());
        assertTrue(e.getMessage().endsWith("expected text in UTF-8, got other bytes"), e.getMessage());
        DataFormatException none =
                assertThrows(DataFormatException.class, () -> CsvFile.of(folder).number("y").read());
        assertEquals(folder + ": expected a file, got a folder", none.getMessage());
        assertThrows(NoSuchFileException.class, () -> CsvFile.of(folder.resolve("none")).number("y").read());
        Path zip = Files.writeString(folder.resolve("b.csv.gz"), "y\n1\n");
        assertTrue(assertThrows(DataFormatException.class, () -> CsvFile.of(zip).number("y").read())
                .getMessage().contains("byte 0: expected a gzip file, as its name tells"));
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(zip))) {
            out.write("y\n1\n2\n".getBytes(StandardCharsets.UTF_8));
        }
        assertArrayEquals(new double[] {1, 2}, CsvFile.of(zip).number("y").read().numbers("y"));
        byte[] whole = Files.readAllBytes(zip);
        Files.write(zip, Arrays.copyOf(whole, whole.length - 9));
        assertTrue(assertThrows(DataFormatException.class, () -> CsvFile.of(zip).number("y").read())
                .getMessage().contains("expected more of a gzip file"));
    }

    /// Rows are read as they are taken: what is wrong behind them does not hinder.
    @Test
    void rowsComeOneByOne() throws IOException {
        Path file = file("y\n" + "1.25\n".repeat(200_000) + "wrong\n");
        try (Stream<CsvRow> rows = CsvFile.of(file).number("y").rows()) {
            assertEquals(250_000 - 1.25, rows.limit(199_999).mapToDouble(row -> row.number("y")).sum());
        }
        try (Stream<CsvRow> rows = CsvFile.of(file).number("y").rows()) {
            UncheckedIOException e = assertThrows(UncheckedIOException.class, rows::toList);
            assertEquals(file + ": line 200002, column y: expected a finite number, got 'wrong'", e.getCause().getMessage());
        }
        try (Stream<CsvRow> rows = CsvFile.of(file("y\n1\n\n")).number("y").rows()) {
            Iterator<CsvRow> iterator = rows.iterator();
            assertEquals(1, iterator.next().number("y"));
            assertThrows(NoSuchElementException.class, iterator::next);
        }
    }

    @Test
    void anyByteMayBeChanged() throws IOException {
        byte[] valid = "id,\"load, kW\",kind\n1,2.5,a\n2,NA,\"b\n\"\n3,-1e3,c\n".getBytes(StandardCharsets.UTF_8);
        long seed = 20261126;
        SplittableRandom random = new SplittableRandom(seed);
        Path file = folder.resolve("any.csv");
        int refused = 0;
        for (int i = 0; i < 1_000; i++) {
            byte[] bytes = valid.clone();
            for (int changes = random.nextInt(1, 4); changes > 0; changes--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            Files.write(file, bytes);
            try {
                CsvFile.of(file).whole("id").number("load, kW", "NA").text("kind").read();
            } catch (DataFormatException e) {
                refused++;
            } catch (IOException | RuntimeException | Error e) {
                throw new AssertionError("seed " + seed + ", mutation " + i, e);
            }
        }
        assertTrue(refused > 300, refused + " refused");
    }
}
