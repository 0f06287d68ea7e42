package dev.rondo.benchmarks.suite;

import dev.rondo.Sequential;
import dev.rondo.benchmarks.suite.Outcome.Fact;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Input;
import dev.rondo.layers.Lstm;
import dev.rondo.tensor.Shape;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The suite `startup`: [FirstPrediction] is started again and again and timed from outside, from the start of the
/// process to its prediction; a second start, without a model, tells how long making an engine takes. Native kernels,
/// pure Java, and native kernels with an ahead-of-time cache of classes (JEP 483 and 514), without which that start
/// fails, take turns. The cache is written by a start that is not counted. The model, an LSTM of 64 units on 64 features
/// with a dense layer, is a file of 133 kB; files and classes are in the system's cache after the first start, which is
/// not counted either.
final class Startup {
    private static final int STARTS = 5;
    private static final int SECONDS = 60;
    private static final String NATIVE = "-Drondo.kernels=native";
    private static final String AOT = "rondo-aot"; // as in tables
    private static final double MIB = 1024 * 1024;

    private Startup() {}

    private record Start(double predictedMicros, double engineMicros, double heap, double resident) {}

    /// Starts it so many times each round.
    static Outcome run(int rounds, Path log) throws IOException, InterruptedException {
        Implementation rondo = Catalog.rondo(), java = Catalog.reference();
        Path model = Files.createTempFile("rondo-bench", ".safetensors");
        Path cache = Files.createTempFile("rondo-bench", ".aot");
        Map<Implementation, List<List<Start>>> all = new LinkedHashMap<>();
        all.put(program(rondo.name(), rondo.isa(), NATIVE), new ArrayList<>());
        all.put(program(AOT, rondo.isa(), NATIVE, "-XX:AOTCache=" + cache, "-XX:AOTMode=on"), new ArrayList<>());
        all.put(program(java.name(), java.isa(), "-Drondo.kernels=java"), new ArrayList<>());
        try (Sequential network = Sequential.of(
                Input.features(Shape.TIME, FirstPrediction.FEATURES), Lstm.units(64), Dense.units(1))) {
            network.save(model);
            say(program(AOT, rondo.isa(), NATIVE, "-XX:AOTCacheOutput=" + cache).command(), 2, log, model.toString());
            for (Implementation who : all.keySet()) {
                start(who, model, log);
            }
            for (int round = 0; round < rounds; round++) {
                all.values().forEach(starts -> starts.add(new ArrayList<>()));
                for (int i = 0; i < STARTS; i++) {
                    for (Map.Entry<Implementation, List<List<Start>>> entry : all.entrySet()) {
                        entry.getValue().getLast().add(start(entry.getKey(), model, log));
                    }
                }
            }
        } finally {
            Files.deleteIfExists(model);
            Files.deleteIfExists(cache);
        }
        List<Row> rows = new ArrayList<>();
        List<Fact> facts = new ArrayList<>();
        all.forEach((who, starts) -> {
            rows.add(row(who, "first prediction", starts.stream()
                    .map(round -> median(round.stream().map(Start::predictedMicros).toList())).toList()));
            rows.add(row(who, "engine", starts.stream()
                    .map(round -> median(round.stream().map(Start::engineMicros).toList())).toList()));
            List<Start> each = starts.stream().flatMap(List::stream).toList();
            facts.add(new Fact(who.name(), "Java heap after the first prediction",
                    median(each.stream().map(Start::heap).toList()) / MIB, "MiB"));
            facts.add(new Fact(who.name(), "resident memory after the first prediction",
                    median(each.stream().map(Start::resident).toList()) / MIB, "MiB"));
        });
        return new Outcome(rows, List.of(), facts);
    }

    private static double median(List<Double> values) {
        return Statistics.median(values);
    }

    private static Implementation program(String name, String isa, String... options) {
        List<String> command = new ArrayList<>(List.of(
                Catalog.javaProgram(), "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED"));
        command.addAll(List.of(options));
        command.addAll(List.of("-cp", classPath(), FirstPrediction.class.getName()));
        return new Implementation(name, isa, command, Map.of());
    }

    /// What a program has that predicts with Rondo and does nothing else. The class path of the benchmarks has some twenty
    /// jars before these, in each of which every class would be looked for.
    private static String classPath() {
        return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> {
                    String name = Path.of(entry).getFileName().toString();
                    return !name.endsWith(".jar")
                            || Stream.of("rondo-", "gson-", "jspecify-").anyMatch(name::startsWith);
                })
                .collect(Collectors.joining(File.pathSeparator));
    }

    private static Start start(Implementation who, Path model, Path log) throws IOException, InterruptedException {
        Said predicted = say(who.command(), 2, log, model.toString());
        Said engine = say(who.command(), 1, log);
        return new Start(predicted.firstMicros(), engine.number(0, 1) * 1e-3, predicted.number(1, 1),
                predicted.number(1, 2));
    }

    /// The lines of a program, with names and numbers between tabs, and when the first stood there after its start.
    private record Said(List<String> lines, double firstMicros) {
        double number(int line, int column) {
            return Double.parseDouble(lines.get(line).split("\t")[column]);
        }
    }

    /// @param lines so many at least, behind which the JVM may say what it did
    private static Said say(List<String> program, int lines, Path log, String... arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(program);
        command.addAll(List.of(arguments));
        long begin = System.nanoTime();
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
        PeerProcess.endAfter(process, SECONDS);
        try (BufferedReader out =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            List<String> said = new ArrayList<>();
            String first = out.readLine();
            double micros = (System.nanoTime() - begin) * 1e-3;
            for (String line = first; line != null; line = out.readLine()) {
                said.add(line);
            }
            if (process.waitFor() != 0 || said.size() < lines) {
                throw new IOException("startup: the program failed, see " + log);
            }
            return new Said(said, micros);
        }
    }

    private static Row row(Implementation who, String workload, List<Double> micros) {
        return Row.of(Suite.STARTUP, workload, "startup", who, micros);
    }
}
