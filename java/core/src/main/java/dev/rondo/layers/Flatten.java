package dev.rondo.layers;

import dev.rondo.graph.Value;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;

/// All numbers of an example in one row, or of a step where the number of steps is a symbol.
///
/// Takes float32 `[B,...]` and gives `[B,n]`; of `[B,T,...]` it gives `[B,T,n]`. Sequences of any length become one row
/// by [PoolTime] instead.
///
/// @param name how it is called in graphs; empty: `flatten`, and `flatten_1`, `flatten_2` for further ones
public record Flatten(String name) implements UnaryLayer {
    public Flatten {
        Settings.name("Flatten", name);
    }

    /// Of examples of any shape.
    public static Flatten of() {
        return new Flatten("");
    }

    @Override
    public Value apply(Scope scope, Value x) {
        Shape shape = x.shape();
        int kept = shape.rank() > 1 && Shape.isTime(shape.dim(1)) ? 2 : 1;
        if (x.type() != DataType.FLOAT32 || shape.rank() <= kept) {
            throw scope.wrong("FLOAT32 [B,...] or [B,T,...]", x);
        }
        int features = Math.toIntExact(shape.slice(kept, shape.rank()).elements());
        return scope.graph().reshape(scope.path(), x, shape.slice(0, kept).append(features));
    }

    @Override
    public Flatten named(String name) {
        return new Flatten(name);
    }
}
