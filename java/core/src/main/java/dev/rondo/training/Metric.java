package dev.rondo.training;

/// A number to watch besides the loss, made from what a pass over many batches adds up to.
public interface Metric {
    /// What it is called in reports.
    String name();

    /// Its value.
    double of(Totals totals);

    /// The fraction of real steps whose most probable class is the target's.
    static Metric accuracy() {
        return new Accuracy();
    }

    /// `exp(loss)`: among how many equally likely classes the model is, so to speak, undecided.
    static Metric perplexity() {
        return new Perplexity();
    }

    /// Sums over the real steps of some batches.
    ///
    /// @param loss sum of the losses of the steps, in nats
    /// @param correct steps whose most probable class is the target's
    /// @param steps number of real steps
    record Totals(double loss, double correct, long steps) {
        /// Mean loss of a step, in nats; 0 where there are none.
        public double meanLoss() {
            return steps == 0 ? 0 : loss / steps;
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
            return totals.steps() == 0 ? 0 : totals.correct() / totals.steps();
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
    }
}
