package dev.rondo.cli;

import picocli.CommandLine.Option;

/// The options that say what recurrent layers a model has.
final class StackOptions {
    @Option(
            names = "--cell",
            paramLabel = "lstm|gru|rnn",
            defaultValue = "lstm",
            converter = Converters.Cells.class,
            description = "Cell of the recurrent layers (${DEFAULT-VALUE}).")
    private Cell cell = Cell.LSTM;

    @Option(
            names = "--units",
            paramLabel = "N",
            converter = Converters.Count.class,
            description = "Units of a recurrent layer (${DEFAULT-VALUE}).")
    private int units;

    @Option(
            names = "--layers",
            paramLabel = "N",
            converter = Converters.Count.class,
            description = "Recurrent layers (${DEFAULT-VALUE}).")
    private int layers = 1;

    @Option(
            names = "--dropout",
            paramLabel = "X",
            converter = Converters.Fraction.class,
            description = "Part that is dropped behind each recurrent layer (${DEFAULT-VALUE}).")
    private double dropout;

    /// @param units where none are given
    StackOptions(int units) {
        this.units = units;
    }

    RecurrentStack stack() {
        return new RecurrentStack(cell, units, layers, dropout);
    }
}
