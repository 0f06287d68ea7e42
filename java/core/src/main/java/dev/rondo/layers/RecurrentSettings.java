package dev.rondo.layers;

import dev.rondo.graph.Op.Direction;

/// What all recurrent layers can be told.
///
/// @param units H, size of the state
/// @param output what the layer gives
/// @param direction in which order it reads each sequence
/// @param biases which biases it has
/// @param recurrentDropout the part of the recurrent state that is dropped in training, in [0, 1)
/// @param weights how `weightIh` begins
/// @param recurrentWeights how `weightHh` begins
/// @param bias how `bias`, or of two biases `biasIh`, begins
/// @param recurrentBias how `biasHh` and `biasHn` begin, where they are
/// @param initialState what the state is before the first step, where the layer is given none
/// @param inputClip the largest input that an activation gets, above 0, the least being minus that; infinity bounds
///     nothing
public record RecurrentSettings(
        int units,
        Output output,
        Direction direction,
        Bias biases,
        double recurrentDropout,
        Initializer weights,
        Initializer recurrentWeights,
        Initializer bias,
        Initializer recurrentBias,
        InitialState initialState,
        double inputClip) {

    /// What a recurrent layer gives.
    public enum Output {
        /// Its state after each sequence's own last step, of those that it walks.
        LAST,
        /// Its state after every step.
        SEQUENCES
    }

    /// What a state is before the first step.
    public enum InitialState {
        /// Zeros.
        ZERO,
        /// A parameter, the same for every sequence, that begins as zeros.
        TRAINED
    }

    public RecurrentSettings {
        Settings.atLeastOne("units", units);
        if (!(recurrentDropout >= 0 && (float) recurrentDropout < 1)) {
            throw new IllegalArgumentException(
                    "recurrentDropout: expected a number in [0, 1) in float32, got " + recurrentDropout);
        }
        Settings.clip("inputClip", inputClip);
    }

    /// With Keras's settings: the last output, forward; weights Glorot-uniform and orthogonal; one bias.
    static RecurrentSettings of(int units, Initializer bias) {
        return new RecurrentSettings(
                units,
                Output.LAST,
                Direction.FORWARD,
                Bias.ONE,
                0,
                Initializer.glorotUniform(),
                Initializer.orthogonal(),
                bias,
                Initializer.zeros(),
                InitialState.ZERO,
                Double.POSITIVE_INFINITY);
    }

    RecurrentSettings output(Output output) {
        return new RecurrentSettings(units, output, direction, biases, recurrentDropout, weights, recurrentWeights,
                bias, recurrentBias, initialState, inputClip);
    }

    RecurrentSettings direction(Direction direction) {
        return new RecurrentSettings(units, output, direction, biases, recurrentDropout, weights, recurrentWeights,
                bias, recurrentBias, initialState, inputClip);
    }

    RecurrentSettings biases(Bias biases) {
        return new RecurrentSettings(units, output, direction, biases, recurrentDropout, weights, recurrentWeights,
                bias, recurrentBias, initialState, inputClip);
    }

    RecurrentSettings recurrentDropout(double recurrentDropout) {
        return new RecurrentSettings(units, output, direction, biases, recurrentDropout, weights, recurrentWeights,
                bias, recurrentBias, initialState, inputClip);
    }

    RecurrentSettings weights(Initializer weights) {
        return new RecurrentSettings(units, output, direction, biases, recurrentDropout, weights, recurrentWeights,
                bias, recurrentBias, initialState, inputClip);
    }

    RecurrentSettings recurrentWeights(Initializer recurrentWeights) {
        return new RecurrentSettings(units, output, direction, biases, recurrentDropout, weights, recurrentWeights,
                bias, recurrentBias, initialState, inputClip);
    }

    RecurrentSettings bias(Initializer bias) {
        return new RecurrentSettings(units, output, direction, biases, recurrentDropout, weights, recurrentWeights,
                bias, recurrentBias, initialState, inputClip);
    }

    RecurrentSettings recurrentBias(Initializer recurrentBias) {
        return new RecurrentSettings(units, output, direction, biases, recurrentDropout, weights, recurrentWeights,
                bias, recurrentBias, initialState, inputClip);
    }

    RecurrentSettings initialState(InitialState initialState) {
        return new RecurrentSettings(units, output, direction, biases, recurrentDropout, weights, recurrentWeights,
                bias, recurrentBias, initialState, inputClip);
    }

    RecurrentSettings inputClip(double inputClip) {
        return new RecurrentSettings(units, output, direction, biases, recurrentDropout, weights, recurrentWeights,
                bias, recurrentBias, initialState, inputClip);
    }
}
