package dev.rondo.plan;

import dev.rondo.graph.Graph;
import dev.rondo.graph.Op.BinaryKind;
import dev.rondo.graph.Value;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.SequencedMap;

/// The gradients of several batches as those of one: their mean, in which each batch has the weight of its real steps.
/// It goes along with the batches, `mean += weight / (weights so far) (gradients - mean)`, so that it is the mean of
/// those that there are at any time.
///
/// For use by one thread at a time; close it before the parameters.
public final class Accumulation implements AutoCloseable {
    private final Parameters parameters;
    private final Optional<Sum> sum;
    private double weights;

    /// The plan that adds, and where its values are.
    private record Sum(Plan plan, Value gradients, MemorySegment share, MemorySegment mean) {}

    private Accumulation(Parameters parameters, Optional<Sum> sum) {
        this.parameters = parameters;
        this.sum = sum;
    }

    /// Of no batch at first.
    ///
    /// @param batches how many come together: where it is 1, gradients are passed on as they are
    /// @throws IllegalArgumentException if it is below 1
    public static Accumulation of(int batches, Parameters parameters, Engine engine) {
        if (batches < 1) {
            throw new IllegalArgumentException("batches: expected at least 1, got " + batches);
        }
        return new Accumulation(parameters, batches == 1 ? Optional.empty() : Optional.of(sum(parameters, engine)));
    }

    private static Sum sum(Parameters parameters, Engine engine) {
        Graph.Builder builder = Graph.builder();
        Shape flat = Shape.of(Math.toIntExact(parameters.trainedElements()));
        Value mean = builder.input("mean", DataType.FLOAT32, flat);
        Value gradients = builder.input("gradients", DataType.FLOAT32, flat);
        Value share = builder.input("share", DataType.FLOAT32, Shape.scalar());
        Value difference = builder.binary("difference", BinaryKind.SUBTRACT, gradients, mean);
        Value step = builder.binary("step", BinaryKind.MULTIPLY, difference, share);
        builder.carry(mean, builder.binary("next", BinaryKind.ADD, mean, step));
        Plan plan = Plan.of(builder.build(), parameters, engine);
        return new Sum(plan, gradients, plan.memory(share), plan.memory(mean));
    }

    /// Adds the gradients of a batch.
    ///
    /// @param flat the gradients, laid out as the parameters
    /// @param weight of the batch, such as its real steps; where it is 0 nothing is added
    /// @return the mean of the gradients so far; with batches that do not come together the gradients themselves
    /// @throws IllegalArgumentException if the weight is below 0 or not finite
    public MemorySegment add(MemorySegment flat, double weight) {
        check("weight", weight);
        if (sum.isEmpty()) {
            return flat;
        }
        Sum adding = sum.get();
        if (weight > 0) {
            weights += weight;
            double share = weight / weights;
            if (parameters.type() == DataType.FLOAT64) {
                adding.share().set(ValueLayout.JAVA_DOUBLE, 0, share);
            } else {
                adding.share().set(ValueLayout.JAVA_FLOAT, 0, (float) share);
            }
            adding.plan().bind(adding.gradients(), flat);
            adding.plan().run(1, 1);
        }
        return adding.mean();
    }

    /// The weights of the batches so far.
    public double weights() {
        return weights;
    }

    /// A view of the mean so far by parameter; none with batches that do not come together. The views live as long as
    /// this.
    public SequencedMap<String, Tensor> means() {
        return sum.isPresent() ? parameters.views(sum.get().mean()) : new LinkedHashMap<>();
    }

    /// Goes on from before, with [#means] as they were then.
    ///
    /// @param weights of the batches before
    /// @throws IllegalArgumentException if they are below 0 or not finite
    public void resume(double weights) {
        check("weights", weights);
        this.weights = weights;
    }

    private static void check(String name, double weight) {
        if (!(weight >= 0) || Double.isInfinite(weight)) {
            throw new IllegalArgumentException(
                    "%s: expected a finite number of at least 0, got %s".formatted(name, weight));
        }
    }

    /// Forgets the batches so far.
    public void clear() {
        weights = 0;
        if (sum.isPresent()) {
            sum.get().mean().fill((byte) 0);
        }
    }

    /// Frees the memory. Closing again does nothing.
    @Override
    public void close() {
        sum.ifPresent(adding -> adding.plan().close());
    }
}
