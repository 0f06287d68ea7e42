package dev.rondo.foreign;

import java.util.List;
import java.util.Optional;

/// An LSTM as somebody else computed it.
///
/// @param name where it comes from
/// @param batch B
/// @param steps T
/// @param x `[B,T,inputSize]`
/// @param inputSize of x
/// @param hiddenSize H
/// @param before a layer with tanh between x and the LSTM
/// @param gates i, f, g, o
/// @param gateActivation of i, f and o
/// @param cellActivation of g and of c
/// @param initial h0 and c0
/// @param after a layer behind the LSTM
/// @param expected what came out there
record LstmCase(
        String name,
        int batch,
        int steps,
        float[] x,
        int inputSize,
        int hiddenSize,
        Optional<Dense> before,
        List<Gate> gates,
        Activation gateActivation,
        Activation cellActivation,
        Optional<State> initial,
        Optional<Dense> after,
        List<Expected> expected) {

    /// Activations of all the cases.
    enum Activation {
        TANH,
        SIGMOID,
        /// clip(0.2 x + 0.5, 0, 1), of Keras before version 3 and of ONNX.
        HARD_SIGMOID
    }

    /// A gate: `weightIh x + weightHh h' + bias`, plus `peephole * c` where there is one.
    ///
    /// @param weightIh `[H,I]`
    /// @param weightHh `[H,H]`
    /// @param bias `[H]`
    /// @param peephole `[H]`; of no size where there is none
    record Gate(float[] weightIh, float[] weightHh, float[] bias, float[] peephole) {}

    /// `weight x + bias`.
    ///
    /// @param weight `[units, inputs]`
    record Dense(int units, float[] weight, float[] bias) {}

    /// `[B,H]` each.
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

    /// Whether the fused operation computes it: it has no other activations, and no peepholes.
    boolean isStandard() {
        return gateActivation == Activation.SIGMOID
                && cellActivation == Activation.TANH
                && gates.stream().allMatch(gate -> gate.peephole().length == 0);
    }

    /// I, the size of what the LSTM takes.
    int lstmInputSize() {
        return before.map(Dense::units).orElse(inputSize);
    }
}
