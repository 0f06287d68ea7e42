package dev.rondo.training;

import java.util.Arrays;
import java.util.List;

/// How the learning rate changes as training goes on: what the optimizer's rate is multiplied by.
///
/// It follows from the number of the step alone, so a run that is resumed needs to remember nothing of it. A rate that
/// follows from scores is a callback's, [ReduceOnPlateau].
public sealed interface Schedule
        permits Schedule.Constant,
                Schedule.Step,
                Schedule.Exponential,
                Schedule.Polynomial,
                Schedule.Cosine,
                Schedule.WarmUp,
                Schedule.OneCycle,
                Schedule.InverseSquareRoot,
                Schedule.Piecewise {
    /// What the rate is multiplied by.
    ///
    /// @param steps updates of the parameters before this one, from 0: training steps, unless batches are accumulated
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

    /// From 1 to `last` in `steps` steps and `last` from then on: `last + (1 - last) (1 - t / steps)^power`. A power of 1
    /// is a straight line. Keras's `PolynomialDecay`.
    static Schedule polynomial(double power, double last, long steps) {
        return new Polynomial(power, last, steps);
    }

    /// From 1 to 0 in `steps` steps along half a cosine, and 0 from then on: `(1 + cos(pi t / steps)) / 2`.
    static Cosine cosine(long steps) {
        return new Cosine(steps, 0, Cosine.Restarts.NONE, 1, 1);
    }

    /// The inverse square root of the step, with linear warm-up before (Vaswani et al. 2017, equation 3):
    /// `min((t + 1) / w, sqrt(w / (t + 1)))`, 1 at its highest. The paper's rate follows where the optimizer's is
    /// `(model size * w)^-0.5`.
    ///
    /// @param warmUp steps w until the highest rate
    static Schedule inverseSquareRoot(long warmUp) {
        return new InverseSquareRoot(warmUp);
    }

    /// One cycle (Smith 2018, in PyTorch's form with two phases): along half a cosine from `1 / 25` up to 1 in the first
    /// three tenths of the steps, then down to `1 / 250000` in the rest, where it stays. The optimizer's rate is the
    /// highest.
    static OneCycle oneCycle(long steps) {
        return new OneCycle(steps, 0.3, 1.0 / 25, 1.0 / 250_000);
    }

    /// One factor after another: `factors[i]` up to and without step `boundaries[i]`, the last from there on.
    ///
    /// @param boundaries numbers of steps in ascending order, from 1
    /// @param factors one more than boundaries, each of at least 0
    static Schedule piecewise(long[] boundaries, double[] factors) {
        return new Piecewise(
                Arrays.stream(boundaries).boxed().toList(),
                Arrays.stream(factors).boxed().toList());
    }

    /// This after a linear warm-up: `(t + 1) / steps` times this schedule's first factor in the first `steps` steps, then
    /// this schedule from its beginning.
    default Schedule after(long warmUp) {
        return new WarmUp(warmUp, this);
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

    /// See [#polynomial(double, double, long)].
    ///
    /// @param power above 0
    /// @param last factor, at least 0
    /// @param steps until the last factor, at least 1
    record Polynomial(double power, double last, long steps) implements Schedule {
        public Polynomial {
            Check.positive("Schedule: power", power);
            Check.notNegative("Schedule: last", last);
            Check.atLeastOne("Schedule: steps", steps);
        }

        @Override
        public double factor(long steps) {
            return last + (1 - last) * StrictMath.pow(1 - part(steps, this.steps), power);
        }
    }

    /// See [#cosine(long)]. With warm restarts (SGDR, Loshchilov & Hutter 2017, equation 5) each cycle is `growth` times
    /// as long as the one before, rounded to steps but longer by one at least where `growth` is above 1, and begins
    /// `decay` times as high above `last`.
    ///
    /// @param steps of the first cycle, at least 1
    /// @param last factor at a cycle's end, at least 0
    /// @param restarts whether another cycle follows
    /// @param growth of the cycles' length, at least 1; the paper's T_mult
    /// @param decay of the cycles' height, above 0; 1 in the paper
    record Cosine(long steps, double last, Restarts restarts, double growth, double decay) implements Schedule {
        /// What follows a cycle.
        public enum Restarts {
            /// The last factor.
            NONE,
            /// Another cycle.
            WARM
        }

        public Cosine {
            Check.atLeastOne("Schedule: steps", steps);
            Check.notNegative("Schedule: last", last);
            Check.positive("Schedule: decay", decay);
            if (!(growth >= 1) || !Double.isFinite(growth)) {
                throw new IllegalArgumentException(
                        "Schedule: growth: expected a finite number of at least 1, got " + growth);
            }
        }

        /// Down to this factor.
        public Cosine last(double last) {
            return new Cosine(steps, last, restarts, growth, decay);
        }

        /// Beginning anew after each cycle.
        ///
        /// @param growth what a cycle's length is multiplied by for the next
        /// @param decay what a cycle's height is multiplied by for the next
        public Cosine restarts(double growth, double decay) {
            return new Cosine(steps, last, Restarts.WARM, growth, decay);
        }

        @Override
        public double factor(long steps) {
            if (restarts == Restarts.NONE) {
                return along(1, last, part(steps, this.steps));
            }
            long length = this.steps;
            long left = steps;
            long cycle = 0;
            if (growth == 1) {
                cycle = left / length;
                left %= length;
            }
            while (left >= length) {
                left -= length;
                cycle++;
                // 2^62 is beyond any run. Cycles that always grow are few.
                length = Math.max(length + 1, Math.round(Math.min(length * growth, 0x1p62)));
            }
            return along(last + (1 - last) * StrictMath.pow(decay, (double) cycle), last, (double) left / length);
        }
    }

    /// See [#after(long)].
    ///
    /// @param warmUp number of steps, at least 1
    /// @param then what follows
    record WarmUp(long warmUp, Schedule then) implements Schedule {
        public WarmUp {
            Check.atLeastOne("Schedule: warmUp", warmUp);
        }

        @Override
        public double factor(long steps) {
            return steps < warmUp ? then.factor(0) * ((double) (steps + 1) / warmUp) : then.factor(steps - warmUp);
        }
    }

    /// See [#oneCycle(long)].
    ///
    /// @param steps of the cycle, at least 2
    /// @param rising part of the steps until the highest rate, in (0, 1)
    /// @param first factor, above 0
    /// @param last factor, above 0
    record OneCycle(long steps, double rising, double first, double last) implements Schedule {
        public OneCycle {
            if (steps < 2) {
                throw new IllegalArgumentException("Schedule: steps: expected at least 2, got " + steps);
            }
            if (!(rising > 0 && rising < 1)) {
                throw new IllegalArgumentException("Schedule: rising: expected a number in (0, 1), got " + rising);
            }
            Check.positive("Schedule: first", first);
            Check.positive("Schedule: last", last);
        }

        @Override
        public double factor(long steps) {
            // As PyTorch counts: the last step of a phase is one before the next begins.
            double end = this.steps - 1.0;
            double peak = Math.max(0, rising * this.steps - 1);
            return steps < peak
                    ? along(first, 1, steps / peak)
                    : along(1, last, Math.min(1, (steps - peak) / (end - peak)));
        }
    }

    /// See [#inverseSquareRoot(long)].
    ///
    /// @param warmUp number of steps, at least 1
    record InverseSquareRoot(long warmUp) implements Schedule {
        public InverseSquareRoot {
            Check.atLeastOne("Schedule: warmUp", warmUp);
        }

        @Override
        public double factor(long steps) {
            double step = steps + 1.0;
            return Math.min(step / warmUp, Math.sqrt(warmUp / step));
        }
    }

    /// See [#piecewise(long[], double[])].
    ///
    /// @param boundaries numbers of steps in ascending order, from 1
    /// @param factors one more than boundaries, each of at least 0
    record Piecewise(List<Long> boundaries, List<Double> factors) implements Schedule {
        public Piecewise {
            boundaries = List.copyOf(boundaries);
            factors = List.copyOf(factors);
            if (factors.size() != boundaries.size() + 1) {
                throw new IllegalArgumentException("Schedule: factors: expected %d, one more than boundaries, got %d"
                        .formatted(boundaries.size() + 1, factors.size()));
            }
            long before = 0;
            for (long boundary : boundaries) {
                if (boundary <= before) {
                    throw new IllegalArgumentException(
                            "Schedule: boundaries: expected ascending ones above 0, got " + boundaries);
                }
                before = boundary;
            }
            factors.forEach(factor -> Check.notNegative("Schedule: factors", factor));
        }

        @Override
        public double factor(long steps) {
            int piece = 0;
            while (piece < boundaries.size() && steps >= boundaries.get(piece)) {
                piece++;
            }
            return factors.get(piece);
        }
    }

    private static double part(long steps, long of) {
        return (double) Math.min(steps, of) / of;
    }

    /// From one factor to another along half a cosine.
    private static double along(double from, double to, double part) {
        return to + (from - to) * (1 + StrictMath.cos(Math.PI * part)) / 2;
    }
}
