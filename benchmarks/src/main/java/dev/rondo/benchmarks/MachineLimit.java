package dev.rondo.benchmarks;

import dev.rondo.graph.RecurrentCell;
import dev.rondo.plan.Engine;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.profile.InternalProfiler;
import org.openjdk.jmh.results.AggregationPolicy;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.ScalarResult;

/// Measures the FMA peak of as many threads before and after each iteration of a benchmark with [Flops], and reports
/// `gflops` (the benchmark's), `limit` (the peak, the mean of both) and `of.limit` (their ratio).
public final class MachineLimit implements InternalProfiler {
    private static final double SECONDS = 0.1;

    private double before;

    @Override
    public String getDescription() {
        return "float operations a second, against the peak measured beside";
    }

    @Override
    public void beforeIteration(BenchmarkParams benchmark, IterationParams iteration) {
        if (flops(benchmark) > 0) {
            before = peak(benchmark);
        }
    }

    @Override
    public Collection<ScalarResult> afterIteration(
            BenchmarkParams benchmark, IterationParams iteration, IterationResult result) {
        double flops = flops(benchmark);
        if (flops == 0) {
            return List.of();
        }
        if (benchmark.getTimeUnit() != TimeUnit.MILLISECONDS) {
            throw new IllegalStateException(
                    benchmark.getBenchmark() + ": expected milliseconds, got " + benchmark.getTimeUnit());
        }
        double limit = (before + peak(benchmark)) / 2;
        double gflops = flops / (result.getPrimaryResult().getScore() * 1e6);
        return List.of(
                new ScalarResult("gflops", gflops, "GFLOP/s", AggregationPolicy.AVG),
                new ScalarResult("limit", limit, "GFLOP/s", AggregationPolicy.AVG),
                new ScalarResult("of.limit", gflops / limit, "", AggregationPolicy.AVG));
    }

    private static double peak(BenchmarkParams benchmark) {
        int threads = Integer.parseInt(benchmark.getParam("threads"));
        Engine engine = Engine.inference().kernels(Engine.Choice.NATIVE).threads(threads).engine();
        return engine.measureFma(SECONDS).orElseThrow();
    }

    /// What the benchmark's annotation says, 0 without one.
    private static double flops(BenchmarkParams benchmark) {
        String name = benchmark.getBenchmark();
        int dot = name.lastIndexOf('.');
        try {
            return Arrays.stream(Class.forName(name.substring(0, dot)).getMethods())
                    .filter(method -> method.getName().equals(name.substring(dot + 1)))
                    .filter(method -> method.isAnnotationPresent(Flops.class))
                    .mapToDouble(MachineLimit::flops)
                    .findFirst()
                    .orElse(0) * gates(benchmark);
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(name, e);
        }
    }

    private static int gates(BenchmarkParams benchmark) {
        return benchmark.getParamsKeys().contains("cell")
                ? RecurrentCell.valueOf(benchmark.getParam("cell")).gates()
                : 1;
    }

    private static double flops(Method method) {
        return method.getAnnotation(Flops.class).value();
    }
}
