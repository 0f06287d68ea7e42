package dev.rondo.training;

/// What training makes small. Every loss is a mean over the real steps of a batch, and over the numbers of each step
/// where they are compared one by one, or over the sequences where one is of whole sequences: padding counts nowhere.
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

    /// [#ctc(int)] with class 0 for the blank.
    static Loss ctc() {
        return ctc(0);
    }

    /// Connectionist temporal classification (Graves, Fernández, Gomez & Schmidhuber 2006), for sequences of labels that
    /// come somewhere along longer sequences: `-log` of the probability of the labels, in nats, summed over all places
    /// where they may lie. Of logits `[B,T,C]`, or a softmax in the last layer, with int32 targets `[B,U]`: the labels,
    /// classes other than the blank, padded to a time U of their own, with lengths of their own ([dev.rondo.data.Examples#lengths(String, int...)];
    /// all U where there are none). The mean over the sequences, as in Keras; a sequence counts as one step.
    /// [dev.rondo.decoding.CtcDecoder] reads labels from what the model gives.
    ///
    /// Labels take as many steps as they are, and one more between each two that are equal. A sequence that has fewer is
    /// refused before anything is computed.
    ///
    /// @param blank the class that stands for none, in `0..C-1`
    /// @throws IllegalArgumentException if it is below 0
    static Loss ctc(int blank) {
        return new Ctc(blank);
    }

    /// The negative log-likelihood of a linear-chain conditional random field (Lafferty, McCallum & Pereira 2001), in nats,
    /// with int32 targets `[B,T]`: a tag for each step. For a model whose last layer is a [dev.rondo.layers.Crf], which
    /// holds the chain's scores. The mean over the sequences; a sequence counts as one step.
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
    record CategoricalCrossEntropy(Targets targets, Predictions predictions) implements Loss {}

    /// See [#binaryCrossEntropy()] and [#binaryCrossEntropyOfProbabilities()].
    record BinaryCrossEntropy(Predictions predictions) implements Loss {}

    /// See [#meanSquaredError()].
    record MeanSquaredError() implements Loss {}

    /// See [#meanAbsoluteError()].
    record MeanAbsoluteError() implements Loss {}

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
