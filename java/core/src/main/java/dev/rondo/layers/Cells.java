package dev.rondo.layers;

import dev.rondo.graph.Node;
import dev.rondo.graph.Op;
import dev.rondo.graph.Op.Direction;
import dev.rondo.graph.RecurrentCell;
import dev.rondo.graph.RecurrentInputs;
import dev.rondo.graph.RecurrentOutputs;
import dev.rondo.graph.Value;
import dev.rondo.layers.RecordedCell.Masks;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SequencedMap;

/// Adds recurrent layers to graphs: as a node that a fused kernel runs, or as a scan of a cell.
final class Cells {
    private Cells() {}

    /// How a scan walks over sequences.
    ///
    /// @param last a name for a state that holds the last output, if the cell has none; empty for none
    record Walk(Direction direction, double recurrentDropout, String last) {}

    /// Checks what all recurrent layers have.
    static void check(String layer, String name, int gates, RecurrentSettings settings) {
        Settings.name(layer, name);
        // The gates are stacked.
        Settings.atMost(layer + ": units", Integer.MAX_VALUE / gates, settings.units());
    }

    /// Says that a setting is beyond the fused kernels.
    static void beyond(List<String> all, boolean isBeyond, String setting, Object value) {
        if (isBeyond) {
            all.add(setting + " " + (value instanceof Activation ? value.toString().toLowerCase(Locale.ROOT) : value));
        }
    }

    /// What all layers have beyond the kernels.
    static List<String> beyond(RecurrentSettings settings) {
        List<String> all = new ArrayList<>();
        beyond(all, Settings.isBound(settings.inputClip()), "input clip", settings.inputClip());
        return all;
    }

    private static void checkInputs(Scope scope, Recurrent<?> layer, List<Value> values) {
        SequencedMap<String, Integer> states = layer.states();
        if (values.size() != 1 && values.size() != 1 + states.size()) {
            throw new IllegalArgumentException("%s: expected x, or x and %s, got %d inputs"
                    .formatted(
                            scope.path(), states.size() == 2 ? "its states h and c" : "its state h", values.size()));
        }
        Value x = values.getFirst();
        if (x.type() != DataType.FLOAT32 || x.shape().rank() != 3) {
            throw scope.wrong("FLOAT32 [B,T,I]", x);
        }
        List<Integer> sizes = List.copyOf(states.values());
        for (int i = 1; i < values.size(); i++) {
            Shape shape = Shape.of(Shape.BATCH, sizes.get(i - 1));
            if (values.get(i).type() != DataType.FLOAT32 || !values.get(i).shape().equals(shape)) {
                throw scope.wrong("a state FLOAT32 " + shape, values.get(i));
            }
        }
    }

    // ---------------------------------------------------------------------------------------------------------- fused

    /// Inputs of a fused node with the parameters that all cells have.
    ///
    /// @param values x, and states or none
    static RecurrentInputs inputs(Scope scope, RecurrentCell cell, Recurrent<?> layer, List<Value> values) {
        checkInputs(scope, layer, values);
        RecurrentSettings settings = layer.settings();
        Value x = values.getFirst();
        int units = settings.units();
        int rows = cell.gates() * units;
        RecurrentInputs inputs = RecurrentInputs.of(
                x,
                scope.matrix("weightIh", settings.weights(), rows, x.shape().dim(-1)),
                scope.matrix("weightHh", settings.recurrentWeights(), rows, units));
        Optional<Value> lengths = scope.lengths(x);
        if (lengths.isPresent()) {
            inputs = inputs.lengths(lengths.get());
        }
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

    /// Adds the fused node and gives what the layer gives.
    ///
    /// @param values x, and states or none
    static SequencedMap<String, Value> fused(
            Scope scope, RecurrentCell cell, Recurrent<?> layer, RecurrentInputs inputs, List<Value> values) {
        RecurrentSettings settings = layer.settings();
        RecurrentOutputs made = scope.recurrent(
                new Op.Recurrent(cell, settings.direction()), inputs, settings, begin(scope, layer, values));
        SequencedMap<String, Value> states = new LinkedHashMap<>();
        states.put("h", made.hN());
        if (made.cN().isPresent()) {
            states.put("c", made.cN().get());
        }
        return outputs(settings, made.y(), states);
    }

    // ---------------------------------------------------------------------------------------------------------- scans

    /// Adds a layer as a scan of the cell that it writes itself as, and gives what the layer gives. The cell gives h.
    ///
    /// @param values x, and states or none
    static SequencedMap<String, Value> general(Scope scope, Cell cell, Recurrent<?> layer, List<Value> values) {
        checkInputs(scope, layer, values);
        RecurrentSettings settings = layer.settings();
        RecordedCell recorded = RecordedCell.of(cell);
        SequencedMap<String, Value> inputs = inputs(scope, recorded, values.getFirst());
        Walk walk = new Walk(settings.direction(), settings.recurrentDropout(), "");
        Node node = scan(scope, recorded, walk, inputs, begin(scope, layer, values));
        SequencedMap<String, Value> states = new LinkedHashMap<>();
        layer.states().keySet().forEach(state -> states.put(state, node.output(state + "N")));
        return outputs(settings, node.output("y"), states);
    }

    /// What a scan of a cell takes but for states, lengths and masks: x and the cell's parameters.
    static SequencedMap<String, Value> inputs(Scope scope, RecordedCell cell, Value x) {
        SequencedMap<String, Value> inputs = new LinkedHashMap<>();
        inputs.put("x", x);
        cell.parameters().forEach((parameter, initializer) ->
                inputs.put(parameter.name(), scope.parameter(
                        parameter.name(),
                        initializer,
                        RecordedCell.sized(parameter.shape(), x.shape().dim(-1)))));
        return inputs;
    }

    /// Adds a scan of a cell.
    ///
    /// @param inputs x, the cell's constants, lengths of its memories if there are any, and its parameters
    /// @param begin the states before the first step, in the cell's order; none for zeros
    static Node scan(
            Scope scope, RecordedCell cell, Walk walk, SequencedMap<String, Value> inputs, List<Value> begin) {
        SequencedMap<String, Value> all = new LinkedHashMap<>(inputs);
        Masks masks = scope.dropsOut(walk.recurrentDropout()) ? Masks.GIVEN : Masks.NONE;
        if (masks == Masks.GIVEN) {
            cell.masked().keySet().forEach(state ->
                    all.put(RecordedCell.mask(state), scope.mask(
                            RecordedCell.mask(state), walk.recurrentDropout(), state.shape().dim(1))));
        }
        Op.Scan scan = cell.scan(cell.sizes(inputs), walk.direction(), masks, walk.last());
        return scope.scan(scan, all, cell.states(), begin);
    }

    // ----------------------------------------------------------------------------------------------------------- both

    private static SequencedMap<String, Value> outputs(
            RecurrentSettings settings, Value y, SequencedMap<String, Value> states) {
        SequencedMap<String, Value> outputs = new LinkedHashMap<>();
        outputs.put(Layer.Y, switch (settings.output()) {
            case SEQUENCES -> y;
            case LAST -> states.firstEntry().getValue();
        });
        outputs.putAll(states);
        return outputs;
    }

    /// The states before the first step: those that the layer is given or trains, or none.
    private static List<Value> begin(Scope scope, Recurrent<?> layer, List<Value> values) {
        if (values.size() > 1) {
            return values.subList(1, values.size());
        }
        return switch (layer.settings().initialState()) {
            case ZERO -> List.of();
            case TRAINED -> layer.states().entrySet().stream()
                    .map(state -> scope.rows(
                            state.getKey() + "0.trained",
                            scope.vector(
                                    "initial" + state.getKey().toUpperCase(Locale.ROOT),
                                    Initializer.zeros(),
                                    state.getValue())))
                    .toList();
        };
    }
}
