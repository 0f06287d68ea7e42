package dev.rondo.layers;

import dev.rondo.graph.Value;

/// A recurrent cell of one's own: what happens at one step, written down once. [Rnn] runs it over time and trains it
/// with exact gradients.
///
/// ```java
/// // h = tanh(W x + U h' + b)
/// Cell cell = (s, x) -> {
///     Value h = s.state("h", 32);
///     Value sum = s.add(s.dense("input", x, 32), s.recurrent("state", s.dropped(h), 32));
///     return s.next(h, s.tanh(sum));
/// };
/// Rnn layer = Rnn.of(cell).returnSequences();
/// ```
///
/// What is said of a step is recorded as a graph, which a model's file holds: to load it, the cell is not needed.
@FunctionalInterface
public interface Cell {
    /// Says what a step does. Called once for a layer.
    ///
    /// @param scope names states and parameters, and computes
    /// @param x what enters the step, `[B,I]`
    /// @return what leaves it, `[B,n]`
    Value step(CellScope scope, Value x);
}
