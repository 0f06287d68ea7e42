package dev.rondo.layers;

import dev.rondo.graph.Value;

/// A layer's settings. A layer holds no parameters: it says what they are, and adds its part to a graph.
///
/// Every layer has a name, which is the path of its parameters (`lstm/weightIh`) and is unique in its model. Where it
/// is left empty, a model gives its own.
public sealed interface Layer permits Input, Embedding, Recurrent, Dense, Dropout {

    /// Its name; empty where the model is to give one.
    String name();

    /// The same layer under this name: letters, digits, `_`, `.` and `-`.
    ///
    /// @throws IllegalArgumentException if it is no such name
    Layer named(String name);

    /// Adds the layer to a graph.
    ///
    /// @param scope what the layer may know and add
    /// @param x what it takes
    /// @return what it gives
    /// @throws IllegalArgumentException if x is not what it takes
    Value apply(Scope scope, Value x);
}
