package dev.rondo.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/// The lines of a text file in UTF-8, one after another, so that a file may be larger than memory. A name that ends with
/// `.gz` is of a gzip file.
public final class TextLines {
    private TextLines() {}

    /// Opens a file. Lines end with a line feed, with or without a carriage return in front, which is no part of them; a
    /// line feed at the file's end begins no line.
    ///
    /// @return to be closed after use. Taking a line is an [UncheckedIOException] if the file cannot be read, or of a
    ///     [DataFormatException] that names the line if it is not UTF-8, longer than 16 MiB, or gzip data are broken
    /// @throws IOException if the file cannot be opened
    public static Stream<String> of(Path file) throws IOException {
        ByteLines lines = new ByteLines(file);
        Iterator<String> iterator = new Iterator<>() {
            private boolean looked;
            private boolean there;

            @Override
            public boolean hasNext() {
                if (!looked) {
                    looked = true;
                    try {
                        there = lines.next();
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                }
                return there;
            }

            @Override
            public String next() {
                if (!hasNext()) {
                    throw new NoSuchElementException("expected a line, got the end of " + file);
                }
                looked = false;
                try {
                    return lines.text();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        };
        int traits = Spliterator.ORDERED | Spliterator.NONNULL;
        return StreamSupport.stream(Spliterators.spliteratorUnknownSize(iterator, traits), false).onClose(() -> {
            try {
                lines.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }
}
