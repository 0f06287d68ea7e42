package dev.rondo.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.graph.Graph;
import dev.rondo.graph.Op;
import dev.rondo.graph.Op.AdamForm;
import dev.rondo.graph.Op.RootForm;
import dev.rondo.kernels.Engines;
import dev.rondo.plan.Update.Treatment;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Parameters that are treated each in its own way, against plain loops in double.
class TreatmentTest {
    /// Neighbours that are treated alike (b and c), a frozen one in the middle, and one behind it.
    private static final Graph GRAPH = graph();

    private static Graph graph() {
        Graph.Builder builder = Graph.builder();
        builder.parameter("a", Shape.of(3, 7));
        builder.parameter("b", Shape.of(17));
        builder.parameter("c", Shape.of(1));
        builder.parameter("frozen", Shape.of(2, 5));
        builder.parameter("e", Shape.of(37));
        return builder.build();
    }

    private static final List<String> NAMES = List.of("a", "b", "c", "frozen", "e");

    static Stream<Engine> engines() {
        return UpdateTest.engines();
    }

    /// An optimizer and its formula for a rate.
    private record Case<T extends Op>(T op, BiFunction<T, Double, UpdateTest.Rule> rule) {
        UpdateTest.Rule at(double rate) {
            return rule.apply(op, rate);
        }
    }

    private static List<Case<?>> cases() {
        List<Case<?>> cases = new ArrayList<>();
        for (float momentum : new float[] {0, 0.9f}) {
            cases.add(new Case<>(new Op.Sgd(momentum, momentum > 0), UpdateTest::sgdRule));
        }
        for (AdamForm form : AdamForm.values()) {
            for (float decay : new float[] {0, 0.5f}) {
                cases.add(new Case<>(new Op.Adam(0.9f, 0.99f, 1e-2f, decay, form), UpdateTest::adamRule));
            }
        }
        for (RootForm form : RootForm.values()) {
            cases.add(new Case<>(new Op.RmsProp(0.9f, 1e-2f, 0.8f, true, form), UpdateTest::rmsPropRule));
            cases.add(new Case<>(new Op.Adagrad(0.1f, 1e-2f, form), UpdateTest::adagradRule));
        }
        return cases;
    }

    private static Map<String, Treatment> treatments(Op op) {
        Map<String, Treatment> treatments = new LinkedHashMap<>();
        treatments.put("a", new Treatment(Optional.of(op), 0.5, 0, 0.02));
        treatments.put("b", Treatment.by(op));
        treatments.put("c", Treatment.by(op));
        treatments.put("frozen", new Treatment(Optional.empty(), 1, 0, 0));
        treatments.put("e", new Treatment(Optional.of(op), 2, 0.03, 0.01));
        return treatments;
    }

    @ParameterizedTest
    @MethodSource("engines")
    void eachParameterFollowsItsTreatment(Engine engine) {
        for (Case<?> one : cases()) {
            for (Clip clip : List.of(Clip.none(), Clip.globalNorm(0.5), Clip.norm(1), Clip.value(0.25))) {
                check(engine, DataType.FLOAT32, one, clip);
            }
        }
    }

    @Test
    void soInDouble() {
        cases().forEach(one -> check(Engines.reference(), DataType.FLOAT64, one, Clip.globalNorm(0.5)));
    }

    private static void check(Engine engine, DataType type, Case<?> one, Clip clip) {
        Map<String, Treatment> treatments = treatments(one.op());
        try (Arena arena = Arena.ofShared();
                Parameters parameters = Models.random(GRAPH, 3, type);
                Update update = Update.of(parameters, treatments, clip, engine)) {
            MemorySegment flat = parameters.allocateLike(arena);
            Map<String, Tensor> gradients = parameters.views(flat);
            Map<String, double[]> expected = new LinkedHashMap<>();
            Map<String, List<UpdateTest.Rule>> rules = new LinkedHashMap<>();
            parameters.tensors().forEach((name, tensor) -> {
                expected.put(name, tensor.toDoubles());
                rules.put(name, Stream.generate(() -> one.at(UpdateTest.RATE * treatment(treatments, name).rate()))
                        .limit(tensor.elements())
                        .toList());
            });
            double tolerance = type == DataType.FLOAT64 ? 1e-12 : UpdateTest.STEPS * 16 * 0x1p-24;
            String what = engine.description().isa() + " " + one.op() + " " + clip;
            for (int step = 1; step <= UpdateTest.STEPS; step++) {
                fill(gradients, step);
                double penalty = 0;
                double squares = 0;
                Map<String, double[]> full = new LinkedHashMap<>();
                for (String name : NAMES) {
                    Treatment treatment = treatment(treatments, name);
                    double[] w = values(expected, name);
                    double[] g = treatment.optimizer().isEmpty()
                            ? new double[w.length]
                            : gradient(name, step, w.length);
                    for (int i = 0; i < w.length; i++) {
                        penalty += (float) treatment.l1() * Math.abs(w[i]) + (float) treatment.l2() * w[i] * w[i];
                        g[i] += treatment.l1() * Math.signum(w[i]) + 2 * treatment.l2() * w[i];
                        squares += g[i] * g[i];
                    }
                    full.put(name, g);
                }
                double norm = Math.sqrt(squares);
                // A sum of some sixty numbers of about 1.
                assertEquals(penalty, update.penalty(), penalty * 64 * 0x1p-24, what);
                assertEquals(norm, update.norm(flat), norm * 1e-6, what);
                update.apply(flat, UpdateTest.RATE, step);
                for (String name : NAMES) {
                    if (treatment(treatments, name).optimizer().isPresent()) {
                        double[] w = values(expected, name);
                        double[] g = clipped(values(full, name), clip, norm);
                        for (int i = 0; i < w.length; i++) {
                            w[i] = rules.getOrDefault(name, List.of()).get(i).next(w[i], g[i], step);
                        }
                    }
                    assertArrayEquals(
                            values(expected, name), parameters.tensor(name).toDoubles(), tolerance, what + " " + name);
                }
            }
        }
    }

    private static Treatment treatment(Map<String, Treatment> treatments, String name) {
        return treatments.getOrDefault(name, Treatment.by(new Op.Sgd(0, false)));
    }

    private static double[] values(Map<String, double[]> all, String name) {
        return all.getOrDefault(name, new double[0]);
    }

    private static double[] gradient(String name, int step, int count) {
        double[] gradient = new double[count];
        Arrays.setAll(gradient, i -> UpdateTest.gradient(i + 100 * NAMES.indexOf(name), step));
        return gradient;
    }

    /// NaN where it is nobody's: among the gradients of the frozen ones.
    private static void fill(Map<String, Tensor> gradients, int step) {
        gradients.forEach((name, tensor) -> {
            double[] values = gradient(name, step, (int) tensor.elements());
            for (int i = 0; i < values.length; i++) {
                tensor.set(i, name.equals("frozen") ? Double.NaN : values[i]);
            }
        });
    }

    private static double[] clipped(double[] gradient, Clip clip, double norm) {
        double own = Math.sqrt(Arrays.stream(gradient).map(g -> g * g).sum());
        return Arrays.stream(gradient)
                .map(g -> switch (clip.kind()) {
                    case NONE -> g;
                    case GLOBAL_NORM -> g * Math.min(1, clip.max() / norm);
                    case NORM -> g * Math.min(1, clip.max() / own);
                    case VALUE -> Math.clamp(g, -clip.max(), clip.max());
                })
                .toArray();
    }

    /// A decay may differ from parameter to parameter: with a gradient of 0 it is all that moves them.
    @Test
    void decaysOfTheirOwn() {
        Map<String, Treatment> treatments = new LinkedHashMap<>();
        for (String name : NAMES) {
            float decay = NAMES.indexOf(name) * 0.25f;
            treatments.put(name, Treatment.by(new Op.Adam(0.9f, 0.99f, 1e-2f, decay, AdamForm.KERAS)));
        }
        for (Engine engine : engines().toList()) {
            try (Arena arena = Arena.ofShared();
                    Parameters parameters = Models.random(GRAPH, 3, DataType.FLOAT32);
                    Update update = Update.of(parameters, treatments, Clip.none(), engine)) {
                Map<String, double[]> before = new LinkedHashMap<>();
                parameters.tensors().forEach((name, tensor) -> before.put(name, tensor.toDoubles()));
                MemorySegment flat = parameters.allocateLike(arena);
                assertEquals(0, update.norm(flat));
                update.apply(flat, 0.5, 1);
                for (String name : NAMES) {
                    double kept = 1 - 0.5 * 0.25 * NAMES.indexOf(name);
                    double[] expected =
                            Arrays.stream(values(before, name)).map(w -> kept * w).toArray();
                    assertArrayEquals(expected, parameters.tensor(name).toDoubles(), 2 * 0x1p-24, name);
                }
            }
        }
    }

    /// A graph without parameters has nothing to update, and says nothing.
    @ParameterizedTest
    @MethodSource("engines")
    void noParametersAreUpdatedToo(Engine engine) {
        try (Arena arena = Arena.ofShared();
                Parameters none = Parameters.of(Graph.builder().build());
                Update update = Update.of(none, new Op.Sgd(0.5f, false), Clip.globalNorm(1), engine)) {
            MemorySegment flat = none.allocateLike(arena);
            assertEquals(0, update.norm(flat));
            update.apply(flat, 0.5, 1);
            assertEquals(0, update.penalty());
            assertEquals(Map.of(), update.states());
        }
    }

    @Test
    void whatDoesNotFitIsRefused() {
        Op sgd = new Op.Sgd(0, false);
        Map<String, Treatment> treatments = treatments(sgd);
        treatments.put("c", Treatment.by(new Op.Sgd(0.5f, false)));
        refused("expected optimizers of one kind", treatments);
        treatments.put("c", Treatment.by(new Op.Softmax()));
        refused("expected an optimizer, got Softmax", treatments);
        treatments.remove("c");
        refused("expected one for each of [a, b, c, frozen, e], got those of [a, b, frozen, e]", treatments);
        treatments.put("d", Treatment.by(sgd));
        refused("got those of [a, b, frozen, e, d]", treatments);
        Map<String, Treatment> none = new LinkedHashMap<>();
        NAMES.forEach(name -> none.put(name, new Treatment(Optional.empty(), 1, 0, 0)));
        refused("expected a parameter that is not frozen, got none", none);
        assertThrows(IllegalArgumentException.class, () -> new Treatment(Optional.of(sgd), 0, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> new Treatment(Optional.of(sgd), 1, -1, 0));
        assertThrows(
                IllegalArgumentException.class,
                () -> new Treatment(Optional.of(sgd), Double.POSITIVE_INFINITY, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> new Treatment(Optional.of(sgd), 1, 0, Double.NaN));
    }

    private static void refused(String expected, Map<String, Treatment> treatments) {
        try (Parameters parameters = Parameters.of(GRAPH)) {
            IllegalArgumentException e = assertThrows(
                    IllegalArgumentException.class,
                    () -> Update.of(parameters, treatments, Clip.none(), Engines.reference()));
            assertTrue(e.getMessage().contains(expected), e.getMessage());
        }
    }
}
