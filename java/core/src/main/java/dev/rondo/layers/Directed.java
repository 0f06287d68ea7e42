package dev.rondo.layers;

import dev.rondo.graph.Op.Direction;
import java.util.List;

/// A layer that goes through sequences from one end to the other, and hands states on from step to step: what
/// [Bidirectional] can turn round.
public sealed interface Directed extends Layer permits Recurrent, Rnn {

    /// In which order it reads each sequence.
    Direction direction();

    /// Reading each sequence from its own last step to its first. Outputs stay at the place of their step (Keras turns
    /// them round); the last output is the one at the first step. Such a layer cannot be streamed.
    Directed goBackwards();

    /// How many inputs come before the states: x, and what a cell asks for besides.
    int inputsBeforeStates();

    /// The names of the outputs that are states, in the order in which it takes them.
    List<String> stateOutputs();

    @Override
    default boolean isStreamable() {
        return direction() == Direction.FORWARD;
    }
}
