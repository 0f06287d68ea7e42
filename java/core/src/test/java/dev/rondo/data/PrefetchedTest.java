package dev.rondo.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Sequential;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Embedding;
import dev.rondo.layers.Gru;
import dev.rondo.layers.Input;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Adam;
import dev.rondo.training.Fit;
import dev.rondo.training.Training;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Batches that are read ahead, and batches of like lengths.
class PrefetchedTest {
    private static final int N = 103;
    private static final int TIME = 11;

    private static int[] lengths() {
        return new Random(3).ints(N, 1, TIME + 1).toArray();
    }

    private static Examples examples() {
        int[] x = new int[N * TIME];
        Arrays.setAll(x, i -> i * 31 % 13);
        return Dataset.of(Tensor.of(x, N, TIME), Tensor.of(IntStream.range(0, N).map(i -> i % 5).toArray(), N))
                .lengths(lengths());
    }

    private static List<String> batches(Dataset data, int epochs, int first) {
        List<String> seen = new ArrayList<>();
        Batch batch = ExamplesTest.batch(16 * TIME);
        try (Dataset.Reader reader = data.open(new Dataset.Request(ExamplesTest.IDS_TO_CLASS, 16, Order.SHUFFLED, 9))) {
            for (int epoch = 1; epoch <= epochs; epoch++) {
                reader.begin(epoch);
                for (int i = first; i < reader.batches(); i++) {
                    reader.read(i, batch);
                    int size = batch.size();
                    seen.add(batch.timeSteps() + Arrays.toString(ExamplesTest.ints(batch.x(), size * batch.timeSteps()))
                            + Arrays.toString(ExamplesTest.ints(batch.y(), size))
                            + Arrays.toString(ExamplesTest.ints(batch.lengths(), size)));
                }
            }
        }
        return seen;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 50})
    void batchesAreThoseOfTheDataSet(int ahead) {
        assertEquals(batches(examples(), 3, 0), batches(examples().prefetched(ahead), 3, 0));
        assertEquals(batches(examples(), 2, 4), batches(examples().prefetched(ahead), 2, 4));
    }

    @Test
    void anyBatchMayBeAskedFor() {
        Batch expected = ExamplesTest.batch(16 * TIME);
        Batch actual = ExamplesTest.batch(16 * TIME);
        Dataset.Request request = new Dataset.Request(ExamplesTest.IDS_TO_CLASS, 16, Order.SHUFFLED, 9);
        try (Dataset.Reader plain = examples().open(request);
                Dataset.Reader ahead = examples().prefetched(3).open(request)) {
            for (int index : new Random(2).ints(200, 0, plain.batches()).toArray()) {
                plain.read(index, expected);
                ahead.read(index, actual);
                int count = expected.size() * expected.timeSteps();
                assertArrayEquals(ExamplesTest.ints(expected.x(), count), ExamplesTest.ints(actual.x(), count));
            }
            assertThrows(IllegalArgumentException.class, () -> ahead.read(plain.batches(), actual));
            assertThrows(IllegalArgumentException.class, () -> ahead.read(-1, actual));
        }
    }

    @Test
    void aModelLearnsTheSame() {
        float[] plain = learned(examples().bucketed(2));
        Prefetched prefetched = examples().bucketed(2).prefetched(2);
        assertArrayEquals(plain, learned(prefetched));
        Prefetched.Waits waits = prefetched.waits();
        assertEquals(2 * 7, waits.batches());
        assertTrue(waits.idleShare() >= 0 && waits.idleShare() < 1 && waits.working() > 0, waits.toString());
    }

    private static float[] learned(Dataset data) {
        try (Sequential model = Sequential.builder()
                .add(Input.ids(Shape.TIME)).add(Embedding.of(13, 4)).add(Gru.units(5)).add(Dense.units(5)).build()) {
            model.compile(Training.optimizer(Adam.rate(1e-2)));
            model.fit(data, Fit.epochs(2).batchSize(16));
            return model.parameters().get("embedding/weight").toFloats();
        }
    }

    /// Reads that take their time, or fail.
    private record Slow(Dataset source, int milliseconds, int failing, AtomicBoolean closed) implements Dataset {
        static final IllegalStateException FAILURE = new IllegalStateException("disk on fire");

        @Override
        public Reader open(Request request) {
            Reader reader = source.open(request);
            return new Reader() {
                @Override
                public int batches() {
                    return reader.batches();
                }

                @Override
                public int largestBatch() {
                    return reader.largestBatch();
                }

                @Override
                public int largestTime() {
                    return reader.largestTime();
                }

                @Override
                public Continuity continuity() {
                    return reader.continuity();
                }

                @Override
                public Lengths lengths() {
                    return reader.lengths();
                }

                @Override
                public void begin(int epoch) {
                    reader.begin(epoch);
                }

                @Override
                public void read(int index, Batch batch) {
                    if (index == failing) {
                        throw FAILURE;
                    }
                    sleep(milliseconds);
                    reader.read(index, batch);
                }

                @Override
                public void close() {
                    assertFalse(closed.getAndSet(true), "closed once");
                }
            };
        }
    }

    private static void sleep(int milliseconds) {
        try {
            Thread.sleep(milliseconds);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void anErrorComesWithItsBatchAndTheThreadEnds() {
        AtomicBoolean closed = new AtomicBoolean();
        Dataset data = new Slow(examples(), 0, 2, closed).prefetched(4);
        Batch batch = ExamplesTest.batch(16 * TIME);
        Dataset.Reader reader = data.open(new Dataset.Request(ExamplesTest.IDS_TO_CLASS, 16, Order.SHUFFLED, 9));
        reader.read(0, batch);
        reader.read(1, batch);
        assertSame(Slow.FAILURE, assertThrows(IllegalStateException.class, () -> reader.read(2, batch)));
        assertSame(Slow.FAILURE, assertThrows(IllegalStateException.class, () -> reader.read(2, batch)));
        reader.read(3, batch);
        reader.close();
        reader.close();
        assertTrue(closed.get());
        assertThrows(IllegalStateException.class, () -> reader.read(3, batch));
        sleep(50);
        assertTrue(Thread.getAllStackTraces().keySet().stream().noneMatch(thread -> thread.getName().equals("rondo-prefetch")));
    }

    /// Reading takes 20 ms, working none, so nearly all of the time is waiting; and the other way round nearly none. Bounds
    /// are wide, since other things run on the machine.
    @Test
    void theIdleShareTellsWhoWaits() {
        Prefetched slow = new Slow(examples(), 20, -1, new AtomicBoolean()).prefetched(2);
        batches(slow, 1, 0);
        assertTrue(slow.waits().idleShare() > 0.6, slow.waits().toString());
        Prefetched fast = new Slow(examples(), 5, -1, new AtomicBoolean()).prefetched(2);
        Batch batch = ExamplesTest.batch(16 * TIME);
        try (Dataset.Reader reader = fast.open(new Dataset.Request(ExamplesTest.IDS_TO_CLASS, 16, Order.SHUFFLED, 9))) {
            for (int i = 0; i < reader.batches(); i++) {
                reader.read(i, batch);
                sleep(40);
            }
        }
        assertTrue(fast.waits().idleShare() < 0.4, fast.waits().toString());
    }

    @Test
    void bucketsHoldLikeLengthsAndEveryExampleOnce() {
        int plain = steps(false);
        int bucketed = steps(true);
        int real = Arrays.stream(lengths()).sum();
        // One pool over all: a batch spans about 11 / 7 lengths, so under one step of padding a sequence.
        assertTrue(bucketed - real < N && plain - real > 3 * N, real + " " + bucketed + " " + plain);
        List<String> once = batches(examples().bucketed(2), 2, 0);
        assertEquals(once, batches(examples().bucketed(2), 2, 0));
        assertNotEquals(once.subList(0, 7), once.subList(7, 14));
    }

    /// Of all batches together; each example must come once.
    private static int steps(boolean bucketed) {
        Examples numbered = Dataset.of(examples().x(), Tensor.of(IntStream.range(0, N).toArray(), N)).lengths(lengths());
        Batch batch = ExamplesTest.batch(16 * TIME);
        List<Integer> seen = new ArrayList<>();
        int steps = 0;
        Dataset.Request request = new Dataset.Request(ExamplesTest.IDS_TO_CLASS, 16, Order.SHUFFLED, 9);
        try (Dataset.Reader reader = (bucketed ? numbered.bucketed(7) : numbered).open(request)) {
            for (int i = 0; i < reader.batches(); i++) {
                reader.read(i, batch);
                steps += batch.size() * batch.timeSteps();
                Arrays.stream(ExamplesTest.ints(batch.y(), batch.size())).forEach(seen::add);
            }
        }
        assertEquals(IntStream.range(0, N).boxed().toList(), seen.stream().sorted().toList());
        return steps;
    }

    @Test
    void whatHasNoLengthsIsNotBucketed() {
        Examples full = Dataset.of(Tensor.of(new int[4], 2, 2), Tensor.of(new int[2], 2));
        assertThrows(IllegalStateException.class, () -> full.bucketed(1));
        assertThrows(IllegalArgumentException.class, () -> examples().bucketed(0));
        assertThrows(IllegalArgumentException.class, () -> examples().prefetched(0));
    }
}
