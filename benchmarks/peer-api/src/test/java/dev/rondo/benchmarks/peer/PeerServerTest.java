package dev.rondo.benchmarks.peer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PeerServerTest {
    @TempDir
    Path folder;

    private final FakePeer peer = new FakePeer();
    private String layer = "";

    @BeforeEach
    void writeInputs() {
        Data.write(folder, "x", new float[] {1, 2, 3});
        layer = "open\tcell=LSTM\tpass=inference\tthreads=2\tbatch=1\ttime=3\tinput=1\thidden=1\tdata=%s\tresults=%s"
                .formatted(folder, folder);
    }

    /// Doubles x, taking as long as it is told to.
    private static final class FakePeer implements Peer {
        final List<Workload> opened = Collections.synchronizedList(new ArrayList<>());
        long nanos;
        int calls;
        int closed;
        boolean broken;

        @Override
        public String name() {
            return "fake";
        }

        @Override
        public String version() {
            return "1.2";
        }

        @Override
        public Run open(Workload workload) throws UnsupportedWorkloadException {
            if (workload instanceof Workload.Layer layer && layer.cell() == Cell.LSTM_PEEPHOLES) {
                throw new UnsupportedWorkloadException("no\tpeepholes");
            }
            opened.add(workload);
            calls = 0;
            float[] x = Data.floats(workload.data(), "x", workload.time());
            return new Run() {
                @Override
                public void run() {
                    if (broken) {
                        throw new IllegalStateException("broken\nin two lines");
                    }
                    calls++;
                    long end = System.nanoTime() + nanos;
                    while (System.nanoTime() < end) {
                        Thread.onSpinWait();
                    }
                }

                @Override
                public Map<String, float[]> results() {
                    float[] y = x.clone();
                    for (int i = 0; i < y.length; i++) {
                        y[i] *= 2;
                    }
                    return Map.of("y", y, "calls", new float[] {calls});
                }

                @Override
                public void close() {
                    synchronized (FakePeer.this) {
                        closed++;
                    }
                }
            };
        }
    }

    private List<String> serve(String... lines) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        String asked = String.join("\n", lines) + "\n";
        PeerServer.serve(peer, new ByteArrayInputStream(asked.getBytes(StandardCharsets.UTF_8)), out,
                new PrintStream(OutputStream.nullOutputStream()));
        List<String> said = out.toString(StandardCharsets.UTF_8).lines().toList();
        assertEquals("@rondo\thello\tfake\t1.2", said.getFirst());
        return said.subList(1, said.size());
    }

    @Test
    void opensRunsOnceAndWritesResults() {
        assertEquals(List.of("@rondo\tok", "@rondo\tok"), serve(layer, "close", "quit", "never read"));
        assertArrayEquals(new float[] {2, 4, 6}, Data.floats(folder, "y", 3));
        assertArrayEquals(new float[] {1}, Data.floats(folder, "calls", 1));
        assertEquals(
                List.of(new Workload.Layer(Cell.LSTM, Pass.INFERENCE, 2, 1, 3, 1, 1, false, folder, folder)),
                peer.opened);
        assertEquals(1, peer.closed);
    }

    @Test
    void stepsAreChecked() {
        serve(layer.replace("inference", "step"));
        assertArrayEquals(new float[] {3}, Data.floats(folder, "calls", 1));
    }

    @Test
    void updatesAreChecked() {
        assertEquals(List.of("@rondo\tok"),
                serve("open\tmodel=forecaster\tpass=training\tthreads=1\tbatch=1\ttime=3\tdata=%s\tresults=%s"
                        .formatted(folder, folder)));
        assertArrayEquals(new float[] {3}, Data.floats(folder, "calls", 1));
        assertEquals(List.of(new Workload.Network(Model.FORECASTER, Pass.TRAINING, 1, 1, 3, folder, folder)),
                peer.opened);
    }

    @Test
    void aRunIsClosedAtTheEndOfInputAndByTheNext() {
        serve(layer, layer);
        assertEquals(2, peer.closed);
    }

    @Test
    void saysWhatIsUnsupportedAndGoesOn() {
        assertEquals(List.of("@rondo\tunsupported\tno peepholes", "@rondo\tok"),
                serve(layer.replace("LSTM", "LSTM_PEEPHOLES"), layer));
    }

    @Test
    void saysWhatFailedAndGoesOn() {
        peer.broken = true;
        assertEquals(
                List.of("@rondo\tfailed\tjava.lang.IllegalStateException: broken in two lines",
                        "@rondo\tfailed\tjava.lang.IllegalStateException: time: nothing is open",
                        "@rondo\tok"),
                serve(layer, "time\t0\t0\t1", "close"));
        assertEquals(1, peer.closed);
    }

    @Test
    void saysWhatItDoesNotUnderstand() {
        String failed = "@rondo\tfailed\tjava.lang.IllegalArgumentException: ";
        assertEquals(
                List.of(failed + "expected open, time, latency, close or quit, got fly",
                        failed + "open: no field pass among []",
                        failed + "open: expected key=value, got cell",
                        failed + "batch: expected at least 1, got 0",
                        failed + "step: expected a batch of 1 without lengths, got 2",
                        failed + folder.resolve("x.f32") + ": expected 20 bytes, got 12",
                        failed + "time: expected 3 fields, got 1"),
                serve("fly", "open", "open\tcell", layer.replace("batch=1", "batch=0"),
                        layer.replace("batch=1", "batch=2").replace("inference", "step"),
                        layer.replace("time=3", "time=5"), "time\t1"));
    }

    @Test
    void aSampleOfLongCallsIsOneCall() {
        peer.nanos = 1_000_000;
        List<String> said = serve(layer, "time\t3\t10\t1");
        double[] times = times(said.get(1));
        assertTrue(times.length <= 10, said::toString);
        // one checked, 3 ms of warming up at most 3
        assertTrue(peer.calls - times.length <= 4, () -> peer.calls + " calls, " + times.length + " samples");
        assertTrue(Arrays.stream(times).allMatch(nanos -> nanos >= 1_000_000), said::toString);
        assertTrue(said.get(1).matches("@rondo\ttimes(\t[0-9]+)+"), said::toString);
    }

    @Test
    void theLeastNumberOfSamplesIsKept() {
        assertEquals(7, times(serve(layer, "time\t0\t0\t7").get(1)).length);
    }

    @Test
    void aSampleOfShortCallsIsTheMeanOfMany() {
        peer.nanos = 1_000;
        double[] times = times(serve(layer, "time\t10\t10\t1").get(1));
        assertTrue(Arrays.stream(times).allMatch(nanos -> nanos >= 1_000));
        assertTrue(peer.calls >= 8 * times.length, () -> peer.calls + " calls, " + times.length + " samples");
        assertTrue(times.length <= 10_000_000 / 20_000 + 1, () -> times.length + " samples");
    }

    @Test
    void thereAreNoMoreSamplesThanAreUseful() {
        peer.nanos = 25_000;
        assertEquals(PeerServer.MOST_SAMPLES, times(serve(layer, "time\t0\t60000\t1").get(1)).length);
    }

    @Test
    void latencyIsOfSingleCallsOfAllCallers() {
        peer.nanos = 100_000;
        List<String> said = serve(layer, "latency\t2\t20", "close", "latency\t1\t1", "latency\t1");
        String[] fields = said.get(1).split("\t");
        assertEquals(6, fields.length, said::toString);
        long[] numbers = Arrays.stream(fields).skip(2).mapToLong(Long::parseLong).toArray();
        assertEquals("latency", fields[1]);
        assertTrue(numbers[0] >= 100_000 && numbers[0] <= numbers[1] && numbers[1] <= numbers[2], said::toString);
        // two callers of at most 200 calls each, and a last one that was begun in time
        assertTrue(numbers[3] >= 2 && numbers[3] <= 402, said::toString);
        assertEquals(3, peer.closed);
        assertEquals("@rondo\tfailed\tjava.lang.IllegalStateException: latency: nothing is open", said.get(3));
        assertEquals(
                "@rondo\tfailed\tjava.lang.IllegalArgumentException: latency: expected 2 fields, got 1", said.get(4));
    }

    private static double[] times(String line) {
        String[] fields = line.split("\t");
        assertEquals("times", fields[1]);
        return Arrays.stream(fields).skip(2).mapToDouble(Double::parseDouble).toArray();
    }
}
