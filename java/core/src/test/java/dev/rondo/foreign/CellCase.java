package dev.rondo.foreign;

import dev.rondo.graph.RecurrentCell;
import java.util.List;
import java.util.Optional;

/// A recurrent layer as somebody else computed it.
///
/// @param name where it comes from
/// @param batch B
/// @param steps T
/// @param x `[B,T,inputSize]`
/// @param inputSize of x
/// @param hiddenSize H
/// @param before a layer between x and the cell
/// @param cell which
/// @param initial h0 and c0
/// @param after layers behind the cell
/// @param expected what came out there
/// @param order of time in what is expected
record CellCase(
        String name,
        int batch,
        int steps,
        float[] x,
        int inputSize,
        int hiddenSize,
        Optional<Dense> before,
        Cell cell,
        Optional<State> initial,
        List<Dense> after,
        List<Expected> expected,
        Order order) {

    /// Activations of all the cases.
    enum Activation {
        LINEAR,
        TANH,
        SIGMOID,
        /// clip(0.2 x + 0.5, 0, 1), of Keras before version 3 and of ONNX.
        HARD_SIGMOID
    }

    /// Kinds of cells.
    enum Kind {
        /// Gates i, f, g, o.
        LSTM,
        /// Gates r, z, n.
        GRU_RESET_AFTER,
        /// Gates r, z, n.
        GRU_RESET_BEFORE,
        /// One gate.
        RNN
    }

    /// In which order a layer takes steps, and gives its outputs.
    enum Order {
        FORWARD,
        /// From the last step to the first, in this order.
        BACKWARD
    }

    /// A cell.
    ///
    /// @param gates in Rondo's order
    /// @param gateActivation of i, f and o, or of r and z
    /// @param cellActivation of g and c, of n, or of the only gate
    record Cell(Kind kind, List<Gate> gates, Activation gateActivation, Activation cellActivation) {}

    /// A gate: `weightIh x + biasIh + weightHh h' + biasHh`, plus `peephole * c` where there is one.
    ///
    /// @param weightIh `[H,I]`
    /// @param weightHh `[H,H]`
    /// @param biasIh `[H]`
    /// @param biasHh `[H]`
    /// @param peephole `[H]`; of no size where there is none
    record Gate(float[] weightIh, float[] weightHh, float[] biasIh, float[] biasHh, float[] peephole) {}

    /// `activation(weight x + bias)`.
    ///
    /// @param weight `[units, inputs]`
    record Dense(int units, float[] weight, float[] bias, Activation activation) {}

    /// `[B,H]` each; c of no size where the cell has none.
    record State(float[] h, float[] c) {}

    /// What of the result is known.
    enum Which {
        /// `[B,T,F]`
        EVERY_STEP,
        /// `[B,H]`
        LAST_STATE
    }

    /// A result.
    record Expected(Which which, float[] values) {}

    /// The fused operation that computes it; none where it has other activations.
    Optional<RecurrentCell> fused() {
        boolean usual = cell.gateActivation() == Activation.SIGMOID && cell.cellActivation() == Activation.TANH;
        return switch (cell.kind()) {
            case LSTM -> usual ? Optional.of(lstm()) : Optional.empty();
            case GRU_RESET_AFTER -> usual ? Optional.of(RecurrentCell.GRU_RESET_AFTER) : Optional.empty();
            case GRU_RESET_BEFORE -> usual ? Optional.of(RecurrentCell.GRU_RESET_BEFORE) : Optional.empty();
            case RNN -> switch (cell.cellActivation()) {
                case LINEAR -> Optional.of(RecurrentCell.RNN_IDENTITY);
                case TANH -> Optional.of(RecurrentCell.RNN_TANH);
                case SIGMOID -> Optional.of(RecurrentCell.RNN_SIGMOID);
                case HARD_SIGMOID -> Optional.empty();
            };
        };
    }

    private RecurrentCell lstm() {
        boolean peepholes = cell.gates().stream().anyMatch(gate -> gate.peephole().length > 0);
        return peepholes ? RecurrentCell.LSTM_PEEPHOLES : RecurrentCell.LSTM;
    }

    /// I, the size of what the cell takes.
    int cellInputSize() {
        return before.map(Dense::units).orElse(inputSize);
    }
}
