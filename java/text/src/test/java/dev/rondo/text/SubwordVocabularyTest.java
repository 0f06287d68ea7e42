package dev.rondo.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.knuddels.jtokkit.Encodings;
import com.knuddels.jtokkit.api.Encoding;
import com.knuddels.jtokkit.api.EncodingType;
import dev.rondo.data.DataFormatException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SubwordVocabularyTest {
    /// The words of Sennrich, Haddow & Birch 2016, Algorithm 1, as often as there.
    private static final String WORDS = "low\n".repeat(5) + "lower\n".repeat(2) + "newest\n".repeat(6) + "widest\n".repeat(3);

    @TempDir
    Path folder;

    private static SubwordVocabulary.Builder words() {
        return SubwordVocabulary.builder().count(WORDS);
    }

    /// By hand: e-s and s-t occur 9 times each, and e comes before s; then es-t 9 times, l-o and lo-w 7 times; of n-e, e-w
    /// and w-est, 6 times each, e-w has the smallest ids, and of n-ew and ew-est then n-ew.
    @Test
    void pairsAreMergedByTheirFrequency() {
        SubwordVocabulary vocabulary = words().largestSize(256 + 6).build();
        assertEquals(262, vocabulary.size());
        assertEquals(
                List.of("es", "est", "lo", "low", "ew", "new"),
                IntStream.range(256, 262).mapToObj(vocabulary::decode).toList());
        assertArrayEquals(new int[] {259, 257}, vocabulary.encode("lowest"));
        assertArrayEquals(new int[] {261, 259, 'e', 'r'}, vocabulary.encode("newlower"));
        assertArrayEquals(new int[0], vocabulary.encode(""));
    }

    @Test
    void learningStopsWhereNothingIsFrequent() {
        SubwordVocabulary all = words().smallestCount(1).build();
        for (String word : List.of("low", "lower", "newest", "widest")) {
            assertEquals(1, all.encode(word).length, word);
        }
        assertTrue(all.size() < 300, all.toString());
        assertEquals(256, words().smallestCount(10).build().size());
        assertEquals(256, SubwordVocabulary.builder().build().size());
        // The space between is a piece's first character, so no token reaches over it.
        SubwordVocabulary spaced = SubwordVocabulary.builder().count("ab ab ab ab").build();
        assertEquals(List.of("ab", " ab"), List.of(spaced.decode(256), spaced.decode(257)));
        assertEquals(258, spaced.size());
    }

    @Test
    void theOrderOfTextsDoesNotMatter() {
        SubwordVocabulary once = words().count("the lowest of the lower").build();
        SubwordVocabulary again = SubwordVocabulary.builder().count("the lowest of the lower").count(WORDS).build();
        assertEquals(once, again);
        assertEquals(once.hashCode(), again.hashCode());
        assertEquals(once.text(), again.text());
        assertNotEquals(once, words().build());
    }

    /// Characters of every plane, most of which no text has shown before.
    @Test
    void everyTextComesBack() {
        SubwordVocabulary vocabulary = words().special("<pad>").count("caf\u00e9 \u4f60\u597d").build();
        for (String text : List.of(
                "", " ", "\n\n  \t x", "It's the LOWEST, isn't it? 3.14", "na\u00efve \u4f60\u597d \ud83d\ude00\ud83d\udc4d\u200d", "<pad>",
                "\0\u0001\u007f\u0085\u00a0\u2028\u3000", "low".repeat(3))) {
            assertEquals(text, vocabulary.decode(vocabulary.encode(text)));
        }
        SplittableRandom random = new SplittableRandom(3);
        for (int i = 0; i < 300; i++) {
            String text = random.ints(random.nextInt(60), 0, Character.MAX_CODE_POINT + 1)
                    .filter(c -> c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE)
                    .map(c -> random.nextInt(3) == 0 ? c & 0xff : c)
                    .mapToObj(Character::toString)
                    .collect(Collectors.joining());
            assertEquals(text, vocabulary.decode(vocabulary.encode(text)));
        }
    }

    @Test
    void longLinesComeBack() {
        SubwordVocabulary vocabulary = words().build();
        for (String piece : List.of("low", "x", "\u4f60", "lowest newest ", " ", "!?", "7")) {
            String text = piece.repeat(60_000 / piece.length());
            int[] ids = vocabulary.encode(text);
            assertEquals(text, vocabulary.decode(ids));
        }
        assertEquals(20_000, vocabulary.encode("low".repeat(20_000)).length);
        // And one may be learned from: halves of it are merged again and again.
        SubwordVocabulary one = SubwordVocabulary.builder().count("a".repeat(1 << 16)).build();
        assertEquals(1, one.encode("a".repeat(1 << 15)).length);
    }

    /// A text that looks like a special token is none.
    @Test
    void specialTokensAreBehindTheOthers() {
        SubwordVocabulary vocabulary = words().special("<pad>").special("<end>").largestSize(260).build();
        assertEquals(260, vocabulary.size());
        assertEquals(List.of("<pad>", "<end>"), vocabulary.special());
        assertEquals(258, vocabulary.special("<pad>"));
        assertEquals(259, vocabulary.special("<end>"));
        assertEquals("low<end>", vocabulary.decode('l', 'o', 'w', 259));
        assertTrue(Arrays.stream(vocabulary.encode("<pad><end>")).allMatch(id -> id < 258));
        assertArrayEquals("<pad>".getBytes(StandardCharsets.UTF_8), vocabulary.bytes(258));
        assertArrayEquals(new byte[] {(byte) 0xff}, vocabulary.bytes(255));
        assertEquals("\ufffd", vocabulary.decode(255));
        refused("special: expected one of [<pad>, <end>], got '<unk>'", () -> vocabulary.special("<unk>"));
    }

    @Test
    void theTextOfAVocabularyIsReadBack() throws IOException {
        SubwordVocabulary vocabulary = words().special("<pad>").special("a b").build();
        assertTrue(vocabulary.text().startsWith("subwords 2\n<pad>\na b\nAA== 0\nAQ== 1\n"), vocabulary.text());
        assertEquals(vocabulary, SubwordVocabulary.ofText(vocabulary.text()));
        String tokens = vocabulary.text().substring("subwords 2\n<pad>\na b\n".length());
        Path file = Files.writeString(folder.resolve("a.tiktoken"), tokens.replace("\n", "\r\n"));
        assertEquals(vocabulary, SubwordVocabulary.read(file, "<pad>", "a b"));
        assertEquals(vocabulary.size() - 2, SubwordVocabulary.read(file).size());
    }

    /// GPT-2's vocabulary, which JTokkit brings along, and its ids of "hello world" as the documentation of tiktoken
    /// (0.9, `Encoding.encode`) has them: 31373, 995.
    @Test
    void aPublishedVocabularyGivesItsIds() throws IOException {
        Path file = folder.resolve("r50k_base.tiktoken");
        try (InputStream tokens = Encodings.class.getResourceAsStream("r50k_base.tiktoken")) {
            Files.copy(Objects.requireNonNull(tokens), file);
        }
        SubwordVocabulary vocabulary = SubwordVocabulary.read(file, "<|endoftext|>");
        assertEquals(50_257, vocabulary.size());
        assertEquals(50_256, vocabulary.special("<|endoftext|>"));
        assertArrayEquals(new int[] {31373, 995}, vocabulary.encode("hello world"));
        Encoding theirs = Encodings.newLazyEncodingRegistry().getEncoding(EncodingType.R50K_BASE);
        for (String text : List.of(
                "It's 3.14, isn't it?   \n\n Na\u00efve caf\u00e9s", "\ud83d\ude00 <|endoftext|> \u4f60\u597d", "a\u00a0b\u2003c  d")) {
            assertArrayEquals(theirs.encodeOrdinary(text).toArray(), vocabulary.encode(text), text);
        }
    }

    private static String bytes(int from, int to) {
        return IntStream.range(from, to)
                .mapToObj(b -> Base64.getEncoder().encodeToString(new byte[] {(byte) b}) + " " + b + "\n")
                .collect(Collectors.joining());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            ''            | line 1: expected 'subwords' and the number of special ones, got ''
            words 3       | line 1: expected 'subwords' and the number of special ones, got 'words 3'
            subwords -1   | line 1: expected 'subwords' and the number of special ones, got 'subwords -1'
            subwords 9999999 | line 1: expected 'subwords' and the number of special ones, got 'subwords 9999999'
            subwords 2;a  | line 3: expected 2 special tokens, as line 1 says, got the end after 1
            subwords 1;;  | tokens: expected each single byte, got none of 0x00
            subwords 0;AA== 1 | line 2: expected a token in base 64, a space and 0, got 'AA== 1'
            subwords 0;AA==   | line 2: expected a token in base 64, a space and 0, got 'AA=='
            subwords 0;?? 0   | line 2: expected a token in base 64, a space and 0, got '?? 0'
            subwords 0;AA== 0;AA== 1 | token 1: expected each once, got the bytes of token 0
            subwords 0;AA== 0; 1     | token 1: expected at least one byte, got none""")
    void aTextThatIsNoneIsRefused(String text, String message) {
        refused(message, () -> SubwordVocabulary.ofText(text.replace(';', '\n')));
    }

    @Test
    void aFileThatIsNoneIsRefused() throws IOException {
        Path file = Files.writeString(folder.resolve("a"), bytes(0, 255));
        DataFormatException e = assertThrows(DataFormatException.class, () -> SubwordVocabulary.read(file));
        assertEquals(file + ": tokens: expected each single byte, got none of 0xff", e.getMessage());
        Files.writeString(file, bytes(0, 7) + "what is this\n");
        assertTrue(assertThrows(DataFormatException.class, () -> SubwordVocabulary.read(file)).getMessage()
                .endsWith("line 8: expected a token in base 64, a space and 7, got 'what is this'"));
        Files.writeString(file, bytes(0, 256));
        assertEquals(256, SubwordVocabulary.read(file).size());
        refused("special: expected each once, got '<a>' twice",
                () -> SubwordVocabulary.ofText("subwords 2\n<a>\n<a>\n" + bytes(0, 256)));
        assertThrows(NoSuchFileException.class, () -> SubwordVocabulary.read(folder.resolve("none")));
    }

    @Test
    void wrongCallsAreNamed() {
        SubwordVocabulary vocabulary = words().largestSize(260).build();
        refused("id: expected 0 to 259, got 260", () -> vocabulary.decode(3, 260));
        refused("id: expected 0 to 259, got -1", () -> vocabulary.bytes(-1));
        refused("text: expected characters, got U+D83D, half of one, at 1", () -> vocabulary.encode("a\ud83db"));
        refused("text: expected characters, got U+DE00, half of one, at 0", () -> words().count("\ude00"));
        refused("largestSize: expected at least 256, one for each byte, got 255", () -> words().largestSize(255));
        refused("largestSize: expected at least 257, for each byte and [<pad>], got 256",
                () -> words().special("<pad>").largestSize(256).build());
        refused("smallestCount: expected at least 1, got 0", () -> words().smallestCount(0));
        refused("special: expected one or more characters and no line end, got ''", () -> words().special(""));
        refused("special: expected one or more characters and no line end", () -> words().special("a\nb"));
        refused("special: expected each once, got '<a>' twice", () -> words().special("<a>").special("<a>").build());
    }

    private static void refused(String message, Runnable call) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, call::run);
        assertTrue(String.valueOf(e.getMessage()).startsWith(message), e.getMessage());
    }
}
