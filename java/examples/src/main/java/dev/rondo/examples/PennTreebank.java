package dev.rondo.examples;

import dev.rondo.Sequential;
import dev.rondo.data.Dataset;
import dev.rondo.data.Streams;
import dev.rondo.data.TextLines;
import dev.rondo.data.Tokenizer;
import dev.rondo.data.WordVocabulary;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Embedding;
import dev.rondo.layers.Initializer;
import dev.rondo.layers.Input;
import dev.rondo.layers.Lstm;
import dev.rondo.tensor.Shape;
import dev.rondo.training.Every;
import dev.rondo.training.Fit;
import dev.rondo.training.Metric;
import dev.rondo.training.Schedule;
import dev.rondo.training.Sgd;
import dev.rondo.training.Training;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// The Penn Treebank language model of Zaremba, Sutskever & Vinyals 2014 ("Recurrent Neural Network Regularization"),
/// the small one without dropout.
///
/// They add up the loss over the 20 steps of a chunk, and take the mean over the batch; Rondo's loss is the mean over
/// both. So the gradient of theirs is 20 times that of Rondo's: their clip of 5 is one of 5/20 here, and behind it
/// their rate of 1 is one of 20:
///
/// ```
/// 1 * clip(20 g, 5) = 20 * clip(g, 5/20)
/// ```
@Command(
        name = "ptb",
        description = "Words of the Penn Treebank, the small LSTM of Zaremba et al. 2014: perplexity against theirs")
final class PennTreebank extends Example {
    private static final int STEPS = 20;
    private static final int BATCH = 20;
    private static final double RATE = 1;
    private static final double CLIP = 5;

    /// The rate is halved before each epoch behind this one.
    private static final int FULL_RATE_EPOCHS = 4;

    @Option(names = "--epochs", paramLabel = "N", description = "Passes over the text (${DEFAULT-VALUE}).")
    private int epochs = 13;

    @Option(names = "--layers", paramLabel = "N", description = "LSTM layers (${DEFAULT-VALUE}).")
    private int layers = 2;

    @Option(names = "--units", paramLabel = "N", description = "Units of a layer (${DEFAULT-VALUE}).")
    private int units = 200;

    @Option(
            names = "--words",
            paramLabel = "N",
            description = "Words to learn from, at the beginning; held-out texts are cut to a tenth of it (all).")
    private int words = Integer.MAX_VALUE;

    @Option(
            names = "--checkpoint",
            paramLabel = "FILE",
            description = "Keeps the run in this file after each epoch; if it is there, the run goes on from it.")
    private @Nullable Path checkpoint;

    private Sequential model(int vocabulary) {
        Initializer initial = Initializer.uniform(0.1);
        Sequential.Builder builder = Sequential.builder()
                .add(Input.ids(Shape.TIME))
                .add(Embedding.of(vocabulary, units).weights(initial));
        for (int layer = 0; layer < layers; layer++) {
            builder.add(Lstm.units(units)
                    .returnSequences()
                    .weights(initial)
                    .recurrentWeights(initial)
                    .bias(initial));
        }
        return builder.add(Dense.units(vocabulary).weights(initial).bias(initial))
                .seed(seed())
                .build();
    }

    @Override
    List<Score> run() throws IOException {
        checkAtLeast(1, "--layers", layers);
        checkAtLeast(10 * (BATCH + 1), "--words", words);
        WordVocabulary vocabulary = WordVocabulary.builder()
                .count(text(data("ptb", "ptb.train.txt")))
                .build();
        int[] training = ids(vocabulary, "ptb.train.txt", words);
        int[] valid = ids(vocabulary, "ptb.valid.txt", words / 10);
        int[] test = ids(vocabulary, "ptb.test.txt", words / 10);
        print("%d words to learn from, vocabulary of %d", training.length, vocabulary.size());
        Streams streams = Dataset.streams(training, STEPS);
        long batches = Math.ceilDiv((training.length - 1) / BATCH, STEPS);
        try (Sequential model = model(vocabulary.size())) {
            print("%s", model.summary());
            model.compile(Training.optimizer(Sgd.rate(RATE * STEPS))
                    .clipGlobalNorm(CLIP / STEPS)
                    .schedule(halving(batches))
                    .metrics(Metric.perplexity())
                    .engine(engine()));
            Fit fit = Fit.epochs(epochs)
                    .batchSize(BATCH)
                    .validation(Dataset.streams(valid, STEPS))
                    .callback(progress());
            if (checkpoint != null) {
                Fit kept = fit.checkpoint(checkpoint, Every.epochs(1));
                fit = Files.exists(checkpoint) ? kept.resume(checkpoint) : kept;
            }
            model.fit(streams, fit);
            String unigram = "each word as often as in the training text";
            return List.of(
                    Score.lower("perplexity of a word, validation text", perplexity(model, valid), unigram,
                                    Math.exp(Baselines.unigram(training, valid, vocabulary.size())))
                            .published("120.7 (Zaremba et al. 2014, table 1, LSTM without regularization)"),
                    Score.lower("perplexity of a word, test text", perplexity(model, test), unigram,
                                    Math.exp(Baselines.unigram(training, test, vocabulary.size())))
                            .published("114.5 (Zaremba et al. 2014, table 1, LSTM without regularization)"));
        }
    }

    /// The full rate in the first epochs, then half of it, a quarter ...
    private Schedule halving(long batches) {
        int halvings = Math.max(0, epochs - FULL_RATE_EPOCHS);
        long[] boundaries = new long[halvings];
        double[] factors = new double[halvings + 1];
        factors[0] = 1;
        for (int i = 0; i < halvings; i++) {
            boundaries[i] = (FULL_RATE_EPOCHS + i) * batches;
            factors[i + 1] = factors[i] / 2;
        }
        return Schedule.piecewise(boundaries, factors);
    }

    /// Over the whole text in one stream, the state carried from its first word to its last.
    private static double perplexity(Sequential model, int[] ids) {
        return model.evaluate(Dataset.streams(ids, 5 * STEPS), 1).metric("perplexity");
    }

    private int[] ids(WordVocabulary vocabulary, String file, int limit) throws IOException {
        int[] ids = vocabulary.encode(text(data("ptb", file)));
        return ids.length <= limit ? ids : Arrays.copyOf(ids, limit);
    }

    /// The words of a file, with one more at each line's end.
    private static List<String> text(Path file) throws IOException {
        Tokenizer tokenizer = Tokenizer.whitespace();
        List<String> words = new ArrayList<>();
        try (Stream<String> lines = TextLines.of(file)) {
            lines.forEach(line -> {
                words.addAll(tokenizer.split(line));
                words.add("<eos>");
            });
        }
        return words;
    }
}
