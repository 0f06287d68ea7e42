package dev.rondo.benchmarks.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The command line, as far as it measures nothing.
class BenchCommandTest {
    @TempDir
    private Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... arguments) {
        return BenchCommand.run(folder, new PrintWriter(out), new PrintWriter(err), arguments);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "kernals | SUITE",
        "--peers cudnn | --peers: expected onnxruntime, onednn, pytorch, djl, tensorflow, dl4j, naive",
        "--threads 0 | --threads: expected numbers from 1 to 256, got [0]",
        "--threads two | --threads",
        "--shape 1,2,3 | --shape: expected four whole numbers B,T,I,H, got '1,2,3'",
        "--shape 1,2,3,0 | --shape: shape: expected B,T,I,H of at least 1 each, got 1,2,3,0",
        "--filter ( | --filter",
        "kernels --filter nothing-like-it | --filter: finds no task: 'nothing-like-it'",
        "--isa sse | --isa: this machine runs",
        "--rounds 0 | --rounds: expected at least 1, got 0",
        "--minutes 0 | --minutes: expected at least 1, got 0",
        "--compare a.json | --compare",
        "--nonsense | --nonsense",
    })
    void aWrongCommandLineIsOneLineAndTwo(String line, String said) {
        assertEquals(2, run(line.split(" ")), err.toString());
        assertEquals(1, err.toString().lines().count(), err.toString());
        assertTrue(err.toString().startsWith("rondo bench: ") && err.toString().contains(said), err.toString());
        assertEquals("", out.toString());
    }

    @Test
    void helpNamesEverySuite() {
        assertEquals(0, run("--help"));
        for (Suite suite : Suite.values()) {
            assertTrue(out.toString().contains("  " + suite.id() + " "), out.toString());
        }
        assertTrue(out.toString().lines().allMatch(line -> line.length() <= 100), out.toString());
    }

    @Test
    void comparingFilesThatAreNotThereIsOneLineAndOne() {
        assertEquals(1, run("--compare", "no.json", "none.json"));
        assertEquals("rondo bench: no.json: there is no such file or folder", err.toString().strip());
    }

    @Test
    void comparingFindsTheSlowerRow() throws Exception {
        Row before = new Row("kernels", "M2", "LSTM", "inference", 1, "avx2", "rondo", "1", 100, 99, 101, Double.NaN, 1,
                50, Double.NaN, true);
        Row after = new Row("kernels", "M2", "LSTM", "inference", 1, "avx2", "rondo", "1", 120, 119, 121, Double.NaN, 1,
                50, Double.NaN, true);
        Path a = folder.resolve("a.json");
        Path b = folder.resolve("b.json");
        ResultsFile.write(a, List.of(before));
        ResultsFile.write(b, List.of(after));

        assertEquals(1, run("--compare", a.toString(), b.toString()));
        assertTrue(out.toString().contains("+20.0 %"), out.toString());
        assertEquals(0, run("--compare", b.toString(), a.toString()));
        assertTrue(Files.exists(a));
    }
}
