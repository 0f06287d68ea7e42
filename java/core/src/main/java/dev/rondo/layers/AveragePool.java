package dev.rondo.layers;

import dev.rondo.graph.Graph;
import dev.rondo.graph.Op;
import dev.rondo.graph.Op.Padding;
import dev.rondo.graph.Value;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;

/// The mean of the steps under each window, feature by feature: Keras's `AveragePooling1D` without padding.
///
/// Takes float32 `[B,T,n]` and gives `[B,S,n]` with `S = (T - size) / stride + 1` whole windows. Of sequences of any
/// length S is a symbol of its own, and lengths follow: a sequence of so many steps has as many windows as it has alone.
/// Steps behind its length yield zeros. Such a layer cannot be streamed unless a window is one step.
///
/// @param name how it is called in graphs; empty: `average_pool`, and `average_pool_1` for further ones
/// @param size steps of a window
/// @param stride steps from a window to the next
public record AveragePool(String name, int size, int stride) implements UnaryLayer {
    public AveragePool {
        Settings.name("AveragePool", name);
        Settings.windows("AveragePool", size, stride, 1);
    }

    /// Of windows side by side.
    public static AveragePool size(int size) {
        return new AveragePool("", size, size);
    }

    /// With so many steps from a window to the next.
    public AveragePool stride(int stride) {
        return new AveragePool(name, size, stride);
    }

    @Override
    public Value apply(Scope scope, Value x) {
        if (x.type() != DataType.FLOAT32 || x.shape().rank() != 3) {
            throw scope.wrong("FLOAT32 [B,T,n]", x);
        }
        Graph.Builder graph = scope.graph();
        Value windows = scope.windows(new Op.Windows(size, stride, 1, Padding.VALID), x);
        Shape steps = windows.shape().leading().append(size).append(x.shape().dim(-1));
        Value parts = graph.reshape(scope.path() + ".steps", windows, steps);
        return graph.reduce(scope.path(), new Op.Reduce(Op.ReduceKind.MEAN, 2, 3), parts);
    }

    @Override
    public boolean isStreamable() {
        return size == 1 && stride == 1;
    }

    @Override
    public AveragePool named(String name) {
        return new AveragePool(name, size, stride);
    }
}
