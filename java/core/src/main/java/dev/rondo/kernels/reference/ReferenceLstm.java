package dev.rondo.kernels.reference;

import static dev.rondo.kernels.reference.ReferenceElementwise.sigmoid;
import static dev.rondo.kernels.reference.ReferenceMatMul.addProduct;

import dev.rondo.kernels.Buffer;
import dev.rondo.kernels.Instruction;
import dev.rondo.tensor.DataType;
import java.util.Arrays;
import java.util.Optional;

/// The LSTM, with peepholes or without, as [dev.rondo.graph.RecurrentCell] defines it.
final class ReferenceLstm extends ReferenceCell {
    private final Optional<Buffer> peepholes;
    private final boolean narrow;

    // pi, pf, po. Without peepholes nothing of c is added to a gate: zero times an infinite c would not be nothing.
    private final double[] p;
    private final double[] dp;
    private double[][] u = {};

    ReferenceLstm(Instruction instruction, Scratch scratch) {
        super(instruction, scratch);
        peepholes = instruction.optionalInput("peepholes");
        // c is rounded before h is made of it, as between two calls, so that streaming equals the whole.
        narrow = instruction.input("weightHh").type() == DataType.FLOAT32;
        p = new double[3 * hidden];
        dp = new double[3 * hidden];
    }

    @Override
    void loadForward() {
        u = loadColumns(2, 0, 4);
        loadVector(peepholes, 0, p);
    }

    @Override
    void loadBackward() {
        u = loadRows(2, 0, 4);
        loadVector(peepholes, 0, p);
        Arrays.fill(dp, 0);
    }

    @Override
    void forward(RecurrentStep step) {
        double[] gates = step.gates;
        double[] cBefore = step.cBefore;
        double[] c = step.cAfter;
        double[] h = step.hAfter;
        int n = hidden;
        boolean looksAtC = peepholes.isPresent();
        addProduct(step.seen, n, u, gates, 4 * n);
        for (int j = 0; j < n; j++) {
            double i = sigmoid(gates[j] + (looksAtC ? p[j] * cBefore[j] : 0));
            double f = sigmoid(gates[n + j] + (looksAtC ? p[n + j] * cBefore[j] : 0));
            double g = Math.tanh(gates[2 * n + j]);
            double state = f * cBefore[j] + i * g;
            c[j] = narrow ? (float) state : state;
            double o = sigmoid(gates[3 * n + j] + (looksAtC ? p[2 * n + j] * c[j] : 0));
            h[j] = o * Math.tanh(c[j]);
            gates[j] = i;
            gates[n + j] = f;
            gates[2 * n + j] = g;
            gates[3 * n + j] = o;
        }
    }

    @Override
    void backward(RecurrentStep step) {
        double[] gates = step.gates;
        double[] cBefore = step.cBefore;
        double[] c = step.cAfter;
        double[] dh = step.dh;
        double[] dc = step.dc;
        double[] dgates = step.dgates;
        int n = hidden;
        boolean looksAtC = peepholes.isPresent();
        for (int j = 0; j < n; j++) {
            double i = gates[j];
            double f = gates[n + j];
            double g = gates[2 * n + j];
            double o = gates[3 * n + j];
            double tanhC = Math.tanh(c[j]);
            double dao = dh[j] * tanhC * o * (1 - o);
            double dcNow = dc[j] + dh[j] * o * (1 - tanhC * tanhC) + (looksAtC ? dao * p[2 * n + j] : 0);
            double dai = dcNow * g * i * (1 - i);
            double daf = dcNow * cBefore[j] * f * (1 - f);
            dgates[j] = dai;
            dgates[n + j] = daf;
            dgates[2 * n + j] = dcNow * i * (1 - g * g);
            dgates[3 * n + j] = dao;
            dc[j] = dcNow * f + (looksAtC ? dai * p[j] + daf * p[n + j] : 0);
            dh[j] = 0;
        }
        if (looksAtC) {
            for (int j = 0; j < n; j++) {
                dp[j] += dgates[j] * cBefore[j];
                dp[n + j] += dgates[n + j] * cBefore[j];
                dp[2 * n + j] += dgates[3 * n + j] * c[j];
            }
        }
        Arrays.fill(step.dseen, 0, n, 0);
        addProduct(dgates, 4 * n, u, step.dseen, n);
    }

    @Override
    void addPeepholesGradient(double[] sum) {
        for (int j = 0; j < 3 * hidden; j++) {
            sum[j] += dp[j];
        }
    }
}
