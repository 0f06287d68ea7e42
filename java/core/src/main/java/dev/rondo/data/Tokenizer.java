package dev.rondo.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Cuts a text into words.
///
/// | | `Don't panic, it's 3.5 m!` |
/// |---|---|
/// | `Tokenizer.whitespace()` | `Don't` `panic,` `it's` `3.5` `m!` |
/// | `Tokenizer.words()` | `Don't` `panic` `,` `it's` `3` `.` `5` `m` `!` |
/// | `Tokenizer.words().lowerCase()` | `don't` `panic` `,` `it's` `3` `.` `5` `m` `!` |
///
/// It knows no language: it goes by Unicode's classes of characters, so the same text gives the same words everywhere.
/// Nothing is normalised.
///
/// @param units what a word is
/// @param letters whether words keep their capitals
public record Tokenizer(Units units, Letters letters) {

    /// What a word is.
    public enum Units {
        /// What stands between white space ([Character#isWhitespace] and the no-break spaces).
        WHITESPACE,
        /// As many letters, digits and combining marks in a row as there are, also over an apostrophe (`'` or U+2019)
        /// between two of them. Every other character but white space is a word of its own.
        WORDS
    }

    /// Whether words keep their capitals.
    public enum Letters {
        /// As in the text.
        AS_THEY_ARE,
        /// In lower case, by Unicode's mapping and no language's.
        LOWER_CASE
    }

    /// Cuts at white space.
    public static Tokenizer whitespace() {
        return new Tokenizer(Units.WHITESPACE, Letters.AS_THEY_ARE);
    }

    /// Cuts into words and punctuation.
    public static Tokenizer words() {
        return new Tokenizer(Units.WORDS, Letters.AS_THEY_ARE);
    }

    /// With words in lower case.
    public Tokenizer lowerCase() {
        return new Tokenizer(units, Letters.LOWER_CASE);
    }

    /// The words of a text, in order; none is empty.
    public List<String> split(String text) {
        String cut = letters == Letters.LOWER_CASE ? text.toLowerCase(Locale.ROOT) : text;
        List<String> words = new ArrayList<>();
        int at = 0;
        while (at < cut.length()) {
            int first = cut.codePointAt(at);
            int end = at + Character.charCount(first);
            if (!isSpace(first)) {
                end = end(cut, at, end);
                words.add(cut.substring(at, end));
            }
            at = end;
        }
        return words;
    }

    /// Where the word that begins at `from` ends.
    ///
    /// @param next behind its first character
    private int end(String text, int from, int next) {
        int end = next;
        switch (units) {
            case WHITESPACE -> {
                while (end < text.length() && !isSpace(text.codePointAt(end))) {
                    end += Character.charCount(text.codePointAt(end));
                }
            }
            case WORDS -> {
                if (isPart(text.codePointAt(from))) {
                    while (end < text.length()) {
                        int behind = isApostrophe(text.charAt(end)) ? end + 1 : end;
                        if (behind == text.length() || !isPart(text.codePointAt(behind))) {
                            break;
                        }
                        end = behind + Character.charCount(text.codePointAt(behind));
                    }
                }
            }
        }
        return end;
    }

    private static boolean isSpace(int c) {
        return Character.isWhitespace(c) || Character.isSpaceChar(c);
    }

    private static boolean isPart(int c) {
        return Character.isLetterOrDigit(c)
                || Character.getType(c) == Character.NON_SPACING_MARK
                || Character.getType(c) == Character.COMBINING_SPACING_MARK;
    }

    private static boolean isApostrophe(char c) {
        return c == '\'' || c == '\u2019';
    }
}
