package dev.rondo;

import dev.rondo.data.CharacterVocabulary;
import dev.rondo.data.Dataset;
import dev.rondo.decoding.CtcDecoder;
import dev.rondo.decoding.CtcHypothesis;
import dev.rondo.graph.Value;
import dev.rondo.inference.InferenceSession;
import dev.rondo.inference.StreamingSession;
import dev.rondo.layers.Bidirectional;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Embedding;
import dev.rondo.layers.Input;
import dev.rondo.layers.Lstm;
import dev.rondo.layers.Rnn;
import dev.rondo.layers.Symbol;
import dev.rondo.layers.Symbols;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Adam;
import dev.rondo.training.Every;
import dev.rondo.training.Fit;
import dev.rondo.training.Loss;
import dev.rondo.training.Metric;
import dev.rondo.training.Training;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The README's examples: [ReadmeExampleTest] runs them, and holds the README against them.
final class ReadmeExample {
    private ReadmeExample() {}

    /// @return the probable next character after "the ", for the test
    static int run(String text, Path file) throws IOException {
        // @start region="example"
        CharacterVocabulary vocabulary = CharacterVocabulary.of(text);
        try (Sequential model = Sequential.builder()
                .add(Input.ids(Shape.TIME))
                .add(Embedding.of(vocabulary.size(), 16))
                .add(Lstm.units(64).returnSequences())
                .add(Dense.units(vocabulary.size()))
                .seed(42)
                .build()) {
            model.compile(Training.optimizer(Adam.rate(1e-2)).metrics(Metric.perplexity()).clipGlobalNorm(5));
            model.fit(Dataset.streams(vocabulary.encode(text), 32), Fit.epochs(3).batchSize(16));
            model.save(file);
        }
        float[] logits = new float[vocabulary.size()];
        try (InferenceSession session = InferenceSession.open(file);
                StreamingSession stream = session.stream(1)) {
            for (int id : vocabulary.encode("the ")) {
                stream.step(new int[] {id}, logits);
            }
        }
        // @end region="example"
        int best = 0;
        for (int id = 1; id < logits.length; id++) {
            best = logits[id] > logits[best] ? id : best;
        }
        return vocabulary.codePointOf(best);
    }

    /// @return an encoder and a decoder, for the test
    static Functional encoderDecoder() {
        // @start region="functional"
        Functional.Builder b = Functional.builder();
        Symbol source = b.input(Input.ids(Shape.TIME).named("source"));
        Symbol target = b.input(Input.ids(Shape.time(1)).named("target"));
        Symbols encoder = b.apply(Lstm.units(128), b.add(Embedding.of(1000, 64), source));
        Symbols decoder =
                b.apply(Lstm.units(128).returnSequences(), b.add(Embedding.of(1200, 64), target), encoder.states());
        Functional model = b.output("logits", b.add(Dense.units(1200), decoder.y())).seed(42).build();
        // @end region="functional"
        return model;
    }

    /// @param x float32 `[N,T,13]`
    /// @param steps of each
    /// @param letters int32 `[N,U]`, 1 to 26
    /// @param counts of each
    /// @return the letters that are read after training, for the test
    static List<CtcHypothesis> letters(Tensor x, int[] steps, Tensor letters, int[] counts) {
        List<CtcHypothesis> read;
        // @start region="ctc"
        try (Sequential model = Sequential.builder()
                .add(Input.features(Shape.TIME, 13))
                .add(Bidirectional.of(Lstm.units(32).returnSequences()))
                .add(Dense.units(27)) // the blank and 26 letters
                .seed(42)
                .build()) {
            model.compile(Training.optimizer(Adam.rate(1e-2)).loss(Loss.ctc()));
            model.fit(Dataset.of(x, letters).lengths(steps).lengths("y", counts), Fit.epochs(200));
            read = CtcDecoder.greedy().decode(model.predict(x, Tensor.of(steps, steps.length)), steps);
        }
        // @end region="ctc"
        return read;
    }

    /// @return a layer of a cell of one's own, for the test
    static Rnn cell() {
        // @start region="cell"
        // h = z*h' + (1-z)*tanh(W x + U h' + b), z = sigmoid(Wz x + Uz h' + bz)
        Rnn layer = Rnn.of((s, x) -> {
            Value h = s.state("h", 32);
            Value update = s.sigmoid(s.add(s.dense("inputZ", x, 32), s.recurrent("stateZ", h, 32)));
            Value candidate = s.tanh(s.add(s.dense("input", x, 32), s.recurrent("state", h, 32)));
            return s.next(h, s.mix(update, h, candidate));
        });
        // @end region="cell"
        return layer;
    }

    /// Trains, from the last checkpoint on if there is one.
    static void resume(Sequential model, Dataset data, Path file) {
        // @start region="resume"
        Fit fit = Fit.epochs(10).checkpoint(file, Every.batches(500));
        model.fit(data, Files.exists(file) ? fit.resume(file) : fit);
        // @end region="resume"
    }
}
