package dev.rondo.kernels.reference;

import dev.rondo.graph.RecurrentCell;
import dev.rondo.kernels.Buffer;
import dev.rondo.kernels.Instruction;
import java.util.Arrays;
import java.util.Optional;

/// The equations of a recurrent cell, for one step of one sequence. Sequences, directions, states, and what x and the
/// weights' gradients need are [ReferenceRecurrent]'s.
abstract class ReferenceCell {
    final int hidden;
    private final Buffer weightHh;
    private final Scratch scratch;

    /// What a cell reads of its weights besides W: the numbers of the current run.
    ReferenceCell(Instruction instruction, Scratch scratch) {
        weightHh = instruction.input("weightHh");
        hidden = weightHh.shape().dim(1);
        this.scratch = scratch;
    }

    static ReferenceCell of(RecurrentCell cell, Instruction instruction, Scratch scratch) {
        return switch (cell) {
            case LSTM, LSTM_PEEPHOLES -> new ReferenceLstm(instruction, scratch);
            case GRU_RESET_AFTER -> new ReferenceGru(ReferenceGru.Reset.AFTER, instruction, scratch);
            case GRU_RESET_BEFORE -> new ReferenceGru(ReferenceGru.Reset.BEFORE, instruction, scratch);
            case RNN_TANH -> new ReferenceRnn(ReferenceRnn.TANH, instruction, scratch);
            case RNN_RELU -> new ReferenceRnn(ReferenceRnn.RELU, instruction, scratch);
            case RNN_SIGMOID -> new ReferenceRnn(ReferenceRnn.SIGMOID, instruction, scratch);
            case RNN_IDENTITY -> new ReferenceRnn(ReferenceRnn.IDENTITY, instruction, scratch);
        };
    }

    /// How a GRU's candidate n comes by its product with U; a cell without a candidate has none.
    enum Candidate {
        NONE,
        /// U acts on the state like for the other gates, but the product's gradient is another than the gate's.
        PRODUCT,
        /// U acts on what the cell keeps.
        KEPT
    }

    Candidate candidate() {
        return Candidate.NONE;
    }

    /// Makes the weights ready for forward steps.
    abstract void loadForward();

    /// Makes the weights ready for backward steps.
    abstract void loadBackward();

    /// From W x plus biases, h' and c' to h and c.
    abstract void forward(RecurrentStep step);

    /// From the gradients of h and c to those of everything they were made of.
    abstract void backward(RecurrentStep step);

    /// Adds the peepholes' gradient of all steps since [#loadBackward] to the given `[3H]`, of a cell that has them.
    void addPeepholesGradient(double[] sum) {
        throw new IllegalStateException("no peepholes");
    }

    /// Columns of U by gate: row k of the result multiplies state k.
    double[][] loadColumns(int number, int firstGate, int gates) {
        return scratch.loadTransposed(
                number, weightHh, (long) firstGate * hidden * hidden, gates * hidden, hidden);
    }

    /// Rows of U by gate.
    double[][] loadRows(int number, int firstGate, int gates) {
        return scratch.loadMatrix(
                number, weightHh, (long) firstGate * hidden * hidden, gates * hidden, hidden);
    }

    /// A vector of weights, zeros where it is absent.
    void loadVector(Optional<Buffer> buffer, int from, double[] values) {
        if (buffer.isPresent()) {
            scratch.load(buffer.get(), from, values, values.length);
        } else {
            Arrays.fill(values, 0);
        }
    }
}
