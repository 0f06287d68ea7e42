package dev.rondo.layers;

import dev.rondo.graph.Op.Direction;
import dev.rondo.layers.RecurrentSettings.Output;
import java.util.List;
import java.util.SequencedMap;

/// A recurrent layer.
///
/// Takes float32 `[B,T,I]`; gives the state h of every step `[B,T,units]`, or of each sequence's own last step
/// `[B,units]`. Steps behind a sequence's length yield zeros and leave its state alone. The state after each sequence's
/// own last step is a further output, `h` `[B,units]`, and of an LSTM `c` likewise. Behind x it takes, in this order, the
/// states before the first step, all of them or none: as an encoder gives them to a decoder. Its parameters, with the gates
/// of the cell stacked, G of them: `weightIh` `[G*units, I]`, `weightHh` `[G*units, units]`, and `bias` `[G*units]`; or
/// of two biases `biasIh` and `biasHh`, `[G*units]` each; of a trained initial state `initialH` and `initialC`, `[units]`. What else there is each layer tells.
///
/// What Keras's layers have as `return_state` and `initial_state` are the further outputs and inputs: in a model of
/// [dev.rondo.Functional], `apply(layer, x).states()` gives them and `apply(layer, x, states)` takes them. Nothing of
/// the layer's, but of who runs the model, is what `stateful` says: [dev.rondo.inference.StreamingSession] predicts and
/// [dev.rondo.data.Dataset#streams] trains so.
///
/// A fused kernel runs the layer over whole sequences. Where it has settings that no such kernel knows, see
/// [#beyondKernels], it writes itself as a [Cell] with the same parameters, which runs step by step like one in [Rnn]:
/// it takes and gives the same, and is slower.
///
/// @param <L> the layer itself
public sealed interface Recurrent<L extends Recurrent<L>> extends Directed permits Lstm, Gru, SimpleRnn {

    /// What it can be told, like any recurrent layer.
    RecurrentSettings settings();

    /// The same layer with other settings.
    L settings(RecurrentSettings settings);

    /// H, size of the state; of an LSTM with a projection, that of c.
    default int units() {
        return settings().units();
    }

    /// The names and sizes of its states, in the order in which it takes and gives them: `h`, and of an LSTM `c`.
    SequencedMap<String, Integer> states();

    /// What of its settings no fused kernel has, such as `projection 8`. Empty: a fused kernel runs the layer. Else it
    /// runs as a scan of its cell.
    List<String> beyondKernels();

    /// Bounding the input of every activation to -max..max, as ONNX's `clip` does; where an LSTM makes h of c too, which
    /// ONNX Runtime leaves out. The gradient is zero where the bound acts.
    ///
    /// @param max above 0; infinity bounds nothing
    /// @throws IllegalArgumentException if it is not above 0
    default L inputClip(double max) {
        return settings(settings().inputClip(max));
    }

    /// Giving its output at every step.
    default L returnSequences() {
        return settings(settings().output(Output.SEQUENCES));
    }

    @Override
    default Direction direction() {
        return settings().direction();
    }

    @Override
    default L goBackwards() {
        return settings(settings().direction(Direction.REVERSE));
    }

    /// With these biases or none.
    default L biases(Bias biases) {
        return settings(settings().biases(biases));
    }

    /// Beginning with a state that is learned, the same for every sequence, where it is given none.
    default L trainedInitialState() {
        return settings(settings().initialState(RecurrentSettings.InitialState.TRAINED));
    }

    @Override
    default int inputsBeforeStates() {
        return 1;
    }

    @Override
    default List<String> stateOutputs() {
        return List.copyOf(states().keySet());
    }

    /// Dropping a part of the state wherever the recurrent weights act on it, in training: the same units at every step,
    /// others in each sequence and batch (Gal & Ghahramani 2016). What is left is scaled up so that the mean stays.
    ///
    /// @param rate the part, in [0, 1)
    default L recurrentDropout(double rate) {
        return settings(settings().recurrentDropout(rate));
    }

    /// With other first values for `weightIh`.
    default L weights(Initializer weights) {
        return settings(settings().weights(weights));
    }

    /// With other first values for `weightHh`.
    default L recurrentWeights(Initializer recurrentWeights) {
        return settings(settings().recurrentWeights(recurrentWeights));
    }

    /// With other first values for `bias`, or of two biases for `biasIh`.
    default L bias(Initializer bias) {
        return settings(settings().bias(bias));
    }

    /// With other first values for `biasHh` and `biasHn`.
    default L recurrentBias(Initializer recurrentBias) {
        return settings(settings().recurrentBias(recurrentBias));
    }
}
