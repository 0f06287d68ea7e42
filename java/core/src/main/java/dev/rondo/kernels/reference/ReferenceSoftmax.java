package dev.rondo.kernels.reference;

import dev.rondo.kernels.Buffer;
import dev.rondo.kernels.Instruction;
import dev.rondo.kernels.reference.ReferenceKernels.Step;
import java.util.Arrays;
import java.util.Optional;

/// Softmax, and its cross-entropy with labels or probabilities.
final class ReferenceSoftmax {
    private ReferenceSoftmax() {}

    static Step softmax(Instruction instruction, Scratch scratch) {
        Buffer x = instruction.input("x");
        Buffer y = instruction.output("y");
        Optional<Buffer> lengths = instruction.optionalInput("lengths");
        return extents -> {
            int rows = Scratch.rows(x, extents);
            int columns = Scratch.columns(x, extents);
            int batch = lengths.isPresent() ? (int) x.shape().product(0, 1, extents) : 1;
            int[] counts = ReferenceRecurrent.lengths(lengths, batch, columns, scratch);
            double[] row = scratch.array(0, columns);
            for (int i = 0; i < rows; i++) {
                int n = counts[i / (rows / batch)];
                scratch.load(x, (long) i * columns, row, columns);
                double max = max(row, n);
                double sum = 0;
                for (int j = 0; j < n; j++) {
                    row[j] = Math.exp(row[j] - max);
                    sum += row[j];
                }
                for (int j = 0; j < columns; j++) {
                    row[j] = j < n ? row[j] / sum : 0;
                }
                scratch.store(row, y, (long) i * columns, columns);
            }
        };
    }

    static Step gradient(Instruction instruction, Scratch scratch) {
        Buffer y = instruction.input("y");
        Buffer dy = instruction.input("dy");
        Buffer dx = instruction.output("dx");
        Optional<Buffer> lengths = instruction.optionalInput("lengths");
        return extents -> {
            int rows = Scratch.rows(y, extents);
            int columns = Scratch.columns(y, extents);
            int batch = lengths.isPresent() ? (int) y.shape().product(0, 1, extents) : 1;
            int[] counts = ReferenceRecurrent.lengths(lengths, batch, columns, scratch);
            double[] ys = scratch.array(0, columns);
            double[] ds = scratch.array(1, columns);
            for (int i = 0; i < rows; i++) {
                int n = counts[i / (rows / batch)];
                scratch.load(y, (long) i * columns, ys, columns);
                scratch.load(dy, (long) i * columns, ds, columns);
                double sum = 0;
                for (int j = 0; j < n; j++) {
                    sum += ys[j] * ds[j];
                }
                for (int j = 0; j < columns; j++) {
                    ds[j] = j < n ? ys[j] * (ds[j] - sum) : 0;
                }
                scratch.store(ds, dx, (long) i * columns, columns);
            }
        };
    }

    static Step crossEntropy(Instruction instruction, Scratch scratch) {
        Buffer logits = instruction.input("logits");
        Optional<Buffer> labels = instruction.optionalInput("labels");
        Optional<Buffer> targets = instruction.optionalInput("targets");
        Optional<Buffer> lengths = instruction.optionalInput("lengths");
        Buffer lossResult = instruction.output("loss");
        Buffer correctResult = instruction.output("correct");
        Buffer countResult = instruction.output("count");
        Optional<Buffer> dlogits = instruction.optionalOutput("dlogits");
        return extents -> {
            int batch = (int) logits.shape().product(0, 1, extents);
            int rows = Scratch.rows(logits, extents);
            int classes = Scratch.columns(logits, extents);
            int steps = rows / batch;
            int[] lengthValues = ReferenceRecurrent.lengths(lengths, batch, steps, scratch);
            int[] labelValues = labels.isPresent() ? scratch.loadIntegers(1, labels.get(), rows) : lengthValues;
            int count = 0;
            for (int b = 0; b < batch; b++) {
                count += lengthValues[b];
            }
            double[] row = scratch.array(0, classes);
            double[] target = scratch.array(1, classes);
            double loss = 0;
            int correct = 0;
            for (int i = 0; i < rows; i++) {
                boolean real = i % steps < lengthValues[i / steps];
                if (real) {
                    scratch.load(logits, (long) i * classes, row, classes);
                    if (targets.isPresent()) {
                        scratch.load(targets.get(), (long) i * classes, target, classes);
                    } else {
                        check(labels.orElseThrow(), labelValues[i], i, classes);
                        Arrays.fill(target, 0, classes, 0);
                        target[labelValues[i]] = 1;
                    }
                    correct += argMax(row, classes) == argMax(target, classes) ? 1 : 0;
                    double max = max(row, classes);
                    double sum = 0;
                    for (int j = 0; j < classes; j++) {
                        sum += Math.exp(row[j] - max);
                    }
                    double logSum = max + Math.log(sum);
                    double mass = 0;
                    for (int j = 0; j < classes; j++) {
                        loss += target[j] == 0 ? 0 : target[j] * (logSum - row[j]);
                        mass += target[j];
                    }
                    for (int j = 0; j < classes; j++) {
                        row[j] = (mass * Math.exp(row[j] - logSum) - target[j]) / count;
                    }
                } else {
                    Arrays.fill(row, 0, classes, 0);
                }
                if (dlogits.isPresent()) {
                    scratch.store(row, dlogits.get(), (long) i * classes, classes);
                }
            }
            scratch.storeScalar(count == 0 ? 0 : loss / count, lossResult);
            scratch.storeScalar(correct, correctResult);
            scratch.storeScalar(count, countResult);
        };
    }

    private static void check(Buffer labels, int label, int position, int classes) {
        if (label < 0 || label >= classes) {
            throw new IllegalArgumentException(
                    "%s[%d]: expected 0 to %d, got %d".formatted(labels.name(), position, classes - 1, label));
        }
    }

    private static double max(double[] row, int columns) {
        double max = Double.NEGATIVE_INFINITY;
        for (int j = 0; j < columns; j++) {
            max = Math.max(max, row[j]);
        }
        return max;
    }

    /// The first of the largest.
    private static int argMax(double[] row, int columns) {
        int best = 0;
        for (int j = 1; j < columns; j++) {
            best = row[j] > row[best] ? j : best;
        }
        return best;
    }
}
