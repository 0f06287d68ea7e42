package dev.rondo.examples;

import dev.rondo.Sequential;
import dev.rondo.data.Dataset;
import dev.rondo.data.Examples;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Gru;
import dev.rondo.layers.Input;
import dev.rondo.layers.Lstm;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Adam;
import dev.rondo.training.Fit;
import dev.rondo.training.Loss;
import dev.rondo.training.Training;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// The adding problem (Hochreiter & Schmidhuber 1997, in the form of Bai, Kolter & Koltun 2018): of a sequence of
/// numbers in 0..1 two are marked, one in each half; what is their sum? Who does not remember can do no better than
/// always to say 1, whose mean squared error is 1/6.
@Command(
        name = "adding",
        description = "The adding problem: two marked numbers of a long sequence, LSTM and GRU against a constant")
final class Adding extends Example {
    /// The cells.
    enum Cell {
        /// Long short-term memory.
        LSTM,
        /// Gated recurrent units.
        GRU
    }

    @Option(names = "--cell", paramLabel = "CELL", description = "${COMPLETION-CANDIDATES} (both).")
    private List<Cell> cells = List.of(Cell.values());

    @Option(names = "--steps", paramLabel = "N", description = "Length of a sequence, at least 2 (${DEFAULT-VALUE}).")
    private int steps = 100;

    @Option(names = "--examples", paramLabel = "N", description = "Sequences to learn from (${DEFAULT-VALUE}).")
    private int examples = 20_000;

    @Option(names = "--epochs", paramLabel = "N", description = "Passes over them (${DEFAULT-VALUE}).")
    private int epochs = 10;

    private Sequential model(Cell cell) {
        return Sequential.builder()
                .add(Input.features(Shape.TIME, 2))
                .add(switch (cell) {
                    case LSTM -> Lstm.units(64);
                    case GRU -> Gru.units(64);
                })
                .add(Dense.units(1))
                .seed(seed())
                .build();
    }

    @Override
    List<Score> run() {
        checkAtLeast(2, "--steps", steps);
        checkAtLeast(1, "--examples", examples);
        SplittableRandom random = new SplittableRandom(seed());
        Examples training = sequences(examples, random);
        Examples heldOut = sequences(1000, random);
        double constant = constant(heldOut);
        List<Score> scores = new ArrayList<>();
        for (Cell cell : cells) {
            print("%s, %d steps", cell, steps);
            try (Sequential model = model(cell)) {
                model.compile(Training.optimizer(Adam.rate(2e-3))
                        .loss(Loss.meanSquaredError())
                        .clipGlobalNorm(1)
                        .engine(engine()));
                model.fit(training, Fit.epochs(epochs).validation(heldOut).callback(progress()));
                scores.add(Score.lower("%s: mean squared error, %d steps".formatted(cell, steps),
                                model.evaluate(heldOut).loss(), "always 1", constant)
                        .published("%s at 600 steps (Bai et al. 2018, table 1)"
                                .formatted(cell == Cell.LSTM ? "0.164" : "5.3e-5")));
            }
        }
        return scores;
    }

    /// Numbers and marks, `[count,steps,2]`, and the sum of the marked numbers, `[count,1]`.
    private Examples sequences(int count, SplittableRandom random) {
        float[] x = new float[Math.multiplyExact(count, 2 * steps)];
        float[] y = new float[count];
        for (int n = 0; n < count; n++) {
            int first = random.nextInt(steps / 2);
            int second = random.nextInt(steps / 2, steps);
            for (int t = 0; t < steps; t++) {
                boolean marked = t == first || t == second;
                int at = 2 * (n * steps + t);
                x[at] = (float) random.nextDouble();
                x[at + 1] = marked ? 1 : 0;
                y[n] += marked ? x[at] : 0;
            }
        }
        return Dataset.of(Tensor.of(x, count, steps, 2), Tensor.of(y, count, 1));
    }

    private static double constant(Examples examples) {
        double sum = 0;
        for (float y : examples.y().toFloats()) {
            sum += (y - 1) * (y - 1);
        }
        return sum / examples.size();
    }
}
