package dev.rondo.examples;

import dev.rondo.data.DataFormatException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/// Archives of files (POSIX.1-1988, `ustar`) whose paths have up to 100 characters, compressed by gzip.
final class Tar {
    private static final int BLOCK = 512;
    private static final int NAME = 100;
    private static final int SIZE_AT = 124;
    private static final int SIZE = 12;
    private static final int KIND_AT = 156;

    private Tar() {}

    /// Unpacks all regular files into one folder, without the folders that they lie in within the archive.
    ///
    /// @throws DataFormatException if it is no such archive, or ends early
    static void unpack(Path archive, Path folder) throws IOException {
        try (InputStream in = new BufferedInputStream(new GZIPInputStream(Files.newInputStream(archive)))) {
            byte[] header = header(archive, in);
            while (header[0] != 0) {
                long size = size(archive, header);
                if (header[KIND_AT] == '0' || header[KIND_AT] == 0) {
                    byte[] content = in.readNBytes((int) Math.min(size, Integer.MAX_VALUE));
                    if (content.length < size) {
                        throw new DataFormatException(
                                archive,
                                "expected %d bytes of %s, got %d"
                                        .formatted(size, text(header, 0, NAME), content.length));
                    }
                    Files.write(folder.resolve(fileName(archive, header)), content);
                    in.skipNBytes((BLOCK - size % BLOCK) % BLOCK);
                } else {
                    in.skipNBytes((size + BLOCK - 1) / BLOCK * BLOCK);
                }
                header = header(archive, in);
            }
        }
    }

    private static byte[] header(Path archive, InputStream in) throws IOException {
        byte[] header = in.readNBytes(BLOCK);
        if (header.length < BLOCK) {
            throw new DataFormatException(
                    archive, "expected a header of %d bytes, got %d".formatted(BLOCK, header.length));
        }
        return header;
    }

    private static String fileName(Path archive, byte[] header) throws DataFormatException {
        String path = text(header, 0, NAME);
        String name = path.substring(path.lastIndexOf('/') + 1);
        if (name.isEmpty() || name.equals("..") || name.equals(".") || name.indexOf('\\') >= 0) {
            throw new DataFormatException(archive, "expected the name of a file, got '%s'".formatted(path));
        }
        return name;
    }

    private static long size(Path archive, byte[] header) throws DataFormatException {
        String octal = text(header, SIZE_AT, SIZE).strip();
        if (!octal.matches("[0-7]{1,11}")) {
            throw new DataFormatException(archive, "expected an octal size, got '%s'".formatted(octal));
        }
        return Long.parseLong(octal, 8);
    }

    /// Up to the first zero.
    private static String text(byte[] header, int from, int length) {
        int end = from;
        while (end < from + length && header[end] != 0) {
            end++;
        }
        return new String(header, from, end - from, StandardCharsets.UTF_8);
    }

    /// Deletes a folder and the files in it.
    static void delete(Path folder) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.list(folder)) {
            files = all.toList();
        }
        for (Path file : files) {
            Files.delete(file);
        }
        Files.delete(folder);
    }
}
