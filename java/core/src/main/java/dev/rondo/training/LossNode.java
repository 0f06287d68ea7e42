package dev.rondo.training;

import dev.rondo.data.Dataset;
import dev.rondo.graph.CrossEntropyOutputs;
import dev.rondo.graph.ElementwiseLossOutputs;
import dev.rondo.graph.Graph;
import dev.rondo.graph.Op;
import dev.rondo.graph.Op.BinaryKind;
import dev.rondo.graph.Op.LossKind;
import dev.rondo.graph.Op.UnaryKind;
import dev.rondo.graph.Value;
import dev.rondo.layers.Input;
import dev.rondo.layers.Network;
import dev.rondo.layers.Scope;
import dev.rondo.plan.Plan;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import java.util.Optional;

/// A loss at the end of a model's graph: the scalars that a run makes there.
///
/// @param loss the mean of a batch
/// @param correct how many of its steps or numbers are right
/// @param count the number of its real steps
/// @param errors where numbers are compared one by one
/// @param parts how many a step has of what is right or wrong
record LossNode(Value loss, Value correct, Value count, Optional<Errors> errors, int parts) {
    /// The means of a batch of the squares and the magnitudes of prediction less target.
    record Errors(Value squared, Value absolute) {}

    /// What the model and the loss take.
    ///
    /// @throws IllegalArgumentException if the loss does not take what the model gives
    static Dataset.Signature signature(Network network, Loss loss) {
        if (network.inputs().size() > 1 || network.outputs().size() > 1) {
            throw new IllegalArgumentException("loss: expected a model with one input and one output, got %s and %s"
                    .formatted(
                            network.inputs().stream().map(Input::name).toList(),
                            network.outputs().stream().map(Network.Output::name).toList()));
        }
        Scope scope = network.graph(Scope.Variant.PLAIN);
        Shape output = scope.y().shape();
        if (scope.y().type() != DataType.FLOAT32 || output.rank() < 2 || output.rank() > 3) {
            throw new IllegalArgumentException(
                    "loss: expected a model that gives FLOAT32 [B,C] or [B,T,C], got " + scope.y().type() + " " + output);
        }
        if (output.rank() == 3 && scope.isWindowed(output.dim(1))) {
            throw new IllegalArgumentException(
                    "loss: expected a model that gives as many steps as it takes or none, got %s, whose steps are windows"
                            .formatted(output));
        }
        Logits.check(network, loss);
        boolean classes = loss instanceof Loss.CategoricalCrossEntropy(Loss.Targets targets, _)
                && targets == Loss.Targets.CLASSES;
        return new Dataset.Signature(
                scope.x().type(),
                scope.x().shape(),
                classes ? DataType.INT32 : DataType.FLOAT32,
                classes ? output.leading() : output);
    }

    /// Adds a loss to a model's graph, and its values to the graph's outputs.
    ///
    /// @param y the targets
    static LossNode add(Scope scope, Loss loss, Value y) {
        LossNode node = switch (loss) {
            case Loss.CategoricalCrossEntropy(_, Loss.Predictions predictions) ->
                crossEntropy(
                        scope,
                        before(scope, new Op.Softmax()).orElseGet(() -> switch (predictions) {
                            case LOGITS -> scope.y();
                            case PROBABILITIES -> logarithms(scope);
                        }),
                        y);
            case Loss.BinaryCrossEntropy(Loss.Predictions predictions) -> {
                Optional<Value> logits = before(scope, new Op.Unary(UnaryKind.SIGMOID));
                boolean exact = logits.isPresent() || predictions == Loss.Predictions.LOGITS;
                yield elementwise(
                        scope, exact ? LossKind.BINARY_LOGITS : LossKind.BINARY, logits.orElse(scope.y()), y);
            }
            case Loss.MeanSquaredError _ -> elementwise(scope, LossKind.SQUARED, scope.y(), y);
            case Loss.MeanAbsoluteError _ -> elementwise(scope, LossKind.ABSOLUTE, scope.y(), y);
        };
        Graph.Builder graph = scope.graph();
        graph.output("loss", node.loss()).output("correct", node.correct()).output("count", node.count());
        node.errors()
                .ifPresent(errors -> graph.output("squaredError", errors.squared())
                        .output("absoluteError", errors.absolute()));
        return node;
    }

    /// Logarithms of what a model gives: their softmax is that again, divided by its sum. 1e-7 is what Keras takes for
    /// the smallest probability.
    private static Value logarithms(Scope scope) {
        Graph.Builder graph = scope.graph();
        Value positive = graph.binary("loss.positive", BinaryKind.ADD, scope.y(), graph.constant(1e-7));
        return graph.unary("loss.log", UnaryKind.LOG, positive);
    }

    /// What goes into the operation that a model ends in, if it ends in this one.
    private static Optional<Value> before(Scope scope, Op last) {
        return scope.graph()
                .build()
                .producer(scope.y())
                .filter(node -> node.op().equals(last))
                .map(node -> node.input("x"));
    }

    /// The lengths that a loss goes by: none where the model gives one output for each sequence.
    private static Optional<Value> lengths(Scope scope, Value x) {
        return scope.lengths(x);
    }

    private static LossNode crossEntropy(Scope scope, Value logits, Value y) {
        CrossEntropyOutputs outputs = lengths(scope, logits)
                .map(own -> scope.graph().softmaxCrossEntropy("loss", logits, y, own))
                .orElseGet(() -> scope.graph().softmaxCrossEntropy("loss", logits, y));
        return new LossNode(outputs.loss(), outputs.correct(), outputs.count(), Optional.empty(), 1);
    }

    private static LossNode elementwise(Scope scope, LossKind kind, Value x, Value y) {
        ElementwiseLossOutputs outputs = lengths(scope, x)
                .map(own -> scope.graph().elementwiseLoss("loss", kind, x, y, own))
                .orElseGet(() -> scope.graph().elementwiseLoss("loss", kind, x, y));
        return new LossNode(
                outputs.loss(),
                outputs.correct(),
                outputs.count(),
                Optional.of(new Errors(outputs.squaredError(), outputs.absoluteError())),
                x.shape().dim(-1));
    }

    /// What the last run of a plan comes to, as sums over its real steps.
    Metric.Totals totals(Plan plan) {
        double steps = plan.scalar(count);
        return new Metric.Totals(
                plan.scalar(loss) * steps,
                plan.scalar(correct) / parts,
                errors.isPresent() ? plan.scalar(errors.get().squared()) * steps : 0,
                errors.isPresent() ? plan.scalar(errors.get().absolute()) * steps : 0,
                (long) steps);
    }
}
