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
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A peer's side of the conversation with the harness: lines on standard input and output, in UTF-8, their fields
/// separated by tabs. What a peer says begins with the field `@rondo`, so that what libraries print is told apart.
///
/// | Asked | Answered |
/// |---|---|
/// | at the start | `hello`, name, version |
/// | `open`, fields of [Workload#of] as `key=value` | `ok`, after the first calls have run and their results are written; `unsupported` and the reason; `failed` and the message |
/// | `time`, ms to warm up, ms to measure, least number of samples | `times` and nanoseconds, one a sample |
/// | `close` | `ok` |
/// | `quit`, or the end of input | the process ends |
///
/// A sample is one call, or the mean of so many calls in a row that together they take [#LEAST_SAMPLE_NANOS], so that
/// the clock's own time does not show: a power of two, found after warming up. Samples end with the time to measure, but
/// not before their least number, and at [#MOST_SAMPLES].
public final class PeerServer {
    /// The shortest time that one look at the clock stands for.
    static final long LEAST_SAMPLE_NANOS = 20_000;
    /// The longest answer.
    static final int MOST_SAMPLES = 10_000;

    private static final int TRIES = 5;

    private final Peer peer;
    private final PrintStream out;
    private final PrintStream log;
    private @Nullable Run run;

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
            case "close" -> {
                closeRun();
                say("ok");
            }
            default -> throw new IllegalArgumentException("expected open, time, close or quit, got " + fields[0]);
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

    private void open(Workload workload) throws UnsupportedWorkloadException {
        closeRun();
        Run opened = peer.open(workload);
        run = opened;
        for (int call = 0; call < workload.checkedCalls(); call++) {
            opened.run();
        }
        opened.results().forEach((name, values) -> Data.write(workload.results(), name, values));
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
