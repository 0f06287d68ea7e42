package dev.rondo.layers;

import dev.rondo.graph.Graph;
import dev.rondo.graph.Op;
import dev.rondo.graph.Op.Padding;
import dev.rondo.graph.Value;
import dev.rondo.tensor.DataType;
import java.util.ArrayList;
import java.util.List;

/// The largest of the steps under each window, feature by feature (its gradient goes to the
/// first of these): Keras's `MaxPooling1D` without padding.
///
/// Takes float32 `[B,T,n]` and gives `[B,S,n]` with `S = (T - size) / stride + 1` whole windows. Of sequences of any
/// length S is a symbol of its own, and lengths follow: a sequence of so many steps has as many windows as it has alone.
/// Steps behind its length yield zeros. Such a layer cannot be streamed unless a window is one step.
///
/// @param name how it is called in graphs; empty: `max_pool`, and `max_pool_1` for further ones
/// @param size steps of a window, at most [#MAX_SIZE]
/// @param stride steps from a window to the next
public record MaxPool(String name, int size, int stride) implements UnaryLayer {
    /// The most steps of a window.
    public static final int MAX_SIZE = 1024;

    public MaxPool {
        Settings.name("MaxPool", name);
        Settings.windows("MaxPool", size, stride, 1);
        Settings.atMost("MaxPool: size", MAX_SIZE, size);
    }

    /// Of windows side by side.
    public static MaxPool size(int size) {
        return new MaxPool("", size, size);
    }

    /// With so many steps from a window to the next.
    public MaxPool stride(int stride) {
        return new MaxPool(name, size, stride);
    }

    @Override
    public Value apply(Scope scope, Value x) {
        if (x.type() != DataType.FLOAT32 || x.shape().rank() != 3) {
            throw scope.wrong("FLOAT32 [B,T,n]", x);
        }
        Graph.Builder graph = scope.graph();
        Value windows = scope.windows(new Op.Windows(size, stride, 1, Padding.VALID), x);
        int features = x.shape().dim(-1);
        List<Value> steps = new ArrayList<>();
        for (int step = 0; step < size; step++) {
            steps.add(graph.slice(
                    scope.path() + ".step" + step, windows, -1, step * features, (step + 1) * features));
        }
        return scope.fold(Op.BinaryKind.MAXIMUM, steps);
    }

    @Override
    public boolean isStreamable() {
        return size == 1 && stride == 1;
    }

    @Override
    public MaxPool named(String name) {
        return new MaxPool(name, size, stride);
    }
}
