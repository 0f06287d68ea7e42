package dev.rondo.kernels;

import dev.rondo.graph.Gradients;
import dev.rondo.graph.Graph;
import dev.rondo.graph.Node;
import dev.rondo.graph.Op;
import dev.rondo.graph.Op.BinaryKind;
import dev.rondo.graph.Op.ReduceKind;
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
import java.util.SequencedMap;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/// An operation under test: a graph of one node whose float outputs, each times random numbers of an input, are summed
/// to a scalar, so that its gradient asks for the gradient of every output. All values are inputs, so that all of them
/// get random numbers.
final class Probe {
    /// Random numbers for an input.
    interface Draw {
        double next(RandomGenerator random, Extents extents);
    }

    private final String name;
    private final Graph.Builder builder = Graph.builder();
    private final SequencedMap<String, Value> inputs = new LinkedHashMap<>();
    private final Map<Value, Draw> draws = new LinkedHashMap<>();
    private final List<Value> results = new ArrayList<>();
    private final List<Value> wanted = new ArrayList<>();

    Probe(String name) {
        this.name = name;
    }

    /// A float input around zero; its gradient is wanted.
    Probe floats(String role, int... dims) {
        return floats(role, (random, extents) -> random.nextGaussian(), dims);
    }

    /// A float input by a distribution; its gradient is wanted.
    Probe floats(String role, Draw draw, int... dims) {
        wanted.add(constants(role, draw, dims).inputs.get(role));
        return this;
    }

    /// A float input whose gradient is not wanted.
    Probe constants(String role, Draw draw, int... dims) {
        Value value = builder.input(role, DataType.FLOAT32, Shape.of(dims));
        inputs.put(role, value);
        draws.put(value, draw);
        return this;
    }

    /// Integers from 0 to below a bound.
    Probe ids(String role, int bound, int... dims) {
        return integers(role, DataType.INT32, (random, extents) -> random.nextInt(bound), dims);
    }

    /// Lengths from 0 to T.
    Probe lengths(int... dims) {
        return integers("lengths", DataType.INT32, (random, extents) -> random.nextInt(extents.time() + 1), dims);
    }

    Probe integers(String role, DataType type, Draw draw, int... dims) {
        Value value = builder.input(role, type, Shape.of(dims));
        inputs.put(role, value);
        draws.put(value, draw);
        return this;
    }

    /// Adds the node; its outputs of the given roles count.
    Probe node(Op op, String... roles) {
        Node node = builder.add("node", op, inputs);
        for (String role : roles) {
            results.add(node.output(role));
        }
        return this;
    }

    /// Adds a scan as [Graph.Builder#scan] does; its outputs of the given roles count.
    Probe scan(Op.Scan op, String... roles) {
        Node node = builder.scan("node", op, inputs);
        for (String role : roles) {
            results.add(node.output(role));
        }
        return this;
    }

    @Override
    public String toString() {
        return name;
    }

    /// The graph of the outputs alone.
    Graph forward() {
        Graph.Builder copy = builder.build().toBuilder();
        results.forEach(value -> copy.output(value.name(), value));
        return copy.build();
    }

    /// The graph of outputs, their weighted sum `loss` and its gradients by all float inputs.
    Gradients gradients() {
        Graph.Builder copy = forward().toBuilder();
        Value loss = copy.constant(0);
        for (Value result : results) {
            Value mix = mix(copy, result);
            Value product = copy.binary("mixed." + result.name(), BinaryKind.MULTIPLY, result, mix);
            if (product.shape().rank() > 0) {
                Op.Reduce all = new Op.Reduce(ReduceKind.SUM, 0, product.shape().rank());
                product = copy.reduce("sum." + result.name(), all, product);
            }
            loss = copy.binary("loss." + result.name(), BinaryKind.ADD, loss, product);
        }
        copy.output("loss", loss);
        return Gradients.of(copy.build(), loss, wanted);
    }

    private static Value mix(Graph.Builder builder, Value result) {
        return builder.input("mix." + result.name(), DataType.FLOAT32, result.shape());
    }

    /// The floats whose gradients are wanted.
    List<Value> wanted() {
        return wanted;
    }

    /// Numbers for all inputs of a graph of this probe; floats are such that float32 holds them.
    Map<Value, double[]> feed(Graph graph, long seed, Extents extents) {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        Map<Value, double[]> feed = new LinkedHashMap<>();
        for (Value input : graph.inputs()) {
            Draw draw = draws.getOrDefault(input, (r, e) -> r.nextGaussian());
            double[] numbers = new double[(int) input.shape().elements(extents.batch(), extents.time())];
            for (int i = 0; i < numbers.length; i++) {
                numbers[i] = (float) draw.next(random, extents);
            }
            feed.put(input, numbers);
        }
        return feed;
    }

    /// Runs the outputs and gradients, and gives them by name.
    static Map<String, double[]> run(
            Gradients gradients, Map<Value, double[]> feed, Engine engine, DataType type, Extents extents) {
        try (Parameters parameters = Parameters.of(gradients.graph(), type);
                Plan plan = Plan.training(gradients, parameters, engine, extents)) {
            return run(plan, gradients, feed, extents);
        }
    }

    /// Runs a plan and gives the outputs and gradients by name.
    static Map<String, double[]> run(
            Plan plan, Gradients gradients, Map<Value, double[]> feed, Extents extents) {
        write(plan, feed, extents);
        plan.run(extents.batch(), extents.time());
        Map<String, double[]> results = read(plan, extents);
        gradients.byValue()
                .forEach((value, gradient) -> results.put("d" + value.name(), numbers(plan, gradient, extents)));
        return results;
    }

    static void write(Plan plan, Map<Value, double[]> feed, Extents extents) {
        feed.forEach(
                (value, numbers) -> {
                    Tensor tensor = plan.tensor(value, extents.batch(), extents.time());
                    for (int i = 0; i < numbers.length; i++) {
                        tensor.set(i, numbers[i]);
                    }
                });
    }

    /// The outputs of a plan's graph by name.
    static Map<String, double[]> read(Plan plan, Extents extents) {
        Map<String, double[]> results = new LinkedHashMap<>();
        plan.graph().outputs().forEach((role, value) -> results.put(role, numbers(plan, value, extents)));
        return results;
    }

    static double[] numbers(Plan plan, Value value, Extents extents) {
        return plan.tensor(value, extents.batch(), extents.time()).toDoubles();
    }
}
