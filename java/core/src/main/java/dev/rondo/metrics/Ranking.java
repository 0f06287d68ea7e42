package dev.rondo.metrics;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/// How well scores put the examples that are before those that are not: area under the ROC curve and average precision.
/// Exact: it keeps all scores (17 bytes each), and no threshold is skipped. Examples of equal score stand at one
/// threshold. The order in which examples come does not matter, but for rounding.
///
/// For use by one thread at a time.
public final class Ranking {
    private double[] scores = new double[16];
    private double[] weights = new double[16];
    private boolean[] positive = new boolean[16];
    private int size;

    /// Of nothing yet.
    public Ranking() {}

    /// Counts examples, each of weight 1.
    ///
    /// @throws IllegalArgumentException as [#add(float[], float[], double[])]
    public void add(float[] targets, float[] scores) {
        add(targets, scores, Arguments.ones(targets.length));
    }

    /// Counts examples.
    ///
    /// @param targets N numbers, 0 or 1
    /// @param scores N probabilities, logits or other numbers, larger where 1 is likelier; infinite ones may be
    /// @param weights N numbers of at least 0; what weighs 0 is not looked at, see [Weights]
    /// @throws IllegalArgumentException if the lengths differ, a target is neither 0 nor 1, a score is NaN or a weight is
    ///     negative or not finite; nothing is counted then
    public void add(float[] targets, float[] scores, double[] weights) {
        Arguments.sameLength("scores", targets.length, scores.length);
        Arguments.weights(targets.length, weights);
        for (int i = 0; i < targets.length; i++) {
            if (weights[i] > 0) {
                Arguments.zeroOrOne("targets", i, targets[i]);
                Arguments.notNaN("scores", i, scores[i]);
            }
        }
        for (int i = 0; i < targets.length; i++) {
            if (weights[i] > 0) {
                // + 0.0 makes the two zeros one, as == has them and sorting has not.
                append(targets[i] == 1, scores[i] + 0.0, weights[i]);
            }
        }
    }

    /// Counts all that another has counted.
    public void merge(Ranking other) {
        int count = other.size;
        for (int i = 0; i < count; i++) {
            append(other.positive[i], other.scores[i], other.weights[i]);
        }
    }

    /// Area under the ROC curve by trapezoids: the probability that a positive example scores higher than a negative
    /// one, ties counting half (Mann & Whitney 1947; Hanley & McNeil 1982).
    ///
    /// @throws IllegalStateException if there are not examples of both kinds
    public double rocAuc() {
        int[] order = descending();
        double positives = 0;
        double negatives = 0;
        double pairs = 0;
        for (int i = 0; i < size; ) {
            double tiedPositives = 0;
            double tiedNegatives = 0;
            double score = scores[order[i]];
            for (; i < size && scores[order[i]] == score; i++) {
                if (positive[order[i]]) {
                    tiedPositives += weights[order[i]];
                } else {
                    tiedNegatives += weights[order[i]];
                }
            }
            pairs += tiedNegatives * (positives + tiedPositives / 2);
            positives += tiedPositives;
            negatives += tiedNegatives;
        }
        Arguments.some("rocAuc: positive", positives > 0);
        Arguments.some("rocAuc: negative", negatives > 0);
        return pairs / positives / negatives;
    }

    /// Average precision `sum_k (R_k - R_(k-1)) P_k` over the thresholds from high to low, without interpolation, as
    /// scikit-learn has it.
    ///
    /// @throws IllegalStateException if there is no positive example
    public double averagePrecision() {
        int[] order = descending();
        double positives = 0;
        double all = 0;
        double sum = 0;
        for (int i = 0; i < size; ) {
            double tiedPositives = 0;
            double score = scores[order[i]];
            for (; i < size && scores[order[i]] == score; i++) {
                all += weights[order[i]];
                if (positive[order[i]]) {
                    tiedPositives += weights[order[i]];
                }
            }
            positives += tiedPositives;
            sum += tiedPositives * (positives / all);
        }
        Arguments.some("averagePrecision: positive", positives > 0);
        return sum / positives;
    }

    private int[] descending() {
        return IntStream.range(0, size)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer i) -> scores[i]).reversed())
                .mapToInt(Integer::intValue)
                .toArray();
    }

    private void append(boolean isPositive, double score, double weight) {
        if (size == scores.length) {
            int larger = Math.multiplyExact(size, 2);
            scores = Arrays.copyOf(scores, larger);
            weights = Arrays.copyOf(weights, larger);
            positive = Arrays.copyOf(positive, larger);
        }
        scores[size] = score;
        weights[size] = weight;
        positive[size] = isPositive;
        size++;
    }
}
