package dev.rondo.decoding;

/// What a [CtcDecoder] reads from a sequence's logits.
///
/// @param labels without blanks
/// @param logProbability log of the probability of the labels, or of as much of it as the decoder has seen
/// @param score what hypotheses are compared by: the log-probability and what a [PrefixScorer] adds
public record CtcHypothesis(int[] labels, double logProbability, double score) {
    /// Copies the labels.
    public CtcHypothesis {
        labels = labels.clone();
    }

    /// The labels, in a new array.
    @Override
    public int[] labels() {
        return labels.clone();
    }
}
