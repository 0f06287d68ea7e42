package dev.rondo.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.rondo.graph.Graph;
import dev.rondo.graph.Op;
import dev.rondo.graph.Op.AdamForm;
import dev.rondo.kernels.Engines;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Optimizers against their formulas, written down here once more, over several steps with and without clipping.
class UpdateTest {
    private static final int STEPS = 5;
    private static final double RATE = 0.05;

    /// Parameters of sizes that leave gaps in the flat memory.
    private static final Graph GRAPH = graph();

    private static Graph graph() {
        Graph.Builder builder = Graph.builder();
        builder.parameter("a", Shape.of(3, 7));
        builder.parameter("b", Shape.of(1));
        builder.parameter("c", Shape.of(37));
        return builder.build();
    }

    /// One number's optimizer in double: from its value and scaled gradient to its new value.
    private interface Rule {
        double next(double value, double gradient, int step);
    }

    static Stream<Engine> engines() {
        List<Engine> engines = new ArrayList<>(List.of(Engines.reference()));
        Engines.isas().forEach(isa -> engines.add(Engines.natives(isa, 2)));
        return engines.stream();
    }

    private static double gradient(int element, int step) {
        return (float) Math.sin(element * 1.7 + step);
    }

    /// @param maxNorm infinity, or small enough to clip
    private static void check(
            Engine engine, DataType type, Op op, float maxNorm, Supplier<Rule> rules) {
        try (Arena arena = Arena.ofShared();
                Parameters parameters = Models.random(GRAPH, 3, type);
                Update update = op instanceof Op.Adam adam
                        ? Update.adam(parameters, adam, maxNorm, engine)
                        : Update.sgd(parameters, (Op.Sgd) op, maxNorm, engine)) {
            MemorySegment flat = parameters.allocateLike(arena);
            List<Tensor> gradients = List.copyOf(parameters.views(flat).values());
            List<Tensor> values = List.copyOf(parameters.tensors().values());
            List<Rule> ruleList = new ArrayList<>();
            List<Double> expected = new ArrayList<>();
            values.forEach(value -> {
                for (double v : value.toDoubles()) {
                    expected.add(v);
                    ruleList.add(rules.get());
                }
            });
            for (int step = 1; step <= STEPS; step++) {
                int element = 0;
                double sum = 0;
                for (Tensor tensor : gradients) {
                    for (long i = 0; i < tensor.elements(); i++) {
                        tensor.set(i, gradient(element, step));
                        sum += gradient(element, step) * gradient(element, step);
                        element++;
                    }
                }
                double norm = Math.sqrt(sum);
                double scale = norm > maxNorm ? maxNorm / norm : 1;
                assertEquals(norm, update.norm(flat), norm * 1e-6);
                update.apply(flat, RATE, step);
                for (int i = 0; i < expected.size(); i++) {
                    expected.set(i, ruleList.get(i).next(expected.get(i), scale * gradient(i, step), step));
                }
            }
            double[] actual = values.stream().flatMapToDouble(v -> Arrays.stream(v.toDoubles())).toArray();
            // Each step adds a few roundings of numbers around 1 and of steps of up to RATE.
            double tolerance = type == DataType.FLOAT64 ? 1e-12 : STEPS * 8 * 0x1p-24;
            assertArrayEquals(
                    expected.stream().mapToDouble(Double::doubleValue).toArray(), actual, tolerance,
                    engine.description().isa() + " " + op);
            assertEquals(STEPS + 1, parameters.version(), "filling and every step count");
        }
    }

    private static void checkAll(Engine engine, DataType type, Op op, Supplier<Rule> rules) {
        check(engine, type, op, Float.POSITIVE_INFINITY, rules);
        check(engine, type, op, 0.5f, rules);
    }

    @ParameterizedTest
    @MethodSource("engines")
    void adam(Engine engine) {
        for (AdamForm form : AdamForm.values()) {
            Op.Adam adam = new Op.Adam(0.9f, 0.99f, 1e-3f, form);
            checkAll(engine, DataType.FLOAT32, adam, () -> adamRule(adam));
        }
    }

    private static Rule adamRule(Op.Adam adam) {
        double[] m = new double[1];
        double[] v = new double[1];
        return (w, g, t) -> {
            m[0] = adam.beta1() * m[0] + (1 - (double) adam.beta1()) * g;
            v[0] = adam.beta2() * v[0] + (1 - (double) adam.beta2()) * g * g;
            double one = 1 - Math.pow(adam.beta1(), t);
            double two = 1 - Math.pow(adam.beta2(), t);
            return switch (adam.form()) {
                case KERAS -> w - RATE * Math.sqrt(two) / one * m[0] / (Math.sqrt(v[0]) + adam.epsilon());
                case PYTORCH -> w - RATE / one * m[0] / (Math.sqrt(v[0] / two) + adam.epsilon());
            };
        };
    }

    @ParameterizedTest
    @MethodSource("engines")
    void sgd(Engine engine) {
        for (Op.Sgd sgd : List.of(new Op.Sgd(0, false), new Op.Sgd(0.9f, false), new Op.Sgd(0.9f, true))) {
            checkAll(engine, DataType.FLOAT32, sgd, () -> sgdRule(sgd));
        }
    }

    private static Rule sgdRule(Op.Sgd sgd) {
        double[] v = new double[1];
        return (w, g, t) -> {
            v[0] = sgd.momentum() * v[0] - RATE * g;
            return sgd.nesterov() ? w + sgd.momentum() * v[0] - RATE * g : w + v[0];
        };
    }

    /// The same in float64, where only the float32 coefficients of the operations are given.
    @Test
    void referenceInDouble() {
        Op.Adam adam = new Op.Adam(0.9f, 0.99f, 1e-3f, AdamForm.KERAS);
        checkAll(Engines.reference(), DataType.FLOAT64, adam, () -> adamRule(adam));
        Op.Sgd sgd = new Op.Sgd(0.9f, true);
        checkAll(Engines.reference(), DataType.FLOAT64, sgd, () -> sgdRule(sgd));
    }

    @ParameterizedTest
    @MethodSource("engines")
    void whatIsNotFiniteShowsInTheNorm(Engine engine) {
        try (Arena arena = Arena.ofShared();
                Parameters parameters = Parameters.of(GRAPH);
                Update update = Update.sgd(parameters, new Op.Sgd(0, false), 1, engine)) {
            MemorySegment flat = parameters.allocateLike(arena);
            parameters.views(flat).get("c").set(5, Double.NaN);
            assertEquals(Double.NaN, update.norm(flat));
            parameters.views(flat).get("c").set(5, Double.NEGATIVE_INFINITY);
            assertEquals(Double.POSITIVE_INFINITY, update.norm(flat));
        }
    }
}
