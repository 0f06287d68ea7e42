package dev.rondo.layers;

import dev.rondo.graph.Value;
import java.util.List;
import java.util.SequencedMap;

/// A layer's settings. A layer holds no parameters: it says what they are, and adds its part to a graph.
///
/// Every layer has a name, which is the path of its parameters (`lstm/weightIh`) and is unique in its model. Where it
/// is left empty, a model gives its own.
///
/// Most layers take one value and give one: see [UnaryLayer]. Others take several, see [MergeLayer], or states beside
/// their input and give them too, see [Directed].
public sealed interface Layer permits
        Attention,
        Bidirectional,
        Directed,
        Input,
        MergeLayer,
        UnaryLayer,
        WeightNoise {
    /// The main output of a layer.
    String Y = "y";

    /// Its name; empty where the model is to give one.
    String name();

    /// The same layer under this name: letters, digits, `_`, `.` and `-`.
    ///
    /// @throws IllegalArgumentException if it is no such name
    Layer named(String name);

    /// Adds the layer to a graph. Where a model applies it more than once, every application has the same parameters.
    ///
    /// @param scope what the layer may know and add
    /// @param inputs what it takes, in the order that the layer tells
    /// @return what it gives, by name: [#Y] first
    /// @throws IllegalArgumentException if the inputs are not what it takes
    SequencedMap<String, Value> apply(Scope scope, List<Value> inputs);

    /// Whether it gives the same for a sequence in pieces, one after another, as for the whole sequence.
    default boolean isStreamable() {
        return true;
    }
}
