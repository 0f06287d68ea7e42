package dev.rondo.promises;

import dev.rondo.layers.Layer;
import dev.rondo.layers.Lstm;
import java.util.List;
import java.util.function.IntFunction;

/// A recurrent layer that every promise is kept with. A new one is a line of [#ALL].
///
/// @param name of its own
/// @param last makes it of so many units, giving its last output
/// @param sequences makes it of so many units, giving its output at every step
record Cell(String name, IntFunction<Layer> last, IntFunction<Layer> sequences) {
    static final List<Cell> ALL =
            List.of(new Cell("lstm", Lstm::units, units -> Lstm.units(units).returnSequences()));

    static Cell named(String name) {
        return ALL.stream().filter(cell -> cell.name.equals(name)).findFirst().orElseThrow();
    }

    Layer last(int units) {
        return last.apply(units);
    }

    Layer sequences(int units) {
        return sequences.apply(units);
    }

    @Override
    public String toString() {
        return name;
    }
}
