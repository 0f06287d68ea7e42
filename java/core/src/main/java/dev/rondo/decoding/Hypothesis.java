package dev.rondo.decoding;

/// A sequence that a [BeamSearch] found.
///
/// @param ids without the start and the end
/// @param logProbability of the ids, and of the end where it came
/// @param score what hypotheses are compared by: the log-probability over the length penalty
/// @param ended false where the most ids were reached before the end came
public record Hypothesis(int[] ids, double logProbability, double score, boolean ended) {
    /// Copies the ids.
    public Hypothesis {
        ids = ids.clone();
    }

    /// The ids, in a new array.
    @Override
    public int[] ids() {
        return ids.clone();
    }
}
