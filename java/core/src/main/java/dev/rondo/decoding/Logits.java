package dev.rondo.decoding;

import java.util.Objects;

/// Rows of logits.
final class Logits {
    private Logits() {}

    /// The index of the first of the largest, counted from `from`.
    ///
    /// @throws IllegalArgumentException if there is none, one is NaN or infinite, or all are minus infinity
    static int best(float[] logits, int from, int count) {
        Objects.checkFromIndexSize(from, count, logits.length);
        if (count == 0) {
            throw new IllegalArgumentException("logits: expected at least one, got none");
        }
        int best = 0;
        for (int i = 0; i < count; i++) {
            float logit = logits[from + i];
            if (!(logit < Float.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException(
                        "logits[%d]: expected a number below infinity, got %s".formatted(from + i, logit));
            }
            best = logit > logits[from + best] ? i : best;
        }
        if (logits[from + best] == Float.NEGATIVE_INFINITY) {
            throw new IllegalArgumentException(
                    "logits[%d..%d]: expected one above minus infinity, got none".formatted(from, from + count - 1));
        }
        return best;
    }

    /// What makes log-probabilities of a row of logits: the logarithm of the sum of their exponentials.
    ///
    /// @throws IllegalArgumentException as [#best]
    static double logOfSum(float[] logits, int from, int count) {
        double top = logits[from + best(logits, from, count)];
        double sum = 0;
        for (int i = from; i < from + count; i++) {
            sum += Math.exp(logits[i] - top);
        }
        return top + Math.log(sum);
    }

    /// log(exp a + exp b).
    static double add(double a, double b) {
        double top = Math.max(a, b);
        return top == Double.NEGATIVE_INFINITY ? top : top + Math.log1p(Math.exp(Math.min(a, b) - top));
    }
}
