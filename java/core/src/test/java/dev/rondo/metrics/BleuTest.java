package dev.rondo.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// Sentences are those of Papineni et al. (2002), as NLTK's documentation writes them, and so are the scores.
class BleuTest {
    private static final String CANDIDATE_1 =
            "It is a guide to action which ensures that the military always obeys the commands of the party";
    private static final String CANDIDATE_2 =
            "It is to insure the troops forever hearing the activity guidebook that party direct";
    private static final String REFERENCE_1 =
            "It is a guide to action that ensures that the military will forever heed Party commands";
    private static final String REFERENCE_2 =
            "It is the guiding principle which guarantees the military forces always being under the command of the Party";
    private static final String REFERENCE_3 =
            "It is the practical guide for the army always to heed the directions of the party";

    /// A few logarithms and an exponential of numbers near 1.
    private static final double CLOSE = 1e-12;

    private static List<String> words(String text) {
        return text.isEmpty() ? List.of() : List.of(text.split(" "));
    }

    private static Bleu bleu(Bleu.Smoothing smoothing, String hypothesis, String... references) {
        Bleu bleu = new Bleu(4, smoothing);
        bleu.add(Stream.of(references).map(BleuTest::words).toList(), words(hypothesis));
        return bleu;
    }

    private static final Bleu.Smoothing NONE = new Bleu.Smoothing.None();

    @Test
    void precisionsOfThePaper() {
        Bleu the = bleu(NONE, "the the the the the the the", "the cat is on the mat", "there is a cat on the mat");
        assertEquals(2.0 / 7, the.precision(1));
        assertEquals(0, the.precision(2));
        Bleu first = bleu(NONE, CANDIDATE_1, REFERENCE_1, REFERENCE_2, REFERENCE_3);
        assertEquals(17.0 / 18, first.precision(1));
        assertEquals(10.0 / 17, first.precision(2));
        Bleu second = bleu(NONE, CANDIDATE_2, REFERENCE_1, REFERENCE_2, REFERENCE_3);
        assertEquals(8.0 / 14, second.precision(1));
        assertEquals(1.0 / 13, second.precision(2));
        Bleu ofThe = bleu(NONE, "of the", REFERENCE_1, REFERENCE_2, REFERENCE_3);
        assertEquals(1, ofThe.precision(1));
        assertEquals(1, ofThe.precision(2));
        assertEquals(0, ofThe.value());
    }

    /// `sentence_bleu` and `corpus_bleu` in NLTK's documentation.
    @Test
    void publishedScores() {
        assertEquals(0.5045, bleu(NONE, CANDIDATE_1, REFERENCE_1, REFERENCE_2, REFERENCE_3).value(), 1e-4);
        Bleu corpus = bleu(NONE, CANDIDATE_1, REFERENCE_1, REFERENCE_2, REFERENCE_3);
        Bleu second = bleu(
                NONE,
                "he read the book because he was interested in world history",
                "he was interested in world history because he read the book");
        corpus.merge(second);
        assertEquals(0.5920, corpus.value(), 1e-4);
        assertEquals(29, corpus.hypothesisLength());
        // The closest of 16, 18 and 16 words to 18, and 11.
        assertEquals(29, corpus.referenceLength());
    }

    /// `SmoothingFunction` in NLTK's documentation, printed to four digits.
    @Test
    void publishedSmoothings() {
        // No precision is 0 here, so only the methods that change others differ.
        double tolerance = 1e-4;
        assertEquals(0.4118, bleu(NONE, CANDIDATE_1, REFERENCE_1).value(), tolerance);
        assertEquals(0.4118, bleu(new Bleu.Smoothing.Floor(0.1), CANDIDATE_1, REFERENCE_1).value(), tolerance);
        assertEquals(0.4452, bleu(new Bleu.Smoothing.AddK(1), CANDIDATE_1, REFERENCE_1).value(), tolerance);
        assertEquals(0.4118, bleu(new Bleu.Smoothing.Exponential(), CANDIDATE_1, REFERENCE_1).value(), tolerance);
        assertEquals(0.4118, bleu(new Bleu.Smoothing.ByLength(5), CANDIDATE_1, REFERENCE_1).value(), tolerance);
        assertEquals(0.4905, bleu(new Bleu.Smoothing.Averaged(5), CANDIDATE_1, REFERENCE_1).value(), tolerance);
    }

    /// Precisions 3/4, 1/3, 0/2 and 0/1 (and 0/1 of order 5), no brevity penalty.
    @Test
    void smoothingsWorkedOutByHand() {
        String hypothesis = "a b x d";
        String reference = "a b c d";
        assertEquals(0, bleu(NONE, hypothesis, reference).value());
        assertEquals(root(0.75, 1.0 / 3, 0.05, 0.1), bleu(new Bleu.Smoothing.Floor(0.1), hypothesis, reference).value(), CLOSE);
        assertEquals(root(0.75, 2.0 / 4, 1.0 / 3, 1.0 / 2), bleu(new Bleu.Smoothing.AddK(1), hypothesis, reference).value(), CLOSE);
        assertEquals(
                root(0.75, 1.0 / 3, 1 / (2.0 * 2), 1 / (4.0 * 1)),
                bleu(new Bleu.Smoothing.Exponential(), hypothesis, reference).value(), CLOSE);
        double third = Math.log(4) / 5 / 2 / 2;
        double fourth = Math.log(4) / 5 / 4;
        assertEquals(
                root(0.75, 1.0 / 3, third, fourth),
                bleu(new Bleu.Smoothing.ByLength(5), hypothesis, reference).value(), CLOSE);
        double m1 = (1.75 + 0.75 + 1.0 / 3) / 3;
        double m2 = (m1 + 1.0 / 3 + third) / 3;
        double m3 = (m2 + third + fourth) / 3;
        double m4 = (m3 + fourth + 0) / 3;
        assertEquals(root(m1, m2, m3, m4), bleu(new Bleu.Smoothing.Averaged(5), hypothesis, reference).value(), CLOSE);
        assertEquals(0, bleu(new Bleu.Smoothing.AddK(1), "x y z w", reference).value(), "no word is right");
    }

    private static double root(double... p) {
        return Math.pow(p[0] * p[1] * p[2] * p[3], 0.25);
    }

    @Test
    void brevity() {
        assertEquals(1, bleu(NONE, "a b c d", "a b c d").value());
        assertEquals(Math.exp(1 - 6.0 / 4), bleu(NONE, "a b c d", "a b c d e f").value(), CLOSE);
        assertEquals(1, bleu(NONE, "a b c d e", "a b c d").brevityPenalty());
        // 3 and 5 are as close to 4: the shorter counts.
        assertEquals(3, bleu(NONE, "a b c d", "a b c d e", "a b c").referenceLength());
        assertEquals(0, bleu(NONE, "", "a").value());
        assertEquals(0, bleu(NONE, "", "a").brevityPenalty());
    }

    /// Order of references, of sentences, and parts do not matter; the mean of sentences' scores is another number.
    @Test
    void aCorpusIsTheSumOfItsParts() {
        Bleu whole = bleu(NONE, CANDIDATE_1, REFERENCE_1, REFERENCE_2, REFERENCE_3);
        whole.merge(bleu(NONE, CANDIDATE_2, REFERENCE_1));
        Bleu turned = bleu(NONE, CANDIDATE_2, REFERENCE_1);
        turned.add(Stream.of(REFERENCE_3, REFERENCE_1, REFERENCE_2).map(BleuTest::words).toList(), words(CANDIDATE_1));
        assertEquals(whole.value(), turned.value());
    }

    @Test
    void badInputIsRefused() {
        Bleu bleu = new Bleu();
        assertThrows(IllegalStateException.class, bleu::value);
        assertThrows(IllegalStateException.class, bleu::brevityPenalty);
        assertThrows(IllegalArgumentException.class, () -> bleu.add(List.of(), List.of("a")));
        assertThrows(IllegalArgumentException.class, () -> bleu.add(List.of(List.of("a"), List.of()), List.of("a")));
        assertThrows(IllegalArgumentException.class, () -> bleu.precision(5));
        assertThrows(IllegalArgumentException.class, () -> bleu.merge(new Bleu(3, NONE)));
        assertThrows(IllegalArgumentException.class, () -> new Bleu(0, NONE));
        assertThrows(IllegalArgumentException.class, () -> new Bleu.Smoothing.Floor(0));
        assertThrows(IllegalArgumentException.class, () -> new Bleu.Smoothing.AddK(Double.NaN));
        assertThrows(IllegalArgumentException.class, () -> new Bleu.Smoothing.ByLength(-1));
    }
}
