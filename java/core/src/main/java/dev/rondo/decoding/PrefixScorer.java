package dev.rondo.decoding;

/// Scores labels by what went before them, as a language model does. For labels of a [CtcDecoder]: with `a log
/// P(label|prefix) + b` it is what Hannun et al. (2014) add, of weights a and b.
@FunctionalInterface
public interface PrefixScorer {
    /// What a label adds to the score of a prefix, minus infinity to forbid it. Called once for each pair of them, in an
    /// order that depends on the logits alone.
    ///
    /// @param prefix the labels before, not to be changed
    double score(int[] prefix, int label);

    /// What the end adds to the score of all labels; 0 unless overridden.
    ///
    /// @param labels all of them, not to be changed
    default double end(int[] labels) {
        return 0;
    }
}
