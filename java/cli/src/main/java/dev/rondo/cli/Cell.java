package dev.rondo.cli;

import dev.rondo.layers.Gru;
import dev.rondo.layers.Lstm;
import dev.rondo.layers.Recurrent;
import dev.rondo.layers.SimpleRnn;

/// The recurrent cells of the command line, each with the settings of its layer that Keras has.
enum Cell {
    LSTM("LSTM", 4),
    GRU("GRU", 3),
    RNN("simple RNN", 1);

    private final String title;
    private final int gates;

    Cell(String title, int gates) {
        this.title = title;
        this.gates = gates;
    }

    /// A layer of such cells that gives its last output.
    Recurrent<?> layer(int units) {
        return switch (this) {
            case LSTM -> Lstm.units(units);
            case GRU -> Gru.units(units);
            case RNN -> SimpleRnn.units(units);
        };
    }

    /// What it is called in reports.
    String title() {
        return title;
    }

    /// How many blocks of weights are stacked.
    int gates() {
        return gates;
    }
}
