package dev.rondo.training;

/// How the learning rate changes as training goes on: what the optimizer's rate is multiplied by.
///
/// It follows from the number of the step alone, so a run that is resumed needs to remember nothing of it.
public sealed interface Schedule permits Schedule.Constant, Schedule.Step, Schedule.Exponential {
    /// What the rate is multiplied by.
    ///
    /// @param steps training steps taken before this one, from 0
    double factor(long steps);

    /// The optimizer's rate throughout.
    static Schedule constant() {
        return new Constant();
    }

    /// `factor` once more after every `steps` steps: `factor^floor(t / steps)`.
    static Schedule step(double factor, long steps) {
        return new Step(factor, steps);
    }

    /// A smooth decay that multiplies by `factor` in the course of `steps` steps: `factor^(t / steps)`. Keras's
    /// `ExponentialDecay`.
    static Schedule exponential(double factor, long steps) {
        return new Exponential(factor, steps);
    }

    /// See [#constant()].
    record Constant() implements Schedule {
        @Override
        public double factor(long steps) {
            return 1;
        }
    }

    /// See [#step(double, long)].
    ///
    /// @param factor above 0
    /// @param every number of steps, at least 1
    record Step(double factor, long every) implements Schedule {
        public Step {
            Check.positive("Schedule: factor", factor);
            Check.atLeastOne("Schedule: steps", every);
        }

        @Override
        public double factor(long steps) {
            return StrictMath.pow(factor, (double) (steps / every));
        }
    }

    /// See [#exponential(double, long)].
    ///
    /// @param factor above 0
    /// @param every number of steps, at least 1
    record Exponential(double factor, long every) implements Schedule {
        public Exponential {
            Check.positive("Schedule: factor", factor);
            Check.atLeastOne("Schedule: steps", every);
        }

        @Override
        public double factor(long steps) {
            return StrictMath.pow(factor, (double) steps / every);
        }
    }
}
