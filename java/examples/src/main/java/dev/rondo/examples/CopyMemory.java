package dev.rondo.examples;

import dev.rondo.Sequential;
import dev.rondo.data.Dataset;
import dev.rondo.data.Examples;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Embedding;
import dev.rondo.layers.Gru;
import dev.rondo.layers.Initializer;
import dev.rondo.layers.Input;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Adam;
import dev.rondo.training.Fit;
import dev.rondo.training.Metric;
import dev.rondo.training.Training;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Copy memory (Arjovsky, Shah & Bengio 2016, in the form of Bai, Kolter & Koltun 2018): ten symbols out of eight, a
/// delay of blanks, a mark, and then the ten symbols are to be repeated. Who does not remember them loses `10 ln 8`
/// nats a sequence.
@Command(
        name = "copy",
        description = "Copy memory: ten symbols to be repeated after a delay, a GRU against no memory")
final class CopyMemory extends Example {
    private static final int SYMBOLS = 8;
    private static final int LENGTH = 10;
    private static final int BLANK = 0;
    private static final int MARK = SYMBOLS + 1;

    @Option(
            names = "--delay",
            paramLabel = "N",
            description = "Steps between the symbols and the mark (${DEFAULT-VALUE}).")
    private int delay = 10;

    @Option(names = "--examples", paramLabel = "N", description = "Sequences to learn from (${DEFAULT-VALUE}).")
    private int examples = 20_000;

    @Option(names = "--epochs", paramLabel = "N", description = "Passes over them (${DEFAULT-VALUE}).")
    private int epochs = 20;

    private Sequential model() {
        return Sequential.builder()
                .add(Input.ids(Shape.TIME))
                .add(Embedding.of(SYMBOLS + 2, SYMBOLS + 2).weights(Initializer.orthogonal()))
                .add(Gru.units(128).returnSequences())
                .add(Dense.units(SYMBOLS + 2))
                .seed(seed())
                .build();
    }

    @Override
    List<Score> run() {
        checkAtLeast(0, "--delay", delay);
        checkAtLeast(1, "--examples", examples);
        SplittableRandom random = new SplittableRandom(seed());
        Examples training = sequences(examples, random);
        Examples heldOut = sequences(1000, random);
        try (Sequential model = model()) {
            model.compile(Training.optimizer(Adam.rate(2e-3))
                    .metrics(Metric.accuracy())
                    .clipGlobalNorm(1)
                    .engine(engine()));
            model.fit(training, Fit.epochs(epochs).batchSize(64).validation(heldOut).callback(progress()));
            return List.of(Score.lower("nats a step, delay of %d".formatted(delay), model.evaluate(heldOut).loss(),
                            "blanks, and then each symbol as likely as the other",
                            LENGTH * Math.log(SYMBOLS) / (delay + 2 * LENGTH))
                    .published("GRU 0.0197, LSTM 0.0204 at a delay of 1000 (Bai et al. 2018, table 1)"));
        }
    }

    /// `[count,delay+20]`: symbols, blanks, a mark and blanks; as targets blanks and then the symbols.
    private Examples sequences(int count, SplittableRandom random) {
        int steps = delay + 2 * LENGTH;
        int[] x = new int[Math.multiplyExact(count, steps)];
        int[] y = new int[x.length];
        Arrays.fill(x, BLANK);
        Arrays.fill(y, BLANK);
        for (int n = 0; n < count; n++) {
            for (int i = 0; i < LENGTH; i++) {
                int symbol = 1 + random.nextInt(SYMBOLS);
                x[n * steps + i] = symbol;
                y[n * steps + LENGTH + delay + i] = symbol;
            }
            x[n * steps + LENGTH + delay] = MARK;
        }
        return Dataset.of(Tensor.of(x, count, steps), Tensor.of(y, count, steps));
    }
}
