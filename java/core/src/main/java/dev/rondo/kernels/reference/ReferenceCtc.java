package dev.rondo.kernels.reference;

import dev.rondo.graph.Op;
import dev.rondo.kernels.Buffer;
import dev.rondo.kernels.Instruction;
import dev.rondo.kernels.reference.ReferenceKernels.Step;
import java.util.Arrays;
import java.util.Optional;

/// Connectionist temporal classification by the equations of Graves, Fernández, Gomez and Schmidhuber (2006), section 4,
/// in logarithms: the labels with a blank before, between and behind them are the states; alpha\[t\]\[s\] is the sum over
/// all beginnings of paths that are in state s at step t, step t included, beta\[t\]\[s\] that over their ends, step t left
/// out.
final class ReferenceCtc {
    private ReferenceCtc() {}

    static Step ctc(Instruction instruction, Op.Ctc op, Scratch scratch) {
        Buffer logits = instruction.input("logits");
        Buffer labels = instruction.input("labels");
        Buffer labelLengths = instruction.input("labelLengths");
        Optional<Buffer> lengths = instruction.optionalInput("lengths");
        Optional<Buffer> perSequence = instruction.optionalOutput("perSequence");
        Optional<Buffer> dlogits = instruction.optionalOutput("dlogits");
        return extents -> {
            int batch = Math.toIntExact(logits.shape().product(0, 1, extents));
            int steps = Math.toIntExact(logits.shape().product(1, 2, extents));
            int classes = Scratch.columns(logits, extents);
            int labelSteps = Scratch.columns(labels, extents);
            int[] lengthValues = ReferenceRecurrent.lengths(lengths, batch, steps, scratch);
            int[] labelValues = scratch.loadIntegers(1, labels, batch * labelSteps);
            int[] countValues = scratch.loadIntegers(2, labelLengths, batch);
            int[] states = scratch.fillIntegers(3, 2 * labelSteps + 1, op.blank());
            for (int b = 0; b < batch; b++) {
                if (countValues[b] < 0 || countValues[b] > labelSteps) {
                    throw new IllegalArgumentException("%s[%d]: expected 0 to %d, got %d"
                            .formatted(labelLengths.name(), b, labelSteps, countValues[b]));
                }
                int repeats = checkLabels(labels, labelValues, b * labelSteps, countValues[b], op.blank(), classes);
                if (op.impossible() == Op.Impossible.REFUSED && countValues[b] + repeats > lengthValues[b]) {
                    throw new IllegalArgumentException(
                            "%s[%d]: expected labels that %d steps have room for, got %d and %d between equal ones"
                                    .formatted(labelLengths.name(), b, lengthValues[b], countValues[b], repeats));
                }
            }
            double[] losses = scratch.array(0, batch);
            double total = 0;
            for (int b = 0; b < batch; b++) {
                int length = lengthValues[b];
                int count = countValues[b];
                for (int i = 0; i < count; i++) {
                    states[2 * i + 1] = labelValues[b * labelSteps + i];
                }
                long first = (long) b * steps * classes;
                double[][] p = scratch.loadMatrix(0, logits, first, length, classes);
                double[][] visits = scratch.matrix(1, length, classes);
                toLogarithms(p, length, classes);
                losses[b] = length == 0
                        ? count == 0 ? 0 : Double.POSITIVE_INFINITY
                        : pass(p, visits, length, states, 2 * count + 1, op.blank(), scratch);
                boolean zero = op.impossible() == Op.Impossible.ZERO && losses[b] == Double.POSITIVE_INFINITY;
                losses[b] = zero ? 0 : losses[b];
                double weight = weight(op.reduction(), batch, count);
                total += weight * losses[b];
                if (dlogits.isPresent()) {
                    double[] row = scratch.array(1, classes);
                    for (int t = 0; t < steps; t++) {
                        for (int j = 0; j < classes; j++) {
                            row[j] = t >= length || zero ? 0 : weight * (Math.exp(p[t][j]) - visits[t][j]);
                        }
                        scratch.store(row, dlogits.get(), first + (long) t * classes, classes);
                    }
                }
                Arrays.fill(states, op.blank());
            }
            scratch.storeScalar(total, instruction.output("loss"));
            scratch.storeScalar(batch, instruction.output("count"));
            if (perSequence.isPresent()) {
                scratch.store(losses, perSequence.get(), 0, batch);
            }
        };
    }

    private static double weight(Op.CtcReduction reduction, int batch, int labels) {
        return switch (reduction) {
            case MEAN -> 1.0 / batch;
            case MEAN_PER_LABEL -> 1.0 / batch / Math.max(labels, 1);
            case SUM -> 1;
        };
    }

    /// Checks the labels of a sequence.
    ///
    /// @return how many of them equal the one before
    private static int checkLabels(Buffer buffer, int[] labels, int from, int count, int blank, int classes) {
        int repeats = 0;
        for (int i = from; i < from + count; i++) {
            if (labels[i] < 0 || labels[i] >= classes) {
                throw new IllegalArgumentException("%s[%d]: expected 0 to %d, got %d"
                        .formatted(buffer.name(), i, classes - 1, labels[i]));
            }
            if (labels[i] == blank) {
                throw new IllegalArgumentException(
                        "%s[%d]: expected no blank, got %d".formatted(buffer.name(), i, blank));
            }
            repeats += i > from && labels[i] == labels[i - 1] ? 1 : 0;
        }
        return repeats;
    }

    /// Rows of logits to rows of log-probabilities.
    private static void toLogarithms(double[][] rows, int count, int classes) {
        for (int t = 0; t < count; t++) {
            double sum = LogSpace.sum(rows[t], classes);
            for (int j = 0; j < classes; j++) {
                rows[t][j] -= sum;
            }
        }
    }

    /// Whether a state is reached from the one two before it: a label from another label, past the blank.
    private static boolean leaps(int[] states, int s, int blank) {
        return s >= 2 && states[s] != blank && states[s] != states[s - 2];
    }

    /// Both passes.
    ///
    /// @param p log-probability of each class at each step
    /// @param visits out: for each step and class, the share of the labels' probability that paths through it have;
    ///     NaN where the labels have no probability
    /// @param states the class of each
    /// @param count of states
    /// @return the loss
    private static double pass(
            double[][] p, double[][] visits, int steps, int[] states, int count, int blank, Scratch scratch) {
        double[][] alpha = scratch.matrix(2, steps, count);
        for (int t = 0; t < steps; t++) {
            for (int s = 0; s < count; s++) {
                double sum;
                if (t == 0) {
                    sum = s < 2 ? 0 : LogSpace.ZERO;
                } else {
                    sum = alpha[t - 1][s];
                    sum = s >= 1 ? LogSpace.add(sum, alpha[t - 1][s - 1]) : sum;
                    sum = leaps(states, s, blank) ? LogSpace.add(sum, alpha[t - 1][s - 2]) : sum;
                }
                alpha[t][s] = sum + p[t][states[s]];
            }
        }
        double all = alpha[steps - 1][count - 1];
        all = count > 1 ? LogSpace.add(all, alpha[steps - 1][count - 2]) : all;
        double[] beta = scratch.array(2, count);
        double[] next = scratch.array(3, count);
        for (int t = steps - 1; t >= 0; t--) {
            Arrays.fill(visits[t], all == LogSpace.ZERO ? Double.NaN : 0);
            for (int s = 0; s < count; s++) {
                if (t == steps - 1) {
                    beta[s] = s >= count - 2 ? 0 : LogSpace.ZERO;
                } else {
                    double sum = next[s];
                    sum = s + 1 < count ? LogSpace.add(sum, next[s + 1]) : sum;
                    beta[s] = s + 2 < count && leaps(states, s + 2, blank) ? LogSpace.add(sum, next[s + 2]) : sum;
                }
                visits[t][states[s]] += Math.exp(alpha[t][s] + beta[s] - all);
            }
            for (int s = 0; s < count; s++) {
                next[s] = beta[s] + p[t][states[s]];
            }
        }
        return -all;
    }
}
