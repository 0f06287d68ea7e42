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
import dev.rondo.graph.Op.ReduceKind;
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
/// @param weighing what the loss is weighed by; empty where all real steps count alike
record LossNode(
        Value loss,
        Optional<Value> correct,
        Optional<Value> count,
        Optional<Errors> errors,
        int parts,
        Optional<Weighing> weighing) {
    /// The means of a batch of the squares and the magnitudes of prediction less target.
    record Errors(Value squared, Value absolute) {}

    /// By what a loss is weighed. Weights, spread and entropy are inputs of the graph, which a [Weigher] fills before
    /// each run for all steps that are real as far as the data tell; which of them a layer takes for padding, the graph
    /// knows.
    ///
    /// @param weights of each step or sequence
    /// @param spread targets times weights, where the loss is a cross-entropy with them
    /// @param entropy of each step's targets, negative, times its weight, where the loss is a divergence from them
    /// @param sum of the weights of real steps, a scalar
    record Weighing(Value weights, Optional<Value> spread, Optional<Value> entropy, Value sum) {}

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
                throw new IllegalArgumentException("loss: expected one of the outputs %s, got %s"
                        .formatted(outputs, output));
            }
            named.add(objective.of(output));
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
        int free = network.times();
        List<Dataset.Part> targets = new ArrayList<>();
        for (Objective objective : losses) {
            Network.Output output = output(network, objective);
            Value y = y(scope, objective);
            String what = network.outputs().size() == 1 ? "" : " for " + objective.output();
            if (y.type() != DataType.FLOAT32 || y.shape().rank() < 2 || y.shape().rank() > 3) {
                throw new IllegalArgumentException(
                        "loss: expected a model that gives FLOAT32 [B,C] or [B,T,C]%s, got %s %s"
                                .formatted(what, y.type(), y.shape()));
            }
            boolean windowed = y.shape().rank() == 3 && scope.isWindowed(y.shape().dim(1));
            if (windowed && !(objective.loss() instanceof Loss.Ctc)) {
                throw new IllegalArgumentException(
                        "loss: expected a model that gives as many steps as it takes or none%s, or ctc, got %s, whose steps are windows, and %s"
                                .formatted(what, y.shape(), objective.loss()));
            }
            Logits.check(network, output, objective.loss());
            checkSequences(network, output, objective.loss(), y, what);
            checkClasses(objective, y, what);
            checkFormula(scope, objective, y);
            targets.add(switch (objective.loss()) {
                case Loss.CategoricalCrossEntropy(Loss.Targets kind, _, _) when kind == Loss.Targets.CLASSES ->
                    new Dataset.Part(objective.output(), DataType.INT32, y.shape().leading());
                case Loss.CategoricalCrossEntropy _, Loss.BinaryCrossEntropy _, Loss.MeanSquaredError _,
                        Loss.MeanAbsoluteError _, Loss.Huber _, Loss.KlDivergence _, Loss.Custom _ ->
                    new Dataset.Part(objective.output(), DataType.FLOAT32, y.shape());
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

    private static void checkClasses(Objective objective, Value y, String what) {
        int classes = y.shape().dim(-1);
        if (!objective.classWeights().isEmpty() && objective.classWeights().size() != classes) {
            throw new IllegalArgumentException("classWeights: expected one for each of %d classes%s, got %d"
                    .formatted(classes, what, objective.classWeights().size()));
        }
    }

    /// Has a formula add to a graph that is thrown away.
    private static void checkFormula(Scope scope, Objective objective, Value y) {
        if (objective.loss() instanceof Loss.Custom custom) {
            String name = "check/" + objective.output();
            Value targets = scope.graph().input(name + ".targets", DataType.FLOAT32, y.shape());
            cost(scope, name, custom, y, targets);
        }
    }

    private static Value cost(Scope scope, String name, Loss.Custom custom, Value y, Value targets) {
        LossScope formula = new LossScope(scope.graph(), name, scope.lengths(y));
        Value cost = custom.formula().apply(formula, y, targets);
        formula.check(custom.name(), cost, y);
        return cost;
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

    /// What a loss is made of.
    ///
    /// @param name of the loss in the graph
    /// @param objective with the name of the output
    /// @param targets held against what the model gives
    /// @param targetLengths the number of steps of each sequence of the targets; empty where all have all
    /// @param weights whether the data tell how much examples or steps count
    record Terms(
            String name,
            Objective objective,
            Value targets,
            Optional<Value> targetLengths,
            Dataset.Weights weights) {
        boolean isWeighted() {
            return weights != Dataset.Weights.EQUAL || !objective.classWeights().isEmpty();
        }
    }

    /// Adds a loss to a model's graph, and its values to the graph's outputs.
    ///
    /// @throws IllegalArgumentException if it cannot have the weights that the data tell
    static LossNode add(Scope scope, Network network, Terms terms) {
        String name = terms.name();
        Value y = y(scope, terms.objective());
        LossNode node = switch (terms.objective().loss()) {
            case Loss.CategoricalCrossEntropy(_, Loss.Predictions predictions, double smoothing) -> {
                Value logits = before(scope, y, new Op.Softmax()).orElseGet(() -> switch (predictions) {
                    case LOGITS -> y;
                    case PROBABILITIES -> logarithms(scope, name, y);
                });
                yield terms.isWeighted() || smoothing > 0
                        ? spread(scope, terms, logits)
                        : crossEntropy(scope, name, logits, terms.targets());
            }
            case Loss.KlDivergence _ -> spread(scope, terms, before(scope, y, new Op.Softmax()).orElse(y));
            case Loss.BinaryCrossEntropy(Loss.Predictions predictions, double smoothing) -> {
                Optional<Value> logits = before(scope, y, new Op.Unary(UnaryKind.SIGMOID));
                boolean exact = logits.isPresent() || predictions == Loss.Predictions.LOGITS;
                Value x = logits.orElse(y);
                Value targets = smoothing == 0 ? terms.targets() : smoothed(scope, name, terms.targets(), smoothing);
                LossKind kind = exact ? LossKind.BINARY_LOGITS : LossKind.BINARY;
                LossNode plain = elementwise(scope, name, kind, x, targets);
                // Metrics are of the targets as they are.
                LossNode counts = smoothing == 0
                        ? plain
                        : elementwise(scope, name + ".counts", kind, x, terms.targets());
                yield terms.isWeighted()
                        ? weighed(scope, terms, exact
                                ? binaryOfLogits(scope, name, x, targets)
                                : binary(scope, name, x, targets), counts)
                        : new LossNode(
                                plain.loss(),
                                counts.correct(),
                                counts.count(),
                                counts.errors(),
                                counts.parts(),
                                Optional.empty());
            }
            case Loss.MeanSquaredError _ -> {
                LossNode plain = elementwise(scope, name, LossKind.SQUARED, y, terms.targets());
                yield terms.isWeighted()
                        ? weighed(
                                scope,
                                terms,
                                mean(scope, name, error(scope, name, UnaryKind.SQUARE, y, terms.targets())),
                                plain)
                        : plain;
            }
            case Loss.MeanAbsoluteError _ -> {
                LossNode plain = elementwise(scope, name, LossKind.ABSOLUTE, y, terms.targets());
                yield terms.isWeighted()
                        ? weighed(
                                scope,
                                terms,
                                mean(scope, name, error(scope, name, UnaryKind.ABS, y, terms.targets())),
                                plain)
                        : plain;
            }
            case Loss.Huber(double delta) ->
                weighed(scope, terms, huber(scope, name, delta, error(scope, name, UnaryKind.ABS, y, terms.targets())),
                        elementwise(scope, name + ".errors", LossKind.SQUARED, y, terms.targets()));
            case Loss.Custom custom -> {
                Value cost = cost(scope, name, custom, y, terms.targets());
                LossNode none =
                        new LossNode(cost, Optional.empty(), Optional.empty(), Optional.empty(), 1, Optional.empty());
                yield weighed(scope, terms, cost, none);
            }
            case Loss.Ctc(int blank) -> {
                Value logits = before(scope, y, new Op.Softmax()).orElse(y);
                CtcInputs inputs = CtcInputs.of(logits, terms.targets(), terms.targetLengths().orElseThrow());
                Op.CtcReduction reduction = terms.isWeighted() ? Op.CtcReduction.SUM : Op.CtcReduction.MEAN;
                SequenceLossOutputs outputs = scope.graph().ctc(
                        name,
                        new Op.Ctc(blank, reduction, Op.Impossible.REFUSED),
                        scope.lengths(logits).map(inputs::lengths).orElse(inputs));
                yield terms.isWeighted() ? weighed(scope, terms, outputs.perSequence(), of(outputs)) : of(outputs);
            }
            case Loss.Crf _ -> {
                checkUnweighted(terms);
                Crf layer = (Crf) network.calls().get(output(network, terms.objective()).port().call()).layer();
                CrfInputs inputs = CrfInputs.of(y, layer.weights(scope), terms.targets());
                yield of(scope.graph().crf(name, scope.lengths(y).map(inputs::lengths).orElse(inputs)));
            }
        };
        Graph.Builder graph = scope.graph();
        graph.output(name + ".loss", node.loss());
        node.count().ifPresent(count -> graph.output(name + ".count", count));
        node.correct().ifPresent(correct -> graph.output(name + ".correct", correct));
        node.weighing().ifPresent(weighing -> graph.output(name + ".weight", weighing.sum()));
        node.errors()
                .ifPresent(errors -> graph.output(name + ".squaredError", errors.squared())
                        .output(name + ".absoluteError", errors.absolute()));
        return node;
    }

    private static void checkUnweighted(Terms terms) {
        if (terms.isWeighted()) {
            throw new IllegalArgumentException("weights: expected none of the targets of %s, whose loss is %s, got %s"
                    .formatted(terms.objective().output(), terms.objective().loss(), terms.weights()));
        }
    }

    private static LossNode of(SequenceLossOutputs outputs) {
        return new LossNode(
                outputs.loss(), Optional.empty(), Optional.of(outputs.count()), Optional.empty(), 1, Optional.empty());
    }

    /// The weights of steps or sequences without those of padding, and what they come to. Nothing here depends on the
    /// model's outputs, so that no gradient goes this way.
    ///
    /// @param weights an input of the graph, `[B,T]` or `[B]`
    /// @param real the same, zero at padding
    /// @param sum of these
    /// @param count the number of real steps
    /// @param divisor the sum; 1 where there are no real steps
    private record Real(Value weights, Value real, Value sum, Value count, Value divisor) {
        static Real of(Scope scope, String name, Shape steps) {
            Graph.Builder graph = scope.graph();
            Value weights = graph.input(name + ".weights", DataType.FLOAT32, steps);
            Value real = masked(scope, name + ".real", weights);
            Value zeros = graph.binary(name + ".zeros", BinaryKind.MULTIPLY, weights, graph.constant(0));
            Value ones = graph.binary(name + ".ones", BinaryKind.ADD, zeros, graph.constant(1));
            Value sum = LossNode.sum(scope, name + ".weight", real);
            Value count = LossNode.sum(scope, name + ".steps", masked(scope, name + ".each", ones));
            Value some = graph.binary(name + ".some", BinaryKind.MINIMUM, count, graph.constant(1));
            Value none = graph.binary(name + ".none", BinaryKind.SUBTRACT, graph.constant(1), some);
            return new Real(weights, real, sum, count, graph.binary(name + ".divisor", BinaryKind.ADD, sum, none));
        }
    }

    /// Numbers of steps with zeros at padding, that of the data and what a layer has found.
    private static Value masked(Scope scope, String name, Value steps) {
        return scope.lengths(steps)
                .map(own -> scope.graph().maskTime(name, steps, own))
                .orElse(steps);
    }

    private static Value sum(Scope scope, String name, Value x) {
        return scope.graph().reduce(name, new Op.Reduce(ReduceKind.SUM, 0, x.shape().rank()), x);
    }

    /// A cross-entropy with targets that a [Weigher] makes of the given ones: `sum w t' log p / sum w` of the smoothed
    /// ones t'.
    private static LossNode spread(Scope scope, Terms terms, Value logits) {
        Graph.Builder graph = scope.graph();
        String name = terms.name();
        Value spread = graph.input(name + ".spread", DataType.FLOAT32, logits.shape());
        LossNode mean = crossEntropy(scope, name, logits, spread);
        Real real = Real.of(scope, name, logits.shape().leading());
        Value scale = graph.binary(name + ".scale", BinaryKind.DIVIDE, real.count(), real.divisor());
        Value loss = graph.binary(name + ".weighted", BinaryKind.MULTIPLY, mean.loss(), scale);
        Optional<Value> entropy = terms.objective().loss() instanceof Loss.KlDivergence
                ? Optional.of(graph.input(name + ".entropy", DataType.FLOAT32, logits.shape().leading()))
                : Optional.empty();
        if (entropy.isPresent()) {
            Value all = sum(scope, name + ".entropies", masked(scope, name + ".realEntropy", entropy.get()));
            Value offset = graph.binary(name + ".offset", BinaryKind.DIVIDE, all, real.divisor());
            loss = graph.binary(name + ".divergence", BinaryKind.ADD, loss, offset);
        }
        // Weights of zero leave nothing to tell what is right.
        LossNode counts = terms.isWeighted() ? crossEntropy(scope, name + ".counts", logits, terms.targets()) : mean;
        return new LossNode(
                loss,
                counts.correct(),
                Optional.of(real.count()),
                Optional.empty(),
                1,
                Optional.of(new Weighing(real.weights(), Optional.of(spread), entropy, real.sum())));
    }

    /// The weighted mean of what steps or sequences cost.
    ///
    /// @param cost `[B,T]` or `[B]`
    /// @param plain what counts besides, unweighted
    private static LossNode weighed(Scope scope, Terms terms, Value cost, LossNode plain) {
        Graph.Builder graph = scope.graph();
        String name = terms.name();
        if (terms.weights() == Dataset.Weights.STEPS && cost.shape().rank() < 2) {
            throw new IllegalArgumentException(
                    "stepWeights: expected none of the targets of %s, whose loss is %s, got some"
                            .formatted(terms.objective().output(), terms.objective().loss()));
        }
        Real real = Real.of(scope, name, cost.shape());
        Value products = graph.binary(name + ".products", BinaryKind.MULTIPLY, cost, real.real());
        Value sum = sum(scope, name + ".sum", products);
        return new LossNode(
                graph.binary(name + ".weighted", BinaryKind.DIVIDE, sum, real.divisor()),
                plain.correct(),
                Optional.of(real.count()),
                plain.errors(),
                plain.parts(),
                Optional.of(new Weighing(real.weights(), Optional.empty(), Optional.empty(), real.sum())));
    }

    private static Value mean(Scope scope, String name, Value x) {
        int rank = x.shape().rank();
        return scope.graph().reduce(name + ".mean", new Op.Reduce(ReduceKind.MEAN, rank - 1, rank), x);
    }

    /// The squares or magnitudes of all errors.
    private static Value error(Scope scope, String name, UnaryKind kind, Value y, Value targets) {
        Graph.Builder graph = scope.graph();
        Value error = graph.binary(name + ".error", BinaryKind.SUBTRACT, y, targets);
        return graph.unary(name + ".cost", kind, error);
    }

    /// `c (a - c / 2)` of magnitudes a, with c the smaller of a and delta.
    private static Value huber(Scope scope, String name, double delta, Value magnitude) {
        Graph.Builder graph = scope.graph();
        Value smaller = graph.binary(name + ".smaller", BinaryKind.MINIMUM, magnitude, graph.constant(delta));
        Value half = graph.binary(name + ".half", BinaryKind.MULTIPLY, smaller, graph.constant(0.5));
        Value rest = graph.binary(name + ".rest", BinaryKind.SUBTRACT, magnitude, half);
        return mean(scope, name, graph.binary(name + ".huber", BinaryKind.MULTIPLY, smaller, rest));
    }

    /// `(1 - s) t + s / 2`.
    private static Value smoothed(Scope scope, String name, Value targets, double smoothing) {
        Graph.Builder graph = scope.graph();
        Value less = graph.binary(name + ".less", BinaryKind.MULTIPLY, targets, graph.constant(1 - smoothing));
        return graph.binary(name + ".smoothed", BinaryKind.ADD, less, graph.constant(smoothing / 2));
    }

    /// `log(1 + e^x) - t x`.
    private static Value binaryOfLogits(Scope scope, String name, Value x, Value targets) {
        Graph.Builder graph = scope.graph();
        Value all = graph.unary(name + ".softplus", UnaryKind.SOFTPLUS, x);
        Value right = graph.binary(name + ".right", BinaryKind.MULTIPLY, targets, x);
        return mean(scope, name, graph.binary(name + ".binary", BinaryKind.SUBTRACT, all, right));
    }

    /// `-t log p - (1-t) log(1-p)` of probabilities taken to 1e-7 to 1 - 1e-7, as Keras does.
    private static Value binary(Scope scope, String name, Value x, Value targets) {
        Graph.Builder graph = scope.graph();
        Value one = graph.constant(1);
        Value p = graph.clip(name + ".clipped", x, 1e-7f, 1 - 1e-7f);
        Value yes = graph.unary(name + ".logYes", UnaryKind.LOG, p);
        Value no = graph.unary(name + ".logNo", UnaryKind.LOG, graph.binary(name + ".no", BinaryKind.SUBTRACT, one, p));
        // log(1-p) + t (log p - log(1-p))
        Value odds = graph.binary(name + ".odds", BinaryKind.SUBTRACT, yes, no);
        Value right = graph.binary(name + ".right", BinaryKind.MULTIPLY, targets, odds);
        Value likelihood = graph.binary(name + ".likelihood", BinaryKind.ADD, no, right);
        return mean(scope, name, graph.unary(name + ".binary", UnaryKind.NEGATE, likelihood));
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
        return new LossNode(
                outputs.loss(),
                Optional.of(outputs.correct()),
                Optional.of(outputs.count()),
                Optional.empty(),
                1,
                Optional.empty());
    }

    private static LossNode elementwise(Scope scope, String name, LossKind kind, Value x, Value y) {
        ElementwiseLossOutputs outputs = scope.lengths(x)
                .map(own -> scope.graph().elementwiseLoss(name, kind, x, y, own))
                .orElseGet(() -> scope.graph().elementwiseLoss(name, kind, x, y));
        return new LossNode(
                outputs.loss(),
                Optional.of(outputs.correct()),
                Optional.of(outputs.count()),
                Optional.of(new Errors(outputs.squaredError(), outputs.absoluteError())),
                x.shape().dim(-1),
                Optional.empty());
    }

    /// What the last run of a plan comes to, as sums over its real steps.
    Metric.Totals totals(Plan plan) {
        double steps = plan.scalar(count.orElseThrow());
        double weight = weighing.isPresent() ? plan.scalar(weighing.get().sum()) : steps;
        return new Metric.Totals(
                plan.scalar(loss) * weight,
                correct.isPresent() ? plan.scalar(correct.get()) / parts : 0,
                errors.isPresent() ? plan.scalar(errors.get().squared()) * steps : 0,
                errors.isPresent() ? plan.scalar(errors.get().absolute()) * steps : 0,
                (long) steps,
                weight);
    }
}
