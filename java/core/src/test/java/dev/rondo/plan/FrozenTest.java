package dev.rondo.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.graph.Gradients;
import dev.rondo.graph.Graph;
import dev.rondo.graph.Op;
import dev.rondo.graph.Op.AdamForm;
import dev.rondo.graph.Value;
import dev.rondo.kernels.Engines;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Parameters that optimizers leave alone, and what renews them.
class FrozenTest {
    private final Graph.Builder builder = Graph.builder();
    private final Value x = builder.input("x", DataType.FLOAT32, Shape.of(Shape.BATCH, 3));
    private final Value before = builder.parameter("before", Shape.of(5, 3));
    private final Value table = builder.frozen("table", Shape.of(2, 5));
    private final Value moving = builder.frozen("moving", Shape.of(3));
    private final Value after = builder.parameter("after", Shape.of(2));

    /// `loss = mean of ((x beforeᵀ) tableᵀ + after - y)²`, and `moving` becomes twice what it was, plus one.
    private Graph graph() {
        Value hidden = builder.dense("hidden", x, before);
        Value out = builder.dense("out", hidden, table, after);
        Value y = builder.input("y", DataType.FLOAT32, Shape.of(Shape.BATCH, 2));
        builder.output("loss", builder.elementwiseLoss("loss", Op.LossKind.SQUARED, out, y).loss());
        Value twice = builder.binary("twice", Op.BinaryKind.ADD, moving, moving);
        builder.renew(moving, builder.binary("next", Op.BinaryKind.ADD, twice, builder.constant(1)));
        return builder.build();
    }

    static Stream<Engine> engines() {
        return Stream.concat(
                Stream.of(Engines.reference()), Engines.isas().stream().map(isa -> Engines.natives(isa, 2)));
    }

    @Test
    void trainedOnesLieInFront() {
        Graph graph = graph();
        assertEquals(List.of(before, table, moving, after), graph.parameters());
        assertEquals(List.of(before, after), graph.trained());
        assertTrue(graph.isFrozen(moving));
        assertFalse(graph.isFrozen(before));
        assertFalse(graph.isFrozen(x));
        try (Parameters parameters = Parameters.of(graph)) {
            assertEquals(List.of("before", "after", "table", "moving"), List.copyOf(parameters.tensors().keySet()));
            assertEquals(15 + 10 + 3 + 2, parameters.count());
            assertEquals(15 + 2, parameters.trainedCount());
            // 64 bytes are 16 numbers.
            assertEquals(32, parameters.trainedElements());
            assertEquals(64, parameters.elements());
            Gradients gradients = Gradients.of(graph, graph.output("loss"), graph.trained());
            try (Plan plan = Plan.training(gradients, parameters, Engines.reference(), Extents.of(1, 1))) {
                assertEquals(Set.of("before", "after"), parameters.views(plan.gradients()).keySet());
                assertThrows(IllegalArgumentException.class, () -> parameters.views(parameters.segment()));
            }
        }
    }

    /// Even a decay, which moves parameters without gradients, and a clip of each tensor.
    @ParameterizedTest
    @MethodSource("engines")
    void optimizersLeaveThemAlone(Engine engine) {
        Graph graph = graph();
        Gradients gradients = Gradients.of(graph, graph.output("loss"), graph.trained());
        Op adamW = new Op.Adam(0.9f, 0.99f, 1e-8f, 0.1f, AdamForm.KERAS);
        for (Clip clip : List.of(Clip.norm(0.1), Clip.globalNorm(0.1))) {
            try (Parameters parameters = Models.random(graph, 4);
                    Plan plan = Plan.training(gradients, parameters, engine, Extents.of(2, 1));
                    Update update = Update.of(parameters, adamW, clip, engine)) {
                plan.tensor(x, 2, 1).copyFrom(Tensor.of(new float[] {1, -2, 0.5f, 3, 1, -1}, 2, 3));
                float[] frozen = parameters.tensor("table").toFloats();
                float[] trained = parameters.tensor("before").toFloats();
                float[] last = parameters.tensor("after").toFloats();
                for (int step = 1; step <= 3; step++) {
                    plan.run(2, 1);
                    update.norm(plan.gradients());
                    update.apply(plan.gradients(), 0.1, step);
                }
                assertArrayEquals(frozen, parameters.tensor("table").toFloats());
                assertNotEquals(trained[14], parameters.tensor("before").toFloats()[14]);
                assertNotEquals(last[1], parameters.tensor("after").toFloats()[1]);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("engines")
    void aRunRenewsOnlyWhenItIsTold(Engine engine) {
        Graph graph = graph().toBuilder().build();
        Gradients gradients = Gradients.of(graph, graph.output("loss"), graph.trained());
        try (Parameters parameters = Parameters.of(graph);
                Plan plan = Plan.training(gradients, parameters, engine, Extents.of(2, 1))) {
            plan.run(2, 1);
            plan.run(1, 1);
            assertArrayEquals(new float[] {0, 0, 0}, parameters.tensor("moving").toFloats());
            plan.renew();
            parameters.changed();
            assertArrayEquals(new float[] {1, 1, 1}, parameters.tensor("moving").toFloats());
            plan.run(2, 1);
            plan.renew();
            assertArrayEquals(new float[] {3, 3, 3}, parameters.tensor("moving").toFloats());
        }
    }

    @Test
    void whatCannotBeRenewedIsRefused() {
        Value made = builder.unary("made", Op.UnaryKind.TANH, x);
        Value like = builder.unary("like", Op.UnaryKind.TANH, moving);
        Value other = Graph.builder().input("other", DataType.FLOAT32, Shape.of(3));
        for (List<Value> pair : List.of(
                List.of(after, like), List.of(moving, made), List.of(moving, moving), List.of(moving, other))) {
            assertThrows(IllegalArgumentException.class, () -> builder.renew(pair.getFirst(), pair.getLast()));
        }
        builder.renew(moving, like);
        assertThrows(IllegalArgumentException.class, () -> builder.frozen("batch", Shape.of(Shape.BATCH)));
        assertTrue(builder.build().toString().contains("frozen moving [3]"), builder.build().toString());
    }
}
