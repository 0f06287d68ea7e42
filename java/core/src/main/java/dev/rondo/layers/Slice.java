package dev.rondo.layers;

import dev.rondo.graph.Value;
import dev.rondo.tensor.DataType;

/// Some of the features, those `from` to below `to`, of an example or of every step.
///
/// Takes float32 `[B,...,n]` and gives `[B,...,to - from]`.
///
/// @param name how it is called in graphs; empty: `slice`, and `slice_1`, `slice_2` for further ones
/// @param from the first, from 0
/// @param to the one behind the last, above from
public record Slice(String name, int from, int to) implements UnaryLayer {
    public Slice {
        Settings.name("Slice", name);
        if (from < 0 || to <= from) {
            throw new IllegalArgumentException("Slice: from, to: expected 0 <= from < to, got %d, %d".formatted(from, to));
        }
    }

    /// Of these features.
    ///
    /// @param from the first, from 0
    /// @param to the one behind the last
    public static Slice features(int from, int to) {
        return new Slice("", from, to);
    }

    @Override
    public Value apply(Scope scope, Value x) {
        if (x.type() != DataType.FLOAT32 || x.shape().rank() < 2 || x.shape().dim(-1) < to) {
            throw scope.wrong("FLOAT32 [B,...,n] of at least %d features".formatted(to), x);
        }
        return scope.graph().slice(scope.path(), x, -1, from, to);
    }

    @Override
    public Slice named(String name) {
        return new Slice(name, from, to);
    }
}
