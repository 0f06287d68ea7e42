package dev.rondo.layers;

import dev.rondo.graph.Op.BinaryKind;
import dev.rondo.graph.Value;
import java.util.List;

/// The sum of its inputs, element by element.
///
/// Takes and gives what [MergeLayer] says.
///
/// @param name how it is called in graphs; empty: `add`, and `add_1`, `add_2` for further ones
public record Add(String name) implements MergeLayer {
    public Add {
        Settings.name("Add", name);
    }

    /// Of any number of inputs.
    public static Add of() {
        return new Add("");
    }

    @Override
    public Value merge(Scope scope, List<Value> inputs) {
        return scope.fold(BinaryKind.ADD, inputs);
    }

    @Override
    public Add named(String name) {
        return new Add(name);
    }
}
