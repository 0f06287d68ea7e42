package dev.rondo.examples;

import dev.rondo.Functional;
import dev.rondo.Sequential;
import dev.rondo.data.Dataset;
import dev.rondo.data.Examples;
import dev.rondo.layers.Attention;
import dev.rondo.layers.Bidirectional;
import dev.rondo.layers.Concat;
import dev.rondo.layers.Crf;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Embedding;
import dev.rondo.layers.Gru;
import dev.rondo.layers.Input;
import dev.rondo.layers.Lstm;
import dev.rondo.layers.Symbol;
import dev.rondo.layers.Symbols;
import dev.rondo.tensor.Shape;
import dev.rondo.training.Adam;
import dev.rondo.training.Fit;
import dev.rondo.training.Loss;
import dev.rondo.training.Training;

/// Five models as short as they can be: each is put together, compiled and trained in fewer than 30 lines, and sized to
/// learn a small batch by heart in seconds. Whoever calls closes the model. What follows the training, such as the
/// search for the best tags or words, is in the examples of the same tasks.
final class ShortModels {
    private ShortModels() {}

    /// An encoder and a decoder: one LSTM reads the source; another goes on from its states, and looks at each step for
    /// the source's steps that matter (additive attention, Bahdanau, Cho & Bengio 2015).
    ///
    /// @param pairs of `source` ids `[N,S]`, `target` ids `[N,T]` and, for `logits`, the ids one further on `[N,T]`
    /// @param sourceSize number of ids of the source
    /// @param targetSize number of ids of the target
    static Functional translator(Examples pairs, int sourceSize, int targetSize) {
        Functional.Builder b = Functional.builder();
        Symbol source = b.input(Input.ids(Shape.TIME).named("source"));
        Symbol target = b.input(Input.ids(Shape.time(1)).named("target"));
        Symbols read = b.apply(Lstm.units(64).returnSequences(), b.add(Embedding.of(sourceSize, 64), source));
        Symbols written = b.apply(
                Lstm.units(64).returnSequences(), b.add(Embedding.of(targetSize, 64), target),
                read.states());
        Symbol seen = b.add(Attention.additive(64), written.y(), read.y());
        Symbol logits = b.add(Dense.units(targetSize), b.add(Concat.of(), written.y(), seen));
        Functional model = b.output("logits", logits).seed(1).build();
        model.compile(Training.optimizer(Adam.rate(0.01)).loss(Loss.sparseCategoricalCrossEntropy()));
        model.fit(pairs, Fit.epochs(60).batchSize(16));
        return model;
    }

    /// A tagger: an LSTM in each direction, what each tag scores at each word, and a conditional random field, which
    /// knows how tags follow one another (Huang, Xu & Yu 2015).
    ///
    /// @param sentences ids of words `[N,T]` and of tags `[N,T]`
    /// @param words number of words
    /// @param tags number of tags
    static Sequential tagger(Examples sentences, int words, int tags) {
        Sequential model = Sequential.builder()
                .add(Input.ids(Shape.TIME))
                .add(Embedding.of(words, 32))
                .add(Bidirectional.of(Lstm.units(32).returnSequences()))
                .add(Dense.units(tags))
                .add(Crf.of())
                .seed(1)
                .build();
        model.compile(Training.optimizer(Adam.rate(0.01)).loss(Loss.crf()));
        model.fit(sentences, Fit.epochs(60).batchSize(4));
        return model;
    }

    /// A recogniser: a GRU in each direction, and what each letter, or none, scores at each step; connectionist
    /// temporal classification finds out where the letters are (Graves, Fernández, Gomez & Schmidhuber 2006).
    ///
    /// @param recordings features `[N,T,F]` and letters `[N,U]`, from 1 on
    /// @param features F
    /// @param classes number of letters, and 1 for none
    static Sequential recogniser(Examples recordings, int features, int classes) {
        Sequential model = Sequential.builder()
                .add(Input.features(Shape.TIME, features))
                .add(Bidirectional.of(Gru.units(48).returnSequences()))
                .add(Dense.units(classes))
                .seed(1)
                .build();
        model.compile(Training.optimizer(Adam.rate(0.01)).loss(Loss.ctc()).clipGlobalNorm(5));
        model.fit(recordings, Fit.epochs(120).batchSize(5));
        return model;
    }

    /// A language model: what follows each id of a text, read in streams of which each batch goes on where the one
    /// before stopped.
    ///
    /// @param text ids
    /// @param size number of ids
    static Sequential languageModel(int[] text, int size) {
        Sequential model = Sequential.builder()
                .add(Input.ids(Shape.TIME))
                .add(Embedding.of(size, 32))
                .add(Lstm.units(128).returnSequences())
                .add(Dense.units(size))
                .seed(1)
                .build();
        model.compile(Training.optimizer(Adam.rate(0.01)).loss(Loss.sparseCategoricalCrossEntropy()).clipGlobalNorm(5));
        model.fit(Dataset.streams(text, 50), Fit.epochs(120).batchSize(8));
        return model;
    }

    /// A forecaster: two LSTMs read a window of a series, and a number comes out for each value that follows.
    ///
    /// @param windows of the series `[N,T,1]`, and what follows each `[N,K]`
    /// @param horizon K
    static Sequential forecaster(Examples windows, int horizon) {
        Sequential model = Sequential.builder()
                .add(Input.features(Shape.TIME, 1))
                .add(Lstm.units(64).returnSequences())
                .add(Lstm.units(64))
                .add(Dense.units(horizon))
                .seed(1)
                .build();
        model.compile(Training.optimizer(Adam.rate(0.005)).loss(Loss.meanSquaredError()));
        model.fit(windows, Fit.epochs(200).batchSize(32));
        return model;
    }
}
