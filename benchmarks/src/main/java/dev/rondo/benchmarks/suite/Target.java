package dev.rondo.benchmarks.suite;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// What Rondo means to reach on a group of layers against the best of some peers, as the ratio of its time to Rondo's.
///
/// @param group what is meant, in words
/// @param pass of which pass
/// @param shapes of which shapes
/// @param threads of so many, 0 for the better of all
/// @param against the peers; empty for all of them
/// @param each the least ratio in every cell
/// @param mean the least geometric mean
record Target(
        String group, String pass, Set<String> shapes, int threads, Set<String> against, double each, double mean) {
    private static final Set<String> SINGLE = Set.of("S1", "S2", "S3", "S4");
    private static final Set<String> BATCHED = Set.of("M1", "M2", "M3", "M4");
    private static final Set<String> STEPS = Set.of("ST64", "ST256");
    private static final Set<String> FRAMEWORKS = Set.of("pytorch", "djl", "tensorflow", "dl4j");
    private static final Set<String> PYTORCH = Set.of("pytorch", "djl");

    /// All of them.
    static final List<Target> ALL = List.of(
            new Target("inference M1-M4, 1 thread", "inference", BATCHED, 1, Set.of(), 0.97, 1.03),
            new Target("inference M1-M4, 2 threads", "inference", BATCHED, 2, Set.of(), 0.97, 1.10),
            new Target("inference S1-S4, 1 thread", "inference", SINGLE, 1, Set.of(), 0.97, 1.15),
            new Target("inference S1-S4, 2 threads", "inference", SINGLE, 2, Set.of(), 0.97, 1.15),
            new Target("steps, better of the threads", "step", STEPS, 0, Set.of(), 0.97, 1.05),
            new Target("training M1-M4, 1 thread", "training", BATCHED, 1, Set.of(), 0.97, 1.04),
            new Target("training M1-M4, 2 threads", "training", BATCHED, 2, Set.of(), 0.97, 1.10),
            new Target("training M1-M4, 1 thread, against PyTorch", "training", BATCHED, 1, PYTORCH, 0.97, 1.25),
            new Target("training M1-M4, 2 threads, against PyTorch", "training", BATCHED, 2, PYTORCH, 0.97, 1.25),
            new Target("training S1-S4, 1 thread", "training", SINGLE, 1, Set.of(), 1.0, 1.2),
            new Target("training S1-S4, 2 threads", "training", SINGLE, 2, Set.of(), 1.0, 1.2),
            new Target("training S1-S4, 1 thread, against frameworks", "training", SINGLE, 1, FRAMEWORKS, 1.0, 2.0),
            new Target("training S1-S4, 2 threads, against frameworks", "training", SINGLE, 2, FRAMEWORKS, 1.0, 2.0));

    /// How a run stands to a target.
    ///
    /// @param ratios by cell and shape
    /// @param least the least of them
    /// @param where the work it is of
    /// @param mean their geometric mean
    record Result(Target target, List<Double> ratios, double least, Row.Work where, double mean) {
        boolean isMet() {
            return least >= target.each && mean >= target.mean;
        }
    }

    /// Of the suite `kernels`; empty if there is nothing to compare.
    Optional<Result> result(Collection<Standing> standings) {
        Map<String, List<Standing>> cells = new LinkedHashMap<>();
        standings.stream()
                .filter(standing -> standing.work().suite().equals(Suite.KERNELS.id()))
                .filter(standing -> standing.work().pass().equals(pass) && shapes.contains(standing.work().workload()))
                .filter(standing -> threads == 0 || standing.work().threads() == threads)
                .filter(standing -> best(standing).isPresent())
                .forEach(standing -> cells.computeIfAbsent(
                                standing.work().cell() + " " + standing.work().workload(), _ -> new ArrayList<>())
                        .add(standing));
        List<Double> ratios = new ArrayList<>();
        double least = Double.POSITIVE_INFINITY;
        Optional<Row.Work> where = Optional.empty();
        for (List<Standing> cell : cells.values()) {
            double ratio = ratio(cell);
            ratios.add(ratio);
            if (ratio < least) {
                least = ratio;
                where = Optional.of(cell.getFirst().work());
            }
        }
        double worst = least;
        return where.map(work -> new Result(this, ratios, worst, work, Statistics.geometricMean(ratios)));
    }

    /// Of several numbers of threads each side takes its better one.
    private double ratio(List<Standing> cell) {
        if (cell.size() == 1) {
            return cell.getFirst().ratio(best(cell.getFirst()).orElseThrow());
        }
        double peer = cell.stream().mapToDouble(standing -> best(standing).orElseThrow().medianMicros())
                .min().orElseThrow();
        return peer / cell.stream().mapToDouble(standing -> standing.rondo().medianMicros()).min().orElseThrow();
    }

    private Optional<Row> best(Standing standing) {
        return against.isEmpty() ? standing.best() : standing.best(against);
    }
}
