package dev.rondo.examples;

import dev.rondo.Sequential;
import dev.rondo.data.CharacterVocabulary;
import dev.rondo.data.Dataset;
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
import dev.rondo.training.Training;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Text, character by character (Graves 2013; Karpathy 2015): an LSTM of 256 units learns Shakespeare and goes on with
/// a beginning. The last tenth is held out.
@Command(
        name = "shakespeare",
        description = "Writes Shakespeare, one character after another")
final class Shakespeare extends Example {
    private static final int BATCH = 32;

    @Option(names = "--epochs", paramLabel = "N", description = "Passes over the text (${DEFAULT-VALUE}).")
    private int epochs = 2;

    @Option(names = "--units", paramLabel = "N", description = "Units of the LSTM (${DEFAULT-VALUE}).")
    private int units = 256;

    @Option(names = "--characters", paramLabel = "N", description = "Characters to use, at the beginning (all).")
    private int characters = Integer.MAX_VALUE;

    @Option(
            names = "--prompt",
            paramLabel = "TEXT",
            description = "What the sample begins with (\"${DEFAULT-VALUE}\").")
    private String prompt = "ROMEO:";

    private Sequential model(int vocabulary) {
        return Sequential.builder()
                .add(Input.ids(Shape.TIME))
                .add(Embedding.of(vocabulary, 64))
                .add(Lstm.units(units).returnSequences())
                .add(Dense.units(vocabulary))
                .seed(seed())
                .build();
    }

    @Override
    List<Score> run() throws IOException {
        checkAtLeast(10 * (BATCH + 1), "--characters", characters);
        String all = Files.readString(data("text", "tinyshakespeare.txt"));
        String text = all.substring(0, Math.min(characters, all.length()));
        CharacterVocabulary vocabulary = CharacterVocabulary.of(all);
        int heldOutFrom = text.length() - text.length() / 10;
        int[] training = vocabulary.encode(text.substring(0, heldOutFrom));
        int[] heldOut = vocabulary.encode(text.substring(heldOutFrom));
        try (Sequential model = model(vocabulary.size())) {
            model.compile(Training.optimizer(Adam.rate(2e-3)).clipGlobalNorm(5).engine(engine()));
            model.fit(Dataset.streams(training, 64), Fit.epochs(epochs)
                    .batchSize(BATCH)
                    .validation(Dataset.streams(heldOut, 64))
                    .callback(progress()));
            print("%n%s", write(model, vocabulary));
            return List.of(Score.lower("nats a character, last tenth",
                            model.evaluate(Dataset.streams(heldOut, 64), 1).loss(),
                            "each character as often as in the training text",
                            Baselines.unigram(training, heldOut, vocabulary.size()))
                    .published("1.4697 (karpathy/nanoGPT, a transformer of 6 layers, held out the same way)"));
        }
    }

    /// Goes on with the prompt for 300 characters.
    private String write(Sequential model, CharacterVocabulary vocabulary) {
        StringBuilder text = new StringBuilder(prompt);
        Sampler sampler = Sampling.temperature(0.8).sampler(seed());
        float[] logits = new float[vocabulary.size()];
        try (InferenceSession session = model.session();
                StreamingSession stream = session.stream(1)) {
            for (int id : vocabulary.encode(prompt)) {
                stream.step(new int[] {id}, logits);
            }
            for (int i = 0; i < 300; i++) {
                int id = sampler.draw(logits);
                text.appendCodePoint(vocabulary.codePointOf(id));
                stream.step(new int[] {id}, logits);
            }
        }
        return text.toString();
    }
}
