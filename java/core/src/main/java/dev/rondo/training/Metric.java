package dev.rondo.training;

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

    private static boolean isElementwise(Loss loss) {
        return loss instanceof Loss.BinaryCrossEntropy
                || loss instanceof Loss.MeanSquaredError
                || loss instanceof Loss.MeanAbsoluteError;
    }

    /// Sums over the real steps of some batches, of one loss.
    ///
    /// @param loss sum of the losses of the steps
    /// @param correct sum of the fraction of each step that is right: 1 or 0 where it has one class; 0 for losses of
    ///     sequences
    /// @param squaredError sum of the mean squared errors of the steps; 0 for losses of classes and sequences
    /// @param absoluteError sum of the mean absolute errors of the steps; 0 for losses of classes and sequences
    /// @param steps number of real steps; of sequences for losses of these
    record Totals(double loss, double correct, double squaredError, double absoluteError, long steps) {
        /// Of no batches.
        public static final Totals NONE = new Totals(0, 0, 0, 0, 0);

        /// The sums over both.
        public Totals plus(Totals more) {
            return new Totals(
                    loss + more.loss,
                    correct + more.correct,
                    squaredError + more.squaredError,
                    absoluteError + more.absoluteError,
                    steps + more.steps);
        }

        /// Mean loss of a step; 0 where there are none.
        public double meanLoss() {
            return mean(loss);
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
            return loss instanceof Loss.CategoricalCrossEntropy || loss instanceof Loss.BinaryCrossEntropy;
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
}
