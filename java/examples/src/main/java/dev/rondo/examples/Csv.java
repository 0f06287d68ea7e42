package dev.rondo.examples;

import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.NamedCsvRecord;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/// Reads columns of numbers.
final class Csv {
    private Csv() {}

    /// One column of a CSV file whose first line names the columns.
    ///
    /// @throws IOException if it cannot be read
    static double[] column(Path file, String name) throws IOException {
        try (CsvReader<NamedCsvRecord> records = CsvReader.builder().ofNamedCsvRecord(file)) {
            return records.stream()
                    .mapToDouble(row -> Double.parseDouble(row.getField(name)))
                    .toArray();
        }
    }

    /// Some columns, each `[rows]`.
    ///
    /// @throws IOException if it cannot be read
    static double[][] columns(Path file, List<String> names) throws IOException {
        double[][] columns = new double[names.size()][];
        for (int i = 0; i < columns.length; i++) {
            columns[i] = column(file, names.get(i));
        }
        return columns;
    }
}
