package dev.rondo.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class RankingTest {
    /// Some hundred additions of numbers up to 1 each, divided by their sum: well below 1e-12.
    private static final double CLOSE = 1e-12;

    private static Ranking of(float[] targets, float[] scores) {
        Ranking ranking = new Ranking();
        ranking.add(targets, scores);
        return ranking;
    }

    /// The example of scikit-learn's `roc_auc_score` and `average_precision_score`.
    @Test
    void workedOutByHand() {
        Ranking ranking = of(new float[] {0, 0, 1, 1}, new float[] {0.1f, 0.4f, 0.35f, 0.8f});
        assertEquals(0.75, ranking.rocAuc());
        assertEquals((1 + 2.0 / 3) / 2, ranking.averagePrecision(), CLOSE);
    }

    @Test
    void bounds() {
        assertEquals(1, of(new float[] {0, 1}, new float[] {1, 2}).rocAuc());
        assertEquals(0, of(new float[] {1, 0}, new float[] {1, 2}).rocAuc());
        assertEquals(0.5, of(new float[] {1, 0, 0, 1}, new float[] {3, 3, 3, 3}).rocAuc());
        assertEquals(0.5, of(new float[] {1, 0}, new float[] {-0f, 0f}).rocAuc(), "the zeros are equal");
        assertEquals(
                1, of(new float[] {0, 1}, new float[] {Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY}).rocAuc());
        assertEquals(0.25, of(new float[] {1, 0, 0, 0}, new float[] {3, 3, 3, 3}).averagePrecision());
    }

    /// Against all pairs and against all thresholds, with ties and weights, in any order and in parts.
    @Test
    void bruteForce() {
        SplittableRandom random = new SplittableRandom(11);
        for (int trial = 0; trial < 50; trial++) {
            int n = random.nextInt(2, 40);
            float[] targets = new float[n];
            float[] scores = new float[n];
            double[] weights = new double[n];
            Ranking whole = new Ranking();
            for (int i = 0; i < n; i++) {
                targets[i] = i == 0 ? 0 : i == 1 ? 1 : random.nextInt(2);
                scores[i] = random.nextInt(8) / 8f;
                weights[i] = i < 2 ? 1 : random.nextInt(4);
            }
            whole.add(targets, scores, weights);
            Ranking parts = new Ranking();
            for (int i = n - 1; i >= 0; i--) {
                Ranking one = new Ranking();
                one.add(new float[] {targets[i]}, new float[] {scores[i]}, new double[] {weights[i]});
                parts.merge(one);
            }
            String seen = "trial " + trial;
            assertEquals(pairs(targets, scores, weights), whole.rocAuc(), CLOSE, seen);
            assertEquals(thresholds(targets, scores, weights), whole.averagePrecision(), CLOSE, seen);
            assertEquals(whole.rocAuc(), parts.rocAuc(), CLOSE, seen);
            assertEquals(whole.averagePrecision(), parts.averagePrecision(), CLOSE, seen);
        }
    }

    private static double pairs(float[] targets, float[] scores, double[] weights) {
        double won = 0;
        double all = 0;
        for (int p = 0; p < targets.length; p++) {
            for (int n = 0; n < targets.length; n++) {
                if (targets[p] == 1 && targets[n] == 0) {
                    double weight = weights[p] * weights[n];
                    all += weight;
                    won += weight * (scores[p] > scores[n] ? 1 : scores[p] == scores[n] ? 0.5 : 0);
                }
            }
        }
        return won / all;
    }

    private static double thresholds(float[] targets, float[] scores, double[] weights) {
        double sum = 0;
        double recall = 0;
        for (int eighths = 7; eighths >= 0; eighths--) {
            double right = 0;
            double taken = 0;
            double positives = 0;
            for (int i = 0; i < targets.length; i++) {
                double positive = weights[i] * targets[i];
                positives += positive;
                if (scores[i] >= eighths / 8f) {
                    right += positive;
                    taken += weights[i];
                }
            }
            if (taken > 0) {
                sum += (right / positives - recall) * (right / taken);
                recall = right / positives;
            }
        }
        return sum;
    }

    @Test
    void badInputIsRefusedAndCountsNothing() {
        Ranking ranking = new Ranking();
        assertThrows(IllegalArgumentException.class, () -> ranking.add(new float[] {1, 0.5f}, new float[] {1, 2}));
        assertThrows(IllegalArgumentException.class, () -> ranking.add(new float[] {1, 0}, new float[] {1, Float.NaN}));
        assertThrows(IllegalArgumentException.class, () -> ranking.add(new float[] {1, 0}, new float[] {1}));
        assertThrows(
                IllegalArgumentException.class,
                () -> ranking.add(new float[] {1}, new float[] {1}, new double[] {-1}));
        assertThrows(IllegalStateException.class, ranking::averagePrecision);
        ranking.add(new float[] {1, 0}, new float[] {1, Float.NaN}, new double[] {1, 0});
        assertThrows(IllegalStateException.class, ranking::rocAuc, "no negative");
        assertEquals(1, ranking.averagePrecision());
    }
}
