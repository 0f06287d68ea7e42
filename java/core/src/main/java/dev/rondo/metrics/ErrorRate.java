package dev.rondo.metrics;

import java.util.Arrays;
import java.util.List;

/// Word, character or label error rate: the edits of all sequences by the items of all references,
/// `sum (S + D + I) / sum N`. It may exceed 1. Give words for the word error rate, characters or labels for the others.
///
/// For use by one thread at a time.
public final class ErrorRate {
    private EditDistance sum = EditDistance.NONE;
    private long sequences;
    private long wrong;

    /// Of nothing yet.
    public ErrorRate() {}

    /// Counts the words of a sentence, which white space parts. Case and punctuation count as they stand.
    public void addWords(String reference, String hypothesis) {
        count(EditDistance.between(words(reference), words(hypothesis)));
    }

    /// Counts the characters (code points) of a text, spaces among them.
    public void addCharacters(String reference, String hypothesis) {
        count(EditDistance.between(reference, hypothesis));
    }

    /// Counts the labels of a sequence, such as those of CTC after its blanks and repetitions are taken away.
    public void addLabels(int[] reference, int[] hypothesis) {
        count(EditDistance.between(reference, hypothesis));
    }

    /// Counts the labels of B padded sequences.
    ///
    /// @param references B rows of at least the length that is told
    /// @param referenceLengths B numbers
    /// @param hypotheses B rows of at least the length that is told
    /// @param hypothesisLengths B numbers
    /// @throws IllegalArgumentException if the numbers of rows differ or a length exceeds its row; nothing is counted
    ///     then
    public void addLabels(
            int[][] references, int[] referenceLengths, int[][] hypotheses, int[] hypothesisLengths) {
        Arguments.sameLength("hypotheses", references.length, hypotheses.length);
        checkLengths("referenceLengths", references, referenceLengths);
        checkLengths("hypothesisLengths", hypotheses, hypothesisLengths);
        for (int b = 0; b < references.length; b++) {
            addLabels(
                    Arrays.copyOf(references[b], referenceLengths[b]),
                    Arrays.copyOf(hypotheses[b], hypothesisLengths[b]));
        }
    }

    /// Counts the items of a sequence, compared by `equals`.
    public void add(List<?> reference, List<?> hypothesis) {
        count(EditDistance.between(reference, hypothesis));
    }

    /// Counts all that another has counted.
    public void merge(ErrorRate other) {
        sum = sum.plus(other.sum);
        sequences += other.sequences;
        wrong += other.wrong;
    }

    /// The rate.
    ///
    /// @throws IllegalStateException if no reference had an item
    public double value() {
        return sum.rate();
    }

    /// The fraction of sequences with an edit: the sentence error rate.
    ///
    /// @throws IllegalStateException if nothing was counted
    public double sequenceErrorRate() {
        if (sequences == 0) {
            throw new IllegalStateException("sequenceErrorRate: expected sequences, got none");
        }
        return (double) wrong / sequences;
    }

    /// Matches, substitutions, deletions and insertions of all sequences.
    public EditDistance counts() {
        return sum;
    }

    private void count(EditDistance distance) {
        sum = sum.plus(distance);
        sequences++;
        if (distance.edits() > 0) {
            wrong++;
        }
    }

    private static List<String> words(String text) {
        String stripped = text.strip();
        return stripped.isEmpty() ? List.of() : List.of(stripped.split("\\s+"));
    }

    private static void checkLengths(String name, int[][] rows, int[] lengths) {
        Arguments.sameLength(name, rows.length, lengths.length);
        for (int b = 0; b < lengths.length; b++) {
            if (lengths[b] < 0 || lengths[b] > rows[b].length) {
                throw new IllegalArgumentException(
                        "%s[%d]: expected a number in [0, %d], got %d".formatted(name, b, rows[b].length, lengths[b]));
            }
        }
    }
}
