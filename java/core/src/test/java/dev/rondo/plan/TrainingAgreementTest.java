package dev.rondo.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.graph.Gradients;
import dev.rondo.graph.Graph;
import dev.rondo.graph.Op;
import dev.rondo.kernels.Engines;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Whole training steps of a small text model with carried state and dropout: every instruction set against the
/// reference in float64, step by step, with and without providers.
class TrainingAgreementTest {
    private static final int CLASSES = 29;
    private static final int EMBEDDING = 24;
    private static final int HIDDEN = 40;
    private static final int STEPS = 6;

    /// What a step leaves: loss and count, the gradients' norm, and all parameters.
    private record Outcome(double loss, double count, double norm, double[] parameters) {}

    static Stream<Engine> engines() {
        return Engines.isas().stream()
                .flatMap(isa -> Stream.of(
                        Engines.natives(isa, 1), Engines.natives(isa, 3),
                        Engine.training().kernels(Engine.Choice.NATIVE).isa(isa).threads(2)
                                .providers(Set.of("openblas")).engine()));
    }

    private static List<Outcome> train(Engine engine, DataType type, int batch, int time) {
        Gradients gradients = Models.text(CLASSES, EMBEDDING, HIDDEN);
        Graph graph = gradients.graph();
        Op.Adam adam = new Op.Adam(0.9f, 0.999f, 1e-7f, Op.AdamForm.KERAS);
        try (Parameters parameters = Models.random(graph, 5, type);
                Plan plan = Plan.training(gradients, parameters, engine, Extents.of(batch, time));
                Update update = Update.of(parameters, adam, Clip.globalNorm(0.5), engine)) {
            List<Outcome> outcomes = new ArrayList<>();
            for (int step = 1; step <= STEPS; step++) {
                // The last batch is smaller than the plan.
                int b = step == STEPS ? batch - 1 : batch;
                int t = step == STEPS ? time - 1 : time;
                Models.fill(plan.tensor(graph.value("ids"), b, t), step, CLASSES);
                Models.fill(plan.tensor(graph.value("labels"), b, t), step + 100, CLASSES);
                plan.memory(graph.value("step")).set(ValueLayout.JAVA_LONG, 0, step);
                plan.run(b, t);
                double norm = update.norm(plan.gradients());
                update.apply(plan.gradients(), 1e-2, step);
                double[] all = parameters.tensors().values().stream()
                        .flatMapToDouble(tensor -> Arrays.stream(tensor.toDoubles())).toArray();
                outcomes.add(new Outcome(
                        plan.scalar(graph.output("loss")), plan.scalar(graph.output("count")), norm, all));
            }
            return outcomes;
        }
    }

    @ParameterizedTest
    @MethodSource("engines")
    void stepsAgree(Engine engine) {
        List<Outcome> expected = train(Engines.reference(), DataType.FLOAT64, 5, 7);
        List<Outcome> actual = train(engine, DataType.FLOAT32, 5, 7);
        for (int step = 0; step < STEPS; step++) {
            Outcome left = expected.get(step);
            Outcome right = actual.get(step);
            // A loss of 3 by sums of 40 terms through 7 steps of time: 1e-6; each update adds the same again.
            double tolerance = 1e-5 * (step + 1);
            assertEquals(left.loss(), right.loss(), tolerance, "loss of step " + step);
            assertEquals(left.count(), right.count());
            assertEquals(left.norm(), right.norm(), tolerance * Math.max(1, left.norm()), "norm of step " + step);
            // Adam divides by the gradient's own size: where a gradient is near zero its relative error is the step's.
            // A step is 1e-2 at most, and such elements are few.
            assertArrayEquals(left.parameters(), right.parameters(), 1e-3 * (step + 1), "parameters of step " + step);
        }
        assertTrue(expected.getLast().loss() != expected.getFirst().loss());
    }

    /// A product large enough to be worth a provider: the same numbers but for rounding.
    @ParameterizedTest
    @MethodSource("engines")
    void largeProductsAgree(Engine engine) {
        Gradients gradients = Models.text(200, 128, 128);
        Graph graph = gradients.graph();
        double[][] results = new double[2][];
        Engine[] engines = {Engines.reference(), engine};
        for (int i = 0; i < 2; i++) {
            try (Parameters parameters = Models.random(graph, 5);
                    Plan plan = Plan.training(gradients, parameters, engines[i], Extents.of(16, 8))) {
                Models.fill(plan.tensor(graph.value("ids"), 16, 8), 1, 200);
                Models.fill(plan.tensor(graph.value("labels"), 16, 8), 2, 200);
                plan.run(16, 8);
                results[i] = Tensor.wrap(plan.gradients(), DataType.FLOAT32,
                        Shape.of((int) parameters.elements())).toDoubles();
            }
        }
        // Gradients of a mean are around 1e-3, sums of 128 terms.
        assertArrayEquals(results[0], results[1], 1e-6);
    }
}
