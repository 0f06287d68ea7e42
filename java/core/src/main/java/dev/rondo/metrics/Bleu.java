package dev.rondo.metrics;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// BLEU of a corpus (Papineni, Roukos, Ward & Zhu 2002), as a fraction:
/// `BP * exp(1/N sum_n ln p_n)` with `BP = 1` where the hypotheses are longer than the references, else `exp(1 - r/c)`.
///
/// `p_n` is the fraction of all n-grams of the hypotheses that are in a reference of theirs, each at most as often as in
/// the reference that has it most often; c counts the words of the hypotheses, r those of each one's reference closest in
/// length, the shorter of two as close. Where no word at all is right, it is 0 with any smoothing. Of one sentence it is
/// the sentence BLEU, which wants a [Smoothing].
///
/// Words come as they are to be compared: scores depend on tokenization and case, so say which (Post 2018).
/// For use by one thread at a time.
public final class Bleu {
    /// What is put for a precision of 0, of which the logarithm is not finite; numbered as in Chen & Cherry (2014) and
    /// NLTK, whose choices these are: an order of which the hypotheses have no n-grams counts as 0 of 1.
    public sealed interface Smoothing {
        /// Nothing: the score is 0. Method 0.
        record None() implements Smoothing {}

        /// `epsilon / total`. Method 1; sacreBLEU's `floor`.
        ///
        /// @param epsilon above 0; 0.1 is usual
        record Floor(double epsilon) implements Smoothing {
            public Floor {
                positive("epsilon", epsilon);
            }
        }

        /// `(right + k) / (total + k)` for all n above 1, 0 or not (Lin & Och 2004). Method 2; sacreBLEU's `add-k`.
        ///
        /// @param k above 0; 1 is usual
        record AddK(double k) implements Smoothing {
            public AddK {
                positive("k", k);
            }
        }

        /// `1 / (2^j total)` for the j-th precision of 0, from j = 1. Method 3; sacreBLEU's `exp`, the smoothing of
        /// NIST's `mteval`.
        record Exponential() implements Smoothing {}

        /// As [Exponential], but with `ln(c) / (2^j k)` right ones in place of `1 / 2^j`: shorter hypotheses count less.
        /// Only where there is more than one word. Method 4.
        ///
        /// @param k above 0; 5 is usual
        record ByLength(double k) implements Smoothing {
            public ByLength {
                positive("k", k);
            }
        }

        /// As [ByLength], and then from n = 1 on the mean of the orders n - 1, n and n + 1, with `p_1 + 1` for order 0,
        /// orders below as they became and the order above as it was (that of `N + 1` unsmoothed). Method 7.
        ///
        /// @param k above 0; 5 is usual
        record Averaged(double k) implements Smoothing {
            public Averaged {
                positive("k", k);
            }
        }

        private static void positive(String name, double value) {
            if (!(value > 0 && value < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException(
                        "%s: expected a finite number above 0, got %s".formatted(name, value));
            }
        }
    }

    private final int maxOrder;
    private final Smoothing smoothing;
    /// By order less 1; one order more than the score is of, for [Smoothing.Averaged].
    private final long[] right;

    private final long[] total;
    private long hypothesisLength;
    private long referenceLength;

    /// BLEU-4 without smoothing.
    public Bleu() {
        this(4, new Smoothing.None());
    }

    /// BLEU of n-grams of up to `maxOrder` words.
    ///
    /// @param maxOrder 1 to 16
    /// @throws IllegalArgumentException if it is none of these
    public Bleu(int maxOrder, Smoothing smoothing) {
        if (maxOrder < 1 || maxOrder > 16) {
            throw new IllegalArgumentException("maxOrder: expected 1 to 16, got " + maxOrder);
        }
        this.maxOrder = maxOrder;
        this.smoothing = smoothing;
        right = new long[maxOrder + 1];
        total = new long[maxOrder + 1];
    }

    /// Counts a sentence.
    ///
    /// @param references the words of each
    /// @param hypothesis words; there may be none
    /// @throws IllegalArgumentException if there are no references, or one is empty
    public void add(List<List<String>> references, List<String> hypothesis) {
        if (references.isEmpty()) {
            throw new IllegalArgumentException("references: expected at least one, got none");
        }
        for (int i = 0; i < references.size(); i++) {
            if (references.get(i).isEmpty()) {
                throw new IllegalArgumentException("references[%d]: expected words, got none".formatted(i));
            }
        }
        for (int n = 1; n <= maxOrder + 1; n++) {
            Map<List<String>, Long> most = new HashMap<>();
            for (List<String> reference : references) {
                ngrams(reference, n).forEach((ngram, count) -> most.merge(ngram, count, Math::max));
            }
            for (Map.Entry<List<String>, Long> ngram : ngrams(hypothesis, n).entrySet()) {
                right[n - 1] += Math.min(ngram.getValue(), most.getOrDefault(ngram.getKey(), 0L));
                total[n - 1] += ngram.getValue();
            }
        }
        hypothesisLength += hypothesis.size();
        referenceLength += closest(references, hypothesis.size());
    }

    /// Counts all that another has counted.
    ///
    /// @throws IllegalArgumentException if its largest order is another
    public void merge(Bleu other) {
        Arguments.sameLength("maxOrder", maxOrder, other.maxOrder);
        for (int n = 0; n <= maxOrder; n++) {
            right[n] += other.right[n];
            total[n] += other.total[n];
        }
        hypothesisLength += other.hypothesisLength;
        referenceLength += other.referenceLength;
    }

    /// The score, in [0, 1] with [Smoothing.None].
    ///
    /// @throws IllegalStateException if nothing was counted
    public double value() {
        double penalty = brevityPenalty();
        if (right[0] == 0) {
            return 0;
        }
        double logarithms = 0;
        for (double precision : smoothed()) {
            logarithms += Math.log(precision);
        }
        return penalty * Math.exp(logarithms / maxOrder);
    }

    /// The precision of the n-grams before smoothing; 0 where there are none.
    ///
    /// @throws IllegalArgumentException if n is not in [1, maxOrder]
    public double precision(int n) {
        if (n < 1 || n > maxOrder) {
            throw new IllegalArgumentException("n: expected a number in [1, %d], got %d".formatted(maxOrder, n));
        }
        return plain(n - 1);
    }

    /// BP; 0 where the hypotheses have no words.
    ///
    /// @throws IllegalStateException if nothing was counted
    public double brevityPenalty() {
        if (referenceLength == 0) {
            throw new IllegalStateException("bleu: expected sentences, got none");
        }
        if (hypothesisLength > referenceLength) {
            return 1;
        }
        return hypothesisLength == 0 ? 0 : Math.exp(1 - (double) referenceLength / hypothesisLength);
    }

    /// Words of the hypotheses, c.
    public long hypothesisLength() {
        return hypothesisLength;
    }

    /// Words of the closest references, r.
    public long referenceLength() {
        return referenceLength;
    }

    private double[] smoothed() {
        double[] p = new double[maxOrder];
        for (int n = 0; n < maxOrder; n++) {
            p[n] = plain(n);
        }
        switch (smoothing) {
            case Smoothing.None() -> {}
            case Smoothing.Floor(double epsilon) -> {
                for (int n = 0; n < maxOrder; n++) {
                    p[n] = right[n] == 0 ? epsilon / atLeastOne(total[n]) : p[n];
                }
            }
            case Smoothing.AddK(double k) -> {
                for (int n = 1; n < maxOrder; n++) {
                    p[n] = (right[n] + k) / (atLeastOne(total[n]) + k);
                }
            }
            case Smoothing.Exponential() -> halve(p, 1);
            case Smoothing.ByLength(double k) -> byLength(p, k);
            case Smoothing.Averaged(double k) -> {
                byLength(p, k);
                double below = p[0] + 1;
                for (int n = 0; n < maxOrder; n++) {
                    double above = n + 1 < maxOrder ? p[n + 1] : plain(maxOrder);
                    p[n] = (below + p[n] + above) / 3;
                    below = p[n];
                }
            }
        }
        return p;
    }

    private void byLength(double[] p, double k) {
        if (hypothesisLength > 1) {
            halve(p, Math.log(hypothesisLength) / k);
        }
    }

    private void halve(double[] p, double from) {
        double put = from;
        for (int n = 0; n < maxOrder; n++) {
            if (right[n] == 0) {
                put /= 2;
                p[n] = put / atLeastOne(total[n]);
            }
        }
    }

    private double plain(int index) {
        return (double) right[index] / atLeastOne(total[index]);
    }

    private static long atLeastOne(long count) {
        return Math.max(count, 1);
    }

    private static Map<List<String>, Long> ngrams(List<String> words, int n) {
        Map<List<String>, Long> counts = new HashMap<>();
        for (int i = 0; i + n <= words.size(); i++) {
            counts.merge(List.copyOf(words.subList(i, i + n)), 1L, Long::sum);
        }
        return counts;
    }

    private static int closest(List<List<String>> references, int length) {
        int closest = references.getFirst().size();
        for (List<String> reference : references) {
            int size = reference.size();
            int nearer = Integer.compare(Math.abs(size - length), Math.abs(closest - length));
            if (nearer < 0 || (nearer == 0 && size < closest)) {
                closest = size;
            }
        }
        return closest;
    }
}
