package dev.rondo.data;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/// Reads a file line by line as bytes, in one stream, and knows where it is. A file whose name ends with `.gz` is
/// inflated on the way.
final class ByteLines implements AutoCloseable {
    /// No text has longer ones: a longer one is another kind of file.
    static final int LONGEST = 1 << 24;

    private static final int BLOCK = 1 << 16;

    private final Path file;
    private final InputStream input;
    private final byte[] block = new byte[BLOCK];
    private int at;
    private int filled;
    /// Where `block` begins in the text.
    private long blockOffset;
    private long lines;
    private byte[] line = new byte[256];
    private int length;

    ByteLines(Path file) throws IOException {
        this.file = file;
        InputStream raw = Files.newInputStream(file);
        try {
            boolean packed = file.toString().endsWith(".gz");
            input = packed ? new GZIPInputStream(new BufferedInputStream(raw, BLOCK), BLOCK) : raw;
        } catch (ZipException | EOFException e) {
            raw.close();
            throw new DataFormatException(file, "byte 0: expected a gzip file, as its name tells, got another", e);
        } catch (IOException e) {
            raw.close();
            throw e;
        }
    }

    /// Reads the next line.
    ///
    /// @return false at the end of the text
    boolean next() throws IOException {
        length = 0;
        int c = read();
        if (c < 0) {
            return false;
        }
        lines++;
        while (c >= 0 && c != '\n') {
            if (length == line.length) {
                if (length >= LONGEST) {
                    throw problem("expected at most " + LONGEST + " bytes in a line, got more");
                }
                line = Arrays.copyOf(line, 2 * length);
            }
            line[length++] = (byte) c;
            c = read();
        }
        if (length > 0 && line[length - 1] == '\r') {
            length--;
        }
        return true;
    }

    /// The next byte; -1 at the end.
    int read() throws IOException {
        if (at == filled) {
            blockOffset += filled;
            at = 0;
            try {
                filled = Math.max(0, input.read(block));
            } catch (ZipException | EOFException e) {
                filled = 0;
                throw new DataFormatException(
                        file, "byte %d of the text: expected more of a gzip file, got %s".formatted(blockOffset, e.getMessage()), e);
            }
            if (filled == 0) {
                return -1;
            }
        }
        return block[at++] & 0xff;
    }

    /// The bytes of the line, without its end; the first [#length()] of the array. Overwritten by the next.
    byte[] line() {
        return line;
    }

    /// Number of bytes of the line.
    int length() {
        return length;
    }

    /// Which line it is, from 1.
    long number() {
        return lines;
    }

    /// Where the next byte stands in the text.
    long offset() {
        return blockOffset + at;
    }

    /// The line as text.
    String text() throws DataFormatException {
        return text(line, 0, length, "line " + lines);
    }

    /// A part of the line, or other bytes, as text.
    String text(byte[] bytes, int from, int to, String place) throws DataFormatException {
        try {
            return StandardCharsets.UTF_8.newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(bytes, from, to - from))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new DataFormatException(file, place + ": expected text in UTF-8, got other bytes", e);
        }
    }

    /// Something wrong with the line.
    DataFormatException problem(String problem) {
        return new DataFormatException(file, "line " + lines + ": " + problem);
    }

    @Override
    public void close() throws IOException {
        input.close();
    }
}
