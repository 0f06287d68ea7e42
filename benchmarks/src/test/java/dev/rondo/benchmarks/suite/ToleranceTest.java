package dev.rondo.benchmarks.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.benchmarks.peer.Cell;
import dev.rondo.benchmarks.peer.Data;
import dev.rondo.benchmarks.peer.Pass;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ToleranceTest {
    private static final Task TASK = new Task(
            Suite.KERNELS, "S1", new Task.Layer(Cell.LSTM, LayerShape.named("S1"), false), Pass.INFERENCE, 1);

    @TempDir
    private Path expected;

    @TempDir
    private Path actual;

    @Test
    void theBoundGrowsWithWhatIsSummed() {
        assertEquals(1e-5 + 128 * Math.ulp(1f), Tolerance.of(TASK, "y"), 1e-12);
        assertEquals(1e-5 + (128 + 256) * Math.ulp(1f), Tolerance.of(TASK, "dx"), 1e-12);
        assertEquals(1e-5 + (128 + 256 + 100) * Math.ulp(1f), Tolerance.of(TASK, "dweightHh"), 1e-12);
    }

    @Test
    void roundingPassesAndMoreDoesNot() {
        float[] right = {1, -2, 0.5f};
        assertEquals(Optional.empty(), Tolerance.mistake(TASK, "y", right, right.clone()));
        assertEquals(Optional.empty(), Tolerance.mistake(TASK, "y", right, new float[] {1, -2.00002f, 0.5f}));
        assertEquals("y[2] is 0.501000 instead of 0.500000 (allowed: 5.1e-05)",
                Tolerance.mistake(TASK, "y", right, new float[] {1, -2.0001f, 0.501f}).orElseThrow());
    }

    @Test
    void nanDoesNotPass() {
        assertTrue(Tolerance.mistake(TASK, "y", new float[] {1, 2}, new float[] {1, Float.NaN}).isPresent());
        assertTrue(Tolerance.mistake(TASK, "y", new float[] {1, Float.NaN}, new float[] {1, 2}).isPresent());
        assertTrue(Tolerance.mistake(TASK, "y", new float[] {1, 2}, new float[] {1, Float.POSITIVE_INFINITY})
                .isPresent());
    }

    @Test
    void aFileThatIsMissingOrTooShortIsWrong() throws Exception {
        Data.write(expected, "y", new float[] {1, 2});
        assertEquals(Optional.of("y is missing"), Tolerance.mistake(TASK, expected, actual));
        Data.write(actual, "y", new float[] {1});
        assertTrue(Tolerance.mistake(TASK, expected, actual).orElseThrow().contains("expected 8 bytes, got 4"));
        Data.write(actual, "y", new float[] {1, 2});
        assertEquals(Optional.empty(), Tolerance.mistake(TASK, expected, actual));
    }
}
