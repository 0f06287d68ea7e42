package dev.rondo.metrics;

import java.util.ArrayList;
import java.util.List;

/// How tags mark spans (Ramshaw & Marcus 1995; Tjong Kim Sang & Veenstra 1999): `O` is outside; else a letter, and a
/// hyphen and a type where there are types: B begins a span, I is inside, E ends it, S is a span of one token.
public enum TagScheme {
    /// As the CoNLL shared tasks count (`conlleval`) and seqeval does by default: IOB1, IOB2 and IOBES alike, and every
    /// sequence of tags means something. A span begins at B and S, and at I and E behind a tag that ends a span, is
    /// outside or of another type; it ends behind E and S, and in front of a tag that begins one or is outside. So
    /// `O I-PER I-LOC` holds two spans.
    CONLL,
    /// IOB2 to the letter: a span is B and all I of its type behind it. An I that continues nothing is outside.
    IOB2,
    /// IOBES to the letter: a span is S, or B, any number of I and E, all of one type. What is incomplete is outside.
    IOBES;

    private record Tag(char letter, String type) {
        private static final Tag OUTSIDE = new Tag('O', "");

        boolean is(String letters) {
            return letters.indexOf(letter) >= 0;
        }
    }

    /// The spans of a sequence in order.
    ///
    /// @throws IllegalArgumentException if a tag is none of this scheme
    public List<Span> spans(List<String> tags) {
        List<Tag> parsed = new ArrayList<>(tags.size());
        for (int i = 0; i < tags.size(); i++) {
            parsed.add(parse(tags.get(i), i));
        }
        return switch (this) {
            case CONLL -> conll(parsed);
            case IOB2 -> iob2(parsed);
            case IOBES -> iobes(parsed);
        };
    }

    private Tag parse(String text, int index) {
        if (text.equals("O")) {
            return Tag.OUTSIDE;
        }
        String letters = this == IOB2 ? "BI" : "BIES";
        if (text.isEmpty() || letters.indexOf(text.charAt(0)) < 0 || (text.length() > 1 && text.charAt(1) != '-')) {
            throw new IllegalArgumentException("tags[%d]: expected O or one of %s, a hyphen and a type, got '%s'"
                    .formatted(index, letters, text));
        }
        return new Tag(text.charAt(0), text.length() > 1 ? text.substring(2) : "");
    }

    private static List<Span> conll(List<Tag> tags) {
        List<Span> spans = new ArrayList<>();
        int from = -1;
        Tag before = Tag.OUTSIDE;
        for (int i = 0; i < tags.size(); i++) {
            Tag tag = tags.get(i);
            boolean begins = !tag.is("O") && (tag.is("BS") || before.is("OES") || !tag.type().equals(before.type()));
            if (from >= 0 && (begins || tag.is("O") || before.is("ES"))) {
                spans.add(new Span(before.type(), from, i));
                from = -1;
            }
            if (begins) {
                from = i;
            }
            before = tag;
        }
        if (from >= 0) {
            spans.add(new Span(before.type(), from, tags.size()));
        }
        return spans;
    }

    private static List<Span> iob2(List<Tag> tags) {
        List<Span> spans = new ArrayList<>();
        for (int i = 0; i < tags.size(); i++) {
            Tag tag = tags.get(i);
            if (tag.is("B")) {
                spans.add(new Span(tag.type(), i, inside(tags, i + 1, tag.type())));
            }
        }
        return spans;
    }

    private static List<Span> iobes(List<Tag> tags) {
        List<Span> spans = new ArrayList<>();
        for (int i = 0; i < tags.size(); i++) {
            Tag tag = tags.get(i);
            if (tag.is("S")) {
                spans.add(new Span(tag.type(), i, i + 1));
            } else if (tag.is("B")) {
                int end = inside(tags, i + 1, tag.type());
                if (end < tags.size() && tags.get(end).equals(new Tag('E', tag.type()))) {
                    spans.add(new Span(tag.type(), i, end + 1));
                }
            }
        }
        return spans;
    }

    /// Behind the last I of this type from here on.
    private static int inside(List<Tag> tags, int from, String type) {
        int end = from;
        while (end < tags.size() && tags.get(end).equals(new Tag('I', type))) {
            end++;
        }
        return end;
    }
}
