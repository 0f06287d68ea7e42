package dev.rondo.benchmarks.suite;

import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Where and how a run was made.
///
/// @param processor its name
/// @param cores how many the run may use
/// @param caches of the first core, `L1d 32K, L2 512K, L3 32768K`
/// @param system kernel and architecture
/// @param java the JDK
/// @param commit of the repository, with a + where files differ from it
/// @param begin when it began
/// @param command as it was given
/// @param loadBefore the load average of a minute, before
/// @param loadAfter after; of a quiet machine about the threads of the last measurements
/// @param limits what it can do at most
record Machine(
        String processor, int cores, String caches, String system, String java, String commit, Instant begin,
        String command, double loadBefore, double loadAfter, Limits limits) {

    /// This machine, now.
    static Machine here(Path root, List<String> arguments) throws IOException, InterruptedException {
        double load = load();
        return new Machine(
                processorHere(), Runtime.getRuntime().availableProcessors(), cachesHere(),
                "%s %s, %s".formatted(
                        System.getProperty("os.name"), System.getProperty("os.version"),
                        System.getProperty("os.arch")),
                "%s %s".formatted(System.getProperty("java.vm.vendor"), Runtime.version()), commitOf(root),
                Instant.now().truncatedTo(ChronoUnit.SECONDS), commandOf(arguments), load,
                load, new Limits(List.of()));
    }

    /// At the end, with what was measured between.
    Machine end(Limits measured) throws IOException {
        return new Machine(
                processor, cores, caches, system, java, commit, begin, command, loadBefore, load(), measured);
    }

    /// As a shell would take it.
    private static String commandOf(List<String> arguments) {
        return arguments.stream()
                .map(word -> word.matches("[\\w.,:=/+-]+") ? word : "'" + word + "'")
                .collect(Collectors.joining(" ", "./rondo bench ", ""))
                .strip();
    }

    private static String processorHere() throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse("unknown");
        }
    }

    private static String cachesHere() throws IOException {
        Path folder = Path.of("/sys/devices/system/cpu/cpu0/cache");
        List<String> caches = new ArrayList<>();
        for (int i = 0; Files.isDirectory(folder.resolve("index" + i)); i++) {
            Path cache = folder.resolve("index" + i);
            String type = text(cache.resolve("type"));
            if (!type.equals("Instruction")) {
                caches.add("L%s%s %s".formatted(
                        text(cache.resolve("level")), type.equals("Data") ? "d" : "", text(cache.resolve("size"))));
            }
        }
        return String.join(", ", caches);
    }

    private static double load() throws IOException {
        return Double.parseDouble(text(Path.of("/proc/loadavg")).split(" ")[0]);
    }

    private static String text(Path file) throws IOException {
        return Files.readString(file).strip();
    }

    private static String commitOf(Path root) throws IOException, InterruptedException {
        String commit = git(root, "rev-parse", "--short=10", "HEAD");
        return commit.isEmpty() ? "unknown" : commit + (git(root, "status", "--porcelain").isEmpty() ? "" : "+");
    }

    private static String git(Path root, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("git", "-C", root.toString()));
        command.addAll(List.of(arguments));
        try {
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            return process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0 ? text : "";
        } catch (IOException e) {
            // No git here.
            return "";
        }
    }

    /// Writes `machine.json`: these fields, and what of the outcome is no row.
    void write(Path file, Outcome outcome) throws IOException {
        try (JsonWriter out = ResultsFile.writer(file)) {
            out.beginObject();
            out.name("processor").value(processor);
            out.name("cores").value(cores);
            out.name("caches").value(caches);
            out.name("system").value(system);
            out.name("java").value(java);
            out.name("commit").value(commit);
            out.name("begin").value(begin.toString());
            out.name("command").value(command);
            out.name("loadBefore").value(loadBefore);
            out.name("loadAfter").value(loadAfter);
            out.name("limits").beginArray();
            for (Limits.Entry entry : limits.entries()) {
                out.beginObject();
                out.name("what").value(entry.what());
                out.name("threads").value(entry.threads());
                out.name("median").value(entry.median());
                out.name("min").value(entry.min());
                out.name("max").value(entry.max());
                out.name("unit").value(entry.unit());
                out.endObject();
            }
            out.endArray();
            out.name("notMeasured").beginArray();
            for (Outcome.Note note : outcome.notes()) {
                out.beginObject();
                out.name("implementation").value(note.implementation());
                out.name("work").value(note.work());
                out.name("kind").value(note.kind().name().toLowerCase(Locale.ROOT));
                out.name("reason").value(note.reason());
                out.endObject();
            }
            out.endArray();
            out.name("facts").beginArray();
            for (Outcome.Fact fact : outcome.facts()) {
                out.beginObject();
                out.name("implementation").value(fact.implementation());
                out.name("what").value(fact.what());
                out.name("value").value(fact.value());
                out.name("unit").value(fact.unit());
                out.endObject();
            }
            out.endArray();
            out.endObject();
        }
    }
}
