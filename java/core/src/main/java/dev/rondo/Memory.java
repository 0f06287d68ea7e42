package dev.rondo;

import dev.rondo.graph.Gradients;
import dev.rondo.graph.Graph;
import dev.rondo.graph.Op;
import dev.rondo.graph.Value;
import dev.rondo.layers.Network;
import dev.rondo.layers.Scope;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Parameters;
import dev.rondo.plan.Plan;
import dev.rondo.tensor.Extents;

/// Native memory that a model takes, in bytes.
///
/// @param parameters the parameters
/// @param prediction what a prediction takes besides: what its layers give, and what kernels pack of the parameters
/// @param training what a training step takes besides the parameters: what its layers give and keep for the way back,
///     and all gradients. The loss is the mean of the outputs; another takes its targets besides
/// @param optimizer what the optimizer remembers; 0 of a model that was not compiled
public record Memory(long parameters, long prediction, long training, long optimizer) {

    /// Makes the plans, asks them, and closes them.
    static Memory of(Network network, Engine predicting, Engine training, long optimizer, Extents extents) {
        Scope scope = network.graph(Scope.Variant.PLAIN);
        scope.outputs().forEach(scope.graph()::output);
        Graph graph = scope.graph().build();
        long alone;
        long prediction;
        try (Parameters parameters = Parameters.of(graph)) {
            alone = parameters.bytes();
            try (Plan plan = Plan.inference(graph, parameters, predicting, extents)) {
                prediction = plan.bytes() + parameters.bytes() - alone;
            }
        }
        Gradients gradients = gradients(network);
        try (Parameters parameters = Parameters.of(gradients.graph());
                Plan plan = Plan.training(gradients, parameters, training, extents)) {
            return new Memory(alone, prediction, plan.bytes() + parameters.bytes() - alone, optimizer);
        }
    }

    private static Gradients gradients(Network network) {
        Scope scope = network.graph(
                new Scope.Variant(Scope.Purpose.TRAINING, Scope.States.ZERO, Scope.Lengths.FULL));
        Graph.Builder builder = scope.graph();
        Value loss = builder.constant(0);
        int outputs = 0;
        for (Value y : scope.outputs().values()) {
            Op.Reduce mean = new Op.Reduce(Op.ReduceKind.MEAN, 0, y.shape().rank());
            outputs++;
            loss = builder.binary(
                    "loss." + outputs, Op.BinaryKind.ADD, loss, builder.reduce("loss.mean." + outputs, mean, y));
        }
        Graph graph = builder.output("loss", loss).build();
        return Gradients.of(graph, loss, graph.trained(loss));
    }
}
