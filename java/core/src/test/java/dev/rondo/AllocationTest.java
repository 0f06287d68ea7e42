package dev.rondo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.rondo.data.Dataset;
import dev.rondo.data.Seeds;
import dev.rondo.graph.Value;
import dev.rondo.inference.InferenceRequest;
import dev.rondo.inference.InferenceSession;
import dev.rondo.inference.Serving;
import dev.rondo.inference.StreamingSession;
import dev.rondo.layers.Attention;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Dropout;
import dev.rondo.layers.Embedding;
import dev.rondo.layers.Gru;
import dev.rondo.layers.Input;
import dev.rondo.layers.Lstm;
import dev.rondo.layers.Rnn;
import dev.rondo.layers.Symbol;
import dev.rondo.layers.Symbols;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Fit;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/// How much Java heap a training step and an inference call take. An arena takes heap with each piece of native memory
/// that it allocates, so a call without heap allocates no native memory from Java either.
class AllocationTest {
    private static final int WARM_UP = 10_000;
    private static final int CALLS = 1_000;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /// Bytes that this thread has taken from the heap.
    private static long allocated() {
        return THREADS.getCurrentThreadAllocatedBytes();
    }

    /// Bytes a call, at the least of some trials: the compiler and the JVM may take some of this thread's heap now and
    /// then, the call takes its own each time.
    private static double bytesPerCall(int calls, Runnable call) {
        double least = Double.POSITIVE_INFINITY;
        for (int trial = 0; trial < 5; trial++) {
            long before = allocated();
            for (int i = 0; i < calls; i++) {
                call.run();
            }
            least = Math.min(least, (double) (allocated() - before) / calls);
        }
        return least;
    }

    @Test
    void theCounterCounts() {
        Object[] kept = new Object[1];
        double bytes = bytesPerCall(1000, () -> kept[0] = new byte[100]);
        assertTrue(bytes >= 100 && bytes < 200, bytes + " bytes");
    }

    @Test
    void inferenceCallsTakeNoHeap() {
        Engine.Options engine = Engine.inference().kernels(Choice.NATIVE);
        try (Arena arena = Arena.ofShared();
                Sequential model = Runs.characterModel(11, 0.5);
                InferenceSession session = model.session(Serving.standard().engine(engine));
                StreamingSession stream = session.stream(3);
                StreamingSession single = session.stream(1)) {
            int[] ids = {3, 1, 4};
            float[] scores = new float[3 * 11];
            Tensor heapX = Tensor.of(ids, 1, 3);
            Tensor heapY = Tensor.of(scores, 1, 3, 11);
            Tensor x = Tensor.allocate(arena, DataType.INT32, Shape.of(3, 4));
            Tensor y = Tensor.allocate(arena, DataType.FLOAT32, Shape.of(3, 4, 11));
            Tensor otherX = Tensor.allocate(arena, DataType.INT32, Shape.of(2, 2));
            Tensor otherY = Tensor.allocate(arena, DataType.FLOAT32, Shape.of(2, 2, 11));
            Tensor lengths = Tensor.allocate(arena, DataType.INT32, Shape.of(3));
            lengths.copyFrom(Tensor.of(new int[] {4, 1, 3}, 3));
            Tensor stepX = Tensor.allocate(arena, DataType.INT32, Shape.of(3, 1));
            Tensor stepY = Tensor.allocate(arena, DataType.FLOAT32, Shape.of(3, 1, 11));
            none("the same memory", () -> session.run(x, y));
            none("memory and sizes that change", () -> {
                session.run(x, y);
                session.run(otherX, otherY);
            });
            none("lengths", () -> session.run(x, lengths, y));
            none("segments", () -> session.run(x.segment(), y.segment(), 3, 4));
            none("streams", () -> stream.step(stepX, stepY));
            none("arrays", () -> session.run(ids, scores));
            none("arrays of a stream", () -> single.step(ids, scores));
            none("tensors on the heap", () -> session.run(heapX, heapY));
        }
    }

    /// Padding that a layer finds, holes between steps, attention as a layer and at each step of a cell.
    @Test
    void paddingAndAttentionTakeNoHeap() {
        Functional.Builder b = Functional.builder();
        Symbol x = b.add(Embedding.of(5, 3).skipZero(), b.input(Input.ids(Shape.TIME)));
        Symbols steps = b.apply(Gru.units(3).returnSequences(), x);
        Rnn cell = Rnn.of((s, next) -> {
            Value h = s.state("h", 3);
            return s.next(h, s.tanh(s.add(
                    s.dense("input", next, 3), s.attend(Attention.additive(2), h, s.memory("memory", 3)).context())));
        });
        Symbol y = b.add(cell, b.add(Attention.scaledDot(), steps.y(), steps.y()), steps.y());
        Engine.Options engine = Engine.inference().kernels(Choice.NATIVE);
        try (Arena arena = Arena.ofShared();
                Functional model = b.output("y", y).build();
                InferenceSession session = model.session(Serving.standard().engine(engine))) {
            Tensor ids = Tensor.allocate(arena, DataType.INT32, Shape.of(2, 4));
            ids.copyFrom(Tensor.of(new int[] {1, 0, 2, 0, 0, 3, 4, 1}, 2, 4));
            Tensor to = Tensor.allocate(arena, DataType.FLOAT32, Shape.of(2, 3));
            none("padding and attention", () -> session.run(ids, to));
        }
    }

    /// Of one symbol of time and of two, in native memory and on the heap, with lengths and an output that is not taken.
    @Test
    void requestsTakeNoHeap() {
        Functional.Builder b = Functional.builder();
        Symbols encoder = b.apply(Gru.units(3), b.input(Input.features(Shape.TIME, 2).named("source")));
        Symbols decoder = b.apply(
                Gru.units(3).returnSequences(),
                b.input(Input.features(Shape.time(1), 2).named("target")),
                encoder.states());
        Engine.Options engine = Engine.inference().kernels(Choice.NATIVE);
        try (Arena arena = Arena.ofShared();
                Functional model = b.output("y", decoder.y()).output("h", decoder.h()).build();
                InferenceSession session = model.session(Serving.standard().engine(engine))) {
            InferenceRequest own = session.request()
                    .input("source", Tensor.allocate(arena, DataType.FLOAT32, Shape.of(2, 4, 2)))
                    .input("target", Tensor.allocate(arena, DataType.FLOAT32, Shape.of(2, 3, 2)))
                    .output("y", Tensor.allocate(arena, DataType.FLOAT32, Shape.of(2, 3, 3)));
            InferenceRequest heap = session.request()
                    .input("source", Tensor.zeros(DataType.FLOAT32, 2, 4, 2))
                    .input("target", Tensor.zeros(DataType.FLOAT32, 2, 3, 2))
                    .lengths("source", Tensor.of(new int[] {4, 1}, 2))
                    .output("h", Tensor.zeros(DataType.FLOAT32, 2, 3));

            none("a request", own::run);
            none("a request on the heap, with lengths", heap::run);
        }
    }

    private static void none(String what, Runnable call) {
        for (int i = 0; i < WARM_UP; i++) {
            call.run();
        }
        assertEquals(0, bytesPerCall(CALLS, call), 0.1, what + ": bytes of heap a call");
    }

    /// Characters in streams, and padded sequences with dropout: the heap that an epoch takes, less that of an epoch of
    /// fewer steps, so that what a run takes once does not count.
    @Test
    void trainingStepsTakeLessThanAKibibyte() {
        int[] ids = Runs.ids(Seeds.generator(1, "ids", 0), 11, 8 * 5 * 800 + 1).toInts();
        Dataset few = Dataset.streams(Arrays.copyOf(ids, 8 * 5 * 200 + 1), 5);
        Dataset many = Dataset.streams(ids, 5);
        try (Sequential model = Runs.characterModel(11, 0.2)) {
            model.compile(Runs.training(Choice.NATIVE));
            under1024(perStep(model, few, many, 600));
        }
        try (Sequential model = Sequential.of(
                Input.ids(Shape.TIME), Embedding.of(11, 4), Dropout.rate(0.3), Lstm.units(5), Dense.units(3))) {
            model.compile(Runs.training(Choice.NATIVE));
            under1024(perStep(model, padded(ids, 200), padded(ids, 800), 600));
        }
    }

    private static void under1024(double bytes) {
        assertTrue(bytes < 1024, bytes + " bytes of heap a training step");
    }

    private static Dataset padded(int[] ids, int batches) {
        int examples = 8 * batches;
        int[] lengths = new int[examples];
        int[] classes = new int[examples];
        for (int i = 0; i < examples; i++) {
            lengths[i] = 1 + ids[i] % 5;
            classes[i] = ids[i] % 3;
        }
        return Dataset.of(Tensor.of(Arrays.copyOf(ids, examples * 5), examples, 5), Tensor.of(classes, examples))
                .lengths(lengths);
    }

    private static double perStep(Sequential model, Dataset few, Dataset many, int moreSteps) {
        Fit fit = Fit.epochs(1).batchSize(8);
        model.fit(many, fit);
        double least = Double.POSITIVE_INFINITY;
        for (int trial = 0; trial < 3; trial++) {
            long start = allocated();
            model.fit(few, fit);
            long between = allocated();
            model.fit(many, fit);
            // In it is the order of the examples, an array of a run's own: 4 bytes an example, 32 a batch of 8.
            least = Math.min(least, (double) (allocated() - between - (between - start)) / moreSteps);
        }
        return least;
    }
}
