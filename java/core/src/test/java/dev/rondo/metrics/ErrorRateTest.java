package dev.rondo.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ErrorRateTest {
    @Test
    void alignmentsWorkedOutByHand() {
        assertEquals(new EditDistance(4, 2, 0, 1), EditDistance.between("kitten", "sitting"));
        assertEquals(new EditDistance(0, 0, 3, 0), EditDistance.between("abc", ""));
        assertEquals(new EditDistance(0, 0, 0, 3), EditDistance.between("", "abc"));
        assertEquals(EditDistance.NONE, EditDistance.between(List.of(), List.of()));
        assertEquals(new EditDistance(1, 1, 0, 0), EditDistance.between("a\uD83D\uDE00", "a\uD83D\uDE01"));
    }

    @Test
    void ratesGoByTheReferences() {
        ErrorRate rate = new ErrorRate();
        rate.addWords("the cat sat  on the mat", "the cat sit on mat");
        assertEquals(2.0 / 6, rate.value());
        ErrorRate second = new ErrorRate();
        second.addWords("hi", " hi there you all ");
        assertEquals(3, second.value());
        rate.merge(second);
        rate.addWords("", "");
        assertEquals(new EditDistance(5, 1, 1, 3), rate.counts());
        assertEquals(5.0 / 7, rate.value());
        assertEquals(2.0 / 3, rate.sequenceErrorRate());
        ErrorRate characters = new ErrorRate();
        characters.addCharacters("a b", "ab");
        assertEquals(1.0 / 3, characters.value());
    }

    @Test
    void paddingIsNotLookedAt() {
        ErrorRate padded = new ErrorRate();
        int[][] references = {{1, 2, 3}, {4, 0, 0}};
        padded.addLabels(references, new int[] {3, 1}, new int[][] {{1, 3}, {4, 5}}, new int[] {2, 1});
        assertEquals(1.0 / 4, padded.value());
        assertThrows(
                IllegalArgumentException.class,
                () -> padded.addLabels(references, new int[] {3, 1}, references, new int[] {3, 4}));
        assertThrows(
                IllegalArgumentException.class,
                () -> padded.addLabels(references, new int[] {3}, references, new int[] {3, 3}));
        assertThrows(
                IllegalArgumentException.class,
                () -> padded.addLabels(references, new int[] {3, 1}, new int[1][1], new int[] {1}));
        assertEquals(1.0 / 4, padded.value());
    }

    @Test
    void distancesAreThoseOfTheDefinition() {
        SplittableRandom random = new SplittableRandom(17);
        for (int trial = 0; trial < 300; trial++) {
            int[] a = random.ints(random.nextInt(7), 0, 3).toArray();
            int[] b = random.ints(random.nextInt(7), 0, 3).toArray();
            int[] c = random.ints(random.nextInt(7), 0, 3).toArray();
            EditDistance distance = EditDistance.between(a, b);
            String seen = Arrays.toString(a) + " " + Arrays.toString(b);
            assertEquals(defined(a, a.length, b, b.length), distance.edits(), seen);
            assertEquals(a.length, distance.referenceLength(), seen);
            assertEquals(b.length, distance.hypothesisLength(), seen);
            assertEquals(distance.edits(), EditDistance.between(b, a).edits(), seen);
            assertTrue(
                    distance.edits()
                            <= EditDistance.between(a, c).edits()
                                    + EditDistance.between(c, b).edits(),
                    seen);
        }
    }

    private static int defined(int[] a, int m, int[] b, int n) {
        if (m == 0 || n == 0) {
            return m + n;
        }
        int exchanged = defined(a, m - 1, b, n - 1) + (a[m - 1] == b[n - 1] ? 0 : 1);
        return Math.min(exchanged, 1 + Math.min(defined(a, m - 1, b, n), defined(a, m, b, n - 1)));
    }

    @Test
    void aRateOfNothingIsRefused() {
        ErrorRate rate = new ErrorRate();
        assertThrows(IllegalStateException.class, rate::value);
        assertThrows(IllegalStateException.class, rate::sequenceErrorRate);
        rate.addWords(" ", "word");
        assertThrows(IllegalStateException.class, rate::value);
        assertEquals(1, rate.sequenceErrorRate());
        assertThrows(IllegalArgumentException.class, () -> new EditDistance(-1, 0, 0, 0));
    }
}
