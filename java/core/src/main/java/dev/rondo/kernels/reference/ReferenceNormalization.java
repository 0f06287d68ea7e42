package dev.rondo.kernels.reference;

import dev.rondo.graph.Op;
import dev.rondo.kernels.Buffer;
import dev.rondo.kernels.Instruction;
import dev.rondo.kernels.reference.ReferenceKernels.Step;
import dev.rondo.tensor.Extents;
import java.util.Arrays;
import java.util.Optional;

/// Layer and batch normalization.
final class ReferenceNormalization {
    private ReferenceNormalization() {}

    /// A vector that may be absent: the same number everywhere, then.
    private static double[] vector(int number, Optional<Buffer> buffer, int n, double otherwise, Scratch scratch) {
        double[] values = scratch.array(number, n);
        Arrays.fill(values, 0, n, otherwise);
        buffer.ifPresent(present -> scratch.load(present, 0, values, n));
        return values;
    }

    static Step layerNorm(Instruction instruction, Op.LayerNorm op, Scratch scratch) {
        Buffer x = instruction.input("x");
        Buffer y = instruction.output("y");
        return extents -> {
            int rows = Scratch.rows(x, extents);
            int n = Scratch.columns(x, extents);
            double[] gain = vector(0, instruction.optionalInput("gain"), n, 1, scratch);
            double[] bias = vector(1, instruction.optionalInput("bias"), n, 0, scratch);
            double[] row = scratch.array(2, n);
            double[] means = scratch.array(3, rows);
            double[] scales = scratch.array(4, rows);
            for (int r = 0; r < rows; r++) {
                scratch.load(x, (long) r * n, row, n);
                double sum = 0;
                for (int i = 0; i < n; i++) {
                    sum += row[i];
                }
                double mean = sum / n;
                double squares = 0;
                for (int i = 0; i < n; i++) {
                    squares += (row[i] - mean) * (row[i] - mean);
                }
                means[r] = mean;
                scales[r] = 1 / Math.sqrt(squares / n + op.epsilon());
                for (int i = 0; i < n; i++) {
                    row[i] = (row[i] - mean) * scales[r] * gain[i] + bias[i];
                }
                scratch.store(row, y, (long) r * n, n);
            }
            instruction.optionalOutput("mean").ifPresent(mean -> scratch.store(means, mean, 0, rows));
            instruction.optionalOutput("scale").ifPresent(scale -> scratch.store(scales, scale, 0, rows));
        };
    }

    static Step layerNormGradient(Instruction instruction, Scratch scratch) {
        Buffer x = instruction.input("x");
        Buffer dy = instruction.input("dy");
        Optional<Buffer> dx = instruction.optionalOutput("dx");
        return extents -> {
            int rows = Scratch.rows(x, extents);
            int n = Scratch.columns(x, extents);
            double[] gain = vector(0, instruction.optionalInput("gain"), n, 1, scratch);
            double[] means = scratch.load(1, instruction.input("mean"), rows);
            double[] scales = scratch.load(2, instruction.input("scale"), rows);
            double[] xhat = scratch.array(3, n);
            double[] row = scratch.array(4, n);
            double[] dgain = scratch.array(5, n);
            double[] dbias = scratch.array(6, n);
            Arrays.fill(dgain, 0, n, 0);
            Arrays.fill(dbias, 0, n, 0);
            for (int r = 0; r < rows; r++) {
                scratch.load(x, (long) r * n, xhat, n);
                scratch.load(dy, (long) r * n, row, n);
                double sum = 0;
                double product = 0;
                for (int i = 0; i < n; i++) {
                    xhat[i] = (xhat[i] - means[r]) * scales[r];
                    dgain[i] += row[i] * xhat[i];
                    dbias[i] += row[i];
                    row[i] *= gain[i];
                    sum += row[i];
                    product += row[i] * xhat[i];
                }
                for (int i = 0; i < n; i++) {
                    row[i] = scales[r] * (row[i] - sum / n - xhat[i] * product / n);
                }
                if (dx.isPresent()) {
                    scratch.store(row, dx.get(), (long) r * n, n);
                }
            }
            instruction.optionalOutput("dgain").ifPresent(buffer -> scratch.store(dgain, buffer, 0, n));
            instruction.optionalOutput("dbias").ifPresent(buffer -> scratch.store(dbias, buffer, 0, n));
        };
    }

    /// The number of real steps of a batch, and for each of its steps whether it is real.
    private static int realSteps(Instruction instruction, Buffer x, Extents extents, boolean[] real, Scratch scratch) {
        int batch = (int) x.shape().product(0, 1, extents);
        int steps = (int) x.shape().product(1, x.shape().rank() - 1, extents);
        int[] lengths = ReferenceRecurrent.lengths(instruction.optionalInput("lengths"), batch, steps, scratch);
        int count = 0;
        for (int r = 0; r < batch * steps; r++) {
            real[r] = r % steps < lengths[r / steps];
            count += real[r] ? 1 : 0;
        }
        return count;
    }

    static Step batchNorm(Instruction instruction, Op.BatchNorm op, boolean training, Scratch scratch) {
        Buffer x = instruction.input("x");
        Buffer movingMean = instruction.input("movingMean");
        Buffer movingVariance = instruction.input("movingVariance");
        Buffer y = instruction.output("y");
        return extents -> {
            int rows = Scratch.rows(x, extents);
            int n = Scratch.columns(x, extents);
            boolean[] real = new boolean[rows];
            int count = realSteps(instruction, x, extents, real, scratch);
            double[] gain = vector(0, instruction.optionalInput("gain"), n, 1, scratch);
            double[] bias = vector(1, instruction.optionalInput("bias"), n, 0, scratch);
            double[] mean = scratch.load(2, movingMean, n);
            double[] variance = scratch.load(3, movingVariance, n);
            double[][] xs = scratch.loadMatrix(0, x, rows, n);
            if (training) {
                double[] mixed = scratch.array(4, n);
                statistics(xs, real, Math.max(count, 1), n, mean, variance, mixed);
                if (count > 0) {
                    mix(mean, movingMean, op.momentum(), n, mixed, scratch);
                    mix(variance, movingVariance, op.momentum(), n, mixed, scratch);
                }
            }
            double[] scale = scratch.array(5, n);
            for (int i = 0; i < n; i++) {
                scale[i] = 1 / Math.sqrt(variance[i] + op.epsilon());
            }
            for (int r = 0; r < rows; r++) {
                for (int i = 0; i < n; i++) {
                    xs[r][i] = real[r] ? (xs[r][i] - mean[i]) * scale[i] * gain[i] + bias[i] : 0;
                }
            }
            scratch.storeMatrix(xs, y, rows, n);
            instruction.optionalOutput("mean").ifPresent(buffer -> scratch.store(mean, buffer, 0, n));
            instruction.optionalOutput("scale").ifPresent(buffer -> scratch.store(scale, buffer, 0, n));
        };
    }

    private static void statistics(
            double[][] xs, boolean[] real, int count, int n, double[] mean, double[] variance, double[] sums) {
        Arrays.fill(sums, 0, n, 0);
        for (int r = 0; r < real.length; r++) {
            for (int i = 0; i < n && real[r]; i++) {
                sums[i] += xs[r][i];
            }
        }
        for (int i = 0; i < n; i++) {
            mean[i] = sums[i] / count;
        }
        Arrays.fill(sums, 0, n, 0);
        for (int r = 0; r < real.length; r++) {
            for (int i = 0; i < n && real[r]; i++) {
                sums[i] += (xs[r][i] - mean[i]) * (xs[r][i] - mean[i]);
            }
        }
        for (int i = 0; i < n; i++) {
            variance[i] = sums[i] / count;
        }
    }

    /// Moves a moving average towards a batch's.
    private static void mix(
            double[] batch, Buffer moving, double momentum, int n, double[] mixed, Scratch scratch) {
        scratch.load(moving, 0, mixed, n);
        for (int i = 0; i < n; i++) {
            mixed[i] = momentum * mixed[i] + (1 - momentum) * batch[i];
        }
        scratch.store(mixed, moving, 0, n);
    }

    static Step batchNormGradient(Instruction instruction, Scratch scratch) {
        Buffer x = instruction.input("x");
        Buffer dy = instruction.input("dy");
        return extents -> {
            int rows = Scratch.rows(x, extents);
            int n = Scratch.columns(x, extents);
            boolean[] real = new boolean[rows];
            int count = Math.max(realSteps(instruction, x, extents, real, scratch), 1);
            double[] gain = vector(0, instruction.optionalInput("gain"), n, 1, scratch);
            double[] mean = scratch.load(1, instruction.input("mean"), n);
            double[] scale = scratch.load(2, instruction.input("scale"), n);
            double[][] xhat = scratch.loadMatrix(0, x, rows, n);
            double[][] ds = scratch.loadMatrix(1, dy, rows, n);
            double[] dgain = scratch.array(3, n);
            double[] dbias = scratch.array(4, n);
            Arrays.fill(dgain, 0, n, 0);
            Arrays.fill(dbias, 0, n, 0);
            for (int r = 0; r < rows; r++) {
                for (int i = 0; i < n && real[r]; i++) {
                    xhat[r][i] = (xhat[r][i] - mean[i]) * scale[i];
                    dgain[i] += ds[r][i] * xhat[r][i];
                    dbias[i] += ds[r][i];
                }
            }
            for (int r = 0; r < rows; r++) {
                for (int i = 0; i < n; i++) {
                    double inside = ds[r][i] - dbias[i] / count - xhat[r][i] * dgain[i] / count;
                    ds[r][i] = real[r] ? gain[i] * scale[i] * inside : 0;
                }
            }
            instruction.optionalOutput("dx").ifPresent(buffer -> scratch.storeMatrix(ds, buffer, rows, n));
            instruction.optionalOutput("dgain").ifPresent(buffer -> scratch.store(dgain, buffer, 0, n));
            instruction.optionalOutput("dbias").ifPresent(buffer -> scratch.store(dbias, buffer, 0, n));
        };
    }
}
