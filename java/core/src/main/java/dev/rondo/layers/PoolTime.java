package dev.rondo.layers;

import dev.rondo.graph.Op.PoolKind;
import dev.rondo.graph.Value;
import dev.rondo.tensor.DataType;

/// One row of each sequence: the largest, the mean, the sum, the first or the last of its steps, feature by feature.
/// Keras's `GlobalMaxPooling1D` and `GlobalAveragePooling1D`.
///
/// Takes float32 `[B,T,...]` and gives `[B,...]`. Only the steps before a sequence's length count; of a sequence of none
/// the row is zero. Other than the last, such a layer cannot be streamed.
///
/// @param name how it is called in graphs; empty: `pool_time`, and `pool_time_1` for further ones
/// @param kind what is taken of the steps
public record PoolTime(String name, PoolKind kind) implements UnaryLayer {
    public PoolTime {
        Settings.name("PoolTime", name);
    }

    /// The largest. Its gradient goes to the first of these.
    public static PoolTime max() {
        return new PoolTime("", PoolKind.MAX);
    }

    /// The mean.
    public static PoolTime mean() {
        return new PoolTime("", PoolKind.MEAN);
    }

    /// The sum.
    public static PoolTime sum() {
        return new PoolTime("", PoolKind.SUM);
    }

    /// The first step.
    public static PoolTime first() {
        return new PoolTime("", PoolKind.FIRST);
    }

    /// Each sequence's own last step.
    public static PoolTime last() {
        return new PoolTime("", PoolKind.LAST);
    }

    @Override
    public Value apply(Scope scope, Value x) {
        if (x.type() != DataType.FLOAT32 || x.shape().rank() < 3) {
            throw scope.wrong("FLOAT32 [B,T,...]", x);
        }
        return scope.lengths(x)
                .map(lengths -> scope.graph().poolTime(scope.path(), kind, x, lengths))
                .orElseGet(() -> scope.graph().poolTime(scope.path(), kind, x));
    }

    @Override
    public boolean isStreamable() {
        return kind == PoolKind.LAST;
    }

    @Override
    public PoolTime named(String name) {
        return new PoolTime(name, kind);
    }
}
