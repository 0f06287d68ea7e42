package dev.rondo.training;

import java.util.function.BiConsumer;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/// A number to watch besides the loss, made from what a pass over many batches adds up to.
public interface Metric {
    /// What it is called in reports.
    String name();

    /// Its value.
    double of(Totals totals);

    /// Whether the totals hold what it is made of when a model is trained on this loss; any loss unless overridden.
    default boolean fits(Loss loss) {
        return true;
    }

    /// The fraction of real steps whose most probable class is the target's; with a binary cross-entropy the fraction of
    /// numbers whose probability lies on the same side of 1/2 as the target.
    static Metric accuracy() {
        return new Accuracy();
    }

    /// `exp(loss)`: among how many equally likely classes the model is, so to speak, undecided. For cross-entropies of
    /// classes.
    static Metric perplexity() {
        return new Perplexity();
    }

    /// Mean square of prediction less target, `mse`; of probabilities with a binary cross-entropy. For losses that
    /// compare number by number.
    static Metric meanSquaredError() {
        return new MeanSquaredError();
    }

    /// The root of [#meanSquaredError()] over all batches together, `rmse`: in the unit of the targets.
    static Metric rootMeanSquaredError() {
        return new RootMeanSquaredError();
    }

    /// Mean magnitude of prediction less target, `mae`; of probabilities with a binary cross-entropy. For losses that
    /// compare number by number.
    static Metric meanAbsoluteError() {
        return new MeanAbsoluteError();
    }

    /// A metric of one's own, or by a calculator of [dev.rondo.metrics], which looks at what the model gives:
    ///
    /// ```java
    /// Metric.of("f1", () -> new ConfusionMatrix(3),
    ///         (matrix, p) -> matrix.add(p.labels(), p.classes(), p.weights()), matrix -> matrix.f1(Average.MACRO))
    /// ```
    ///
    /// It is taken where a model is scored, by [dev.rondo.Model#evaluate] and on validation data, and not of training
    /// batches. Where several outputs have a loss, it is taken of each, unless it is told which ([Observed#on]). It is
    /// NaN where the calculator throws an IllegalStateException, since there was nothing that it could be taken of.
    ///
    /// @param <A> of the calculator
    /// @param name what it is called in reports
    /// @param begin makes a calculator, for each pass over some data
    /// @param add counts a batch
    /// @param value what the calculator comes to
    static <A> Observed<A> of(
            String name, Supplier<A> begin, BiConsumer<A, Predictions> add, ToDoubleFunction<A> value) {
        return new Observed<>(name, "", begin, add, value);
    }

    private static boolean isElementwise(Loss loss) {
        return loss instanceof Loss.BinaryCrossEntropy
                || loss instanceof Loss.MeanSquaredError
                || loss instanceof Loss.MeanAbsoluteError
                || loss instanceof Loss.Huber;
    }

    /// Sums over the real steps of some batches, of one loss.
    ///
    /// @param loss sum of the losses of the steps, each times its weight
    /// @param correct sum of the fraction of each step that is right: 1 or 0 where it has one class; 0 for losses of
    ///     sequences
    /// @param squaredError sum of the mean squared errors of the steps; 0 for losses of classes and sequences
    /// @param absoluteError sum of the mean absolute errors of the steps; 0 for losses of classes and sequences
    /// @param steps number of real steps; of sequences for losses of these
    /// @param weight sum of the weights of the steps: their number where all count alike
    record Totals(
            double loss, double correct, double squaredError, double absoluteError, long steps, double weight) {
        /// Of steps that all count alike.
        public Totals(double loss, double correct, double squaredError, double absoluteError, long steps) {
            this(loss, correct, squaredError, absoluteError, steps, steps);
        }

        /// Of no batches.
        public static final Totals NONE = new Totals(0, 0, 0, 0, 0);

        /// The sums over both.
        public Totals plus(Totals more) {
            return new Totals(
                    loss + more.loss,
                    correct + more.correct,
                    squaredError + more.squaredError,
                    absoluteError + more.absoluteError,
                    steps + more.steps,
                    weight + more.weight);
        }

        /// Mean loss of a step, by weight; 0 where there are none.
        public double meanLoss() {
            return weight == 0 ? 0 : loss / weight;
        }

        double mean(double sum) {
            return steps == 0 ? 0 : sum / steps;
        }
    }

    /// See [#accuracy()].
    record Accuracy() implements Metric {
        @Override
        public String name() {
            return "accuracy";
        }

        @Override
        public double of(Totals totals) {
            return totals.mean(totals.correct());
        }

        @Override
        public boolean fits(Loss loss) {
            return loss instanceof Loss.CategoricalCrossEntropy
                    || loss instanceof Loss.BinaryCrossEntropy
                    || loss instanceof Loss.KlDivergence;
        }
    }

    /// See [#perplexity()].
    record Perplexity() implements Metric {
        @Override
        public String name() {
            return "perplexity";
        }

        @Override
        public double of(Totals totals) {
            return Math.exp(totals.meanLoss());
        }

        @Override
        public boolean fits(Loss loss) {
            return loss instanceof Loss.CategoricalCrossEntropy;
        }
    }

    /// See [#meanSquaredError()].
    record MeanSquaredError() implements Metric {
        @Override
        public String name() {
            return "mse";
        }

        @Override
        public double of(Totals totals) {
            return totals.mean(totals.squaredError());
        }

        @Override
        public boolean fits(Loss loss) {
            return isElementwise(loss);
        }
    }

    /// See [#rootMeanSquaredError()].
    record RootMeanSquaredError() implements Metric {
        @Override
        public String name() {
            return "rmse";
        }

        @Override
        public double of(Totals totals) {
            return Math.sqrt(totals.mean(totals.squaredError()));
        }

        @Override
        public boolean fits(Loss loss) {
            return isElementwise(loss);
        }
    }

    /// See [#meanAbsoluteError()].
    record MeanAbsoluteError() implements Metric {
        @Override
        public String name() {
            return "mae";
        }

        @Override
        public double of(Totals totals) {
            return totals.mean(totals.absoluteError());
        }

        @Override
        public boolean fits(Loss loss) {
            return isElementwise(loss);
        }
    }

    /// See [#of(String, Supplier, BiConsumer, ToDoubleFunction)].
    ///
    /// @param <A> of the calculator
    /// @param output of which it is taken; empty: of all that have a loss
    record Observed<A>(
            String name,
            String output,
            Supplier<A> begin,
            BiConsumer<A, Predictions> add,
            ToDoubleFunction<A> value)
            implements Metric {
        public Observed {
            if (name.isEmpty()) {
                throw new IllegalArgumentException("metric: expected a name, got an empty one");
            }
        }

        /// Of this output alone.
        ///
        /// @param output its name in the model
        public Observed<A> on(String output) {
            return new Observed<>(name, output, begin, add, value);
        }

        /// Sums do not tell it.
        ///
        /// @throws IllegalStateException always
        @Override
        public double of(Totals totals) {
            throw new IllegalStateException(name + ": expected to be taken of what a model gives, not of sums");
        }
    }
}
