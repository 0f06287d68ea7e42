package dev.rondo.benchmarks.suite;

import dev.rondo.Sequential;
import dev.rondo.benchmarks.suite.Outcome.Fact;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Input;
import dev.rondo.layers.Lstm;
import dev.rondo.tensor.Shape;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The suite `startup`: [FirstPrediction] is started again and again and timed from outside, from the start of the
/// process to its prediction. Native kernels, pure Java, and native kernels with an ahead-of-time cache of classes (JEP
/// 483 and 514), without which that start fails, take turns. The cache is written by a start that is not counted. The
/// model, an LSTM of 64 units on 64 features with a dense layer, is a file of 133 kB; files and classes are in the
/// system's cache after the first start, which is not counted either.
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
        all.put(program(rondo.name(), rondo.isa(), model, NATIVE), new ArrayList<>());
        all.put(program(AOT, rondo.isa(), model, NATIVE, "-XX:AOTCache=" + cache, "-XX:AOTMode=on"),
                new ArrayList<>());
        all.put(program(java.name(), java.isa(), model, "-Drondo.kernels=java"), new ArrayList<>());
        try (Sequential network = Sequential.of(
                Input.features(Shape.TIME, FirstPrediction.FEATURES), Lstm.units(64), Dense.units(1))) {
            network.save(model);
            start(program(AOT, rondo.isa(), model, NATIVE, "-XX:AOTCacheOutput=" + cache), log);
            for (Implementation who : all.keySet()) {
                start(who, log);
            }
            for (int round = 0; round < rounds; round++) {
                all.values().forEach(starts -> starts.add(new ArrayList<>()));
                for (int i = 0; i < STARTS; i++) {
                    for (Map.Entry<Implementation, List<List<Start>>> entry : all.entrySet()) {
                        entry.getValue().getLast().add(start(entry.getKey(), log));
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

    private static Implementation program(String name, String isa, Path model, String... options) {
        List<String> command = new ArrayList<>(List.of(
                Catalog.javaProgram(), "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED"));
        command.addAll(List.of(options));
        command.addAll(List.of(
                "-cp", System.getProperty("java.class.path"), FirstPrediction.class.getName(), model.toString()));
        return new Implementation(name, isa, command, Map.of());
    }

    private static Start start(Implementation who, Path log) throws IOException, InterruptedException {
        long begin = System.nanoTime();
        Process process = new ProcessBuilder(who.command())
                .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
        PeerProcess.endAfter(process, SECONDS);
        try (BufferedReader out =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            String predicted = out.readLine();
            double micros = (System.nanoTime() - begin) * 1e-3;
            String memory = out.readLine();
            if (process.waitFor() != 0 || predicted == null || memory == null) {
                throw new IOException("startup: the program failed, see " + log);
            }
            String[] bytes = memory.split("\t");
            return new Start(micros, Double.parseDouble(predicted.split("\t")[1]) * 1e-3,
                    Double.parseDouble(bytes[1]), Double.parseDouble(bytes[2]));
        }
    }

    private static Row row(Implementation who, String workload, List<Double> micros) {
        return Row.of(Suite.STARTUP, workload, "startup", who, micros);
    }
}
