package dev.rondo.decoding;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Labels read so far in a search over prefixes: a node of their tree, with the log-probabilities of all paths that give
/// them, by whether they end in a blank or in the last label. Each step sums those of the next one, then takes them over.
final class Prefix {
    private static final double NOTHING = Double.NEGATIVE_INFINITY;

    private final @Nullable Prefix before;
    private final int label;
    private final int length;
    private final double added;
    private final Map<Integer, Prefix> longer = new HashMap<>();
    private double blank;
    private double labelled;
    private double nextBlank = NOTHING;
    private double nextLabelled = NOTHING;
    private boolean reached;

    private Prefix(@Nullable Prefix before, int label, int length, double added) {
        this.before = before;
        this.label = label;
        this.length = length;
        this.added = added;
        blank = before == null ? 0 : NOTHING;
        labelled = NOTHING;
    }

    /// No labels, before the first step.
    static Prefix empty() {
        return new Prefix(null, -1, 0, 0);
    }

    /// The last label; -1 of none.
    int label() {
        return label;
    }

    /// Log-probability of all paths.
    double all() {
        return Logits.add(blank, labelled);
    }

    /// Log-probability of the paths that another label, or the same once more, goes on from.
    double before(int next) {
        return next == label ? blank : all();
    }

    /// Log-probability of the paths that stay the same by the last label once more.
    double labelled() {
        return labelled;
    }

    /// What prefixes are compared by.
    double score() {
        return all() + added;
    }

    /// Notes that the next step comes by here.
    void reach(List<Prefix> all) {
        if (!reached) {
            reached = true;
            all.add(this);
        }
    }

    void addBlank(double logProbability) {
        nextBlank = Logits.add(nextBlank, logProbability);
    }

    void addLabelled(double logProbability) {
        nextLabelled = Logits.add(nextLabelled, logProbability);
    }

    void advance() {
        blank = nextBlank;
        labelled = nextLabelled;
        nextBlank = NOTHING;
        nextLabelled = NOTHING;
        reached = false;
    }

    /// This with one more label.
    Prefix longer(int next, Optional<PrefixScorer> scorer) {
        Prefix known = longer.get(next);
        if (known == null) {
            double own = scorer.isPresent() ? checked(scorer.get().score(labels(), next)) : 0;
            known = new Prefix(this, next, length + 1, added + own);
            longer.put(next, known);
        }
        return known;
    }

    CtcHypothesis hypothesis(Optional<PrefixScorer> scorer) {
        double end = scorer.isPresent() ? checked(scorer.get().end(labels())) : 0;
        return new CtcHypothesis(labels(), all(), score() + end);
    }

    private static double checked(double score) {
        if (!(score < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("scorer: expected scores below infinity, got " + score);
        }
        return score;
    }

    private int[] labels() {
        int[] labels = new int[length];
        Prefix prefix = this;
        for (int i = length - 1; i >= 0 && prefix != null; i--) {
            labels[i] = prefix.label;
            prefix = prefix.before;
        }
        return labels;
    }
}
