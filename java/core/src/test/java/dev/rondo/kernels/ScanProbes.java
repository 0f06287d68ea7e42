package dev.rondo.kernels;

import static dev.rondo.tensor.Shape.BATCH;
import static dev.rondo.tensor.Shape.TIME;

import dev.rondo.examples.cells.MixedCandidateGru;
import dev.rondo.examples.cells.OutputGateGru;
import dev.rondo.examples.cells.ResetInUpdateGru;
import dev.rondo.examples.cells.SharedWeightLstm;
import dev.rondo.examples.cells.SigmoidLstm;
import dev.rondo.graph.Graph;
import dev.rondo.graph.Op;
import dev.rondo.graph.Op.BinaryKind;
import dev.rondo.graph.Op.Direction;
import dev.rondo.graph.Op.ReduceKind;
import dev.rondo.graph.Op.UnaryKind;
import dev.rondo.graph.Value;
import dev.rondo.layers.Activation;
import dev.rondo.layers.Bias;
import dev.rondo.layers.Cell;
import dev.rondo.layers.Gru;
import dev.rondo.layers.Initializer;
import dev.rondo.layers.Lstm;
import dev.rondo.layers.RecordedCells;
import dev.rondo.layers.Recurrent;
import dev.rondo.layers.SimpleRnn;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/// Scans of cells under test.
final class ScanProbes {
    private ScanProbes() {}

    /// A cell of a number of units.
    record Named(String name, IntFunction<Cell> units) {
        @Override
        public String toString() {
            return name;
        }
    }

    /// The cells of the articles, and one of all that those do not have.
    static final List<Named> CELLS = List.of(
            new Named("shared-weight LSTM", SharedWeightLstm::new),
            new Named("sigmoid LSTM", SigmoidLstm::new),
            new Named("GRU with r in the update", ResetInUpdateGru::new),
            new Named("mixed-candidate GRU", MixedCandidateGru::new),
            new Named("GRU with an output gate", OutputGateGru::new),
            new Named("odds and ends", ScanProbes::oddsAndEnds),
            new Named("gates side by side", ScanProbes::gatesSideBySide));

    /// Layers beyond the fused kernels.
    static final List<Named> LAYERS = List.of(
            layer("coupled LSTM", units -> Lstm.units(units).coupled()),
            layer("coupled LSTM with peepholes", units -> Lstm.units(units).coupled().peepholes().biases(Bias.TWO)),
            layer("LSTM, cell clip", units -> Lstm.units(units).peepholes().cellClip(0.5)),
            layer("LSTM, projection", units -> Lstm.units(units).projection(units / 2 + 1)),
            layer("LSTM, input clip", units -> Lstm.units(units).peepholes().inputClip(0.7)),
            layer(
                    "LSTM, activations",
                    units -> Lstm.units(units)
                            .gateActivation(Activation.HARD_SIGMOID)
                            .activation(Activation.SOFTPLUS)
                            .outputActivation(Activation.SOFTMAX)),
            layer(
                    "LSTM, all of them",
                    units -> Lstm.units(units)
                            .coupled()
                            .peepholes()
                            .projection(units + 1)
                            .cellClip(0.8)
                            .inputClip(1.1)
                            .biases(Bias.TWO)
                            .gateActivation(Activation.HARD_SIGMOID_KERAS2)
                            .activation(Activation.ELU)
                            .outputActivation(Activation.SILU)),
            layer("GRU, input clip", units -> Gru.units(units).inputClip(0.6)),
            layer(
                    "GRU, activations",
                    units -> Gru.units(units)
                            .reset(Gru.Reset.BEFORE)
                            .biases(Bias.NONE)
                            .gateActivation(Activation.HARD_SIGMOID)
                            .activation(Activation.LEAKY_RELU)),
            layer(
                    "GRU, activations of two biases",
                    units -> Gru.units(units)
                            .biases(Bias.TWO)
                            .gateActivation(Activation.SOFTMAX)
                            .activation(Activation.GELU)),
            layer("RNN, input clip", units -> SimpleRnn.units(units).inputClip(0.8)),
            layer("RNN, softmax", units -> SimpleRnn.units(units).biases(Bias.TWO).activation(Activation.SOFTMAX)));

    /// A recurrent layer with settings that no fused kernel has.
    private static Named layer(String name, IntFunction<Recurrent<?>> layer) {
        return new Named(name, units -> RecordedCells.of(layer.apply(units)));
    }

    /// Rows put together and cut, before the states come in and behind, and a clip.
    private static Cell gatesSideBySide(int units) {
        return (s, x) -> {
            Value h = s.state("h", units);
            Value first = s.slice(x, 0, 1);
            Value input = s.clip(s.concat(s.dense("input", x, units), first), -1.5, 1.5);
            Value gates = s.dense("gates", s.concat(h, input, h), 2 * units);
            Value gate = s.sigmoid(s.slice(gates, 0, units));
            Value candidate = s.clip(s.slice(gates, units, 2 * units), -0.6, 0.7);
            Value next = s.next(h, s.mix(gate, h, candidate));
            return s.concat(next, first);
        };
    }

    /// A softmax, a quotient, a number as a parameter, parameters that other parameters are made of, a parameter used
    /// at two places, a state that is the x of the step before, one that nothing looks at, one that nothing changes, and
    /// an output of another size than every state.
    private static Cell oddsAndEnds(int units) {
        return (s, x) -> {
            Value h = s.state("h", units);
            Value before = s.state("before", units);
            Value unseen = s.state("unseen", units);
            Value still = s.state("still", units);
            Value scale = s.vector("scale", Initializer.ones(), units);
            Value row = s.tanh(s.vector("row", Initializer.ones(), units));
            Value shared = s.matrix("shared", Initializer.orthogonal(), units, units);
            Value input = s.dense("input", x, units);
            s.next(before, input);
            s.next(still, still);
            Value attention = s.softmax(s.add(s.times(shared, s.dropped(h)), s.times(shared, before)));
            Value quotient = s.divide(s.multiply(attention, row), s.add(s.constant(2), s.tanh(s.multiply(scale, h))));
            Value hNext = s.next(h, s.tanh(s.add(quotient, s.multiply(scale, input), still)));
            s.next(unseen, s.multiply(hNext, row));
            return s.recurrent("output", hNext, units + 1);
        };
    }

    /// What of a scan is tried.
    ///
    /// @param hoisted rather than as it stands
    /// @param states given at first
    record Variant(Direction direction, boolean hoisted, boolean ragged, boolean states, List<String> outputs) {}

    static List<Variant> variants() {
        List<Variant> variants = new ArrayList<>();
        for (Direction direction : Direction.values()) {
            for (int bits = 0; bits < 8; bits++) {
                variants.add(new Variant(
                        direction, (bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, List.of("y", "hN")));
            }
        }
        variants.add(new Variant(Direction.FORWARD, true, true, true, List.of("y")));
        variants.add(new Variant(Direction.FORWARD, true, true, false, List.of("hN")));
        return variants;
    }

    static Probe probe(Named cell, Variant variant, int input, int units) {
        Op.Scan scan = RecordedCells.scan(cell.units().apply(units), input, variant.direction());
        Probe probe = new Probe("%s %s I=%d H=%d".formatted(cell, variant, input, units)).floats("x", BATCH, TIME, input);
        add(probe, scan, variant.ragged(), variant.states());
        // Not every parameter reaches the state where the output is another value.
        boolean reaches = scan.step().carried().containsValue(scan.step().output("y"));
        String[] outputs = (reaches ? variant.outputs() : List.of("y", "hN")).toArray(String[]::new);
        return variant.hoisted() ? probe.scan(scan, outputs) : probe.node(scan, outputs);
    }

    /// A step that looks up ids, reads a constant of each sequence at several places, and reduces: what a decoder with
    /// attention has.
    static Probe decoder(Variant variant, int rows, int n) {
        Graph.Builder step = Graph.builder();
        Value ids = step.input("ids", DataType.INT32, Shape.of(BATCH));
        Value gain = step.input("gain", DataType.FLOAT32, Shape.of(BATCH));
        Value h = step.input("h", DataType.FLOAT32, Shape.of(BATCH, n));
        Value table = step.input("table", DataType.FLOAT32, Shape.of(rows, n));
        Value context = step.input("context", DataType.FLOAT32, Shape.of(BATCH, n));
        Value scale = step.input("scale", DataType.FLOAT32, Shape.scalar());
        Value embedded = step.gather("embedded", table, ids);
        Value seen = step.binary("seen", BinaryKind.MULTIPLY, step.softmax("weights", h), context);
        Value sum = step.binary("sum", BinaryKind.ADD, step.binary("mixed", BinaryKind.MULTIPLY, embedded, context), seen);
        Value next = step.unary("next", UnaryKind.TANH, step.binary("scaled", BinaryKind.MULTIPLY, sum, scale));
        Value total = step.reduce("total", new Op.Reduce(ReduceKind.MEAN, 1, 2), next);
        step.carry(h, next).output("y", next).output("total", step.binary("gained", BinaryKind.MULTIPLY, total, gain));
        Op.Scan scan = new Op.Scan(step.build(), List.of(ids, gain), variant.direction());
        Probe probe = new Probe("decoder " + variant + " n=" + n).ids("ids", rows, BATCH, TIME).floats("gain", BATCH, TIME);
        add(probe, scan, variant.ragged(), variant.states());
        return variant.hoisted() ? probe.scan(scan, "y", "hN", "total") : probe.node(scan, "y", "hN", "total");
    }

    /// Adds constants, and lengths and states if wanted.
    static void add(Probe probe, Op.Scan scan, boolean ragged, boolean states) {
        for (Value constant : scan.constants()) {
            Shape shape = constant.shape();
            // Weights such that gates neither saturate nor stay at their centre; others around their size.
            double scale = shape.rank() == 2 ? 1.2 / Math.sqrt(shape.dim(1)) : 0.7;
            probe.floats(constant.name(), (random, extents) -> random.nextGaussian() * scale, shape.dims());
        }
        if (ragged) {
            probe.lengths(BATCH);
        }
        if (states) {
            scan.step().carried().keySet().forEach(state -> probe.floats(state.name() + "0", state.shape().dims()));
        }
    }
}
