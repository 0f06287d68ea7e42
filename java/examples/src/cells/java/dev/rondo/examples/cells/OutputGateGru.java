package dev.rondo.examples.cells;

import dev.rondo.graph.Value;
import dev.rondo.layers.Cell;
import dev.rondo.layers.CellScope;

/// A GRU with a second state, and an output gate that sees it by a matrix:
///
/// ```
/// z = s(Wz x + Uz h' + bz)    r = s(Wr x + Ur h' + br)    n = tanh(Wn x + Un (r*h') + bn)
/// c = z*c' + (1-z)*n    h = tanh(c)*s(Uo h' + Vo c + bo)
/// ```
///
/// @param units size of each state, at least 1
public record OutputGateGru(int units) implements Cell {
    @Override
    public Value step(CellScope s, Value x) {
        Value h = s.state("h", units);
        Value c = s.state("c", units);
        Value z = s.sigmoid(sum(s, "z", x, h));
        Value r = s.sigmoid(sum(s, "r", x, h));
        Value n = s.tanh(sum(s, "n", x, s.multiply(r, h)));
        Value cNext = s.next(c, s.mix(z, c, n));
        Value o = s.sigmoid(s.add(s.recurrent("oState", h, units), s.dense("oCell", cNext, units)));
        return s.next(h, s.multiply(s.tanh(cNext), o));
    }

    private Value sum(CellScope s, String name, Value x, Value h) {
        return s.add(s.dense(name + "Input", x, units), s.recurrent(name + "State", h, units));
    }
}
