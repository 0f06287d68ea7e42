package dev.rondo.layers;

import dev.rondo.graph.Op;
import dev.rondo.graph.RecurrentCell;
import dev.rondo.graph.RecurrentInputs;
import dev.rondo.graph.RecurrentOutputs;
import dev.rondo.graph.Value;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

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
    ///
    /// @param values x, and states or none
    static RecurrentInputs inputs(Scope scope, RecurrentCell cell, RecurrentSettings settings, List<Value> values) {
        int states = cell.hasC() ? 2 : 1;
        if (values.size() != 1 && values.size() != 1 + states) {
            throw new IllegalArgumentException("%s: expected x, or x and %s, got %d inputs"
                    .formatted(scope.path(), states == 2 ? "its states h and c" : "its state h", values.size()));
        }
        Value x = values.getFirst();
        if (x.type() != DataType.FLOAT32 || x.shape().rank() != 3) {
            throw scope.wrong("FLOAT32 [B,T,I]", x);
        }
        int units = settings.units();
        for (Value state : values.subList(1, values.size())) {
            if (state.type() != DataType.FLOAT32 || !state.shape().equals(Shape.of(Shape.BATCH, units))) {
                throw scope.wrong("a state FLOAT32 " + Shape.of(Shape.BATCH, units), state);
            }
        }
        int rows = cell.gates() * units;
        RecurrentInputs inputs = RecurrentInputs.of(
                x,
                scope.matrix("weightIh", settings.weights(), rows, x.shape().dim(-1)),
                scope.matrix("weightHh", settings.recurrentWeights(), rows, units));
        inputs = scope.lengths(x).map(inputs::lengths).orElse(inputs);
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
    ///
    /// @param values x, and states or none
    static SequencedMap<String, Value> add(
            Scope scope, RecurrentCell cell, RecurrentSettings settings, RecurrentInputs inputs, List<Value> values) {
        List<Value> begin = values.size() > 1 ? values.subList(1, values.size()) : begin(scope, cell, settings);
        RecurrentOutputs made =
                scope.recurrent(new Op.Recurrent(cell, settings.direction()), inputs, settings, begin);
        SequencedMap<String, Value> outputs = new LinkedHashMap<>();
        outputs.put(Layer.Y, switch (settings.output()) {
            case SEQUENCES -> made.y();
            case LAST -> made.hN();
        });
        outputs.put("h", made.hN());
        made.cN().ifPresent(cN -> outputs.put("c", cN));
        return outputs;
    }

    private static List<Value> begin(Scope scope, RecurrentCell cell, RecurrentSettings settings) {
        return switch (settings.initialState()) {
            case ZERO -> List.of();
            case TRAINED -> {
                List<Value> states = new ArrayList<>();
                states.add(scope.rows("h0.trained", scope.vector("initialH", Initializer.zeros(), settings.units())));
                if (cell.hasC()) {
                    states.add(scope.rows("c0.trained", scope.vector("initialC", Initializer.zeros(), settings.units())));
                }
                yield states;
            }
        };
    }
}
