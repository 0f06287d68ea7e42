package dev.rondo.decoding;

import static dev.rondo.decoding.SamplerTest.refused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;

class CtcDecoderTest {
    /// Adds to the score of labels, by all that went before.
    private static final PrefixScorer SCORER = new PrefixScorer() {
        @Override
        public double score(int[] prefix, int label) {
            return Math.sin(Arrays.hashCode(prefix) + 3 * label);
        }

        @Override
        public double end(int[] labels) {
            return 0.1 * labels.length;
        }
    };

    private static float[] random(long seed, int count) {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        float[] logits = new float[count];
        for (int i = 0; i < count; i++) {
            logits[i] = (float) random.nextGaussian(0, 1.5);
        }
        return logits;
    }

    /// The probability of all labels, by a sum over all paths.
    private static Map<List<Integer>, Double> byAllPaths(float[] logits, int classes, int blank) {
        int steps = logits.length / classes;
        Map<List<Integer>, Double> sums = new HashMap<>();
        int[] path = new int[steps];
        int t;
        do {
            double probability = 1;
            List<Integer> labels = new ArrayList<>();
            for (t = 0; t < steps; t++) {
                double sum = 0;
                for (int j = 0; j < classes; j++) {
                    sum += Math.exp(logits[t * classes + j]);
                }
                probability *= Math.exp(logits[t * classes + path[t]]) / sum;
                if (path[t] != blank && (t == 0 || path[t] != path[t - 1])) {
                    labels.add(path[t]);
                }
            }
            sums.merge(labels, probability, Double::sum);
            t = 0;
            while (t < steps && ++path[t] == classes) {
                path[t++] = 0;
            }
        } while (t < steps);
        return sums;
    }

    private static double added(List<Integer> labels) {
        int[] all = labels.stream().mapToInt(Integer::intValue).toArray();
        double added = SCORER.end(all);
        for (int i = 0; i < all.length; i++) {
            added += SCORER.score(Arrays.copyOf(all, i), all[i]);
        }
        return added;
    }

    @Test
    void aWideBeamSumsOverAllPaths() {
        for (int seed = 1; seed <= 40; seed++) {
            int classes = 1 + seed % 4;
            int blank = seed % classes;
            float[] logits = random(seed, classes * (1 + seed % 6));
            Map<List<Integer>, Double> expected = byAllPaths(logits, classes, blank);
            List<CtcHypothesis> actual = CtcDecoder.beam(100_000).blank(blank).decode(logits, classes);
            assertEquals(expected.size(), actual.size(), "labels");
            for (CtcHypothesis hypothesis : actual) {
                List<Integer> labels = Arrays.stream(hypothesis.labels()).boxed().toList();
                assertEquals(Math.log(expected.get(labels)), hypothesis.logProbability(), 1e-9, "seed " + seed);
                assertEquals(hypothesis.logProbability(), hypothesis.score());
            }
            assertTrue(isSorted(actual));
            // A scorer changes the order, not the probabilities.
            List<CtcHypothesis> scored = CtcDecoder.beam(100_000).blank(blank).scorer(SCORER).decode(logits, classes);
            assertEquals(expected.size(), scored.size());
            for (CtcHypothesis hypothesis : scored) {
                List<Integer> labels = Arrays.stream(hypothesis.labels()).boxed().toList();
                assertEquals(Math.log(expected.get(labels)), hypothesis.logProbability(), 1e-9);
                assertEquals(hypothesis.logProbability() + added(labels), hypothesis.score(), 1e-9);
            }
            assertTrue(isSorted(scored));
        }
    }

    private static boolean isSorted(List<CtcHypothesis> hypotheses) {
        List<CtcHypothesis> sorted = new ArrayList<>(hypotheses);
        sorted.sort(Comparator.comparingDouble(CtcHypothesis::score).reversed());
        return sorted.equals(hypotheses);
    }

    /// A narrow beam mostly finds the best labels, where the best path alone often misses them.
    @Test
    void aNarrowBeamIsBetterThanTheBestPath() {
        int byBeam = 0;
        int byPath = 0;
        for (int seed = 1; seed <= 100; seed++) {
            float[] logits = random(seed, 3 * 7);
            List<Integer> best = byAllPaths(logits, 3, 0).entrySet().stream()
                    .max(Map.Entry.comparingByValue()).orElseThrow().getKey();
            byBeam += is(best, CtcDecoder.beam(4).decode(logits, 3)) ? 1 : 0;
            byPath += is(best, CtcDecoder.greedy().decode(logits, 3)) ? 1 : 0;
        }
        assertTrue(byBeam >= 85 && byPath <= 70, "of 100, beam %d, path %d".formatted(byBeam, byPath));
    }

    private static boolean is(List<Integer> labels, List<CtcHypothesis> hypotheses) {
        return labels.equals(Arrays.stream(hypotheses.getFirst().labels()).boxed().toList());
    }

    /// The best path is all blanks, 0.6 * 0.6; `a` has 0.64 over three paths.
    @Test
    void theBestPathIsNotTheBestLabels() {
        float[] logits = {log(0.6), log(0.4), log(0.6), log(0.4)};
        CtcHypothesis path = CtcDecoder.greedy().decode(logits, 2).getFirst();
        assertArrayEquals(new int[0], path.labels());
        assertEquals(Math.log(0.36), path.logProbability(), 1e-6);
        CtcHypothesis beam = CtcDecoder.beam(2).decode(logits, 2).getFirst();
        assertArrayEquals(new int[] {1}, beam.labels());
        assertEquals(Math.log(0.64), beam.logProbability(), 1e-6);
    }

    private static float log(double x) {
        return (float) Math.log(x);
    }

    @Test
    void greedyLeavesOutRepeatsAndBlanks() {
        int[] path = {1, 1, 0, 1, 2, 2, 0, 0, 2};
        float[] logits = new float[path.length * 3];
        for (int t = 0; t < path.length; t++) {
            logits[t * 3 + path[t]] = 4;
        }
        assertArrayEquals(new int[] {1, 1, 2, 2}, CtcDecoder.greedy().decode(logits, 3).getFirst().labels());
        assertArrayEquals(new int[] {1, 1, 2, 2}, CtcDecoder.beam(8).decode(logits, 3).getFirst().labels());
        assertArrayEquals(new int[] {1, 0, 1, 0}, CtcDecoder.greedy().blank(2).decode(logits, 3).getFirst().labels());
        assertArrayEquals(new int[0], CtcDecoder.greedy().decode(new float[0], 3).getFirst().labels());
        assertEquals(0, CtcDecoder.beam(3).decode(new float[0], 3).getFirst().logProbability());
    }

    @Test
    void theScorerForbids() {
        float[] logits = random(1, 3 * 5);
        List<CtcHypothesis> without = CtcDecoder.beam(100)
                .scorer((prefix, label) -> label == 2 ? Double.NEGATIVE_INFINITY : 0).decode(logits, 3);
        for (CtcHypothesis hypothesis : without) {
            assertTrue(Arrays.stream(hypothesis.labels()).noneMatch(label -> label == 2));
        }
    }

    @Test
    void readsBatchesByLengths() {
        float[] logits = random(9, 2 * 5 * 4);
        Tensor batch = Tensor.of(logits, 2, 5, 4);
        CtcDecoder decoder = CtcDecoder.beam(5);
        List<CtcHypothesis> ragged = decoder.decode(batch, 5, 3);
        assertArrayEquals(
                decoder.decode(Arrays.copyOfRange(logits, 0, 20), 4).getFirst().labels(), ragged.get(0).labels());
        assertArrayEquals(
                decoder.decode(Arrays.copyOfRange(logits, 20, 32), 4).getFirst().labels(), ragged.get(1).labels());
        assertArrayEquals(
                decoder.decode(Arrays.copyOfRange(logits, 20, 40), 4).getFirst().labels(),
                decoder.decode(batch).get(1).labels());
        refused("lengths: expected one for each of 2 sequences, got 1", () -> decoder.decode(batch, 5));
        refused("lengths[1]: expected 0 to 5, got 6", () -> decoder.decode(batch, 5, 6));
        refused("logits: expected FLOAT32 [B,T,n], got FLOAT32 [40]", () -> decoder.decode(Tensor.of(logits, 40)));
    }

    @Test
    void wrongLogitsAndSettingsAreNamed() {
        for (CtcDecoder decoder : List.of(CtcDecoder.greedy().blank(2), CtcDecoder.beam(3).blank(2))) {
            refused("classes: expected more than the blank 2, got 2", () -> decoder.decode(new float[4], 2));
            refused("logits: expected rows of 3 classes, got [4]", () -> decoder.decode(new float[4], 3));
            refused("logits[4]: expected a number below infinity, got NaN",
                    () -> decoder.decode(new float[] {0, 0, 0, 0, Float.NaN, 0}, 3));
        }
        refused("blank: expected at least 0, got -1", () -> CtcDecoder.greedy().blank(-1));
        refused("blank: expected at least 0, got -1", () -> CtcDecoder.beam(2).blank(-1));
        refused("width: expected at least 1, got 0", () -> CtcDecoder.beam(0));
        refused("scorer: expected scores below infinity, got NaN",
                () -> CtcDecoder.beam(2).scorer((prefix, label) -> Double.NaN).decode(new float[6], 3));
    }
}
