package dev.rondo.training;

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
/// @param maxGradientNorm the largest norm of all gradients taken together; larger ones are scaled down to it;
///     infinity: never
/// @param schedule how the optimizer's rate changes
/// @param engine the kernels, threads and libraries it runs on
public record Training(
        Optimizer optimizer,
        Loss loss,
        List<Metric> metrics,
        double maxGradientNorm,
        Schedule schedule,
        Engine.Options engine) {
    public Training {
        metrics = List.copyOf(metrics);
        if (!((float) maxGradientNorm > 0)) {
            throw new IllegalArgumentException(
                    "clipGlobalNorm: expected a norm above 0 in float32, got " + maxGradientNorm);
        }
    }

    /// With this optimizer, sparse categorical cross-entropy, no metrics, no clipping, a constant rate,
    /// and [Engine#training()].
    public static Training optimizer(Optimizer optimizer) {
        return new Training(
                optimizer,
                Loss.sparseCategoricalCrossEntropy(),
                List.of(),
                Double.POSITIVE_INFINITY,
                Schedule.constant(),
                Engine.training());
    }

    /// With another loss.
    public Training loss(Loss loss) {
        return new Training(optimizer, loss, metrics, maxGradientNorm, schedule, engine);
    }

    /// With these metrics.
    public Training metrics(Metric... metrics) {
        return new Training(optimizer, loss, Arrays.asList(metrics), maxGradientNorm, schedule, engine);
    }

    /// With all gradients scaled by `maxNorm / norm` where their common norm is larger (Pascanu, Mikolov & Bengio
    /// 2013).
    public Training clipGlobalNorm(double maxNorm) {
        return new Training(optimizer, loss, metrics, maxNorm, schedule, engine);
    }

    /// With a rate that changes as training goes on:
    ///
    /// ```java
    /// .schedule(Schedule.exponential(0.5, 1000))
    /// ```
    public Training schedule(Schedule schedule) {
        return new Training(optimizer, loss, metrics, maxGradientNorm, schedule, engine);
    }

    /// On these kernels and threads:
    ///
    /// ```java
    /// .engine(Engine.training().threads(2))
    /// ```
    public Training engine(Engine.Options engine) {
        return new Training(optimizer, loss, metrics, maxGradientNorm, schedule, engine);
    }
}
