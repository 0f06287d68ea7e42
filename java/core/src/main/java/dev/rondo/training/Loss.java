package dev.rondo.training;

/// What training makes small. Every loss is a mean over the real steps of a batch: padding counts nowhere.
public sealed interface Loss permits Loss.CategoricalCrossEntropy {

    /// `-log p[label]`, in nats, with targets that are class numbers: int32 `[B]`, or `[B,T]` with a class for each
    /// step.
    ///
    /// Computed from logits, which is exact where a softmax would saturate. A model that ends in a softmax is trained
    /// on what goes into it.
    static Loss sparseCategoricalCrossEntropy() {
        return new CategoricalCrossEntropy(Targets.CLASSES);
    }

    /// `-sum target log p`, in nats, with targets that are probabilities, such as one-hot: float32 `[B,C]` or
    /// `[B,T,C]`. From logits, as [#sparseCategoricalCrossEntropy()].
    static Loss categoricalCrossEntropy() {
        return new CategoricalCrossEntropy(Targets.PROBABILITIES);
    }

    /// What the targets of a cross-entropy are.
    enum Targets {
        /// One number a step.
        CLASSES,
        /// One probability for each class and step.
        PROBABILITIES
    }

    /// See [#sparseCategoricalCrossEntropy()] and [#categoricalCrossEntropy()].
    record CategoricalCrossEntropy(Targets targets) implements Loss {}
}
