package dev.rondo.examples;

import dev.rondo.Sequential;
import dev.rondo.data.Examples;
import dev.rondo.data.Padding;
import dev.rondo.data.Split;
import dev.rondo.data.TextLines;
import dev.rondo.data.Tokenizer;
import dev.rondo.data.WordVocabulary;
import dev.rondo.layers.Activation;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Embedding;
import dev.rondo.layers.Input;
import dev.rondo.layers.SimpleRnn;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Adam;
import dev.rondo.training.Fit;
import dev.rondo.training.Loss;
import dev.rondo.training.Metric;
import dev.rondo.training.Training;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Is a short message spam (Almeida, Gómez Hidalgo & Yamakami 2011)? Word vectors of 16 numbers, a simple RNN of 32
/// units, a sigmoid. Messages are cut at 50 words; shorter ones are padded, and the padding is left out. A fifth is
/// held out, also from the vocabulary.
@Command(
        name = "sms",
        description = "Spam among short messages: embedding, simple RNN, sigmoid")
final class SmsSpam extends Example {
    private static final int VOCABULARY = 10_000;
    private static final int STEPS = 50;

    @Option(names = "--epochs", paramLabel = "N", description = "Passes over the messages (${DEFAULT-VALUE}).")
    private int epochs = 10;

    @Option(names = "--batch", paramLabel = "N", description = "Messages of a batch (${DEFAULT-VALUE}).")
    private int batch = 1;

    private Sequential model() {
        return Sequential.builder()
                .add(Input.ids(Shape.TIME))
                .add(Embedding.of(VOCABULARY, 16))
                .add(SimpleRnn.units(32))
                .add(Dense.units(1).activation(Activation.SIGMOID))
                .seed(seed())
                .build();
    }

    @Override
    List<Score> run() throws IOException {
        List<String> lines;
        try (Stream<String> all = TextLines.of(data("sms-spam", "sms.tsv"))) {
            lines = all.filter(line -> line.contains("\t")).toList();
        }
        int[] labels = lines.stream().mapToInt(line -> line.startsWith("spam\t") ? 1 : 0).toArray();
        Tokenizer tokenizer = Tokenizer.words().lowerCase();
        List<List<String>> messages = lines.stream()
                .map(line -> tokenizer.split(line.substring(line.indexOf('\t') + 1)))
                .toList();
        Split split = Split.stratified(labels, 0.2, seed());
        WordVocabulary.Builder words = WordVocabulary.builder().unknown("<unk>").largestSize(VOCABULARY);
        for (int row : split.training()) {
            words.count(messages.get(row));
        }
        Examples examples = examples(messages, labels, words.build());
        Examples training = examples.select(split.training());
        Examples heldOut = examples.select(split.heldOut());
        try (Sequential model = model()) {
            model.compile(Training.optimizer(Adam.standard())
                    .loss(Loss.binaryCrossEntropy())
                    .metrics(Metric.accuracy())
                    .clipGlobalNorm(1)
                    .engine(engine()));
            model.fit(training, Fit.epochs(epochs).batchSize(batch).validation(heldOut).callback(progress()));
            return List.of(Score.higher("accuracy, a fifth held out", model.evaluate(heldOut).metric("accuracy"),
                    "always no spam",
                    Baselines.majority(select(labels, split.training()), select(labels, split.heldOut()))));
        }
    }

    /// One label for each message; an empty one becomes one unknown word.
    private static Examples examples(List<List<String>> messages, int[] labels, WordVocabulary vocabulary) {
        int[][] ids = messages.stream()
                .map(words -> vocabulary.encode(words.isEmpty() ? List.of("<unk>") : words))
                .toArray(int[][]::new);
        float[] targets = new float[labels.length];
        for (int n = 0; n < labels.length; n++) {
            targets[n] = labels[n];
        }
        return Padding.post().timeSteps(STEPS).apply(ids).examples(Tensor.of(targets, labels.length, 1));
    }

    private static int[] select(int[] labels, int[] rows) {
        return Arrays.stream(rows).map(row -> labels[row]).toArray();
    }
}
