package dev.rondo.promises;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.stream.JsonReader;
import dev.rondo.Sequential;
import dev.rondo.kernels.Engines;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;

/// Processes of their own: to be killed, to be measured, to have fewer processors.
final class Child {
    private static final String LIBRARY = Engines.natives("auto", 1).description().library();

    private Child() {}

    /// How often something is done, the default or what a longer run asks for with `-Drondo.<name>=N`.
    static int times(String name, int standard) {
        return Integer.getInteger("rondo." + name, standard);
    }

    /// A Java virtual machine with this one's classes and native library.
    ///
    /// @param options of the virtual machine
    /// @param main whose main method runs
    static List<String> java(List<String> options, Class<?> main, List<String> arguments) {
        return java(options, classPath(), main, arguments);
    }

    static List<String> java(List<String> options, String classPath, Class<?> main, List<String> arguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:-UsePerfData",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-Drondo.providers=none",
                "-Drondo.library.path=" + LIBRARY));
        command.addAll(options);
        command.addAll(List.of("-cp", classPath));
        command.add(main.getName());
        command.addAll(arguments);
        return command;
    }

    /// The class path of Rondo, its tests and what both need.
    static String classPath(Class<?>... more) {
        return Stream.concat(
                        Stream.of(Child.class, Sequential.class, JsonReader.class, NullMarked.class),
                        Stream.of(more))
                .map(type -> type.getProtectionDomain().getCodeSource().getLocation().toString())
                .map(location -> Path.of(URI.create(location)).toString())
                .distinct()
                .collect(Collectors.joining(File.pathSeparator));
    }

    /// Starts a command; what it writes to standard error goes to its output.
    static Process start(List<String> command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().keySet().removeAll(List.of("RONDO_FORCE_ISA", "JAVA_TOOL_OPTIONS"));
        return builder.start();
    }

    /// Runs a command that must succeed, and gives its output.
    static List<String> lines(List<String> command) throws IOException, InterruptedException {
        Process process = start(command);
        List<String> lines = process.inputReader().lines().toList();
        assertEquals(0, process.waitFor(), () -> command.getLast() + " and what comes before it: " + String.join("\n", lines));
        return lines;
    }

    /// Says what a promise was held against. The launcher repeats such lines at the end.
    static void report(String format, Object... arguments) {
        System.out.println("Promise: " + format.formatted(arguments));
    }
}
