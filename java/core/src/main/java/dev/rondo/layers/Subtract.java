package dev.rondo.layers;

import dev.rondo.graph.Op.BinaryKind;
import dev.rondo.graph.Value;
import java.util.List;

/// The first of two inputs less the second, element by element.
///
/// Takes two inputs and gives what [MergeLayer] says.
///
/// @param name how it is called in graphs; empty: `subtract`, and `subtract_1`, `subtract_2` for further ones
public record Subtract(String name) implements MergeLayer {
    public Subtract {
        Settings.name("Subtract", name);
    }

    /// Of two inputs.
    public static Subtract of() {
        return new Subtract("");
    }

    @Override
    public void check(Scope scope, List<Value> inputs) {
        scope.expectInputs(2, 2, inputs);
        MergeLayer.super.check(scope, inputs);
    }

    @Override
    public Value merge(Scope scope, List<Value> inputs) {
        return scope.fold(BinaryKind.SUBTRACT, inputs);
    }

    @Override
    public Subtract named(String name) {
        return new Subtract(name);
    }
}
