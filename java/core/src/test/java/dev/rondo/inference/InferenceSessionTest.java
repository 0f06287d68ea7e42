package dev.rondo.inference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Runs;
import dev.rondo.Sequential;
import dev.rondo.data.Seeds;
import dev.rondo.layers.Activation;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Dropout;
import dev.rondo.layers.Input;
import dev.rondo.layers.Lstm;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class InferenceSessionTest {
    private static final int B = 5;
    private static final int T = 7;
    private static final int F = 3;
    private static final int C = 4;

    private static Serving serving(Choice kernels) {
        return Serving.standard().engine(Engine.inference().kernels(kernels));
    }

    private static Sequential tagger() {
        return Sequential.builder()
                .add(Input.features(Shape.TIME, F))
                .add(Lstm.units(17).returnSequences())
                .add(Lstm.units(9).returnSequences())
                .add(Dense.units(C).activation(Activation.SOFTMAX))
                .seed(5)
                .build();
    }

    private static InferenceSession session(Sequential model, Choice kernels) {
        try (model) {
            return model.session(serving(kernels));
        }
    }

    private static Tensor x(int batch) {
        return Runs.features(Seeds.generator(2, "x", 0), batch, T, F);
    }

    private static Tensor y(int batch) {
        return Tensor.zeros(DataType.FLOAT32, batch, T, C);
    }

    private static Tensor copy(Arena arena, Tensor heap) {
        Tensor tensor = Tensor.allocate(arena, heap.type(), heap.shape());
        tensor.copyFrom(heap);
        return tensor;
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void allKindsOfMemoryGiveTheSame(Choice kernels) {
        try (InferenceSession session = session(tagger(), kernels);
                Arena arena = Arena.ofConfined()) {
            Tensor x = x(B);
            Tensor heap = y(B);
            session.run(x, heap);
            for (int row = 0; row < B * T; row++) {
                double sum = 0;
                for (int c = 0; c < C; c++) {
                    sum += heap.get(row * C + c);
                }
                // Four float32 numbers below 1.
                assertEquals(1, sum, 4 * 0x1p-24);
            }
            Tensor off = Tensor.allocate(arena, DataType.FLOAT32, heap.shape());
            session.run(copy(arena, x), off);
            assertArrayEquals(heap.toFloats(), off.toFloats());
            Tensor mixed = y(B);
            session.run(copy(arena, x), mixed);
            assertArrayEquals(heap.toFloats(), mixed.toFloats());
            MemorySegment larger = arena.allocate(4L * B * T * C + 64, 64);
            session.run(copy(arena, x).segment(), larger, B, T);
            assertArrayEquals(
                    heap.toFloats(), Arrays.copyOf(larger.toArray(ValueLayout.JAVA_FLOAT), B * T * C));
            float[] one = new float[T * C];
            session.run(Arrays.copyOf(x.toFloats(), T * F), one);
            assertArrayEquals(Arrays.copyOf(heap.toFloats(), T * C), one);
        }
    }

    /// Dropout lets everything pass, so that such a model gives what it takes.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void theInputMayBeTheOutput(Choice kernels) {
        try (InferenceSession session = session(Sequential.of(Input.features(3), Dropout.rate(0.5)), kernels);
                Arena arena = Arena.ofConfined()) {
            Tensor x = Tensor.of(new float[] {1, -2, 3}, 1, 3);
            float[] y = new float[3];
            session.run(x.toFloats(), y);
            assertArrayEquals(x.toFloats(), y);
            Tensor off = Tensor.allocate(arena, DataType.FLOAT32, x.shape());
            session.run(copy(arena, x), off);
            assertArrayEquals(x.toFloats(), off.toFloats());
        }
        try (Sequential model = Sequential.of(Input.ids(Shape.TIME))) {
            refused("layers: expected a model that gives FLOAT32, got INT32 [B,T]", model::session);
        }
    }

    /// A sequence gives the same whatever batch it is part of.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void concatenatedBatchesEqualSingleOnes(Choice kernels) {
        int batch = 19;
        try (InferenceSession session = session(tagger(), kernels)) {
            Tensor x = x(batch);
            Tensor whole = y(batch);
            session.run(x, whole);
            for (int row = 0; row < batch; row++) {
                float[] single = new float[T * C];
                session.run(Arrays.copyOfRange(x.toFloats(), row * T * F, (row + 1) * T * F), single);
                assertArrayEquals(
                        Arrays.copyOfRange(whole.toFloats(), row * T * C, (row + 1) * T * C), single, "row " + row);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void paddingChangesNothing(Choice kernels) {
        int[] lengths = {3, 7, 1, 5, 2};
        try (InferenceSession session = session(tagger(), kernels)) {
            Tensor x = x(B);
            Tensor padded = y(B);
            session.run(x, Tensor.of(lengths, B), padded);
            for (int row = 0; row < B; row++) {
                float[] alone = new float[lengths[row] * C];
                session.run(Arrays.copyOfRange(x.toFloats(), row * T * F, row * T * F + lengths[row] * F), alone);
                assertArrayEquals(
                        alone, Arrays.copyOfRange(padded.toFloats(), row * T * C, row * T * C + lengths[row] * C));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void theLastOutputIsThatOfEachSequencesOwnEnd(Choice kernels) {
        int[] lengths = {3, 7, 1, 5, 2};
        Sequential model = Sequential.of(Input.features(Shape.TIME, F), Lstm.units(6), Dense.units(C));
        try (InferenceSession session = session(model, kernels)) {
            Tensor x = x(B);
            Tensor padded = Tensor.zeros(DataType.FLOAT32, B, C);
            session.run(x, Tensor.of(lengths, B), padded);
            for (int row = 0; row < B; row++) {
                float[] alone = new float[C];
                session.run(Arrays.copyOfRange(x.toFloats(), row * T * F, row * T * F + lengths[row] * F), alone);
                assertArrayEquals(alone, Arrays.copyOfRange(padded.toFloats(), row * C, (row + 1) * C));
            }
        }
    }

    /// Twelve threads, more than the session runs at a time, with sizes of their own.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void threadsDoNotDisturbOneAnother(Choice kernels) throws Exception {
        try (Sequential model = tagger();
                InferenceSession session = model.session(serving(kernels).plans(3));
                ExecutorService threads = Executors.newFixedThreadPool(12)) {
            List<Future<?>> calls = new ArrayList<>();
            for (int thread = 0; thread < 12; thread++) {
                int batch = 1 + thread % 5;
                Tensor x = Runs.features(Seeds.generator(thread, "x", 0), batch, T, F);
                Tensor alone = y(batch);
                session.run(x, alone);
                float[] expected = alone.toFloats();
                calls.add(threads.submit(() -> {
                    for (int i = 0; i < 50; i++) {
                        Tensor y = y(batch);
                        session.run(x, y);
                        assertArrayEquals(expected, y.toFloats());
                    }
                }));
            }
            for (Future<?> call : calls) {
                call.get(60, TimeUnit.SECONDS);
            }
        }
    }

    /// A thousand virtual threads, whose carriers change.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void virtualThreadsMayCall(Choice kernels) throws Exception {
        try (InferenceSession session = session(tagger(), kernels);
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Tensor expected = y(B);
            session.run(x(B), expected);
            List<Future<?>> calls = new ArrayList<>();
            for (int i = 0; i < 1000; i++) {
                calls.add(threads.submit(() -> {
                    Tensor y = y(B);
                    session.run(x(B), y);
                    assertArrayEquals(expected.toFloats(), y.toFloats());
                }));
            }
            for (Future<?> call : calls) {
                call.get(60, TimeUnit.SECONDS);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void trainingAfterwardsDoesNotChangeASession(Choice kernels) {
        try (Sequential model = tagger();
                InferenceSession session = model.session(serving(kernels))) {
            Tensor before = y(B);
            session.run(x(B), before);
            Tensor weight = model.parameters().get("dense/weight");
            model.setParameter("dense/weight", Tensor.zeros(DataType.FLOAT32, weight.shape().dims()));
            Tensor after = y(B);
            session.run(x(B), after);
            assertArrayEquals(before.toFloats(), after.toFloats());
            assertNotEquals(Runs.floats(before), Runs.floats(model.predict(x(B))));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void aClosedSessionSaysSo(Choice kernels) {
        InferenceSession session = session(tagger(), kernels);
        session.run(x(B), y(B));
        StreamingSession stream = session.stream(1);
        session.close();
        session.close();
        closed("InferenceSession is closed", () -> session.run(x(B), y(B)));
        closed("InferenceSession is closed", () -> session.run(new float[F], new float[C]));
        closed("InferenceSession is closed", () -> session.stream(1));
        closed("InferenceSession is closed", () -> stream.step(new float[F], new float[C]));
        closed("InferenceSession is closed", stream::reset);
        stream.close();
        stream.close();
        closed("StreamingSession is closed", () -> stream.step(new float[F], new float[C]));
    }

    private static void closed(String message, Executable call) {
        assertEquals(message, assertThrows(IllegalStateException.class, call).getMessage());
    }

    /// Ten threads call while the session is closed: each call either gives the right result or says that it is closed.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void closingWaitsForCalls(Choice kernels) throws Exception {
        for (int trial = 0; trial < 10; trial++) {
            InferenceSession session = session(tagger(), kernels);
            Tensor expected = y(B);
            session.run(x(B), expected);
            CountDownLatch running = new CountDownLatch(10);
            AtomicInteger refusals = new AtomicInteger();
            try (ExecutorService threads = Executors.newFixedThreadPool(10)) {
                List<Future<?>> callers = new ArrayList<>();
                for (int i = 0; i < 10; i++) {
                    callers.add(threads.submit(() -> {
                        Tensor x = x(B);
                        while (true) {
                            Tensor y = y(B);
                            try {
                                session.run(x, y);
                            } catch (IllegalStateException e) {
                                assertEquals("InferenceSession is closed", e.getMessage());
                                refusals.incrementAndGet();
                                return;
                            }
                            assertArrayEquals(expected.toFloats(), y.toFloats());
                            running.countDown();
                        }
                    }));
                }
                assertTrue(running.await(60, TimeUnit.SECONDS));
                session.close();
                for (Future<?> caller : callers) {
                    caller.get(60, TimeUnit.SECONDS);
                }
            }
            assertEquals(10, refusals.get());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void badCallsAreRefusedAndHarmNothing(Choice kernels) throws Exception {
        try (InferenceSession session = session(tagger(), kernels)) {
            Tensor expected = y(B);
            session.run(x(B), expected);
            refused("x: expected FLOAT32 [B,T,3], got FLOAT32 [5,7]", () -> session.run(Tensor.zeros(DataType.FLOAT32, B, T), y(B)));
            refused("x: expected FLOAT32 [B,T,3], got FLOAT32 [5,7,4]", () -> session.run(Tensor.zeros(DataType.FLOAT32, B, T, 4), y(B)));
            refused("x: expected FLOAT32 [B,T,3], got INT32 [5,7,3]", () -> session.run(Tensor.zeros(DataType.INT32, B, T, F), y(B)));
            refused("x: expected FLOAT32 [B,T,3], got FLOAT32 [0,7,3]", () -> session.run(Tensor.zeros(DataType.FLOAT32, 0, T, F), y(B)));
            refused("y: expected FLOAT32 [B,T,4] = [5,7,4], got FLOAT32 [4,7,4]", () -> session.run(x(B), y(4)));
            refused("y: expected writable memory", () -> session.run(x(B), Tensor.wrap(y(B).segment().asReadOnly(), DataType.FLOAT32, y(B).shape())));
            refused("lengths: expected INT32 [B] = [5], got INT32 [4]", () -> session.run(x(B), Tensor.of(new int[4], 4), y(B)));
            refused("", () -> session.run(x(B), Tensor.of(new int[] {1, 2, 3, 4, 8}, B), y(B)));
            refused("", () -> session.run(x(B), Tensor.of(new int[] {1, 2, -1, 4, 7}, B), y(B)));
            refused("x: expected FLOAT32 [B,T,3] with B = 1 and T >= 1, got FLOAT32 [4]", () -> session.run(new float[4], new float[C]));
            refused("x: expected FLOAT32 [B,T,3] with B = 1 and T >= 1, got INT32 [3]", () -> session.run(new int[3], new float[C]));
            refused("y: expected FLOAT32 [B,T,4] = [1,1,4], got [5]", () -> session.run(new float[F], new float[5]));
            refused("y: expected at least 140 elements", () -> session.run(x(B).segment(), y(4).segment(), B, T));
            refused("y: expected writable memory", () -> session.run(x(B).segment(), y(B).segment().asReadOnly(), B, T));
            refused("x: expected at least 3458764513820540928 elements", () -> session.run(x(B).segment(), y(B).segment(), 1 << 30, 1 << 30));
            refused("x: expected fewer elements than [2147483647,2147483647,3] has", () -> session.run(x(B).segment(), y(B).segment(), Integer.MAX_VALUE, Integer.MAX_VALUE));
            refused("batch, time: expected at least 1 each", () -> session.run(x(B).segment(), y(B).segment(), 0, T));
            Tensor confined;
            try (Arena arena = Arena.ofConfined();
                    ExecutorService other = Executors.newSingleThreadExecutor()) {
                confined = copy(arena, x(B));
                Tensor foreign = confined;
                other.submit(() -> assertThrows(WrongThreadException.class, () -> session.run(foreign, y(B))))
                        .get(60, TimeUnit.SECONDS);
            }
            assertThrows(IllegalStateException.class, () -> session.run(confined, y(B)));
            Tensor again = y(B);
            session.run(x(B), again);
            assertArrayEquals(expected.toFloats(), again.toFloats());
        }
    }

    /// Whatever overlaps: an exception or the right result.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void overlapsDoNoHarm(Choice kernels) {
        try (InferenceSession session = session(tagger(), kernels);
                Arena arena = Arena.ofConfined()) {
            Tensor x = x(B);
            Tensor expected = y(B);
            Tensor lengths = Tensor.of(new int[] {3, 7, 1, 5, 2}, B);
            session.run(x, lengths, expected);
            long xBytes = 4L * B * T * F;
            long yBytes = 4L * B * T * C;
            MemorySegment memory = arena.allocate(xBytes + yBytes, 64);
            Tensor nativeX = Tensor.wrap(memory.asSlice(0, xBytes), DataType.FLOAT32, x.shape());
            nativeX.copyFrom(x);
            String message = "y: expected memory apart from x's";
            refused(message, () -> session.run(memory, memory.asSlice(xBytes - 4), B, T));
            refused(message, () -> session.run(memory.asSlice(yBytes - 4), memory, B, T));
            refused(message, () -> session.run(nativeX, Tensor.wrap(memory.asSlice(0, yBytes), DataType.FLOAT32, expected.shape())));

            // The lengths lie in the memory that y overwrites.
            Tensor y = Tensor.wrap(memory.asSlice(xBytes), DataType.FLOAT32, expected.shape());
            Tensor inside = Tensor.wrap(y.segment().asSlice(0, 4L * B), DataType.INT32, Shape.of(B));
            inside.copyFrom(lengths);
            session.run(nativeX, inside, y);
            assertArrayEquals(expected.toFloats(), y.toFloats());

            Tensor whole = y(B);
            session.run(x, whole);
            MemorySegment heap = MemorySegment.ofArray(Arrays.copyOf(x.toFloats(), B * T * C));
            session.run(heap, heap, B, T);
            assertArrayEquals(whole.toFloats(), heap.toArray(ValueLayout.JAVA_FLOAT));
        }
    }

    /// A layer that writes y while it still reads the lengths, which lie in it.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void lengthsMayLieInWhatIsWritten(Choice kernels) {
        Sequential model = Sequential.of(Input.features(Shape.TIME, F), Lstm.units(C).returnSequences());
        try (InferenceSession session = session(model, kernels);
                Arena arena = Arena.ofConfined()) {
            Tensor x = x(B);
            Tensor expected = y(B);
            Tensor lengths = Tensor.of(new int[] {3, 7, 1, 5, 2}, B);
            session.run(x, lengths, expected);
            Tensor y = Tensor.allocate(arena, DataType.FLOAT32, expected.shape());
            Tensor inside = Tensor.wrap(y.segment().asSlice(0, 4L * B), DataType.INT32, Shape.of(B));
            inside.copyFrom(lengths);
            session.run(x, inside, y);
            assertArrayEquals(expected.toFloats(), y.toFloats());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void filesMayBeMapped(Choice kernels, @TempDir Path folder) throws Exception {
        try (InferenceSession session = session(tagger(), kernels);
                Arena arena = Arena.ofConfined();
                FileChannel file = FileChannel.open(
                        folder.resolve("x"), StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            Tensor x = x(B);
            Tensor expected = y(B);
            session.run(x, expected);
            MemorySegment memory = file.map(FileChannel.MapMode.READ_WRITE, 0, 4L * B * T * C, arena);
            MemorySegment.copy(x.segment(), 0, memory, 0, x.segment().byteSize());
            session.run(memory, memory, B, T);
            assertArrayEquals(expected.toFloats(), memory.toArray(ValueLayout.JAVA_FLOAT));
        }
    }

    private static void refused(String message, Executable call) {
        String actual = String.valueOf(assertThrows(IllegalArgumentException.class, call).getMessage());
        assertTrue(actual.contains(message), actual);
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void idsOutsideTheVocabularyAreNamed(Choice kernels) {
        try (InferenceSession session = session(Runs.characterModel(11, 0), kernels)) {
            float[] y = new float[3 * 11];
            refused("11", () -> session.run(new int[] {0, 11, 1}, y));
            refused("-1", () -> session.run(new int[] {0, 1, -1}, y));
            session.run(new int[] {0, 10, 1}, y);
        }
    }
}
