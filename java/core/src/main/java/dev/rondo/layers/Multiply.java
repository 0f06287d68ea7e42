package dev.rondo.layers;

import dev.rondo.graph.Op.BinaryKind;
import dev.rondo.graph.Value;
import java.util.List;

/// The product of its inputs, element by element.
///
/// Takes and gives what [MergeLayer] says.
///
/// @param name how it is called in graphs; empty: `multiply`, and `multiply_1`, `multiply_2` for further ones
public record Multiply(String name) implements MergeLayer {
    public Multiply {
        Settings.name("Multiply", name);
    }

    /// Of any number of inputs.
    public static Multiply of() {
        return new Multiply("");
    }

    @Override
    public Value merge(Scope scope, List<Value> inputs) {
        return scope.fold(BinaryKind.MULTIPLY, inputs);
    }

    @Override
    public Multiply named(String name) {
        return new Multiply(name);
    }
}
