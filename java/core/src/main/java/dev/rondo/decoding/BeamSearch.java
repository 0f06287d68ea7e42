package dev.rondo.decoding;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;

/// Beam search for the likeliest sequences of a model that writes one id after another, normalised by length as in Wu et
/// al. (2016), equation 14: hypotheses are compared by `log P / lp`, with `lp = ((5 + n) / 6)^a` of n ids, the end
/// among them, and the length penalty a.
///
/// ```java
/// List<Hypothesis> best = BeamSearch.width(5).maxLength(60).lengthPenalty(0.6).search(step, new BeamSearch.Ids(vocabulary, start, end));
/// ```
///
/// At each step all continuations of the open hypotheses are gone through, the likeliest first (of equal ones that of
/// the smaller row, then of the smaller id), until as many are found that are open as the beam is wide; those that ended
/// on the way are kept. The search is over when no open one can come before the results found, whatever follows, or has
/// the most ids. So it depends on nothing but what the model gives, and a beam as wide as there are sequences finds the
/// best ones of all.
///
/// @param width how many hypotheses are open at once: rows of the model's batch
/// @param maxLength the most ids, the end among them
/// @param lengthPenalty at least 0: 0 compares by log-probability, which favours short sequences; 0.6 to 1 are usual
/// @param results how many sequences are wanted, at most the width
public record BeamSearch(int width, int maxLength, double lengthPenalty, int results) {
    /// Checks the numbers.
    public BeamSearch {
        if (width < 1 || maxLength < 1) {
            throw new IllegalArgumentException(
                    "beam search: expected width and maxLength of at least 1, got %d, %d".formatted(width, maxLength));
        }
        if (!(lengthPenalty >= 0) || Double.isInfinite(lengthPenalty)) {
            throw new IllegalArgumentException(
                    "lengthPenalty: expected a number of at least 0, got " + lengthPenalty);
        }
        if (results < 1 || results > width) {
            throw new IllegalArgumentException(
                    "results: expected 1 to the width %d, got %d".formatted(width, results));
        }
    }

    /// A beam of so many hypotheses, up to 100 ids, without length penalty, of which the best is wanted.
    public static BeamSearch width(int width) {
        return new BeamSearch(width, 100, 0, 1);
    }

    /// With so many ids at most, the end among them.
    public BeamSearch maxLength(int ids) {
        return new BeamSearch(width, ids, lengthPenalty, results);
    }

    /// With this length penalty.
    public BeamSearch lengthPenalty(double penalty) {
        return new BeamSearch(width, maxLength, penalty, results);
    }

    /// For the best so many.
    public BeamSearch results(int number) {
        return new BeamSearch(width, maxLength, lengthPenalty, number);
    }

    /// The ids of a model.
    ///
    /// @param vocabulary how many there are
    /// @param start the first one that the model is given
    /// @param end what ends a sequence
    public record Ids(int vocabulary, int start, int end) {
        /// Checks the ids.
        public Ids {
            if (start < 0 || start >= vocabulary || end < 0 || end >= vocabulary) {
                throw new IllegalArgumentException("ids: expected start and end in 0..%d, got %d, %d"
                        .formatted(vocabulary - 1, start, end));
            }
        }
    }

    /// Searches.
    ///
    /// @param step of a model whose rows are all in the state that sequences begin with; it is called with as many rows
    ///     as the beam is wide
    /// @return the best first, as many as are wanted, or as there are
    /// @throws IllegalArgumentException if a logit is NaN or infinite, or all of a row are minus infinity
    public List<Hypothesis> search(BeamStep step, Ids ids) {
        return new Run(ids).search(step);
    }

    private double score(double logProbability, int length) {
        return logProbability / Math.pow((5 + length) / 6.0, lengthPenalty);
    }

    /// A continuation of the hypothesis of a row.
    private record Candidate(double logProbability, int row, int id) {
        static final Comparator<Candidate> LIKELIEST_FIRST = Comparator.comparingDouble(Candidate::logProbability)
                .reversed()
                .thenComparingInt(Candidate::row)
                .thenComparingInt(Candidate::id);
    }

    private final class Run {
        private final Ids ids;
        private final int[] parents = new int[width];
        private final int[] last = new int[width];
        private final float[] logits;
        private final List<Hypothesis> found = new ArrayList<>();
        private List<int[]> open = List.of(new int[0]);
        private double[] logProbabilities = {0};

        Run(Ids ids) {
            this.ids = ids;
            logits = new float[Math.multiplyExact(width, ids.vocabulary())];
            Arrays.fill(last, ids.start());
            Arrays.setAll(parents, row -> row);
        }

        List<Hypothesis> search(BeamStep step) {
            for (int length = 1; length <= maxLength && !open.isEmpty() && !isSettled(); length++) {
                step.next(parents, last, logits);
                advance(candidates(), length);
            }
            for (int row = 0; row < open.size() && open.get(row).length == maxLength; row++) {
                find(open.get(row), logProbabilities[row], maxLength, false);
            }
            return List.copyOf(found);
        }

        /// Whether the results are better than what the open hypotheses can become: log-probabilities only fall, and
        /// are divided by most at the greatest length.
        private boolean isSettled() {
            return found.size() == results
                    && score(logProbabilities[0], maxLength) <= found.getLast().score();
        }

        /// The likeliest continuations, as many as may have to be looked at: each hypothesis ends in one way.
        private List<Candidate> candidates() {
            List<Candidate> best = new ArrayList<>();
            int most = 2 * width;
            for (int row = 0; row < open.size(); row++) {
                int first = row * ids.vocabulary();
                double before = logProbabilities[row] - Logits.logOfSum(logits, first, ids.vocabulary());
                for (int id = 0; id < ids.vocabulary(); id++) {
                    double logProbability = before + logits[first + id];
                    boolean full = best.size() == most;
                    if (logProbability == Double.NEGATIVE_INFINITY
                            || full && logProbability <= best.getLast().logProbability()) {
                        continue; // of equal ones, the earlier row and id stays
                    }
                    Candidate candidate = new Candidate(logProbability, row, id);
                    int place = -1 - Collections.binarySearch(best, candidate, Candidate.LIKELIEST_FIRST);
                    if (full) {
                        best.removeLast();
                    }
                    best.add(place, candidate);
                }
            }
            return best;
        }

        private void advance(List<Candidate> candidates, int length) {
            List<int[]> next = new ArrayList<>();
            double[] nextLogProbabilities = new double[width];
            for (Candidate candidate : candidates) {
                int[] before = open.get(candidate.row());
                if (candidate.id() == ids.end()) {
                    find(before, candidate.logProbability(), length, true);
                    continue;
                }
                int row = next.size();
                int[] longer = Arrays.copyOf(before, length);
                longer[length - 1] = candidate.id();
                next.add(longer);
                nextLogProbabilities[row] = candidate.logProbability();
                parents[row] = candidate.row();
                last[row] = candidate.id();
                if (next.size() == width) {
                    break;
                }
            }
            // Rows without a hypothesis go along with the first one's state.
            int rows = next.size();
            Arrays.fill(parents, rows, width, rows == 0 ? 0 : parents[0]);
            Arrays.fill(last, rows, width, ids.end());
            open = next;
            logProbabilities = nextLogProbabilities;
        }

        /// Keeps a hypothesis if it is among the best. Of equal ones the one that was found first stays first.
        private void find(int[] sequence, double logProbability, int length, boolean ended) {
            Hypothesis hypothesis = new Hypothesis(sequence, logProbability, score(logProbability, length), ended);
            int place = found.size();
            while (place > 0 && hypothesis.score() > found.get(place - 1).score()) {
                place--;
            }
            found.add(place, hypothesis);
            if (found.size() > results) {
                found.removeLast();
            }
        }
    }
}
