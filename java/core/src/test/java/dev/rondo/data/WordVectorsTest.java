package dev.rondo.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.data.WordVectors.Format;
import dev.rondo.data.WordVectors.Missing;
import dev.rondo.layers.Initializer;
import dev.rondo.tensor.Shape;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class WordVectorsTest {
    private static final Path DATA = Path.of(System.getProperty("rondo.data", "../shared/data"));

    /// Ids: padding 0, unknown 1, "a" 2, the word with an accent 3, "no" 4, "x y" 5.
    private static final WordVocabulary VOCABULARY = WordVocabulary.builder()
            .padding("<pad>")
            .unknown("<unk>")
            .count(List.of("a", "caf\u00e9", "no", "x y"))
            .build();

    private static final String LINES = "the 9 9\ncaf\u00e9 1.5 -2\nx y 3 4e1\n<pad> 7 7\na 0.5 6\na 8 8\n";

    @TempDir
    Path folder;

    private Path file(Format format) throws IOException {
        return switch (format) {
            case GLOVE -> write("a.txt", LINES.getBytes(StandardCharsets.UTF_8));
            case WORD2VEC_TEXT -> write("a.vec", ("6 2\n" + LINES.replace("\n", " \n")).getBytes(StandardCharsets.UTF_8));
            // A word of a binary file has no space.
            case WORD2VEC_BINARY -> write("a.bin", binary());
        };
    }

    private static byte[] binary() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write("5 2\n".getBytes(StandardCharsets.UTF_8));
        for (String line : LINES.replace("x y 3 4e1\n", "").split("\n")) {
            String[] parts = line.split(" ");
            out.write((parts[0] + " ").getBytes(StandardCharsets.UTF_8));
            out.write(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN)
                    .putFloat(Float.parseFloat(parts[1])).putFloat(Float.parseFloat(parts[2])).array());
            // A line feed behind a vector or none.
            if (!parts[0].equals("the")) {
                out.write('\n');
            }
        }
        return out.toByteArray();
    }

    private Path write(String name, byte[] bytes) throws IOException {
        Path file = folder.resolve(name);
        Files.write(file, bytes);
        return file;
    }

    @ParameterizedTest
    @EnumSource
    void eachWordGetsItsFirstVector(Format format) throws IOException {
        boolean spaced = format != Format.WORD2VEC_BINARY;
        WordVectors vectors = WordVectors.read(file(format), format, VOCABULARY, Missing.mean());
        assertEquals(Shape.of(6, 2), vectors.matrix().shape());
        // Means of the found: (0.5 + 1.5 + 3) / 3 and (6 - 2 + 40) / 3, or without the spaced word 2 / 2 and 4 / 2.
        float x = spaced ? 5f / 3 : 1;
        float y = spaced ? 44f / 3 : 2;
        assertArrayEquals(
                new float[] {0, 0, x, y, 0.5f, 6, 1.5f, -2, x, y, spaced ? 3 : x, spaced ? 40 : y},
                vectors.matrix().toFloats());
        assertEquals(spaced ? 0.75 : 0.5, vectors.coverage());
        assertEquals(spaced ? List.of("no") : List.of("no", "x y"), vectors.missing());
        assertEquals(spaced ? 6 : 5, vectors.words());
    }

    @Test
    void missingRowsAreDrawnFromTheSeedAlone() throws IOException {
        Missing drawn = Missing.drawn(Initializer.normal(0.1)::values, 3);
        float[] once = WordVectors.read(file(Format.GLOVE), Format.GLOVE, VOCABULARY, drawn).matrix().toFloats();
        float[] again = WordVectors.read(file(Format.WORD2VEC_BINARY), Format.WORD2VEC_BINARY, VOCABULARY, drawn)
                .matrix().toFloats();
        assertTrue(once[8] != 0 && once[8] != once[9] && Math.abs(once[8]) < 1, Arrays.toString(once));
        assertArrayEquals(Arrays.copyOf(once, 10), Arrays.copyOf(again, 10));
        float[] zeros = WordVectors.read(file(Format.GLOVE), Format.GLOVE, VOCABULARY, Missing.zeros()).matrix().toFloats();
        assertEquals(0, zeros[8]);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            GLOVE         | ''               | line 1: expected a word and its vector, got the end
            GLOVE         | a                | line 1: expected 1 to 65536 numbers behind the word, got 0
            GLOVE         | b 1 2;a 1        | line 2: expected a word and 2 numbers, got 2 fields
            GLOVE         | b 1 2;a 1 two    | line 2: number 2: expected a number, got 'two'
            GLOVE         | b 1 2;a NaN 2    | line 2: number 1: expected a finite number, got NaN
            GLOVE         | b 1 2;a 1 1e99   | line 2: number 2: expected a finite number, got 1e99
            WORD2VEC_TEXT | 2 two;a 1 2      | line 1: expected the number of words and of their vectors' numbers, got '2 two'
            WORD2VEC_TEXT | 2 2;a 1 2        | line 3: expected 2 words, as line 1 says, got the end after 1
            WORD2VEC_TEXT | 1 2;a 1 2;b 1 2  | line 3: expected the end after 1 words, as line 1 says, got more
            WORD2VEC_TEXT | 1 0;a            | line 1: expected 1 to 65536 numbers of a vector, got 0
            WORD2VEC_TEXT | 1 2; 1 2         | line 2: expected a word, got a space
            WORD2VEC_BINARY | 1 2;a 1234567  | byte 13: expected 1 more bytes of a vector, got the end
            WORD2VEC_BINARY | 2 2;a 12345678 | byte 14: expected 2 words, as line 1 says, got the end after 1
            WORD2VEC_BINARY | 1 2;a 12345678b | byte 14: expected the end after 1 words, as line 1 says, got more
            WORD2VEC_BINARY | 1 2; a 1234567 | byte 4: expected a word, got a space""")
    void aFileThatIsLaidOutOtherwiseIsRefused(Format format, String text, String message) throws IOException {
        Path file = write("any", text.replace(';', '\n').getBytes(StandardCharsets.UTF_8));
        DataFormatException e = assertThrows(
                DataFormatException.class, () -> WordVectors.read(file, format, VOCABULARY, Missing.mean()));
        assertTrue(e.getMessage().startsWith(file + ": ") && e.getMessage().contains(message), e.getMessage());
    }

    @ParameterizedTest
    @EnumSource
    void aPackedFileThatIsCutIsNamed(Format format) throws IOException {
        Path packed = folder.resolve("a.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(packed))) {
            out.write(Files.readAllBytes(file(format)));
        }
        assertEquals(0, WordVectors.read(packed, format, VOCABULARY, Missing.mean()).matrix().get(0));
        byte[] whole = Files.readAllBytes(packed);
        for (int length = 0; length < whole.length; length++) {
            Files.write(packed, Arrays.copyOf(whole, length));
            DataFormatException e = assertThrows(
                    DataFormatException.class, () -> WordVectors.read(packed, format, VOCABULARY, Missing.mean()));
            assertTrue(e.getMessage().startsWith(packed + ": byte "), e.getMessage());
        }
    }

    @Test
    void aFileWithoutLinesIsNoText() throws IOException {
        byte[] bytes = new byte[(1 << 24) + 2];
        Arrays.fill(bytes, (byte) 'a');
        Path file = write("any", bytes);
        DataFormatException e = assertThrows(
                DataFormatException.class, () -> WordVectors.read(file, Format.GLOVE, VOCABULARY, Missing.mean()));
        assertEquals(file + ": line 1: expected at most 16777216 bytes in a line, got more", e.getMessage());
    }

    @ParameterizedTest
    @EnumSource
    void anyByteMayBeChanged(Format format) throws IOException {
        byte[] valid = Files.readAllBytes(file(format));
        long seed = 20261126;
        SplittableRandom random = new SplittableRandom(seed);
        int refused = 0;
        for (int i = 0; i < 2_000; i++) {
            byte[] bytes = Arrays.copyOf(valid, random.nextInt(4) == 0 ? random.nextInt(valid.length) : valid.length);
            for (int changes = random.nextInt(1, 5); changes > 0 && bytes.length > 0; changes--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            Path file = write("any", bytes);
            try {
                WordVectors.read(file, format, VOCABULARY, Missing.mean());
            } catch (DataFormatException e) {
                refused++;
            } catch (IOException | RuntimeException | Error e) {
                throw new AssertionError("seed " + seed + ", mutation " + i, e);
            }
        }
        assertTrue(refused > 400, refused + " refused");
    }

    @Test
    void readsRealVectors() throws IOException {
        Path vectors = DATA.resolve("word-vectors");
        if (!Files.exists(vectors)) {
            System.out.println("WordVectorsTest: not run on real vectors: there are none in " + DATA);
            return;
        }
        WordVocabulary english = WordVocabulary.builder().unknown("<unk>").count(List.of("the", "of", "qwertz")).build();
        WordVectors glove = WordVectors.read(
                vectors.resolve("glove.6B.100d.sample.txt.gz"), Format.GLOVE, english, Missing.zeros());
        assertEquals(Shape.of(4, 100), glove.matrix().shape());
        assertEquals(100, glove.words());
        assertEquals(List.of("qwertz"), glove.missing());
        assertEquals(-0.038194f, (float) glove.matrix().get(100L * english.find("the").orElseThrow()));
        WordVectors text = WordVectors.read(
                vectors.resolve("raw_sentence_word2vec.txt"), Format.WORD2VEC_TEXT, english, Missing.zeros());
        assertEquals(652, text.words());
        WordVectors binary = WordVectors.read(
                vectors.resolve("euclidean_vectors.bin"), Format.WORD2VEC_BINARY, english, Missing.zeros());
        assertEquals(Shape.of(4, 10), binary.matrix().shape());
        assertEquals(2.0 / 3, binary.coverage());
        // The bytes b9 c8 d7 3e, with which "the" begins there.
        assertEquals(Float.intBitsToFloat(0x3ed7c8b9), (float) binary.matrix().get(10L * english.find("the").orElseThrow()));
    }

    @Test
    void linesComeOneByOneAndBadOnesAreNamed() throws IOException {
        Path file = write("a.txt", "one\r\n\nthr\u00e9e".getBytes(StandardCharsets.UTF_8));
        try (Stream<String> lines = TextLines.of(file)) {
            assertEquals(List.of("one", "", "thr\u00e9e"), lines.toList());
        }
        Path packed = folder.resolve("b.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(packed))) {
            out.write("one\ntwo\n".getBytes(StandardCharsets.UTF_8));
        }
        try (Stream<String> lines = TextLines.of(packed)) {
            assertEquals(List.of("one", "two"), lines.toList());
        }
        byte[] half = Arrays.copyOf(Files.readAllBytes(packed), (int) Files.size(packed) - 9);
        refused("expected more of a gzip file", write("c.gz", half));
        refused("line 2: expected text in UTF-8", write("d", new byte[] {'a', '\n', (byte) 0xff}));
        Path plain = write("e.gz", "no gzip".getBytes(StandardCharsets.UTF_8));
        assertThrows(DataFormatException.class, () -> TextLines.of(plain));
    }

    private static void refused(String message, Path file) throws IOException {
        try (Stream<String> lines = TextLines.of(file)) {
            UncheckedIOException e = assertThrows(UncheckedIOException.class, () -> lines.forEach(line -> {}));
            assertTrue(e.getCause() instanceof DataFormatException && String.valueOf(e.getMessage()).contains(message), e.getMessage());
        }
    }
}
