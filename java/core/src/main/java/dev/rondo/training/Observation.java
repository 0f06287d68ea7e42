package dev.rondo.training;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// What the [Metric.Observed] of a training see in one pass over some data.
final class Observation {
    private final List<Watch<?>> watches = new ArrayList<>();

    /// @param losses with the names of outputs
    Observation(List<Objective> losses, List<Metric> metrics) {
        for (int i = 0; i < losses.size(); i++) {
            for (Metric metric : metrics) {
                if (metric instanceof Metric.Observed<?> observed
                        && (observed.output().isEmpty() || observed.output().equals(losses.get(i).output()))) {
                    watches.add(watch(i, losses.get(i).output(), observed));
                }
            }
        }
    }

    /// A calculator at work.
    ///
    /// @param index of the loss
    private record Watch<A>(int index, String output, Metric.Observed<A> metric, A calculator) {
        void add(Predictions predictions) {
            metric.add().accept(calculator, predictions);
        }

        double value() {
            try {
                return metric.value().applyAsDouble(calculator);
            } catch (IllegalStateException e) {
                // There was nothing that it could be taken of.
                return Double.NaN;
            }
        }
    }

    private static <A> Watch<A> watch(int index, String output, Metric.Observed<A> metric) {
        return new Watch<>(index, output, metric, metric.begin().get());
    }

    /// Counts the last batch of a pass.
    void add(Pass pass) {
        Map<Integer, Predictions> predictions = new TreeMap<>();
        for (Watch<?> watch : watches) {
            watch.add(predictions.computeIfAbsent(watch.index(), pass::predictions));
        }
    }

    /// What they come to, by the names of output and metric.
    Map<String, Double> values() {
        Map<String, Double> values = new LinkedHashMap<>();
        watches.forEach(watch -> values.put(watch.output() + "." + watch.metric().name(), watch.value()));
        return values;
    }
}
