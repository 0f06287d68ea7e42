package dev.rondo.examples.cells;

import dev.rondo.graph.Value;
import dev.rondo.layers.Cell;
import dev.rondo.layers.CellScope;
import dev.rondo.layers.Initializer;

/// An LSTM whose gates share their weights, without a bias:
///
/// ```
/// a = W x + U h'    i = f = o = s(a)    g = tanh(a)    c = f*c' + i*g    h = o*tanh(c)
/// ```
///
/// @param units size of each state, at least 1
public record SharedWeightLstm(int units) implements Cell {
    @Override
    public Value step(CellScope s, Value x) {
        Value h = s.state("h", units);
        Value c = s.state("c", units);
        Value a = s.add(
                s.product("input", x, units, Initializer.glorotUniform()), s.recurrent("state", s.dropped(h), units));
        Value gate = s.sigmoid(a);
        Value cNext = s.next(c, s.add(s.multiply(gate, c), s.multiply(gate, s.tanh(a))));
        return s.next(h, s.multiply(gate, s.tanh(cNext)));
    }
}
