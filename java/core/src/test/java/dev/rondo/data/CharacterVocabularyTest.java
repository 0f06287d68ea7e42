package dev.rondo.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class CharacterVocabularyTest {
    @Test
    void idsFollowTheCodePoints() {
        CharacterVocabulary vocabulary = CharacterVocabulary.of("banana\n\ud83c\udfbc\u00e4");
        assertEquals("\nabn\u00e4\ud83c\udfbc", vocabulary.symbols());
        assertEquals(6, vocabulary.size());
        assertArrayEquals(new int[] {2, 1, 3, 5, 0}, vocabulary.encode("ban\ud83c\udfbc\n"));
        assertEquals("ban\ud83c\udfbc\n", vocabulary.decode(2, 1, 3, 5, 0));
        assertEquals(CharacterVocabulary.of("nab\u00e4\n\ud83c\udfbc"), vocabulary);
    }

    @Test
    void symbolsAreReadBack() {
        CharacterVocabulary vocabulary = CharacterVocabulary.of("To be, or not to be");
        assertEquals(vocabulary, CharacterVocabulary.ofSymbols(vocabulary.symbols()));
        assertThrows(IllegalArgumentException.class, () -> CharacterVocabulary.ofSymbols("ba"));
        assertThrows(IllegalArgumentException.class, () -> CharacterVocabulary.ofSymbols("aab"));
        assertThrows(IllegalArgumentException.class, () -> CharacterVocabulary.ofSymbols(""));
    }

    @Test
    void anUnknownCharacterIsNamedWithItsPlace() {
        CharacterVocabulary vocabulary = CharacterVocabulary.of("abc\n");
        assertEquals(
                "character 6 of the text: expected one of the 4 in the vocabulary, got '\u00e4' U+00E4 (line 2, column 3)",
                assertThrows(IllegalArgumentException.class, () -> vocabulary.encode("ab\nab\u00e4b"))
                        .getMessage());
        assertEquals(
                "character 1 of the text: expected one of the 4 in the vocabulary, got U+0009 (line 1, column 1)",
                assertThrows(IllegalArgumentException.class, () -> vocabulary.encode("\ta")).getMessage());
    }

    @Test
    void anUnknownIdIsNamed() {
        CharacterVocabulary vocabulary = CharacterVocabulary.of("abc");
        assertEquals(
                "id: expected 0 to 2, got 3",
                assertThrows(IllegalArgumentException.class, () -> vocabulary.decode(0, 3)).getMessage());
        assertThrows(IllegalArgumentException.class, () -> vocabulary.codePointOf(-1));
    }

    @Test
    void halfACharacterIsNone() {
        assertTrue(assertThrows(IllegalArgumentException.class, () -> CharacterVocabulary.of("a\ud83c"))
                .getMessage()
                .contains("U+D83C, half of one"));
    }
}
