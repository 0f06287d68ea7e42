package dev.rondo.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TextCorpusTest {
    @TempDir
    Path folder;

    @Test
    void aFolderIsReadInTheOrderOfItsPaths() throws IOException {
        write("b.txt", "b without a line end");
        write("a/z.txt", "z\n");
        write("a/b/y.txt", "y\n");
        write("empty.txt", "");
        write("c.txt", "caf\u00e9 \ud83c\udfbc");
        write(".hidden", "no");
        write(".git/config", "no");
        TextCorpus corpus = TextCorpus.read(folder);
        assertEquals("y\nz\nb without a line end\ncaf\u00e9 \ud83c\udfbc", corpus.text());
        assertEquals(
                List.of("a/b/y.txt", "a/z.txt", "b.txt", "c.txt", "empty.txt"),
                corpus.files().stream().map(file -> folder.relativize(file).toString()).toList());
    }

    @Test
    void aFileIsReadAsItIs() throws IOException {
        Path file = write("x.txt", "one\r\ntwo");
        assertEquals("one\r\ntwo", TextCorpus.read(file).text());
        assertEquals(List.of(file), TextCorpus.read(file).files());
    }

    @Test
    void whatIsNotTextIsNamed() throws IOException {
        Path file = folder.resolve("x.txt");
        Files.write(file, new byte[] {'a', (byte) 0xc3, (byte) 0xa4, 'b', (byte) 0xff, 'c'});
        assertEquals(
                file + ": byte 4: expected text in UTF-8, got 0xFF",
                assertThrows(IOException.class, () -> TextCorpus.read(file)).getMessage());
        Files.write(file, new byte[] {'a', (byte) 0xc3});
        assertEquals(
                file + ": byte 1: expected text in UTF-8, got 0xC3",
                assertThrows(IOException.class, () -> TextCorpus.read(folder)).getMessage());
    }

    @Test
    void noTextIsAnError() throws IOException {
        assertEquals(
                folder + ": expected text, got a folder without files",
                assertThrows(IOException.class, () -> TextCorpus.read(folder)).getMessage());
        write("empty", "");
        assertEquals(
                folder + ": expected text, got nothing but empty files",
                assertThrows(IOException.class, () -> TextCorpus.read(folder)).getMessage());
        assertThrows(NoSuchFileException.class, () -> TextCorpus.read(folder.resolve("none")));
        assertThrows(IllegalArgumentException.class, () -> TextCorpus.of(""));
    }

    @Test
    void theEndIsHeldOut() {
        assertEquals(new TextCorpus.Split("012345678", "9"), TextCorpus.of("0123456789").holdOut(0.1));
        assertEquals(new TextCorpus.Split("0", "1"), TextCorpus.of("01").holdOut(0.1));
        // A clef is two chars and one character: it is never cut.
        assertEquals(
                new TextCorpus.Split("\ud83c\udfbc\ud83c\udfbc", "\ud83c\udfbc"),
                TextCorpus.of("\ud83c\udfbc".repeat(3)).holdOut(0.1));
        String shakespeare = "x".repeat(1_115_394);
        assertEquals(1_003_854, TextCorpus.of(shakespeare).holdOut(0.1).training().length());
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 1, -0.1, Double.NaN, 0.95})
    void bothSidesNeedCharacters(double fraction) {
        TextCorpus corpus = TextCorpus.of("0123456789");
        String message = assertThrows(IllegalArgumentException.class, () -> corpus.holdOut(fraction)).getMessage();
        assertTrue(message.startsWith("fraction: expected"), message);
    }

    private Path write(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, text);
    }
}
