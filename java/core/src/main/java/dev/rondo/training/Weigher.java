package dev.rondo.training;

import dev.rondo.data.Batch;
import dev.rondo.data.Dataset;
import dev.rondo.graph.Value;
import dev.rondo.plan.Plan;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/// Fills what a weighed loss takes besides outputs and targets, for each batch: the weight of each step, that of the
/// example or step times that of its class. A batch without any weight is refused.
final class Weigher {
    private final Objective objective;
    private final Dataset.Weights kind;
    private final int target;
    private final MemorySegment targets;
    private final Shape steps;
    private final int classes;
    private final double smoothing;
    private final boolean labels;
    private final MemorySegment weights;
    private final Optional<MemorySegment> spread;
    private final Optional<MemorySegment> entropy;
    private final DataType type;

    /// @param weighing the loss's inputs
    /// @param objective the loss
    /// @param kind what the data tell
    /// @param target its place among the targets
    /// @param targets in the graph
    /// @param output what they are held against
    /// @param type of floating-point numbers in the plan
    Weigher(
            Plan plan,
            LossNode.Weighing weighing,
            Objective objective,
            Dataset.Weights kind,
            int target,
            Value targets,
            Value output,
            DataType type) {
        this.objective = objective;
        this.kind = kind;
        this.target = target;
        this.targets = plan.memory(targets);
        this.type = type;
        steps = weighing.weights().shape();
        classes = output.shape().dim(-1);
        smoothing = objective.loss() instanceof Loss.CategoricalCrossEntropy(_, _, double share) ? share : 0;
        labels = objective.loss() instanceof Loss.CategoricalCrossEntropy(Loss.Targets kinds, _, _)
                && kinds == Loss.Targets.CLASSES;
        weights = plan.memory(weighing.weights());
        spread = weighing.spread().map(plan::memory);
        entropy = weighing.entropy().map(plan::memory);
    }

    /// Fills all for a batch that was read.
    ///
    /// @param number of the batch within the epoch, from 1
    /// @throws IllegalArgumentException if a weight is negative or not finite, or all are zero
    void fill(int number, Batch batch) {
        boolean timed = steps.rank() > 1;
        int time = timed ? batch.extents().number(steps.dim(1)) : 1;
        MemorySegment lengths = timed && Shape.isTime(steps.dim(1))
                ? batch.lengths(Shape.TIME - steps.dim(1))
                : MemorySegment.NULL;
        long count = 0;
        double sum = 0;
        for (int b = 0; b < batch.size(); b++) {
            int length = lengths.byteSize() == 0 ? time : lengths.getAtIndex(ValueLayout.JAVA_INT, b);
            for (int t = 0; t < time; t++) {
                long at = (long) b * time + t;
                double weight = t < length ? given(number, batch, b, t, at) * ofClass(at) : 0;
                count += t < length ? 1 : 0;
                sum += weight;
                put(weights, at, weight);
                if (spread.isPresent()) {
                    spread(spread.get(), at, weight);
                }
                if (entropy.isPresent()) {
                    put(entropy.get(), at, weight * entropy(at));
                }
            }
        }
        check(number, count, sum);
    }

    /// Checks what a batch has come to, where a layer has found that some of its steps do not count.
    ///
    /// @param number of the batch within the epoch, from 1
    /// @throws IllegalArgumentException if all weights of real steps are zero
    void check(int number, Metric.Totals totals) {
        check(number, totals.steps(), totals.weight());
    }

    private void check(int number, long count, double sum) {
        if (sum == 0 && count > 0) {
            throw new IllegalArgumentException(
                    "batch %d: weights of %s: expected at least one above 0 in each batch, got zeros only"
                            .formatted(number, objective.output()));
        }
    }

    private double given(int number, Batch batch, int b, int t, long at) {
        float weight = switch (kind) {
            case EQUAL -> 1;
            case SEQUENCES -> batch.weights(target).getAtIndex(ValueLayout.JAVA_FLOAT, b);
            case STEPS -> batch.weights(target).getAtIndex(ValueLayout.JAVA_FLOAT, at);
        };
        if (!(weight >= 0 && weight < Float.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                    "batch %d: weights of %s[%d%s]: expected a finite number of at least 0, got %s"
                            .formatted(
                                    number,
                                    objective.output(),
                                    b,
                                    kind == Dataset.Weights.STEPS ? "," + t : "",
                                    weight));
        }
        return weight;
    }

    /// The weight of a step's class; where it has a probability for each, their mean by these.
    private double ofClass(long at) {
        if (objective.classWeights().isEmpty()) {
            return 1;
        }
        if (labels) {
            return objective.classWeights().get(targets.getAtIndex(ValueLayout.JAVA_INT, at));
        }
        double weight = 0;
        for (int c = 0; c < classes; c++) {
            weight += objective.classWeights().get(c) * probability(at * classes + c);
        }
        return weight;
    }

    private double probability(long at) {
        return targets.getAtIndex(ValueLayout.JAVA_FLOAT, at);
    }

    /// A step's targets times its weight, smoothed.
    private void spread(MemorySegment into, long at, double weight) {
        double rest = weight * smoothing / classes;
        for (int c = 0; c < classes; c++) {
            double probability = labels ? 0 : probability(at * classes + c);
            put(into, at * classes + c, rest + weight * (1 - smoothing) * probability);
        }
        // What is behind the end of a sequence is no class.
        if (labels && weight > 0) {
            long label = at * classes + targets.getAtIndex(ValueLayout.JAVA_INT, at);
            put(into, label, rest + weight * (1 - smoothing));
        }
    }

    /// `sum t log t` of a step's targets.
    private double entropy(long at) {
        double sum = 0;
        for (int c = 0; c < classes; c++) {
            double probability = probability(at * classes + c);
            sum += probability > 0 ? probability * Math.log(probability) : 0;
        }
        return sum;
    }

    private void put(MemorySegment memory, long at, double value) {
        if (type == DataType.FLOAT64) {
            memory.setAtIndex(ValueLayout.JAVA_DOUBLE, at, value);
        } else {
            memory.setAtIndex(ValueLayout.JAVA_FLOAT, at, (float) value);
        }
    }
}
