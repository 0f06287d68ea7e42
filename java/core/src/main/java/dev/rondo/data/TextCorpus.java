package dev.rondo.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/// Text to learn from.
///
/// @param text all of it
/// @param files what it was read from, in order; empty for text from elsewhere
public record TextCorpus(String text, List<Path> files) {
    public TextCorpus {
        if (text.isEmpty()) {
            throw new IllegalArgumentException("text: expected at least one character, got none");
        }
        files = List.copyOf(files);
    }

    /// A text as it is.
    public static TextCorpus of(String text) {
        return new TextCorpus(text, List.of());
    }

    /// Reads a file, or all files of a folder and the folders in it, in UTF-8.
    ///
    /// A folder's files come in the order of their relative paths, so that the text is the same on every machine. Files
    /// and folders whose names begin with a dot are left out, and links to folders are not followed. A file that does
    /// not end with a line end gets one when more text follows.
    ///
    /// @throws IOException if a file cannot be read or is not UTF-8, when the message names the byte; or if there is no
    ///     text at all
    public static TextCorpus read(Path path) throws IOException {
        if (!Files.exists(path)) {
            throw new NoSuchFileException(path.toString(), null, "there is no such file or folder");
        }
        List<Path> files = Files.isDirectory(path) ? filesOf(path) : List.of(path);
        StringBuilder text = new StringBuilder();
        for (Path file : files) {
            CharBuffer next = readFile(file);
            if (next.hasRemaining() && !text.isEmpty() && text.charAt(text.length() - 1) != '\n') {
                text.append('\n');
            }
            text.append(next);
        }
        if (text.isEmpty()) {
            throw new IOException(
                    path + ": expected text, got "
                            + (files.isEmpty() ? "a folder without files" : "nothing but empty files"));
        }
        return new TextCorpus(text.toString(), files);
    }

    /// The files of a folder and the folders in it, as [#read] takes them.
    static List<Path> filesOf(Path folder) throws IOException {
        try (Stream<Path> paths = Files.walk(folder)) {
            return paths.filter(Files::isRegularFile)
                    .filter(file -> !isHidden(folder.relativize(file)))
                    .sorted(Comparator.comparing(file -> folder.relativize(file).toString().replace('\\', '/')))
                    .toList();
        }
    }

    private static boolean isHidden(Path relative) {
        for (Path name : relative) {
            if (name.toString().startsWith(".")) {
                return true;
            }
        }
        return false;
    }

    private static CharBuffer readFile(Path file) throws IOException {
        if (Files.size(file) > Integer.MAX_VALUE / 2) {
            throw new IOException(file + ": expected at most " + Integer.MAX_VALUE / 2 + " bytes, got "
                    + Files.size(file));
        }
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file));
        CharBuffer text = CharBuffer.allocate(bytes.remaining());
        CoderResult result = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .decode(bytes, text, true);
        if (result.isError()) {
            throw new IOException("%s: byte %d: expected text in UTF-8, got 0x%02X"
                    .formatted(file, bytes.position(), bytes.get(bytes.position())));
        }
        return text.flip();
    }

    /// A text to learn from and a text to be scored on, which the model never sees while it learns.
    ///
    /// @param training the beginning
    /// @param heldOut the end
    public record Split(String training, String heldOut) {}

    /// Holds out the end of the text. Characters are counted as code points.
    ///
    /// @param fraction of the characters to hold out, between 0 and 1; rounded up to a whole character
    /// @throws IllegalArgumentException if nothing would be left on one of the sides
    public Split holdOut(double fraction) {
        int characters = text.codePointCount(0, text.length());
        int training = (int) Math.floor(characters * (1 - fraction));
        if (!(fraction > 0 && fraction < 1) || training == 0) {
            throw new IllegalArgumentException(
                    "fraction: expected one between 0 and 1 that leaves characters on both sides of %d, got %s"
                            .formatted(characters, fraction));
        }
        int end = text.offsetByCodePoints(0, training);
        return new Split(text.substring(0, end), text.substring(end));
    }
}
