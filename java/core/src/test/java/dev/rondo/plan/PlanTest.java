package dev.rondo.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.graph.Gradients;
import dev.rondo.graph.Graph;
import dev.rondo.graph.Op;
import dev.rondo.graph.Value;
import dev.rondo.kernels.Engines;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What both kernel sets do alike: memory, binding, growing, carrying state, and messages about bad input.
class PlanTest {
    static Stream<Engine> engines() {
        return Stream.of(Engines.reference(), Engines.natives("auto", 2));
    }

    private static void assertMessage(String expected, Class<? extends Throwable> type, Runnable action) {
        assertEquals(expected, assertThrows(type, action::run).getMessage());
    }

    private static float[] floats(Plan plan, Value value, int batch, int time) {
        return plan.tensor(value, batch, time).toFloats();
    }

    @ParameterizedTest
    @MethodSource("engines")
    void boundMemoryIsUsedWithoutACopy(Engine engine) {
        Graph graph = Models.sequence(3, 4, 2);
        try (Arena arena = Arena.ofShared();
                Parameters parameters = Models.random(graph, 1);
                Plan own = Plan.inference(graph, parameters, engine, Extents.of(2, 3));
                Plan bound = Plan.inference(graph, parameters, engine, Extents.of(2, 3))) {
            Models.fill(own.tensor(graph.value("x"), 2, 3), 5, 0);
            own.tensor(graph.value("lengths"), 2, 3).set(0, 3);
            own.tensor(graph.value("lengths"), 2, 3).set(1, 2);
            own.run(2, 3);
            for (Value value : List.of(graph.value("x"), graph.value("lengths"), graph.output("y"))) {
                Tensor tensor = Tensor.allocate(arena, value.type(), value.shape().resolve(2, 3));
                if (graph.inputs().contains(value)) {
                    tensor.copyFrom(own.tensor(value, 2, 3));
                }
                bound.bind(value, tensor.segment());
                assertThrows(IllegalArgumentException.class, () -> bound.memory(value));
            }
            MemorySegment y = Tensor.allocate(arena, DataType.FLOAT32, Shape.of(2, 3, 2)).segment();
            assertMessage("segments: expected one for each of 1 values, got 0", IllegalArgumentException.class,
                    () -> bound.run(Extents.of(2, 3), new Value[] {graph.output("y")}, new MemorySegment[0]));

            bound.run(Extents.of(2, 3), new Value[] {graph.output("y")}, new MemorySegment[] {y});

            assertArrayEquals(floats(own, graph.output("y"), 2, 3), y.toArray(ValueLayout.JAVA_FLOAT));
        }
    }

    @ParameterizedTest
    @MethodSource("engines")
    void carriedStateMayLieInTheCallersMemory(Engine engine) {
        Graph graph = Models.sequence(3, 4, 2);
        try (Arena arena = Arena.ofShared();
                Parameters parameters = Models.random(graph, 1);
                Plan own = Plan.inference(graph, parameters, engine, Extents.of(1, 2));
                Plan bound = Plan.inference(graph, parameters, engine, Extents.of(1, 2))) {
            MemorySegment h = arena.allocate(16, 64);
            MemorySegment c = arena.allocate(16, 64);
            bound.bind(graph.value("h0"), h);
            bound.bind(graph.output("hN"), h);
            bound.bind(graph.value("c0"), c);
            bound.bind(graph.output("cN"), c);
            for (Plan plan : List.of(own, bound)) {
                Models.fill(plan.tensor(graph.value("x"), 1, 2), 3, 0);
                plan.tensor(graph.value("lengths"), 1, 2).set(0, 2);
                plan.run(1, 2);
                plan.run(1, 2);
            }
            assertArrayEquals(floats(own, graph.output("hN"), 1, 2), h.toArray(ValueLayout.JAVA_FLOAT));
            assertArrayEquals(floats(own, graph.output("cN"), 1, 2), c.toArray(ValueLayout.JAVA_FLOAT));
        }
    }

    @ParameterizedTest
    @MethodSource("engines")
    void stateIsCarriedAndCleared(Engine engine) {
        Graph graph = Models.sequence(3, 4, 2);
        Value hN = graph.output("hN");
        try (Parameters parameters = Models.random(graph, 1);
                Plan plan = Plan.inference(graph, parameters, engine, Extents.of(2, 3))) {
            Models.fill(plan.tensor(graph.value("x"), 2, 3), 3, 0);
            plan.tensor(graph.value("lengths"), 2, 3).set(0, 3);
            plan.tensor(graph.value("lengths"), 2, 3).set(1, 3);
            plan.run(2, 3);
            float[] first = floats(plan, hN, 2, 3);
            plan.run(2, 3);
            float[] second = floats(plan, hN, 2, 3);
            plan.clearCarried();
            plan.run(2, 3);

            assertArrayEquals(first, floats(plan, hN, 2, 3));
            assertFalse(Arrays.equals(first, second));
        }
    }

    /// A state that another node reads too cannot share its memory with the new one: it is copied.
    @ParameterizedTest
    @MethodSource("engines")
    void aStateThatIsReadElsewhereIsCarriedToo(Engine engine) {
        Graph.Builder builder = Graph.builder();
        Value state = builder.input("state", DataType.FLOAT32, Shape.of(Shape.BATCH, 2));
        Value next = builder.binary("next", Op.BinaryKind.ADD, state, builder.constant(1));
        Value both = builder.binary("both", Op.BinaryKind.ADD, next, state);
        Graph graph = builder.carry(state, next).output("both", both).build();
        try (Parameters parameters = Parameters.of(graph);
                Plan plan = Plan.inference(graph, parameters, engine, Extents.of(1, 1))) {
            for (float expected : new float[] {1, 3, 5}) {
                plan.run(1, 1);
                assertArrayEquals(new float[] {expected, expected}, floats(plan, both, 1, 1));
            }
        }
    }

    /// Of one row; a scalar is all rows'.
    @ParameterizedTest
    @MethodSource("engines")
    void aRowsStateIsClearedAlone(Engine engine) {
        Graph.Builder builder = Graph.builder();
        Value state = builder.input("state", DataType.FLOAT32, Shape.of(Shape.BATCH, 2));
        Value runs = builder.input("runs", DataType.FLOAT32, Shape.scalar());
        Value more = builder.binary("more", Op.BinaryKind.ADD, runs, builder.constant(1));
        Value next = builder.binary("next", Op.BinaryKind.ADD, state, more);
        Value both = builder.binary("both", Op.BinaryKind.ADD, next, builder.constant(0));
        Graph graph = builder.carry(state, next).carry(runs, more).output("both", both).build();
        try (Parameters parameters = Parameters.of(graph);
                Plan plan = Plan.inference(graph, parameters, engine, Extents.of(3, 1))) {
            plan.run(3, 1);
            plan.clearCarried(1);
            plan.run(3, 1);
            assertArrayEquals(new float[] {3, 3, 2, 2, 3, 3}, floats(plan, both, 3, 1));
            for (int row : new int[] {-1, 3}) {
                assertMessage("row: expected one of B=3, T=1, got " + row,
                        IllegalArgumentException.class, () -> plan.clearCarried(row));
            }
        }
    }

    /// What is asked of memory: inputs, outputs and what lies between.
    @ParameterizedTest
    @MethodSource("engines")
    void aPlanKnowsItsBytes(Engine engine) {
        Graph graph = Models.sequence(3, 4, 2);
        try (Parameters parameters = Models.random(graph, 1);
                Plan plan = Plan.inference(graph, parameters, engine, Extents.of(2, 2))) {
            long before = plan.bytes();
            long least = graph.inputs().stream()
                    .mapToLong(input -> input.shape().elements(2, 2) * input.type().bytes())
                    .sum();
            assertTrue(before >= least, () -> before + " of " + least);
            assertTrue(parameters.bytes() >= parameters.segment().byteSize());
            plan.reserve(Extents.of(2, 2));
            assertEquals(before, plan.bytes());
            plan.reserve(Extents.of(2, 9));
            assertTrue(plan.bytes() > before);
        }
    }

    @ParameterizedTest
    @MethodSource("engines")
    void aPlanGrowsAndKeepsItsState(Engine engine) {
        Graph graph = Models.sequence(3, 4, 2);
        Value hN = graph.output("hN");
        try (Parameters parameters = Models.random(graph, 1);
                Plan plan = Plan.inference(graph, parameters, engine, Extents.of(2, 2))) {
            Models.fill(plan.tensor(graph.value("x"), 2, 2), 3, 0);
            plan.tensor(graph.value("lengths"), 2, 2).set(0, 2);
            plan.run(2, 2);
            float[] before = floats(plan, hN, 2, 2);
            assertMessage("run: expected at most B=2, T=2, got B=2, T=5",
                    IllegalArgumentException.class, () -> plan.run(2, 5));

            plan.reserve(Extents.of(1, 5));

            assertEquals(Extents.of(2, 5), plan.capacity());
            assertArrayEquals(before, floats(plan, graph.value("h0"), 2, 5));
            plan.run(2, 5);
            assertArrayEquals(before, floats(plan, hN, 2, 5), "all lengths are zero: the state stays");
        }
    }

    @ParameterizedTest
    @MethodSource("engines")
    void changedParametersArePackedAnew(Engine engine) {
        Graph graph = Models.sequence(3, 4, 2);
        try (Parameters parameters = Models.random(graph, 1);
                Parameters others = Models.random(graph, 2);
                Plan plan = Plan.inference(graph, parameters, engine, Extents.of(1, 1));
                Plan fresh = Plan.inference(graph, others, engine, Extents.of(1, 1))) {
            for (Plan each : List.of(plan, fresh)) {
                Models.fill(each.tensor(graph.value("x"), 1, 1), 3, 0);
                each.tensor(graph.value("lengths"), 1, 1).set(0, 1);
            }
            plan.run(1, 1);
            float[] before = floats(plan, graph.output("y"), 1, 1);
            parameters.copyFrom(others);
            plan.clearCarried();
            plan.run(1, 1);
            fresh.run(1, 1);

            assertArrayEquals(floats(fresh, graph.output("y"), 1, 1), floats(plan, graph.output("y"), 1, 1));
            assertFalse(Arrays.equals(before, floats(plan, graph.output("y"), 1, 1)));
        }
    }

    @ParameterizedTest
    @MethodSource("engines")
    void badNumbersAreNamed(Engine engine) {
        Gradients gradients = Models.text(7, 4, 5);
        Graph graph = gradients.graph();
        try (Parameters parameters = Models.random(graph, 1);
                Plan plan = Plan.training(gradients, parameters, engine, Extents.of(2, 3))) {
            Tensor ids = plan.tensor(graph.value("ids"), 2, 3);
            ids.set(4, 7);
            assertMessage("ids[4]: expected 0 to 6, got 7", IllegalArgumentException.class, () -> plan.run(2, 3));
            ids.set(4, -1);
            assertMessage("ids[4]: expected 0 to 6, got -1", IllegalArgumentException.class, () -> plan.run(2, 3));
            ids.set(4, 6);
            plan.tensor(graph.value("labels"), 2, 3).set(2, 9);
            assertMessage("labels[2]: expected 0 to 6, got 9", IllegalArgumentException.class, () -> plan.run(2, 3));
            plan.tensor(graph.value("labels"), 2, 3).set(2, 0);
            plan.run(2, 3);
        }
        Graph sequence = Models.sequence(3, 4, 2);
        try (Parameters parameters = Models.random(sequence, 1);
                Plan plan = Plan.inference(sequence, parameters, engine, Extents.of(2, 3))) {
            plan.tensor(sequence.value("lengths"), 2, 3).set(1, 4);
            assertMessage("lengths[1]: expected 0 to 3, got 4", IllegalArgumentException.class, () -> plan.run(2, 3));
            assertMessage("lengths[1]: expected 0 to 2, got 4", IllegalArgumentException.class, () -> plan.run(2, 2));
        }
    }

    @ParameterizedTest
    @MethodSource("engines")
    void badMemoryIsRefused(Engine engine) {
        Graph graph = Models.sequence(3, 4, 2);
        Value x = graph.value("x");
        Value y = graph.output("y");
        try (Arena arena = Arena.ofShared();
                Parameters parameters = Models.random(graph, 1);
                Plan plan = Plan.inference(graph, parameters, engine, Extents.of(2, 3))) {
            MemorySegment memory = arena.allocate(72, 64);
            assertMessage("x: expected native memory, got memory on the heap", IllegalArgumentException.class,
                    () -> plan.bind(x, MemorySegment.ofArray(new float[18])));
            assertMessage("x: expected memory aligned to 4 bytes", IllegalArgumentException.class,
                    () -> plan.bind(x, memory.asSlice(1)));
            assertMessage("dense: expected writable memory, got read-only memory", IllegalArgumentException.class,
                    () -> plan.bind(y, memory.asReadOnly()));
            assertMessage("lstm: expected an input, output or gradient of the plan", IllegalArgumentException.class,
                    () -> plan.bind(new Value(99, "lstm", DataType.FLOAT32, Shape.scalar()), memory));
            assertMessage("h0: expected writable memory, got read-only memory", IllegalArgumentException.class,
                    () -> plan.bind(graph.value("h0"), memory.asReadOnly()));
            assertMessage("ihWeight: expected an input or output of the graph", IllegalArgumentException.class,
                    () -> plan.bind(graph.value("ihWeight"), memory));
            plan.run(2, 3);

            plan.bind(x, memory.asReadOnly());
            plan.run(2, 3);
            plan.bind(x, memory.asSlice(0, 68));
            assertMessage("x: expected at least 72 bytes for FLOAT32 [2,3,3], got 68", IllegalArgumentException.class,
                    () -> plan.run(2, 3));
            plan.run(1, 3);
        }
    }

    @ParameterizedTest
    @MethodSource("engines")
    void outputsOverOtherBoundMemoryAreRefused(Engine engine) {
        Graph graph = Models.sequence(3, 4, 2);
        try (Arena arena = Arena.ofShared();
                Parameters parameters = Models.random(graph, 1);
                Plan plan = Plan.inference(graph, parameters, engine, Extents.of(2, 3))) {
            // x has 72 bytes, y 48.
            MemorySegment memory = arena.allocate(72 + 48, 64);
            plan.bind(graph.value("x"), memory);
            plan.bind(graph.output("y"), memory.asSlice(72));
            plan.run(2, 3);
            plan.bind(graph.output("y"), memory.asSlice(68));
            String message = "dense: expected memory apart from that of x";
            assertMessage(message, IllegalArgumentException.class, () -> plan.run(2, 3));
            plan.run(1, 3);
            plan.bind(graph.value("x"), memory.asSlice(44));
            plan.bind(graph.output("y"), memory);
            assertMessage(message, IllegalArgumentException.class, () -> plan.run(2, 3));
            plan.bind(graph.value("x"), memory.asSlice(48));
            plan.bind(graph.value("lengths"), memory.asSlice(8));
            assertMessage("dense: expected memory apart from that of lengths", IllegalArgumentException.class,
                    () -> plan.run(2, 3));
        }
    }

    @ParameterizedTest
    @MethodSource("engines")
    void carriedPairsAreBoundTogether(Engine engine) {
        Graph graph = Models.sequence(3, 4, 2);
        try (Arena arena = Arena.ofShared();
                Parameters parameters = Models.random(graph, 1);
                Plan plan = Plan.inference(graph, parameters, engine, Extents.of(1, 2))) {
            MemorySegment h = arena.allocate(32, 64);
            plan.bind(graph.output("hN"), h);
            assertMessage("h0: expected both values of a carried pair to be bound, or neither",
                    IllegalStateException.class, () -> plan.run(1, 2));
            assertThrows(IllegalStateException.class, () -> plan.run(1, 2));
            plan.bind(graph.value("h0"), h.asSlice(8));
            assertMessage("lstm.hN: expected memory apart from that of h0", IllegalArgumentException.class,
                    () -> plan.run(1, 2));
            plan.bind(graph.value("h0"), h);
            plan.run(1, 2);
        }
    }

    @ParameterizedTest
    @MethodSource("engines")
    void boundMemoryMayComeFromFourArenas(Engine engine) {
        Graph.Builder builder = Graph.builder();
        Value sum = builder.input("a0", DataType.FLOAT32, Shape.of(Shape.BATCH));
        for (int i = 1; i < 5; i++) {
            Value next = builder.input("a" + i, DataType.FLOAT32, Shape.of(Shape.BATCH));
            sum = builder.binary("sum" + i, Op.BinaryKind.ADD, sum, next);
        }
        Graph graph = builder.output("sum", sum).build();
        List<Arena> arenas = Stream.generate(Arena::ofShared).limit(5).toList();
        try (Parameters parameters = Parameters.of(graph);
                Plan plan = Plan.inference(graph, parameters, engine, Extents.of(1, 1))) {
            for (int i = 0; i < 4; i++) {
                plan.bind(graph.value("a" + i),
                        Tensor.allocate(arenas.get(i), DataType.FLOAT32, Shape.of(1)).segment());
            }
            plan.bind(graph.value("a4"), Tensor.allocate(arenas.get(0), DataType.FLOAT32, Shape.of(1)).segment());
            plan.run(1, 1);
            plan.bind(graph.value("a4"), Tensor.allocate(arenas.get(4), DataType.FLOAT32, Shape.of(1)).segment());
            String message =
                    assertThrows(IllegalArgumentException.class, () -> plan.run(1, 1)).getMessage();
            assertTrue(message.contains("expected bound memory of at most 4 arenas"), message);
        } finally {
            arenas.forEach(Arena::close);
        }
    }

    @ParameterizedTest
    @MethodSource("engines")
    void parametersMustBeTheGraphs(Engine engine) {
        Graph graph = Models.sequence(3, 4, 2);
        try (Parameters parameters = Parameters.of(Models.sequence(3, 5, 2))) {
            assertMessage("ihWeight: expected [16,3], got [20,3]", IllegalArgumentException.class,
                    () -> Plan.inference(graph, parameters, engine, Extents.of(1, 1)));
        }
    }

    @ParameterizedTest
    @MethodSource("engines")
    void dropoutPassesAtInference(Engine engine) {
        Graph.Builder builder = Graph.builder();
        Value x = builder.input("x", DataType.FLOAT32, Shape.of(Shape.BATCH, 50));
        Value step = builder.input("step", DataType.INT64, Shape.scalar());
        Value y = builder.dropout("dropout", new Op.Dropout(0.5f, 0, 1), x, step);
        Graph graph = builder.output("y", y).build();
        try (Parameters parameters = Parameters.of(graph);
                Plan plan = Plan.inference(graph, parameters, engine, Extents.of(2, 1))) {
            Models.fill(plan.tensor(x, 2, 1), 1, 0);
            plan.run(2, 1);
            assertArrayEquals(floats(plan, x, 2, 1), floats(plan, y, 2, 1));
        }
    }
}
