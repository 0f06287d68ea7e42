package dev.rondo.examples;

import dev.rondo.Sequential;
import dev.rondo.data.AudioFeatures;
import dev.rondo.data.CharacterVocabulary;
import dev.rondo.data.Dataset;
import dev.rondo.data.Examples;
import dev.rondo.data.LabelledFolder;
import dev.rondo.data.Padding;
import dev.rondo.data.WavReader;
import dev.rondo.decoding.CtcDecoder;
import dev.rondo.decoding.CtcHypothesis;
import dev.rondo.layers.Bidirectional;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Dropout;
import dev.rondo.layers.Gru;
import dev.rondo.layers.Input;
import dev.rondo.metrics.ErrorRate;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Adam;
import dev.rondo.training.Fit;
import dev.rondo.training.Loss;
import dev.rondo.training.Training;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Spoken digits (Free Spoken Digit Dataset: six speakers, each digit fifty times), spelled letter by letter: nobody
/// says where in the recording a letter is, connectionist temporal classification finds out (Graves, Fernández, Gomez &
/// Schmidhuber 2006). Energies of 40 mel bands, 25 ms every 10 ms, through two GRUs in each direction. The first five
/// takes of each speaker and digit are held out, as the data set has it.
@Command(
        name = "digits",
        description = "Spoken digits, spelled: log-mel features, bidirectional GRUs and CTC")
final class Digits extends Example {
    /// The letters of the digits, from 1 on: 0 is the blank.
    private static final CharacterVocabulary LETTERS =
            CharacterVocabulary.of(String.join("", DigitRecordings.WORDS));

    /// Letters and the blank.
    static final int CLASSES = LETTERS.size() + 1;

    @Option(names = "--epochs", paramLabel = "N", description = "Passes over the recordings (${DEFAULT-VALUE}).")
    private int epochs = 12;

    @Option(
            names = "--takes",
            paramLabel = "N",
            description = "Learn from so many takes of each speaker and digit, at most 45 (${DEFAULT-VALUE}).")
    private int takes = 45;

    @Option(names = "--units", paramLabel = "N", description = "Of each GRU and direction (${DEFAULT-VALUE}).")
    private int units = 64;

    @Option(names = "--beam", paramLabel = "N", description = "Prefixes that beam search keeps (${DEFAULT-VALUE}).")
    private int beam = 16;

    @Option(names = "--overfit", description = "Score on the recordings learned from: can the model learn them at all?")
    private boolean overfit;

    private Sequential model() {
        return Sequential.builder()
                .add(Input.features(Shape.TIME, DigitRecordings.BANDS))
                .add(Bidirectional.of(Gru.units(units).returnSequences()))
                .add(Dropout.rate(overfit ? 0 : 0.2))
                .add(Bidirectional.of(Gru.units(units).returnSequences()))
                .add(Dropout.rate(overfit ? 0 : 0.2))
                .add(Dense.units(CLASSES))
                .seed(seed())
                .build();
    }

    /// Recordings.
    ///
    /// @param x features
    /// @param digits what is said in each
    record Spoken(Padding.Padded x, int[] digits) {
        Examples examples() {
            Padding.Padded letters = Padding.post()
                    .apply(Arrays.stream(digits).mapToObj(Digits::spelled).toArray(int[][]::new));
            return Dataset.of(x.x(), letters.x()).lengths("x", x.lengths()).lengths("y", letters.lengths());
        }
    }

    @Override
    List<Score> run() throws IOException {
        checkAtLeast(1, "--takes", takes);
        checkAtLeast(1, "--beam", beam);
        Spoken training;
        Spoken test;
        try (DigitRecordings recordings = DigitRecordings.unpack(data("speech-digits", "fsdd_recordings.tar.gz"))) {
            LabelledFolder.Parts parts = recordings.parts();
            training = read(parts.training().entries().stream()
                    .filter(entry -> DigitRecordings.isOfFirst(takes, entry))
                    .toList());
            test = overfit ? training : read(parts.heldOut().entries());
        }
        print("%d recordings to learn from, %d to be scored on", training.digits.length, test.digits.length);
        try (Sequential model = model()) {
            model.compile(Training.optimizer(Adam.rate(3e-3))
                    .loss(Loss.ctc())
                    .clipGlobalNorm(5)
                    .engine(engine()));
            model.fit(training.examples().bucketed(20), Fit.epochs(epochs).callback(progress()));
            int[] lengths = test.x.lengths();
            Tensor logits = model.predict(test.x.x(), Tensor.of(lengths, lengths.length));
            String what = overfit ? "recordings learned from" : "takes 0 to 4";
            List<Score> scores = new ArrayList<>();
            scores.addAll(scores("greedy, " + what, CtcDecoder.greedy().decode(logits, lengths), training, test));
            List<CtcHypothesis> searched = CtcDecoder.beam(beam).decode(logits, lengths);
            scores.addAll(scores("beam of %d, %s".formatted(beam, what), searched, training, test));
            return scores;
        }
    }

    private static List<Score> scores(String how, List<CtcHypothesis> found, Spoken training, Spoken test) {
        int majority = IntStream.range(0, DigitRecordings.WORDS.size())
                .boxed()
                .max((a, b) -> Long.compare(count(training, a), count(training, b)))
                .orElseThrow();
        ErrorRate errors = new ErrorRate();
        ErrorRate constant = new ErrorRate();
        int right = 0;
        for (int n = 0; n < found.size(); n++) {
            int[] spelled = spelled(test.digits[n]);
            errors.addLabels(spelled, found.get(n).labels());
            constant.addLabels(spelled, spelled(majority));
            right += nearest(found.get(n).labels()) == test.digits[n] ? 1 : 0;
        }
        return List.of(
                Score.lower("label error rate, " + how, errors.value(), "always the same digit", constant.value()),
                Score.higher("accuracy, the digit spelled most alike, " + how, right / (double) found.size(),
                        "always the most frequent digit", Baselines.majority(training.digits, test.digits)));
    }

    private static long count(Spoken spoken, int digit) {
        return Arrays.stream(spoken.digits).filter(other -> other == digit).count();
    }

    /// The digit whose word takes the fewest edits.
    private static int nearest(int[] labels) {
        int nearest = 0;
        double least = Double.POSITIVE_INFINITY;
        for (int digit = 0; digit < DigitRecordings.WORDS.size(); digit++) {
            ErrorRate errors = new ErrorRate();
            errors.addLabels(spelled(digit), labels);
            if (errors.value() < least) {
                least = errors.value();
                nearest = digit;
            }
        }
        return nearest;
    }

    /// The letters of its word.
    static int[] spelled(int digit) {
        return Arrays.stream(LETTERS.encode(DigitRecordings.WORDS.get(digit))).map(letter -> letter + 1).toArray();
    }

    static Spoken read(List<LabelledFolder.Entry> entries) throws IOException {
        AudioFeatures features = DigitRecordings.features();
        float[][][] x = new float[entries.size()][][];
        for (int n = 0; n < x.length; n++) {
            x[n] = standardized(features.apply(WavReader.read(entries.get(n).file())));
        }
        return new Spoken(
                Padding.post().apply(x),
                entries.stream().mapToInt(entry -> Integer.parseInt(entry.label())).toArray());
    }

    /// With mean 0 and standard deviation 1 over a recording, so that it does not matter how loud it is.
    private static float[][] standardized(float[][] steps) {
        double sum = 0;
        double squares = 0;
        for (float[] step : steps) {
            for (float value : step) {
                sum += value;
                squares += (double) value * value;
            }
        }
        double count = (double) steps.length * DigitRecordings.BANDS;
        double mean = sum / count;
        double deviation = Math.sqrt(Math.max(squares / count - mean * mean, 1e-6));
        for (float[] step : steps) {
            for (int band = 0; band < DigitRecordings.BANDS; band++) {
                step[band] = (float) ((step[band] - mean) / deviation);
            }
        }
        return steps;
    }
}
