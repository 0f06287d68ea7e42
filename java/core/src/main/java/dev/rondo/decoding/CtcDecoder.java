package dev.rondo.decoding;

import dev.rondo.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/// Reads labels from the logits of a model that was trained by connectionist temporal classification (Graves et al.
/// 2006). Immutable; any thread may use it.
///
/// ```java
/// int[] labels = CtcDecoder.beam(25).decode(logits, classes).getFirst().labels();
/// ```
public sealed interface CtcDecoder {
    /// Reads one sequence.
    ///
    /// @param logits `[T, classes]`
    /// @param classes with the blank
    /// @return the best first; at least one
    /// @throws IllegalArgumentException if there are not whole rows of classes, the blank is none of them, a logit is NaN
    ///     or infinite, or all of a row are minus infinity
    List<CtcHypothesis> decode(float[] logits, int classes);

    /// Reads a batch, and gives the best of each sequence.
    ///
    /// @param logits float32 `[B,T,classes]`
    /// @param lengths the steps of each sequence, in 0..T; none: all T
    /// @throws IllegalArgumentException as [#decode(float[], int)], or if a shape or length is wrong
    default List<CtcHypothesis> decode(Tensor logits, int... lengths) {
        return Sequences.of("logits", logits, lengths).stream()
                .map(rows -> decode(rows, logits.shape().dim(2)).getFirst())
                .toList();
    }

    /// The likeliest path, its blanks and repeats left out: fast, and the likeliest labels only where one path has most
    /// of the probability. The blank is class 0. The log-probability is that of the path.
    static Greedy greedy() {
        return new Greedy(0);
    }

    /// A search over prefixes of labels, of which the best so many stay at each step (Graves and Jaitly 2014; Hannun et
    /// al. 2014). The blank is class 0.
    ///
    /// @param width how many prefixes stay, and at most are given; at least 1
    static Beam beam(int width) {
        return new Beam(0, width, Optional.empty());
    }

    /// See [#greedy()].
    ///
    /// @param blank the class that stands for none
    record Greedy(int blank) implements CtcDecoder {
        /// Checks the blank.
        public Greedy {
            checkBlank(blank);
        }

        /// With another blank.
        public Greedy blank(int number) {
            return new Greedy(number);
        }

        @Override
        public List<CtcHypothesis> decode(float[] logits, int classes) {
            int steps = steps(logits, classes, blank);
            int[] labels = new int[steps];
            int count = 0;
            int before = blank;
            double logProbability = 0;
            for (int t = 0; t < steps; t++) {
                int best = Logits.best(logits, t * classes, classes);
                logProbability += logits[t * classes + best] - Logits.logOfSum(logits, t * classes, classes);
                if (best != blank && best != before) {
                    labels[count++] = best;
                }
                before = best;
            }
            return List.of(new CtcHypothesis(Arrays.copyOf(labels, count), logProbability, logProbability));
        }
    }

    /// See [#beam].
    ///
    /// @param blank the class that stands for none
    /// @param width how many prefixes stay at each step
    /// @param scorer what is added to their log-probabilities
    record Beam(int blank, int width, Optional<PrefixScorer> scorer) implements CtcDecoder {
        /// Checks the numbers.
        public Beam {
            checkBlank(blank);
            if (width < 1) {
                throw new IllegalArgumentException("width: expected at least 1, got " + width);
            }
        }

        /// With another blank.
        public Beam blank(int number) {
            return new Beam(number, width, scorer);
        }

        /// With scores of labels by what went before them.
        public Beam scorer(PrefixScorer labels) {
            return new Beam(blank, width, Optional.of(labels));
        }

        @Override
        public List<CtcHypothesis> decode(float[] logits, int classes) {
            int steps = steps(logits, classes, blank);
            List<Prefix> beam = List.of(Prefix.empty());
            for (int t = 0; t < steps; t++) {
                beam = step(beam, logits, t * classes, classes);
            }
            return beam.stream()
                    .map(prefix -> prefix.hypothesis(scorer))
                    .sorted(Comparator.comparingDouble(CtcHypothesis::score).reversed())
                    .toList();
        }

        private List<Prefix> step(List<Prefix> beam, float[] logits, int from, int classes) {
            double sum = Logits.logOfSum(logits, from, classes);
            List<Prefix> reached = new ArrayList<>();
            for (Prefix prefix : beam) {
                prefix.reach(reached);
                prefix.addBlank(prefix.all() + logits[from + blank] - sum);
                if (prefix.label() >= 0) {
                    prefix.addLabelled(prefix.labelled() + logits[from + prefix.label()] - sum);
                }
                for (int label = 0; label < classes; label++) {
                    double logProbability = prefix.before(label) + logits[from + label] - sum;
                    if (label != blank && logProbability != Double.NEGATIVE_INFINITY) {
                        Prefix longer = prefix.longer(label, scorer);
                        longer.reach(reached);
                        longer.addLabelled(logProbability);
                    }
                }
            }
            reached.forEach(Prefix::advance);
            reached.removeIf(prefix -> prefix.score() == Double.NEGATIVE_INFINITY);
            reached.sort(Comparator.comparingDouble(Prefix::score).reversed());
            if (reached.isEmpty()) {
                throw new IllegalArgumentException(
                        "logits[%d..%d]: expected a class that the scorer allows, got none"
                                .formatted(from, from + classes - 1));
            }
            return List.copyOf(reached.subList(0, Math.min(width, reached.size())));
        }
    }

    private static void checkBlank(int blank) {
        if (blank < 0) {
            throw new IllegalArgumentException("blank: expected at least 0, got " + blank);
        }
    }

    private static int steps(float[] logits, int classes, int blank) {
        if (classes <= blank) {
            throw new IllegalArgumentException(
                    "classes: expected more than the blank %d, got %d".formatted(blank, classes));
        }
        if (logits.length % classes != 0) {
            throw new IllegalArgumentException(
                    "logits: expected rows of %d classes, got [%d]".formatted(classes, logits.length));
        }
        return logits.length / classes;
    }
}
