package dev.rondo.benchmarks.peer;

import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/// A peer's side of the conversation with the harness: lines on standard input and output, in UTF-8, their fields
/// separated by tabs. What a peer says begins with the field `@rondo`, so that what libraries print is told apart.
///
/// | Asked | Answered |
/// |---|---|
/// | at the start | `hello`, name, version |
/// | `open`, fields of [Workload#of] as `key=value` | `ok`, after the first calls have run and their results are written; `unsupported` and the reason; `failed` and the message |
/// | `time`, ms to warm up, ms to measure, least number of samples | `times` and nanoseconds, one a sample |
/// | `latency`, threads, ms to measure | `latency`, nanoseconds of single calls (median, 99 %, 99.9 %), their number |
/// | `close` | `ok` |
/// | `quit`, or the end of input | the process ends |
///
/// A sample is one call, or the mean of so many calls in a row that together they take [#LEAST_SAMPLE_NANOS], so that
/// the clock's own time does not show: a power of two, found after warming up. Samples end with the time to measure, but
/// not before their least number, and at [#MOST_SAMPLES].
///
/// Latency is of single calls, each with its own look at the clock (some 25 ns), made by so many threads at once, each
/// with a run of its own of what is open, which warms up for as long as it is then measured.
public final class PeerServer {
    /// The shortest time that one look at the clock stands for.
    static final long LEAST_SAMPLE_NANOS = 20_000;
    /// The longest answer.
    static final int MOST_SAMPLES = 10_000;

    private static final int TRIES = 5;
    /// The most calls of a thread that latency is taken of.
    private static final int MOST_CALLS = 2_000_000;

    private final Peer peer;
    private final PrintStream out;
    private final PrintStream log;
    private @Nullable Run run;
    private @Nullable Workload workload;

    private PeerServer(Peer peer, PrintStream out, PrintStream log) {
        this.peer = peer;
        this.out = out;
        this.log = log;
    }

    /// Serves until the end of standard input. Whatever else prints to [System#out] goes to standard error.
    public static void serve(Peer peer) {
        System.setOut(System.err);
        serve(peer, System.in, new FileOutputStream(FileDescriptor.out), System.err);
    }

    static void serve(Peer peer, InputStream in, OutputStream out, PrintStream log) {
        PeerServer server = new PeerServer(peer, new PrintStream(out, true, StandardCharsets.UTF_8), log);
        try {
            server.converse(new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            server.closeRun();
        }
    }

    private void converse(BufferedReader in) throws IOException {
        say("hello", peer.name(), peer.version());
        for (String line = in.readLine(); line != null && !line.equals("quit"); line = in.readLine()) {
            try {
                answer(line.split("\t", -1));
            } catch (UnsupportedWorkloadException e) {
                say("unsupported", oneLine(String.valueOf(e.getMessage())));
            } catch (RuntimeException | LinkageError | OutOfMemoryError e) {
                // The harness names the failure and goes on with the other peers; where it happened is in the log.
                e.printStackTrace(log);
                closeRun();
                say("failed", oneLine(e.toString()));
            }
        }
    }

    private void answer(String[] fields) throws UnsupportedWorkloadException {
        switch (fields[0]) {
            case "open" -> {
                open(Workload.of(map(fields)));
                say("ok");
            }
            case "time" -> {
                if (fields.length != 4) {
                    throw new IllegalArgumentException("time: expected 3 fields, got " + (fields.length - 1));
                }
                say("times", time(
                        Long.parseLong(fields[1]), Long.parseLong(fields[2]), Integer.parseInt(fields[3])));
            }
            case "latency" -> {
                if (fields.length != 3) {
                    throw new IllegalArgumentException("latency: expected 2 fields, got " + (fields.length - 1));
                }
                say("latency", latency(Integer.parseInt(fields[1]), Long.parseLong(fields[2])));
            }
            case "close" -> {
                closeRun();
                say("ok");
            }
            default -> throw new IllegalArgumentException("expected open, time, latency, close or quit, got " + fields[0]);
        }
    }

    private static Map<String, String> map(String[] fields) {
        Map<String, String> map = new LinkedHashMap<>();
        for (int i = 1; i < fields.length; i++) {
            int equals = fields[i].indexOf('=');
            if (equals < 0) {
                throw new IllegalArgumentException("open: expected key=value, got " + fields[i]);
            }
            map.put(fields[i].substring(0, equals), fields[i].substring(equals + 1));
        }
        return map;
    }

    private void open(Workload asked) throws UnsupportedWorkloadException {
        closeRun();
        Run opened = peer.open(asked);
        run = opened;
        workload = asked;
        for (int call = 0; call < asked.checkedCalls(); call++) {
            opened.run();
        }
        opened.results().forEach((name, values) -> Data.write(asked.results(), name, values));
    }

    private String[] time(long warmUpMillis, long measureMillis, int leastSamples) {
        if (run == null) {
            throw new IllegalStateException("time: nothing is open");
        }
        Run timed = run;
        long begin = System.nanoTime();
        long shortest = Long.MAX_VALUE;
        do {
            shortest = Math.min(shortest, nanos(timed, 1));
        } while (System.nanoTime() - begin < warmUpMillis * 1_000_000);
        int calls = 1;
        while (shortest < LEAST_SAMPLE_NANOS) {
            calls *= 2;
            shortest = shortest(timed, calls);
        }
        double[] samples = new double[MOST_SAMPLES];
        int count = 0;
        begin = System.nanoTime();
        do {
            samples[count++] = (double) nanos(timed, calls) / calls;
        } while (count < MOST_SAMPLES
                && (count < leastSamples || System.nanoTime() - begin < measureMillis * 1_000_000));
        return Arrays.stream(samples, 0, count)
                .mapToObj(sample -> sample == Math.rint(sample) ? Long.toString((long) sample) : Double.toString(sample))
                .toArray(String[]::new);
    }

    private String[] latency(int threads, long measureMillis) {
        if (workload == null) {
            throw new IllegalStateException("latency: nothing is open");
        }
        Workload called = workload;
        CyclicBarrier together = new CyclicBarrier(threads);
        List<Future<long[]>> callers = new ArrayList<>();
        try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
            for (int i = 0; i < threads; i++) {
                callers.add(executor.submit(() -> calls(called, together, measureMillis * 1_000_000)));
            }
            List<long[]> calls = new ArrayList<>();
            for (Future<long[]> caller : callers) {
                calls.add(caller.get());
            }
            long[] sorted = calls.stream().flatMapToLong(Arrays::stream).sorted().toArray();
            return new String[] {
                percentile(sorted, 0.5), percentile(sorted, 0.99), percentile(sorted, 0.999),
                Integer.toString(sorted.length)
            };
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /// One caller's, in nanoseconds.
    private long[] calls(Workload called, CyclicBarrier together, long measureNanos) throws Exception {
        try (Run own = peer.open(called)) {
            long begin = System.nanoTime();
            do {
                own.run();
            } while (System.nanoTime() - begin < measureNanos);
            together.await();
            long[] nanos = new long[MOST_CALLS];
            int count = 0;
            begin = System.nanoTime();
            long former = begin;
            do {
                own.run();
                long now = System.nanoTime();
                nanos[count++] = now - former;
                former = now;
            } while (count < MOST_CALLS && former - begin < measureNanos);
            return Arrays.copyOf(nanos, count);
        } catch (Exception e) {
            // The others must not wait for this one.
            together.reset();
            throw e;
        }
    }

    private static String percentile(long[] sorted, double share) {
        return Long.toString(sorted[Math.min(sorted.length - 1, (int) (sorted.length * share))]);
    }

    private static long shortest(Run run, int calls) {
        long shortest = Long.MAX_VALUE;
        for (int i = 0; i < TRIES; i++) {
            shortest = Math.min(shortest, nanos(run, calls));
        }
        return shortest;
    }

    private static long nanos(Run run, int calls) {
        long begin = System.nanoTime();
        for (int i = 0; i < calls; i++) {
            run.run();
        }
        return System.nanoTime() - begin;
    }

    private void closeRun() {
        if (run != null) {
            Run closing = run;
            run = null;
            workload = null;
            closing.close();
        }
    }

    private void say(String word, String... fields) {
        StringBuilder line = new StringBuilder("@rondo\t").append(word);
        for (String field : fields) {
            line.append('\t').append(field);
        }
        out.print(line.append('\n'));
        out.flush();
    }

    private static String oneLine(String text) {
        return text.replaceAll("\\s+", " ").strip();
    }
}
