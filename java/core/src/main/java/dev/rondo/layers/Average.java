package dev.rondo.layers;

import dev.rondo.graph.Op.BinaryKind;
import dev.rondo.graph.Value;
import java.util.List;

/// The mean of its inputs, element by element.
///
/// Takes and gives what [MergeLayer] says.
///
/// @param name how it is called in graphs; empty: `average`, and `average_1`, `average_2` for further ones
public record Average(String name) implements MergeLayer {
    public Average {
        Settings.name("Average", name);
    }

    /// Of any number of inputs.
    public static Average of() {
        return new Average("");
    }

    @Override
    public Value merge(Scope scope, List<Value> inputs) {
        return scope.average(inputs);
    }

    @Override
    public Average named(String name) {
        return new Average(name);
    }
}
