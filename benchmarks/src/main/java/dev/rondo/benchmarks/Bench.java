package dev.rondo.benchmarks;

import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/// What `./rondo bench` runs: JMH with its own command line, with the heap counted and the machine's limit measured
/// beside each benchmark.
public final class Bench {
    private Bench() {}

    /// Runs benchmarks.
    ///
    /// @param arguments those of JMH; a regular expression of benchmark names, for instance
    public static void main(String[] arguments) throws Exception {
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
