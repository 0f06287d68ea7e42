package dev.rondo.layers;

import dev.rondo.graph.Value;
import dev.rondo.tensor.DataType;

/// The steps of each sequence from its own last one to its first, as Sutskever, Vinyals & Le (2014) read a source.
///
/// Takes and gives float32 `[B,T,...]`. Steps behind a sequence's length yield zeros.
///
/// @param name how it is called in graphs; empty: `reverse`, and `reverse_1`, `reverse_2` for further ones
public record Reverse(String name) implements UnaryLayer {
    public Reverse {
        Settings.name("Reverse", name);
    }

    /// Of sequences of any features.
    public static Reverse of() {
        return new Reverse("");
    }

    @Override
    public Value apply(Scope scope, Value x) {
        if (x.type() != DataType.FLOAT32 || x.shape().rank() < 3) {
            throw scope.wrong("FLOAT32 [B,T,...]", x);
        }
        return scope.lengths(x)
                .map(lengths -> scope.graph().reverseTime(scope.path(), x, lengths))
                .orElseGet(() -> scope.graph().reverseTime(scope.path(), x));
    }

    @Override
    public boolean isStreamable() {
        return false;
    }

    @Override
    public Reverse named(String name) {
        return new Reverse(name);
    }
}
