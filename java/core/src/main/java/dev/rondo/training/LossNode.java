package dev.rondo.training;

import dev.rondo.data.Dataset;
import dev.rondo.graph.CrfInputs;
import dev.rondo.graph.CrossEntropyOutputs;
import dev.rondo.graph.CtcInputs;
import dev.rondo.graph.ElementwiseLossOutputs;
import dev.rondo.graph.Graph;
import dev.rondo.graph.Op;
import dev.rondo.graph.Op.BinaryKind;
import dev.rondo.graph.Op.LossKind;
import dev.rondo.graph.Op.UnaryKind;
import dev.rondo.graph.SequenceLossOutputs;
import dev.rondo.graph.Value;
import dev.rondo.layers.Crf;
import dev.rondo.layers.Layer;
import dev.rondo.layers.Network;
import dev.rondo.layers.Scope;
import dev.rondo.plan.Plan;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/// A loss at the end of a model's graph: the scalars that a run makes there.
///
/// @param loss the mean of a batch
/// @param correct how many of its steps or numbers are right; empty for losses of whole sequences
/// @param count the number of its real steps; of its sequences for losses of these
/// @param errors where numbers are compared one by one
/// @param parts how many a step has of what is right or wrong
record LossNode(Value loss, Optional<Value> correct, Value count, Optional<Errors> errors, int parts) {
    /// The means of a batch of the squares and the magnitudes of prediction less target.
    record Errors(Value squared, Value absolute) {}

    /// The losses with the names of the outputs that they are of.
    ///
    /// @throws IllegalArgumentException if an output is none of the model's, or is not named though there are several
    static List<Objective> named(Network network, List<Objective> losses) {
        List<String> outputs = network.outputs().stream().map(Network.Output::name).toList();
        List<Objective> named = new ArrayList<>();
        for (Objective objective : losses) {
            if (objective.output().isEmpty() && outputs.size() > 1) {
                throw new IllegalArgumentException(
                        "loss: expected the name of the output that it is of, since the model gives %s, got none"
                                .formatted(outputs));
            }
            String output = objective.output().isEmpty() ? outputs.getFirst() : objective.output();
            if (!outputs.contains(output)) {
                throw new IllegalArgumentException("loss: expected one of the outputs %s, got %s".formatted(outputs, output));
            }
            named.add(new Objective(output, objective.loss(), objective.weight()));
        }
        return List.copyOf(named);
    }

    /// What the model and its losses take. Labels of a [Loss.Ctc] have a time of their own, the first that is free.
    ///
    /// @param losses with the names of outputs
    /// @throws IllegalArgumentException if a loss does not take what the model gives
    static Dataset.Signature signature(Network network, List<Objective> losses) {
        Scope scope = network.graph(Scope.Variant.PLAIN);
        List<Dataset.Part> inputs = new ArrayList<>();
        scope.inputs().forEach((name, input) -> inputs.add(new Dataset.Part(name, input.type(), input.shape())));
        int free = times(scope);
        List<Dataset.Part> targets = new ArrayList<>();
        for (Objective objective : losses) {
            Network.Output output = output(network, objective);
            Value y = y(scope, objective);
            String what = network.outputs().size() == 1 ? "" : " for " + objective.output();
            if (y.type() != DataType.FLOAT32 || y.shape().rank() < 2 || y.shape().rank() > 3) {
                throw new IllegalArgumentException("loss: expected a model that gives FLOAT32 [B,C] or [B,T,C]%s, got %s %s"
                        .formatted(what, y.type(), y.shape()));
            }
            Logits.check(network, output, objective.loss());
            checkSequences(network, output, objective.loss(), y, what);
            targets.add(switch (objective.loss()) {
                case Loss.CategoricalCrossEntropy(Loss.Targets kind, _) when kind == Loss.Targets.CLASSES ->
                    new Dataset.Part(objective.output(), DataType.INT32, y.shape().leading());
                case Loss.CategoricalCrossEntropy _, Loss.BinaryCrossEntropy _, Loss.MeanSquaredError _,
                        Loss.MeanAbsoluteError _ -> new Dataset.Part(objective.output(), DataType.FLOAT32, y.shape());
                case Loss.Ctc _ ->
                    new Dataset.Part(objective.output(), DataType.INT32, Shape.of(Shape.BATCH, Shape.time(free++)));
                case Loss.Crf _ -> new Dataset.Part(objective.output(), DataType.INT32, y.shape().leading());
            });
        }
        return new Dataset.Signature(inputs, targets);
    }

    private static Network.Output output(Network network, Objective objective) {
        return network.outputs().stream()
                .filter(output -> output.name().equals(objective.output()))
                .findFirst()
                .orElseThrow();
    }

    private static Value y(Scope scope, Objective objective) {
        return Objects.requireNonNull(scope.outputs().get(objective.output()), objective.output());
    }

    /// How many symbols of time a graph has.
    private static int times(Scope scope) {
        int times = 1;
        for (Value value : scope.graph().build().values()) {
            for (int dim : value.shape().dims()) {
                times = Shape.isTime(dim) ? Math.max(times, Shape.TIME - dim + 1) : times;
            }
        }
        return times;
    }

    /// Checks what losses of whole sequences need besides.
    private static void checkSequences(Network network, Network.Output output, Loss loss, Value y, String what) {
        Layer last = network.calls().get(output.port().call()).layer();
        if (last instanceof Crf && !(loss instanceof Loss.Crf)) {
            throw new IllegalArgumentException(
                    "loss: expected crf%s, which the scores of its last layer %s are for, got %s"
                            .formatted(what, last.name(), loss));
        }
        if (loss instanceof Loss.Crf && !(last instanceof Crf)) {
            throw new IllegalArgumentException(
                    "loss: expected a Crf as the last layer%s, which holds the scores of a crf, got %s"
                            .formatted(what, last.name()));
        }
        if (loss instanceof Loss.Ctc(int blank)) {
            if (y.shape().rank() != 3 || !Shape.isTime(y.shape().dim(1))) {
                throw new IllegalArgumentException(
                        "loss: expected a model that gives [B,T,C]%s for ctc, got %s".formatted(what, y.shape()));
            }
            if (blank >= y.shape().dim(2)) {
                throw new IllegalArgumentException("loss: expected a blank among the classes 0..%d%s, got %d"
                        .formatted(y.shape().dim(2) - 1, what, blank));
            }
        }
    }

    /// What a loss takes of a graph.
    ///
    /// @param output what the model gives
    /// @param targets held against it
    /// @param targetLengths the number of steps of each sequence of the targets; empty where all have all
    record Ends(Value output, Value targets, Optional<Value> targetLengths) {}

    /// Adds a loss to a model's graph, and its values to the graph's outputs.
    ///
    /// @param name of the loss in the graph
    static LossNode add(Scope scope, String name, Network.Output output, Network network, Loss loss, Ends ends) {
        Value y = ends.output();
        LossNode node = switch (loss) {
            case Loss.CategoricalCrossEntropy(_, Loss.Predictions predictions) ->
                crossEntropy(
                        scope,
                        name,
                        before(scope, y, new Op.Softmax()).orElseGet(() -> switch (predictions) {
                            case LOGITS -> y;
                            case PROBABILITIES -> logarithms(scope, name, y);
                        }),
                        ends.targets());
            case Loss.BinaryCrossEntropy(Loss.Predictions predictions) -> {
                Optional<Value> logits = before(scope, y, new Op.Unary(UnaryKind.SIGMOID));
                boolean exact = logits.isPresent() || predictions == Loss.Predictions.LOGITS;
                yield elementwise(
                        scope, name, exact ? LossKind.BINARY_LOGITS : LossKind.BINARY, logits.orElse(y), ends.targets());
            }
            case Loss.MeanSquaredError _ -> elementwise(scope, name, LossKind.SQUARED, y, ends.targets());
            case Loss.MeanAbsoluteError _ -> elementwise(scope, name, LossKind.ABSOLUTE, y, ends.targets());
            case Loss.Ctc(int blank) -> {
                Value logits = before(scope, y, new Op.Softmax()).orElse(y);
                CtcInputs inputs = CtcInputs.of(logits, ends.targets(), ends.targetLengths().orElseThrow());
                Op.Ctc ctc = new Op.Ctc(blank, Op.CtcReduction.MEAN, Op.Impossible.REFUSED);
                yield of(scope.graph().ctc(name, ctc, scope.lengths(logits).map(inputs::lengths).orElse(inputs)));
            }
            case Loss.Crf _ -> {
                Crf layer = (Crf) network.calls().get(output.port().call()).layer();
                CrfInputs inputs = CrfInputs.of(y, layer.weights(scope), ends.targets());
                yield of(scope.graph().crf(name, scope.lengths(y).map(inputs::lengths).orElse(inputs)));
            }
        };
        Graph.Builder graph = scope.graph();
        graph.output(name + ".loss", node.loss()).output(name + ".count", node.count());
        node.correct().ifPresent(correct -> graph.output(name + ".correct", correct));
        node.errors()
                .ifPresent(errors -> graph.output(name + ".squaredError", errors.squared())
                        .output(name + ".absoluteError", errors.absolute()));
        return node;
    }

    private static LossNode of(SequenceLossOutputs outputs) {
        return new LossNode(outputs.loss(), Optional.empty(), outputs.count(), Optional.empty(), 1);
    }

    /// Logarithms of what a model gives: their softmax is that again, divided by its sum. 1e-7 is what Keras takes for
    /// the smallest probability.
    private static Value logarithms(Scope scope, String name, Value y) {
        Graph.Builder graph = scope.graph();
        Value positive = graph.binary(name + ".positive", BinaryKind.ADD, y, graph.constant(1e-7));
        return graph.unary(name + ".log", UnaryKind.LOG, positive);
    }

    /// What goes into the operation that a model ends in, if it ends in this one.
    private static Optional<Value> before(Scope scope, Value y, Op last) {
        return scope.graph()
                .build()
                .producer(y)
                .filter(node -> node.op().equals(last))
                .map(node -> node.input("x"));
    }

    private static LossNode crossEntropy(Scope scope, String name, Value logits, Value y) {
        CrossEntropyOutputs outputs = scope.lengths(logits)
                .map(own -> scope.graph().softmaxCrossEntropy(name, logits, y, own))
                .orElseGet(() -> scope.graph().softmaxCrossEntropy(name, logits, y));
        return new LossNode(outputs.loss(), Optional.of(outputs.correct()), outputs.count(), Optional.empty(), 1);
    }

    private static LossNode elementwise(Scope scope, String name, LossKind kind, Value x, Value y) {
        ElementwiseLossOutputs outputs = scope.lengths(x)
                .map(own -> scope.graph().elementwiseLoss(name, kind, x, y, own))
                .orElseGet(() -> scope.graph().elementwiseLoss(name, kind, x, y));
        return new LossNode(
                outputs.loss(),
                Optional.of(outputs.correct()),
                outputs.count(),
                Optional.of(new Errors(outputs.squaredError(), outputs.absoluteError())),
                x.shape().dim(-1));
    }

    /// What the last run of a plan comes to, as sums over its real steps.
    Metric.Totals totals(Plan plan) {
        double steps = plan.scalar(count);
        return new Metric.Totals(
                plan.scalar(loss) * steps,
                correct.isPresent() ? plan.scalar(correct.get()) / parts : 0,
                errors.isPresent() ? plan.scalar(errors.get().squared()) * steps : 0,
                errors.isPresent() ? plan.scalar(errors.get().absolute()) * steps : 0,
                (long) steps);
    }
}
