package dev.rondo.kernels;

import static dev.rondo.tensor.Shape.BATCH;
import static dev.rondo.tensor.Shape.TIME;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.graph.Gradients;
import dev.rondo.graph.Graph;
import dev.rondo.graph.Op;
import dev.rondo.graph.Op.Padding;
import dev.rondo.graph.Op.PoolKind;
import dev.rondo.graph.Op.ReduceKind;
import dev.rondo.graph.Op.Slice;
import dev.rondo.graph.Value;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Parameters;
import dev.rondo.plan.Plan;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Operations on shapes, time and norms against numbers worked out by hand, which both kernel sets are held to, and what
/// is refused of them. Slopes and other sizes are held by [FiniteDifferenceTest] and [AgreementTest].
class GeneralOperationsTest {
    private static final double[] NUMBERS = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

    static Stream<Engine> engines() {
        return Stream.concat(Stream.of(Engines.reference()), Engines.isas().stream().map(isa -> Engines.natives(isa, 2)));
    }

    /// What one node gives of inputs at inference.
    private static double[] run(Engine engine, Extents extents, Function<Graph.Builder, Value> node, double[]... feeds) {
        Graph.Builder builder = Graph.builder();
        builder.output("result", node.apply(builder));
        return run(builder.build(), engine, extents, feeds);
    }

    private static double[] run(Graph graph, Engine engine, Extents extents, double[]... feeds) {
        try (Parameters parameters = Parameters.of(graph);
                Plan plan = Plan.inference(graph, parameters, engine, extents)) {
            Map<Value, double[]> feed = new LinkedHashMap<>();
            for (int i = 0; i < feeds.length; i++) {
                feed.put(graph.inputs().get(i), feeds[i]);
            }
            Probe.write(plan, feed, extents);
            plan.run(extents.batch(), extents.time());
            return Probe.numbers(plan, graph.output("result"), extents);
        }
    }

    private static Value x(Graph.Builder graph, int... dims) {
        return graph.input("x", DataType.FLOAT32, Shape.of(dims));
    }

    private static Value lengths(Graph.Builder graph) {
        return graph.input("lengths", DataType.INT32, Shape.of(BATCH));
    }

    @ParameterizedTest
    @MethodSource("engines")
    void shapes(Engine engine) {
        Extents extents = Extents.of(2, 3);
        assertArrayEquals(NUMBERS, run(engine, extents,
                g -> g.reshape("y", x(g, BATCH, TIME, 2), Shape.of(BATCH, 1, TIME, 2)), NUMBERS));
        assertArrayEquals(new double[] {1, 3, 5, 2, 4, 6, 7, 9, 11, 8, 10, 12},
                run(engine, extents, g -> g.permute("y", x(g, BATCH, TIME, 2), 0, -1, 1), NUMBERS));
        assertArrayEquals(new double[] {1, 2, 7, 8, 3, 4, 9, 10, 5, 6, 11, 12},
                run(engine, extents, g -> g.permute("y", x(g, BATCH, TIME, 2), 1, 0, 2), NUMBERS));
        assertArrayEquals(new double[] {1, 2, 1, 2, 1, 2, 3, 4, 3, 4, 3, 4},
                run(engine, extents, g -> g.repeat("y", x(g, BATCH, 2), TIME), Arrays.copyOf(NUMBERS, 4)));
        assertArrayEquals(new double[] {5, 6, 11, 12},
                run(engine, extents, g -> g.slice("y", x(g, BATCH, TIME, 2), 1, -1, Slice.END), NUMBERS));
        assertArrayEquals(new double[] {2, 4, 6, 8, 10, 12},
                run(engine, extents, g -> g.slice("y", x(g, BATCH, TIME, 2), -1, 1, 2), NUMBERS));
        assertArrayEquals(new double[] {1, 2, 0, 3, 4, 10, 5, 6, 20, 7, 8, 30, 9, 10, 40, 11, 12, 50}, run(engine, extents,
                g -> {
                    Value x = x(g, BATCH, TIME, 2);
                    return g.concat("y", -1, x, g.input("z", DataType.FLOAT32, Shape.of(BATCH, TIME, 1)));
                }, NUMBERS, new double[] {0, 10, 20, 30, 40, 50}));
    }

    @ParameterizedTest
    @MethodSource("engines")
    void broadcasting(Engine engine) {
        double[] sums = run(engine, Extents.of(2, 3), g -> g.binary("y", Op.BinaryKind.ADD, x(g, BATCH, 1, 2),
                g.input("z", DataType.FLOAT32, Shape.of(TIME, 1))), new double[] {1, 2, 3, 4}, new double[] {10, 20, 30});
        assertArrayEquals(new double[] {11, 12, 21, 22, 31, 32, 13, 14, 23, 24, 33, 34}, sums);
        double[] greater = run(engine, Extents.of(1, 1), g -> g.binary("y", Op.BinaryKind.GREATER, x(g, 4),
                g.input("z", DataType.FLOAT32, Shape.scalar())), new double[] {1, 2, 3, Double.NaN}, new double[] {2});
        assertArrayEquals(new double[] {0, 0, 1, 0}, greater);
    }

    @ParameterizedTest
    @MethodSource("engines")
    void timeWithLengths(Engine engine) {
        Extents extents = Extents.of(2, 3);
        double[] x = {1, 2, 3, 4, 5, 6};
        double[] lengths = {2, 0};
        assertArrayEquals(new double[] {1, 2, 0, 0, 0, 0},
                run(engine, extents, g -> g.maskTime("y", x(g, BATCH, TIME), lengths(g)), x, lengths));
        assertArrayEquals(new double[] {2, 1, 0, 0, 0, 0},
                run(engine, extents, g -> g.reverseTime("y", x(g, BATCH, TIME), lengths(g)), x, lengths));
        double[] pooled = {3, 1.5, 2, 1, 2};
        for (PoolKind kind : PoolKind.values()) {
            assertArrayEquals(new double[] {pooled[kind.ordinal()], 0},
                    run(engine, extents, g -> g.poolTime("y", kind, x(g, BATCH, TIME), lengths(g)), x, lengths), kind.name());
        }
        double[] softmax = run(engine, extents, g -> g.softmax("y", x(g, BATCH, 1, TIME), lengths(g)), x, lengths);
        double second = 1 / (1 + Math.exp(-1));
        assertArrayEquals(new double[] {1 - second, second, 0, 0, 0, 0}, softmax, 1e-6);
        String message = assertThrows(IllegalArgumentException.class, () -> run(engine, extents,
                g -> g.maskTime("y", x(g, BATCH, TIME), lengths(g)), x, new double[] {4, 0})).getMessage();
        assertEquals("lengths[0]: expected 0 to 3, got 4", message);
    }

    @ParameterizedTest
    @MethodSource("engines")
    void windows(Engine engine) {
        Extents extents = Extents.of(1, 4);
        double[] x = {1, 2, 3, 4};
        assertArrayEquals(new double[] {0, 1, 2, 1, 2, 3, 2, 3, 4, 3, 4, 0},
                run(engine, extents, g -> g.windows("y", new Op.Windows(3, 1, 1, Padding.SAME), x(g, BATCH, TIME, 1)), x));
        assertArrayEquals(new double[] {0, 1, 0, 2, 1, 3, 2, 4},
                run(engine, extents, g -> g.windows("y", new Op.Windows(2, 1, 2, Padding.CAUSAL), x(g, BATCH, TIME, 1)), x));
        assertArrayEquals(new double[] {1, 2, 3, 4},
                run(engine, extents, g -> g.windows("y", new Op.Windows(2, 2, 1, Padding.VALID), x(g, BATCH, 4, 1)), x));
    }

    /// A number of windows of its own symbol is checked where a run tells it.
    @ParameterizedTest
    @MethodSource("engines")
    void windowsOfASymbolOfTheirOwn(Engine engine) {
        Graph.Builder builder = Graph.builder();
        Op.Windows op = new Op.Windows(2, 2, 1, Padding.VALID, Shape.time(1));
        Value y = builder.windows("y", op, x(builder, BATCH, TIME, 1));
        assertEquals(Shape.of(BATCH, Shape.time(1), 2), y.shape());
        Graph graph = builder.output("result", y).build();
        try (Parameters parameters = Parameters.of(graph);
                Plan plan = Plan.inference(graph, parameters, engine, Extents.of(1, 4, 2))) {
            plan.run(Extents.of(1, 4, 2));
            assertEquals("y: expected 2 windows of 4 steps, got 1", assertThrows(IllegalArgumentException.class,
                    () -> plan.run(Extents.of(1, 4, 1))).getMessage());
        }
    }

    @ParameterizedTest
    @MethodSource("engines")
    void aSliceOfTooFewStepsIsRefused(Engine engine) {
        String message = assertThrows(IllegalArgumentException.class, () -> run(engine, Extents.of(1, 2),
                g -> g.slice("y", x(g, BATCH, TIME), 1, 1, 3), new double[2])).getMessage();
        assertEquals("y: expected axis 1 to have elements 1 to 3, got 2 elements", message);
    }

    private static SequencedMap<String, Value> batchNormInputs(Graph.Builder graph) {
        SequencedMap<String, Value> inputs = new LinkedHashMap<>();
        inputs.put("x", x(graph, BATCH, TIME, 1));
        inputs.put("lengths", lengths(graph));
        inputs.put("movingMean", graph.input("mean", DataType.FLOAT32, Shape.of(1)));
        inputs.put("movingVariance", graph.input("variance", DataType.FLOAT32, Shape.of(1)));
        return inputs;
    }

    /// In training the statistics are those of the real steps and move what is kept; at inference what is kept counts.
    @ParameterizedTest
    @MethodSource("engines")
    void batchNorm(Engine engine) {
        Extents extents = Extents.of(2, 2);
        double[] x = {1, 3, 5, 99};
        double[] lengths = {2, 1};
        double[] mean = {1};
        double[] variance = {4};
        Graph.Builder builder = Graph.builder();
        Op op = new Op.BatchNorm(0.75f, 0);
        builder.output("result", builder.add("y", op, batchNormInputs(builder)).output("y"));
        Graph graph = builder.build();
        assertArrayEquals(new double[] {0, 1, 2, 0}, run(graph, engine, extents, x, lengths, mean, variance));

        Value loss = builder.reduce("loss", new Op.Reduce(ReduceKind.SUM, 0, 3), graph.output("result"));
        Gradients gradients = Gradients.of(builder.build(), loss, List.of(graph.inputs().getFirst()));
        try (Parameters parameters = Parameters.of(gradients.graph());
                Plan plan = Plan.training(gradients, parameters, engine, extents)) {
            Map<Value, double[]> feed = new LinkedHashMap<>();
            List<double[]> numbers = List.of(x, lengths, mean, variance);
            for (int i = 0; i < 4; i++) {
                feed.put(graph.inputs().get(i), numbers.get(i));
            }
            Probe.write(plan, feed, extents);
            plan.run(2, 2);
            double scale = 1 / Math.sqrt(8.0 / 3);
            assertArrayEquals(new double[] {-2 * scale, 0, 2 * scale, 0},
                    Probe.numbers(plan, graph.output("result"), extents), 1e-6);
            assertArrayEquals(new double[] {0.75 * 1 + 0.25 * 3},
                    Probe.numbers(plan, graph.inputs().get(2), extents), 1e-6);
            assertArrayEquals(new double[] {0.75 * 4 + 0.25 * 8 / 3},
                    Probe.numbers(plan, graph.inputs().get(3), extents), 1e-6);
        }
    }

    @ParameterizedTest
    @MethodSource("engines")
    void layerNorm(Engine engine) {
        double scale = 1 / Math.sqrt(2.0 / 3 + 1);
        assertArrayEquals(new double[] {-scale, 0, scale, 0, 0, 0}, run(engine, Extents.of(2, 1),
                g -> g.layerNorm("y", 1, x(g, BATCH, 3)), new double[] {1, 2, 3, 7, 7, 7}), 1e-6);
    }

    /// Mean and deviation of 60,000 numbers are off by 0.004 and 0.003, five times their deviations 1/sqrt(n) and
    /// 1/sqrt(2n) at most; at inference there is no noise.
    @ParameterizedTest
    @MethodSource("engines")
    void noiseIsNormal(Engine engine) {
        Graph.Builder builder = Graph.builder();
        Value x = x(builder, BATCH, 100);
        Value step = builder.input("step", DataType.INT64, Shape.scalar());
        Value y = builder.gaussianNoise("y", new Op.GaussianNoise(1, 3, 42), x, step);
        builder.output("result", y);
        Value loss = builder.reduce("loss", new Op.Reduce(ReduceKind.SUM, 0, 2), y);
        Graph graph = builder.build();
        Gradients gradients = Gradients.of(graph, loss, List.of(x));
        Extents extents = Extents.of(600, 1);
        try (Parameters parameters = Parameters.of(gradients.graph());
                Plan plan = Plan.training(gradients, parameters, engine, extents)) {
            plan.run(600, 1);
            double[] numbers = Probe.numbers(plan, y, extents);
            double mean = Arrays.stream(numbers).average().orElseThrow();
            double variance = Arrays.stream(numbers).map(v -> v * v).average().orElseThrow();
            double within = Arrays.stream(numbers).filter(v -> Math.abs(v) < 1).count() / 60_000.0;
            assertEquals(0, mean, 0.021);
            assertEquals(1, Math.sqrt(variance), 0.015);
            assertEquals(0.6827, within, 0.0095, "share within one deviation, whose own deviation is 0.0019");
        }
        assertArrayEquals(new double[100], run(graph, engine, Extents.of(1, 1), new double[100], new double[1]));
    }

    /// Attention over padded keys: what stands in them, and how many there are, changes no bit of a result.
    @ParameterizedTest
    @MethodSource("engines")
    void paddingChangesNothing(Engine engine) {
        Graph.Builder builder = Graph.builder();
        Value keys = x(builder, BATCH, TIME, 5);
        Value lengths = lengths(builder);
        Value masked = builder.maskTime("masked", keys, lengths);
        Value query = builder.reshape("query", builder.poolTime("mean", PoolKind.MEAN, masked, lengths),
                Shape.of(BATCH, 1, 5));
        Value scores = builder.batchMatMul("scores", Op.Transpose.B, query, masked);
        Value weights = builder.softmax("weights", scores, lengths);
        Graph graph = builder.output("result", builder.batchMatMul("y", Op.Transpose.NONE, weights, masked)).build();
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(3);
        double[] three = random.doubles(15, -2, 2).toArray();
        double[] padded = Arrays.copyOf(three, 35);
        for (int i = 15; i < 35; i++) {
            padded[i] = i % 2 == 0 ? Double.NaN : 1e30;
        }
        double[] expected = run(graph, engine, Extents.of(1, 3), three, new double[] {3});
        assertArrayEquals(expected, run(graph, engine, Extents.of(1, 7), padded, new double[] {3}));
        assertArrayEquals(new double[5], run(graph, engine, Extents.of(1, 7), padded, new double[] {0}));
        assertTrue(Arrays.stream(expected).allMatch(v -> Math.abs(v) > 1e-4), Arrays.toString(expected));
    }

    private static void refused(String message, Function<Graph.Builder, Value> node) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, () -> node.apply(Graph.builder())).getMessage());
    }

    @Test
    void whatDoesNotFitIsRefused() {
        refused("y: x (x): expected the elements of [B,2,T], symbols in their places, got [B,T,2]",
                g -> g.reshape("y", x(g, BATCH, TIME, 2), Shape.of(BATCH, 2, TIME)));
        refused("y: x (x): expected what can be repeated to [B,T,3], got [B,T,2]",
                g -> g.broadcast("y", x(g, BATCH, TIME, 2), Shape.of(BATCH, TIME, 3)));
        refused("y: x (x): expected 2 axes, got [B,T,2]", g -> g.permute("y", x(g, BATCH, TIME, 2), 0, 1));
        refused("permute: expected each of 0..2 once, got [0, 1, 1]",
                g -> g.permute("y", x(g, BATCH, TIME, 2), 0, 1, 1));
        refused("y: x0 (x): expected a number at axis 1, got [B,T,2]", g -> g.concat("y", 1, x(g, BATCH, TIME, 2)));
        refused("y: x1 (z): expected [B,T,2] with any number at axis 2, got [B,2]", g -> g.concat(
                "y", 2, x(g, BATCH, TIME, 2), g.input("z", DataType.FLOAT32, Shape.of(BATCH, 2))));
        refused("y: x (x): expected an axis 1 with elements 1 to its end, got [B,T,2]",
                g -> g.slice("y", x(g, BATCH, TIME, 2), 1, 1, Slice.END));
        refused("y: x (x): expected an axis 2 with elements 0 to 3, got [B,T,2]",
                g -> g.slice("y", x(g, BATCH, TIME, 2), 2, 0, 3));
        refused("slice: expected axis >= 0 and from < to, got axis 2, from -1, to -2",
                g -> g.slice("y", x(g, BATCH, TIME, 2), 2, -1, -2));
        refused("y: b (x): expected [B,2] and an axis behind the last, got [B,T,2]", g -> {
            Value x = x(g, BATCH, TIME, 2);
            return g.batchMatMul("y", Op.Transpose.NONE, x, x);
        });
        refused("y: lengths (x): expected INT32 [B], got FLOAT32 [B,T]", g -> {
            Value x = x(g, BATCH, TIME);
            return g.maskTime("y", x, x);
        });
        refused("y: x (x): expected a number of steps, or a symbol for the number of windows, got [B,T,2]",
                g -> g.windows("y", new Op.Windows(2, 1, 1, Padding.VALID), x(g, BATCH, TIME, 2)));
        refused("y: x (x): expected a number of steps for SAME padding with a stride of 2, got [B,T,2]",
                g -> g.windows("y", new Op.Windows(2, 2, 1, Padding.SAME, Shape.time(1)), x(g, BATCH, TIME, 2)));
        refused("y: x (x): expected at least 5 steps, got [B,4,2]",
                g -> g.windows("y", new Op.Windows(3, 1, 2, Padding.VALID), x(g, BATCH, 4, 2)));
        refused("windows: expected size, stride and dilation >= 1, got 0, 1, 1",
                g -> g.windows("y", new Op.Windows(0, 1, 1, Padding.VALID), x(g, BATCH, 4, 2)));
        refused("clip: expected low <= high, got 1.0, -1.0", g -> g.clip("y", x(g, BATCH, 4), 1, -1));
        refused("layer norm: expected epsilon >= 0, got NaN", g -> g.layerNorm("y", Float.NaN, x(g, BATCH, 4)));
        refused("y: gain (z): expected [4], got [3]", g -> {
            Value z = g.input("z", DataType.FLOAT32, Shape.of(3));
            return g.layerNorm("y", 0, x(g, BATCH, 4), z, z);
        });
        refused("y: a (x): expected at most 8 axes, got [1,1,1,1,1,1,1,1,1]", g -> {
            Value x = x(g, 1, 1, 1, 1, 1, 1, 1, 1, 1);
            return g.binary("y", Op.BinaryKind.ADD, x, x);
        });
    }

    @Test
    void whatIsKeptOfABatchHasNoGradient() {
        Graph.Builder builder = Graph.builder();
        SequencedMap<String, Value> inputs = batchNormInputs(builder);
        Value y = builder.add("y", new Op.BatchNorm(0.9f, 0.1f), inputs).output("y");
        Value loss = builder.reduce("loss", new Op.Reduce(ReduceKind.SUM, 0, 3), y);
        Value mean = inputs.get("movingMean");
        assertEquals("y: movingMean has no gradient", assertThrows(IllegalArgumentException.class,
                () -> Gradients.of(builder.build(), loss, List.of(mean))).getMessage());
    }
}
