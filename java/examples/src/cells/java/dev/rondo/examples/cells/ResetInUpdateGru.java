package dev.rondo.examples.cells;

import dev.rondo.graph.Value;
import dev.rondo.layers.Cell;
import dev.rondo.layers.CellScope;
import dev.rondo.layers.Initializer;

/// A GRU whose reset gate acts in the update too, and shares U with the candidate:
///
/// ```
/// z = s(Wz x + Uz h' + bz)    r = s(Wr x + U h' + br)    n = tanh(Wn x + U (r*h') + bn)
/// h = (1-z)*r*h' + z*n
/// ```
///
/// @param units size of each state, at least 1
public record ResetInUpdateGru(int units) implements Cell {
    @Override
    public Value step(CellScope s, Value x) {
        Value h = s.state("h", units);
        Value shared = s.matrix("shared", Initializer.orthogonal(), units, units);
        Value z = s.sigmoid(s.add(s.dense("zInput", x, units), s.recurrent("zState", h, units)));
        Value r = s.sigmoid(s.add(s.dense("rInput", x, units), s.times(shared, h)));
        Value reset = s.multiply(r, h);
        Value n = s.tanh(s.add(s.dense("nInput", x, units), s.times(shared, reset)));
        return s.next(h, s.mix(z, n, reset));
    }
}
