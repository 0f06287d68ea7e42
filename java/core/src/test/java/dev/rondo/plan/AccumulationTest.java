package dev.rondo.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.rondo.kernels.Engines;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The weighted mean of gradients, against that in double.
class AccumulationTest {
    private static final long[] WEIGHTS = {3, 1, 0, 40, 7};

    static Stream<Engine> engines() {
        return UpdateTest.engines();
    }

    @ParameterizedTest
    @MethodSource("engines")
    void theMeanIsWeighted(Engine engine) {
        check(engine, DataType.FLOAT32, WEIGHTS.length * 4 * 0x1p-24);
    }

    @Test
    void soInDouble() {
        check(Engines.reference(), DataType.FLOAT64, 1e-14);
    }

    private static void check(Engine engine, DataType type, double tolerance) {
        try (Arena arena = Arena.ofShared();
                Parameters parameters = Parameters.of(UpdateTest.GRAPH, type);
                Accumulation accumulation = Accumulation.of(WEIGHTS.length, parameters, engine)) {
            MemorySegment flat = parameters.allocateLike(arena);
            for (int round = 0; round < 2; round++) {
                Map<String, double[]> sums = new LinkedHashMap<>();
                long weights = 0;
                for (int batch = 0; batch < WEIGHTS.length; batch++) {
                    fill(parameters.views(flat), round * 10 + batch);
                    long weight = WEIGHTS[batch];
                    weights += weight;
                    parameters.views(flat).forEach((name, tensor) -> {
                        double[] sum = sums.computeIfAbsent(name, _ -> new double[(int) tensor.elements()]);
                        for (int i = 0; i < sum.length; i++) {
                            sum[i] += weight * tensor.get(i);
                        }
                    });
                    MemorySegment mean = accumulation.add(flat, weight);
                    assertEquals(weights, accumulation.weights());
                    Map<String, Tensor> means = parameters.views(mean);
                    long all = weights;
                    sums.forEach((name, sum) -> {
                        double[] expected = Arrays.stream(sum).map(s -> s / all).toArray();
                        double[] actual =
                                means.getOrDefault(name, Tensor.of(sum, sum.length)).toDoubles();
                        assertArrayEquals(expected, actual, tolerance, name);
                    });
                    if (batch == 0) {
                        assertEquals(-1, flat.mismatch(mean), "the first is taken as it is");
                    }
                }
                accumulation.clear();
                assertEquals(0, accumulation.weights());
            }
        }
    }

    private static void fill(Map<String, Tensor> gradients, int step) {
        int element = 0;
        for (Tensor tensor : gradients.values()) {
            for (int i = 0; i < tensor.elements(); i++) {
                tensor.set(i, UpdateTest.gradient(element++, step));
            }
        }
    }

    /// What a checkpoint keeps: the means and their weights.
    @Test
    void itGoesOnFromBefore() {
        Engine engine = Engines.reference();
        try (Arena arena = Arena.ofShared();
                Parameters parameters = Parameters.of(UpdateTest.GRAPH);
                Accumulation whole = Accumulation.of(2, parameters, engine);
                Accumulation resumed = Accumulation.of(2, parameters, engine)) {
            MemorySegment flat = parameters.allocateLike(arena);
            fill(parameters.views(flat), 1);
            whole.add(flat, 5);
            Map<String, Tensor> before = whole.means();
            resumed.means().forEach((name, tensor) -> tensor.copyFrom(before.getOrDefault(name, tensor)));
            resumed.resume(whole.weights());
            fill(parameters.views(flat), 2);
            assertEquals(-1, whole.add(flat, 3).mismatch(resumed.add(flat, 3)));
            assertEquals(List.of("a", "b", "c"), List.copyOf(whole.means().keySet()));
        }
    }

    @Test
    void batchesThatDoNotComeTogetherPassAsTheyAre() {
        try (Arena arena = Arena.ofShared();
                Parameters parameters = Parameters.of(UpdateTest.GRAPH);
                Accumulation none = Accumulation.of(1, parameters, Engines.reference())) {
            MemorySegment flat = parameters.allocateLike(arena);
            assertSame(flat, none.add(flat, 3));
            assertEquals(Map.of(), none.means());
            none.clear();
            assertThrows(IllegalArgumentException.class, () -> none.add(flat, -1));
            assertThrows(IllegalArgumentException.class, () -> none.add(flat, Double.NaN));
            assertThrows(IllegalArgumentException.class, () -> none.resume(-1));
            assertThrows(IllegalArgumentException.class, () -> none.resume(Double.POSITIVE_INFINITY));
            assertThrows(
                    IllegalArgumentException.class, () -> Accumulation.of(0, parameters, Engines.reference()));
        }
    }
}
