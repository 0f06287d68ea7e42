package dev.rondo.benchmarks.suite;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/// An implementation's process and the conversation with it: lines of fields separated by tabs. Only those that begin
/// with `@rondo` are for us; what else a library prints to standard output is dropped, and standard error goes to a log.
///
/// Every question has a time limit. A process that exceeds it, says what cannot be understood or ends is killed with its
/// children, and the exception says what happened, with the end of its log where it has one.
final class PeerProcess implements AutoCloseable {
    private static final String MARK = "@rondo\t";
    /// Stands for the end of output; no line contains it.
    private static final String END = "\n";
    private static final int LOG_LINES = 3;
    private static final Duration GOODBYE = Duration.ofSeconds(10);

    private final Process process;
    private final Path log;
    private final OutputStream in;
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    private final Thread hook;
    private final List<String> hello;

    /// What a process says to `open`.
    sealed interface Answer {
        /// It is ready, and has written its results.
        record Ok() implements Answer {}

        /// The library cannot do it.
        record Unsupported(String reason) implements Answer {}

        /// It tried.
        record Failed(String message) implements Answer {}
    }

    /// Percentiles of single calls, in nanoseconds.
    record Latency(double p50, double p99, double p999, long calls) {}

    private PeerProcess(Process process, Path log, Duration limit) throws PeerException {
        this.process = process;
        this.log = log;
        in = process.getOutputStream();
        hook = new Thread(this::kill);
        Runtime.getRuntime().addShutdownHook(hook);
        InputStream out = process.getInputStream();
        Thread.ofVirtual().start(() -> read(out));
        hello = answer("start", limit);
        if (hello.size() != 3 || !hello.getFirst().equals("hello")) {
            throw broken("said '" + String.join(" ", hello) + "' instead of hello, name and version");
        }
    }

    /// Starts it and waits for its greeting.
    ///
    /// @param log where its standard error goes, after what is there
    /// @throws PeerException if it does not start, or does not greet within the limit
    static PeerProcess start(Implementation implementation, Path log, Duration limit) throws PeerException {
        ProcessBuilder builder = new ProcessBuilder(implementation.command())
                .redirectError(Redirect.appendTo(log.toFile()));
        builder.environment().putAll(implementation.environment());
        Process process;
        try {
            process = builder.start();
        } catch (IOException e) {
            throw new PeerException("cannot be started: " + e.getMessage());
        }
        return new PeerProcess(process, log, limit);
    }

    /// Ends a process that is still there after so many seconds; what reads from it then comes to an end, too.
    static void endAfter(Process process, int seconds) {
        process.onExit().completeOnTimeout(process, seconds, TimeUnit.SECONDS).thenAccept(Process::destroyForcibly);
    }

    /// The library's version, as it says.
    String version() {
        return hello.get(2);
    }

    /// Has it make a workload ready, run it and write its results.
    Answer open(Map<String, String> fields, Duration limit) throws PeerException {
        say("open\t" + fields.entrySet().stream()
                .map(field -> field.getKey() + "=" + field.getValue())
                .collect(Collectors.joining("\t")));
        List<String> answer = answer("open", limit);
        String rest = String.join(" ", answer.subList(1, answer.size()));
        return switch (answer.getFirst()) {
            case "ok" -> new Answer.Ok();
            case "unsupported" -> new Answer.Unsupported(rest);
            case "failed" -> new Answer.Failed(rest);
            default -> throw broken("answered open with '" + String.join(" ", answer) + "'");
        };
    }

    /// Has it time what is open.
    ///
    /// @param measureMillis how long to go on, at least until there are so many samples
    /// @return the samples, in nanoseconds
    double[] time(long warmUpMillis, long measureMillis, int leastSamples, Duration limit) throws PeerException {
        say("time\t%d\t%d\t%d".formatted(warmUpMillis, measureMillis, leastSamples));
        double[] times = numbers("times", limit);
        if (times.length < 1 || Arrays.stream(times).anyMatch(time -> !(time > 0))) {
            throw broken("answered time with samples that are none");
        }
        return times;
    }

    /// Has it call what is open from so many threads at once.
    Latency latency(int threads, long millis, Duration limit) throws PeerException {
        say("latency\t%d\t%d".formatted(threads, millis));
        double[] numbers = numbers("latency", limit);
        if (numbers.length != 4) {
            throw broken("answered latency with " + numbers.length + " numbers");
        }
        return new Latency(numbers[0], numbers[1], numbers[2], (long) numbers[3]);
    }

    /// The processor time that it has used, in nanoseconds.
    long processorNanos() {
        return ProcessorTime.nanosOf(process.pid());
    }

    /// Has it free what is open.
    void closeRun(Duration limit) throws PeerException {
        say("close");
        answer("close", limit);
    }

    /// Asks it to end, and ends it if it does not.
    @Override
    public void close() {
        try {
            in.write("quit\n".getBytes(StandardCharsets.UTF_8));
            in.close();
            if (!process.waitFor(GOODBYE)) {
                kill();
            }
        } catch (IOException e) {
            kill();
        } catch (InterruptedException e) {
            kill();
            Thread.currentThread().interrupt();
        }
        unhook();
    }

    private void unhook() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The harness is ending; the hook runs already.
        }
    }

    private void kill() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }

    private double[] numbers(String word, Duration limit) throws PeerException {
        List<String> answer = answer(word, limit);
        if (!answer.getFirst().equals(word)) {
            throw broken("answered with '" + String.join(" ", answer) + "' instead of " + word);
        }
        try {
            return answer.stream().skip(1).mapToDouble(Double::parseDouble).toArray();
        } catch (NumberFormatException e) {
            throw broken("answered with " + word + " that are no numbers");
        }
    }

    private void say(String line) throws PeerException {
        try {
            in.write((line + "\n").getBytes(StandardCharsets.UTF_8));
            in.flush();
        } catch (IOException e) {
            throw gone(line.split("\t", 2)[0]);
        }
    }

    private List<String> answer(String question, Duration limit) throws PeerException {
        String line;
        try {
            line = lines.poll(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw broken("was waited for by a thread that is to end");
        }
        if (line == null) {
            throw broken("hung: no answer to '%s' within %d s".formatted(question, limit.toSeconds()));
        }
        if (line.equals(END)) {
            throw gone(question);
        }
        return List.of(line.split("\t", -1));
    }

    private void read(InputStream out) {
        try (BufferedReader reader = new BufferedReader(new InputStreamReader(out, StandardCharsets.UTF_8))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                if (line.startsWith(MARK)) {
                    lines.add(line.substring(MARK.length()));
                }
            }
        } catch (IOException e) {
            // A killed process's pipe: the same as its end.
        }
        lines.add(END);
    }

    private PeerException gone(String question) {
        String code;
        try {
            code = process.waitFor(GOODBYE) ? exitCode(process.exitValue()) : "output closed";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            code = "interrupted";
        }
        return broken("ended at '%s' (%s)%s".formatted(question, code, logTail()));
    }

    /// 128 and a signal's number is how a killed process ends.
    private static String exitCode(int code) {
        return switch (code) {
            case 128 + 6 -> "aborted";
            case 128 + 9 -> "killed; out of memory, perhaps";
            case 128 + 11 -> "segmentation fault";
            case 128 + 4 -> "illegal instruction";
            default -> "exit code " + code;
        };
    }

    private String logTail() {
        try {
            List<String> text = Files.readString(log, StandardCharsets.ISO_8859_1).lines()
                    .filter(line -> !line.isBlank())
                    .toList();
            String tail = text.stream()
                    .skip(Math.max(0, text.size() - LOG_LINES))
                    .map(String::strip)
                    .collect(Collectors.joining(" | "));
            return tail.isEmpty() ? "" : ": " + tail;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private PeerException broken(String what) {
        kill();
        unhook();
        return new PeerException(what);
    }
}
