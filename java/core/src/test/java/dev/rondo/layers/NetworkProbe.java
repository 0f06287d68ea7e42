package dev.rondo.layers;

import dev.rondo.Runs;
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
import dev.rondo.training.GradientCheck;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A network under test, with parameters as they begin: a random sum of its outputs as a loss, and its gradients by the
/// parameters and the float inputs.
final class NetworkProbe implements AutoCloseable {
    private final Extents extents;
    private final Map<Value, Tensor> inputs = new LinkedHashMap<>();
    private final Parameters parameters;
    private final GradientCheck.Case differentiated;

    /// @param given the network's inputs by name
    /// @param lengths by the symbol of time; none if all sequences have all steps
    NetworkProbe(Network network, Extents extents, Map<String, Tensor> given, Map<Integer, Tensor> lengths) {
        this.extents = extents;
        Scope scope = network.graph(new Scope.Variant(
                Scope.Purpose.TRAINING, Scope.States.ZERO, lengths.isEmpty() ? Scope.Lengths.FULL : Scope.Lengths.OWN));
        Graph.Builder graph = scope.graph();
        Value loss = graph.constant(0);
        for (Map.Entry<String, Value> output : scope.outputs().entrySet()) {
            loss = graph.binary(
                    "loss." + output.getKey(), Op.BinaryKind.ADD, loss, mixed(graph, output.getKey(), output.getValue()));
            graph.output("output." + output.getKey(), output.getValue());
        }
        graph.output("loss", loss);
        List<Value> wanted = new ArrayList<>(scope.parameters().keySet());
        scope.inputs().forEach((name, value) -> {
            inputs.put(value, find(given, name));
            if (value.type() == DataType.FLOAT32) {
                wanted.add(value);
            }
        });
        scope.lengths().forEach((time, value) -> inputs.put(value, find(lengths, time)));
        Gradients gradients = Gradients.of(graph.build(), loss, wanted);
        parameters = Parameters.of(gradients.graph());
        scope.parameters().forEach((value, initializer) -> fill(parameters.tensor(value.name()), initializer));
        parameters.changed();
        differentiated = new GradientCheck.Case(gradients, loss, parameters, inputs, extents);
    }

    private static <K> Tensor find(Map<K, Tensor> tensors, K key) {
        Tensor tensor = tensors.get(key);
        if (tensor == null) {
            throw new IllegalArgumentException("no numbers for " + key);
        }
        return tensor;
    }

    private static void fill(Tensor parameter, Initializer initializer) {
        Shape shape = parameter.shape();
        float[] values = initializer.values(
                shape.dim(0), shape.rank() == 1 ? 1 : shape.dim(1), Seeds.generator(5, shape.toString(), 0));
        for (int i = 0; i < values.length; i++) {
            // What begins as zero is to be seen, too.
            parameter.set(i, values[i] == 0 ? 0.1 * ((i % 7) - 3) : values[i]);
        }
    }

    private Value mixed(Graph.Builder graph, String name, Value output) {
        Value mix = graph.input("mix." + name, DataType.FLOAT32, output.shape());
        inputs.put(mix, Runs.features(Seeds.generator(7, mix.name(), 0), mix.shape().resolve(extents).dims()));
        Value product = graph.binary("mixed." + name, Op.BinaryKind.MULTIPLY, output, mix);
        return graph.reduce("sum." + name, new Op.Reduce(Op.ReduceKind.SUM, 0, product.shape().rank()), product);
    }

    GradientCheck.Case differentiated() {
        return differentiated;
    }

    /// A parameter's numbers.
    Tensor parameter(String name) {
        return parameters.tensor(name);
    }

    /// The outputs as `output.` and their names, and the gradients, by an engine in float32.
    Map<String, double[]> run(Engine engine) {
        Map<String, double[]> results = new LinkedHashMap<>();
        try (Plan plan = Plan.training(differentiated.gradients(), parameters, engine, extents)) {
            inputs.forEach((value, tensor) -> plan.tensor(value, extents).copyFrom(tensor));
            plan.run(extents);
            plan.graph().outputs().forEach((name, value) -> results.put(name, plan.tensor(value, extents).toDoubles()));
            differentiated.gradients().byValue().forEach((value, gradient) ->
                    results.put("d" + value.name(), plan.tensor(gradient, extents).toDoubles()));
        }
        return results;
    }

    @Override
    public void close() {
        parameters.close();
    }
}
