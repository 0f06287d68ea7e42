package dev.rondo;

import dev.rondo.data.CharacterVocabulary;
import dev.rondo.data.Dataset;
import dev.rondo.inference.InferenceSession;
import dev.rondo.inference.StreamingSession;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Embedding;
import dev.rondo.layers.Input;
import dev.rondo.layers.Lstm;
import dev.rondo.tensor.Shape;
import dev.rondo.training.Adam;
import dev.rondo.training.Fit;
import dev.rondo.training.Metric;
import dev.rondo.training.Training;
import java.io.IOException;
import java.nio.file.Path;

/// The README's example: [ReadmeExampleTest] runs it, and holds the README against it.
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
}
