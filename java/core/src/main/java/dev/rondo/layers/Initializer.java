package dev.rondo.layers;

import dev.rondo.tensor.Tensor;
import java.util.Arrays;
import java.util.random.RandomGenerator;

/// How a parameter gets its first values.
///
/// A matrix is `[rows, columns]` = `[out, in]`, so its fan-in is `columns` and its fan-out is `rows`; a vector is
/// `[rows, 1]`. The same generator gives the same values on every machine.
public sealed interface Initializer {

    /// First values for a parameter.
    ///
    /// @param rows outputs, at least 1
    /// @param columns inputs, at least 1
    /// @param random where the random numbers come from
    /// @return `[rows, columns]`, row-major, newly made
    float[] values(int rows, int columns, RandomGenerator random);

    /// Uniform within `±sqrt(6 / (fanIn + fanOut))` (Glorot & Bengio 2010): Keras's default for weights.
    static Initializer glorotUniform() {
        return new GlorotUniform();
    }

    /// Normal with deviation `sqrt(2 / (fanIn + fanOut))` (Glorot & Bengio 2010). Not truncated, unlike Keras's.
    static Initializer glorotNormal() {
        return new GlorotNormal();
    }

    /// Uniform within `±sqrt(6 / fanIn)` (He, Zhang, Ren & Sun 2015): for layers with rectifiers.
    static Initializer heUniform() {
        return new HeUniform();
    }

    /// Normal with deviation `sqrt(2 / fanIn)` (He, Zhang, Ren & Sun 2015). Not truncated, unlike Keras's.
    static Initializer heNormal() {
        return new HeNormal();
    }

    /// A random matrix with orthonormal rows or columns, whichever are fewer (Saxe, McClelland & Ganguli 2014): Keras's
    /// default for recurrent weights.
    static Initializer orthogonal() {
        return new Orthogonal();
    }

    /// Uniform between two bounds.
    static Initializer uniform(double low, double high) {
        return new Uniform(low, high);
    }

    /// Uniform within ±limit.
    static Initializer uniform(double limit) {
        return new Uniform(-limit, limit);
    }

    /// Normally distributed around zero.
    static Initializer normal(double deviation) {
        return new Normal(0, deviation);
    }

    /// Normally distributed.
    static Initializer normal(double mean, double deviation) {
        return new Normal(mean, deviation);
    }

    /// All zero.
    static Initializer zeros() {
        return new Constant(0);
    }

    /// All one.
    static Initializer ones() {
        return new Constant(1);
    }

    /// All the same.
    static Initializer constant(double value) {
        return new Constant(value);
    }

    /// The bias of an LSTM: zero, but one for the forget gate, so that a new network remembers (Gers, Schmidhuber &
    /// Cummins 2000; Jozefowicz, Zaremba & Sutskever 2015).
    static Initializer forgetGateOne() {
        return new ForgetGateOne();
    }

    /// Given numbers.
    ///
    /// @param values float32 `[rows,columns]`, finite; they are copied
    /// @throws IllegalArgumentException if it is no such matrix
    static Pretrained pretrained(Tensor values) {
        return new Pretrained(GivenValues.of(values));
    }

    /// See [#pretrained].
    record Pretrained(GivenValues given) implements Initializer {
        /// @throws IllegalArgumentException if the parameter is of another shape
        /// @throws IllegalStateException if this was read from a file, which holds the numbers as those of the
        ///     parameter
        @Override
        public float[] values(int rows, int columns, RandomGenerator random) {
            return given.values(rows, columns);
        }
    }

    /// See [#glorotUniform()].
    record GlorotUniform() implements Initializer {
        @Override
        public float[] values(int rows, int columns, RandomGenerator random) {
            double limit = Math.sqrt(6.0 / ((double) rows + columns));
            return new Uniform(-limit, limit).values(rows, columns, random);
        }
    }

    /// See [#glorotNormal()].
    record GlorotNormal() implements Initializer {
        @Override
        public float[] values(int rows, int columns, RandomGenerator random) {
            return new Normal(0, Math.sqrt(2.0 / ((double) rows + columns))).values(rows, columns, random);
        }
    }

    /// See [#heUniform()].
    record HeUniform() implements Initializer {
        @Override
        public float[] values(int rows, int columns, RandomGenerator random) {
            double limit = Math.sqrt(6.0 / columns);
            return new Uniform(-limit, limit).values(rows, columns, random);
        }
    }

    /// See [#heNormal()].
    record HeNormal() implements Initializer {
        @Override
        public float[] values(int rows, int columns, RandomGenerator random) {
            return new Normal(0, Math.sqrt(2.0 / columns)).values(rows, columns, random);
        }
    }

    /// See [#orthogonal()].
    ///
    /// Gram and Schmidt's method in its modified form over a matrix of normal numbers: the Q of its QR decomposition
    /// with a positive diagonal in R, which makes every orthogonal matrix equally likely.
    record Orthogonal() implements Initializer {
        @Override
        public float[] values(int rows, int columns, RandomGenerator random) {
            float[] values = Settings.matrix(rows, columns);
            int vectors = Math.min(rows, columns);
            int length = Math.max(rows, columns);
            double[][] q = new double[vectors][length];
            for (double[] vector : q) {
                for (int i = 0; i < length; i++) {
                    vector[i] = gaussian(random);
                }
            }
            for (int k = 0; k < vectors; k++) {
                double norm = Math.sqrt(dot(q[k], q[k]));
                for (int i = 0; i < length; i++) {
                    q[k][i] /= norm;
                }
                for (int j = k + 1; j < vectors; j++) {
                    double along = dot(q[k], q[j]);
                    for (int i = 0; i < length; i++) {
                        q[j][i] -= along * q[k][i];
                    }
                }
            }
            for (int row = 0; row < rows; row++) {
                for (int column = 0; column < columns; column++) {
                    values[row * columns + column] = (float) (rows < columns ? q[row][column] : q[column][row]);
                }
            }
            return values;
        }

        /// Four sums at a time, so that each addition need not wait for the one before.
        private static double dot(double[] a, double[] b) {
            double s0 = 0;
            double s1 = 0;
            double s2 = 0;
            double s3 = 0;
            int i = 0;
            for (; i + 3 < a.length; i += 4) {
                s0 += a[i] * b[i];
                s1 += a[i + 1] * b[i + 1];
                s2 += a[i + 2] * b[i + 2];
                s3 += a[i + 3] * b[i + 3];
            }
            for (; i < a.length; i++) {
                s0 += a[i] * b[i];
            }
            return (s0 + s1) + (s2 + s3);
        }
    }

    /// See [#uniform(double, double)].
    record Uniform(double low, double high) implements Initializer {
        public Uniform {
            if (!Double.isFinite(low) || !Double.isFinite(high) || low > high) {
                throw new IllegalArgumentException("uniform: expected finite low <= high, got %s and %s".formatted(low, high));
            }
        }

        @Override
        public float[] values(int rows, int columns, RandomGenerator random) {
            float[] values = Settings.matrix(rows, columns);
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (low + (high - low) * random.nextDouble());
            }
            return values;
        }
    }

    /// See [#normal(double, double)].
    record Normal(double mean, double deviation) implements Initializer {
        public Normal {
            if (!Double.isFinite(mean) || !(deviation >= 0) || !Double.isFinite(deviation)) {
                throw new IllegalArgumentException(
                        "normal: expected a finite mean and deviation >= 0, got %s and %s".formatted(mean, deviation));
            }
        }

        @Override
        public float[] values(int rows, int columns, RandomGenerator random) {
            float[] values = Settings.matrix(rows, columns);
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (mean + deviation * gaussian(random));
            }
            return values;
        }
    }

    /// The same value everywhere.
    record Constant(double value) implements Initializer {
        public Constant {
            if (!Double.isFinite(value)) {
                throw new IllegalArgumentException("constant: expected a finite value, got " + value);
            }
        }

        @Override
        public float[] values(int rows, int columns, RandomGenerator random) {
            float[] values = Settings.matrix(rows, columns);
            Arrays.fill(values, (float) value);
            return values;
        }
    }

    /// See [#forgetGateOne()].
    record ForgetGateOne() implements Initializer {
        @Override
        public float[] values(int rows, int columns, RandomGenerator random) {
            if (rows % 4 != 0) {
                throw new IllegalArgumentException("forgetGateOne: expected the bias of four gates, got " + rows + " rows");
            }
            float[] values = Settings.matrix(rows, columns);
            int gate = values.length / 4;
            Arrays.fill(values, gate, 2 * gate, 1);
            return values;
        }
    }

    /// A standard normal number (Box & Muller 1958), by [StrictMath], so that every machine draws the same.
    private static double gaussian(RandomGenerator random) {
        double radius = StrictMath.sqrt(-2 * StrictMath.log(1 - random.nextDouble()));
        return radius * StrictMath.cos(2 * Math.PI * random.nextDouble());
    }
}
