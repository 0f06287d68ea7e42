package dev.rondo.training;

import dev.rondo.plan.Clip;
import dev.rondo.plan.Engine;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/// How a model is to learn: what [dev.rondo.Model#compile] takes.
///
/// ```java
/// Training.optimizer(Adam.rate(2e-3)).loss(Loss.sparseCategoricalCrossEntropy()).metrics(Metric.accuracy()).clipGlobalNorm(5)
/// ```
///
/// @param optimizer how gradients become steps
/// @param loss what is made small
/// @param metrics what is watched besides
/// @param clip how gradients are kept from being too large
/// @param schedule how the optimizer's rate changes
/// @param groups parameters that learn in a way of their own
/// @param engine the kernels, threads and libraries it runs on
public record Training(
        Optimizer optimizer,
        Loss loss,
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
                Loss.sparseCategoricalCrossEntropy(),
                List.of(),
                Clip.none(),
                Schedule.constant(),
                List.of(),
                Engine.training());
    }

    /// With another loss.
    public Training loss(Loss loss) {
        return new Training(optimizer, loss, metrics, clip, schedule, groups, engine);
    }

    /// With these metrics.
    public Training metrics(Metric... metrics) {
        return new Training(optimizer, loss, Arrays.asList(metrics), clip, schedule, groups, engine);
    }

    /// With all gradients multiplied by `max / norm` where their common norm is larger than max (Pascanu, Mikolov &
    /// Bengio 2013). Of the three ways to clip, the last one called is in force.
    ///
    /// @throws IllegalArgumentException if max is not above 0
    public Training clipGlobalNorm(double max) {
        return new Training(optimizer, loss, metrics, Clip.globalNorm(max), schedule, groups, engine);
    }

    /// With the gradient g of each parameter multiplied by `max / |g|` where its own norm is larger than max.
    ///
    /// @throws IllegalArgumentException if max is not above 0
    public Training clipNorm(double max) {
        return new Training(optimizer, loss, metrics, Clip.norm(max), schedule, groups, engine);
    }

    /// With each number of the gradients taken to the nearest in -max..max.
    ///
    /// @throws IllegalArgumentException if max is not above 0
    public Training clipValue(double max) {
        return new Training(optimizer, loss, metrics, Clip.value(max), schedule, groups, engine);
    }

    /// With a rate that changes as training goes on:
    ///
    /// ```java
    /// .schedule(Schedule.exponential(0.5, 1000))
    /// ```
    public Training schedule(Schedule schedule) {
        return new Training(optimizer, loss, metrics, clip, schedule, groups, engine);
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
        return new Training(optimizer, loss, metrics, clip, schedule, all, engine);
    }

    /// On these kernels and threads:
    ///
    /// ```java
    /// .engine(Engine.training().threads(2))
    /// ```
    public Training engine(Engine.Options engine) {
        return new Training(optimizer, loss, metrics, clip, schedule, groups, engine);
    }
}
