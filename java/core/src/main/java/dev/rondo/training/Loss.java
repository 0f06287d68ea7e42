package dev.rondo.training;

import dev.rondo.graph.Value;

/// What training makes small. Every loss is a mean over the real steps of a batch, and over the numbers of each step
/// where they are compared one by one, or over the sequences where one is of whole sequences: padding counts nowhere.
///
/// Examples, steps and classes may have weights w: the loss of a batch is then `sum w l / sum w` over the same, as in
/// PyTorch, so that only their proportions matter (Keras divides by the number of examples). That of several batches is
/// taken over all of them together. Weights come with the data ([dev.rondo.data.Examples#weights(float...)]), or of
/// classes with the training ([Training#classWeights(float...)]). A batch whose weights are all zero is refused. Where
/// a layer finds the padding ([dev.rondo.layers.Masking]), weights there count for nothing, but must be numbers of at
/// least 0.
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
        return new CategoricalCrossEntropy(Targets.CLASSES, Predictions.LOGITS, 0);
    }

    /// As [#sparseCategoricalCrossEntropy()], for a model that gives probabilities in another way than by a softmax at
    /// its end. They are divided by their sum after 1e-7 is added to each, so that one of 0 keeps all finite.
    static Loss sparseCategoricalCrossEntropyOfProbabilities() {
        return new CategoricalCrossEntropy(Targets.CLASSES, Predictions.PROBABILITIES, 0);
    }

    /// `-sum target log p`, in nats, with targets that are probabilities, such as one-hot: float32 `[B,C]` or
    /// `[B,T,C]`. From logits, or a softmax in the last layer.
    static Loss categoricalCrossEntropy() {
        return new CategoricalCrossEntropy(Targets.PROBABILITIES, Predictions.LOGITS, 0);
    }

    /// As [#categoricalCrossEntropy()], for a model that gives probabilities in another way than by a softmax at its
    /// end: see [#sparseCategoricalCrossEntropyOfProbabilities()].
    static Loss categoricalCrossEntropyOfProbabilities() {
        return new CategoricalCrossEntropy(Targets.PROBABILITIES, Predictions.PROBABILITIES, 0);
    }

    /// `-t log p - (1-t) log(1-p)`, in nats, with targets t in 0..1, of the shape that the model gives: float32 `[B,F]`
    /// or `[B,T,F]`. From logits, or a sigmoid in the last, dense, layer.
    static Loss binaryCrossEntropy() {
        return new BinaryCrossEntropy(Predictions.LOGITS, 0);
    }

    /// As [#binaryCrossEntropy()], for a model that gives probabilities in another way than by a sigmoid at its end. The
    /// logarithms are taken for at least -100, and `p (1-p)` in their derivative for at least 1e-12, so that a
    /// probability of 0 or 1 keeps all finite.
    static Loss binaryCrossEntropyOfProbabilities() {
        return new BinaryCrossEntropy(Predictions.PROBABILITIES, 0);
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

    /// Half the squared error of small errors, and of large ones their magnitude (Huber 1964): with `e = y - t`, `e^2 /
    /// 2` where `|e| <= delta`, else `delta (|e| - delta / 2)`. With targets t of the shape that the model gives:
    /// float32 `[B,F]` or `[B,T,F]`.
    ///
    /// @param delta from where on errors count as large ones, above 0
    /// @throws IllegalArgumentException if it is not
    static Loss huber(double delta) {
        return new Huber(delta);
    }

    /// How far the model's probabilities p are from those that are to be, `sum t log(t / p)` (Kullback & Leibler 1951),
    /// in nats: the cross-entropy less the entropy of the targets, which has the same gradients. With targets t that
    /// are probabilities: float32 `[B,C]` or `[B,T,C]`. From logits, or a softmax in the last layer.
    static Loss klDivergence() {
        return new KlDivergence();
    }

    /// A loss of one's own, from operations that are computed and derived as all others are:
    ///
    /// ```java
    /// Loss.custom("cubed error", (s, y, t) -> s.mean(s.multiply(s.square(s.subtract(y, t)), s.abs(s.subtract(y, t)))))
    /// ```
    ///
    /// Targets are float32, of the shape that the model gives. What it gives for a step of padding counts for nothing,
    /// but must be finite where outputs are anything and targets are zeros; or what they are there, where a layer finds
    /// the padding.
    ///
    /// @param name by which a checkpoint knows the loss: a run may only go on with one of the same name
    /// @param formula what a step or a sequence costs
    /// @throws IllegalArgumentException if the name is empty
    static Loss custom(String name, Formula formula) {
        return new Custom(name, formula);
    }

    /// What a step or a sequence costs, see [#custom].
    @FunctionalInterface
    interface Formula {
        /// Adds operations.
        ///
        /// @param scope what can be computed
        /// @param y what the model gives, `[B,C]` or `[B,T,C]`
        /// @param targets of the same shape
        /// @return `[B,T]` for each step, or `[B]` for each sequence
        Value apply(LossScope scope, Value y, Value targets);
    }

    /// This cross-entropy with smoothed targets (Szegedy et al. 2016): a share of the probability is spread evenly over
    /// all classes, so that the target's is `1 - smoothing + smoothing / C`; of the binary one over both. It is part of
    /// the loss wherever it is told, in validation too.
    ///
    /// @param smoothing the share, in `[0, 1)`
    /// @throws IllegalArgumentException if it is not, or this is no cross-entropy
    default Loss labelSmoothing(double smoothing) {
        return switch (this) {
            case CategoricalCrossEntropy(Targets targets, Predictions predictions, _) ->
                new CategoricalCrossEntropy(targets, predictions, smoothing);
            case BinaryCrossEntropy(Predictions predictions, _) -> new BinaryCrossEntropy(predictions, smoothing);
            case MeanSquaredError _, MeanAbsoluteError _, Huber _, KlDivergence _, Custom _, Ctc _, Crf _ ->
                throw new IllegalArgumentException("labelSmoothing: expected a cross-entropy, got " + this);
        };
    }

    /// [#ctc(int)] with class 0 for the blank.
    static Loss ctc() {
        return ctc(0);
    }

    /// Connectionist temporal classification (Graves, Fernández, Gomez & Schmidhuber 2006), for sequences of labels
    /// that come somewhere along longer sequences: `-log` of the probability of the labels, in nats, summed over all
    /// places where they may lie. Of logits `[B,T,C]`, or a softmax in the last layer, with int32 targets `[B,U]`: the
    /// labels, classes other than the blank, padded to a time U of their own, with lengths of their own
    /// ([dev.rondo.data.Examples#lengths(String, int...)]; all U where there are none). The mean over the sequences, as
    /// in Keras; a sequence counts as one step. [dev.rondo.decoding.CtcDecoder] reads labels from what the model gives.
    ///
    /// Labels take as many steps as they are, and one more between each two that are equal. A sequence that has fewer
    /// is refused before anything is computed.
    ///
    /// @param blank the class that stands for none, in `0..C-1`
    /// @throws IllegalArgumentException if it is below 0
    static Loss ctc(int blank) {
        return new Ctc(blank);
    }

    /// The negative log-likelihood of a linear-chain conditional random field (Lafferty, McCallum & Pereira 2001), in
    /// nats, with int32 targets `[B,T]`: a tag for each step. For a model whose last layer is a [dev.rondo.layers.Crf],
    /// which holds the chain's scores. The mean over the sequences, which have no weights; a sequence counts as one
    /// step.
    static Loss crf() {
        return new Crf();
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
    ///
    /// @param smoothing see [#labelSmoothing]
    record CategoricalCrossEntropy(Targets targets, Predictions predictions, double smoothing) implements Loss {
        public CategoricalCrossEntropy {
            Check.fraction("labelSmoothing", smoothing);
        }

        /// As checkpoints know it.
        @Override
        public String toString() {
            return "CategoricalCrossEntropy[targets=%s, predictions=%s%s]"
                    .formatted(targets, predictions, told(smoothing));
        }
    }

    /// See [#binaryCrossEntropy()] and [#binaryCrossEntropyOfProbabilities()].
    ///
    /// @param smoothing see [#labelSmoothing]
    record BinaryCrossEntropy(Predictions predictions, double smoothing) implements Loss {
        public BinaryCrossEntropy {
            Check.fraction("labelSmoothing", smoothing);
        }

        /// As checkpoints know it.
        @Override
        public String toString() {
            return "BinaryCrossEntropy[predictions=%s%s]".formatted(predictions, told(smoothing));
        }
    }

    /// Nothing where there is none, as before there was any.
    private static String told(double smoothing) {
        return smoothing == 0 ? "" : ", smoothing=" + smoothing;
    }

    /// See [#meanSquaredError()].
    record MeanSquaredError() implements Loss {}

    /// See [#meanAbsoluteError()].
    record MeanAbsoluteError() implements Loss {}

    /// See [#huber(double)].
    record Huber(double delta) implements Loss {
        public Huber {
            Check.positive("huber: delta", delta);
        }
    }

    /// See [#klDivergence()].
    record KlDivergence() implements Loss {}

    /// See [#custom].
    record Custom(String name, Formula formula) implements Loss {
        public Custom {
            if (name.isEmpty()) {
                throw new IllegalArgumentException("custom: expected a name, got an empty one");
            }
        }

        /// As checkpoints know it: a formula has no name.
        @Override
        public String toString() {
            return "Custom[name=%s]".formatted(name);
        }
    }

    /// See [#ctc(int)].
    record Ctc(int blank) implements Loss {
        public Ctc {
            if (blank < 0) {
                throw new IllegalArgumentException("ctc: blank: expected at least 0, got " + blank);
            }
        }
    }

    /// See [#crf()].
    record Crf() implements Loss {}
}
