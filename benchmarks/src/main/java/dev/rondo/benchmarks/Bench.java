package dev.rondo.benchmarks;

import dev.rondo.benchmarks.suite.BenchCommand;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/// What `./rondo bench` runs: the suite, or behind the word `jmh` JMH with its own command line, with the heap counted
/// and the machine's limit measured beside each benchmark.
public final class Bench {
    private Bench() {}

    /// Runs benchmarks and ends the process.
    ///
    /// @param arguments as [BenchCommand] takes them, or `jmh` and those of JMH: a regular expression of benchmark
    ///     names, for instance
    public static void main(String[] arguments) throws Exception {
        if (arguments.length > 0 && arguments[0].equals("jmh")) {
            jmh(Arrays.copyOfRange(arguments, 1, arguments.length));
        } else {
            System.exit(BenchCommand.run(
                    Path.of(System.getProperty("rondo.root", "")).toAbsolutePath(),
                    new PrintWriter(System.out, true, StandardCharsets.UTF_8),
                    new PrintWriter(System.err, true, StandardCharsets.UTF_8), arguments));
        }
    }

    private static void jmh(String[] arguments) throws CommandLineOptionException, RunnerException, IOException {
        CommandLineOptions options = new CommandLineOptions(arguments);
        if (options.shouldHelp()) {
            options.showHelp();
        } else if (options.shouldList()) {
            new Runner(options).list();
        } else {
            new Runner(new OptionsBuilder()
                    .parent(options)
                    .addProfiler(GCProfiler.class)
                    .addProfiler(MachineLimit.class)
                    .shouldFailOnError(true)
                    .build()).run();
        }
    }
}
