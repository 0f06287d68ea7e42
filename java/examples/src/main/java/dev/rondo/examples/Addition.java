package dev.rondo.examples;

import dev.rondo.Sequential;
import dev.rondo.data.CharacterVocabulary;
import dev.rondo.data.Dataset;
import dev.rondo.data.Examples;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Embedding;
import dev.rondo.layers.Initializer;
import dev.rondo.layers.Input;
import dev.rondo.layers.Lstm;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Adam;
import dev.rondo.training.Fit;
import dev.rondo.training.Metric;
import dev.rondo.training.Training;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Adds numbers that are written in digits, as Keras's `addition_rnn` does: `16+75` is to become `91`. The question is
/// read backwards, each character a vector of its own. One network reads the question and writes the answer in the steps behind it:
/// Keras has an encoder, whose last output is given to a decoder at each step.
@Command(
        name = "addition",
        description = "Sums of numbers written in digits, as Keras's addition_rnn")
final class Addition extends Example {
    private static final CharacterVocabulary CHARACTERS = CharacterVocabulary.of("0123456789+ ");

    @Option(names = "--digits", paramLabel = "N", description = "Of each number, 1 to 4 (${DEFAULT-VALUE}).")
    private int digits = 2;

    @Option(names = "--examples", paramLabel = "N", description = "Questions, a tenth held out (${DEFAULT-VALUE}).")
    private int examples = 5_000;

    @Option(names = "--epochs", paramLabel = "N", description = "Passes over them (${DEFAULT-VALUE}).")
    private int epochs = 55;

    private Sequential model() {
        int characters = CHARACTERS.size();
        return Sequential.builder()
                .add(Input.ids(Shape.TIME))
                .add(Embedding.of(characters, characters).weights(Initializer.orthogonal()))
                .add(Lstm.units(128).returnSequences())
                .add(Lstm.units(128).returnSequences())
                .add(Dense.units(characters))
                .seed(seed())
                .build();
    }

    @Override
    List<Score> run() {
        if (digits < 1 || digits > 4) {
            throw new IllegalArgumentException("--digits: expected 1..4, got " + digits);
        }
        Examples all = questions();
        int[] rows = IntStream.range(0, all.size()).toArray();
        int heldOutFrom = all.size() - all.size() / 10;
        Examples training = all.select(Arrays.copyOf(rows, heldOutFrom));
        Examples heldOut = all.select(Arrays.copyOfRange(rows, heldOutFrom, rows.length));
        try (Sequential model = model()) {
            model.compile(Training.optimizer(Adam.rate(2e-3))
                    .metrics(Metric.accuracy())
                    .clipGlobalNorm(1)
                    .engine(engine()));
            model.fit(training, Fit.epochs(epochs).validation(heldOut).callback(progress(5)));
            return List.of(Score.higher("accuracy of an answer's characters, questions held out",
                            answers(model, heldOut),
                            "always the character most frequent in its place", constant(training, heldOut))
                    .published("0.99 (Keras's addition_rnn, 2 digits, 5,000 examples, within 55 epochs)"));
        }
    }

    /// Different questions: `[examples,T]`, the question backwards and blanks; as targets blanks and the answer.
    private Examples questions() {
        int bound = (int) Math.pow(10, digits);
        int different = bound * (bound + 1) / 2;
        if (examples < 10 || examples > different) {
            throw new IllegalArgumentException("--examples: expected 10..%d different ones of %d digits, got %d"
                    .formatted(different, digits, examples));
        }
        int asked = 2 * digits + 1;
        int steps = asked + digits + 1;
        int[] x = new int[examples * steps];
        int[] y = new int[examples * steps];
        SplittableRandom random = new SplittableRandom(seed());
        Set<Integer> seen = new LinkedHashSet<>();
        while (seen.size() < examples) {
            int a = number(random);
            int b = number(random);
            int n = seen.size();
            if (seen.add(Math.min(a, b) * bound + Math.max(a, b))) {
                String question = pad(a + "+" + b, asked);
                String reversed = new StringBuilder(question).reverse().toString();
                write(pad(reversed, steps), x, n * steps);
                write(" ".repeat(asked) + pad(Integer.toString(a + b), digits + 1), y, n * steps);
            }
        }
        return Dataset.of(Tensor.of(x, examples, steps), Tensor.of(y, examples, steps));
    }

    /// Of one digit as often as of two, and so on.
    private int number(SplittableRandom random) {
        int number = 0;
        int length = 1 + random.nextInt(digits);
        for (int i = 0; i < length; i++) {
            number = 10 * number + random.nextInt(10);
        }
        return number;
    }

    private static String pad(String text, int length) {
        return text + " ".repeat(length - text.length());
    }

    private static void write(String text, int[] ids, int at) {
        System.arraycopy(CHARACTERS.encode(text), 0, ids, at, text.length());
    }

    /// Answers, of which the first five are printed.
    ///
    /// @return the part of their characters that is right
    private double answers(Sequential model, Examples questions) {
        int asked = 2 * digits + 1;
        int steps = asked + digits + 1;
        int characters = CHARACTERS.size();
        float[] logits = model.predict(questions.x()).toFloats();
        int[] x = questions.x().toInts();
        int[] y = questions.y().toInts();
        int right = 0;
        for (int n = 0; n < questions.size(); n++) {
            int[] answer = new int[digits + 1];
            for (int i = 0; i < answer.length; i++) {
                int at = n * steps + asked + i;
                for (int id = 1; id < characters; id++) {
                    answer[i] = logits[at * characters + id] > logits[at * characters + answer[i]] ? id : answer[i];
                }
                right += answer[i] == y[at] ? 1 : 0;
            }
            if (n < 5) {
                String question = CHARACTERS.decode(Arrays.copyOfRange(x, n * steps, n * steps + asked));
                print("%s = %s", new StringBuilder(question).reverse().toString().strip(), CHARACTERS.decode(answer));
            }
        }
        return right / (double) (questions.size() * (digits + 1));
    }

    private double constant(Examples training, Examples heldOut) {
        int asked = 2 * digits + 1;
        double sum = 0;
        for (int place = asked; place <= asked + digits; place++) {
            sum += Baselines.majority(column(training, place), column(heldOut, place));
        }
        return sum / (digits + 1);
    }

    private static int[] column(Examples examples, int place) {
        int[] y = examples.y().toInts();
        int steps = examples.y().shape().dim(1);
        return IntStream.range(0, examples.size()).map(n -> y[n * steps + place]).toArray();
    }
}
