package dev.rondo.training;

/// What training makes small. Every loss is a mean over the real steps of a batch, and over the numbers of each step
/// where they are compared one by one: padding counts nowhere.
///
/// A loss of probabilities is computed from what goes into the softmax or sigmoid, the logits, which is exact where the
/// function would saturate. A model that ends in one is trained on what goes into it, and gives probabilities when it
/// serves; a model that ends in a linear layer is taken to give logits. One that ends in another function, a sigmoid before
/// a categorical cross-entropy for instance, tanh, a rectifier, or the state of a recurrent layer that is not linear, is
/// refused when it is compiled: where its numbers are probabilities there are losses of these.
public sealed interface Loss {

    /// `-log p[label]`, in nats, with targets that are class numbers: int32 `[B]`, or `[B,T]` with a class for each
    /// step. From logits, or a softmax in the last layer.
    static Loss sparseCategoricalCrossEntropy() {
        return new CategoricalCrossEntropy(Targets.CLASSES, Predictions.LOGITS);
    }

    /// As [#sparseCategoricalCrossEntropy()], for a model that gives probabilities in another way than by a softmax at
    /// its end. They are divided by their sum after 1e-7 is added to each, so that one of 0 keeps all finite.
    static Loss sparseCategoricalCrossEntropyOfProbabilities() {
        return new CategoricalCrossEntropy(Targets.CLASSES, Predictions.PROBABILITIES);
    }

    /// `-sum target log p`, in nats, with targets that are probabilities, such as one-hot: float32 `[B,C]` or
    /// `[B,T,C]`. From logits, or a softmax in the last layer.
    static Loss categoricalCrossEntropy() {
        return new CategoricalCrossEntropy(Targets.PROBABILITIES, Predictions.LOGITS);
    }

    /// As [#categoricalCrossEntropy()], for a model that gives probabilities in another way than by a softmax at its
    /// end: see [#sparseCategoricalCrossEntropyOfProbabilities()].
    static Loss categoricalCrossEntropyOfProbabilities() {
        return new CategoricalCrossEntropy(Targets.PROBABILITIES, Predictions.PROBABILITIES);
    }

    /// `-t log p - (1-t) log(1-p)`, in nats, with targets t in 0..1, of the shape that the model gives: float32 `[B,F]`
    /// or `[B,T,F]`. From logits, or a sigmoid in the last, dense, layer.
    static Loss binaryCrossEntropy() {
        return new BinaryCrossEntropy(Predictions.LOGITS);
    }

    /// As [#binaryCrossEntropy()], for a model that gives probabilities in another way than by a sigmoid at its end. The
    /// logarithms are taken for at least -100, and `p (1-p)` in their derivative for at least 1e-12, so that a
    /// probability of 0 or 1 keeps all finite.
    static Loss binaryCrossEntropyOfProbabilities() {
        return new BinaryCrossEntropy(Predictions.PROBABILITIES);
    }

    /// `(y - t)^2`, with targets t of the shape that the model gives: float32 `[B,F]` or `[B,T,F]`.
    static Loss meanSquaredError() {
        return new MeanSquaredError();
    }

    /// `|y - t|`, with targets t of the shape that the model gives: float32 `[B,F]` or `[B,T,F]`. Its derivative where
    /// they are equal is 0.
    static Loss meanAbsoluteError() {
        return new MeanAbsoluteError();
    }

    /// What the targets of a cross-entropy are.
    enum Targets {
        /// One number a step.
        CLASSES,
        /// One probability for each class and step.
        PROBABILITIES
    }

    /// What a model gives that does not end in the softmax or sigmoid that a loss of probabilities goes with.
    enum Predictions {
        /// What that function would take.
        LOGITS,
        /// Numbers in 0..1.
        PROBABILITIES
    }

    /// See [#sparseCategoricalCrossEntropy()] and [#categoricalCrossEntropy()].
    record CategoricalCrossEntropy(Targets targets, Predictions predictions) implements Loss {}

    /// See [#binaryCrossEntropy()] and [#binaryCrossEntropyOfProbabilities()].
    record BinaryCrossEntropy(Predictions predictions) implements Loss {}

    /// See [#meanSquaredError()].
    record MeanSquaredError() implements Loss {}

    /// See [#meanAbsoluteError()].
    record MeanAbsoluteError() implements Loss {}
}
