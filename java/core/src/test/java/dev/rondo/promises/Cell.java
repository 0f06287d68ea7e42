package dev.rondo.promises;

import dev.rondo.examples.cells.SharedWeightLstm;
import dev.rondo.layers.Gru;
import dev.rondo.layers.Layer;
import dev.rondo.layers.Lstm;
import dev.rondo.layers.Recurrent;
import dev.rondo.layers.Rnn;
import dev.rondo.layers.SimpleRnn;
import java.util.List;
import java.util.function.IntFunction;

/// A recurrent layer that every promise is kept with. A new one is a line of [#ALL].
///
/// @param name of its own
/// @param units makes it of so many units, giving its last output
/// @param sequences makes it give its output at every step
/// @param dropping makes it do so with recurrent dropout of a fifth
record Cell(String name, IntFunction<Layer> units, IntFunction<Layer> sequences, IntFunction<Layer> dropping) {
    static final List<Cell> ALL = List.of(
            fused("lstm", Lstm::units),
            fused("lstm-peepholes", units -> Lstm.units(units).peepholes()),
            fused("gru-after", Gru::units),
            fused("gru-before", units -> Gru.units(units).reset(Gru.Reset.BEFORE)),
            fused("rnn", SimpleRnn::units),
            new Cell(
                    "rnn-of-a-cell", units -> Rnn.of(new SharedWeightLstm(units)),
                    units -> Rnn.of(new SharedWeightLstm(units)).returnSequences(),
                    units -> Rnn.of(new SharedWeightLstm(units)).recurrentDropout(0.2).returnSequences()));

    static Cell fused(String name, IntFunction<Recurrent<?>> units) {
        return new Cell(
                name, units::apply, size -> units.apply(size).returnSequences(),
                size -> units.apply(size).recurrentDropout(0.2).returnSequences());
    }

    static Cell named(String name) {
        return ALL.stream().filter(cell -> cell.name.equals(name)).findFirst().orElseThrow();
    }

    /// Giving its last output.
    Layer last(int size) {
        return units.apply(size);
    }

    /// Giving its output at every step.
    Layer sequences(int size) {
        return sequences.apply(size);
    }

    /// Giving its output at every step, with recurrent dropout.
    Layer dropping(int size) {
        return dropping.apply(size);
    }

    @Override
    public String toString() {
        return name;
    }
}
