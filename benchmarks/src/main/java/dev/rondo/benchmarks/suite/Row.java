package dev.rondo.benchmarks.suite;

import java.util.List;

/// One line of results: what one implementation took for one task.
///
/// A time is the median over rounds of each round's median; its least and most are of the rounds' medians, so that they
/// tell how far the whole measurement can be trusted. What does not apply is NaN here and null in JSON.
///
/// @param suite its name
/// @param workload the shape's or network's name
/// @param cell the recurrent cell; empty where there is none
/// @param pass `inference`, `training`, `step`, or what else a suite measures
/// @param threads how many worked, or called at once
/// @param isa the instruction set of Rondo's kernels; `own` of others
/// @param implementation who
/// @param version of its library, as it says
/// @param medianMicros the time of one call
/// @param minMicros the least of the rounds
/// @param maxMicros the most of the rounds
/// @param p99Micros of single calls, in the suite `latency`
/// @param gflops operations of matrix products over the median time, in 1e9 a second
/// @param floorMicros what the machine's limits allow
/// @param timesRondo how many times as long as Rondo it took: the median of the ratios of all turns, in each of which
///     both were measured; of Rondo itself and where it was not measured NaN
/// @param checked whether the results were right; if not, there are no times
record Row(
        String suite, String workload, String cell, String pass, int threads, String isa, String implementation,
        String version, double medianMicros, double minMicros, double maxMicros, double p99Micros, double gflops,
        double floorMicros, double timesRondo, boolean checked) {

    /// What rows of different runs are matched by.
    record Key(String suite, String workload, String cell, String pass, int threads, String isa,
            String implementation) {}

    /// What rows of different implementations are matched by.
    record Work(String suite, String workload, String cell, String pass, int threads) {
        /// `M2 LSTM training, 2 threads`
        @Override
        public String toString() {
            return "%s%s %s, %d thread%s".formatted(
                    workload, cell.isEmpty() ? "" : " " + cell, pass, threads, threads == 1 ? "" : "s");
        }
    }

    /// A task's, right, without p99 and floor.
    static Row of(Task task, Implementation who, String version, List<Double> micros) {
        double median = Statistics.median(micros);
        return new Row(
                task.suite().id(), task.workload(), task.cell(), task.passId(), task.threads(), who.isa(), who.name(),
                version, median, micros.stream().min(Double::compare).orElseThrow(),
                micros.stream().max(Double::compare).orElseThrow(), Double.NaN, task.flops() / (median * 1e3),
                Double.NaN, Double.NaN, true);
    }

    /// Of something else than a task, without operations.
    static Row of(Suite suite, String workload, String pass, Implementation who, List<Double> micros) {
        return new Row(
                suite.id(), workload, "", pass, 1, who.isa(), who.name(), "", Statistics.median(micros),
                micros.stream().min(Double::compare).orElseThrow(), micros.stream().max(Double::compare).orElseThrow(),
                Double.NaN, Double.NaN, Double.NaN, Double.NaN, true);
    }

    /// Of an implementation whose results are wrong.
    static Row wrong(Task task, Implementation who, String version) {
        return new Row(
                task.suite().id(), task.workload(), task.cell(), task.passId(), task.threads(), who.isa(), who.name(),
                version, Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN, false);
    }

    Row p99(double micros) {
        return new Row(suite, workload, cell, pass, threads, isa, implementation, version, medianMicros, minMicros,
                maxMicros, micros, gflops, floorMicros, timesRondo, checked);
    }

    Row floor(double micros) {
        return new Row(suite, workload, cell, pass, threads, isa, implementation, version, medianMicros, minMicros,
                maxMicros, p99Micros, gflops, micros, timesRondo, checked);
    }

    Row pass(String other) {
        return new Row(suite, workload, cell, other, threads, isa, implementation, version, medianMicros, minMicros,
                maxMicros, p99Micros, gflops, floorMicros, timesRondo, checked);
    }

    Row timesRondo(double ratio) {
        return new Row(suite, workload, cell, pass, threads, isa, implementation, version, medianMicros, minMicros,
                maxMicros, p99Micros, gflops, floorMicros, ratio, checked);
    }

    Key key() {
        return new Key(suite, workload, cell, pass, threads, isa, implementation);
    }

    Work work() {
        return new Work(suite, workload, cell, pass, threads);
    }

    /// How far the rounds' medians lie apart, as a share of the median.
    double spread() {
        return (maxMicros - minMicros) / medianMicros;
    }

    boolean isTimed() {
        return medianMicros > 0;
    }
}
