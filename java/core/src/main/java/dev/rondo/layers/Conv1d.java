package dev.rondo.layers;

import dev.rondo.graph.Graph;
import dev.rondo.graph.Op;
import dev.rondo.graph.Op.Padding;
import dev.rondo.graph.Value;
import dev.rondo.tensor.DataType;

/// A convolution over time, as Keras's `Conv1D` has it: `y[s] = activation(W [x[a], x[a + dilation], ...] + b)` for the
/// steps of x under each window, `size` of them, from `a = s stride - before` on, with zeros where x has no such step. How
/// many windows there are, and how many steps of padding stand before the first, [Op.Windows] tells.
///
/// Takes float32 `[B,T,n]` and gives `[B,S,filters]`. With a stride of 1 and [Padding#SAME] or [Padding#CAUSAL] S is T.
/// Else S, of sequences of any length, is a symbol of its own, and lengths follow: a sequence of so many steps has as many
/// windows as it has alone. [Padding#SAME] with a larger stride needs a fixed T. Steps behind a sequence's length count as
/// zeros, as those behind T do, and yield zeros. A batch of fewer steps than a window without padding takes is refused.
/// A model may give one output for each window ([dev.rondo.Model#outputLengths] counts them); of losses it can have then
/// only [dev.rondo.training.Loss#ctc].
///
/// Its parameters are `weight` `[filters, size * n]`, with the n features of a window's first step in front, and `bias`
/// `[filters]`. The fan-out of its weights' first values is `filters`, where Keras takes `size * filters`. It can be
/// streamed only where a window is one step: else a piece would have to know the steps before it.
///
/// @param name of its parameters' path; empty: `conv1d`, and `conv1d_1`, `conv1d_2` for further ones
/// @param filters size of the output
/// @param size steps of a window
/// @param stride steps from a window to the next
/// @param dilation steps between two of a window
/// @param padding what is around a sequence
/// @param activation what is done to the sums
/// @param biases whether it has a bias
/// @param weights how `weight` begins
/// @param bias how `bias` begins
public record Conv1d(
        String name,
        int filters,
        int size,
        int stride,
        int dilation,
        Padding padding,
        Activation activation,
        Bias biases,
        Initializer weights,
        Initializer bias)
        implements UnaryLayer {
    public Conv1d {
        Settings.name("Conv1d", name);
        Settings.atLeastOne("Conv1d: filters", filters);
        Settings.windows("Conv1d", size, stride, dilation);
        if (biases == Bias.TWO) {
            throw new IllegalArgumentException("Conv1d: biases: expected ONE or NONE, got TWO");
        }
    }

    /// With Keras's settings: a stride and a dilation of 1, no padding, linear, Glorot-uniform weights, a bias of zeros.
    ///
    /// @param size steps of a window
    public static Conv1d filters(int filters, int size) {
        return new Conv1d("", filters, size, 1, 1, Padding.VALID, Activation.LINEAR, Bias.ONE,
                Initializer.glorotUniform(), Initializer.zeros());
    }

    /// With so many steps from a window to the next.
    public Conv1d stride(int stride) {
        return new Conv1d(name, filters, size, stride, dilation, padding, activation, biases, weights, bias);
    }

    /// With so many steps between two of a window.
    public Conv1d dilation(int dilation) {
        return new Conv1d(name, filters, size, stride, dilation, padding, activation, biases, weights, bias);
    }

    /// With as many steps of padding before a sequence as behind it, so that with a stride of 1 none is lost.
    public Conv1d same() {
        return padding(Padding.SAME);
    }

    /// With padding before a sequence only, so that no window sees a step behind its own (van den Oord et al. 2016).
    public Conv1d causal() {
        return padding(Padding.CAUSAL);
    }

    /// With other padding.
    public Conv1d padding(Padding padding) {
        return new Conv1d(name, filters, size, stride, dilation, padding, activation, biases, weights, bias);
    }

    /// With another activation.
    public Conv1d activation(Activation activation) {
        return new Conv1d(name, filters, size, stride, dilation, padding, activation, biases, weights, bias);
    }

    /// With a bias or none.
    public Conv1d biases(Bias biases) {
        return new Conv1d(name, filters, size, stride, dilation, padding, activation, biases, weights, bias);
    }

    /// With other first values for `weight`.
    public Conv1d weights(Initializer weights) {
        return new Conv1d(name, filters, size, stride, dilation, padding, activation, biases, weights, bias);
    }

    /// With other first values for `bias`.
    public Conv1d bias(Initializer bias) {
        return new Conv1d(name, filters, size, stride, dilation, padding, activation, biases, weights, bias);
    }

    @Override
    public Value apply(Scope scope, Value x) {
        if (x.type() != DataType.FLOAT32 || x.shape().rank() != 3) {
            throw scope.wrong("FLOAT32 [B,T,n]", x);
        }
        Graph.Builder graph = scope.graph();
        String path = scope.path();
        Value windows = scope.windows(new Op.Windows(size, stride, dilation, padding), x);
        String result = scope.lengths(windows).isPresent() ? path + ".all" : path;
        String sum = activation == Activation.LINEAR ? result : path + ".sum";
        Value weight = scope.matrix("weight", weights, filters, windows.shape().dim(-1));
        Value y = switch (biases) {
            case ONE -> graph.dense(sum, windows, weight, scope.vector("bias", bias, filters));
            case NONE -> graph.dense(sum, windows, weight);
            case TWO -> throw new IllegalStateException("the constructor refuses it");
        };
        return scope.masked(path, activation.add(graph, result, y));
    }

    @Override
    public boolean isStreamable() {
        return size == 1 && stride == 1;
    }

    @Override
    public Conv1d named(String name) {
        return new Conv1d(name, filters, size, stride, dilation, padding, activation, biases, weights, bias);
    }
}
