package dev.rondo.benchmarks;

import dev.rondo.graph.RecurrentCell;
import dev.rondo.plan.Engine;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.profile.InternalProfiler;
import org.openjdk.jmh.results.AggregationPolicy;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.ScalarResult;

/// Holds a benchmark with [Flops] against the FMA peak of as many threads: `gflops` (the benchmark's, by its median
/// call), `limit` (the median of the peaks) and `of.limit` (their ratio). The peak is measured for some milliseconds in
/// front of each call, by [#probe] from the benchmark's set-up of an invocation, so that both see the same moments of a
/// machine whose clock and neighbours change from one to the next.
public final class MachineLimit implements InternalProfiler {
    private static final double SECONDS = 0.002;
    private static final List<Double> PEAKS = new ArrayList<>();

    /// Measures the peak once.
    ///
    /// @param engine whose threads to use
    static void probe(Engine engine) {
        PEAKS.add(engine.measureFma(SECONDS).orElseThrow());
    }

    @Override
    public String getDescription() {
        return "float operations a second, against the peak measured between the calls";
    }

    @Override
    public void beforeIteration(BenchmarkParams benchmark, IterationParams iteration) {
        PEAKS.clear();
    }

    @Override
    public Collection<ScalarResult> afterIteration(
            BenchmarkParams benchmark, IterationParams iteration, IterationResult result) {
        double flops = flops(benchmark);
        if (flops == 0) {
            return List.of();
        }
        if (benchmark.getTimeUnit() != TimeUnit.MILLISECONDS || benchmark.getMode() != Mode.SampleTime) {
            throw new IllegalStateException("%s: expected samples in milliseconds, got %s in %s"
                    .formatted(benchmark.getBenchmark(), benchmark.getMode(), benchmark.getTimeUnit()));
        }
        double[] peaks = PEAKS.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        double limit = peaks[peaks.length / 2];
        double median = result.getPrimaryResult().getStatistics().getPercentile(50);
        double gflops = flops / (median * 1e6);
        return List.of(
                new ScalarResult("gflops", gflops, "GFLOP/s", AggregationPolicy.AVG),
                new ScalarResult("limit", limit, "GFLOP/s", AggregationPolicy.AVG),
                new ScalarResult("of.limit", gflops / limit, "", AggregationPolicy.AVG));
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
