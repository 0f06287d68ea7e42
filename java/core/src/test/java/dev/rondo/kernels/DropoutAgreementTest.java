package dev.rondo.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.rondo.graph.Gradients;
import dev.rondo.graph.Graph;
import dev.rondo.graph.Op;
import dev.rondo.graph.Value;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Parameters;
import dev.rondo.plan.Plan;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Dropout keeps and drops the same elements in Java and C++, whatever rate, stream, seed and step.
class DropoutAgreementTest {
    private static final int COUNT = 1_003;

    static Stream<String> isas() {
        return Engines.isas().stream();
    }

    /// y for x = 1 everywhere, by a training plan without gradients.
    private static float[] drop(Engine engine, Op.Dropout dropout, long step) {
        Graph.Builder builder = Graph.builder();
        Value x = builder.parameter("x", Shape.of(COUNT));
        Value now = builder.input("step", DataType.INT64, Shape.scalar());
        Value y = builder.dropout("y", dropout, x, now);
        Value loss = builder.reduce("loss", new Op.Reduce(Op.ReduceKind.SUM, 0, 1), y);
        Graph graph = builder.output("y", y).output("loss", loss).build();
        try (Parameters parameters = Parameters.of(graph);
                Plan plan = Plan.training(
                        Gradients.of(graph, loss, graph.parameters()), parameters, engine,
                        Extents.of(1, 1))) {
            Tensor xs = parameters.tensor("x");
            for (int i = 0; i < COUNT; i++) {
                xs.set(i, 1);
            }
            plan.memory(now).set(ValueLayout.JAVA_LONG, 0, step);
            plan.run(1, 1);
            float[] result = plan.tensor(y, 1, 1).toFloats();
            float[] gradient = plan.gradients().asSlice(0, COUNT * 4).toArray(ValueLayout.JAVA_FLOAT);
            assertArrayEquals(result, gradient, "the gradient drops what was dropped");
            return result;
        }
    }

    @ParameterizedTest
    @MethodSource("isas")
    void sameElementsInJavaAndNative(String isa) {
        long[] seeds = {0, 42, -1, 0x0123456789abcdefL};
        long[] steps = {0, 1, 0x1_0000_0001L};
        for (float rate : new float[] {0, 0.1f, 0.5f, 0.999f}) {
            for (int stream : new int[] {0, 3}) {
                for (int i = 0; i < seeds.length; i++) {
                    Op.Dropout dropout = new Op.Dropout(rate, stream, seeds[i]);
                    long step = steps[i % steps.length];
                    float[] expected = drop(Engines.reference(), dropout, step);
                    float[] actual = drop(Engines.natives(isa, 2), dropout, step);
                    // 1 / (1 - rate) may be rounded before or after the product: one ulp.
                    assertArrayEquals(expected, actual, Math.ulp(1 / (1 - rate)), dropout + " step " + step);
                }
            }
        }
    }

    @Test
    void theRateIsTheShareOfZeros() {
        float[] kept = drop(Engines.reference(), new Op.Dropout(0.25f, 0, 7), 1);
        long zeros = 0;
        for (float value : kept) {
            zeros += value == 0 ? 1 : 0;
        }
        // Three standard deviations of a binomial: 3 sqrt(1003 * 0.25 * 0.75) = 41.
        assertEquals(0.25 * COUNT, zeros, 41);
    }

    @Test
    void streamsSeedsAndStepsDiffer() {
        Engine engine = Engines.reference();
        float[] first = drop(engine, new Op.Dropout(0.5f, 0, 7), 1);
        assertFalse(Arrays.equals(first, drop(engine, new Op.Dropout(0.5f, 1, 7), 1)));
        assertFalse(Arrays.equals(first, drop(engine, new Op.Dropout(0.5f, 0, 8), 1)));
        assertFalse(Arrays.equals(first, drop(engine, new Op.Dropout(0.5f, 0, 7), 2)));
    }
}
