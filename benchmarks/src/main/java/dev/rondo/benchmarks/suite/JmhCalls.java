package dev.rondo.benchmarks.suite;

import dev.rondo.benchmarks.DowncallBenchmark;
import dev.rondo.benchmarks.SessionBenchmark;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/// What lives inside one JVM, measured by JMH: crossing to native code and back, and what a call of a session costs
/// beyond its arithmetic. A JVM of its own stands for a round.
final class JmhCalls {
    private static final List<Class<?>> BENCHMARKS = List.of(DowncallBenchmark.class, SessionBenchmark.class);
    private static final int ITERATIONS = 3;
    private static final TimeValue TIME = TimeValue.milliseconds(500);
    private static final double NANOS = 1e-3;

    private JmhCalls() {}

    /// @param log where JMH's own output goes
    static Outcome run(int rounds, Path log, PrintWriter screen) {
        OptionsBuilder options = new OptionsBuilder();
        BENCHMARKS.forEach(benchmark -> options.include(benchmark.getName() + "\\."));
        Options built = options.forks(rounds)
                .warmupIterations(ITERATIONS)
                .warmupTime(TIME)
                .measurementIterations(ITERATIONS)
                .measurementTime(TIME)
                .shouldFailOnError(true)
                .output(log.resolveSibling("jmh.log").toString())
                .build();
        screen.printf("calls: %s by JMH%n", String.join(", ", BENCHMARKS.stream().map(Class::getSimpleName).toList()));
        screen.flush();
        List<Row> rows = new ArrayList<>();
        try {
            for (RunResult result : new Runner(built).run()) {
                List<Double> forks = result.getBenchmarkResults().stream().map(JmhCalls::micros).toList();
                String[] name = result.getParams().getBenchmark().split("\\.");
                rows.add(Row.of(Suite.CALLS, String.join(".", Arrays.copyOfRange(name, name.length - 2, name.length)),
                        "call", Catalog.rondo(), forks));
            }
        } catch (RunnerException e) {
            throw new IllegalStateException("JMH: " + e.getMessage(), e);
        }
        return new Outcome(rows, List.of(), List.of());
    }

    private static double micros(BenchmarkResult fork) {
        return fork.getPrimaryResult().getStatistics().getPercentile(50) * NANOS;
    }
}
