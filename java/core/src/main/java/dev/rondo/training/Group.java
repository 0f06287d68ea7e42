package dev.rondo.training;

import java.util.OptionalDouble;

/// How some of a model's parameters learn, where not as the others: what [Training#group(String, Group)] takes.
///
/// ```java
/// Training.optimizer(AdamW.rate(1e-3).decay(0.01))
///         .group("embedding/*", Group.frozen())
///         .group("*bias*", Group.trained().decay(0))
///         .group("lstm/weight*", Group.trained().rate(0.1).l2(1e-4))
/// ```
///
/// @param learning whether they learn
/// @param rate what the learning rate is multiplied by, above 0
/// @param decay in place of the optimizer's own, at least 0; for [AdamW]
/// @param l1 the factor of `sum |w|`, at least 0
/// @param l2 the factor of `sum w^2`, at least 0
public record Group(Learning learning, double rate, OptionalDouble decay, double l1, double l2) {
    /// Whether parameters learn.
    public enum Learning {
        /// The optimizer moves them.
        TRAINED,
        /// They stay as they are. Their gradients have no part in the global norm, and a NaN among them is nobody's.
        FROZEN
    }

    public Group {
        Check.positive("Group: rate", rate);
        decay.ifPresent(own -> Check.notNegative("Group: decay", own));
        Check.notNegative("Group: l1", l1);
        Check.notNegative("Group: l2", l2);
        if (learning == Learning.FROZEN && (rate != 1 || decay.isPresent() || l1 != 0 || l2 != 0)) {
            throw new IllegalArgumentException(
                    "Group: expected no rate, decay, l1 or l2 of frozen parameters, got rate %s, %s, l1 %s, l2 %s"
                            .formatted(rate, decay.isPresent() ? "decay " + decay.getAsDouble() : "no decay", l1, l2));
        }
    }

    /// They learn as the others do, but for what is set besides.
    public static Group trained() {
        return new Group(Learning.TRAINED, 1, OptionalDouble.empty(), 0, 0);
    }

    /// They stay as they are: fine-tuning of some layers, or word vectors that are not to move. The moving averages of a
    /// [dev.rondo.layers.BatchNorm] are no such parameters and go on moving.
    public static Group frozen() {
        return new Group(Learning.FROZEN, 1, OptionalDouble.empty(), 0, 0);
    }

    /// With the learning rate, as optimizer and schedule have it, multiplied by this.
    ///
    /// @throws IllegalArgumentException if the factor is not above 0; see [#frozen()]
    public Group rate(double factor) {
        return new Group(learning, factor, decay, l1, l2);
    }

    /// With a decay of their own in place of that of [AdamW]. Other optimizers have none: there [#l2] does what they
    /// can.
    public Group decay(double decay) {
        return new Group(learning, rate, OptionalDouble.of(decay), l1, l2);
    }

    /// With `l1 sum |w|` added to the loss, as Keras's regularizer `L1` does. See [#l2].
    public Group l1(double l1) {
        return new Group(learning, rate, decay, l1, l2);
    }

    /// With `l2 sum w^2` added to the loss, as Keras's regularizer `L2` does; PyTorch's `weight_decay` of optimizers
    /// other than AdamW is `2 l2`.
    ///
    /// As in Keras a penalty is part of the loss: of its gradient, before clipping, and of every loss that is reported,
    /// in training, validation and [dev.rondo.Model#evaluate]. In training it is that of the parameters before the
    /// update. Metrics are without it, perplexity too.
    public Group l2(double l2) {
        return new Group(learning, rate, decay, l1, l2);
    }
}
