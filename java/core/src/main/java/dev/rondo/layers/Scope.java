package dev.rondo.layers;

import dev.rondo.data.Seeds;
import dev.rondo.graph.Graph;
import dev.rondo.graph.Op;
import dev.rondo.graph.RecurrentInputs;
import dev.rondo.graph.RecurrentOutputs;
import dev.rondo.graph.Value;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.SequencedMap;

/// A graph while layers add to it, one after another. What a layer adds bears the layer's name.
public final class Scope {
    private final Graph.Builder graph = Graph.builder();
    private final Variant variant;
    private final long seed;
    private final SequencedMap<Value, Initializer> parameters = new LinkedHashMap<>();
    private final Value x;
    private final Value y;
    private final Optional<Value> lengths;
    private Optional<Value> step = Optional.empty();
    private int dropouts;
    private String layer = "";

    /// Which of a model's graphs is built: they differ in what they are used for and have the same parameters.
    ///
    /// @param purpose whether dropout acts
    /// @param states whether recurrent states go on from run to run
    /// @param lengths whether sequences have lengths of their own
    public record Variant(Purpose purpose, States states, Lengths lengths) {
        /// For inference over whole sequences of one length.
        public static final Variant PLAIN = new Variant(Purpose.INFERENCE, States.ZERO, Lengths.FULL);
    }

    /// What a graph is used for.
    public enum Purpose {
        /// To train: dropout acts.
        TRAINING,
        /// To predict, evaluate or serve: dropout lets all pass.
        INFERENCE
    }

    /// How recurrent states begin.
    public enum States {
        /// As zeros.
        ZERO,
        /// As the run before left them.
        CARRIED
    }

    /// How long sequences are.
    public enum Lengths {
        /// All T.
        FULL,
        /// Each as an input `lengths`, int32 `[B]`, says.
        OWN
    }

    /// A graph of the layers applied in order, the input first.
    Scope(Variant variant, LayerStack stack) {
        this.variant = variant;
        this.seed = stack.seed();
        Input input = stack.input();
        x = graph.input(input.name(), input.dataType(), input.shape());
        lengths = variant.lengths() == Lengths.OWN
                ? Optional.of(graph.input("lengths", DataType.INT32, Shape.of(Shape.BATCH)))
                : Optional.empty();
        Value value = x;
        for (Layer next : stack.layers()) {
            layer = next.name();
            value = next.apply(this, value);
        }
        y = value;
    }

    /// The graph being built.
    public Graph.Builder graph() {
        return graph;
    }

    /// The parameters so far and how they begin.
    public SequencedMap<Value, Initializer> parameters() {
        return Collections.unmodifiableSequencedMap(parameters);
    }

    /// What the graph takes.
    public Value x() {
        return x;
    }

    /// What the last layer gives.
    public Value y() {
        return y;
    }

    /// The number of steps of each sequence, int32 `[B]`; empty where all have T.
    public Optional<Value> lengths() {
        return lengths;
    }

    /// The number of the training step, int64 `[]`; empty where nothing depends on it.
    public Optional<Value> step() {
        return step;
    }

    /// The name of the layer that is being applied.
    String path() {
        return layer;
    }

    /// Adds a parameter of the layer.
    ///
    /// @param name within the layer, such as `weightIh`
    /// @param initializer how it begins
    /// @param rows outputs
    /// @param columns inputs
    /// @return `[rows, columns]`
    Value matrix(String name, Initializer initializer, int rows, int columns) {
        return parameter(name, initializer, Shape.of(rows, columns));
    }

    /// Adds a parameter of the layer.
    ///
    /// @return `[size]`
    Value vector(String name, Initializer initializer, int size) {
        return parameter(name, initializer, Shape.of(size));
    }

    private Value parameter(String name, Initializer initializer, Shape shape) {
        Value parameter = graph.parameter(layer + "/" + name, shape);
        parameters.put(parameter, initializer);
        return parameter;
    }

    /// Adds a recurrent node with the layer's name: with lengths and carried states as the variant says, and where the
    /// model trains with recurrent dropout.
    RecurrentOutputs recurrent(Op.Recurrent op, RecurrentInputs inputs, RecurrentSettings settings) {
        RecurrentInputs all = lengths.map(inputs::lengths).orElse(inputs);
        if (settings.recurrentDropout() > 0 && variant.purpose() == Purpose.TRAINING) {
            all = all.recurrentMask(recurrentMask(settings.recurrentDropout(), settings.units()));
        }
        if (variant.states() == States.ZERO) {
            return graph.recurrent(layer, op, all);
        }
        if (op.direction() == Op.Direction.REVERSE) {
            throw new IllegalArgumentException(
                    layer + ": expected a layer that goes forward in time, since states go on from call to call, got one"
                            + " that goes backwards");
        }
        Shape shape = Shape.of(Shape.BATCH, settings.units());
        Value h0 = graph.input(layer + "/h0", DataType.FLOAT32, shape);
        if (!op.cell().hasC()) {
            RecurrentOutputs outputs = graph.recurrent(layer, op, all.h0(h0));
            graph.carry(h0, outputs.hN());
            return outputs;
        }
        Value c0 = graph.input(layer + "/c0", DataType.FLOAT32, shape);
        RecurrentOutputs outputs = graph.recurrent(layer, op, all.h0(h0).c0(c0));
        graph.carry(h0, outputs.hN()).carry(c0, outputs.cN().orElseThrow());
        return outputs;
    }

    /// What dropout makes of ones `[B,units]`.
    private Value recurrentMask(double rate, int units) {
        Op.Reduce all = new Op.Reduce(Op.ReduceKind.SUM, 0, 2);
        SequencedMap<String, Value> one = new LinkedHashMap<>();
        one.put("dy", graph.constant(1));
        // The gradient of a sum is one at every element.
        Value ones = graph.add(layer + "/recurrentOnes", new Op.ReduceGradient(all, Shape.of(Shape.BATCH, units)), one)
                .output("dx");
        return dropout(layer + "/recurrentMask", rate, ones);
    }

    /// Adds a dropout with the layer's name; nothing where the model does not train.
    Value dropout(double rate, Value x) {
        if (variant.purpose() == Purpose.INFERENCE) {
            return x;
        }
        return dropout(layer, rate, x);
    }

    private Value dropout(String name, double rate, Value x) {
        Value counter = step.orElseGet(() -> graph.input("step", DataType.INT64, Shape.scalar()));
        step = Optional.of(counter);
        Op.Dropout op = new Op.Dropout((float) rate, dropouts++, Seeds.mix(seed, "dropout", 0));
        return graph.dropout(name, op, x, counter);
    }

    /// A message about what a layer was given.
    IllegalArgumentException wrong(String expected, Value x) {
        return new IllegalArgumentException(
                "%s: expected %s, got %s %s".formatted(layer, expected, x.type(), x.shape()));
    }
}
