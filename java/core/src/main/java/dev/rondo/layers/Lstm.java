package dev.rondo.layers;

import dev.rondo.graph.LstmInputs;
import dev.rondo.graph.LstmOutputs;
import dev.rondo.graph.Value;
import dev.rondo.tensor.DataType;

/// A long short-term memory:
///
/// ```
/// i = s(Wi x + Ui h' + bi)    f = s(Wf x + Uf h' + bf)    o = s(Wo x + Uo h' + bo)
/// g = tanh(Wg x + Ug h' + bg)    c = f*c' + i*g    h = o*tanh(c)
/// ```
///
/// with the logistic function s, the step before marked by a prime, and `*` element by element (Hochreiter &
/// Schmidhuber 1997; forget gate of Gers, Schmidhuber & Cummins 2000).
///
/// Takes float32 `[B,T,I]`; gives h of every step `[B,T,units]`, or of each sequence's own last step `[B,units]`. Steps
/// behind a sequence's length yield zeros and leave its state alone. Its parameters are `weightIh` `[4*units, I]`,
/// `weightHh` `[4*units, units]` and `bias` `[4*units]`, the gates stacked as i, f, g, o.
///
/// @param name of its parameters' path; empty: `lstm`, and `lstm_1`, `lstm_2` for further ones
/// @param units size of h and c
/// @param output what it gives
/// @param biases whether it has a bias
/// @param weights how `weightIh` begins
/// @param recurrentWeights how `weightHh` begins
/// @param bias how `bias` begins
public record Lstm(
        String name,
        int units,
        Output output,
        Bias biases,
        Initializer weights,
        Initializer recurrentWeights,
        Initializer bias)
        implements Layer {

    /// What a recurrent layer gives.
    public enum Output {
        /// Its state after each sequence's own last step.
        LAST,
        /// Its state after every step.
        SEQUENCES
    }

    public Lstm {
        Settings.name("Lstm", name);
        Settings.atLeastOne("Lstm: units", units);
        // The four gates are stacked.
        Settings.atMost("Lstm: units", Integer.MAX_VALUE / 4, units);
    }

    /// With Keras's settings: the last output; weights Glorot-uniform and orthogonal; a bias, 1 for the forget gate.
    public static Lstm units(int units) {
        return new Lstm(
                "",
                units,
                Output.LAST,
                Bias.ONE,
                Initializer.glorotUniform(),
                Initializer.orthogonal(),
                Initializer.forgetGateOne());
    }

    /// Giving its output at every step.
    public Lstm returnSequences() {
        return new Lstm(name, units, Output.SEQUENCES, biases, weights, recurrentWeights, bias);
    }

    /// With this bias or none.
    public Lstm biases(Bias biases) {
        return new Lstm(name, units, output, biases, weights, recurrentWeights, bias);
    }

    /// With other first values for `weightIh`.
    public Lstm weights(Initializer weights) {
        return new Lstm(name, units, output, biases, weights, recurrentWeights, bias);
    }

    /// With other first values for `weightHh`.
    public Lstm recurrentWeights(Initializer recurrentWeights) {
        return new Lstm(name, units, output, biases, weights, recurrentWeights, bias);
    }

    /// With other first values for `bias`.
    public Lstm bias(Initializer bias) {
        return new Lstm(name, units, output, biases, weights, recurrentWeights, bias);
    }

    @Override
    public Value apply(Scope scope, Value x) {
        if (x.type() != DataType.FLOAT32 || x.shape().rank() != 3) {
            throw scope.wrong("FLOAT32 [B,T,I]", x);
        }
        LstmInputs inputs = LstmInputs.of(
                x,
                scope.matrix("weightIh", weights, 4 * units, x.shape().dim(-1)),
                scope.matrix("weightHh", recurrentWeights, 4 * units, units));
        LstmOutputs outputs = scope.lstm(
                switch (biases) {
                    case ONE -> inputs.bias(scope.vector("bias", bias, 4 * units));
                    case NONE -> inputs;
                },
                units);
        return switch (output) {
            case SEQUENCES -> outputs.y();
            case LAST -> outputs.hN();
        };
    }

    @Override
    public Lstm named(String name) {
        return new Lstm(name, units, output, biases, weights, recurrentWeights, bias);
    }
}
