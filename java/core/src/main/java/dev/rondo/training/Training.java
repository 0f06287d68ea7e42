package dev.rondo.training;

import dev.rondo.plan.Clip;
import dev.rondo.plan.Engine;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.Stream;

/// How a model is to learn: what [dev.rondo.Model#compile] takes.
///
/// ```java
/// Training.optimizer(Adam.rate(2e-3)).loss(Loss.sparseCategoricalCrossEntropy()).metrics(Metric.accuracy()).clipGlobalNorm(5)
/// ```
///
/// @param optimizer how gradients become steps
/// @param losses what is made small: a loss of the only output, or one for each of some outputs
/// @param metrics what is watched besides
/// @param clip how gradients are kept from being too large
/// @param schedule how the optimizer's rate changes
/// @param groups parameters that learn in a way of their own
/// @param engine the kernels, threads and libraries it runs on
public record Training(
        Optimizer optimizer,
        List<Objective> losses,
        List<Metric> metrics,
        Clip clip,
        Schedule schedule,
        List<Selection> groups,
        Engine.Options engine) {
    /// Parameters and how they learn.
    ///
    /// @param parameters which ones
    /// @param group how they learn
    public record Selection(ParameterFilter parameters, Group group) {}

    public Training {
        losses = List.copyOf(losses);
        List<String> outputs = losses.stream().map(Objective::output).toList();
        boolean twice = Set.copyOf(outputs).size() < outputs.size();
        if (outputs.isEmpty() || twice || outputs.size() > 1 && outputs.contains("")) {
            throw new IllegalArgumentException(
                    "losses: expected one, or one for each of some outputs by its name, got ones of " + outputs);
        }
        metrics = List.copyOf(metrics);
        groups = List.copyOf(groups);
        for (Selection selection : groups) {
            if (selection.group().decay().isPresent() && !(optimizer instanceof AdamW)) {
                throw new IllegalArgumentException(
                        "group: decay: expected AdamW as the optimizer (for others there is l2), got " + optimizer);
            }
        }
    }

    /// With this optimizer, sparse categorical cross-entropy, no metrics, no clipping, a constant rate,
    /// and [Engine#training()].
    public static Training optimizer(Optimizer optimizer) {
        return new Training(
                optimizer,
                List.of(Objective.of(Loss.sparseCategoricalCrossEntropy())),
                List.of(),
                Clip.none(),
                Schedule.constant(),
                List.of(),
                Engine.training());
    }

    /// With this loss of a model's only output.
    public Training loss(Loss loss) {
        return new Training(optimizer, List.of(Objective.of(loss)), metrics, clip, schedule, groups, engine);
    }

    /// With this loss of an output, beside those of others that were named; see [#loss(String, Loss, double)].
    ///
    /// @param output its name in the model
    public Training loss(String output, Loss loss) {
        return loss(output, loss, 1);
    }

    /// With this loss of an output, beside those of others that were named. What is made small is the sum of all, each
    /// times its weight. Outputs may be without a loss where another has one; parameters that no loss depends on get no
    /// gradients.
    ///
    /// ```java
    /// .loss("tags", Loss.sparseCategoricalCrossEntropy()).loss("value", Loss.meanSquaredError(), 0.1)
    /// ```
    ///
    /// @param output its name in the model
    /// @param weight by which it counts
    /// @throws IllegalArgumentException if the name is empty or the weight is not above 0
    public Training loss(String output, Loss loss, double weight) {
        if (output.isEmpty()) {
            throw new IllegalArgumentException("loss: expected the name of an output, got an empty one");
        }
        SequencedMap<String, Objective> all = new LinkedHashMap<>();
        losses.stream().filter(other -> !other.output().isEmpty()).forEach(other -> all.put(other.output(), other));
        all.put(output, new Objective(output, loss, weight));
        return new Training(optimizer, List.copyOf(all.values()), metrics, clip, schedule, groups, engine);
    }

    /// With how much each class counts in the only loss, a cross-entropy of classes: each step by the weight of its
    /// class, as if it came with the data ([dev.rondo.data.Examples#weights(String, float...)]), besides which it
    /// counts. Where targets are probabilities, a step has the mean of the weights of the classes.
    /// [dev.rondo.data.ClassWeights] makes rare classes count as much as others.
    ///
    /// ```java
    /// .classWeights(ClassWeights.balanced(labels, classes))
    /// ```
    ///
    /// @param weights one for each class, at least 0; none: all alike
    /// @throws IllegalArgumentException if there are several losses, the loss is no cross-entropy of classes, or a
    ///     weight is negative or not finite
    public Training classWeights(float... weights) {
        if (losses.size() > 1) {
            throw new IllegalArgumentException(
                    "classWeights: expected the name of an output, since there are losses of "
                            + losses.stream().map(Objective::output).toList());
        }
        return classWeights(losses.getFirst().output(), weights);
    }

    /// With how much each class counts in the loss of an output, which was told before; see [#classWeights(float...)].
    ///
    /// @param output its name
    /// @param weights one for each class, at least 0; none: all alike
    /// @throws IllegalArgumentException if the output has no loss, or as above
    public Training classWeights(String output, float... weights) {
        List<Float> all = new ArrayList<>();
        for (float weight : weights) {
            all.add(weight);
        }
        if (losses.stream().noneMatch(objective -> objective.output().equals(output))) {
            throw new IllegalArgumentException("classWeights: expected one of the outputs with a loss, %s, got %s"
                    .formatted(losses.stream().map(Objective::output).toList(), output));
        }
        List<Objective> weighted = losses.stream()
                .map(objective -> objective.output().equals(output)
                        ? new Objective(output, objective.loss(), objective.weight(), all)
                        : objective)
                .toList();
        return new Training(optimizer, weighted, metrics, clip, schedule, groups, engine);
    }

    /// With these metrics. Where several outputs have a loss, each metric is taken of all whose losses count for it,
    /// and is found under the output's name, as `logits.accuracy`.
    public Training metrics(Metric... metrics) {
        return new Training(optimizer, losses, Arrays.asList(metrics), clip, schedule, groups, engine);
    }

    /// With all gradients multiplied by `max / norm` where their common norm is larger than max (Pascanu, Mikolov &
    /// Bengio 2013). Of the three ways to clip, the last one called is in force.
    ///
    /// @throws IllegalArgumentException if max is not above 0
    public Training clipGlobalNorm(double max) {
        return new Training(optimizer, losses, metrics, Clip.globalNorm(max), schedule, groups, engine);
    }

    /// With the gradient g of each parameter multiplied by `max / |g|` where its own norm is larger than max.
    ///
    /// @throws IllegalArgumentException if max is not above 0
    public Training clipNorm(double max) {
        return new Training(optimizer, losses, metrics, Clip.norm(max), schedule, groups, engine);
    }

    /// With each number of the gradients taken to the nearest in -max..max.
    ///
    /// @throws IllegalArgumentException if max is not above 0
    public Training clipValue(double max) {
        return new Training(optimizer, losses, metrics, Clip.value(max), schedule, groups, engine);
    }

    /// With a rate that changes as training goes on:
    ///
    /// ```java
    /// .schedule(Schedule.exponential(0.5, 1000))
    /// ```
    public Training schedule(Schedule schedule) {
        return new Training(optimizer, losses, metrics, clip, schedule, groups, engine);
    }

    /// With some parameters that learn in a way of their own. A parameter that more than one group asks for is of the
    /// first.
    ///
    /// @param pattern of parameter paths such as `lstm/weightIh`, in which `*` stands for any characters: `lstm/*`,
    ///     `*/weight*`. That it selects a parameter is checked by [dev.rondo.Model#compile], which names them
    /// @throws IllegalArgumentException if the pattern is blank, or a decay is given without [AdamW]
    public Training group(String pattern, Group group) {
        return group(new Groups.Pattern(pattern), group);
    }

    /// With some parameters that learn in a way of their own.
    ///
    /// @throws IllegalArgumentException if a decay is given without [AdamW]
    public Training group(ParameterFilter parameters, Group group) {
        List<Selection> all =
                Stream.concat(groups.stream(), Stream.of(new Selection(parameters, group))).toList();
        return new Training(optimizer, losses, metrics, clip, schedule, all, engine);
    }

    /// On these kernels and threads:
    ///
    /// ```java
    /// .engine(Engine.training().threads(2))
    /// ```
    public Training engine(Engine.Options engine) {
        return new Training(optimizer, losses, metrics, clip, schedule, groups, engine);
    }
}
