package dev.rondo.kernels.reference;

import dev.rondo.kernels.Buffer;
import dev.rondo.kernels.Instruction;
import dev.rondo.kernels.reference.ReferenceKernels.Step;
import java.util.Arrays;
import java.util.Optional;

/// A linear-chain conditional random field by the forward-backward algorithm in logarithms: alpha\[t\]\[j\] is the sum over
/// all tags before step t that end in j there, emission of step t included, beta\[t\]\[j\] that over all tags behind it.
final class ReferenceCrf {
    private ReferenceCrf() {}

    static Step crf(Instruction instruction, Scratch scratch) {
        Buffer emissions = instruction.input("emissions");
        Buffer tags = instruction.input("tags");
        Optional<Buffer> lengths = instruction.optionalInput("lengths");
        Optional<Buffer> perSequence = instruction.optionalOutput("perSequence");
        Optional<Buffer> demissions = instruction.optionalOutput("demissions");
        Optional<Buffer> dtransitions = instruction.optionalOutput("dtransitions");
        Optional<Buffer> dstart = instruction.optionalOutput("dstart");
        Optional<Buffer> dend = instruction.optionalOutput("dend");
        Chain chain = new Chain();
        return extents -> {
            int batch = Math.toIntExact(emissions.shape().product(0, 1, extents));
            int steps = Math.toIntExact(emissions.shape().product(1, 2, extents));
            int k = Scratch.columns(emissions, extents);
            int[] lengthValues = ReferenceRecurrent.lengths(lengths, batch, steps, scratch);
            int[] tagValues = scratch.loadIntegers(1, tags, batch * steps);
            for (int b = 0; b < batch; b++) {
                for (int i = b * steps; i < b * steps + lengthValues[b]; i++) {
                    if (tagValues[i] < 0 || tagValues[i] >= k) {
                        throw new IllegalArgumentException("%s[%d]: expected 0 to %d, got %d"
                                .formatted(tags.name(), i, k - 1, tagValues[i]));
                    }
                }
            }
            chain.load(instruction, k, scratch);
            double[] losses = scratch.array(4, batch);
            double total = 0;
            for (int b = 0; b < batch; b++) {
                long first = (long) b * steps * k;
                double[][] rows = scratch.loadMatrix(2, emissions, first, lengthValues[b], k);
                losses[b] = lengthValues[b] == 0
                        ? 0
                        : pass(chain, rows, tagValues, b * steps, lengthValues[b], 1.0 / batch, scratch);
                total += losses[b] / batch;
                if (demissions.isPresent()) {
                    double[] zeros = cleared(scratch.array(5, k));
                    for (int t = 0; t < steps; t++) {
                        scratch.store(t < lengthValues[b] ? rows[t] : zeros, demissions.get(), first + (long) t * k, k);
                    }
                }
            }
            scratch.storeScalar(total, instruction.output("loss"));
            scratch.storeScalar(batch, instruction.output("count"));
            if (perSequence.isPresent()) {
                scratch.store(losses, perSequence.get(), 0, batch);
            }
            if (dtransitions.isPresent()) {
                scratch.storeMatrix(chain.dtransitions, dtransitions.get(), k, k);
            }
            if (dstart.isPresent()) {
                scratch.store(chain.dstart, dstart.get(), 0, k);
            }
            if (dend.isPresent()) {
                scratch.store(chain.dend, dend.get(), 0, k);
            }
        };
    }

    /// The scores of K tags, and what their gradients are so far.
    private static final class Chain {
        int k;
        double[][] transitions = new double[0][];
        double[] start = new double[0];
        double[] end = new double[0];
        double[][] dtransitions = new double[0][];
        double[] dstart = new double[0];
        double[] dend = new double[0];

        /// Gradients of zero.
        void load(Instruction instruction, int tags, Scratch scratch) {
            k = tags;
            transitions = scratch.loadMatrix(0, instruction.input("transitions"), k, k);
            start = scratch.load(0, instruction.input("start"), k);
            end = scratch.load(1, instruction.input("end"), k);
            dtransitions = scratch.matrix(1, k, k);
            for (int i = 0; i < k; i++) {
                Arrays.fill(dtransitions[i], 0);
            }
            dstart = cleared(scratch.array(2, k));
            dend = cleared(scratch.array(3, k));
        }
    }

    private static double[] cleared(double[] values) {
        Arrays.fill(values, 0);
        return values;
    }

    /// One sequence of at least one step.
    ///
    /// @param emissions in; out: their gradient
    /// @param tags of which the sequence's begin at `from`
    /// @return the loss
    private static double pass(
            Chain chain, double[][] emissions, int[] tags, int from, int steps, double weight, Scratch scratch) {
        int k = chain.k;
        double[][] alpha = scratch.matrix(3, steps, k);
        double[][] beta = scratch.matrix(4, steps, k);
        double[] terms = scratch.array(6, k);
        for (int t = 0; t < steps; t++) {
            for (int j = 0; j < k; j++) {
                for (int i = 0; t > 0 && i < k; i++) {
                    terms[i] = alpha[t - 1][i] + chain.transitions[i][j];
                }
                alpha[t][j] = emissions[t][j] + (t == 0 ? chain.start[j] : LogSpace.sum(terms, k));
            }
        }
        for (int t = steps - 1; t >= 0; t--) {
            for (int i = 0; i < k; i++) {
                for (int j = 0; t < steps - 1 && j < k; j++) {
                    terms[j] = chain.transitions[i][j] + emissions[t + 1][j] + beta[t + 1][j];
                }
                beta[t][i] = t == steps - 1 ? chain.end[i] : LogSpace.sum(terms, k);
            }
        }
        for (int j = 0; j < k; j++) {
            terms[j] = alpha[steps - 1][j] + chain.end[j];
        }
        double all = LogSpace.sum(terms, k);
        double score = 0;
        for (int t = steps - 1; t >= 0; t--) {
            int tag = tags[from + t];
            score += emissions[t][tag] + (t == 0 ? chain.start[tag] : chain.transitions[tags[from + t - 1]][tag]);
            for (int j = 0; j < k; j++) {
                for (int i = 0; t > 0 && i < k; i++) {
                    double pair = alpha[t - 1][i] + chain.transitions[i][j] + emissions[t][j] + beta[t][j] - all;
                    double actual = j == tag && i == tags[from + t - 1] ? 1 : 0;
                    chain.dtransitions[i][j] += weight * (Math.exp(pair) - actual);
                }
            }
            for (int j = 0; j < k; j++) {
                double difference = weight * (Math.exp(alpha[t][j] + beta[t][j] - all) - (j == tag ? 1 : 0));
                emissions[t][j] = difference;
                chain.dstart[j] += t == 0 ? difference : 0;
                chain.dend[j] += t == steps - 1 ? difference : 0;
            }
        }
        return all - score - chain.end[tags[from + steps - 1]];
    }
}
