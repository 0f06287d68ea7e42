package dev.rondo.promises;

import dev.rondo.layers.Gru;
import dev.rondo.layers.Layer;
import dev.rondo.layers.Lstm;
import dev.rondo.layers.Recurrent;
import dev.rondo.layers.SimpleRnn;
import java.util.List;
import java.util.function.IntFunction;

/// A recurrent layer that every promise is kept with. A new one is a line of [#ALL].
///
/// @param name of its own
/// @param units makes it of so many units
record Cell(String name, IntFunction<Recurrent<?>> units) {
    static final List<Cell> ALL = List.of(
            new Cell("lstm", Lstm::units),
            new Cell("lstm-peepholes", units -> Lstm.units(units).peepholes()),
            new Cell("gru-after", Gru::units),
            new Cell("gru-before", units -> Gru.units(units).reset(Gru.Reset.BEFORE)),
            new Cell("rnn", SimpleRnn::units));

    static Cell named(String name) {
        return ALL.stream().filter(cell -> cell.name.equals(name)).findFirst().orElseThrow();
    }

    /// Giving its last output.
    Layer last(int units) {
        return this.units.apply(units);
    }

    /// Giving its output at every step.
    Layer sequences(int units) {
        return this.units.apply(units).returnSequences();
    }

    @Override
    public String toString() {
        return name;
    }
}
