package dev.rondo.layers;

import dev.rondo.graph.Op;
import dev.rondo.graph.RecurrentCell;
import dev.rondo.graph.RecurrentInputs;
import dev.rondo.graph.RecurrentOutputs;
import dev.rondo.graph.Value;
import dev.rondo.tensor.DataType;

/// Adds recurrent layers to graphs.
final class Cells {
    private Cells() {}

    /// Checks what all recurrent layers have.
    static void check(String layer, String name, RecurrentCell cell, RecurrentSettings settings) {
        Settings.name(layer, name);
        // The gates are stacked.
        Settings.atMost(layer + ": units", Integer.MAX_VALUE / cell.gates(), settings.units());
    }

    /// Inputs with the parameters that all cells have.
    static RecurrentInputs inputs(Scope scope, RecurrentCell cell, RecurrentSettings settings, Value x) {
        if (x.type() != DataType.FLOAT32 || x.shape().rank() != 3) {
            throw scope.wrong("FLOAT32 [B,T,I]", x);
        }
        int units = settings.units();
        int rows = cell.gates() * units;
        RecurrentInputs inputs = RecurrentInputs.of(
                x,
                scope.matrix("weightIh", settings.weights(), rows, x.shape().dim(-1)),
                scope.matrix("weightHh", settings.recurrentWeights(), rows, units));
        return switch (settings.biases()) {
            case NONE -> inputs;
            case ONE -> {
                RecurrentInputs one = inputs.biasIh(scope.vector("bias", settings.bias(), rows));
                yield cell.hasBiasHn() ? one.biasHn(scope.vector("biasHn", settings.recurrentBias(), units)) : one;
            }
            case TWO -> inputs.biasIh(scope.vector("biasIh", settings.bias(), rows))
                    .biasHh(scope.vector("biasHh", settings.recurrentBias(), rows));
        };
    }

    /// Adds the cell and gives what the layer gives.
    static Value add(Scope scope, RecurrentCell cell, RecurrentSettings settings, RecurrentInputs inputs) {
        RecurrentOutputs outputs =
                scope.recurrent(new Op.Recurrent(cell, settings.direction()), inputs, settings);
        return switch (settings.output()) {
            case SEQUENCES -> outputs.y();
            case LAST -> outputs.hN();
        };
    }
}
