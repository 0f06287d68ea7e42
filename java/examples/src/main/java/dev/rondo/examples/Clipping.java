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
import dev.rondo.training.BatchReport;
import dev.rondo.training.Callback;
import dev.rondo.training.Fit;
import dev.rondo.training.Loss;
import dev.rondo.training.NonFiniteException;
import dev.rondo.training.Sgd;
import dev.rondo.training.Training;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Gradients that explode, and how they are clipped: each array's own norm, or the norm of all arrays together, which
/// keeps their direction (Pascanu, Mikolov & Bengio 2013). The recurrent weights begin too large for a long sequence,
/// and what is to be learned is a number at its beginning, remembered to its end.
@Command(
        name = "clipping",
        description = "Exploding gradients: none clipped, each array's norm, the norm of all together")
final class Clipping extends Example {
    private static final double MAX = 1;
    private static final double RATE = 0.05;

    @Option(names = "--steps", paramLabel = "N", description = "Length of a sequence (${DEFAULT-VALUE}).")
    private int steps = 30;

    @Option(names = "--epochs", paramLabel = "N", description = "Passes over the sequences (${DEFAULT-VALUE}).")
    private int epochs = 40;

    private Sequential model() {
        return Sequential.builder()
                .add(Input.features(Shape.TIME, 1))
                .add(SimpleRnn.units(32).recurrentWeights(Initializer.normal(0.35)))
                .add(Dense.units(1))
                .seed(seed())
                .build();
    }

    @Override
    List<Score> run() {
        checkAtLeast(1, "--steps", steps);
        SplittableRandom random = new SplittableRandom(seed());
        Examples training = sequences(512, random);
        Examples heldOut = sequences(512, random);
        steps(training);
        double zero = square(heldOut.y()) / heldOut.size();
        train("nothing", training, heldOut, UnaryOperator.identity());
        List<Score> scores = new ArrayList<>();
        train("each array's norm", training, heldOut, t -> t.clipNorm(MAX)).ifPresent(loss -> scores.add(
                Score.lower("mean squared error, each array's norm clipped", loss, "always zero, the mean", zero)));
        train("the norm of all", training, heldOut, t -> t.clipGlobalNorm(MAX)).ifPresent(loss -> scores.add(
                Score.lower("mean squared error, the norm of all clipped", loss, "always zero, the mean", zero)));
        return scores;
    }

    /// What one step does to the parameters under each way to clip: by a rate of 1 it is the clipped gradient itself.
    private void steps(Examples training) {
        Examples one = training.select(0);
        Map<String, UnaryOperator<Training>> ways = new LinkedHashMap<>();
        ways.put("no clipping", UnaryOperator.identity());
        ways.put("clipNorm(1)", t -> t.clipNorm(MAX));
        ways.put("clipGlobalNorm(1)", t -> t.clipGlobalNorm(MAX));
        ways.forEach((name, clip) -> {
            try (Sequential model = model()) {
                Map<String, Tensor> parameters = model.parameters();
                Map<String, float[]> before = new LinkedHashMap<>();
                parameters.forEach((path, tensor) -> before.put(path, tensor.toFloats()));
                model.compile(clip.apply(Training.optimizer(Sgd.rate(1)))
                        .loss(Loss.meanSquaredError())
                        .engine(engine()));
                model.fit(one, Fit.epochs(1));
                print("norms of the gradients, %s", name);
                double[] squares = new double[1];
                parameters.forEach((path, tensor) -> {
                    double norm = distance(before.getOrDefault(path, new float[0]), tensor);
                    squares[0] += norm * norm;
                    print("  %-14s %10.4f", path, norm);
                });
                print("  %-14s %10.4f", "all together", Math.sqrt(squares[0]));
            }
        });
    }

    private static double distance(float[] before, Tensor after) {
        double squares = 0;
        for (int i = 0; i < before.length; i++) {
            double step = before[i] - after.get(i);
            squares += step * step;
        }
        return Math.sqrt(squares);
    }

    /// @return the mean squared error held out; empty where the run broke off
    private OptionalDouble train(
            String name, Examples training, Examples heldOut, UnaryOperator<Training> clip) {
        List<Double> norms = new ArrayList<>();
        try (Sequential model = model()) {
            model.compile(clip.apply(Training.optimizer(Sgd.rate(RATE)))
                    .loss(Loss.meanSquaredError())
                    .engine(engine()));
            Callback watch = Callback.eachBatch((BatchReport report) -> norms.add(report.gradientNorm()));
            model.fit(training, Fit.epochs(epochs).callback(watch));
            double loss = model.evaluate(heldOut).loss();
            norms.sort(null);
            print("clipped: %-18s gradient norm: median %8.3f, largest %10.3f   mean squared error held out %.4f",
                    name, norms.get(norms.size() / 2), norms.getLast(), loss);
            return OptionalDouble.of(loss);
        } catch (NonFiniteException e) {
            print("clipped: %-18s the run broke off at step %d: %s", name, norms.size() + 1, e);
            return OptionalDouble.empty();
        }
    }

    private static double square(Tensor y) {
        double sum = 0;
        for (float value : y.toFloats()) {
            sum += value * value;
        }
        return sum;
    }

    /// Zeros behind one normal number, which is to be told at the end.
    private Examples sequences(int count, SplittableRandom random) {
        float[] x = new float[count * steps];
        float[] y = new float[count];
        for (int n = 0; n < count; n++) {
            x[n * steps] = (float) random.nextGaussian();
            y[n] = x[n * steps];
        }
        return Dataset.of(Tensor.of(x, count, steps, 1), Tensor.of(y, count, 1));
    }
}
