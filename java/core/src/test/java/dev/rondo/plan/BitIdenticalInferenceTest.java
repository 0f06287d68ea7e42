package dev.rondo.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.graph.Gradients;
import dev.rondo.graph.Graph;
import dev.rondo.graph.Op;
import dev.rondo.graph.RecurrentCell;
import dev.rondo.graph.Value;
import dev.rondo.kernels.Engines;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// An inference result is the same to the last bit whatever the batch, the batch's other members, the number of
/// threads, the cutting of the sequence into calls, and the providers: on every instruction set, with every cell, for
/// ragged sequences of sizes that are no multiple of any lane count.
class BitIdenticalInferenceTest {
    private static final int INPUT = 19;
    private static final int HIDDEN = 37;
    private static final int UNITS = 11;
    private static final int BATCH = 13;
    private static final int TIME = 9;
    private static final long SEED = 31;

    private static final float[] X = numbers();
    private static final int[] LENGTHS = {9, 1, 0, 5, 9, 8, 3, 9, 2, 7, 6, 9, 4};

    private static float[] numbers() {
        Tensor x = Tensor.zeros(DataType.FLOAT32, BATCH, TIME, INPUT);
        Models.fill(x, SEED, 0);
        return x.toFloats();
    }

    static Stream<String> isas() {
        return Engines.isas().stream();
    }

    static Stream<Arguments> cells() {
        return Engines.isas().stream()
                .flatMap(isa -> Stream.of(RecurrentCell.values()).map(cell -> Arguments.of(isa, cell)));
    }

    private static Graph graph(RecurrentCell cell) {
        return Models.sequence(cell, INPUT, HIDDEN, UNITS);
    }

    /// The outputs y, hN and, where there is one, cN of some sequences of the batch, step `from` to `to`, from a plan whose state goes on.
    private static float[][] run(Plan plan, int[] sequences, int from, int to) {
        int batch = sequences.length;
        int time = to - from;
        Graph graph = plan.graph();
        Value x = graph.value("x");
        Tensor xs = plan.tensor(x, batch, time);
        Tensor lengths = plan.tensor(graph.value("lengths"), batch, time);
        for (int b = 0; b < batch; b++) {
            lengths.set(b, Math.clamp(LENGTHS[sequences[b]] - from, 0, time));
            for (int i = 0; i < time * INPUT; i++) {
                xs.set((long) b * time * INPUT + i, X[(sequences[b] * TIME + from) * INPUT + i]);
            }
        }
        plan.run(batch, time);
        return Stream.of("y", "hN", "cN")
                .filter(graph.outputs()::containsKey)
                .map(name -> plan.tensor(graph.output(name), batch, time).toFloats())
                .toArray(float[][]::new);
    }

    private static float[][] whole(Graph graph, Engine engine, Parameters parameters, int... sequences) {
        try (Plan plan = Plan.inference(graph, parameters, engine, Extents.of(sequences.length, TIME))) {
            return run(plan, sequences, 0, TIME);
        }
    }

    private static int[] all() {
        int[] sequences = new int[BATCH];
        Arrays.setAll(sequences, i -> i);
        return sequences;
    }

    private static float[] part(float[] values, int index, int parts) {
        int size = values.length / parts;
        return Arrays.copyOfRange(values, index * size, (index + 1) * size);
    }

    @ParameterizedTest
    @MethodSource("cells")
    void numberOfThreads(String isa, RecurrentCell cell) {
        Graph graph = graph(cell);
        try (Parameters parameters = Models.random(graph, SEED)) {
            float[][] expected = whole(graph, Engines.natives(isa, 1), parameters, all());
            for (int threads : List.of(2, 3, 8)) {
                assertArrayEquals(
                        expected, whole(graph, Engines.natives(isa, threads), parameters, all()), threads + " threads");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("cells")
    void sizeAndMembersOfTheBatch(String isa, RecurrentCell cell) {
        Graph graph = graph(cell);
        try (Parameters parameters = Models.random(graph, SEED)) {
            Engine engine = Engines.natives(isa, 1);
            float[][] expected = whole(graph, engine, parameters, all());
            for (int b = 0; b < BATCH; b++) {
                float[][] alone = whole(graph, engine, parameters, b);
                float[][] among = whole(graph, engine, parameters, BATCH - 1 - b, b, 0, 3, 7);
                for (int i = 0; i < expected.length; i++) {
                    float[] own = part(expected[i], b, BATCH);
                    assertArrayEquals(own, alone[i], "sequence " + b + " alone");
                    assertArrayEquals(own, part(among[i], 1, 5), "sequence " + b + " among others");
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("cells")
    void wholeSequencesAgainstStepsAndChunks(String isa, RecurrentCell cell) {
        Graph graph = graph(cell);
        try (Parameters parameters = Models.random(graph, SEED)) {
            Engine engine = Engines.natives(isa, 1);
            float[][] expected = whole(graph, engine, parameters, all());
            for (int chunk : List.of(1, 2, 4)) {
                try (Plan plan = Plan.inference(graph, parameters, engine, Extents.of(BATCH, chunk))) {
                    for (int from = 0; from < TIME; from += chunk) {
                        int to = Math.min(from + chunk, TIME);
                        float[][] actual = run(plan, all(), from, to);
                        for (int b = 0; b < BATCH; b++) {
                            float[] own = part(expected[0], b, BATCH);
                            assertArrayEquals(
                                    Arrays.copyOfRange(own, from * UNITS, to * UNITS), part(actual[0], b, BATCH),
                                    "sequence %d from step %d, %d at a time".formatted(b, from, chunk));
                        }
                        if (to == TIME) {
                            for (int i = 1; i < expected.length; i++) {
                                assertArrayEquals(expected[i], actual[i], "state " + i);
                            }
                        }
                    }
                }
            }
        }
    }

    /// A product large enough for a provider: training hands it over, which shows that it is there, inference does not.
    @ParameterizedTest
    @MethodSource("isas")
    void withAndWithoutProviders(String isa) {
        int rows = 2048;
        int size = 1024;
        Graph.Builder builder = Graph.builder();
        Value x = builder.input("x", DataType.FLOAT32, Shape.of(Shape.BATCH, size));
        Value y = builder.dense("y", x, builder.parameter("weight", Shape.of(size, size)));
        Value loss = builder.reduce("loss", new Op.Reduce(Op.ReduceKind.MEAN, 0, 2), y);
        Graph graph = builder.output("y", y).output("loss", loss).build();
        Engine with = Engine.training().kernels(Engine.Choice.NATIVE).isa(isa).threads(1).providers(Set.of("openblas"))
                .engine();
        assertTrue(with.description().providers().contains("openblas"), with.description().reasons().toString());
        try (Parameters parameters = Models.random(graph, SEED);
                Plan training = Plan.training(
                        Gradients.of(graph, loss, graph.parameters()), parameters, with, Extents.of(rows, 1));
                Plan first = Plan.inference(graph, parameters, with, Extents.of(rows, 1));
                Plan second = Plan.inference(graph, parameters, Engines.natives(isa, 1), Extents.of(rows, 1))) {
            long before = products(with);
            run(training, x, rows);
            long trained = products(with);
            assertTrue(trained > before, "products of training by OpenBLAS: " + (trained - before));
            run(first, x, rows);
            assertEquals(trained, products(with), "products by OpenBLAS, inference and all");
            run(second, x, rows);
            assertArrayEquals(second.tensor(y, rows, 1).toFloats(), first.tensor(y, rows, 1).toFloats());
        }
    }

    private static void run(Plan plan, Value x, int rows) {
        Models.fill(plan.tensor(x, rows, 1), SEED, 0);
        plan.run(rows, 1);
    }

    /// How many products OpenBLAS has done.
    private static long products(Engine engine) {
        String prefix = "openblas=";
        return engine.description().products().stream()
                .filter(product -> product.startsWith(prefix))
                .mapToLong(product -> Long.parseLong(product.substring(prefix.length())))
                .sum();
    }
}
