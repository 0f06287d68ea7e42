package dev.rondo.benchmarks.suite;

import dev.rondo.benchmarks.RondoPeer;
import dev.rondo.plan.Engine;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/// The implementations there are, and how their processes are started.
///
/// A peer in Java has a folder `benchmarks/peers/NAME` with `process.properties`: the class `main`, options `jvm`, and
/// `environment.X` for the variable X. Those in C++ are programs of `benchmarks/peers/native`. Both are built by
/// `./rondo build-peer`, which alone downloads what they need.
final class Catalog {
    /// The name of the folder of the programs in C++, and of the one that measures the machine.
    static final String NATIVE = "native";

    /// All peers in the order of tables.
    static final String PEER_NAMES = "onnxruntime, onednn, pytorch, djl, tensorflow, dl4j, naive";
    /// Those of a quick run.
    static final String QUICK_NAMES = "onnxruntime, onednn, pytorch, naive";
    static final List<String> PEERS = List.of(PEER_NAMES.split(", "));

    private static final List<String> QUICK = List.of(QUICK_NAMES.split(", "));
    private static final Map<String, String> PROGRAMS =
            Map.of("onednn", "peer_onednn", "naive", "peer_naive", Implementation.RONDO_CPP, "peer_rondo");

    private final Path root;
    private final PrintWriter progress;
    private final Map<String, String> builds = new HashMap<>();

    /// @param root of the repository
    Catalog(Path root, PrintWriter progress) {
        this.root = root;
        this.progress = progress;
    }

    /// The peers that a suite is measured against unless others are named.
    static List<String> peers(Suite suite, boolean quick) {
        return switch (suite) {
            case KERNELS -> quick ? QUICK : PEERS;
            case MODELS -> List.of("pytorch", "djl", "tensorflow", "dl4j");
            case LENGTHS -> List.of("onnxruntime", "pytorch");
            case CALLS -> List.of(Implementation.RONDO_CPP);
            case LATENCY -> List.of("onnxruntime");
            case STARTUP, ALL -> List.of();
        };
    }

    /// Whether there is such a peer.
    static boolean isPeer(String name) {
        return PEERS.contains(name) || PROGRAMS.containsKey(name);
    }

    /// Rondo from Java, on its best instruction set.
    static Implementation rondo() {
        return java("rondo", Engine.inference().engine().description().isa(), List.of(), Map.of());
    }

    /// Rondo on a certain instruction set.
    static Implementation rondo(String isa) {
        return java("rondo-" + isa, isa, List.of(), Map.of("RONDO_FORCE_ISA", isa));
    }

    /// Rondo in pure Java.
    static Implementation reference() {
        return java("rondo-java", "jvm", List.of("-Drondo.kernels=java"), Map.of());
    }

    private static Implementation java(String name, String isa, List<String> options, Map<String, String> environment) {
        List<String> command = new ArrayList<>(List.of(javaProgram(), "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED"));
        command.addAll(options);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), RondoPeer.class.getName()));
        return new Implementation(name, isa, command, environment);
    }

    /// The program of the JVM that runs this.
    static String javaProgram() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    /// A peer, built if it is not.
    ///
    /// @throws PeerException if it cannot be built, with the reason
    Implementation peer(String name) throws PeerException, IOException, InterruptedException {
        if (PROGRAMS.containsKey(name)) {
            build(NATIVE);
            return new Implementation(name, name.equals(Implementation.RONDO_CPP) ? rondo().isa()
                    : Implementation.OWN_ISA, List.of(program(PROGRAMS.get(name)).toString()), Map.of());
        }
        build(name);
        Path folder = folder(name);
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(folder.resolve("process.properties"))) {
            properties.load(reader);
        }
        String main = properties.getProperty("main");
        if (main == null) {
            throw new PeerException(folder.resolve("process.properties") + ": main is missing");
        }
        List<String> command = new ArrayList<>(List.of(javaProgram()));
        Arrays.stream(properties.getProperty("jvm", "").split("\\s+"))
                .filter(option -> !option.isEmpty())
                .forEach(command::add);
        command.addAll(List.of("-cp", folder.resolve("target/lib").resolve("*").toString(), main));
        Map<String, String> environment = new HashMap<>();
        properties.stringPropertyNames().stream()
                .filter(key -> key.startsWith("environment."))
                .forEach(key -> environment.put(
                        key.substring("environment.".length()), properties.getProperty(key)));
        return new Implementation(name, Implementation.OWN_ISA, command, environment);
    }

    /// A program in C++, there after [#build] of [#NATIVE].
    Path program(String name) {
        return folder(NATIVE).resolve("target/bin").resolve(name);
    }

    private Path folder(String name) {
        return root.resolve("benchmarks/peers").resolve(name);
    }

    /// Builds a folder of peers, once.
    ///
    /// @throws PeerException if it fails, now or before
    void build(String name) throws PeerException, IOException, InterruptedException {
        String failure = builds.get(name);
        if (failure == null) {
            failure = runBuild(name);
            builds.put(name, failure);
        }
        if (!failure.isEmpty()) {
            throw new PeerException(failure);
        }
    }

    /// What went wrong, empty if nothing did.
    private String runBuild(String name) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(root.resolve("rondo").toString(), "build-peer", name)
                .redirectErrorStream(true)
                .start();
        process.getOutputStream().close();
        String last = "";
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                // Of a failed build the first complaint names the cause.
                if (line.contains("ERROR") || line.startsWith("rondo:")) {
                    last = last.isEmpty() ? line.replaceFirst("^\\[ERROR\\] *|^rondo: ", "") : last;
                } else {
                    progress.println("  " + line);
                    progress.flush();
                }
            }
        }
        int code = process.waitFor();
        return code == 0 ? "" : last.isEmpty() ? "its build failed with exit code " + code : last;
    }
}
