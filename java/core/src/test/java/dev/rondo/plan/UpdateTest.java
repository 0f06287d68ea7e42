package dev.rondo.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.rondo.graph.Graph;
import dev.rondo.graph.Op;
import dev.rondo.graph.Op.AdamForm;
import dev.rondo.graph.Op.RootForm;
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
    static final int STEPS = 5;
    static final double RATE = 0.05;

    /// Parameters of sizes that leave gaps in the flat memory.
    static final Graph GRAPH = graph();

    private static Graph graph() {
        Graph.Builder builder = Graph.builder();
        builder.parameter("a", Shape.of(3, 7));
        builder.parameter("b", Shape.of(1));
        builder.parameter("c", Shape.of(37));
        return builder.build();
    }

    /// One number's optimizer in double: from its value and scaled gradient to its new value.
    interface Rule {
        double next(double value, double gradient, int step);
    }

    static Stream<Engine> engines() {
        List<Engine> engines = new ArrayList<>(List.of(Engines.reference()));
        Engines.isas().forEach(isa -> engines.add(Engines.natives(isa, 2)));
        return engines.stream();
    }

    static double gradient(int element, int step) {
        return (float) Math.sin(element * 1.7 + step);
    }

    private static void check(Engine engine, DataType type, Op op, Clip clip, Supplier<Rule> rules) {
        try (Arena arena = Arena.ofShared();
                Parameters parameters = Models.random(GRAPH, 3, type);
                Update update = Update.of(parameters, op, clip, engine)) {
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
                assertEquals(norm, update.norm(flat), norm * 1e-6);
                update.apply(flat, RATE, step);
                double[] clipped = clipped(clip, gradients, step, norm);
                for (int i = 0; i < expected.size(); i++) {
                    expected.set(i, ruleList.get(i).next(expected.get(i), clipped[i], step));
                }
            }
            double[] actual = values.stream().flatMapToDouble(v -> Arrays.stream(v.toDoubles())).toArray();
            // Each step adds a few roundings of numbers around 1 and of steps of up to RATE.
            double tolerance = type == DataType.FLOAT64 ? 1e-12 : STEPS * 8 * 0x1p-24;
            assertArrayEquals(
                    expected.stream().mapToDouble(Double::doubleValue).toArray(), actual, tolerance,
                    engine.description().isa() + " " + op + " " + clip);
            assertEquals(STEPS + 1, parameters.version(), "filling and every step count");
        }
    }

    /// The gradients of a step as the optimizer is to see them.
    private static double[] clipped(Clip clip, List<Tensor> tensors, int step, double norm) {
        double[] clipped = new double[tensors.stream().mapToInt(tensor -> (int) tensor.elements()).sum()];
        int from = 0;
        for (Tensor tensor : tensors) {
            int to = from + (int) tensor.elements();
            double own = 0;
            for (int i = from; i < to; i++) {
                own += gradient(i, step) * gradient(i, step);
            }
            for (int i = from; i < to; i++) {
                double g = gradient(i, step);
                clipped[i] = switch (clip.kind()) {
                    case NONE -> g;
                    case GLOBAL_NORM -> g * Math.min(1, clip.max() / norm);
                    case NORM -> g * Math.min(1, clip.max() / Math.sqrt(own));
                    case VALUE -> Math.clamp(g, -clip.max(), clip.max());
                };
            }
            from = to;
        }
        return clipped;
    }

    /// Of each kind one that clips; the norm of the one number of `b` is below 1, those of the others above.
    private static void checkAll(Engine engine, DataType type, Op op, Supplier<Rule> rules) {
        for (Clip clip : List.of(Clip.none(), Clip.globalNorm(0.5), Clip.norm(1), Clip.value(0.25))) {
            check(engine, type, op, clip, rules);
        }
    }

    @ParameterizedTest
    @MethodSource("engines")
    void adam(Engine engine) {
        for (AdamForm form : AdamForm.values()) {
            for (float decay : new float[] {0, 0.5f}) {
                Op.Adam adam = new Op.Adam(0.9f, 0.99f, 1e-3f, decay, form);
                checkAll(engine, DataType.FLOAT32, adam, () -> adamRule(adam, RATE));
            }
        }
    }

    static Rule adamRule(Op.Adam adam, double rate) {
        double[] m = new double[1];
        double[] v = new double[1];
        return (w, g, t) -> {
            m[0] = adam.beta1() * m[0] + (1 - (double) adam.beta1()) * g;
            v[0] = adam.beta2() * v[0] + (1 - (double) adam.beta2()) * g * g;
            double one = 1 - Math.pow(adam.beta1(), t);
            double two = 1 - Math.pow(adam.beta2(), t);
            double kept = w - rate * adam.decay() * w;
            return switch (adam.form()) {
                case KERAS -> kept - rate * Math.sqrt(two) / one * m[0] / (Math.sqrt(v[0]) + adam.epsilon());
                case PYTORCH -> kept - rate / one * m[0] / (Math.sqrt(v[0] / two) + adam.epsilon());
            };
        };
    }

    @ParameterizedTest
    @MethodSource("engines")
    void sgd(Engine engine) {
        for (Op.Sgd sgd : List.of(new Op.Sgd(0, false), new Op.Sgd(0.9f, false), new Op.Sgd(0.9f, true))) {
            checkAll(engine, DataType.FLOAT32, sgd, () -> sgdRule(sgd, RATE));
        }
    }

    @ParameterizedTest
    @MethodSource("engines")
    void rmsProp(Engine engine) {
        for (RootForm form : RootForm.values()) {
            for (float momentum : new float[] {0, 0.8f}) {
                for (boolean centered : new boolean[] {false, true}) {
                    Op.RmsProp rmsProp = new Op.RmsProp(0.9f, 1e-2f, momentum, centered, form);
                    checkAll(engine, DataType.FLOAT32, rmsProp, () -> rmsPropRule(rmsProp, RATE));
                }
            }
        }
    }

    static Rule rmsPropRule(Op.RmsProp op, double rate) {
        double[] v = new double[1];
        double[] m = new double[1];
        double[] velocity = new double[1];
        return (w, g, _) -> {
            v[0] = op.rho() * v[0] + (1 - (double) op.rho()) * g * g;
            m[0] = op.rho() * m[0] + (1 - (double) op.rho()) * g;
            double a = op.centered() ? v[0] - m[0] * m[0] : v[0];
            return switch (op.form()) {
                case KERAS -> {
                    velocity[0] = op.momentum() * velocity[0] + rate * g / Math.sqrt(a + op.epsilon());
                    yield w - velocity[0];
                }
                case PYTORCH -> {
                    velocity[0] = op.momentum() * velocity[0] + g / (Math.sqrt(a) + op.epsilon());
                    yield w - rate * velocity[0];
                }
            };
        };
    }

    @ParameterizedTest
    @MethodSource("engines")
    void adagrad(Engine engine) {
        for (RootForm form : RootForm.values()) {
            Op.Adagrad adagrad = new Op.Adagrad(0.1f, 1e-2f, form);
            checkAll(engine, DataType.FLOAT32, adagrad, () -> adagradRule(adagrad, RATE));
        }
    }

    static Rule adagradRule(Op.Adagrad op, double rate) {
        double[] sum = {op.start()};
        return (w, g, _) -> {
            sum[0] += g * g;
            return switch (op.form()) {
                case KERAS -> w - rate * g / Math.sqrt(sum[0] + op.epsilon());
                case PYTORCH -> w - rate * g / (Math.sqrt(sum[0]) + op.epsilon());
            };
        };
    }

    /// What a checkpoint has to keep of each optimizer, by name.
    @Test
    void statesHaveNames() {
        Op.RmsProp rmsProp = new Op.RmsProp(0.9f, 1e-7f, 0, false, RootForm.KERAS);
        Op.RmsProp all = new Op.RmsProp(0.9f, 1e-7f, 0.5f, true, RootForm.KERAS);
        assertEquals(List.of(), states(new Op.Sgd(0, false)));
        assertEquals(List.of("velocity"), states(new Op.Sgd(0.5f, true)));
        assertEquals(List.of("m", "v"), states(new Op.Adam(0.9f, 0.99f, 1e-3f, 0.1f, AdamForm.KERAS)));
        assertEquals(List.of("v"), states(rmsProp));
        assertEquals(List.of("v", "m", "velocity"), states(all));
        assertEquals(List.of("sum"), states(new Op.Adagrad(0.1f, 1e-7f, RootForm.KERAS)));
        assertThrows(IllegalArgumentException.class, () -> states(new Op.Softmax()));
    }

    private static List<String> states(Op optimizer) {
        try (Parameters parameters = Parameters.of(GRAPH);
                Update update = Update.of(parameters, optimizer, Clip.none(), Engines.reference())) {
            return List.copyOf(update.states().keySet());
        }
    }

    static Rule sgdRule(Op.Sgd sgd, double rate) {
        double[] v = new double[1];
        return (w, g, t) -> {
            v[0] = sgd.momentum() * v[0] - rate * g;
            return sgd.nesterov() ? w + sgd.momentum() * v[0] - rate * g : w + v[0];
        };
    }

    /// The same in float64, where only the float32 coefficients of the operations are given.
    @Test
    void referenceInDouble() {
        Op.Adam adam = new Op.Adam(0.9f, 0.99f, 1e-3f, AdamForm.KERAS);
        checkAll(Engines.reference(), DataType.FLOAT64, adam, () -> adamRule(adam, RATE));
        Op.Sgd sgd = new Op.Sgd(0.9f, true);
        checkAll(Engines.reference(), DataType.FLOAT64, sgd, () -> sgdRule(sgd, RATE));
        for (RootForm form : RootForm.values()) {
            Op.RmsProp rmsProp = new Op.RmsProp(0.9f, 1e-2f, 0.8f, true, form);
            checkAll(Engines.reference(), DataType.FLOAT64, rmsProp, () -> rmsPropRule(rmsProp, RATE));
            Op.Adagrad adagrad = new Op.Adagrad(0.1f, 1e-2f, form);
            checkAll(Engines.reference(), DataType.FLOAT64, adagrad, () -> adagradRule(adagrad, RATE));
        }
    }

    @ParameterizedTest
    @MethodSource("engines")
    void whatIsNotFiniteShowsInTheNorm(Engine engine) {
        try (Arena arena = Arena.ofShared();
                Parameters parameters = Parameters.of(GRAPH);
                Update update = Update.of(parameters, new Op.Sgd(0, false), Clip.globalNorm(1), engine)) {
            MemorySegment flat = parameters.allocateLike(arena);
            parameters.views(flat).get("c").set(5, Double.NaN);
            assertEquals(Double.NaN, update.norm(flat));
            parameters.views(flat).get("c").set(5, Double.NEGATIVE_INFINITY);
            assertEquals(Double.POSITIVE_INFINITY, update.norm(flat));
        }
    }
}
