package dev.rondo.training;

import dev.rondo.plan.Clip;
import dev.rondo.plan.Engine;
import java.util.Arrays;
import java.util.List;

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
/// @param engine the kernels, threads and libraries it runs on
public record Training(
        Optimizer optimizer,
        Loss loss,
        List<Metric> metrics,
        Clip clip,
        Schedule schedule,
        Engine.Options engine) {
    public Training {
        metrics = List.copyOf(metrics);
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
                Engine.training());
    }

    /// With another loss.
    public Training loss(Loss loss) {
        return new Training(optimizer, loss, metrics, clip, schedule, engine);
    }

    /// With these metrics.
    public Training metrics(Metric... metrics) {
        return new Training(optimizer, loss, Arrays.asList(metrics), clip, schedule, engine);
    }

    /// With all gradients multiplied by `max / norm` where their common norm is larger than max (Pascanu, Mikolov &
    /// Bengio 2013). Of the three ways to clip, the last one called is in force.
    ///
    /// @throws IllegalArgumentException if max is not above 0
    public Training clipGlobalNorm(double max) {
        return new Training(optimizer, loss, metrics, Clip.globalNorm(max), schedule, engine);
    }

    /// With the gradient g of each parameter multiplied by `max / |g|` where its own norm is larger than max.
    ///
    /// @throws IllegalArgumentException if max is not above 0
    public Training clipNorm(double max) {
        return new Training(optimizer, loss, metrics, Clip.norm(max), schedule, engine);
    }

    /// With each number of the gradients taken to the nearest in -max..max.
    ///
    /// @throws IllegalArgumentException if max is not above 0
    public Training clipValue(double max) {
        return new Training(optimizer, loss, metrics, Clip.value(max), schedule, engine);
    }

    /// With a rate that changes as training goes on:
    ///
    /// ```java
    /// .schedule(Schedule.exponential(0.5, 1000))
    /// ```
    public Training schedule(Schedule schedule) {
        return new Training(optimizer, loss, metrics, clip, schedule, engine);
    }

    /// On these kernels and threads:
    ///
    /// ```java
    /// .engine(Engine.training().threads(2))
    /// ```
    public Training engine(Engine.Options engine) {
        return new Training(optimizer, loss, metrics, clip, schedule, engine);
    }
}
