package dev.rondo.metrics;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/// The fewest edits that turn a reference into a hypothesis (Levenshtein 1966), by the algorithm of Wagner & Fischer
/// (1974). Of several alignments with the fewest edits it counts the one that, seen from the end, prefers a match or
/// substitution to a deletion and a deletion to an insertion; the sum does not depend on it.
///
/// @param matches items that are the same in both
/// @param substitutions items of the reference that another stands for
/// @param deletions items of the reference that are missing from the hypothesis
/// @param insertions items of the hypothesis that the reference has not
public record EditDistance(long matches, long substitutions, long deletions, long insertions) {
    /// Between nothing and nothing.
    public static final EditDistance NONE = new EditDistance(0, 0, 0, 0);

    public EditDistance {
        if (matches < 0 || substitutions < 0 || deletions < 0 || insertions < 0) {
            throw new IllegalArgumentException("EditDistance: expected counts of at least 0, got %d, %d, %d and %d"
                    .formatted(matches, substitutions, deletions, insertions));
        }
    }

    /// Between numbers, such as tokens or labels.
    public static EditDistance between(int[] reference, int[] hypothesis) {
        return between(
                Arrays.stream(reference).boxed().toList(),
                Arrays.stream(hypothesis).boxed().toList());
    }

    /// Between the characters (code points) of texts.
    public static EditDistance between(String reference, String hypothesis) {
        return between(reference.codePoints().toArray(), hypothesis.codePoints().toArray());
    }

    /// Between lists. Time and memory grow as `reference.size() * hypothesis.size()`; 4 bytes each.
    public static EditDistance between(List<?> reference, List<?> hypothesis) {
        int rows = reference.size();
        int columns = hypothesis.size();
        int[][] edits = new int[rows + 1][columns + 1];
        for (int r = 0; r <= rows; r++) {
            for (int h = 0; h <= columns; h++) {
                if (r == 0 || h == 0) {
                    edits[r][h] = r + h;
                } else {
                    int diagonal = edits[r - 1][h - 1] + cost(reference, r, hypothesis, h);
                    edits[r][h] = Math.min(diagonal, 1 + Math.min(edits[r - 1][h], edits[r][h - 1]));
                }
            }
        }
        long matches = 0;
        long substitutions = 0;
        long deletions = 0;
        long insertions = 0;
        int r = rows;
        int h = columns;
        while (r > 0 || h > 0) {
            if (r > 0 && h > 0 && edits[r][h] == edits[r - 1][h - 1] + cost(reference, r, hypothesis, h)) {
                if (edits[r][h] == edits[r - 1][h - 1]) {
                    matches++;
                } else {
                    substitutions++;
                }
                r--;
                h--;
            } else if (r > 0 && edits[r][h] == edits[r - 1][h] + 1) {
                deletions++;
                r--;
            } else {
                insertions++;
                h--;
            }
        }
        return new EditDistance(matches, substitutions, deletions, insertions);
    }

    private static int cost(List<?> reference, int r, List<?> hypothesis, int h) {
        return Objects.equals(reference.get(r - 1), hypothesis.get(h - 1)) ? 0 : 1;
    }

    /// The counts of both.
    public EditDistance plus(EditDistance more) {
        return new EditDistance(
                matches + more.matches,
                substitutions + more.substitutions,
                deletions + more.deletions,
                insertions + more.insertions);
    }

    /// Number of edits.
    public long edits() {
        return substitutions + deletions + insertions;
    }

    /// Number of items of the reference.
    public long referenceLength() {
        return matches + substitutions + deletions;
    }

    /// Number of items of the hypothesis.
    public long hypothesisLength() {
        return matches + substitutions + insertions;
    }

    /// Edits an item of the reference, `(S + D + I) / N`.
    ///
    /// @throws IllegalStateException if the reference is empty
    public double rate() {
        if (referenceLength() == 0) {
            throw new IllegalStateException("rate: expected a reference with items, got none");
        }
        return (double) edits() / referenceLength();
    }
}
