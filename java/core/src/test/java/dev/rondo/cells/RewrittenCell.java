package dev.rondo.cells;

import dev.rondo.graph.Op.UnaryKind;
import dev.rondo.graph.RecurrentCell;
import dev.rondo.graph.Value;
import dev.rondo.layers.Cell;
import dev.rondo.layers.CellScope;
import dev.rondo.layers.Initializer;

/// A fused cell written again as a step of graph, with one bias (two for bhn of the GRU that resets after the product).
/// Its parameters are those of the fused one cut into gates: of gate k `Wk`, `Uk`, `bk`, further `bhn`, and `p0`, `p1`,
/// `p2` of peepholes.
public record RewrittenCell(RecurrentCell kind, int units) implements Cell {
    private static final Initializer WEIGHTS = Initializer.glorotUniform();
    private static final Initializer ZEROS = Initializer.zeros();

    @Override
    public Value step(CellScope s, Value x) {
        return switch (kind) {
            case LSTM, LSTM_PEEPHOLES -> lstm(s, x);
            case GRU_RESET_AFTER, GRU_RESET_BEFORE -> gru(s, x);
            case RNN_TANH -> rnn(s, x, UnaryKind.TANH);
            case RNN_RELU -> rnn(s, x, UnaryKind.RELU);
            case RNN_SIGMOID -> rnn(s, x, UnaryKind.SIGMOID);
            case RNN_IDENTITY -> rnn(s, x, UnaryKind.IDENTITY);
        };
    }

    private Value rnn(CellScope s, Value x, UnaryKind activation) {
        Value h = s.state("h", units);
        return s.next(h, s.unary(activation, s.add(input(s, 0, x), state(s, 0, s.dropped(h)))));
    }

    private Value lstm(CellScope s, Value x) {
        Value h = s.state("h", units);
        Value c = s.state("c", units);
        Value seen = s.dropped(h);
        Value i = s.sigmoid(peep(s, 0, c, s.add(input(s, 0, x), state(s, 0, seen))));
        Value f = s.sigmoid(peep(s, 1, c, s.add(input(s, 1, x), state(s, 1, seen))));
        Value g = s.tanh(s.add(input(s, 2, x), state(s, 2, seen)));
        Value cNext = s.next(c, s.add(s.multiply(f, c), s.multiply(i, g)));
        Value o = s.sigmoid(peep(s, 2, cNext, s.add(input(s, 3, x), state(s, 3, seen))));
        return s.next(h, s.multiply(o, s.tanh(cNext)));
    }

    private Value peep(CellScope s, int number, Value c, Value sum) {
        return kind.hasPeepholes() ? s.add(sum, s.multiply(s.vector("p" + number, ZEROS, units), c)) : sum;
    }

    private Value gru(CellScope s, Value x) {
        Value h = s.state("h", units);
        Value seen = s.dropped(h);
        Value r = s.sigmoid(s.add(input(s, 0, x), state(s, 0, seen)));
        Value z = s.sigmoid(s.add(input(s, 1, x), state(s, 1, seen)));
        Value product = kind.hasBiasHn()
                ? s.multiply(r, s.add(state(s, 2, seen), s.vector("bhn", ZEROS, units)))
                : state(s, 2, s.multiply(r, seen));
        Value n = s.tanh(s.add(input(s, 2, x), product));
        return s.next(h, s.mix(z, h, n));
    }

    private Value input(CellScope s, int gate, Value x) {
        Value weight = s.matrix("W" + gate, WEIGHTS, units, s.width(x));
        return s.add(s.times(weight, x), s.vector("b" + gate, ZEROS, units));
    }

    private Value state(CellScope s, int gate, Value h) {
        return s.times(s.matrix("U" + gate, WEIGHTS, units, units), h);
    }
}
