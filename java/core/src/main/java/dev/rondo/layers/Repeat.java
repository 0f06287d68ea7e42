package dev.rondo.layers;

import dev.rondo.graph.Value;
import dev.rondo.tensor.DataType;

/// A row of numbers as each step of a sequence: Keras's `RepeatVector`.
///
/// Takes float32 `[B,n]` and gives `[B,steps,n]`.
///
/// @param name how it is called in graphs; empty: `repeat`, and `repeat_1`, `repeat_2` for further ones
/// @param steps how many
public record Repeat(String name, int steps) implements UnaryLayer {
    public Repeat {
        Settings.name("Repeat", name);
        Settings.atLeastOne("Repeat: steps", steps);
    }

    /// So many times.
    public static Repeat times(int steps) {
        return new Repeat("", steps);
    }

    @Override
    public Value apply(Scope scope, Value x) {
        if (x.type() != DataType.FLOAT32 || x.shape().rank() != 2) {
            throw scope.wrong("FLOAT32 [B,n]", x);
        }
        return scope.graph().repeat(scope.path(), x, steps);
    }

    @Override
    public boolean isStreamable() {
        return false;
    }

    @Override
    public Repeat named(String name) {
        return new Repeat(name, steps);
    }
}
