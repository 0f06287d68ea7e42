package dev.rondo.benchmarks.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.benchmarks.peer.Cell;
import dev.rondo.benchmarks.peer.Model;
import dev.rondo.benchmarks.peer.Pass;
import dev.rondo.benchmarks.suite.Limits.Reading;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Floors against what a pencil gives, on a machine of 100 GFLOP/s a thread that reads 16 KiB at 200 GB/s, 1 MiB at
/// 100 GB/s and 16 MiB at 20 GB/s a thread.
class FloorTest {
    private static final Limits LIMITS = Limits.of(List.of(
            new Reading("fma.avx2", 1, 100, "GFLOP/s"), new Reading("fma.avx2", 2, 200, "GFLOP/s"),
            new Reading("fma.avx512", 1, 90, "GFLOP/s"),
            new Reading("read.16KiB", 1, 200, "GB/s"), new Reading("read.16KiB", 2, 400, "GB/s"),
            new Reading("read.1024KiB", 1, 100, "GB/s"), new Reading("read.1024KiB", 2, 200, "GB/s"),
            new Reading("read.16384KiB", 1, 20, "GB/s"), new Reading("read.16384KiB", 2, 40, "GB/s")));

    private static Task layer(Cell cell, String shape, Pass pass, int threads) {
        return new Task(Suite.KERNELS, shape, new Task.Layer(cell, LayerShape.named(shape), false), pass, threads);
    }

    @Test
    void arithmeticBoundInference() {
        // M2, LSTM: 2 * 32 * 100 * 1024 * 512 = 3.355 GFLOP, half of them the recurrence: 32 rows use each of 262,144
        // weights, 16.8 MFLOP a step, 168 us; its MiB is read in 10 us.
        assertEquals(33_554.432, Floor.micros(layer(Cell.LSTM, "M2", Pass.INFERENCE, 1), LIMITS), 1e-6);
        assertEquals(16_777.216, Floor.micros(layer(Cell.LSTM, "M2", Pass.INFERENCE, 2), LIMITS), 1e-6);
        assertEquals(3 * 33_554.432, Floor.micros(layer(Cell.LSTM, "M2", Pass.TRAINING, 1), LIMITS), 1e-6);
        assertEquals(0.75 * 33_554.432, Floor.micros(layer(Cell.GRU_RESET_AFTER, "M2", Pass.INFERENCE, 1), LIMITS),
                1e-6);
    }

    @Test
    void bandwidthBoundInference() {
        // S2, LSTM: the projection is 52.4 MFLOP, 524 us; a step's recurrence is 5.24 us of arithmetic, but reads 1 MiB
        // at 100 GB/s: 10.49 us.
        double projection = 2.0 * 100 * 1024 * 256 / 100e3;
        double step = 1_048_576 / 100e3;
        assertEquals(projection + 100 * step, Floor.micros(layer(Cell.LSTM, "S2", Pass.INFERENCE, 1), LIMITS), 1e-6);
        // Training: the projection three times, the walk twice, the recurrent weights' gradient at the peak.
        assertEquals(3 * projection + 2 * 100 * step + projection,
                Floor.micros(layer(Cell.LSTM, "S2", Pass.TRAINING, 1), LIMITS), 1e-6);
    }

    @Test
    void aStepReadsBothWeights() {
        // ST256, LSTM: 1024 * 512 floats are 2 MiB, between 1 MiB and 16 MiB a quarter of the way: 80 GB/s.
        assertEquals(2_097_152 / 80e3, Floor.micros(layer(Cell.LSTM, "ST256", Pass.STEP, 1), LIMITS), 1e-6);
        // On two threads each reads 1 MiB, together at 200 GB/s.
        assertEquals(2_097_152 / 200e3, Floor.micros(layer(Cell.LSTM, "ST256", Pass.STEP, 2), LIMITS), 1e-6);
    }

    @Test
    void networks() {
        // Forecaster: LSTM 64 on 1 and on 64 features, 3200 steps; dense: 32 rows of 64.
        Task task = new Task(
                Suite.MODELS, "forecaster", new Task.Network(Model.FORECASTER, 32, 100), Pass.INFERENCE, 1);
        double flops = 3200 * (2.0 * 256 * 65 + 2.0 * 256 * 128) + 2.0 * 32 * 64;
        assertEquals(flops, task.flops());
        assertEquals(flops / 100e3, Floor.micros(task, LIMITS), 1e-6);
    }

    @Test
    void raggedTokensCountOnce() {
        Task ragged = new Task(Suite.LENGTHS, "M2-ragged",
                new Task.Layer(Cell.LSTM, LayerShape.named("M2"), true), Pass.INFERENCE, 1);
        assertTrue(ragged.tokens() > 32 && ragged.tokens() < 3200, ragged.tokens() + " tokens");
        assertEquals(2.0 * 1024 * 512 * ragged.tokens(), ragged.flops());
        assertEquals(ragged.flops() / 100e3, Floor.micros(ragged, LIMITS), 1e-6);
    }

    @Test
    void limitsOfOtherThreads() {
        assertEquals(100, LIMITS.peak(1).orElseThrow());
        assertEquals(200, LIMITS.peak(3).orElseThrow());
        assertEquals(200, LIMITS.read(1, 1000).orElseThrow());
        assertEquals(20, LIMITS.read(1, 1e9).orElseThrow());
        assertEquals(150, LIMITS.read(1, 128 * 1024).orElseThrow(), 1e-9);
        assertTrue(new Limits(List.of()).peak(1).isEmpty());
        assertTrue(new Limits(List.of()).read(1, 1000).isEmpty());
    }

    @Test
    void theBestPeersAreAllThere() {
        BestPeers best = BestPeers.load();
        assertEquals(72, best.bests().size());
        // M4 by oneDNN: 2 * 128 * 50 * 4096 * 2048 FLOP at 114 GFLOP/s are 941,837 us, of 1,023,005.
        BestPeers.Best m4 = best.bests().stream()
                .filter(entry -> entry.task().toString().equals("kernels M4 LSTM inference 1T"))
                .findFirst()
                .orElseThrow();
        assertEquals("onednn", m4.implementation());
        assertEquals(107_374_182_400.0 / 114e3 / 1_023_005, best.share(m4), 1e-9);
        best.bests().forEach(entry -> assertTrue(
                best.share(entry) > 0.1 && best.share(entry) < 1.1, entry + ": " + best.share(entry)));
    }
}
