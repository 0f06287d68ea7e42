package dev.rondo.kernels.reference;

import static dev.rondo.kernels.reference.ReferenceElementwise.sigmoid;
import static dev.rondo.kernels.reference.ReferenceMatMul.addProduct;

import dev.rondo.kernels.Buffer;
import dev.rondo.kernels.Instruction;
import dev.rondo.kernels.reference.ReferenceKernels.Step;
import dev.rondo.tensor.DataType;
import java.util.Arrays;
import java.util.Optional;

/// The LSTM, forward and backward, as [dev.rondo.graph.Op.Lstm] defines it.
///
/// Inside, everything lies by time: row t B + b of a matrix belongs to step t of sequence b, and row (t + 1) B + b of
/// the states is what that step leaves behind, so that row t B + b is what it starts from.
final class ReferenceLstm {
    private ReferenceLstm() {}

    /// What the forward pass keeps for the backward pass.
    static final class Saved {
        /// `[T B, 4H]`, the gates after their activation.
        private double[][] gates = new double[0][];

        /// `[(T + 1) B, H]`
        private double[][] h = new double[0][];

        /// `[(T + 1) B, H]`
        private double[][] c = new double[0][];

        private void grow(int batch, int time, int hidden) {
            gates = Scratch.grown(gates, time * batch, 4 * hidden);
            h = Scratch.grown(h, (time + 1) * batch, hidden);
            c = Scratch.grown(c, (time + 1) * batch, hidden);
        }
    }

    static Step forward(Instruction instruction, Optional<Saved> wanted, Scratch scratch) {
        Buffer x = instruction.input("x");
        Buffer weightIh = instruction.input("weightIh");
        Buffer weightHh = instruction.input("weightHh");
        Optional<Buffer> bias = instruction.optionalInput("bias");
        Optional<Buffer> lengthsBuffer = instruction.optionalInput("lengths");
        Optional<Buffer> h0 = instruction.optionalInput("h0");
        Optional<Buffer> c0 = instruction.optionalInput("c0");
        Optional<Buffer> y = instruction.optionalOutput("y");
        Optional<Buffer> hN = instruction.optionalOutput("hN");
        Optional<Buffer> cN = instruction.optionalOutput("cN");
        Saved saved = wanted.orElseGet(Saved::new);
        return (runBatch, runTime) -> {
            int batch = (int) x.shape().product(0, 1, runBatch, runTime);
            int steps = (int) x.shape().product(1, 2, runBatch, runTime);
            int input = x.shape().dim(2);
            int hidden = weightHh.shape().dim(1);
            // States are rounded after every step, as they are between two calls, so that streaming equals the whole.
            boolean narrow = weightHh.type() == DataType.FLOAT32;
            int[] lengths = lengths(lengthsBuffer, batch, steps, scratch);
            saved.grow(batch, steps, hidden);
            double[][] gates = saved.gates;
            double[][] h = saved.h;
            double[][] c = saved.c;
            double[][] inputWeights = scratch.loadTransposed(0, weightIh, 4 * hidden, input);
            double[][] stateWeights = scratch.loadTransposed(1, weightHh, 4 * hidden, hidden);
            double[] start = scratch.array(0, 4 * hidden);
            Arrays.fill(start, 0, 4 * hidden, 0);
            if (bias.isPresent()) {
                scratch.load(bias.get(), 0, start, 4 * hidden);
            }
            double[] step = scratch.array(1, input);
            double[] zeros = scratch.array(2, hidden);
            Arrays.fill(zeros, 0, hidden, 0);
            loadState(h0, h, batch, hidden, scratch);
            loadState(c0, c, batch, hidden, scratch);

            for (int t = 0; t < steps; t++) {
                for (int b = 0; b < batch; b++) {
                    int before = t * batch + b;
                    int after = before + batch;
                    if (t >= lengths[b]) {
                        System.arraycopy(h[before], 0, h[after], 0, hidden);
                        System.arraycopy(c[before], 0, c[after], 0, hidden);
                        continue;
                    }
                    double[] row = gates[before];
                    System.arraycopy(start, 0, row, 0, 4 * hidden);
                    scratch.load(x, ((long) b * steps + t) * input, step, input);
                    addProduct(step, input, inputWeights, row, 4 * hidden);
                    addProduct(h[before], hidden, stateWeights, row, 4 * hidden);
                    for (int j = 0; j < hidden; j++) {
                        double i = sigmoid(row[j]);
                        double f = sigmoid(row[hidden + j]);
                        double g = Math.tanh(row[2 * hidden + j]);
                        double o = sigmoid(row[3 * hidden + j]);
                        row[j] = i;
                        row[hidden + j] = f;
                        row[2 * hidden + j] = g;
                        row[3 * hidden + j] = o;
                        double state = f * c[before][j] + i * g;
                        c[after][j] = narrow ? (float) state : state;
                        double output = o * Math.tanh(c[after][j]);
                        h[after][j] = narrow ? (float) output : output;
                    }
                }
            }

            for (int b = 0; b < batch; b++) {
                if (y.isPresent()) {
                    for (int t = 0; t < steps; t++) {
                        double[] state = t < lengths[b] ? h[(t + 1) * batch + b] : zeros;
                        scratch.store(state, y.get(), ((long) b * steps + t) * hidden, hidden);
                    }
                }
                if (hN.isPresent()) {
                    scratch.store(h[steps * batch + b], hN.get(), (long) b * hidden, hidden);
                }
                if (cN.isPresent()) {
                    scratch.store(c[steps * batch + b], cN.get(), (long) b * hidden, hidden);
                }
            }
        };
    }

    static Step backward(Instruction instruction, Saved saved, Scratch scratch) {
        Buffer x = instruction.input("x");
        Buffer weightIh = instruction.input("weightIh");
        Buffer weightHh = instruction.input("weightHh");
        Optional<Buffer> lengthsBuffer = instruction.optionalInput("lengths");
        Optional<Buffer> dy = instruction.optionalInput("dy");
        Optional<Buffer> dhN = instruction.optionalInput("dhN");
        Optional<Buffer> dcN = instruction.optionalInput("dcN");
        Optional<Buffer> dx = instruction.optionalOutput("dx");
        Optional<Buffer> dweightIh = instruction.optionalOutput("dweightIh");
        Optional<Buffer> dweightHh = instruction.optionalOutput("dweightHh");
        Optional<Buffer> dbias = instruction.optionalOutput("dbias");
        Optional<Buffer> dh0 = instruction.optionalOutput("dh0");
        Optional<Buffer> dc0 = instruction.optionalOutput("dc0");
        return (runBatch, runTime) -> {
            int batch = (int) x.shape().product(0, 1, runBatch, runTime);
            int steps = (int) x.shape().product(1, 2, runBatch, runTime);
            int input = x.shape().dim(2);
            int hidden = weightHh.shape().dim(1);
            int rows = steps * batch;
            int[] lengths = lengths(lengthsBuffer, batch, steps, scratch);
            double[][] inputWeights = scratch.loadMatrix(0, weightIh, 4 * hidden, input);
            double[][] stateWeights = scratch.loadMatrix(1, weightHh, 4 * hidden, hidden);
            // The gradients of the gates before their activation: by row, and transposed for sums over rows.
            double[] dgates = scratch.array(0, 4 * hidden);
            double[][] dgatesByGate = scratch.matrix(2, 4 * hidden, rows);
            double[][] inputs = scratch.matrix(3, rows, input);
            double[][] dh = scratch.matrix(4, batch, hidden);
            double[][] dc = scratch.matrix(5, batch, hidden);
            double[] dyStep = scratch.array(1, hidden);
            double[] dxStep = scratch.array(2, input);
            Arrays.fill(dyStep, 0, hidden, 0);
            loadState(dhN, dh, batch, hidden, scratch);
            loadState(dcN, dc, batch, hidden, scratch);

            for (int t = steps - 1; t >= 0; t--) {
                for (int b = 0; b < batch; b++) {
                    int row = t * batch + b;
                    long offset = (long) b * steps + t;
                    scratch.load(x, offset * input, inputs[row], input);
                    Arrays.fill(dxStep, 0, input, 0);
                    if (t < lengths[b]) {
                        if (dy.isPresent()) {
                            scratch.load(dy.get(), offset * hidden, dyStep, hidden);
                        }
                        gates(saved.gates[row], saved.c[row], saved.c[row + batch], dyStep, dh[b], dc[b], dgates,
                                hidden);
                        Arrays.fill(dh[b], 0, hidden, 0);
                        addProduct(dgates, 4 * hidden, stateWeights, dh[b], hidden);
                        if (dx.isPresent()) {
                            addProduct(dgates, 4 * hidden, inputWeights, dxStep, input);
                        }
                    } else {
                        // A padded step adds nothing: neither its x nor its state may matter, be they NaN.
                        Arrays.fill(dgates, 0, 4 * hidden, 0);
                        Arrays.fill(inputs[row], 0, input, 0);
                    }
                    for (int j = 0; j < 4 * hidden; j++) {
                        dgatesByGate[j][row] = dgates[j];
                    }
                    if (dx.isPresent()) {
                        scratch.store(dxStep, dx.get(), offset * input, input);
                    }
                }
            }

            if (dweightIh.isPresent()) {
                sums(dgatesByGate, inputs, rows, 4 * hidden, input, dweightIh.get(), scratch);
            }
            if (dweightHh.isPresent()) {
                sums(dgatesByGate, saved.h, rows, 4 * hidden, hidden, dweightHh.get(), scratch);
            }
            if (dbias.isPresent()) {
                double[] sum = scratch.array(3, 4 * hidden);
                for (int j = 0; j < 4 * hidden; j++) {
                    sum[j] = 0;
                    for (int row = 0; row < rows; row++) {
                        sum[j] += dgatesByGate[j][row];
                    }
                }
                scratch.store(sum, dbias.get(), 0, 4 * hidden);
            }
            if (dh0.isPresent()) {
                scratch.storeMatrix(dh, dh0.get(), batch, hidden);
            }
            if (dc0.isPresent()) {
                scratch.storeMatrix(dc, dc0.get(), batch, hidden);
            }
        };
    }

    /// One step of one sequence back: from the gradients of h and c after it to those of its gates, and of the c before
    /// it, in place.
    private static void gates(
            double[] gates, double[] before, double[] after, double[] dy, double[] dh, double[] dc, double[] dgates,
            int hidden) {
        for (int j = 0; j < hidden; j++) {
            double i = gates[j];
            double f = gates[hidden + j];
            double g = gates[2 * hidden + j];
            double o = gates[3 * hidden + j];
            double tanhC = Math.tanh(after[j]);
            double dhNow = dh[j] + dy[j];
            double dcNow = dc[j] + dhNow * o * (1 - tanhC * tanhC);
            dgates[j] = dcNow * g * i * (1 - i);
            dgates[hidden + j] = dcNow * before[j] * f * (1 - f);
            dgates[2 * hidden + j] = dcNow * i * (1 - g * g);
            dgates[3 * hidden + j] = dhNow * tanhC * o * (1 - o);
            dc[j] = dcNow * f;
        }
    }

    /// Stores a b for m rows a of k numbers and k rows b of n numbers.
    private static void sums(double[][] a, double[][] b, int k, int m, int n, Buffer to, Scratch scratch) {
        double[] sum = scratch.array(3, n);
        for (int i = 0; i < m; i++) {
            Arrays.fill(sum, 0, n, 0);
            addProduct(a[i], k, b, sum, n);
            scratch.store(sum, to, (long) i * n, n);
        }
    }

    private static void loadState(
            Optional<Buffer> buffer, double[][] rows, int batch, int hidden, Scratch scratch) {
        for (int b = 0; b < batch; b++) {
            if (buffer.isPresent()) {
                scratch.load(buffer.get(), (long) b * hidden, rows[b], hidden);
            } else {
                Arrays.fill(rows[b], 0, hidden, 0);
            }
        }
    }

    /// The lengths of a batch, checked; all T where none are given.
    static int[] lengths(Optional<Buffer> buffer, int batch, int steps, Scratch scratch) {
        if (buffer.isEmpty()) {
            return scratch.fillIntegers(0, batch, steps);
        }
        int[] lengths = scratch.loadIntegers(0, buffer.get(), batch);
        for (int b = 0; b < batch; b++) {
            if (lengths[b] < 0 || lengths[b] > steps) {
                throw new IllegalArgumentException(
                        "%s[%d]: expected 0 to %d, got %d"
                                .formatted(buffer.get().name(), b, steps, lengths[b]));
            }
        }
        return lengths;
    }
}
