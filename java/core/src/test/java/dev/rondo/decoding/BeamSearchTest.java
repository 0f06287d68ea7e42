package dev.rondo.decoding;

import static dev.rondo.decoding.SamplerTest.refused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;

class BeamSearchTest {
    private static final BeamSearch.Ids IDS = new BeamSearch.Ids(4, 0, 3);

    /// A model whose logits depend on all ids so far, which is its state: they come from a generator that these seed.
    private static final class Model implements BeamStep {
        private final long seed;
        private long[] states = new long[0];

        Model(long seed) {
            this.seed = seed;
        }

        static float[] logits(long state) {
            RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(state);
            float[] logits = new float[IDS.vocabulary()];
            for (int i = 0; i < logits.length; i++) {
                logits[i] = (float) random.nextGaussian(0, 2);
            }
            return logits;
        }

        static long next(long state, int id) {
            return state * 31 + id + 7;
        }

        @Override
        public void next(int[] parents, int[] ids, float[] logits) {
            if (states.length == 0) {
                states = new long[ids.length];
                Arrays.fill(states, seed);
            }
            long[] before = states.clone();
            for (int row = 0; row < ids.length; row++) {
                states[row] = next(before[parents[row]], ids[row]);
                System.arraycopy(logits(states[row]), 0, logits, row * IDS.vocabulary(), IDS.vocabulary());
            }
        }
    }

    /// Every sequence there is, the best first.
    private static List<Hypothesis> all(long seed, int maxLength, double penalty) {
        List<Hypothesis> all = new ArrayList<>();
        extend(all, Model.next(seed, IDS.start()), new int[0], 0, maxLength, penalty);
        all.sort(Comparator.comparingDouble(Hypothesis::score).reversed());
        return all;
    }

    private static void extend(
            List<Hypothesis> all, long state, int[] ids, double logProbability, int maxLength, double penalty) {
        float[] logits = Model.logits(state);
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit);
        }
        for (int id = 0; id < logits.length; id++) {
            double log = logProbability + logits[id] - Math.log(sum);
            int length = ids.length + 1;
            double score = log / Math.pow((5 + length) / 6.0, penalty);
            if (id == IDS.end()) {
                all.add(new Hypothesis(ids, log, score, true));
                continue;
            }
            int[] longer = Arrays.copyOf(ids, length);
            longer[length - 1] = id;
            if (length == maxLength) {
                all.add(new Hypothesis(longer, log, score, false));
            } else {
                extend(all, Model.next(state, id), longer, log, maxLength, penalty);
            }
        }
    }

    /// A beam that holds all open sequences of up to five ids, 3^5, loses none.
    @Test
    void aWideBeamFindsTheBestOfAll() {
        for (long seed = 1; seed <= 30; seed++) {
            for (double penalty : new double[] {0, 0.6, 1, 3}) {
                List<Hypothesis> expected = all(seed, 5, penalty);
                List<Hypothesis> actual = BeamSearch.width(243).maxLength(5).lengthPenalty(penalty).results(20)
                        .search(new Model(seed), IDS);
                assertEquals(20, actual.size());
                for (int i = 0; i < 20; i++) {
                    String name = "seed " + seed + " penalty " + penalty + " result " + i;
                    assertArrayEquals(expected.get(i).ids(), actual.get(i).ids(), name);
                    assertEquals(expected.get(i).logProbability(), actual.get(i).logProbability(), 1e-9, name);
                    assertEquals(expected.get(i).score(), actual.get(i).score(), 1e-9, name);
                    assertEquals(expected.get(i).ended(), actual.get(i).ended(), name);
                }
            }
        }
    }

    /// What a narrow beam gives is scored as it should be, and not better than the best. A wider one is better here and
    /// there, and the longer sequences of a penalty come to light.
    @Test
    void aNarrowBeamGivesTrueScores() {
        int best = 0;
        int longer = 0;
        for (long seed = 1; seed <= 60; seed++) {
            List<Hypothesis> all = all(seed, 6, 0.8);
            for (int width : new int[] {1, 2, 3}) {
                Hypothesis found = BeamSearch.width(width).maxLength(6).lengthPenalty(0.8)
                        .search(new Model(seed), IDS).getFirst();
                Hypothesis same = all.stream()
                        .filter(h -> Arrays.equals(h.ids(), found.ids()) && h.ended() == found.ended())
                        .findFirst()
                        .orElseThrow();
                assertEquals(same.score(), found.score(), 1e-9);
                best += found.score() > all.getFirst().score() - 1e-9 ? 1 : 0;
                Hypothesis without = BeamSearch.width(width).maxLength(6).search(new Model(seed), IDS).getFirst();
                longer += found.ids().length > without.ids().length ? 1 : 0;
            }
        }
        assertTrue(best > 90 && best < 180, "best of all: " + best + " of 180");
        assertTrue(longer > 0, "longer with a penalty");
    }

    @Test
    void aBeamOfOneIsGreedy() {
        for (long seed = 1; seed <= 20; seed++) {
            List<Integer> greedy = new ArrayList<>();
            long state = Model.next(seed, IDS.start());
            Sampler sampler = Sampling.greedy().sampler(0);
            for (int id = sampler.draw(Model.logits(state)); id != IDS.end() && greedy.size() < 8; ) {
                greedy.add(id);
                state = Model.next(state, id);
                id = sampler.draw(Model.logits(state));
            }
            Hypothesis found = new BeamSearch(1, 8, 0, 1).search(new Model(seed), IDS).getFirst();
            // An end on the way may be the better sequence; what is open is greedy.
            int[] expected = greedy.stream().mapToInt(Integer::intValue).toArray();
            assertTrue(expected.length >= found.ids().length);
            assertArrayEquals(Arrays.copyOf(expected, found.ids().length), found.ids());
        }
    }

    @Test
    void isOverWhenNothingBetterCanCome() {
        int[] steps = {0};
        BeamStep ends = (parents, ids, logits) -> {
            Arrays.fill(logits, -20);
            for (int row = 0; row < ids.length; row++) {
                logits[row * 4 + IDS.end()] = 0;
            }
            steps[0]++;
        };
        Hypothesis found = BeamSearch.width(3).maxLength(1000).lengthPenalty(1).search(ends, IDS).getFirst();
        assertEquals(0, found.ids().length);
        assertTrue(found.ended());
        assertEquals(1, steps[0]);
    }

    @Test
    void keepsWhatIsOpenAtTheMostIds() {
        BeamStep goesOn = (parents, ids, logits) -> {
            Arrays.fill(logits, Float.NEGATIVE_INFINITY);
            for (int row = 0; row < ids.length; row++) {
                logits[row * 4 + 2] = 1;
            }
        };
        List<Hypothesis> found = BeamSearch.width(3).maxLength(4).results(3).search(goesOn, IDS);
        assertEquals(1, found.size());
        assertArrayEquals(new int[] {2, 2, 2, 2}, found.getFirst().ids());
        assertFalse(found.getFirst().ended());
        assertEquals(0, found.getFirst().logProbability());
    }

    /// Rows that stand for nothing go along with a state that is there.
    @Test
    void allRowsHaveParents() {
        BeamStep step = (parents, ids, logits) -> {
            assertEquals(6, parents.length);
            for (int row = 0; row < 6; row++) {
                assertTrue(parents[row] >= 0 && parents[row] < 6 && ids[row] >= 0 && ids[row] < 4);
                for (int id = 0; id < 4; id++) {
                    logits[row * 4 + id] = row + id;
                }
            }
        };
        assertEquals(2, BeamSearch.width(6).maxLength(7).results(2).search(step, IDS).size());
    }

    @Test
    void takesTheSmallerOfEquals() {
        BeamStep even = (parents, ids, logits) -> Arrays.fill(logits, 0);
        List<Hypothesis> found = BeamSearch.width(2).maxLength(2).results(2).search(even, IDS);
        // All four ids are alike; of the second step's, two are taken, and none ended before them.
        assertArrayEquals(new int[] {0, 0}, found.get(0).ids());
        assertArrayEquals(new int[] {0, 1}, found.get(1).ids());
    }

    @Test
    void wrongSettingsAndLogitsAreNamed() {
        refused("beam search: expected width and maxLength of at least 1, got 0, 100", () -> BeamSearch.width(0));
        refused("beam search: expected width and maxLength of at least 1, got 2, 0",
                () -> BeamSearch.width(2).maxLength(0));
        refused("lengthPenalty: expected a number of at least 0, got -1.0",
                () -> BeamSearch.width(2).lengthPenalty(-1));
        refused("results: expected 1 to the width 2, got 3", () -> BeamSearch.width(2).results(3));
        refused("ids: expected start and end in 0..3, got 0, 4", () -> new BeamSearch.Ids(4, 0, 4));
        refused("ids: expected start and end in 0..3, got -1, 2", () -> new BeamSearch.Ids(4, -1, 2));
        refused("logits[0]: expected a number below infinity, got NaN", () -> BeamSearch.width(2)
                .search((parents, ids, logits) -> Arrays.fill(logits, Float.NaN), IDS));
        refused("logits[0..3]: expected one above minus infinity, got none", () -> BeamSearch.width(2)
                .search((parents, ids, logits) -> Arrays.fill(logits, Float.NEGATIVE_INFINITY), IDS));
    }
}
