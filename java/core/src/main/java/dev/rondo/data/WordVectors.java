package dev.rondo.data;

import dev.rondo.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.random.RandomGenerator;

/// Vectors of words, trained elsewhere, for the words of a vocabulary: the first weights of an embedding.
///
/// ```java
/// WordVectors vectors = WordVectors.read(file, Format.GLOVE, vocabulary, Missing.drawn(Initializer.normal(0.1)::values, 1));
/// model.setParameter("embedding/weight", vectors.matrix());
/// ```
///
/// A file is read once from front to back, and only what the vocabulary wants is kept, so it may be of any size. Where a
/// word stands twice, the first counts.
///
/// @param matrix float32 `[vocabulary size, D]`, a row for each id. That of padding is 0
/// @param found ids whose words are in the file
/// @param vocabulary whose words they are
/// @param words how many the file has
public record WordVectors(Tensor matrix, BitSet found, WordVocabulary vocabulary, long words) {

    /// How a file is laid out. A text file whose name ends with `.gz` is inflated on the way, a binary one too.
    public enum Format {
        /// A line for each word: the word, and D numbers, with a space in front of each (Pennington, Socher & Manning
        /// 2014). D is that of the first line; a word may hold spaces.
        GLOVE,
        /// The same behind a line with the number of words and D (`word2vec -binary 0`, Mikolov et al. 2013); a line may
        /// end with a space.
        WORD2VEC_TEXT,
        /// The line with the number of words and D, then for each word its bytes, a space and D float32, little-endian;
        /// a line feed behind them or none (`word2vec -binary 1`).
        WORD2VEC_BINARY
    }

    /// What the rows of words hold that are not in the file.
    public sealed interface Missing {
        /// Zeros.
        static Missing zeros() {
            return new Drawn((rows, columns, random) -> zeros(rows, columns), 0);
        }

        private static float[] zeros(int rows, int columns) {
            if (rows < 0 || columns < 0 || (long) rows * columns > Integer.MAX_VALUE - 8) {
                throw new IllegalArgumentException("rows, columns: expected at least 0 each and as many numbers as an array"
                        + " holds, got %d and %d".formatted(rows, columns));
            }
            return new float[rows * columns];
        }

        /// The mean of the vectors that were found.
        static Missing mean() {
            return new Mean();
        }

        /// Values as a layer's initializer draws them, such as `Initializer.normal(0.1)::values`.
        ///
        /// @param seed the same gives the same values, whatever words are missing
        static Missing drawn(Rows rows, long seed) {
            return new Drawn(rows, seed);
        }

        /// See [#mean()].
        record Mean() implements Missing {}

        /// See [#drawn].
        record Drawn(Rows rows, long seed) implements Missing {}
    }

    /// First values of a matrix.
    @FunctionalInterface
    public interface Rows {
        /// Values for `[rows, columns]`, row-major, newly made.
        float[] values(int rows, int columns, RandomGenerator random);
    }

    private static final int LARGEST_SIZE = 1 << 16;
    private static final int LONGEST_WORD = 1 << 16;

    /// Reads the vectors of a vocabulary's words.
    ///
    /// @throws DataFormatException if the file is not so laid out, has another number of words than it says, or a number
    ///     is none or not finite in a vector that is wanted; the message names the line, or the byte of a binary file
    /// @throws IOException if it cannot be read
    public static WordVectors read(Path file, Format format, WordVocabulary vocabulary, Missing missing)
            throws IOException {
        try (ByteLines lines = new ByteLines(file)) {
            Reading reading = new Reading(file, lines, vocabulary);
            switch (format) {
                case GLOVE -> reading.glove();
                case WORD2VEC_TEXT -> reading.text();
                case WORD2VEC_BINARY -> reading.binary();
            }
            return reading.result(missing);
        }
    }

    /// The share of the vocabulary's words, padding and unknown apart, that are in the file; 1 where there are none.
    public double coverage() {
        BitSet ordinary = ordinary(vocabulary);
        int all = ordinary.cardinality();
        ordinary.and(found);
        return all == 0 ? 1 : (double) ordinary.cardinality() / all;
    }

    /// The vocabulary's words, padding and unknown apart, that are not in the file, in the order of their ids.
    public List<String> missing() {
        BitSet missing = ordinary(vocabulary);
        missing.andNot(found);
        return missing.stream().mapToObj(vocabulary::word).toList();
    }

    private static BitSet ordinary(WordVocabulary vocabulary) {
        BitSet ids = new BitSet(vocabulary.size());
        ids.set(0, vocabulary.size());
        vocabulary.padding().ifPresent(ids::clear);
        vocabulary.unknown().ifPresent(ids::clear);
        return ids;
    }

    /// A word's bytes, to look for without making a string of each word of the file.
    private static final class Key {
        private byte[] bytes;
        private int length;

        Key(byte[] bytes, int length) {
            this.bytes = bytes;
            this.length = length;
        }

        Key set(byte[] bytes, int length) {
            this.bytes = bytes;
            this.length = length;
            return this;
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Key key && Arrays.equals(bytes, 0, length, key.bytes, 0, key.length);
        }

        @Override
        public int hashCode() {
            int hash = 1;
            for (int i = 0; i < length; i++) {
                hash = 31 * hash + bytes[i];
            }
            return hash;
        }
    }

    private static final class Reading {
        private final Path file;
        private final ByteLines lines;
        private final WordVocabulary vocabulary;
        private final Map<Key, Integer> wanted;
        private final Key key = new Key(new byte[0], 0);
        private final BitSet found = new BitSet();
        private float[] matrix = new float[0];
        private int size;
        private long words;

        Reading(Path file, ByteLines lines, WordVocabulary vocabulary) {
            this.file = file;
            this.lines = lines;
            this.vocabulary = vocabulary;
            wanted = HashMap.newHashMap(vocabulary.size());
            for (String word : vocabulary.words()) {
                byte[] bytes = word.getBytes(StandardCharsets.UTF_8);
                wanted.put(new Key(bytes, bytes.length), wanted.size());
            }
            vocabulary.padding().ifPresent(id -> {
                byte[] bytes = vocabulary.word(id).getBytes(StandardCharsets.UTF_8);
                wanted.remove(new Key(bytes, bytes.length));
            });
        }

        void glove() throws IOException {
            while (lines.next()) {
                if (words == 0) {
                    size(spaces(), "numbers behind the word");
                }
                line();
            }
            if (words == 0) {
                throw new DataFormatException(file, "line 1: expected a word and its vector, got the end");
            }
        }

        void text() throws IOException {
            long expected = header();
            while (lines.next()) {
                if (words == expected) {
                    throw lines.problem("expected the end after %d words, as line 1 says, got more".formatted(expected));
                }
                line();
            }
            if (words < expected) {
                throw new DataFormatException(file, "line %d: expected %d words, as line 1 says, got the end after %d"
                        .formatted(lines.number() + 1, expected, words));
            }
        }

        void binary() throws IOException {
            long expected = header();
            byte[] word = new byte[256];
            byte[] vector = new byte[size * Float.BYTES];
            for (; words < expected; words++) {
                long begin = lines.offset();
                int length = 0;
                int c = lines.read();
                // The line feed behind the vector before.
                c = c == '\n' ? lines.read() : c;
                while (c != ' ') {
                    if (c < 0) {
                        throw place(lines.offset(), "expected %d words, as line 1 says, got the end after %d", expected, words);
                    }
                    if (length == LONGEST_WORD) {
                        throw place(begin, "expected a space behind a word of at most %d bytes, got none", LONGEST_WORD);
                    }
                    word = length == word.length ? Arrays.copyOf(word, 2 * length) : word;
                    word[length++] = (byte) c;
                    c = lines.read();
                }
                if (length == 0) {
                    throw place(begin, "expected a word, got a space");
                }
                long at = lines.offset();
                for (int i = 0; i < vector.length; i++) {
                    int b = lines.read();
                    if (b < 0) {
                        throw place(at + i, "expected %d more bytes of a vector, got the end", vector.length - i);
                    }
                    vector[i] = (byte) b;
                }
                int id = claim(word, length);
                ByteBuffer values = ByteBuffer.wrap(vector).order(ByteOrder.LITTLE_ENDIAN);
                for (int d = 0; id >= 0 && d < size; d++) {
                    float value = values.getFloat();
                    if (!Float.isFinite(value)) {
                        throw place(at + (long) d * Float.BYTES, "expected a finite number, got %s", value);
                    }
                    matrix[id * size + d] = value;
                }
            }
            int c = lines.read();
            c = c == '\n' ? lines.read() : c;
            if (c >= 0) {
                throw place(lines.offset() - 1, "expected the end after %d words, as line 1 says, got more", expected);
            }
        }

        private DataFormatException place(long offset, String problem, Object... values) {
            return new DataFormatException(file, "byte " + offset + ": " + problem.formatted(values));
        }

        /// Reads the line with the number of words and D.
        private long header() throws IOException {
            String line = lines.next() && lines.length() < 64 ? lines.text() : "";
            String[] parts = line.strip().split(" ");
            if (parts.length != 2 || !(parts[0] + parts[1]).chars().allMatch(c -> c >= '0' && c <= '9')
                    || parts[0].length() > 18 || parts[0].isEmpty() || parts[1].length() > 9) {
                throw new DataFormatException(
                        file, "line 1: expected the number of words and of their vectors' numbers, got '" + line + "'");
            }
            size(Integer.parseInt(parts[1]), "numbers of a vector");
            return Long.parseLong(parts[0]);
        }

        private void size(int size, String what) throws DataFormatException {
            if (size < 1 || size > LARGEST_SIZE) {
                throw lines.problem("expected 1 to %d %s, got %d".formatted(LARGEST_SIZE, what, size));
            }
            this.size = size;
            matrix = new float[Math.multiplyExact(vocabulary.size(), size)];
        }

        private int end() {
            int end = lines.length();
            while (end > 0 && lines.line()[end - 1] == ' ') {
                end--;
            }
            return end;
        }

        private int spaces() {
            int spaces = 0;
            for (int i = end() - 1; i >= 0; i--) {
                spaces += lines.line()[i] == ' ' ? 1 : 0;
            }
            return spaces;
        }

        /// A word and its numbers: the last D fields.
        private void line() throws IOException {
            byte[] line = lines.line();
            int end = end();
            int fields = 0;
            int at = end;
            while (at > 0 && fields < size) {
                at--;
                fields += line[at] == ' ' ? 1 : 0;
            }
            if (fields < size) {
                throw lines.problem("expected a word and %d numbers, got %d fields"
                        .formatted(size, end == 0 ? 0 : fields + 1));
            }
            if (at == 0) {
                throw lines.problem("expected a word, got a space");
            }
            words++;
            int id = claim(line, at);
            for (int d = 0; id >= 0 && d < size; d++) {
                int from = at + 1;
                at = from;
                while (at < end && line[at] != ' ') {
                    at++;
                }
                matrix[id * size + d] = number(line, from, at, d);
            }
        }

        private float number(byte[] line, int from, int to, int d) throws DataFormatException {
            String text = new String(line, from, to - from, StandardCharsets.ISO_8859_1);
            try {
                float value = Float.parseFloat(text);
                if (Float.isFinite(value)) {
                    return value;
                }
            } catch (NumberFormatException e) {
                throw new DataFormatException(
                        file, "line %d: number %d: expected a number, got '%s'".formatted(lines.number(), d + 1, text), e);
            }
            throw lines.problem("number %d: expected a finite number, got %s".formatted(d + 1, text));
        }

        /// The id that a word's vector is for; -1 where it is not wanted or was there before.
        private int claim(byte[] word, int length) {
            Integer id = wanted.get(key.set(word, length));
            if (id == null || found.get(id)) {
                return -1;
            }
            found.set(id);
            return id;
        }

        WordVectors result(Missing missing) {
            OptionalInt padding = vocabulary.padding();
            float[] rows = switch (missing) {
                case Missing.Mean() -> means();
                case Missing.Drawn(Rows drawn, long seed) ->
                    drawn.values(vocabulary.size(), size, Seeds.generator(seed, "WordVectors", 0));
            };
            for (int id = 0; id < vocabulary.size(); id++) {
                if (!found.get(id) && !(padding.isPresent() && padding.getAsInt() == id)) {
                    System.arraycopy(rows, id * size, matrix, id * size, size);
                }
            }
            return new WordVectors(Tensor.of(matrix, vocabulary.size(), size), found, vocabulary, words);
        }

        private float[] means() {
            float[] rows = new float[matrix.length];
            int count = Math.max(1, found.cardinality());
            for (int d = 0; d < size; d++) {
                double sum = 0;
                for (int id = found.nextSetBit(0); id >= 0; id = found.nextSetBit(id + 1)) {
                    sum += matrix[id * size + d];
                }
                for (int id = 0; id < vocabulary.size(); id++) {
                    rows[id * size + d] = (float) (sum / count);
                }
            }
            return rows;
        }
    }
}
