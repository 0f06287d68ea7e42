package dev.rondo.benchmarks.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Results on their way into files and tables.
class ResultsTest {
    @TempDir
    private Path folder;

    private static Row row(String implementation, String workload, String pass, int threads, double median) {
        return new Row("kernels", workload, "LSTM", pass, threads, "avx2", implementation, "1.2", median, median - 1,
                median + 1, Double.NaN, 12.5, 50, Double.NaN, true);
    }

    @Test
    void jsonHoldsExactlyTheFields() throws Exception {
        Path file = folder.resolve("results.json");
        ResultsFile.write(file, List.of(row("rondo", "M2", "inference", 2, 123.4567891)));

        assertEquals("""
                [
                  {
                    "suite": "kernels",
                    "workload": "M2",
                    "cell": "LSTM",
                    "pass": "inference",
                    "threads": 2,
                    "isa": "avx2",
                    "implementation": "rondo",
                    "version": "1.2",
                    "medianMicros": 123.4568,
                    "minMicros": 122.4568,
                    "maxMicros": 124.4568,
                    "p99Micros": null,
                    "gflops": 12.5,
                    "floorMicros": 50.0,
                    "timesRondo": null,
                    "checked": true
                  }
                ]""", Files.readString(file));
    }

    @Test
    void whatWasWrittenIsRead() throws Exception {
        Path file = folder.resolve("results.json");
        List<Row> rows = List.of(
                row("rondo", "M2", "inference", 2, 123.25).p99(150.5),
                new Row("kernels", "M2", "LSTM", "inference", 2, "own", "bad", "", Double.NaN, Double.NaN, Double.NaN,
                        Double.NaN, Double.NaN, 50, Double.NaN, false));
        ResultsFile.write(file, rows);

        assertEquals(rows, ResultsFile.read(file));
        Files.writeString(file, Files.readString(file).replaceAll(".*timesRondo.*\n", ""));
        assertEquals(rows, ResultsFile.read(file), "of a version without ratios");
    }

    @Test
    void whatIsNoResultsIsRefusedWithItsPlace() throws Exception {
        Path file = folder.resolve("results.json");
        for (String text : List.of("{}", "[1]", "[{}]", "[{\"suite\": {}}]", "[{\"suite\": 3}]", "nonsense", "")) {
            Files.writeString(file, text);
            IOException e = assertThrows(IOException.class, () -> ResultsFile.read(file), text);
            assertTrue(e.getMessage().contains("results.json"), e.getMessage());
        }
    }

    @Test
    void medianAndMean() {
        assertEquals(3, Statistics.median(5, 1, 3));
        assertEquals(2.5, Statistics.median(4, 1, 3, 2));
        assertEquals(7, Statistics.median(List.of(7.0)));
        assertThrows(IllegalArgumentException.class, Statistics::median);
        assertEquals(2, Statistics.geometricMean(List.of(1.0, 4.0)), 1e-12);
    }

    @Test
    void standingsCompareWithTheBestThatIsRight() {
        Row wrong = new Row("kernels", "M2", "LSTM", "inference", 1, "own", "naive", "", Double.NaN, Double.NaN,
                Double.NaN, Double.NaN, Double.NaN, 50, Double.NaN, false);
        List<Standing> standings = Standing.of(List.of(
                row("rondo", "M2", "inference", 1, 100), row("onednn", "M2", "inference", 1, 110),
                row("pytorch", "M2", "inference", 1, 130), row("rondo-avx2", "M2", "inference", 1, 90), wrong));

        assertEquals(1, standings.size());
        assertEquals("onednn", standings.getFirst().best().orElseThrow().implementation());
        assertEquals(1.3, standings.getFirst().ratio("pytorch").orElseThrow(), 1e-12);
        assertTrue(standings.getFirst().ratio("naive").isEmpty());
    }

    @Test
    void ratiosAreOfTheSameTurnsWhereThereAreSome() {
        Standing standing = Standing.of(List.of(
                row("rondo", "M2", "inference", 1, 100), row("onednn", "M2", "inference", 1, 90).timesRondo(1.2),
                row("naive", "M2", "inference", 1, 110))).getFirst();

        assertEquals(1.2, standing.ratio("onednn").orElseThrow());
        assertEquals("naive", standing.best().orElseThrow().implementation());
    }

    @Test
    void targetsTakeTheBetterNumberOfThreadsOfSteps() {
        List<Standing> standings = Standing.of(List.of(
                row("rondo", "ST64", "step", 1, 10), row("rondo", "ST64", "step", 2, 8),
                row("naive", "ST64", "step", 1, 9), row("naive", "ST64", "step", 2, 12)));
        Target steps = Target.ALL.stream().filter(target -> target.pass().equals("step")).findFirst().orElseThrow();

        Target.Result result = steps.result(standings).orElseThrow();
        assertEquals(9.0 / 8, result.least(), 1e-12);
        assertTrue(result.isMet());
        assertTrue(Target.ALL.getFirst().result(standings).isEmpty());
    }

    @Test
    void aPeerFarFromItsBestIsBroken() {
        BestPeers best = BestPeers.load();
        // oneDNN's M2 is at 90 % of the floor where it was set up well.
        Row good = row("onednn", "M2", "inference", 1, 70);
        Row bad = row("onednn", "M2", "inference", 1, 80);
        Row another = row("naive", "M2", "inference", 1, 1000);

        assertEquals(List.of(), best.broken(List.of(good, another)));
        assertEquals(1, best.broken(List.of(bad)).size());
        assertEquals("reaches 63 % of the floor at best; where it was set up well, 89 %",
                best.broken(List.of(bad)).getFirst().reason());
    }

    @Test
    void tablesLineUp() {
        TextTable table = new TextTable(List.of("", "time", "<who")).row(List.of("M2", "12.3 ms", "rondo"))
                .row(List.of("ST64", "9.00 us", "x|y"));

        assertEquals(List.of("            time   who", "  M2     12.3 ms   rondo", "  ST64   9.00 us   x|y"),
                table.text().lines().toList());
        assertTrue(table.markdown().contains("| ST64 | 9.00 us | x\\|y |"));
        assertThrows(IllegalArgumentException.class, () -> table.row(List.of("too few")));
    }

    @Test
    void timesHaveThreeDigits() {
        assertEquals(List.of("1.23 us", "12.3 us", "123 us", "1.23 ms", "12.3 s", "120 ns"),
                List.of(Units.time(1.234), Units.time(12.34), Units.time(123.4), Units.time(1234), Units.time(12.34e6),
                        Units.time(0.12)));
    }
}
