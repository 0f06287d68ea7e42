package dev.rondo.examples.cells;

import dev.rondo.graph.Value;
import dev.rondo.layers.Cell;
import dev.rondo.layers.CellScope;

/// An LSTM of logistic functions only, whose output gate does not see x but c, by a matrix:
///
/// ```
/// i = s(Wi x + Ui h' + bi)    f = s(Wf x + Uf h' + bf)    g = s(Wg x + Ug h' + bg)
/// c = f*c' + i*g    o = s(Uo h' + Vo c + bo)    h = o*s(c)
/// ```
///
/// @param units size of each state, at least 1
public record SigmoidLstm(int units) implements Cell {
    @Override
    public Value step(CellScope s, Value x) {
        Value h = s.state("h", units);
        Value c = s.state("c", units);
        Value i = gate(s, "i", x, h);
        Value f = gate(s, "f", x, h);
        Value g = gate(s, "g", x, h);
        Value cNext = s.next(c, s.add(s.multiply(f, c), s.multiply(i, g)));
        Value o = s.sigmoid(s.add(s.recurrent("oState", h, units), s.dense("oCell", cNext, units)));
        return s.next(h, s.multiply(o, s.sigmoid(cNext)));
    }

    private Value gate(CellScope s, String name, Value x, Value h) {
        return s.sigmoid(s.add(s.dense(name + "Input", x, units), s.recurrent(name + "State", h, units)));
    }
}
