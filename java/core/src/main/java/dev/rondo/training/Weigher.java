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

/// Fills what a weighed loss takes besides outputs and targets, for each batch: the weight of each real step, that of
/// the example or step times that of its class, and by what their sum is divided. A batch without any weight is
/// refused.
final class Weigher {
    private final Objective objective;
    private final Dataset.Weights kind;
    private final int target;
    private final MemorySegment targets;
    private final Shape steps;
    private final int classes;
    private final double smoothing;
    private final boolean labels;
    private final Optional<MemorySegment> weights;
    private final Optional<MemorySegment> spread;
    private final MemorySegment scale;
    private final Optional<MemorySegment> offset;
    private final DataType type;
    private long count;
    private double sum;
    private double entropy;

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
        steps = weighing.weights().map(Value::shape).orElse(output.shape().leading());
        classes = output.shape().dim(-1);
        smoothing = objective.loss() instanceof Loss.CategoricalCrossEntropy(_, _, double share) ? share : 0;
        labels = objective.loss() instanceof Loss.CategoricalCrossEntropy(Loss.Targets kinds, _, _)
                && kinds == Loss.Targets.CLASSES;
        weights = weighing.weights().map(plan::memory);
        spread = weighing.spread().map(plan::memory);
        scale = plan.memory(weighing.scale());
        offset = weighing.offset().map(plan::memory);
    }

    /// Real steps of the last batch, or sequences where the loss is of these.
    long steps() {
        return count;
    }

    /// The sum of their weights.
    double sum() {
        return sum;
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
        count = 0;
        sum = 0;
        entropy = 0;
        for (int b = 0; b < batch.size(); b++) {
            int length = lengths.byteSize() == 0 ? time : lengths.getAtIndex(ValueLayout.JAVA_INT, b);
            for (int t = 0; t < time; t++) {
                long at = (long) b * time + t;
                double weight = t < length ? given(number, batch, b, t, at) * ofClass(at) : 0;
                if (t < length) {
                    count++;
                    sum += weight;
                }
                if (weights.isPresent()) {
                    put(weights.get(), at, weight);
                }
                if (spread.isPresent()) {
                    spread(spread.get(), at, weight);
                }
            }
        }
        if (sum == 0 && count > 0) {
            throw new IllegalArgumentException(
                    "batch %d: weights of %s: expected at least one above 0 in each batch, got zeros only"
                            .formatted(number, objective.output()));
        }
        put(scale, 0, sum == 0 ? 0 : spread.isPresent() ? count / sum : 1 / sum);
        if (offset.isPresent()) {
            put(offset.get(), 0, sum == 0 ? 0 : entropy / sum);
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
            if (offset.isPresent() && probability > 0) {
                entropy += weight * probability * Math.log(probability);
            }
        }
        // What is behind the end of a sequence is no class.
        if (labels && weight > 0) {
            long label = at * classes + targets.getAtIndex(ValueLayout.JAVA_INT, at);
            put(into, label, rest + weight * (1 - smoothing));
        }
    }

    private void put(MemorySegment memory, long at, double value) {
        if (type == DataType.FLOAT64) {
            memory.setAtIndex(ValueLayout.JAVA_DOUBLE, at, value);
        } else {
            memory.setAtIndex(ValueLayout.JAVA_FLOAT, at, (float) value);
        }
    }
}
