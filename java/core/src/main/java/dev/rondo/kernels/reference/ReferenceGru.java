package dev.rondo.kernels.reference;

import static dev.rondo.kernels.reference.ReferenceElementwise.sigmoid;
import static dev.rondo.kernels.reference.ReferenceMatMul.addProduct;

import dev.rondo.kernels.Buffer;
import dev.rondo.kernels.Instruction;
import java.util.Arrays;
import java.util.Optional;

/// The GRU, reset after or before the product, as [dev.rondo.graph.RecurrentCell] defines it.
///
/// Its candidate's sum is a = Wn x + bn + r*q, with q = Un h' + bhn, reset after; or a = Wn x + bn + Un q, with q =
/// r*h', reset before. The step keeps q.
final class ReferenceGru extends ReferenceCell {
    /// Where the reset gate acts.
    enum Reset {
        AFTER,
        BEFORE
    }

    private final Reset reset;
    private final Optional<Buffer> candidateBias;
    private final int candidateBiasFrom;
    private final double[] bhn;
    private final double[] work;

    // U of r and z, and U of n.
    private double[][] u = {};
    private double[][] un = {};

    ReferenceGru(Reset reset, Instruction instruction, Scratch scratch) {
        super(instruction, scratch);
        this.reset = reset;
        Optional<Buffer> biasHh = instruction.optionalInput("biasHh");
        candidateBias = biasHh.or(() -> instruction.optionalInput("biasHn"));
        candidateBiasFrom = biasHh.isPresent() ? 2 * hidden : 0;
        bhn = new double[hidden];
        work = new double[hidden];
    }

    @Override
    Candidate candidate() {
        return switch (reset) {
            case AFTER -> Candidate.PRODUCT;
            case BEFORE -> Candidate.KEPT;
        };
    }

    @Override
    void loadForward() {
        u = loadColumns(2, 0, 2);
        un = loadColumns(3, 2, 1);
        if (reset == Reset.AFTER) {
            loadVector(candidateBias, candidateBiasFrom, bhn);
        }
    }

    @Override
    void loadBackward() {
        u = loadRows(2, 0, 2);
        un = loadRows(3, 2, 1);
    }

    @Override
    void forward(RecurrentStep step) {
        double[] gates = step.gates;
        double[] q = step.kept;
        double[] before = step.hBefore;
        double[] h = step.hAfter;
        int n = hidden;
        addProduct(step.seen, n, u, gates, 2 * n);
        for (int j = 0; j < 2 * n; j++) {
            gates[j] = sigmoid(gates[j]);
        }
        if (reset == Reset.AFTER) {
            System.arraycopy(bhn, 0, q, 0, n);
            addProduct(step.seen, n, un, q, n);
            for (int j = 0; j < n; j++) {
                gates[2 * n + j] += gates[j] * q[j];
            }
        } else {
            for (int j = 0; j < n; j++) {
                q[j] = gates[j] * step.seen[j];
            }
            System.arraycopy(gates, 2 * n, work, 0, n);
            addProduct(q, n, un, work, n);
            System.arraycopy(work, 0, gates, 2 * n, n);
        }
        for (int j = 0; j < n; j++) {
            double z = gates[n + j];
            double candidate = Math.tanh(gates[2 * n + j]);
            gates[2 * n + j] = candidate;
            h[j] = (1 - z) * candidate + z * before[j];
        }
    }

    @Override
    void backward(RecurrentStep step) {
        double[] gates = step.gates;
        double[] q = step.kept;
        double[] before = step.hBefore;
        double[] dh = step.dh;
        double[] dgates = step.dgates;
        double[] dcandidate = step.dcandidate;
        double[] dseen = step.dseen;
        int n = hidden;
        for (int j = 0; j < n; j++) {
            double z = gates[n + j];
            double candidate = gates[2 * n + j];
            dgates[n + j] = dh[j] * (before[j] - candidate) * z * (1 - z);
            dgates[2 * n + j] = dh[j] * (1 - z) * (1 - candidate * candidate);
            dh[j] *= z;
        }
        Arrays.fill(dseen, 0, n, 0);
        if (reset == Reset.AFTER) {
            for (int j = 0; j < n; j++) {
                double r = gates[j];
                dcandidate[j] = dgates[2 * n + j] * r;
                dgates[j] = dgates[2 * n + j] * q[j] * r * (1 - r);
            }
            addProduct(dcandidate, n, un, dseen, n);
        } else {
            System.arraycopy(dgates, 2 * n, dcandidate, 0, n);
            Arrays.fill(work, 0);
            addProduct(dcandidate, n, un, work, n);
            for (int j = 0; j < n; j++) {
                double r = gates[j];
                dgates[j] = work[j] * step.seen[j] * r * (1 - r);
                dseen[j] = work[j] * r;
            }
        }
        addProduct(dgates, 2 * n, u, dseen, n);
    }
}
