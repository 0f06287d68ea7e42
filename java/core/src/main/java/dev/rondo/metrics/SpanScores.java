package dev.rondo.metrics;

import static dev.rondo.metrics.ConfusionMatrix.quotient;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.ToDoubleFunction;

/// Precision, recall and F1 of the spans that tags mark, as for chunks and named entities (Tjong Kim Sang & Buchholz
/// 2000): a predicted span is right where it has type, begin and end of one of the targets'. Quotients of 0 by 0 are 0.
///
/// For use by one thread at a time.
public final class SpanScores {
    /// Spans of a type, or of all.
    ///
    /// @param right predicted as they are
    /// @param predicted all that are predicted
    /// @param targets all that there are
    public record Counts(long right, long predicted, long targets) {
        /// The counts of both.
        public Counts plus(Counts more) {
            return new Counts(right + more.right, predicted + more.predicted, targets + more.targets);
        }

        /// `right / predicted`.
        public double precision() {
            return quotient(right, predicted);
        }

        /// `right / targets`.
        public double recall() {
            return quotient(right, targets);
        }

        /// `2 right / (predicted + targets)`, the harmonic mean of precision and recall.
        public double f1() {
            return quotient(2.0 * right, (double) predicted + targets);
        }
    }

    private static final Counts NONE = new Counts(0, 0, 0);

    private final TagScheme scheme;
    private final SortedMap<String, Counts> counts = new TreeMap<>();

    /// Of nothing yet.
    public SpanScores(TagScheme scheme) {
        this.scheme = scheme;
    }

    /// Counts a sentence. No span goes beyond it.
    ///
    /// @param targets tags without padding
    /// @param predictions as many
    /// @throws IllegalArgumentException if the numbers differ or a tag is none of the scheme; nothing is counted then
    public void add(List<String> targets, List<String> predictions) {
        Arguments.sameLength("predictions", targets.size(), predictions.size());
        List<Span> expected = scheme.spans(targets);
        List<Span> got = scheme.spans(predictions);
        Set<Span> set = new HashSet<>(expected);
        expected.forEach(span -> count(span, new Counts(0, 0, 1)));
        got.forEach(span -> count(span, new Counts(set.contains(span) ? 1 : 0, 1, 0)));
    }

    /// Counts B padded sentences of T tags given by number.
    ///
    /// @param tags the tag of each number
    /// @param targets [B,T]
    /// @param predictions [B,T]
    /// @param lengths B numbers in [0, T]
    /// @throws IllegalArgumentException if sizes do not fit, a real step's number has no tag or a tag is none of the
    ///     scheme; nothing is counted then
    public void add(List<String> tags, int[] targets, int[] predictions, int[] lengths) {
        Arguments.sameLength("predictions", targets.length, predictions.length);
        if (lengths.length == 0 ? targets.length != 0 : targets.length % lengths.length != 0) {
            throw new IllegalArgumentException("targets: expected [B,T] = [%d,*], got %d numbers"
                    .formatted(lengths.length, targets.length));
        }
        int timeSteps = lengths.length == 0 ? 0 : targets.length / lengths.length;
        SpanScores batch = new SpanScores(scheme);
        for (int b = 0; b < lengths.length; b++) {
            if (lengths[b] < 0 || lengths[b] > timeSteps) {
                throw new IllegalArgumentException(
                        "lengths[%d]: expected a number in [0, %d], got %d".formatted(b, timeSteps, lengths[b]));
            }
            int from = b * timeSteps;
            batch.add(
                    texts("targets", tags, targets, from, lengths[b]),
                    texts("predictions", tags, predictions, from, lengths[b]));
        }
        merge(batch);
    }

    /// Counts all that another has counted.
    ///
    /// @throws IllegalArgumentException if it reads tags by another scheme
    public void merge(SpanScores other) {
        if (other.scheme != scheme) {
            throw new IllegalArgumentException("scheme: expected %s, got %s".formatted(scheme, other.scheme));
        }
        new TreeMap<>(other.counts).forEach((type, more) -> counts.merge(type, more, Counts::plus));
    }

    /// The types seen, in order.
    public SortedSet<String> types() {
        return Collections.unmodifiableSortedSet(new TreeSet<>(counts.keySet()));
    }

    /// Spans of a type; all 0 where it was not seen.
    public Counts of(String type) {
        return counts.getOrDefault(type, NONE);
    }

    /// Spans of all types together: conlleval's overall scores.
    public Counts overall() {
        return counts.values().stream().reduce(NONE, Counts::plus);
    }

    /// F1 of all types; with MICRO that of [#overall()].
    public double f1(Average average) {
        return average(average, Counts::f1);
    }

    /// Precision of all types; with MICRO that of [#overall()].
    public double precision(Average average) {
        return average(average, Counts::precision);
    }

    /// Recall of all types; with MICRO that of [#overall()].
    public double recall(Average average) {
        return average(average, Counts::recall);
    }

    private double average(Average average, ToDoubleFunction<Counts> score) {
        return switch (average) {
            case MICRO -> score.applyAsDouble(overall());
            case MACRO -> quotient(
                    counts.values().stream().mapToDouble(score).sum(), counts.size());
            case WEIGHTED -> quotient(
                    counts.values().stream()
                            .mapToDouble(of -> score.applyAsDouble(of) * of.targets())
                            .sum(),
                    overall().targets());
        };
    }

    private void count(Span span, Counts more) {
        counts.merge(span.type(), more, Counts::plus);
    }

    private static List<String> texts(String name, List<String> tags, int[] numbers, int from, int length) {
        List<String> texts = new ArrayList<>(length);
        for (int i = from; i < from + length; i++) {
            Arguments.oneOf(name, i, numbers[i], tags.size());
            texts.add(tags.get(numbers[i]));
        }
        return texts;
    }
}
