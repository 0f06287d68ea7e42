package dev.rondo.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WordVocabularyTest {
    private static final List<String> TEXT = List.of("b", "a", "c", "b", "d", "<unk>", "a", "b");

    @Test
    void theMostFrequentWordsComeFirstAndEqualOnesInOrder() {
        assertEquals(List.of("b", "a", "<unk>", "c", "d"), WordVocabulary.builder().count(TEXT).build().words());
        WordVocabulary.Builder builder = WordVocabulary.builder().padding("<pad>").unknown("<unk>").count(TEXT);
        assertEquals(List.of("<pad>", "<unk>", "b", "a", "c", "d"), builder.build().words());
        assertEquals(List.of("<pad>", "<unk>", "b", "a"), builder.smallestCount(2).build().words());
        assertEquals(List.of("<pad>", "<unk>", "b"), builder.largestSize(3).build().words());
    }

    @Test
    void wordsOutsideAreUnknown() {
        WordVocabulary vocabulary =
                WordVocabulary.builder().padding("<pad>").unknown("<unk>").largestSize(4).count(TEXT).build();
        assertEquals(OptionalInt.of(0), vocabulary.padding());
        assertEquals(OptionalInt.of(1), vocabulary.unknown());
        assertArrayEquals(new int[] {2, 1, 3, 1, 1}, vocabulary.encode(List.of("b", "c", "a", "<unk>", "never")));
        assertEquals(List.of("b", "<unk>", "a"), vocabulary.decode(2, 1, 3));
        assertEquals(OptionalInt.empty(), vocabulary.find("c"));
    }

    @ParameterizedTest
    @CsvSource({"false,false", "true,false", "false,true", "true,true"})
    void textIsReadBack(boolean padding, boolean unknown) {
        WordVocabulary.Builder builder = WordVocabulary.builder().count(List.of("ä b", "words padding", "\r", "x"));
        if (padding) {
            builder.padding("<pad>");
        }
        if (unknown) {
            builder.unknown("<unk>");
        }
        WordVocabulary vocabulary = builder.build();
        WordVocabulary again = WordVocabulary.ofText(vocabulary.text());
        assertEquals(vocabulary, again);
        assertEquals(padding, again.padding().isPresent());
        assertEquals(unknown, again.unknown().isPresent());
    }

    @Test
    void whatIsNoVocabularyIsRefused() {
        WordVocabulary none = WordVocabulary.builder().count(List.of("a", "b")).build();
        refused("word 2 of the text: expected one of the 2 in the vocabulary, got 'c'", () -> none.encode(List.of("a", "c")));
        refused("id: expected 0 to 1, got 2", () -> none.decode(2));
        refused("words: expected at least one, got none", () -> WordVocabulary.builder().build());
        refused("got 'a\nb'", () -> WordVocabulary.builder().count(List.of("a\nb")));
        refused("largestSize: expected room for [p, u], got 1",
                () -> WordVocabulary.builder().padding("p").unknown("u").largestSize(1).build());
        refused("expected each once, got 'p' twice", () -> WordVocabulary.builder().padding("p").unknown("p").build());
        refused("line 1: expected 'words'", () -> WordVocabulary.ofText("word\na"));
        refused("line 1: expected 'words'", () -> WordVocabulary.ofText("words unknown padding\na\nb"));
        refused("line 3: expected a word, got none", () -> WordVocabulary.ofText("words\na\n\nb"));
        refused("line 3: expected one of the words that line 1 tells of", () -> WordVocabulary.ofText("words padding unknown\na"));
        refused("got 'a' twice", () -> WordVocabulary.ofText("words\na\na"));
    }

    @Test
    void aTextIsCutAsTheTableSays() {
        String text = "Don't panic, it's 3.5 m!";
        assertEquals(List.of("Don't", "panic,", "it's", "3.5", "m!"), Tokenizer.whitespace().split(text));
        assertEquals(List.of("Don't", "panic", ",", "it's", "3", ".", "5", "m", "!"), Tokenizer.words().split(text));
        assertEquals("don't", Tokenizer.words().lowerCase().split(text).getFirst());
        assertEquals(List.of("'", "tis", "'", "x", "'", "'", "\uD83D\uDE00", "e\u0301a"),
                Tokenizer.words().split("'tis' x'' \uD83D\uDE00\u00a0e\u0301a"));
        assertEquals(List.of("\uD83D\uDE00b"), Tokenizer.whitespace().split("\t\uD83D\uDE00b\u2003\n"));
        assertEquals(List.of(), Tokenizer.words().split(" \n"));
    }

    private static void refused(String message, Executable executable) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, executable);
        assertTrue(String.valueOf(e.getMessage()).contains(message), e.getMessage());
    }
}
