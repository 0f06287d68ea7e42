package dev.rondo.text;

import com.knuddels.jtokkit.Encodings;
import com.knuddels.jtokkit.api.Encoding;
import com.knuddels.jtokkit.api.GptBytePairEncodingParams;
import dev.rondo.data.DataFormatException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Numbers for parts of words: byte pairs (Sennrich, Haddow & Birch 2016), learned from a text or read from a file.
/// Frequent words are one token, rare ones several, and since each single byte is a token, too, every text has ids: no
/// word and no character is unknown, and [#decode] gives back what [#encode] was given. JTokkit encodes. Immutable;
/// threads may share it.
///
/// ```java
/// SubwordVocabulary vocabulary =
///         SubwordVocabulary.builder().special("<pad>").special("<end>").largestSize(4_000).count(text).build();
/// int[] ids = vocabulary.encode("the lowest");
/// ```
///
/// A text is cut into pieces first, over which no token reaches: letters in a row, digits, other characters, white
/// space, each with at most one space in front, and English endings behind an apostrophe (the expression of GPT-2;
/// Radford et al. 2019).
///
/// [#text()] is what a model file keeps, and [#ofText] reads it back.
public final class SubwordVocabulary {
    private static final Pattern PIECES = Pattern.compile(
            "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
            Pattern.UNICODE_CHARACTER_CLASS);
    private static final String HEAD = "subwords ";
    private static final int BYTES = 256;

    private final List<byte[]> tokens;
    private final List<String> special;
    private final Encoding encoding;

    /// @param tokens by their ids, which are their ranks: of two that could be made, the smaller is
    private SubwordVocabulary(List<byte[]> tokens, List<String> special) {
        this.tokens = List.copyOf(tokens);
        this.special = List.copyOf(special);
        Map<ByteBuffer, Integer> distinct = HashMap.newHashMap(tokens.size());
        Map<byte[], Integer> ranks = HashMap.newHashMap(tokens.size());
        for (int id = 0; id < tokens.size(); id++) {
            byte[] token = tokens.get(id);
            if (token.length == 0) {
                throw new IllegalArgumentException("token %d: expected at least one byte, got none".formatted(id));
            }
            Integer before = distinct.put(ByteBuffer.wrap(token), id);
            if (before != null) {
                throw new IllegalArgumentException(
                        "token %d: expected each once, got the bytes of token %d".formatted(id, before));
            }
            ranks.put(token, id);
        }
        for (int b = 0; b < BYTES; b++) {
            if (!distinct.containsKey(ByteBuffer.wrap(new byte[] {(byte) b}))) {
                throw new IllegalArgumentException(
                        "tokens: expected each single byte, got none of 0x%02x".formatted(b));
            }
        }
        for (int i = 0; i < special.size(); i++) {
            check(special.get(i));
            if (special.indexOf(special.get(i)) < i) {
                throw new IllegalArgumentException("special: expected each once, got '" + special.get(i) + "' twice");
            }
        }
        String name = "subwords";
        encoding = Encodings.newLazyEncodingRegistry()
                .registerGptBytePairEncoding(new GptBytePairEncodingParams(name, PIECES, ranks, Map.of()))
                .getEncoding(name)
                .orElseThrow();
    }

    private static void check(String special) {
        if (special.isEmpty() || special.indexOf('\n') >= 0 || special.indexOf('\r') >= 0) {
            throw new IllegalArgumentException(
                    "special: expected one or more characters and no line end, got '" + special + "'");
        }
    }

    /// Begins to count.
    public static Builder builder() {
        return new Builder();
    }

    /// Reads the tokens of a `.tiktoken` file: a line for each, with its bytes in base 64, a space, and its id, from 0
    /// on.
    ///
    /// @param special what comes behind them, such as `<|endoftext|>`
    /// @throws DataFormatException if it is no such file, or lacks a byte; the message names the line
    /// @throws IOException if it cannot be read
    /// @throws IllegalArgumentException if a special token is empty, or is there twice
    public static SubwordVocabulary read(Path file, String... special) throws IOException {
        List.of(special).forEach(SubwordVocabulary::check);
        String text = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
        try {
            return new SubwordVocabulary(tokens(lines(text), 0), List.of(special));
        } catch (IllegalArgumentException e) {
            throw new DataFormatException(file, String.valueOf(e.getMessage()), e);
        }
    }

    /// The vocabulary of a [#text()].
    ///
    /// @throws IllegalArgumentException if it is none; the message names the line
    public static SubwordVocabulary ofText(String text) {
        List<String> lines = lines(text);
        String head = lines.isEmpty() ? "" : lines.getFirst();
        if (!head.matches(HEAD + "[0-9]{1,6}")) {
            throw new IllegalArgumentException(
                    "line 1: expected 'subwords' and the number of special ones, got '" + head + "'");
        }
        int special = Integer.parseInt(head.substring(HEAD.length()));
        if (lines.size() < 1 + special) {
            throw new IllegalArgumentException(
                    "line %d: expected %d special tokens, as line 1 says, got the end after %d".formatted(
                            lines.size() + 1, special, lines.size() - 1));
        }
        return new SubwordVocabulary(tokens(lines, 1 + special), lines.subList(1, 1 + special));
    }

    private static List<String> lines(String text) {
        List<String> lines = List.of(text.split("\r?\n", -1));
        return lines.getLast().isEmpty() ? lines.subList(0, lines.size() - 1) : lines;
    }

    /// @param from the first line that is a token's
    private static List<byte[]> tokens(List<String> lines, int from) {
        List<byte[]> tokens = new ArrayList<>();
        for (int i = from; i < lines.size(); i++) {
            String[] parts = lines.get(i).split(" ", -1);
            Optional<byte[]> token = parts.length == 2 ? decoded(parts[0]) : Optional.empty();
            if (token.isEmpty() || !parts[1].equals(Integer.toString(tokens.size()))) {
                throw new IllegalArgumentException("line %d: expected a token in base 64, a space and %d, got '%s'"
                        .formatted(i + 1, tokens.size(), lines.get(i)));
            }
            tokens.add(token.get());
        }
        return tokens;
    }

    private static Optional<byte[]> decoded(String base64) {
        try {
            return Optional.of(Base64.getDecoder().decode(base64));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /// All of it: a line with the number of special tokens, a line for each of them, and those of a `.tiktoken` file.
    public String text() {
        StringBuilder text = new StringBuilder(HEAD).append(special.size()).append('\n');
        special.forEach(one -> text.append(one).append('\n'));
        for (int id = 0; id < tokens.size(); id++) {
            text.append(Base64.getEncoder().encodeToString(tokens.get(id))).append(' ').append(id).append('\n');
        }
        return text.toString();
    }

    /// The number of tokens, special ones included.
    public int size() {
        return tokens.size() + special.size();
    }

    /// The special tokens, whose ids are the last; unmodifiable.
    public List<String> special() {
        return special;
    }

    /// The id of a special token, which no text has.
    ///
    /// @throws IllegalArgumentException if there is none of this name
    public int special(String name) {
        int place = special.indexOf(name);
        if (place < 0) {
            throw new IllegalArgumentException("special: expected one of %s, got '%s'".formatted(special, name));
        }
        return tokens.size() + place;
    }

    /// The ids of a text. What looks like a special token in it is text like any other.
    ///
    /// @throws IllegalArgumentException if the text holds half of a surrogate pair
    public int[] encode(String text) {
        checkWhole(text);
        return encoding.encodeOrdinary(text).toArray();
    }

    private static void checkWhole(String text) {
        for (int i = 0; i < text.length(); i++) {
            boolean whole = !Character.isSurrogate(text.charAt(i));
            if (!whole && i + 1 < text.length() && Character.isSurrogatePair(text.charAt(i), text.charAt(i + 1))) {
                i++;
                whole = true;
            }
            if (!whole) {
                throw new IllegalArgumentException("text: expected characters, got U+%04X, half of one, at %d"
                        .formatted((int) text.charAt(i), i));
            }
        }
    }

    /// The text of some ids; special ones by their names. Where a model puts bytes in a row that are no text in UTF-8,
    /// U+FFFD stands for them; a token may be a part of a character, so ids belong decoded together.
    ///
    /// @throws IllegalArgumentException if an id is not in the vocabulary
    public String decode(int... ids) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int id : ids) {
            bytes.writeBytes(bytes(id));
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    /// The bytes of a token in UTF-8, which may be a part of a character; those of its name for a special one.
    ///
    /// @throws IllegalArgumentException if it is not in the vocabulary
    public byte[] bytes(int id) {
        if (id < 0 || id >= size()) {
            throw new IllegalArgumentException("id: expected 0 to %d, got %d".formatted(size() - 1, id));
        }
        return id < tokens.size()
                ? tokens.get(id).clone()
                : special.get(id - tokens.size()).getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof SubwordVocabulary vocabulary
                && special.equals(vocabulary.special)
                && tokens.size() == vocabulary.tokens.size()
                && Arrays.deepEquals(tokens.toArray(), vocabulary.tokens.toArray());
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.deepHashCode(tokens.toArray()) + special.hashCode();
    }

    @Override
    public String toString() {
        return "SubwordVocabulary(" + size() + " tokens)";
    }

    /// Counts the pieces of texts, and learns a vocabulary from them. The same texts give the same vocabulary
    /// everywhere, in whatever order they come. For use by one thread at a time.
    public static final class Builder {
        private final Map<String, long[]> counts = new HashMap<>();
        private final List<String> special = new ArrayList<>();
        private int largestSize = 8192;
        private long smallestCount = 2;

        private Builder() {}

        /// With this token besides, such as `<pad>`, behind all others and those named before.
        ///
        /// @throws IllegalArgumentException if it is empty or holds a line end
        public Builder special(String name) {
            check(name);
            special.add(name);
            return this;
        }

        /// Of at most so many tokens, special ones included (8192).
        public Builder largestSize(int tokens) {
            if (tokens < BYTES) {
                throw new IllegalArgumentException(
                        "largestSize: expected at least 256, one for each byte, got " + tokens);
            }
            largestSize = tokens;
            return this;
        }

        /// Of pairs only that occur at least so often (2).
        public Builder smallestCount(long count) {
            if (count < 1) {
                throw new IllegalArgumentException("smallestCount: expected at least 1, got " + count);
            }
            smallestCount = count;
            return this;
        }

        /// Counts the pieces of a text, or of a line of it.
        ///
        /// @throws IllegalArgumentException if it holds half of a surrogate pair
        public Builder count(String text) {
            checkWhole(text);
            Matcher matcher = PIECES.matcher(text);
            while (matcher.find()) {
                counts.computeIfAbsent(matcher.group(), _ -> new long[1])[0]++;
            }
            return this;
        }

        /// The vocabulary of what was counted so far; smaller than it may be where there are not so many pairs.
        ///
        /// @throws IllegalArgumentException if there is no room for each byte and the special tokens, or one of these
        ///     is there twice
        public SubwordVocabulary build() {
            int room = largestSize - special.size();
            if (room < BYTES) {
                throw new IllegalArgumentException("largestSize: expected at least %d, for each byte and %s, got %d"
                        .formatted(BYTES + special.size(), special, largestSize));
            }
            return new SubwordVocabulary(BytePairs.learn(counts, room, smallestCount), special);
        }
    }
}
