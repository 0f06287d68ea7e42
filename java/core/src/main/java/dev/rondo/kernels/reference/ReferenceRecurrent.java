package dev.rondo.kernels.reference;

import static dev.rondo.kernels.reference.ReferenceMatMul.addProduct;

import dev.rondo.graph.Op.Direction;
import dev.rondo.graph.RecurrentCell;
import dev.rondo.kernels.Buffer;
import dev.rondo.kernels.Instruction;
import dev.rondo.kernels.reference.ReferenceCell.Candidate;
import dev.rondo.kernels.reference.ReferenceKernels.Step;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Extents;
import java.util.Arrays;
import java.util.Optional;

/// Walks a [ReferenceCell] over sequences, forward and back: lengths, directions, states, recurrent mask, and the
/// products of whole sequences, the same for every cell.
///
/// Inside, everything lies by the walk: row s B + b of a matrix belongs to the walk's step s in sequence b, and row
/// (s + 1) B + b of the states is what that step leaves behind, so that row s B + b is what it starts from. In either
/// direction a sequence's real steps come first and its padded steps last; they differ in what place of x and y a step
/// belongs to, see [#place].
final class ReferenceRecurrent {
    // Numbers of the scratch memory; 2 and 3 are the cells'.
    private static final int INPUT_WEIGHTS = 0;
    private static final int MASK = 1;
    private static final int DGATES_BY_GATE = 4;
    private static final int DCANDIDATE_BY_UNIT = 5;
    private static final int INPUTS = 6;
    private static final int DH = 7;
    private static final int DC = 8;
    private static final double[] NONE = {};

    private final Instruction instruction;
    private final Scratch scratch;
    private final Direction direction;
    private final ReferenceCell cell;
    private final Saved saved;
    private final RecurrentStep step = new RecurrentStep();
    private final boolean hasC;
    private final int gates;
    private final int input;
    private final int hidden;
    private final Buffer x;
    private final Buffer weightIh;
    private final Optional<Buffer> lengths;
    private final Optional<Buffer> recurrentMask;
    private final Optional<Buffer> biasIh;
    private final Optional<Buffer> biasHh;
    private final Optional<Buffer> dhNorms;
    private final Optional<Buffer> dweightIh;
    private final Optional<Buffer> dweightHh;
    private final Optional<Buffer> dbiasIh;
    private final Optional<Buffer> dbiasHh;
    private final Optional<Buffer> dbiasHn;
    private final Optional<Buffer> dpeepholes;

    private ReferenceRecurrent(
            RecurrentCell kind, Direction direction, Instruction instruction, Saved saved, Scratch scratch) {
        this.instruction = instruction;
        this.direction = direction;
        this.saved = saved;
        this.scratch = scratch;
        cell = ReferenceCell.of(kind, instruction, scratch);
        x = instruction.input("x");
        weightIh = instruction.input("weightIh");
        lengths = instruction.optionalInput("lengths");
        recurrentMask = instruction.optionalInput("recurrentMask");
        // Asked for once: each answer takes heap.
        biasIh = instruction.optionalInput("biasIh");
        biasHh = instruction.optionalInput("biasHh");
        dhNorms = instruction.optionalOutput("dhNorms");
        dweightIh = instruction.optionalOutput("dweightIh");
        dweightHh = instruction.optionalOutput("dweightHh");
        dbiasIh = instruction.optionalOutput("dbiasIh");
        dbiasHh = instruction.optionalOutput("dbiasHh");
        dbiasHn = instruction.optionalOutput("dbiasHn");
        dpeepholes = instruction.optionalOutput("dpeepholes");
        hidden = cell.hidden;
        hasC = kind.hasC();
        gates = kind.gates() * hidden;
        input = x.shape().dim(2);
    }

    /// What the forward pass keeps for the backward pass.
    static final class Saved {
        /// `[T B, G H]`, the gates after their activation.
        private double[][] gates = {};

        /// `[T B, H]`, what a cell with a candidate keeps besides.
        private double[][] kept = {};

        /// `[T B, H]`, the state as U sees it, where a mask makes it differ from h.
        private double[][] masked = {};

        /// `[(T + 1) B, H]`
        private double[][] h = {};

        /// `[(T + 1) B, H]`, of a cell that has c.
        private double[][] c = {};

        private void grow(int batch, int time, ReferenceRecurrent recurrent) {
            int hidden = recurrent.hidden;
            gates = Scratch.grown(gates, time * batch, recurrent.gates);
            h = Scratch.grown(h, (time + 1) * batch, hidden);
            c = Scratch.grown(c, recurrent.hasC ? (time + 1) * batch : 0, hidden);
            kept = Scratch.grown(kept, recurrent.hasCandidate() ? time * batch : 0, hidden);
            masked = Scratch.grown(masked, recurrent.recurrentMask.isPresent() ? time * batch : 0, hidden);
        }
    }

    static Step forward(
            RecurrentCell kind, Direction direction, Instruction instruction, Saved saved, Scratch scratch) {
        ReferenceRecurrent recurrent = new ReferenceRecurrent(kind, direction, instruction, saved, scratch);
        return recurrent.forward(
                instruction.optionalOutput("y"), instruction.optionalOutput("hN"), instruction.optionalOutput("cN"));
    }

    static Step backward(
            RecurrentCell kind, Direction direction, Instruction instruction, Saved saved, Scratch scratch) {
        return new ReferenceRecurrent(kind, direction, instruction, saved, scratch).backward();
    }

    /// Which step of x and y the walk's step s of a sequence is.
    private int place(int s, int length) {
        return switch (direction) {
            case FORWARD -> s;
            case REVERSE -> s < length ? length - 1 - s : s;
        };
    }

    private boolean hasCandidate() {
        return cell.candidate() != Candidate.NONE;
    }

    /// A row of a matrix that may not be there.
    private static double[] row(double[][] matrix, int row) {
        return matrix.length == 0 ? NONE : matrix[row];
    }

    private int batch(Extents extents) {
        return (int) x.shape().product(0, 1, extents);
    }

    private int steps(Extents extents) {
        return (int) x.shape().product(1, 2, extents);
    }

    // -------------------------------------------------------------------------------------------------------- forward

    private Step forward(Optional<Buffer> y, Optional<Buffer> hN, Optional<Buffer> cN) {
        Optional<Buffer> h0 = instruction.optionalInput("h0");
        Optional<Buffer> c0 = instruction.optionalInput("c0");
        // States are rounded after every step, as they are between two calls, so that streaming equals the whole.
        boolean narrow = weightIh.type() == DataType.FLOAT32;
        return extents -> {
            int batch = batch(extents);
            int steps = steps(extents);
            int[] ends = lengths(lengths, batch, steps, scratch);
            saved.grow(batch, steps, this);
            double[][] h = saved.h;
            double[][] c = saved.c;
            double[][] inputWeights = scratch.loadTransposed(INPUT_WEIGHTS, weightIh, 0, gates, input);
            cell.loadForward();
            double[] start = loadBias();
            double[] xStep = scratch.array(1, input);
            double[] zeros = scratch.array(2, hidden);
            Arrays.fill(zeros, 0, hidden, 0);
            loadState(h0, h, batch);
            if (hasC) {
                loadState(c0, c, batch);
            }
            loadMask(batch);

            for (int s = 0; s < steps; s++) {
                for (int b = 0; b < batch; b++) {
                    int before = s * batch + b;
                    int after = before + batch;
                    if (s >= ends[b]) {
                        System.arraycopy(h[before], 0, h[after], 0, hidden);
                        if (hasC) {
                            System.arraycopy(c[before], 0, c[after], 0, hidden);
                        }
                        continue;
                    }
                    step.gates = saved.gates[before];
                    step.kept = row(saved.kept, before);
                    step.seen = seen(before, b);
                    step.hBefore = h[before];
                    step.hAfter = h[after];
                    step.cBefore = row(c, before);
                    step.cAfter = row(c, after);
                    scratch.load(x, ((long) b * steps + place(s, ends[b])) * input, xStep, input);
                    System.arraycopy(start, 0, step.gates, 0, gates);
                    addProduct(xStep, input, inputWeights, step.gates, gates);
                    cell.forward(step);
                    if (narrow) {
                        for (int j = 0; j < hidden; j++) {
                            h[after][j] = (float) h[after][j];
                        }
                    }
                }
            }

            for (int b = 0; b < batch; b++) {
                if (y.isPresent()) {
                    for (int s = 0; s < steps; s++) {
                        double[] state = s < ends[b] ? h[(s + 1) * batch + b] : zeros;
                        scratch.store(state, y.get(), ((long) b * steps + place(s, ends[b])) * hidden, hidden);
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

    /// What each gate starts from: the biases of both products, but for what stands inside the reset of a GRU.
    private double[] loadBias() {
        double[] start = scratch.array(0, gates);
        Arrays.fill(start, 0, gates, 0);
        if (biasIh.isPresent()) {
            scratch.load(biasIh.get(), 0, start, gates);
        }
        if (biasHh.isPresent()) {
            double[] more = scratch.load(3, biasHh.get(), gates);
            int sum = cell.candidate() == Candidate.PRODUCT ? gates - hidden : gates;
            for (int j = 0; j < sum; j++) {
                start[j] += more[j];
            }
        }
        return start;
    }

    private void loadMask(int batch) {
        if (recurrentMask.isPresent()) {
            scratch.loadMatrix(MASK, recurrentMask.get(), 0, batch, hidden);
        }
    }

    /// The state that a step starts from as U sees it.
    private double[] seen(int row, int b) {
        if (recurrentMask.isEmpty()) {
            return saved.h[row];
        }
        double[] h = saved.h[row];
        double[] mask = scratch.matrix(MASK, b + 1, hidden)[b];
        double[] masked = saved.masked[row];
        for (int j = 0; j < hidden; j++) {
            masked[j] = mask[j] * h[j];
        }
        return masked;
    }

    // ------------------------------------------------------------------------------------------------------- backward

    private Step backward() {
        Optional<Buffer> dy = instruction.optionalInput("dy");
        Optional<Buffer> dhN = instruction.optionalInput("dhN");
        Optional<Buffer> dcN = instruction.optionalInput("dcN");
        Optional<Buffer> dx = instruction.optionalOutput("dx");
        Optional<Buffer> dh0 = instruction.optionalOutput("dh0");
        Optional<Buffer> dc0 = instruction.optionalOutput("dc0");
        return extents -> {
            int batch = batch(extents);
            int steps = steps(extents);
            int rows = steps * batch;
            int[] ends = lengths(lengths, batch, steps, scratch);
            double[][] inputWeights = scratch.loadMatrix(INPUT_WEIGHTS, weightIh, 0, gates, input);
            cell.loadBackward();
            loadMask(batch);
            // The gradients of the gates before their activation: by row, and transposed for sums over rows.
            double[] dgates = scratch.array(0, gates);
            double[] dcandidate = scratch.array(4, hidden);
            double[][] dgatesByGate = scratch.matrix(DGATES_BY_GATE, gates, rows);
            double[][] dcandidateByUnit = scratch.matrix(DCANDIDATE_BY_UNIT, hidden, rows);
            double[][] inputs = scratch.matrix(INPUTS, rows, input);
            double[][] dh = scratch.matrix(DH, batch, hidden);
            double[][] dc = scratch.matrix(DC, batch, hidden);
            double[] dyStep = scratch.array(1, hidden);
            double[] dxStep = scratch.array(2, input);
            double[] norms = scratch.array(5, steps);
            step.dgates = dgates;
            step.dcandidate = dcandidate;
            step.dseen = scratch.array(6, hidden);
            Arrays.fill(norms, 0, steps, 0);
            Arrays.fill(dcandidate, 0, hidden, 0);
            Arrays.fill(dyStep, 0, hidden, 0);
            loadState(dhN, dh, batch);
            loadState(dcN, dc, batch);

            for (int s = steps - 1; s >= 0; s--) {
                for (int b = 0; b < batch; b++) {
                    int row = s * batch + b;
                    int place = place(s, ends[b]);
                    long offset = (long) b * steps + place;
                    Arrays.fill(dxStep, 0, input, 0);
                    if (s < ends[b]) {
                        scratch.load(x, offset * input, inputs[row], input);
                        if (dy.isPresent()) {
                            scratch.load(dy.get(), offset * hidden, dyStep, hidden);
                        }
                        norms[place] += add(dyStep, dh[b]);
                        backwardStep(row, b, batch, dh[b], dc[b]);
                        if (dx.isPresent()) {
                            addProduct(dgates, gates, inputWeights, dxStep, input);
                        }
                    } else {
                        // A padded step adds nothing: neither its x nor its state may matter, be they NaN.
                        Arrays.fill(dgates, 0, gates, 0);
                        Arrays.fill(dcandidate, 0, hidden, 0);
                        Arrays.fill(inputs[row], 0, input, 0);
                        Arrays.fill(operands()[row], 0, hidden, 0);
                        if (hasCandidate()) {
                            Arrays.fill(saved.kept[row], 0, hidden, 0);
                        }
                    }
                    for (int j = 0; j < gates; j++) {
                        dgatesByGate[j][row] = dgates[j];
                    }
                    if (hasCandidate()) {
                        for (int j = 0; j < hidden; j++) {
                            dcandidateByUnit[j][row] = dcandidate[j];
                        }
                    }
                    if (dx.isPresent()) {
                        scratch.store(dxStep, dx.get(), offset * input, input);
                    }
                }
            }

            if (dh0.isPresent()) {
                scratch.storeMatrix(dh, dh0.get(), batch, hidden);
            }
            if (dc0.isPresent()) {
                scratch.storeMatrix(dc, dc0.get(), batch, hidden);
            }
            storeNorms(norms, steps);
            storeWeightGradients(rows, inputs, dgatesByGate, dcandidateByUnit);
        };
    }

    /// One step of one sequence back: from the gradients of h and c after it to those before it, in place.
    private void backwardStep(int row, int b, int batch, double[] dh, double[] dc) {
        step.gates = saved.gates[row];
        step.kept = row(saved.kept, row);
        step.seen = operands()[row];
        step.hBefore = saved.h[row];
        step.cBefore = row(saved.c, row);
        step.cAfter = row(saved.c, row + batch);
        step.dh = dh;
        step.dc = dc;
        cell.backward(step);
        double[] dseen = step.dseen;
        if (recurrentMask.isPresent()) {
            double[] mask = scratch.matrix(MASK, b + 1, hidden)[b];
            for (int j = 0; j < hidden; j++) {
                dh[j] += mask[j] * dseen[j];
            }
        } else {
            for (int j = 0; j < hidden; j++) {
                dh[j] += dseen[j];
            }
        }
    }

    /// What U acted on, by row.
    private double[][] operands() {
        return recurrentMask.isPresent() ? saved.masked : saved.h;
    }

    /// Adds to a sum and gives the square of its norm.
    private double add(double[] more, double[] sum) {
        double square = 0;
        for (int j = 0; j < hidden; j++) {
            sum[j] += more[j];
            square += sum[j] * sum[j];
        }
        return square;
    }

    private void storeNorms(double[] squares, int steps) {
        if (dhNorms.isPresent()) {
            for (int t = 0; t < steps; t++) {
                squares[t] = Math.sqrt(squares[t]);
            }
            scratch.store(squares, dhNorms.get(), 0, steps);
        }
    }

    private void storeWeightGradients(
            int rows, double[][] inputs, double[][] dgatesByGate, double[][] dcandidateByUnit) {
        // The gates whose sum's gradient is that of both its products, on x and on the state.
        int common = hasCandidate() ? gates - hidden : gates;
        if (dweightIh.isPresent()) {
            storeProducts(dgatesByGate, inputs, rows, gates, input, dweightIh.get(), 0);
        }
        if (dweightHh.isPresent()) {
            storeProducts(dgatesByGate, operands(), rows, common, hidden, dweightHh.get(), 0);
            if (hasCandidate()) {
                double[][] operands = cell.candidate() == Candidate.KEPT ? saved.kept : operands();
                storeProducts(dcandidateByUnit, operands, rows, hidden, hidden, dweightHh.get(), common);
            }
        }
        if (dbiasIh.isPresent()) {
            storeSums(dgatesByGate, rows, gates, dbiasIh.get(), 0);
        }
        if (dbiasHh.isPresent()) {
            storeSums(dgatesByGate, rows, common, dbiasHh.get(), 0);
            if (hasCandidate()) {
                storeSums(dcandidateByUnit, rows, hidden, dbiasHh.get(), common);
            }
        }
        if (dbiasHn.isPresent()) {
            storeSums(dcandidateByUnit, rows, hidden, dbiasHn.get(), 0);
        }
        if (dpeepholes.isPresent()) {
            double[] sum = scratch.array(3, 3 * hidden);
            Arrays.fill(sum, 0, 3 * hidden, 0);
            cell.addPeepholesGradient(sum);
            scratch.store(sum, dpeepholes.get(), 0, 3 * hidden);
        }
    }

    /// Stores a b for m rows a of k numbers and k rows b of n numbers, from a row of the result on.
    private void storeProducts(double[][] a, double[][] b, int k, int m, int n, Buffer to, int firstRow) {
        double[] sum = scratch.array(3, n);
        for (int i = 0; i < m; i++) {
            Arrays.fill(sum, 0, n, 0);
            addProduct(a[i], k, b, sum, n);
            scratch.store(sum, to, (long) (firstRow + i) * n, n);
        }
    }

    /// Stores the sum of each of m rows of k numbers, from an element of the result on.
    private void storeSums(double[][] a, int k, int m, Buffer to, int first) {
        double[] sum = scratch.array(3, m);
        for (int j = 0; j < m; j++) {
            sum[j] = 0;
            for (int row = 0; row < k; row++) {
                sum[j] += a[j][row];
            }
        }
        scratch.store(sum, to, first, m);
    }

    private void loadState(Optional<Buffer> buffer, double[][] rows, int batch) {
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
