package dev.rondo.promises;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Runs;
import dev.rondo.Sequential;
import dev.rondo.data.Dataset;
import dev.rondo.data.Seeds;
import dev.rondo.inference.InferenceSession;
import dev.rondo.inference.Serving;
import dev.rondo.inference.StreamingSession;
import dev.rondo.kernels.KernelOptions;
import dev.rondo.layers.Activation;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Dropout;
import dev.rondo.layers.Input;
import dev.rondo.layers.Lstm;
import dev.rondo.layers.SimpleRnn;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Adam;
import dev.rondo.training.Fit;
import dev.rondo.training.Metric;
import dev.rondo.training.Training;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Results do not depend on what they must not depend on, for every cell: those of inference on the batch, its other
/// members, the number of threads, the cutting into steps; those of training, with a number of threads configured, on
/// how many processors there are and who is free, and where no providers take part nor on the number of threads. Sizes
/// are no multiples of any lane count and large enough to be cut for threads.
class DeterminismTest {
    private static final int FEATURES = 19;
    private static final int CLASSES = 5;
    private static final int BATCH = 33;
    private static final int EXAMPLES = 2 * BATCH - 9;
    private static final int TIME = 14;
    private static final List<Integer> THREADS = List.of(1, 2, 3, 8);

    private static Sequential model(Cell cell) {
        return Sequential.builder()
                .add(Input.features(Shape.TIME, FEATURES))
                .add(cell.sequences(61))
                .add(Dropout.rate(0.2))
                .add(cell.sequences(37))
                .add(Dense.units(CLASSES))
                .seed(3)
                .build();
    }

    private static Serving serving(Choice kernels, int threads) {
        return Serving.standard().engine(Engine.inference().kernels(kernels).threads(threads));
    }

    private static float[] run(InferenceSession session, Tensor x, int batch, int time) {
        Tensor y = Tensor.zeros(DataType.FLOAT32, batch, time, CLASSES);
        session.run(x, y);
        return y.toFloats();
    }

    private static Tensor features(int batch) {
        return Runs.features(Seeds.generator(7, "x", 0), batch, TIME, FEATURES);
    }

    /// Some sequences of a batch.
    private static Tensor rows(Tensor x, int... rows) {
        int size = TIME * FEATURES;
        float[] values = x.toFloats();
        float[] some = new float[rows.length * size];
        for (int i = 0; i < rows.length; i++) {
            System.arraycopy(values, rows[i] * size, some, i * size, size);
        }
        return Tensor.of(some, rows.length, TIME, FEATURES);
    }

    private static float[] part(float[] values, int index, int size) {
        return Arrays.copyOfRange(values, index * size, (index + 1) * size);
    }

    static List<Cell> cells() {
        return Cell.ALL;
    }

    @ParameterizedTest
    @MethodSource("cells")
    void inferenceDependsOnTheSequenceAlone(Cell cell) {
        Tensor x = features(BATCH);
        int size = TIME * CLASSES;
        for (Choice kernels : List.of(Choice.NATIVE, Choice.JAVA)) {
            try (Sequential model = model(cell); InferenceSession session = model.session(serving(kernels, 1))) {
                float[] expected = run(session, x, BATCH, TIME);
                if (kernels == Choice.NATIVE) {
                    for (int threads : THREADS) {
                        try (InferenceSession threaded = model.session(serving(kernels, threads))) {
                            assertArrayEquals(expected, run(threaded, x, BATCH, TIME), threads + " threads");
                        }
                    }
                }
                for (int row : List.of(0, 1, 15, 16, BATCH - 1)) {
                    float[] own = part(expected, row, size);
                    assertArrayEquals(own, run(session, rows(x, row), 1, TIME), "sequence " + row + " alone");
                    float[] among = run(session, rows(x, BATCH - 1 - row, row, 0, 3, 7), 5, TIME);
                    assertArrayEquals(own, part(among, 1, size), "sequence " + row + " among others");
                }
                for (int chunk : List.of(1, 3, TIME)) {
                    try (StreamingSession stream = session.stream(1)) {
                        float[] sequence = rows(x, 4).toFloats();
                        float[] joined = new float[size];
                        for (int from = 0; from < TIME; from += chunk) {
                            int to = Math.min(TIME, from + chunk);
                            float[] y = new float[(to - from) * CLASSES];
                            stream.step(Arrays.copyOfRange(sequence, from * FEATURES, to * FEATURES), y);
                            System.arraycopy(y, 0, joined, from * CLASSES, y.length);
                        }
                        assertArrayEquals(part(expected, 4, size), joined, chunk + " steps at a time");
                    }
                }
                int[] lengths = Runs.ids(Seeds.generator(7, "lengths", 0), TIME + 1, BATCH).toInts();
                Tensor y = Tensor.zeros(DataType.FLOAT32, BATCH, TIME, CLASSES);
                session.run(x, Tensor.of(lengths, BATCH), y);
                for (int b = 0; b < BATCH; b++) {
                    assertArrayEquals(
                            Arrays.copyOf(part(expected, b, size), lengths[b] * CLASSES),
                            Arrays.copyOf(part(y.toFloats(), b, size), lengths[b] * CLASSES),
                            "sequence " + b + " cut to " + lengths[b]);
                }
            }
        }
    }

    // ------------------------------------------------------------------------------------------ training runs

    /// Those of the simple layer's other activations too: each is a kernel of its own.
    static Stream<Cell> kernels() {
        return Stream.concat(
                Cell.ALL.stream(),
                Stream.of(Activation.RELU, Activation.SIGMOID, Activation.LINEAR)
                        .map(activation -> Cell.fused(
                                "rnn-" + activation, units -> SimpleRnn.units(units).activation(activation))));
    }

    private static Engine.Options training(int threads, Set<String> providers) {
        return Engine.training().kernels(Choice.NATIVE).threads(threads).providers(providers);
    }

    /// What a run comes to, bit for bit.
    private static List<String> trained(Sequential model, Engine.Options engine) {
        Tensor y = Runs.ids(Seeds.generator(7, "y", 0), CLASSES, EXAMPLES, TIME);
        model.compile(Training.optimizer(Adam.rate(1e-2))
                .metrics(Metric.accuracy())
                .clipGlobalNorm(1)
                .engine(engine));
        return Job.outcome(model, model.fit(Dataset.of(features(EXAMPLES), y), Fit.epochs(2).batchSize(BATCH)));
    }

    private static List<String> trained(Cell cell, Engine.Options engine) {
        try (Sequential model = model(cell)) {
            return trained(model, engine);
        }
    }

    /// Rondo's own kernels sum every number in one order, whatever threads have a part in it.
    @ParameterizedTest
    @MethodSource("kernels")
    void trainingWithoutProvidersDoesNotDependOnTheThreads(Cell cell) {
        List<String> expected = trained(cell, training(1, Set.of()));
        assertTrue(expected.size() > 20, "losses, parameters and optimizer states");
        for (int threads : THREADS) {
            assertEquals(expected, trained(cell, training(threads, Set.of())), threads + " threads");
        }
    }

    /// Providers may sum in another order for each number of threads: with the same number a run is the same. Its
    /// products are large enough to go to them: all to oneDNN, to OpenBLAS that of the dense layer going forward.
    @Test
    void trainingWithProvidersIsRepeatable() {
        for (int threads : THREADS) {
            Engine.Options engine = training(threads, Set.copyOf(KernelOptions.PROVIDERS));
            assertEquals(trainedWithProviders(engine), trainedWithProviders(engine), threads + " threads");
            Engine.Description description = engine.engine().description();
            if (description.providers().isEmpty()) {
                System.out.println("Not run: training with providers, since there is none");
                return;
            }
            assertTrue(
                    description.products().stream().anyMatch(text -> text.matches("(openblas|onednn)=[1-9].*")),
                    description.products().toString());
        }
    }

    private static List<String> trainedWithProviders(Engine.Options engine) {
        int batch = 32;
        int time = 256;
        int size = 256;
        int classes = 1024;
        try (Sequential model = Sequential.builder()
                .add(Input.features(Shape.TIME, size))
                .add(Lstm.units(size).returnSequences())
                .add(Dense.units(classes))
                .seed(3)
                .build()) {
            model.compile(Training.optimizer(Adam.rate(1e-2)).engine(engine));
            Tensor x = Runs.features(Seeds.generator(7, "large", 0), batch, time, size);
            Tensor y = Runs.ids(Seeds.generator(7, "y", 0), classes, batch, time);
            return Job.outcome(model, model.fit(Dataset.of(x, y), Fit.epochs(1).batchSize(batch)));
        }
    }

    // ------------------------------------------------------------------------------------- numbers of processors

    /// What a child prints: for each cell and number of threads what inference gives and what training comes to.
    static final class Printer {
        private Printer() {}

        public static void main(String[] arguments) {
            System.out.println("processors " + Runtime.getRuntime().availableProcessors());
            for (Cell cell : Cell.ALL) {
                for (int threads : THREADS) {
                    print(cell, threads);
                }
            }
        }

        private static void print(Cell cell, int threads) {
            try (Sequential model = model(cell)) {
                try (InferenceSession session = model.session(serving(Choice.NATIVE, threads))) {
                    float[] y = run(session, features(EXAMPLES), EXAMPLES, TIME);
                    System.out.println(cell + " inference " + Arrays.hashCode(y));
                }
                trained(model, training(threads, Set.of()))
                        .forEach(line -> System.out.println(cell + " training, " + threads + " threads: " + line));
            }
        }
    }

    /// With one processor a pool of eight threads takes turns; with all it runs at once. Both come to the same.
    @Test
    @Tag("slow")
    void theNumberOfProcessorsDoesNotMatter() throws Exception {
        List<String> command = Child.java(List.of("-Xmx128m"), Printer.class, List.of());
        List<Integer> processors = processors();
        List<List<String>> outputs = new ArrayList<>();
        List<Integer> counts = Stream.of(1, 2, processors.size()).filter(n -> n <= processors.size()).distinct().toList();
        if (processors.size() == 1) {
            System.out.println("Not run: training on two processors, since there is one");
        }
        for (int count : counts) {
            String list = String.join(",", processors.stream().limit(count).map(String::valueOf).toList());
            List<String> lines = Child.lines(
                    Stream.concat(Stream.of("taskset", "-c", list), command.stream()).toList());
            assertEquals("processors " + count, lines.getFirst());
            outputs.add(lines.subList(1, lines.size()));
        }
        for (List<String> output : outputs) {
            assertEquals(outputs.getFirst(), output);
        }
        for (Cell cell : Cell.ALL) {
            String prefix = cell + " inference ";
            List<String> inference = outputs.getFirst().stream().filter(line -> line.startsWith(prefix)).toList();
            assertEquals(THREADS.size(), inference.size());
            assertEquals(1, inference.stream().distinct().count(), inference.toString());
        }
        assertTrue(outputs.getFirst().size() > Cell.ALL.size() * THREADS.size() * 10, "losses and parameters");
        Child.report(
                "%d cells, %s threads on %s processors: the same training runs and inference results, bit for bit",
                Cell.ALL.size(), THREADS, counts);
    }

    /// The processors that this process may use.
    private static List<Integer> processors() throws IOException {
        String prefix = "Cpus_allowed_list:";
        String list = Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith(prefix))
                .map(line -> line.substring(prefix.length()).strip())
                .findFirst()
                .orElseThrow();
        List<Integer> processors = new ArrayList<>();
        for (String range : list.split(",", -1)) {
            String[] ends = range.split("-", -1);
            for (int i = Integer.parseInt(ends[0]); i <= Integer.parseInt(ends[ends.length - 1]); i++) {
                processors.add(i);
            }
        }
        return processors;
    }
}
