package dev.rondo.cli;

import dev.rondo.Sequential;
import dev.rondo.layers.Dropout;
import dev.rondo.layers.Recurrent;
import dev.rondo.layers.RecurrentSettings.Output;

/// The recurrent layers of a model, one above the other.
///
/// @param cell of each
/// @param units of each
/// @param layers how many
/// @param dropout part that is dropped behind each while training
record RecurrentStack(Cell cell, int units, int layers, double dropout) {

    /// Adds the layers to a model.
    ///
    /// @param output of the last one
    void addTo(Sequential.Builder builder, Output output) {
        for (int number = 1; number <= layers; number++) {
            Recurrent<?> layer = cell.layer(units);
            builder.add(number < layers || output == Output.SEQUENCES ? layer.returnSequences() : layer);
            if (dropout > 0) {
                builder.add(Dropout.rate(dropout));
            }
        }
    }

    /// Multiply-adds of one time step's matrix products, forward.
    ///
    /// @param inputs numbers that the first layer takes
    double multiplyAdds(int inputs) {
        double sum = 0;
        for (int layer = 0; layer < layers; layer++) {
            sum += (double) cell.gates() * units * ((layer == 0 ? inputs : units) + units);
        }
        return sum;
    }

    /// `2 x LSTM 256`
    String describe() {
        return "%d x %s %d".formatted(layers, cell.title(), units);
    }
}
