package dev.rondo.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SpanScoresTest {
    private static List<String> tags(String text) {
        return List.of(text.split(" "));
    }

    private static Span span(String type, int from, int to) {
        return new Span(type, from, to);
    }

    /// The example of seqeval's introduction.
    @Test
    void workedOutByHand() {
        SpanScores scores = new SpanScores(TagScheme.CONLL);
        scores.add(tags("O O O B-MISC I-MISC I-MISC O"), tags("O O B-MISC I-MISC I-MISC I-MISC O"));
        scores.add(tags("B-PER I-PER O"), tags("B-PER I-PER O"));
        assertEquals(Set.of("MISC", "PER"), scores.types());
        assertEquals(new SpanScores.Counts(0, 1, 1), scores.of("MISC"));
        assertEquals(new SpanScores.Counts(1, 2, 2), scores.overall());
        assertEquals(0.5, scores.overall().f1());
        assertEquals(0.5, scores.f1(Average.MICRO));
        assertEquals(0.5, scores.f1(Average.MACRO));
        assertEquals(0.5, scores.f1(Average.WEIGHTED));
        assertEquals(0, scores.of("LOC").f1());
        scores.add(tags("B-PER O O"), tags("O B-PER B-PER"));
        assertEquals(new SpanScores.Counts(1, 3, 2), scores.of("PER"));
        assertEquals(1.0 / 3, scores.of("PER").precision());
        assertEquals(0.5, scores.of("PER").recall());
        assertEquals(0.4, scores.of("PER").f1());
        assertEquals((0.4 * 2 + 0) / 3, scores.f1(Average.WEIGHTED));
        assertEquals(0.25, scores.precision(Average.MICRO));
        assertEquals(0.25, scores.recall(Average.MACRO));
    }

    @Test
    void illFormedTags() {
        assertEquals(
                List.of(span("A", 1, 2), span("B", 2, 4), span("B", 4, 5)),
                TagScheme.CONLL.spans(tags("O I-A I-B I-B B-B")));
        assertEquals(List.of(span("B", 4, 5)), TagScheme.IOB2.spans(tags("O I-A I-B I-B B-B")));
        assertEquals(List.of(span("A", 0, 1)), TagScheme.IOB2.spans(tags("B-A I-B I-A")));
        assertEquals(
                List.of(span("A", 0, 1), span("A", 1, 2), span("A", 3, 4)),
                TagScheme.CONLL.spans(tags("S-A E-A O E-A")));
        assertEquals(List.of(span("A", 0, 1)), TagScheme.IOBES.spans(tags("S-A E-A B-A I-A I-B E-A B-A")));
        assertEquals(
                List.of(span("A", 0, 2), span("A", 2, 3), span("B", 3, 4)),
                TagScheme.CONLL.spans(tags("B-A E-A I-A S-B")));
        assertEquals(List.of(span("", 0, 2), span("", 2, 3)), TagScheme.CONLL.spans(tags("I I B O")));
        assertEquals(List.of(span("a-b", 0, 1)), TagScheme.IOB2.spans(tags("B-a-b")));
    }

    /// Random spans come back from tags of each scheme, read by it and as CoNLL.
    @Test
    void tagsAndBack() {
        SplittableRandom random = new SplittableRandom(23);
        for (int trial = 0; trial < 200; trial++) {
            int length = random.nextInt(1, 20);
            List<Span> spans = new ArrayList<>();
            String[] iob1 = new String[length];
            String[] iob2 = new String[length];
            String[] iobes = new String[length];
            for (String[] row : List.of(iob1, iob2, iobes)) {
                Arrays.fill(row, "O");
            }
            for (int at = random.nextInt(3); at < length; at += random.nextInt(2)) {
                String type = random.nextBoolean() ? "-A" : "-B";
                int end = Math.min(length, at + random.nextInt(1, 5));
                boolean touches = at > 0 && iob1[at - 1].endsWith(type);
                for (int i = at; i < end; i++) {
                    iob1[i] = (i == at && touches ? "B" : "I") + type;
                    iob2[i] = (i == at ? "B" : "I") + type;
                    iobes[i] = (end - at == 1 ? "S" : i == at ? "B" : i == end - 1 ? "E" : "I") + type;
                }
                spans.add(span(type.substring(1), at, end));
                at = end;
            }
            assertEquals(spans, TagScheme.CONLL.spans(List.of(iob1)));
            assertEquals(spans, TagScheme.CONLL.spans(List.of(iob2)));
            assertEquals(spans, TagScheme.CONLL.spans(List.of(iobes)));
            assertEquals(spans, TagScheme.IOB2.spans(List.of(iob2)));
            assertEquals(spans, TagScheme.IOBES.spans(List.of(iobes)));
        }
    }

    @Test
    void paddedBatchesAndPartsComeToTheSame() {
        List<String> names = List.of("O", "B-A", "I-A");
        int[] targets = {1, 2, 2, 0, 1, 9};
        int[] predictions = {1, 2, 0, 0, 1, 2};
        SpanScores batch = new SpanScores(TagScheme.IOB2);
        batch.add(names, targets, predictions, new int[] {3, 2});
        SpanScores sentences = new SpanScores(TagScheme.IOB2);
        sentences.add(tags("O B-A"), tags("O B-A"));
        SpanScores first = new SpanScores(TagScheme.IOB2);
        first.add(tags("B-A I-A I-A"), tags("B-A I-A O"));
        sentences.merge(first);
        assertEquals(new SpanScores.Counts(1, 2, 2), batch.overall());
        assertEquals(batch.overall(), sentences.overall());
        sentences.merge(sentences);
        assertEquals(new SpanScores.Counts(2, 4, 4), sentences.overall());
    }

    @Test
    void badInputIsRefusedAndCountsNothing() {
        SpanScores scores = new SpanScores(TagScheme.IOB2);
        assertThrows(IllegalArgumentException.class, () -> scores.add(tags("B-A O"), tags("B-A")));
        for (String bad : List.of("X-A", "E-A", "BA", "o", "", "O-A")) {
            assertThrows(IllegalArgumentException.class, () -> scores.add(List.of("B-A"), List.of(bad)), bad);
        }
        List<String> names = List.of("O", "B-A");
        assertThrows(
                IllegalArgumentException.class,
                () -> scores.add(names, new int[] {1, 1}, new int[] {1, 2}, new int[] {1, 1}));
        assertThrows(
                IllegalArgumentException.class,
                () -> scores.add(names, new int[] {1, 1}, new int[] {1, 1}, new int[] {1, 2}));
        assertThrows(
                IllegalArgumentException.class,
                () -> scores.add(names, new int[] {1, 1, 1}, new int[] {1, 1, 1}, new int[] {1, 1}));
        assertThrows(IllegalArgumentException.class, () -> scores.merge(new SpanScores(TagScheme.IOBES)));
        assertThrows(IllegalArgumentException.class, () -> span("A", 1, 1));
        assertEquals(Collections.emptySet(), scores.types());
        assertEquals(0, scores.f1(Average.MACRO));
    }
}
