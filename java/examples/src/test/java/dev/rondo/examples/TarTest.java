package dev.rondo.examples;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.data.DataFormatException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TarTest {
    private static final byte[] LONG = new byte[700];

    static {
        Arrays.fill(LONG, (byte) 7);
    }

    @TempDir
    Path folder;

    private static byte[] entry(String name, char kind, String size, byte... content) {
        byte[] blocks = new byte[512 + (content.length + 511) / 512 * 512];
        put(blocks, 0, name);
        put(blocks, 124, size);
        blocks[156] = (byte) kind;
        System.arraycopy(content, 0, blocks, 512, content.length);
        return blocks;
    }

    private static void put(byte[] blocks, int at, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(bytes, 0, blocks, at, bytes.length);
    }

    private Path archive(byte[]... parts) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
            for (byte[] part : parts) {
                out.write(part);
            }
        }
        return Files.write(folder.resolve("a.tar.gz"), bytes.toByteArray());
    }

    private void assertRefused(String message, byte[]... parts) throws IOException {
        Path archive = archive(parts);
        Path to = Files.createDirectories(folder.resolve("to"));
        String said = assertThrows(DataFormatException.class, () -> Tar.unpack(archive, to)).getMessage();
        assertTrue(said.contains(message), said);
    }

    @Test
    void unpacksRegularFilesIntoOneFolder() throws IOException {
        Path archive = archive(
                entry("d/", '5', "00000000000"),
                entry("d/a.bin", '0', "00000001274", LONG),
                entry("d/../../b.bin", '0', "00000000002", (byte) 1, (byte) 2),
                entry("d/none", '0', "00000000000"),
                new byte[1024]);
        Path to = Files.createDirectories(folder.resolve("to"));
        Tar.unpack(archive, to);
        assertArrayEquals(LONG, Files.readAllBytes(to.resolve("a.bin")));
        assertArrayEquals(new byte[] {1, 2}, Files.readAllBytes(to.resolve("b.bin")));
        try (Stream<Path> files = Files.list(to)) {
            assertEquals(3, files.count());
        }
        Tar.delete(to);
        assertFalse(Files.exists(to));
    }

    @Test
    void whatIsNoArchiveIsRefused() throws IOException {
        assertRefused("expected 700 bytes of a, got 512", Arrays.copyOf(entry("a", '0', "00000001274", LONG), 1024));
        assertRefused("expected an octal size, got '9'", entry("a", '0', "9"));
        assertRefused("expected a header of 512 bytes, got 0", entry("a", '0', "00000000000"));
        assertRefused("expected a header of 512 bytes, got 9", new byte[9]);
        assertRefused("expected the name of a file, got 'd/..'", entry("d/..", '0', "00000000000"));
    }
}
