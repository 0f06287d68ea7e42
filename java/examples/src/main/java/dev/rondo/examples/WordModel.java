package dev.rondo.examples;

import dev.rondo.Sequential;
import dev.rondo.data.Dataset;
import dev.rondo.data.Tokenizer;
import dev.rondo.data.WordVocabulary;
import dev.rondo.decoding.Sampler;
import dev.rondo.decoding.Sampling;
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
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// The next word of Shakespeare: word vectors, an LSTM of 128 units, a softmax over a vocabulary of at most 10,000. The
/// targets are the words one further on. The last tenth is held out, also from the vocabulary: words that occur only
/// once in the rest teach what an unknown word is like.
@Command(
        name = "words",
        description = "The next word of Shakespeare: embedding, LSTM and softmax against word frequencies")
final class WordModel extends Example {
    private static final int VOCABULARY = 10_000;
    private static final int BATCH = 32;

    @Option(names = "--epochs", paramLabel = "N", description = "Passes over the text (${DEFAULT-VALUE}).")
    private int epochs = 10;

    @Option(names = "--words", paramLabel = "N", description = "Words to use, at the beginning (all).")
    private int words = Integer.MAX_VALUE;

    private Sequential model(int vocabulary) {
        return Sequential.builder()
                .add(Input.ids(Shape.TIME))
                .add(Embedding.of(vocabulary, 64))
                .add(Lstm.units(128).returnSequences())
                .add(Dense.units(vocabulary))
                .seed(seed())
                .build();
    }

    @Override
    List<Score> run() throws IOException {
        checkAtLeast(10 * (BATCH + 1), "--words", words);
        List<String> all = Tokenizer.words().lowerCase().split(Files.readString(data("text", "tinyshakespeare.txt")));
        List<String> text = all.subList(0, Math.min(words, all.size()));
        int heldOutFrom = text.size() - text.size() / 10;
        WordVocabulary vocabulary = WordVocabulary.builder()
                .unknown("<unk>")
                .smallestCount(2)
                .largestSize(VOCABULARY)
                .count(text.subList(0, heldOutFrom))
                .build();
        int[] ids = vocabulary.encode(text);
        int[] training = Arrays.copyOf(ids, heldOutFrom);
        int[] heldOut = Arrays.copyOfRange(ids, heldOutFrom, ids.length);
        print("%d words to learn from, vocabulary of %d", training.length, vocabulary.size());
        try (Sequential model = model(vocabulary.size())) {
            model.compile(Training.optimizer(Adam.rate(2e-3))
                    .metrics(Metric.perplexity())
                    .clipGlobalNorm(1)
                    .engine(engine()));
            model.fit(Dataset.streams(training, 20), Fit.epochs(epochs)
                    .batchSize(BATCH)
                    .validation(Dataset.streams(heldOut, 20))
                    .callback(progress()));
            print("%s", String.join(" ", write(model, vocabulary, "the", "king")));
            return List.of(Score.lower("perplexity of a word, last tenth",
                    model.evaluate(Dataset.streams(heldOut, 20), 1).metric("perplexity"),
                    "each word as often as in the training text",
                    Math.exp(Baselines.unigram(training, heldOut, vocabulary.size()))));
        }
    }

    /// Goes on with a text for 40 words, each drawn from what the model expects.
    private List<String> write(Sequential model, WordVocabulary vocabulary, String... prompt) {
        List<String> text = new ArrayList<>(List.of(prompt));
        Sampler sampler = Sampling.temperature(0.8).sampler(seed());
        float[] logits = new float[vocabulary.size()];
        try (InferenceSession session = model.session();
                StreamingSession stream = session.stream(1)) {
            for (int id : vocabulary.encode(text)) {
                stream.step(new int[] {id}, logits);
            }
            for (int i = 0; i < 40; i++) {
                int id = sampler.draw(logits);
                text.add(vocabulary.word(id));
                stream.step(new int[] {id}, logits);
            }
        }
        return text;
    }
}
