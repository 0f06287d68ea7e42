package dev.rondo.decoding;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SamplerTest {
    private static final int DRAWS = 40_000;
    private static final float[] LOGITS = logs(0.05, 0.4, 0.1, 0.3, 0.15);

    private static float[] logs(double... probabilities) {
        float[] logs = new float[probabilities.length];
        for (int i = 0; i < logs.length; i++) {
            logs[i] = (float) Math.log(probabilities[i]) + 7;
        }
        return logs;
    }

    /// How often each id is drawn is within five standard deviations of what it should be: of 5 ids in 6 tests, one in
    /// about 50,000 runs of other seeds would fail.
    private static void expect(Sampling sampling, float[] logits, double... shares) {
        Sampler sampler = sampling.sampler(20261126);
        int[] counts = new int[shares.length];
        for (int i = 0; i < DRAWS; i++) {
            counts[sampler.draw(logits)]++;
        }
        for (int id = 0; id < shares.length; id++) {
            double deviation = 5 * Math.sqrt(shares[id] * (1 - shares[id]) / DRAWS);
            assertEquals(shares[id], counts[id] / (double) DRAWS, deviation, sampling + " " + Arrays.toString(counts));
        }
    }

    @Test
    void drawsByProbability() {
        expect(Sampling.temperature(1), LOGITS, 0.05, 0.4, 0.1, 0.3, 0.15);
        double sum = 0.05 * 0.05 + 0.4 * 0.4 + 0.1 * 0.1 + 0.3 * 0.3 + 0.15 * 0.15;
        expect(Sampling.temperature(0.5), LOGITS, 0.0025 / sum, 0.16 / sum, 0.01 / sum, 0.09 / sum, 0.0225 / sum);
    }

    @Test
    void drawsFromTheLikeliest() {
        expect(Sampling.temperature(1).topK(2), LOGITS, 0, 4 / 7.0, 0, 3 / 7.0, 0);
        expect(Sampling.temperature(1).topK(1), LOGITS, 0, 1, 0, 0, 0);
        expect(Sampling.temperature(1).topK(99), LOGITS, 0.05, 0.4, 0.1, 0.3, 0.15);
    }

    @Test
    void drawsFromTheNucleus() {
        expect(Sampling.temperature(1).topP(0.69), LOGITS, 0, 4 / 7.0, 0, 3 / 7.0, 0);
        expect(Sampling.temperature(1).topP(0.71), LOGITS, 0, 8 / 17.0, 0, 6 / 17.0, 3 / 17.0);
        expect(Sampling.temperature(1).topP(1e-9), LOGITS, 0, 1, 0, 0, 0);
        // Of the two that are left, the first alone has 4/7.
        expect(Sampling.temperature(1).topK(2).topP(0.57), LOGITS, 0, 1, 0, 0, 0);
        expect(Sampling.temperature(1).topK(2).topP(0.58), LOGITS, 0, 4 / 7.0, 0, 3 / 7.0, 0);
    }

    @Test
    void takesTheSmallerOfEqualIds() {
        float[] logits = {-1, 2, 2, 0, 2};
        assertEquals(1, Sampling.greedy().sampler(1).draw(logits));
        expect(Sampling.temperature(1).topK(2), logits, 0, 0.5, 0.5, 0, 0);
        expect(Sampling.temperature(1).topK(1), new float[] {-0f, 0f}, 1, 0);
        expect(Sampling.temperature(1).topK(1), new float[] {0f, -0f}, 1, 0);
    }

    @Test
    void neverDrawsWhatIsForbidden() {
        float[] logits = {Float.NEGATIVE_INFINITY, 0, Float.NEGATIVE_INFINITY, 0};
        for (Sampling sampling : List.of(
                Sampling.temperature(1), Sampling.temperature(3).topK(4), Sampling.temperature(3).topP(0.9999))) {
            expect(sampling, logits, 0, 0.5, 0, 0.5);
        }
    }

    @Test
    void greedyTakesTheLikeliestAndNoRandomNumber() {
        RandomGenerator none = () -> {
            throw new AssertionError("a random number was drawn");
        };
        assertEquals(1, Sampling.greedy().sampler(none).draw(LOGITS));
        assertEquals(2, Sampling.greedy().topK(3).sampler(none).draw(new float[] {9, 1, 0, 5, 2}, 1, 4));
    }

    @Test
    void isTheSameForTheSameSeed() {
        for (Sampling sampling : List.of(Sampling.temperature(0.9), Sampling.temperature(0.9).topK(4).topP(0.9))) {
            assertArrayEquals(draws(sampling, 3), draws(sampling, 3));
            assertTrue(!Arrays.equals(draws(sampling, 3), draws(sampling, 4)));
        }
    }

    private static int[] draws(Sampling sampling, long seed) {
        Sampler sampler = sampling.sampler(seed);
        return IntStream.range(0, 50).map(i -> sampler.draw(LOGITS)).toArray();
    }

    @Test
    void drawsFromAPartOfAnArray() {
        float[] rows = {50, 50, 1, 0, 50};
        Sampler sampler = Sampling.temperature(1e-3).topK(2).sampler(1);
        assertEquals(0, sampler.draw(rows, 2, 2));
        assertThrows(IndexOutOfBoundsException.class, () -> sampler.draw(rows, 3, 3));
    }

    @Test
    void wrongLogitsAreNamed() {
        Sampler sampler = Sampling.greedy().sampler(1);
        refused("logits[1]: expected a number below infinity, got NaN", () -> sampler.draw(new float[] {0, Float.NaN}));
        refused("logits[0]: expected a number below infinity, got Infinity",
                () -> sampler.draw(new float[] {Float.POSITIVE_INFINITY}));
        refused("logits: expected at least one, got none", () -> sampler.draw(new float[0]));
        refused("logits[0..1]: expected one above minus infinity, got none",
                () -> sampler.draw(new float[] {Float.NEGATIVE_INFINITY, Float.NEGATIVE_INFINITY}));
    }

    @Test
    void wrongSettingsAreNamed() {
        refused("temperature: expected a number of at least 0, got -0.1", () -> Sampling.temperature(-0.1));
        refused("temperature: expected a number of at least 0, got NaN", () -> Sampling.temperature(Double.NaN));
        refused("topK: expected at least 1, got 0", () -> Sampling.greedy().topK(0));
        refused("topP: expected above 0 and at most 1, got 0.0", () -> Sampling.greedy().topP(0));
        refused("topP: expected above 0 and at most 1, got 1.5", () -> Sampling.greedy().topP(1.5));
    }

    static void refused(String message, Runnable call) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, call::run).getMessage());
    }
}
