package dev.rondo.examples;

import dev.rondo.Sequential;
import dev.rondo.data.Examples;
import dev.rondo.data.Padding;
import dev.rondo.data.TextLines;
import dev.rondo.layers.Activation;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Dropout;
import dev.rondo.layers.Input;
import dev.rondo.layers.Lstm;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Adam;
import dev.rondo.training.Fit;
import dev.rondo.training.Loss;
import dev.rondo.training.Metric;
import dev.rondo.training.Training;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Which of nine speakers says two vowels (Kudo, Toyama & Shimbo 1999)? 12 cepstral coefficients a step, 7 to 29 steps:
/// an LSTM of 64 units over the sequence, one of 32, and a softmax, with dropout before and one-hot targets. Each
/// sequence ends at its own last step.
@Command(
        name = "vowels",
        description = "Nine speakers of Japanese vowels, told apart by two LSTM layers")
final class Vowels extends Example {
    static final int SPEAKERS = 9;
    static final int FEATURES = 12;

    @Option(names = "--epochs", paramLabel = "N", description = "Passes over the 270 utterances (${DEFAULT-VALUE}).")
    private int epochs = 100;

    private Sequential model() {
        return Sequential.builder()
                .add(Input.features(Shape.TIME, FEATURES))
                .add(Lstm.units(64).returnSequences())
                .add(Dropout.rate(0.5))
                .add(Lstm.units(32))
                .add(Dropout.rate(0.5))
                .add(Dense.units(SPEAKERS).activation(Activation.SOFTMAX))
                .seed(seed())
                .build();
    }

    @Override
    List<Score> run() throws IOException {
        Utterances training = read(data("jap-vowels", "JapaneseVowels_TRAIN.ts"));
        Utterances test = read(data("jap-vowels", "JapaneseVowels_TEST.ts"));
        print("%d utterances to learn from, %d to be scored on", training.speakers.length, test.speakers.length);
        try (Sequential model = model()) {
            model.compile(Training.optimizer(Adam.standard())
                    .loss(Loss.categoricalCrossEntropy())
                    .metrics(Metric.accuracy())
                    .clipGlobalNorm(1)
                    .engine(engine()));
            model.fit(training.examples, Fit.epochs(epochs).batchSize(16).callback(progress(10)));
            return List.of(Score.higher("accuracy, test utterances", model.evaluate(test.examples).metric("accuracy"),
                            "always the speaker heard most", Baselines.majority(training.speakers, test.speakers))
                    .published("0.989 (postnubilaphoebus/Jap_Speak_Recog, eleven LSTMs, resampled)"));
        }
    }

    record Utterances(Examples examples, int[] speakers) {}

    /// Reads the archive's format: behind the line `@data` an utterance a line, its features apart by colons, the steps
    /// of a feature by commas, the speaker behind the last colon.
    static Utterances read(Path file) throws IOException {
        List<float[][]> sequences = new ArrayList<>();
        List<Integer> speakers = new ArrayList<>();
        try (Stream<String> lines = TextLines.of(file)) {
            lines.dropWhile(line -> !line.strip().equalsIgnoreCase("@data")).skip(1).forEach(line -> {
                String[] parts = line.strip().split(":");
                sequences.add(sequence(parts));
                speakers.add(Integer.parseInt(parts[FEATURES]) - 1);
            });
        }
        Tensor targets = Tensor.zeros(DataType.FLOAT32, speakers.size(), SPEAKERS);
        for (int n = 0; n < speakers.size(); n++) {
            targets.set((long) n * SPEAKERS + speakers.get(n), 1);
        }
        return new Utterances(
                Padding.post().apply(sequences.toArray(float[][][]::new)).examples(targets),
                speakers.stream().mapToInt(Integer::intValue).toArray());
    }

    /// @return `[T][features]`
    private static float[][] sequence(String[] features) {
        float[][] sequence = new float[features[0].split(",").length][FEATURES];
        for (int feature = 0; feature < FEATURES; feature++) {
            String[] steps = features[feature].split(",");
            for (int t = 0; t < steps.length; t++) {
                sequence[t][feature] = Float.parseFloat(steps[t]);
            }
        }
        return sequence;
    }
}
