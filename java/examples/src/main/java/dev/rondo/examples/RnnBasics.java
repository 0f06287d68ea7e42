package dev.rondo.examples;

import dev.rondo.Sequential;
import dev.rondo.data.Dataset;
import dev.rondo.data.Examples;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Initializer;
import dev.rondo.layers.Input;
import dev.rondo.layers.SimpleRnn;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Callback;
import dev.rondo.training.Fit;
import dev.rondo.training.Loss;
import dev.rondo.training.Sgd;
import dev.rondo.training.Training;
import java.util.List;
import java.util.SplittableRandom;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// A simple RNN of 10 inputs, 20 units and 5 outputs over 100 steps, by gradient descent with a rate of 0.01, the norm
/// of each gradient kept to 1, from small first values.
///
/// What it learns is made up, and cannot be learned without a memory: output k is `(x[k] + x'[k+5]) / 2`, with the step
/// before marked by a prime. The error is added up over the 100 steps and 5 outputs, as one does by hand; Rondo's loss
/// is the mean over them, and so the rate 500 times as high.
@Command(
        name = "rnn",
        description = "A simple RNN of 10 inputs, 20 units and 5 outputs, 1000 iterations of gradient descent")
final class RnnBasics extends Example {
    private static final int INPUTS = 10;
    private static final int OUTPUTS = 5;
    private static final int STEPS = 100;
    private static final double RATE = 0.01;

    @Option(names = "--iterations", paramLabel = "N", description = "Training steps (${DEFAULT-VALUE}).")
    private int iterations = 1000;

    private Sequential model() {
        Initializer small = Initializer.normal(0.1);
        return Sequential.builder()
                .add(Input.features(Shape.TIME, INPUTS))
                .add(SimpleRnn.units(20).returnSequences().weights(small).recurrentWeights(small))
                .add(Dense.units(OUTPUTS).weights(small))
                .seed(seed())
                .build();
    }

    @Override
    List<Score> run() {
        SplittableRandom random = new SplittableRandom(seed());
        Examples training = sequence(random);
        Examples heldOut = sequence(random);
        try (Sequential model = model()) {
            model.compile(Training.optimizer(Sgd.rate(RATE * STEPS * OUTPUTS))
                    .loss(Loss.meanSquaredError())
                    .clipNorm(1.0 / (STEPS * OUTPUTS))
                    .engine(engine()));
            model.fit(training, Fit.epochs(iterations).callback(Callback.eachEpoch(report -> {
                if (report.epoch() % 100 == 0) {
                    print("iteration %4d   loss %.5f", report.epoch(), report.loss());
                }
            })));
            return List.of(Score.lower("mean squared error of another sequence", model.evaluate(heldOut).loss(),
                    "always zero, the mean", meanSquare(heldOut)));
        }
    }

    /// One sequence of normal numbers, and what is to be made of it.
    private static Examples sequence(SplittableRandom random) {
        float[] x = new float[STEPS * INPUTS];
        float[] y = new float[STEPS * OUTPUTS];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) random.nextGaussian();
        }
        for (int t = 0; t < STEPS; t++) {
            for (int k = 0; k < OUTPUTS; k++) {
                float before = t == 0 ? 0 : x[(t - 1) * INPUTS + OUTPUTS + k];
                y[t * OUTPUTS + k] = (x[t * INPUTS + k] + before) / 2;
            }
        }
        return Dataset.of(Tensor.of(x, 1, STEPS, INPUTS), Tensor.of(y, 1, STEPS, OUTPUTS));
    }

    private static double meanSquare(Examples examples) {
        double sum = 0;
        for (float value : examples.y().toFloats()) {
            sum += value * value;
        }
        return sum / examples.y().elements();
    }
}
