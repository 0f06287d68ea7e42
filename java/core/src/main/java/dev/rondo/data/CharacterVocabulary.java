package dev.rondo.data;

import java.util.Arrays;

/// Numbers for characters: each Unicode code point that a text uses has an id from 0 on, in ascending order of the code
/// points. The same text gives the same vocabulary everywhere. Immutable.
///
/// [#symbols()] is what a model file keeps, and [#ofSymbols] reads it back.
public final class CharacterVocabulary {
    private final int[] codePoints;

    private CharacterVocabulary(int[] codePoints) {
        if (codePoints.length == 0) {
            throw new IllegalArgumentException("text: expected at least one character, got none");
        }
        for (int codePoint : codePoints) {
            if (codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE) {
                throw new IllegalArgumentException(
                        "text: expected characters, got %s, half of one".formatted(name(codePoint)));
            }
        }
        this.codePoints = codePoints;
    }

    /// The characters that occur in a text.
    ///
    /// @throws IllegalArgumentException if the text is empty or holds half of a surrogate pair
    public static CharacterVocabulary of(String text) {
        return new CharacterVocabulary(text.codePoints().sorted().distinct().toArray());
    }

    /// The characters of a vocabulary's [#symbols()].
    ///
    /// @throws IllegalArgumentException if they are not in ascending order, each once
    public static CharacterVocabulary ofSymbols(String symbols) {
        int[] codePoints = symbols.codePoints().toArray();
        for (int id = 1; id < codePoints.length; id++) {
            if (codePoints[id] <= codePoints[id - 1]) {
                throw new IllegalArgumentException("symbols: expected ascending characters, got %s after %s"
                        .formatted(name(codePoints[id]), name(codePoints[id - 1])));
            }
        }
        return new CharacterVocabulary(codePoints);
    }

    /// The number of characters.
    public int size() {
        return codePoints.length;
    }

    /// All characters in the order of their ids.
    public String symbols() {
        return new String(codePoints, 0, codePoints.length);
    }

    /// The ids of a text's characters.
    ///
    /// @throws IllegalArgumentException if a character is not in the vocabulary; the message names it and its position
    public int[] encode(String text) {
        int[] ids = text.codePoints().toArray();
        for (int position = 0; position < ids.length; position++) {
            int id = Arrays.binarySearch(codePoints, ids[position]);
            if (id < 0) {
                throw new IllegalArgumentException(
                        "character %d of the text: expected one of the %d in the vocabulary, got %s (%s)"
                                .formatted(
                                        position + 1,
                                        codePoints.length,
                                        name(ids[position]),
                                        place(text, text.offsetByCodePoints(0, position))));
            }
            ids[position] = id;
        }
        return ids;
    }

    /// The text of some ids.
    ///
    /// @throws IllegalArgumentException if an id is not in the vocabulary
    public String decode(int... ids) {
        StringBuilder text = new StringBuilder(ids.length);
        for (int id : ids) {
            text.appendCodePoint(codePointOf(id));
        }
        return text.toString();
    }

    /// The code point of an id.
    ///
    /// @throws IllegalArgumentException if it is not in the vocabulary
    public int codePointOf(int id) {
        if (id < 0 || id >= codePoints.length) {
            throw new IllegalArgumentException("id: expected 0 to %d, got %d".formatted(codePoints.length - 1, id));
        }
        return codePoints[id];
    }

    private static String place(String text, int end) {
        long line = 1 + text.substring(0, end).chars().filter(c -> c == '\n').count();
        int column = text.codePointCount(text.lastIndexOf('\n', end - 1) + 1, end) + 1;
        return "line " + line + ", column " + column;
    }

    private static String name(int codePoint) {
        String code = "U+%04X".formatted(codePoint);
        boolean visible = Character.isLetterOrDigit(codePoint) || (codePoint > ' ' && codePoint < 0x7f);
        return visible ? "'" + Character.toString(codePoint) + "' " + code : code;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof CharacterVocabulary vocabulary && Arrays.equals(codePoints, vocabulary.codePoints);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(codePoints);
    }

    @Override
    public String toString() {
        return "CharacterVocabulary(" + size() + " characters)";
    }
}
