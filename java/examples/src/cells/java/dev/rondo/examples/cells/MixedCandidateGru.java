package dev.rondo.examples.cells;

import dev.rondo.graph.Value;
import dev.rondo.layers.Cell;
import dev.rondo.layers.CellScope;
import dev.rondo.layers.Initializer;

/// A GRU of one gate, one W and one U, without a bias:
///
/// ```
/// r = z = s(W x + U h')    n = tanh(r*h' + (1-r)*tanh(U h' + W x))    h = z*h' + (1-z)*n
/// ```
///
/// @param units size of each state, at least 1
public record MixedCandidateGru(int units) implements Cell {
    @Override
    public Value step(CellScope s, Value x) {
        Value h = s.state("h", units);
        Value a = s.add(s.product("input", x, units, Initializer.glorotUniform()), s.recurrent("state", h, units));
        Value gate = s.sigmoid(a);
        Value n = s.tanh(s.mix(gate, h, s.tanh(a)));
        return s.next(h, s.mix(gate, h, n));
    }
}
