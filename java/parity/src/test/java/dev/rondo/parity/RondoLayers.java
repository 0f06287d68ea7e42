package dev.rondo.parity;

import dev.rondo.graph.Gradients;
import dev.rondo.graph.Graph;
import dev.rondo.graph.Op;
import dev.rondo.graph.Op.BinaryKind;
import dev.rondo.graph.Op.Direction;
import dev.rondo.graph.Op.Transpose;
import dev.rondo.graph.RecurrentInputs;
import dev.rondo.graph.RecurrentOutputs;
import dev.rondo.graph.Value;
import dev.rondo.kernels.Engines;
import dev.rondo.parity.LayersCase.Given;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Parameters;
import dev.rondo.plan.Plan;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A [LayersCase] as a graph of Rondo, its weights as parameters. The outputs of two directions are laid side by side
/// by products with the left and the right half of a unit matrix, which change no number.
final class RondoLayers {
    private static final String LEFT = "unit.left";
    private static final String RIGHT = "unit.right";

    private final LayersCase layers;
    private final Extents extents;
    private final Map<String, Value> halves = new HashMap<>();
    private final Graph.Builder builder = Graph.builder();
    private final Map<Value, Value> given = new LinkedHashMap<>();
    private final List<Value> wanted = new ArrayList<>();
    private final Graph forward;
    private final Gradients gradients;

    RondoLayers(LayersCase layers) {
        this.layers = layers;
        extents = Extents.of(layers.batch(), layers.time());
        Value x = builder.input("x", DataType.FLOAT32, Shape.of(Shape.BATCH, Shape.TIME, layers.input()));
        wanted.add(x);
        Optional<Value> lengths = layers.ragged()
                ? Optional.of(builder.input("lengths", DataType.INT32, Shape.of(Shape.BATCH)))
                : Optional.empty();
        Value in = x;
        for (int layer = 0; layer < layers.layers(); layer++) {
            List<Value> outputs = new ArrayList<>();
            for (int direction = 0; direction < layers.directions(); direction++) {
                outputs.add(add(layer * layers.directions() + direction, in, lengths));
            }
            if (layer == layers.layers() - 1) {
                outputs.forEach(y -> {
                    builder.output(y.name(), y);
                    give(y, Given.OUTPUTS);
                });
            } else {
                in = sideBySide("join" + layer, outputs);
            }
        }
        forward = builder.build();
        wanted.addAll(forward.parameters());
        gradients = Gradients.of(forward, given, wanted);
    }

    private Value add(int part, Value x, Optional<Value> lengths) {
        String name = layers.part(part);
        int hidden = layers.hidden();
        int rows = layers.cell().gates() * hidden;
        RecurrentInputs inputs = RecurrentInputs.of(
                x,
                builder.parameter(name + "/weightIh", Shape.of(rows, x.shape().dim(-1))),
                builder.parameter(name + "/weightHh", Shape.of(rows, hidden)));
        if (layers.biases() > 0) {
            inputs = inputs.biasIh(builder.parameter(name + "/biasIh", Shape.of(rows)));
        }
        if (layers.biases() == 1 && layers.cell().hasBiasHn()) {
            inputs = inputs.biasHn(builder.parameter(name + "/biasHn", Shape.of(hidden)));
        }
        if (layers.biases() == 2) {
            inputs = inputs.biasHh(builder.parameter(name + "/biasHh", Shape.of(rows)));
        }
        if (lengths.isPresent()) {
            inputs = inputs.lengths(lengths.get());
        }
        if (layers.states()) {
            inputs = inputs.h0(state(name + "/h0"));
            inputs = layers.cell().hasC() ? inputs.c0(state(name + "/c0")) : inputs;
        }
        Direction direction = part % layers.directions() == 0 ? Direction.FORWARD : Direction.REVERSE;
        RecurrentOutputs outputs = builder.recurrent(name, new Op.Recurrent(layers.cell(), direction), inputs);
        builder.output(name + ".hN", outputs.hN());
        give(outputs.hN(), Given.STATES);
        outputs.cN().ifPresent(cN -> {
            builder.output(name + ".cN", cN);
            give(cN, Given.STATES);
        });
        return outputs.y();
    }

    private Value state(String name) {
        Value state = builder.input(name, DataType.FLOAT32, Shape.of(Shape.BATCH, layers.hidden()));
        wanted.add(state);
        return state;
    }

    private void give(Value result, Given kind) {
        if (layers.given() == kind || layers.given() == Given.BOTH) {
            given.put(result, builder.input("given." + result.name(), DataType.FLOAT32, result.shape()));
        }
    }

    private Value sideBySide(String name, List<Value> outputs) {
        if (outputs.size() == 1) {
            return outputs.getFirst();
        }
        Value left = builder.matMul(name + ".left", Transpose.NONE, outputs.getFirst(), half(LEFT));
        Value right = builder.matMul(name + ".right", Transpose.NONE, outputs.getLast(), half(RIGHT));
        return builder.binary(name, BinaryKind.ADD, left, right);
    }

    private Value half(String name) {
        return halves.computeIfAbsent(
                name,
                free -> builder.input(free, DataType.FLOAT32, Shape.of(layers.hidden(), 2 * layers.hidden())));
    }

    /// What the layers give and, on the training plan, the gradients: each by the name of its value, gradients with a d
    /// in front.
    Map<String, double[]> train(Numbers numbers, String isa) {
        try (Parameters parameters = parameters(numbers);
                Plan plan = Plan.training(gradients, parameters, engine(isa), extents)) {
            Map<String, double[]> results = run(plan, numbers);
            gradients.byValue()
                    .forEach((value, gradient) -> results.put("d" + value.name(), numbers(plan, gradient)));
            return results;
        }
    }

    /// What the layers give on the inference plan.
    Map<String, double[]> infer(Numbers numbers, String isa) {
        try (Parameters parameters = parameters(numbers);
                Plan plan = Plan.inference(forward, parameters, engine(isa), extents)) {
            return run(plan, numbers);
        }
    }

    private Engine engine(String isa) {
        return Engines.natives(isa, layers.threads());
    }

    private Map<String, double[]> run(Plan plan, Numbers numbers) {
        for (Value input : plan.graph().inputs()) {
            write(plan.tensor(input, layers.batch(), layers.time()), content(numbers, input.name()));
        }
        plan.run(layers.batch(), layers.time());
        Map<String, double[]> results = new LinkedHashMap<>();
        plan.graph().outputs().forEach((name, value) -> results.put(name, numbers(plan, value)));
        return results;
    }

    private double[] numbers(Plan plan, Value value) {
        return plan.tensor(value, layers.batch(), layers.time()).toDoubles();
    }

    private Parameters parameters(Numbers numbers) {
        Parameters parameters = Parameters.of(forward);
        parameters.tensors().forEach((name, tensor) -> write(tensor, content(numbers, name)));
        parameters.changed();
        return parameters;
    }

    private double[] content(Numbers numbers, String name) {
        int hidden = layers.hidden();
        if (halves.containsKey(name)) {
            double[] half = new double[2 * hidden * hidden];
            for (int i = 0; i < hidden; i++) {
                half[i * 2 * hidden + i + (name.equals(LEFT) ? 0 : hidden)] = 1;
            }
            return half;
        }
        return name.endsWith("/biasHn")
                ? Arrays.copyOfRange(numbers.get(name.replace("/biasHn", "/biasHh")), 2 * hidden, 3 * hidden)
                : numbers.get(name);
    }

    private static void write(Tensor tensor, double[] numbers) {
        for (int i = 0; i < numbers.length; i++) {
            tensor.set(i, numbers[i]);
        }
    }
}
