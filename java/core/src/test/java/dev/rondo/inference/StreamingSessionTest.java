package dev.rondo.inference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Runs;
import dev.rondo.Sequential;
import dev.rondo.data.Seeds;
import dev.rondo.graph.Value;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Dropout;
import dev.rondo.layers.Gru;
import dev.rondo.layers.Initializer;
import dev.rondo.layers.Input;
import dev.rondo.layers.Layer;
import dev.rondo.layers.Lstm;
import dev.rondo.layers.Rnn;
import dev.rondo.layers.SimpleRnn;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// A sequence in pieces is, bit for bit, the whole.
class StreamingSessionTest {
    private static final int T = 13;
    private static final int VOCABULARY = 11;

    private static InferenceSession session(Choice kernels) {
        try (Sequential model = Runs.characterModel(VOCABULARY, 0.5)) {
            return model.session(Serving.standard().engine(Engine.inference().kernels(kernels)));
        }
    }

    private static int[] ids(int number) {
        return Runs.ids(Seeds.generator(8, "ids", number), VOCABULARY, T).toInts();
    }

    private static float[] whole(InferenceSession session, int[] ids) {
        float[] y = new float[ids.length * VOCABULARY];
        session.run(ids, y);
        return y;
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void stepsAndChunksEqualTheWhole(Choice kernels) {
        try (InferenceSession session = session(kernels);
                StreamingSession stream = session.stream(1)) {
            int[] ids = ids(0);
            float[] expected = whole(session, ids);
            for (int[] cuts : new int[][] {{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, {13}, {4, 1, 6, 2}, {12, 1}}) {
                stream.reset();
                int t = 0;
                for (int chunk : cuts) {
                    float[] y = new float[chunk * VOCABULARY];
                    stream.step(Arrays.copyOfRange(ids, t, t + chunk), y);
                    assertArrayEquals(
                            Arrays.copyOfRange(expected, t * VOCABULARY, (t + chunk) * VOCABULARY),
                            y,
                            Arrays.toString(cuts) + " at " + t);
                    t += chunk;
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void streamsOfOneBatchKeepTheirOwnStates(Choice kernels) {
        int batch = 5;
        try (InferenceSession session = session(kernels);
                StreamingSession stream = session.stream(batch)) {
            float[][] expected = new float[batch][];
            for (int b = 0; b < batch; b++) {
                expected[b] = whole(session, ids(b));
            }
            Tensor x = Tensor.zeros(DataType.INT32, batch, 1);
            Tensor y = Tensor.zeros(DataType.FLOAT32, batch, 1, VOCABULARY);
            for (int t = 0; t < T; t++) {
                for (int b = 0; b < batch; b++) {
                    x.set(b, ids(b)[t]);
                }
                stream.step(x, y);
                for (int b = 0; b < batch; b++) {
                    assertArrayEquals(
                            Arrays.copyOfRange(expected[b], t * VOCABULARY, (t + 1) * VOCABULARY),
                            Arrays.copyOfRange(y.toFloats(), b * VOCABULARY, (b + 1) * VOCABULARY),
                            "stream " + b + ", step " + t);
                }
            }
        }
    }

    /// A model with one output a sequence gives, after each step, what it would give had the sequence ended there.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void aLastOutputIsThatOfTheSequenceSoFar(Choice kernels) {
        lastOutput(kernels, Input.features(Shape.TIME, 2), Lstm.units(5), Dense.units(3));
    }

    /// What the model gives is its state as well, which stays here for the next step.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void aLastOutputMayBeTheState(Choice kernels) {
        lastOutput(kernels, Input.features(Shape.TIME, 2), Lstm.units(3));
        lastOutput(kernels, Input.features(Shape.TIME, 2), Lstm.units(3), Dropout.rate(0.5));
        lastOutput(kernels, Input.features(Shape.TIME, 2), Lstm.units(3).peepholes(Initializer.ones()));
        lastOutput(kernels, Input.features(Shape.TIME, 2), Gru.units(3));
        lastOutput(kernels, Input.features(Shape.TIME, 2), Gru.units(3).reset(Gru.Reset.BEFORE));
        lastOutput(kernels, Input.features(Shape.TIME, 2), SimpleRnn.units(3).recurrentDropout(0.5));
    }

    private static void lastOutput(Choice kernels, Layer... layers) {
        try (Sequential model = Sequential.of(layers);
                InferenceSession session = model.session(Serving.standard().engine(Engine.inference().kernels(kernels)));
                StreamingSession stream = session.stream(1)) {
            float[] x = Runs.features(Seeds.generator(1, "x", 0), T, 2).toFloats();
            for (int t = 0; t < T; t++) {
                float[] soFar = new float[3];
                session.run(Arrays.copyOf(x, (t + 1) * 2), soFar);
                float[] y = new float[3];
                stream.step(Arrays.copyOfRange(x, t * 2, (t + 1) * 2), y);
                assertArrayEquals(soFar, y, "step " + t);
                assertTrue(IntStream.range(0, 3).anyMatch(i -> y[i] != 0), "step " + t);
            }
        }
    }

    /// The state is neither taken from the callers' memory nor left in it.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void aStateThatIsGivenIsNotTheCallers(Choice kernels) {
        try (Sequential model = Sequential.of(Input.features(Shape.TIME, 2), Lstm.units(3));
                InferenceSession session = model.session(Serving.standard().engine(Engine.inference().kernels(kernels)));
                StreamingSession stream = session.stream(1);
                Arena arena = Arena.ofConfined()) {
            Tensor x = Tensor.allocate(arena, DataType.FLOAT32, Shape.of(1, 1, 2));
            x.copyFrom(Tensor.of(new float[] {0.5f, -2}, 1, 1, 2));
            float[] expected = new float[3];
            session.run(new float[] {0.5f, -2, 0.5f, -2}, expected);
            stream.step(x, Tensor.allocate(arena, DataType.FLOAT32, Shape.of(1, 3)));
            Tensor other = Tensor.allocate(arena, DataType.FLOAT32, Shape.of(1, 3));
            other.copyFrom(Tensor.of(new float[] {7, 8, 9}, 1, 3));
            stream.step(x, other);
            assertArrayEquals(expected, other.toFloats());
        }
    }

    /// A call on the memory of the call before is not checked anew; whatever changed in between is seen all the same.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void memoryMayComeAgainOrNot(Choice kernels) {
        int[] ids = ids(0);
        try (InferenceSession session = session(kernels);
                StreamingSession stream = session.stream(1);
                Arena kept = Arena.ofShared()) {
            float[] expected = whole(session, ids);
            Tensor x = Tensor.allocate(kept, DataType.INT32, Shape.of(1, 1));
            Tensor y = Tensor.allocate(kept, DataType.FLOAT32, Shape.of(1, 1, VOCABULARY));
            for (int t = 0; t < T; t++) {
                float[] actual = new float[VOCABULARY];
                if (t % 5 == 2) { // other memory, of the plan's
                    stream.step(new int[] {ids[t]}, actual);
                } else if (t % 5 == 3) { // of an arena that is gone afterwards
                    Tensor gone;
                    try (Arena arena = Arena.ofShared()) {
                        gone = Tensor.allocate(arena, DataType.FLOAT32, y.shape());
                        x.set(0, ids[t]);
                        stream.step(x, gone);
                        actual = gone.toFloats();
                    }
                    assertThrows(IllegalStateException.class, () -> stream.step(x, gone));
                } else {
                    x.set(0, ids[t]);
                    stream.step(x, y);
                    actual = y.toFloats();
                }
                assertArrayEquals(
                        Arrays.copyOfRange(expected, t * VOCABULARY, (t + 1) * VOCABULARY), actual, "step " + t);
                Tensor readOnly = Tensor.wrap(y.segment().asReadOnly(), DataType.FLOAT32, y.shape());
                assertThrows(IllegalArgumentException.class, () -> stream.step(x, readOnly));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void badCallsAreRefused(Choice kernels) {
        try (InferenceSession session = session(kernels);
                StreamingSession two = session.stream(2);
                StreamingSession one = session.stream(1)) {
            assertThrows(IllegalArgumentException.class, () -> session.stream(0));
            assertThrows(IllegalArgumentException.class, () -> two.step(new int[2], new float[2 * VOCABULARY]));
            Tensor id = Tensor.zeros(DataType.INT32);
            IllegalArgumentException scalar = assertThrows(
                    IllegalArgumentException.class, () -> two.step(id, Tensor.zeros(DataType.FLOAT32)));
            assertEquals("x: expected INT32 [B,T], got INT32 []", scalar.getMessage());
            Tensor x = Tensor.zeros(DataType.INT32, 3, 1);
            assertThrows(
                    IllegalArgumentException.class,
                    () -> two.step(x, Tensor.zeros(DataType.FLOAT32, 3, 1, VOCABULARY)));
            assertThrows(IllegalArgumentException.class, () -> one.step(new int[1], new float[VOCABULARY - 1]));
            assertThrows(
                    IllegalArgumentException.class, () -> one.step(new int[] {VOCABULARY}, new float[VOCABULARY]));
        }
        try (Sequential model = Sequential.of(Input.features(3), Dense.units(2));
                InferenceSession session = model.session()) {
            IllegalStateException e = assertThrows(IllegalStateException.class, () -> session.stream(1));
            assertEquals("stream: expected a model with time, but this one takes [B,3]", e.getMessage());
        }
        try (Sequential model = Sequential.of(Input.features(Shape.TIME, 3), Gru.units(2).goBackwards());
                InferenceSession session = model.session()) {
            IllegalStateException e = assertThrows(IllegalStateException.class, () -> session.stream(1));
            assertEquals("stream: expected layers that give the same of a sequence in pieces, but gru needs the whole", e.getMessage());
        }
    }

    /// A stack whose states are of every kind: of a fused layer, of one beyond the kernels that begins as it was
    /// trained, and of a cell of one's own.
    private static InferenceSession stack(Choice kernels) {
        try (Sequential model = Sequential.builder()
                .seed(5)
                .add(Input.features(Shape.TIME, 3))
                .add(Gru.units(4).returnSequences())
                .add(Lstm.units(4).projection(2).trainedInitialState().returnSequences())
                .add(Rnn.of((s, x) -> {
                    Value h = s.state("h", 3);
                    return s.next(h, s.tanh(s.add(s.dense("input", x, 3), s.recurrent("state", h, 3))));
                }).returnSequences())
                .build()) {
            model.setParameter("lstm/initialH", Tensor.of(new float[] {0.5f, -0.25f}, 2));
            model.setParameter("lstm/initialC", Tensor.of(new float[] {1, -1, 0.5f, 2}, 4));
            return model.session(Serving.standard().engine(Engine.inference().kernels(kernels)));
        }
    }

    private static float[] stepped(StreamingSession stream, int number, int time) {
        Tensor x = Runs.features(Seeds.generator(8, "x", number), stream.batch(), time, 3);
        Tensor y = Tensor.zeros(DataType.FLOAT32, stream.batch(), time, 3);
        stream.step(x, y);
        return y.toFloats();
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void streamsGoOnFromStatesThatWereKept(Choice kernels) {
        try (InferenceSession session = stack(kernels);
                InferenceSession same = stack(kernels);
                StreamingSession stream = session.stream(2);
                StreamingSession other = same.stream(2)) {
            assertEquals(
                    Set.of("gru/h", "states/begun", "lstm/h", "lstm/c", "rnn/h"), stream.states().keySet());
            SequencedMap<String, Tensor> fresh = stream.states();
            assertEquals(Shape.of(2, 2), fresh.get("lstm/h").shape());
            assertArrayEquals(new float[2], fresh.get("states/begun").toFloats());
            float[] first = stepped(stream, 0, 3);
            SequencedMap<String, Tensor> kept = stream.states();
            assertArrayEquals(new float[] {1, 1}, kept.get("states/begun").toFloats());
            float[] expected = stepped(stream, 1, 4);
            // The output is the last state.
            assertArrayEquals(
                    Arrays.copyOfRange(expected, 9, 12),
                    Arrays.copyOf(stream.states().get("rnn/h").toFloats(), 3));
            stream.states(kept);
            assertArrayEquals(expected, stepped(stream, 1, 4));
            other.states(kept);
            assertArrayEquals(expected, stepped(other, 1, 4));
            stream.states(fresh);
            assertArrayEquals(first, stepped(stream, 0, 3));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void oneStreamBeginsAnewAndTheOthersGoOn(Choice kernels) {
        try (InferenceSession session = stack(kernels);
                StreamingSession stream = session.stream(3);
                StreamingSession going = session.stream(3);
                StreamingSession fresh = session.stream(3)) {
            stepped(stream, 0, 2);
            stepped(going, 0, 2);
            stream.reset(1);
            float[] goingOn = stepped(going, 1, 2);
            float[] begun = stepped(fresh, 1, 2);
            float[] actual = stepped(stream, 1, 2);
            assertArrayEquals(Arrays.copyOfRange(begun, 6, 12), Arrays.copyOfRange(actual, 6, 12));
            System.arraycopy(goingOn, 6, begun, 6, 6);
            System.arraycopy(actual, 6, goingOn, 6, 6);
            assertArrayEquals(goingOn, actual);
            assertFalse(Arrays.equals(begun, actual));
        }
    }

    /// Three streams go on by chunks of their own, some of no steps: each is, bit for bit, what it is alone.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void streamsMayGoOnByChunksOfTheirOwn(Choice kernels) {
        int[][] chunks = {{2, 0, 3}, {0, 1, 3}, {3, 3, 3}, {1, 3, 0}, {0, 0, 0}, {3, 2, 1}};
        Tensor x = Runs.features(Seeds.generator(8, "x", 5), 3, 18, 3);
        try (InferenceSession session = stack(kernels);
                StreamingSession streams = session.stream(3);
                StreamingSession byName = session.stream(3)) {
            int[] at = new int[3];
            float[][] got = new float[3][18 * 3];
            for (int[] chunk : chunks) {
                Tensor part = Tensor.zeros(DataType.FLOAT32, 3, 3, 3);
                for (int row = 0; row < 3; row++) {
                    for (int i = 0; i < 9; i++) {
                        // Behind a chunk lies what must not matter.
                        part.set(row * 9 + i, i < 3 * chunk[row] ? x.get((row * 18 + at[row]) * 3L + i) : Double.NaN);
                    }
                }
                Tensor y = Tensor.zeros(DataType.FLOAT32, 3, 3, 3);
                boolean whole = Arrays.equals(chunk, new int[] {3, 3, 3});
                if (whole) {
                    streams.step(part, y);
                } else {
                    streams.step(part, Tensor.of(chunk, 3), y);
                }
                Tensor named = Tensor.zeros(DataType.FLOAT32, 3, 3, 3);
                byName.request().input("x", part).lengths("x", Tensor.of(chunk, 3)).output("y", named).run();
                for (int row = 0; row < 3; row++) {
                    float[] steps = Arrays.copyOfRange(y.toFloats(), row * 9, row * 9 + 3 * chunk[row]);
                    assertArrayEquals(
                            steps, Arrays.copyOfRange(named.toFloats(), row * 9, row * 9 + 3 * chunk[row]));
                    System.arraycopy(steps, 0, got[row], at[row] * 3, steps.length);
                    at[row] += chunk[row];
                }
            }
            for (int row = 0; row < 3; row++) {
                Tensor alone = Tensor.zeros(DataType.FLOAT32, 1, at[row], 3);
                for (int i = 0; i < at[row] * 3; i++) {
                    alone.set(i, x.get(row * 54L + i));
                }
                Tensor expected = Tensor.zeros(DataType.FLOAT32, 1, at[row], 3);
                session.run(alone, expected);
                assertArrayEquals(expected.toFloats(), Arrays.copyOf(got[row], at[row] * 3));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void wrongLengthsAreRefusedAndChangeNothing(Choice kernels) {
        try (InferenceSession session = stack(kernels);
                StreamingSession stream = session.stream(2)) {
            stepped(stream, 0, 3);
            SequencedMap<String, Tensor> kept = stream.states();
            Tensor x = Tensor.zeros(DataType.FLOAT32, 2, 4, 3);
            Tensor y = Tensor.zeros(DataType.FLOAT32, 2, 4, 3);
            refused("lengths: expected INT32 [B] = [2], got INT32 [3]",
                    () -> stream.step(x, Tensor.of(new int[3], 3), y));
            for (int wrong : new int[] {-1, 5}) {
                String message = assertThrows(
                                IllegalArgumentException.class,
                                () -> stream.step(x, Tensor.of(new int[] {4, wrong}, 2), y))
                        .getMessage();
                assertTrue(
                        String.valueOf(message).contains("lengths[1]: expected 0 to 4, got " + wrong), message);
            }
            refused("x: expected B = 2, got [3,4,3]", () -> stream.step(
                    Tensor.zeros(DataType.FLOAT32, 3, 4, 3), Tensor.of(new int[2], 2), y));
            kept.forEach((name, state) -> assertArrayEquals(state.toFloats(), stream.states().get(name).toFloats()));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void wrongStatesAreRefused(Choice kernels) {
        InferenceSession session = stack(kernels);
        StreamingSession stream = session.stream(2);
        stepped(stream, 0, 3);
        SequencedMap<String, Tensor> kept = stream.states();
        SequencedMap<String, Tensor> wrong = new LinkedHashMap<>(kept);
        wrong.put("gru/h", Tensor.zeros(DataType.FLOAT32, 3, 4));
        refused("gru/h: expected FLOAT32 [2,4], got FLOAT32 [3,4]", () -> stream.states(wrong));
        wrong.put("gru/h", Tensor.zeros(DataType.INT32, 2, 4));
        refused("gru/h: expected FLOAT32 [2,4], got INT32 [2,4]", () -> stream.states(wrong));
        wrong.remove("gru/h");
        refused("states: expected " + kept.keySet() + ", got [lstm/c, lstm/h, rnn/h, states/begun]",
                () -> stream.states(wrong));
        wrong.putAll(kept);
        wrong.put("more", Tensor.zeros(DataType.FLOAT32, 1));
        assertThrows(IllegalArgumentException.class, () -> stream.states(wrong));
        refused("stream: expected 0 to 1, got 2", () -> stream.reset(2));
        refused("stream: expected 0 to 1, got -1", () -> stream.reset(-1));
        kept.forEach((name, state) -> assertArrayEquals(state.toFloats(), stream.states().get(name).toFloats()));
        session.close();
        assertThrows(IllegalStateException.class, stream::states);
        assertThrows(IllegalStateException.class, () -> stream.states(kept));
        assertThrows(IllegalStateException.class, () -> stream.reset(0));
        stream.close();
        assertThrows(IllegalStateException.class, stream::states);
    }

    private static void refused(String message, Executable executable) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, executable).getMessage());
    }

    /// Two threads step one stream: one of them is told, and nothing is mixed up.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void aSecondThreadIsRefused(Choice kernels) throws Exception {
        try (InferenceSession session = session(kernels);
                StreamingSession stream = session.stream(1);
                ExecutorService threads = Executors.newFixedThreadPool(2)) {
            int[] ids = Runs.ids(Seeds.generator(8, "long", 0), VOCABULARY, 300).toInts();
            float[] expected = whole(session, ids);
            AtomicInteger refusals = new AtomicInteger();
            Callable<Integer> caller = () -> {
                int steps = 0;
                for (int i = 0; i < 1_000_000 && refusals.get() == 0; i++) {
                    try {
                        stream.step(ids, new float[expected.length]);
                        steps++;
                    } catch (IllegalStateException e) {
                        refusals.incrementAndGet();
                        assertEquals("StreamingSession is in use by another thread", e.getMessage());
                    }
                }
                return steps;
            };
            List<Future<Integer>> callers = List.of(threads.submit(caller), threads.submit(caller));
            for (Future<Integer> each : callers) {
                each.get(60, TimeUnit.SECONDS);
            }
            assertTrue(refusals.get() > 0);
            stream.reset();
            float[] y = new float[expected.length];
            stream.step(ids, y);
            assertArrayEquals(expected, y);
        }
    }

    /// The stream, then the session, is closed while a stream takes steps: each is right or says what is closed.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void closingWaitsForAStep(Choice kernels) throws Exception {
        for (int trial = 0; trial < 10; trial++) {
            for (String owner : List.of("StreamingSession", "InferenceSession")) {
                InferenceSession session = session(kernels);
                StreamingSession stream = session.stream(1);
                int[] ids = ids(0);
                float[] expected = whole(session, ids);
                CountDownLatch running = new CountDownLatch(1);
                try (ExecutorService thread = Executors.newSingleThreadExecutor()) {
                    Future<String> end = thread.submit(() -> {
                        while (true) {
                            try {
                                stream.reset();
                                float[] y = new float[expected.length];
                                stream.step(ids, y);
                                assertArrayEquals(expected, y);
                            } catch (IllegalStateException e) {
                                return e.getMessage();
                            }
                            running.countDown();
                        }
                    });
                    assertTrue(running.await(60, TimeUnit.SECONDS));
                    if (owner.equals("StreamingSession")) {
                        stream.close();
                    }
                    session.close();
                    assertEquals(owner + " is closed", end.get(60, TimeUnit.SECONDS));
                }
                stream.close();
            }
        }
    }
}
