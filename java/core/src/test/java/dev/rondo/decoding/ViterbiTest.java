package dev.rondo.decoding;

import static dev.rondo.decoding.SamplerTest.refused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.rondo.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;

class ViterbiTest {
    private static float[] random(RandomGenerator random, int count) {
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = (float) random.nextGaussian();
        }
        return numbers;
    }

    @Test
    void isTheBestOfAllTags() {
        for (int seed = 1; seed <= 60; seed++) {
            RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
            int k = 1 + seed % 4;
            int steps = 1 + seed % 6;
            float[] transitions = random(random, k * k);
            float[] start = random(random, k);
            float[] end = random(random, k);
            float[] emissions = random(random, steps * k);
            if (seed % 3 == 0) {
                transitions[0] = Float.NEGATIVE_INFINITY;
            }
            double best = Double.NEGATIVE_INFINITY;
            int[] bestTags = new int[steps];
            int[] tags = new int[steps];
            int t;
            do {
                double score = (double) start[tags[0]] + end[tags[steps - 1]];
                for (t = 0; t < steps; t++) {
                    score += emissions[t * k + tags[t]];
                    score += t > 0 ? transitions[tags[t - 1] * k + tags[t]] : 0;
                }
                if (score > best) {
                    best = score;
                    bestTags = tags.clone();
                }
                t = 0;
                while (t < steps && ++tags[t] == k) {
                    tags[t++] = 0;
                }
            } while (t < steps);
            Viterbi viterbi = Viterbi.of(Tensor.of(transitions, k, k), Tensor.of(start, k), Tensor.of(end, k));
            Viterbi.Path path = viterbi.decode(emissions);
            if (best == Double.NEGATIVE_INFINITY) {
                assertEquals(best, path.score());
                continue;
            }
            assertArrayEquals(bestTags, path.tags(), "seed " + seed);
            assertEquals(best, path.score(), 1e-9, "seed " + seed);
        }
    }

    @Test
    void readsBatchesByLengths() {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(1);
        Viterbi viterbi = Viterbi.of(
                Tensor.of(random(random, 9), 3, 3), Tensor.of(random(random, 3), 3), Tensor.of(random(random, 3), 3));
        float[] emissions = random(random, 2 * 4 * 3);
        Tensor batch = Tensor.of(emissions, 2, 4, 3);
        List<Viterbi.Path> ragged = viterbi.decode(batch, 0, 3);
        assertEquals(0, ragged.get(0).tags().length);
        assertEquals(0, ragged.get(0).score());
        assertArrayEquals(
                viterbi.decode(Arrays.copyOfRange(emissions, 12, 21)).tags(), ragged.get(1).tags());
        assertArrayEquals(
                viterbi.decode(Arrays.copyOfRange(emissions, 0, 12)).tags(), viterbi.decode(batch).get(0).tags());
        refused("lengths[0]: expected 0 to 4, got 5", () -> viterbi.decode(batch, 5, 3));
        refused("emissions: expected [B,T,3], got [2,3,4]", () -> viterbi.decode(Tensor.of(emissions, 2, 3, 4)));
    }

    @Test
    void wrongScoresAreNamed() {
        Tensor row = Tensor.of(new float[2], 2);
        Tensor square = Tensor.of(new float[4], 2, 2);
        Viterbi viterbi = Viterbi.of(square, row, row);
        assertEquals(2, viterbi.count());
        refused("emissions: expected rows of 2 tags, got [3]", () -> viterbi.decode(new float[3]));
        refused("emissions[1]: expected a number below infinity, got NaN",
                () -> viterbi.decode(new float[] {0, Float.NaN}));
        refused("transitions: expected FLOAT32 [2,2], got FLOAT32 [2]", () -> Viterbi.of(row, row, row));
        refused("start: expected FLOAT32 [K], got FLOAT32 [2,2]", () -> Viterbi.of(square, square, row));
        refused("end: expected FLOAT32 [2], got INT32 [2]",
                () -> Viterbi.of(square, row, Tensor.of(new int[2], 2)));
        refused("end[0]: expected a number below infinity, got Infinity",
                () -> Viterbi.of(square, row, Tensor.of(new float[] {Float.POSITIVE_INFINITY, 0}, 2)));
    }
}
