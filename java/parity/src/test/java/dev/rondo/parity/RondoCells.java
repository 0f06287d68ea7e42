package dev.rondo.parity;

import dev.rondo.graph.Graph;
import dev.rondo.graph.Op;
import dev.rondo.graph.Op.BinaryKind;
import dev.rondo.graph.Op.Direction;
import dev.rondo.graph.Op.UnaryKind;
import dev.rondo.graph.RecurrentInputs;
import dev.rondo.graph.RecurrentOutputs;
import dev.rondo.graph.Value;
import dev.rondo.kernels.Engines;
import dev.rondo.plan.Parameters;
import dev.rondo.plan.Plan;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A [CellsCase] as a graph of Rondo: a fused cell for each direction, or, where activations are clipped, what no fused
/// cell does, a graph of elementwise operations and matrix products for each step.
final class RondoCells {
    private final CellsCase layer;
    private final int hidden;
    private final Map<String, float[]> numbers;
    private final Graph.Builder builder = Graph.builder();
    private final Map<String, float[]> written = new LinkedHashMap<>();
    private final Graph graph;

    RondoCells(CellsCase layer) {
        this.layer = layer;
        hidden = layer.hidden();
        numbers = layer.numbers();
        for (Direction direction : layer.directions()) {
            if (layer.clip().isPresent()) {
                new Clipped(CellsCase.name(direction)).walk(direction);
            } else {
                fused(direction);
            }
        }
        graph = builder.build();
    }

    /// The results by name, as [OnnxCells] has them.
    Map<String, double[]> run(String isa) {
        int batch = layer.batch();
        int time = layer.time();
        try (Parameters parameters = Parameters.of(graph)) {
            parameters.tensors().forEach((name, tensor) -> write(tensor, written.get(name)));
            parameters.changed();
            try (Plan plan = Plan.inference(
                    graph, parameters, Engines.natives(isa, layer.threads()), Extents.of(batch, time))) {
                for (Value input : graph.inputs()) {
                    write(plan.tensor(input, batch, time), written.get(input.name()));
                }
                plan.run(batch, time);
                Map<String, double[]> results = new LinkedHashMap<>();
                for (Direction direction : layer.directions()) {
                    String name = CellsCase.name(direction);
                    results.put(name, layer.clip().isPresent() ? joined(plan, name) : read(plan, name));
                    results.put(name + ".hN", read(plan, name + ".hN"));
                    if (layer.cell().hasC()) {
                        results.put(name + ".cN", read(plan, name + ".cN"));
                    }
                }
                return results;
            }
        }
    }

    private double[] read(Plan plan, String output) {
        return plan.tensor(graph.output(output), layer.batch(), layer.time()).toDoubles();
    }

    /// The outputs of all steps, `[B,H]` each, as `[B,T,H]`.
    private double[] joined(Plan plan, String name) {
        double[] joined = new double[layer.batch() * layer.time() * hidden];
        for (int t = 0; t < layer.time(); t++) {
            double[] step = read(plan, name + t);
            for (int b = 0; b < layer.batch(); b++) {
                System.arraycopy(step, b * hidden, joined, (b * layer.time() + t) * hidden, hidden);
            }
        }
        return joined;
    }

    private static void write(Tensor tensor, float[] values) {
        for (int i = 0; i < values.length; i++) {
            tensor.set(i, values[i]);
        }
    }

    private Value parameter(String name, float[] values, int... dims) {
        written.put(name, values);
        return builder.parameter(name, Shape.of(dims));
    }

    private Value input(String name, float[] values, int... dims) {
        written.put(name, values);
        return builder.input(name, DataType.FLOAT32, Shape.of(dims));
    }

    private Value state(String name) {
        float[] zeros = new float[layer.batch() * hidden];
        return input(name, layer.states() ? numbers.get(name) : zeros, Shape.BATCH, hidden);
    }

    private void fused(Direction direction) {
        String name = CellsCase.name(direction);
        int rows = layer.cell().gates() * hidden;
        RecurrentInputs inputs = RecurrentInputs.of(
                input(name + "/x", numbers.get("x"), Shape.BATCH, Shape.TIME, layer.input()),
                parameter(name + "/weightIh", numbers.get(name + "/weightIh"), rows, layer.input()),
                parameter(name + "/weightHh", numbers.get(name + "/weightHh"), rows, hidden));
        if (layer.biased()) {
            inputs = inputs.biasIh(parameter(name + "/biasIh", numbers.get(name + "/biasIh"), rows))
                    .biasHh(parameter(name + "/biasHh", numbers.get(name + "/biasHh"), rows));
        }
        if (layer.cell().hasPeepholes()) {
            inputs = inputs.peepholes(
                    parameter(name + "/peepholes", numbers.get(name + "/peepholes"), 3 * hidden));
        }
        if (layer.ragged()) {
            written.put(name + "/lengths", numbers.get("lengths"));
            inputs = inputs.lengths(builder.input(name + "/lengths", DataType.INT32, Shape.of(Shape.BATCH)));
        }
        if (layer.states()) {
            inputs = inputs.h0(state(name + "/h0"));
            inputs = layer.cell().hasC() ? inputs.c0(state(name + "/c0")) : inputs;
        }
        RecurrentOutputs outputs = builder.recurrent(name, new Op.Recurrent(layer.cell(), direction), inputs);
        builder.output(name, outputs.y()).output(name + ".hN", outputs.hN());
        outputs.cN().ifPresent(cN -> builder.output(name + ".cN", cN));
    }

    // ------------------------------------------------------------------------------------------------------- clipped

    /// One direction, step by step.
    private final class Clipped {
        private final String name;
        private final Value bound = builder.constant(layer.clip().orElseThrow());
        private final List<Value> weightIh = new ArrayList<>();
        private final List<Value> weightHh = new ArrayList<>();
        private final List<Value> biasIh = new ArrayList<>();
        private final List<Value> biasHh = new ArrayList<>();
        private final List<Value> peepholes = new ArrayList<>();

        Clipped(String name) {
            this.name = name;
            for (int gate = 0; gate < layer.cell().gates(); gate++) {
                weightIh.add(parameter(
                        name + "/w" + gate, block("/weightIh", gate, hidden * layer.input()), hidden, layer.input()));
                weightHh.add(parameter(
                        name + "/u" + gate, block("/weightHh", gate, hidden * hidden), hidden, hidden));
                biasIh.add(parameter(name + "/bi" + gate, bias("/biasIh", gate), hidden));
                biasHh.add(parameter(name + "/bh" + gate, bias("/biasHh", gate), hidden));
            }
            for (int i = 0; layer.cell().hasPeepholes() && i < 3; i++) {
                peepholes.add(parameter(name + "/p" + i, block("/peepholes", i, hidden), hidden));
            }
        }

        private float[] bias(String role, int gate) {
            return layer.biased() ? block(role, gate, hidden) : new float[hidden];
        }

        private float[] block(String role, int index, int size) {
            return Arrays.copyOfRange(numbers.get(name + role), index * size, (index + 1) * size);
        }

        void walk(Direction direction) {
            Value h = state(name + "/h0");
            Value c = layer.cell().hasC() ? state(name + "/c0") : h;
            for (int s = 0; s < layer.time(); s++) {
                int t = direction == Direction.FORWARD ? s : layer.time() - 1 - s;
                Value x = input(name + "/x" + t, step(t), Shape.BATCH, layer.input());
                Value live = input(name + "/live" + t, live(t), Shape.BATCH, hidden);
                Value nextH;
                if (layer.cell().hasC()) {
                    Value nextC = nextC(t, x, h, c);
                    nextH = lstm(t, x, h, nextC);
                    c = kept("c" + t, live, c, nextC);
                } else {
                    nextH = gru(t, x, h);
                }
                builder.output(name + t, multiply("y" + t, live, nextH));
                h = kept("h" + t, live, h, nextH);
            }
            builder.output(name + ".hN", h);
            if (layer.cell().hasC()) {
                builder.output(name + ".cN", c);
            }
        }

        private float[] step(int t) {
            float[] x = new float[layer.batch() * layer.input()];
            for (int b = 0; b < layer.batch(); b++) {
                int from = (b * layer.time() + t) * layer.input();
                System.arraycopy(numbers.get("x"), from, x, b * layer.input(), layer.input());
            }
            return x;
        }

        /// 1 where the step lies before the sequence's length, else 0.
        private float[] live(int t) {
            float[] live = new float[layer.batch() * hidden];
            for (int i = 0; i < live.length; i++) {
                live[i] = t < numbers.get("lengths")[i / hidden] ? 1 : 0;
            }
            return live;
        }

        /// The state before or after a step, by whether it is live.
        private Value kept(String step, Value live, Value before, Value after) {
            Value change = binary(step + "_change", BinaryKind.SUBTRACT, after, before);
            return add(step, before, multiply(step + "_live", live, change));
        }

        private Value nextC(int t, Value x, Value h, Value c) {
            Value i = sigmoid("i" + t, seen("i" + t, 0, sum("i" + t, 0, x, h), c));
            Value f = sigmoid("f" + t, seen("f" + t, 1, sum("f" + t, 1, x, h), c));
            Value g = tanh("g" + t, sum("g" + t, 2, x, h));
            return add("nextC" + t, multiply("fc" + t, f, c), multiply("ig" + t, i, g));
        }

        private Value lstm(int t, Value x, Value h, Value nextC) {
            Value o = sigmoid("o" + t, seen("o" + t, 2, sum("o" + t, 3, x, h), nextC));
            // ONNX has the input of each activation bounded; ONNX Runtime leaves out this one.
            return multiply("nextH" + t, o, builder.unary(name + ".squashed" + t, UnaryKind.TANH, nextC));
        }

        private Value gru(int t, Value x, Value h) {
            Value r = sigmoid("r" + t, sum("r" + t, 0, x, h));
            Value z = sigmoid("z" + t, sum("z" + t, 1, x, h));
            Value n = tanh("n" + t, sum("n" + t, 2, x, multiply("rh" + t, r, h)));
            Value difference = binary("d" + t, BinaryKind.SUBTRACT, h, n);
            return add("nextH" + t, n, multiply("zd" + t, z, difference));
        }

        private Value sum(String step, int gate, Value x, Value h) {
            return add(
                    step + "_sum",
                    builder.dense(name + "." + step + "_x", x, weightIh.get(gate), biasIh.get(gate)),
                    builder.dense(name + "." + step + "_h", h, weightHh.get(gate), biasHh.get(gate)));
        }

        /// With what a gate sees of c.
        private Value seen(String step, int which, Value sum, Value c) {
            return peepholes.isEmpty()
                    ? sum
                    : add(step + "_seen", sum, multiply(step + "_c", c, peepholes.get(which)));
        }

        private Value sigmoid(String step, Value sum) {
            return builder.unary(name + "." + step, UnaryKind.SIGMOID, clip(step, sum));
        }

        private Value tanh(String step, Value sum) {
            return builder.unary(name + "." + step, UnaryKind.TANH, clip(step, sum));
        }

        /// max(-b, min(x, b)) = relu(x + b) - relu(x - b) - b
        private Value clip(String step, Value x) {
            Value low = builder.unary(
                    name + "." + step + "_low", UnaryKind.RELU, add(step + "_above", x, bound));
            Value high = builder.unary(
                    name + "." + step + "_high",
                    UnaryKind.RELU,
                    binary(step + "_below", BinaryKind.SUBTRACT, x, bound));
            Value shifted = binary(step + "_shifted", BinaryKind.SUBTRACT, low, high);
            return binary(step + "_clipped", BinaryKind.SUBTRACT, shifted, bound);
        }

        private Value add(String step, Value a, Value b) {
            return binary(step, BinaryKind.ADD, a, b);
        }

        private Value multiply(String step, Value a, Value b) {
            return binary(step, BinaryKind.MULTIPLY, a, b);
        }

        private Value binary(String step, BinaryKind kind, Value a, Value b) {
            return builder.binary(name + "." + step, kind, a, b);
        }
    }
}
