package dev.rondo.kernels;

import static dev.rondo.tensor.Shape.BATCH;
import static dev.rondo.tensor.Shape.TIME;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.cells.RewrittenCell;
import dev.rondo.graph.Gradients;
import dev.rondo.graph.Op;
import dev.rondo.graph.RecurrentCell;
import dev.rondo.graph.Value;
import dev.rondo.layers.Activation;
import dev.rondo.layers.Bias;
import dev.rondo.layers.Cell;
import dev.rondo.layers.Gru;
import dev.rondo.layers.Lstm;
import dev.rondo.layers.RecordedCells;
import dev.rondo.layers.Recurrent;
import dev.rondo.layers.SimpleRnn;
import dev.rondo.plan.Engine;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Extents;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// The fused cells against the same cells written as steps of graph, in tests and by their layers: outputs, last
/// states, the norms of the state's gradient, and every gradient, with lengths, first states and masks, in both
/// directions, and of layers with every bias.
class RewrittenCellsTest {
    private static final long SEED = 60911;

    static Stream<RecurrentCell> cells() {
        return Stream.of(RecurrentCell.values());
    }

    static Stream<Arguments> cellsOnIsas() {
        List<Arguments> all = new ArrayList<>();
        for (String isa : Engines.isas()) {
            cells().forEach(cell -> all.add(Arguments.of(isa, cell)));
        }
        return all.stream();
    }

    /// Both sum the same products in another order: an error of 1e-15 or so, over a chain of eight steps.
    @ParameterizedTest
    @MethodSource("cells")
    void areEqualInDouble(RecurrentCell cell) {
        for (Probes.Variant variant : variants(cell)) {
            check(cell, variant, 3, 5, Extents.of(4, 4), Engines.reference(), DataType.FLOAT64,
                    new Closeness(1e-12, 1e-12));
        }
    }

    @ParameterizedTest
    @MethodSource("cells")
    void areEqualInJava(RecurrentCell cell) {
        for (Probes.Variant variant : variants(cell)) {
            check(cell, variant, 5, 7, Extents.of(5, 6), Engines.reference());
        }
    }

    @ParameterizedTest
    @MethodSource("cellsOnIsas")
    void areEqualInNativeKernels(String isa, RecurrentCell cell) {
        for (Probes.Variant variant : variants(cell)) {
            check(cell, variant, 6, 19, Extents.of(5, 4), Engines.natives(isa, 2));
        }
        Probes.Variant last = variants(cell).getLast();
        for (int[] size : new int[][] {{1, 1}, {4, 3}, {7, 8}, {9, 15}, {16, 17}, {13, 53}}) {
            for (Extents extents : List.of(Extents.of(1, 1), Extents.of(1, 9), Extents.of(7, 5))) {
                check(cell, last, size[0], size[1], extents, Engines.natives(isa, 1));
            }
        }
    }

    /// With the biases that layers have.
    private static List<Probes.Variant> variants(RecurrentCell cell) {
        return Probes.everyVariant(cell).stream()
                .filter(variant -> switch (variant.biases()) {
                    case NONE, IH_AND_HH -> true;
                    case IH, IH_AND_HN -> isRewritten(cell, variant);
                    case HH -> false;
                })
                .toList();
    }

    /// Cells rewritten in tests have one bias.
    private static boolean isRewritten(RecurrentCell cell, Probes.Variant variant) {
        return variant.biases() == (cell.hasBiasHn() ? Probes.Biases.IH_AND_HN : Probes.Biases.IH);
    }

    /// Gates sum I + H terms, weight gradients B T; steps forth and back, with eight roundings each, make the chain.
    private static void check(
            RecurrentCell cell, Probes.Variant variant, int input, int units, Extents extents, Engine engine) {
        long terms = input + units + (long) extents.batch() * extents.time();
        Closeness closeness = Closeness.ofSums(terms, 8 * (2L * extents.time() + 2));
        check(cell, variant, input, units, extents, engine, DataType.FLOAT32, closeness);
    }

    private static void check(
            RecurrentCell cell, Probes.Variant variant, int input, int units, Extents extents, Engine engine,
            DataType type, Closeness closeness) {
        Gradients fused = Probes.recurrent(cell, variant, input, units).gradients().withStateNorms();
        Map<Value, double[]> feed =
                Probes.recurrent(cell, variant, input, units).feed(fused.graph(), SEED, extents);
        Map<String, double[]> results = Probe.run(fused, feed, engine, type, extents);
        String what = "%s %s I=%d H=%d %s seed %d: ".formatted(cell, variant, input, units, extents, SEED);

        List<Form> forms = new ArrayList<>();
        Cell own = RecordedCells.of(layer(cell, variant, units));
        forms.add(new Form(own, (name, numbers) -> named(variant, name, numbers)));
        if (isRewritten(cell, variant)) {
            forms.add(new Form(new RewrittenCell(cell, units), (name, numbers) -> cut(cell, name, numbers)));
        }
        for (Form form : forms) {
            Gradients rewritten = rewritten(cell, form.step(), variant, input).gradients().withStateNorms();
            Map<String, double[]> numbers = new LinkedHashMap<>();
            feed.forEach((value, given) -> form.parts().apply(value.name(), given).forEach(numbers::put));
            Map<Value, double[]> same = new LinkedHashMap<>();
            for (Value value : rewritten.graph().inputs()) {
                double[] given = numbers.get(value.name());
                assertTrue(given != null, value.name());
                same.put(value, given);
            }
            Map<String, double[]> expected = new LinkedHashMap<>();
            results.forEach((name, result) -> form.parts().apply(name, result).forEach(expected::put));
            Map<String, double[]> actual = Probe.run(rewritten, same, engine, type, extents);
            assertEquals(expected.keySet(), actual.keySet());
            expected.forEach((name, result) -> closeness.check(what + name, result, actual.get(name)));
        }
    }

    /// A cell written again.
    ///
    /// @param parts what it calls a value of the fused one, or parts of it
    private record Form(Cell step, BiFunction<String, double[], Map<String, double[]>> parts) {}

    /// The layer whose settings the fused cell has.
    private static Recurrent<?> layer(RecurrentCell cell, Probes.Variant variant, int units) {
        Recurrent<?> layer = switch (cell) {
            case LSTM -> Lstm.units(units);
            case LSTM_PEEPHOLES -> Lstm.units(units).peepholes();
            case GRU_RESET_AFTER -> Gru.units(units);
            case GRU_RESET_BEFORE -> Gru.units(units).reset(Gru.Reset.BEFORE);
            case RNN_TANH -> SimpleRnn.units(units);
            case RNN_RELU -> SimpleRnn.units(units).activation(Activation.RELU);
            case RNN_SIGMOID -> SimpleRnn.units(units).activation(Activation.SIGMOID);
            case RNN_IDENTITY -> SimpleRnn.units(units).activation(Activation.LINEAR);
        };
        assertEquals(List.of(), layer.beyondKernels());
        return layer.biases(switch (variant.biases()) {
            case NONE -> Bias.NONE;
            case IH, IH_AND_HN -> Bias.ONE;
            case IH_AND_HH -> Bias.TWO;
            case HH -> throw new IllegalArgumentException("no layer has it");
        });
    }

    /// What a layer calls a value of the fused cell.
    private static Map<String, double[]> named(Probes.Variant variant, String name, double[] numbers) {
        boolean one = variant.biases() != Probes.Biases.IH_AND_HH;
        return Map.of(
                switch (name) {
                    case "biasIh" -> one ? "bias" : name;
                    case "dbiasIh" -> one ? "dbias" : name;
                    case "recurrentMask" -> "h.mask";
                    default -> name;
                },
                numbers);
    }

    private static Probe rewritten(RecurrentCell cell, Cell step, Probes.Variant variant, int input) {
        Op.Scan scan = variant.mask()
                ? RecordedCells.masked(step, input, variant.direction())
                : RecordedCells.scan(step, input, variant.direction());
        Probe probe = new Probe(cell + " rewritten").floats("x", BATCH, TIME, input);
        for (Value constant : scan.constants()) {
            if (constant.name().endsWith(".mask")) {
                probe.constants(constant.name(), (random, e) -> 1, constant.shape().dims());
            } else {
                probe.floats(constant.name(), constant.shape().dims());
            }
        }
        if (variant.ragged()) {
            probe.lengths(BATCH);
        }
        if (variant.states()) {
            scan.step().carried().keySet().forEach(state -> probe.floats(state.name() + "0", state.shape().dims()));
        }
        return probe.scan(
                scan,
                variant.outputs().stream().filter(role -> cell.hasC() || !role.equals("cN")).toArray(String[]::new));
    }

    /// What is stacked by gates of the fused cell, cut into those of the rewritten one; anything else as it is.
    private static Map<String, double[]> cut(RecurrentCell cell, String name, double[] numbers) {
        String gradient = name.startsWith("dweight") || name.startsWith("dbias") || name.startsWith("dpeep") ? "d" : "";
        String role = name.substring(gradient.length());
        return switch (role) {
            case "weightIh" -> parts(gradient + "W", cell.gates(), numbers);
            case "weightHh" -> parts(gradient + "U", cell.gates(), numbers);
            case "biasIh" -> parts(gradient + "b", cell.gates(), numbers);
            case "biasHn" -> Map.of(gradient + "bhn", numbers);
            case "peepholes" -> parts(gradient + "p", 3, numbers);
            case "recurrentMask" -> Map.of("h.mask", numbers);
            default -> Map.of(name, numbers);
        };
    }

    private static Map<String, double[]> parts(String name, int count, double[] numbers) {
        Map<String, double[]> parts = new LinkedHashMap<>();
        int size = numbers.length / count;
        for (int i = 0; i < count; i++) {
            parts.put(name + i, Arrays.copyOfRange(numbers, i * size, (i + 1) * size));
        }
        return parts;
    }
}
