package dev.rondo.data;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/// Numbers for words: a padding and an unknown word first, where there are such, then the words of a text by how often
/// they occur in it, and words as frequent as one another in the order of [String#compareTo]. The same text gives the
/// same vocabulary everywhere. Immutable.
///
/// ```java
/// WordVocabulary.Builder builder = WordVocabulary.builder().padding("<pad>").unknown("<unk>").largestSize(10_000);
/// lines.forEach(line -> builder.count(tokenizer.split(line)));
/// WordVocabulary vocabulary = builder.build();
/// ```
///
/// [#text()] is what a model file keeps, and [#ofText] reads it back.
public final class WordVocabulary {
    private static final String PADDING = "padding";
    private static final String UNKNOWN = "unknown";

    private final List<String> words;
    private final Map<String, Integer> ids;
    private final OptionalInt padding;
    private final OptionalInt unknown;

    /// @param words distinct, the special ones first
    private WordVocabulary(List<String> words, boolean hasPadding, boolean hasUnknown) {
        this.words = List.copyOf(words);
        padding = hasPadding ? OptionalInt.of(0) : OptionalInt.empty();
        unknown = hasUnknown ? OptionalInt.of(hasPadding ? 1 : 0) : OptionalInt.empty();
        ids = HashMap.newHashMap(words.size());
        for (String word : words) {
            check(word);
            if (ids.put(word, ids.size()) != null) {
                throw new IllegalArgumentException("words: expected each once, got '" + word + "' twice");
            }
        }
        if (words.isEmpty()) {
            throw new IllegalArgumentException("words: expected at least one, got none");
        }
    }

    private static void check(String word) {
        if (word.isEmpty() || word.indexOf('\n') >= 0) {
            throw new IllegalArgumentException("word: expected one or more characters and no line end, got '" + word + "'");
        }
    }

    /// Begins to count words.
    public static Builder builder() {
        return new Builder();
    }

    /// The vocabulary of a [#text()].
    ///
    /// @throws IllegalArgumentException if it is none; the message names the line
    public static WordVocabulary ofText(String text) {
        List<String> lines = List.of(text.split("\n", -1));
        List<String> special = List.of(lines.getFirst().split(" ", -1));
        boolean hasPadding = special.contains(PADDING);
        boolean hasUnknown = special.contains(UNKNOWN);
        String first = head(hasPadding, hasUnknown);
        if (!lines.getFirst().equals(first)) {
            throw new IllegalArgumentException("line 1: expected 'words', and 'padding' and 'unknown' behind it where "
                    + "there are such, got '" + lines.getFirst() + "'");
        }
        List<String> words = lines.subList(1, lines.size());
        if (words.contains("")) {
            throw new IllegalArgumentException("line %d: expected a word, got none".formatted(words.indexOf("") + 2));
        }
        if (words.size() < special.size() - 1) {
            throw new IllegalArgumentException(
                    "line %d: expected one of the words that line 1 tells of, got the end".formatted(lines.size() + 1));
        }
        return new WordVocabulary(words, hasPadding, hasUnknown);
    }

    private static String head(boolean hasPadding, boolean hasUnknown) {
        return "words" + (hasPadding ? " " + PADDING : "") + (hasUnknown ? " " + UNKNOWN : "");
    }

    /// All of it: a line that tells which special words there are, and a line for each word in the order of the ids.
    public String text() {
        return head(padding.isPresent(), unknown.isPresent()) + "\n" + String.join("\n", words);
    }

    /// The number of words, special ones included.
    public int size() {
        return words.size();
    }

    /// All words in the order of their ids; unmodifiable.
    public List<String> words() {
        return words;
    }

    /// The id of padding, which no word of a text has.
    public OptionalInt padding() {
        return padding;
    }

    /// The id of all words that are not in the vocabulary.
    public OptionalInt unknown() {
        return unknown;
    }

    /// The id of a word, if it is in the vocabulary.
    public OptionalInt find(String word) {
        Integer id = ids.get(word);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /// The ids of words; [#unknown()] for those not in the vocabulary.
    ///
    /// @throws IllegalArgumentException if a word is not in it and there is no unknown word; the message names it and
    ///     its position
    public int[] encode(List<String> text) {
        int[] encoded = new int[text.size()];
        int position = 0;
        for (String word : text) {
            Integer id = ids.get(word);
            if (id == null && unknown.isEmpty()) {
                throw new IllegalArgumentException("word %d of the text: expected one of the %d in the vocabulary, got '%s'"
                        .formatted(position + 1, size(), word));
            }
            encoded[position++] = id == null ? unknown.getAsInt() : id;
        }
        return encoded;
    }

    /// The words of some ids.
    ///
    /// @throws IllegalArgumentException if an id is not in the vocabulary
    public List<String> decode(int... ids) {
        List<String> text = new ArrayList<>(ids.length);
        for (int id : ids) {
            text.add(word(id));
        }
        return text;
    }

    /// The word of an id.
    ///
    /// @throws IllegalArgumentException if it is not in the vocabulary
    public String word(int id) {
        if (id < 0 || id >= size()) {
            throw new IllegalArgumentException("id: expected 0 to %d, got %d".formatted(size() - 1, id));
        }
        return words.get(id);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof WordVocabulary vocabulary
                && words.equals(vocabulary.words)
                && padding.equals(vocabulary.padding)
                && unknown.equals(vocabulary.unknown);
    }

    @Override
    public int hashCode() {
        return words.hashCode();
    }

    @Override
    public String toString() {
        return "WordVocabulary(" + size() + " words)";
    }

    /// Counts words, and makes a vocabulary of the most frequent. For use by one thread at a time.
    public static final class Builder {
        private final Map<String, long[]> counts = new HashMap<>();
        private Optional<String> padding = Optional.empty();
        private Optional<String> unknown = Optional.empty();
        private int largestSize = Integer.MAX_VALUE;
        private long smallestCount = 1;

        private Builder() {}

        /// With this word, such as `<pad>`, as id 0, however often it occurs.
        public Builder padding(String word) {
            check(word);
            padding = Optional.of(word);
            return this;
        }

        /// With this word, such as `<unk>`, as the first id behind the padding's, however often it occurs. It stands for
        /// all that are not in the vocabulary.
        public Builder unknown(String word) {
            check(word);
            unknown = Optional.of(word);
            return this;
        }

        /// Of at most so many words, special ones included.
        public Builder largestSize(int words) {
            if (words < 1) {
                throw new IllegalArgumentException("largestSize: expected at least 1, got " + words);
            }
            largestSize = words;
            return this;
        }

        /// Of words only that occur at least so often.
        public Builder smallestCount(long count) {
            if (count < 1) {
                throw new IllegalArgumentException("smallestCount: expected at least 1, got " + count);
            }
            smallestCount = count;
            return this;
        }

        /// Counts the words of a text, or of a part of it.
        ///
        /// @throws IllegalArgumentException if one is empty or holds a line end
        public Builder count(Iterable<String> words) {
            for (String word : words) {
                check(word);
                counts.computeIfAbsent(word, w -> new long[1])[0]++;
            }
            return this;
        }

        /// The vocabulary of what was counted so far.
        ///
        /// @throws IllegalArgumentException if it would have no word, no room for the special words, or both are the same
        public WordVocabulary build() {
            List<String> special = new ArrayList<>();
            padding.ifPresent(special::add);
            unknown.ifPresent(special::add);
            if (special.size() > largestSize) {
                throw new IllegalArgumentException(
                        "largestSize: expected room for %s, got %d".formatted(special, largestSize));
            }
            List<String> words = new ArrayList<>(special);
            counts.entrySet().stream()
                    .filter(entry -> entry.getValue()[0] >= smallestCount && !special.contains(entry.getKey()))
                    .sorted(Comparator.<Map.Entry<String, long[]>>comparingLong(entry -> -entry.getValue()[0])
                            .thenComparing(Map.Entry::getKey))
                    .limit(largestSize - special.size())
                    .forEach(entry -> words.add(entry.getKey()));
            return new WordVocabulary(words, padding.isPresent(), unknown.isPresent());
        }
    }
}
