package dev.rondo.layers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.data.Seeds;
import dev.rondo.graph.Gradients;
import dev.rondo.graph.Graph;
import dev.rondo.graph.Op;
import dev.rondo.graph.Value;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Parameters;
import dev.rondo.plan.Plan;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.DoubleSupplier;
import java.util.random.RandomGenerator;

/// A network with random parameters and the sum of squares of its outputs less random targets for a loss, which padding
/// is no part of.
final class NetworkRun implements AutoCloseable {
    private final Scope scope;
    private final Parameters parameters;
    private final Plan plan;
    private final Extents extents;
    private final long seed;

    private NetworkRun(Scope scope, DataType type, Engine engine, Extents extents, int[][] lengths, long seed) {
        this.scope = scope;
        this.extents = extents;
        this.seed = seed;
        Graph.Builder graph = scope.graph();
        List<Value> losses = new ArrayList<>();
        scope.outputs().forEach((name, y) -> {
            Value targets = graph.input("targets:" + name, DataType.FLOAT32, y.shape());
            losses.add(scope.lengths(y)
                    .map(own -> graph.elementwiseLoss("loss:" + name, Op.LossKind.SQUARED, y, targets, own))
                    .orElseGet(() -> graph.elementwiseLoss("loss:" + name, Op.LossKind.SQUARED, y, targets))
                    .loss());
            graph.output(name, y);
        });
        Value loss = losses.getFirst();
        for (Value more : losses.subList(1, losses.size())) {
            loss = graph.binary("sum with " + more.name(), Op.BinaryKind.ADD, loss, more);
        }
        graph.output("loss", loss);
        parameters = Parameters.of(graph.build(), type);
        RandomGenerator random = Seeds.generator(seed, "parameters", 0);
        parameters.tensors().forEach((name, tensor) -> fill(
                tensor,
                name.endsWith("Variance") ? () -> 0.5 + random.nextDouble() : () -> random.nextGaussian() * 0.5));
        parameters.changed();
        plan = Plan.training(
                Gradients.of(graph.build(), loss, graph.build().trained()), parameters, engine, extents);
        int k = 0;
        for (Value own : scope.lengths().values()) {
            Tensor tensor = plan.tensor(own, extents);
            for (int i = 0; i < extents.batch(); i++) {
                tensor.set(i, lengths[k][i]);
            }
            k++;
        }
        scope.step().ifPresent(step -> plan.tensor(step, extents).set(0, 3));
        // Windows are counted.
        plan.run(extents);
    }

    /// On the kernels in Java, in double.
    static NetworkRun inDouble(
            Network network, Scope.Purpose purpose, Extents extents, int[][] lengths, long seed) {
        return new NetworkRun(
                scope(network, purpose), DataType.FLOAT64, Engine.java().engine(), extents, lengths, seed);
    }

    /// In float32.
    static NetworkRun on(
            Engine engine, Network network, Scope.Purpose purpose, Extents extents, int[][] lengths, long seed) {
        return new NetworkRun(scope(network, purpose), DataType.FLOAT32, engine, extents, lengths, seed);
    }

    private static Scope scope(Network network, Scope.Purpose purpose) {
        return network.graph(new Scope.Variant(purpose, Scope.States.ZERO, Scope.Lengths.OWN));
    }

    /// Numbers that depend on sequence, step and feature alone, not on how many steps there are.
    void read(long numbers, long padding) {
        for (Value input : plan.graph().inputs()) {
            if (!input.name().startsWith("lengths") && !input.name().equals("step")) {
                fill(input, numbers, Optional.of(padding));
            }
        }
    }

    /// The same with NaN for what padding holds of features and targets.
    void readWithNaN(long numbers) {
        for (Value input : plan.graph().inputs()) {
            if (!input.name().startsWith("lengths") && !input.name().equals("step")) {
                fill(input, numbers, Optional.empty());
            }
        }
    }

    private void fill(Value input, long numbers, Optional<Long> padding) {
        Tensor tensor = plan.tensor(input, extents);
        int batch = extents.batch();
        int time = isTimed(input) ? tensor.shape().dim(1) : 1;
        int features = (int) (tensor.shape().elements() / batch / time);
        for (int b = 0; b < batch; b++) {
            for (int t = 0; t < time; t++) {
                boolean real = t < length(input, b, time);
                RandomGenerator random = Seeds.generator(
                        real ? numbers : padding.orElse(numbers), input.name(), b * 100L + t);
                for (int f = 0; f < features; f++) {
                    double value = input.type() == DataType.INT32
                            ? random.nextInt(7)
                            : real || padding.isPresent() ? random.nextGaussian() : Double.NaN;
                    tensor.set(((long) b * time + t) * features + f, value);
                }
            }
        }
    }

    private static boolean isTimed(Value value) {
        return value.shape().rank() > 1 && Shape.isTime(value.shape().dim(1));
    }

    private int length(Value value, int b, int time) {
        return isTimed(value)
                ? (int) plan.tensor(scope.lengths(value).orElseThrow(), extents).get(b)
                : time;
    }

    private static void fill(Tensor tensor, DoubleSupplier numbers) {
        for (long i = 0; i < tensor.shape().elements(); i++) {
            tensor.set(i, numbers.getAsDouble());
        }
    }

    double loss() {
        plan.run(extents);
        return plan.scalar(plan.graph().output("loss"));
    }

    /// By parameter, of the last run.
    Map<String, Tensor> gradients() {
        return parameters.views(plan.gradients());
    }

    /// A copy of a parameter.
    double[] parameter(String name) {
        return parameters.tensor(name).toDoubles();
    }

    /// Sets a parameter to one number.
    void set(String name, double value) {
        fill(parameters.tensor(name), () -> value);
        parameters.changed();
    }

    /// A copy of what an input holds.
    double[] input(String name) {
        return plan.tensor(scope.inputs().get(name), extents).toDoubles();
    }

    /// Goes on to the training step of a number.
    void step(long number) {
        plan.tensor(scope.step().orElseThrow(), extents).set(0, number);
    }

    /// Has the moving averages be those of the last run.
    void renew() {
        plan.renew();
        parameters.changed();
    }

    /// What the last run gave at real steps, one after another.
    double[] output(String name) {
        Value y = scope.outputs().get(name);
        Tensor tensor = plan.tensor(y, extents);
        int batch = extents.batch();
        int time = isTimed(y) ? tensor.shape().dim(1) : 1;
        int features = (int) (tensor.shape().elements() / batch / time);
        List<Double> real = new ArrayList<>();
        for (int b = 0; b < batch; b++) {
            for (int at = b * time * features; at < (b * time + length(y, b, time)) * features; at++) {
                real.add(tensor.get(at));
            }
        }
        return real.stream().mapToDouble(Double::doubleValue).toArray();
    }

    /// Holds the gradients against central differences. With a step of e these are off by about e² f'''/6 and
    /// eps |f| / e: with e = 1e-5, losses of at most about 10 and third derivatives of at most about 100 both are below
    /// 2e-9, and 1e-8 leaves room.
    void checkSlopes() {
        loss();
        Map<String, double[]> copies = new LinkedHashMap<>();
        gradients().forEach((name, gradient) -> copies.put(name, gradient.toDoubles()));
        for (Map.Entry<String, double[]> entry : copies.entrySet()) {
            double[] gradient = entry.getValue();
            Tensor parameter = parameters.tensor(entry.getKey());
            boolean reached = false;
            for (int i = 0; i < gradient.length; i++) {
                double slope = (at(parameter, i, 1e-5) - at(parameter, i, -1e-5)) / 2e-5;
                assertEquals(slope, gradient[i], 1e-8 * (1 + Math.abs(slope)),
                        "seed %d: %s[%d]".formatted(seed, entry.getKey(), i));
                reached |= slope != 0;
            }
            assertTrue(reached, entry.getKey());
        }
    }

    private double at(Tensor parameter, int i, double step) {
        double value = parameter.get(i);
        parameter.set(i, value + step);
        parameters.changed();
        double loss = loss();
        parameter.set(i, value);
        return loss;
    }

    @Override
    public void close() {
        plan.close();
        parameters.close();
    }
}
