package dev.rondo.data;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;

/// Reads the samples of a `.wav` file (RIFF WAVE) from front to back, a part at a time if it is long.
///
/// | In the file | Sample |
/// |---|---|
/// | 8 bits, unsigned | (v - 128) / 128 |
/// | 16, 24 or 32 bits, signed | v / 2^15, v / 2^23, v / 2^31 |
/// | float32 | v |
///
/// Several channels are mixed down to their mean. The extensible format is read where it holds one of these. Other
/// chunks than `fmt ` and `data` are left out; what the file's first chunk says of the file's size is not looked at,
/// since many writers get it wrong. For use by one thread at a time.
public final class WavReader implements AutoCloseable {
    private static final int BLOCK = 1 << 16;
    private static final int PCM = 1;
    private static final int FLOAT = 3;
    private static final int EXTENSIBLE = 0xfffe;
    /// What follows the format in the identifier of an extensible one.
    private static final byte[] SUBFORMAT = HexFormat.of().parseHex("000000001000800000aa00389b71");

    private final Path file;
    private final InputStream input;
    private final byte[] block = new byte[BLOCK];
    private final Format format;
    private final long length;
    private long offset;
    private long read;

    /// What the samples are stored as.
    private record Format(int tag, int channels, int sampleRate, int bits) {
        /// Of one sample of all channels.
        int frameBytes() {
            return channels * (bits / 8);
        }
    }

    private WavReader(Path file, InputStream input, long size) throws IOException {
        this.file = file;
        this.input = input;
        String riff = name(bytes(8, "RIFF and a size"), 0);
        if (!riff.equals("'RIFF'")) {
            throw problem(0, "expected 'RIFF', got " + riff);
        }
        String wave = name(bytes(4, "WAVE"), 0);
        if (!wave.equals("'WAVE'")) {
            throw problem(8, "expected 'WAVE', got " + wave);
        }
        format = format(skipTo("'fmt '", size), size);
        long data = skipTo("'data'", size);
        if (data % format.frameBytes() != 0) {
            throw problem(offset - 4, "expected a multiple of %d bytes, got %d".formatted(format.frameBytes(), data));
        }
        length = data / format.frameBytes();
    }

    /// Opens a file and reads what comes before its samples.
    ///
    /// @throws DataFormatException if it is no such file, holds samples of another kind, or ends before they do; the
    ///     message names the byte
    /// @throws IOException if it cannot be read
    public static WavReader open(Path file) throws IOException {
        InputStream input = new BufferedInputStream(Files.newInputStream(file), BLOCK);
        try {
            return new WavReader(file, input, Files.size(file));
        } catch (IOException | RuntimeException e) {
            input.close();
            throw e;
        }
    }

    /// Reads a whole file.
    ///
    /// @return in an array of its own
    /// @throws DataFormatException as [#open] and [#read(float...)], and if there are more samples than an array holds
    /// @throws IOException if it cannot be read
    public static Sound read(Path file) throws IOException {
        try (WavReader reader = open(file)) {
            if (reader.length > Integer.MAX_VALUE - 8) {
                throw new DataFormatException(file, "expected at most %d samples to be read at once, got %d".formatted(
                        Integer.MAX_VALUE - 8, reader.length));
            }
            float[] samples = new float[(int) reader.length];
            reader.read(samples);
            return new Sound(samples, reader.sampleRate());
        }
    }

    /// Samples a second.
    public int sampleRate() {
        return format.sampleRate();
    }

    /// How many channels the file has.
    public int channels() {
        return format.channels();
    }

    /// Bits of a sample of one channel in the file.
    public int bits() {
        return format.bits();
    }

    /// How many samples the file has of each channel.
    public long length() {
        return length;
    }

    /// Reads the next samples, each the mean of its channels.
    ///
    /// @param samples overwritten from the front
    /// @return how many there were: all that fit, or those that were left; 0 at the end
    /// @throws DataFormatException if the file ends early, as it may when it is written to meanwhile, or a sample is no
    ///     finite number
    /// @throws IOException if it cannot be read
    public int read(float... samples) throws IOException {
        int count = (int) Math.min(samples.length, length - read);
        int frame = format.frameBytes();
        int perBlock = BLOCK / frame;
        for (int first = 0; first < count; first += perBlock) {
            int part = Math.min(perBlock, count - first);
            int got = input.readNBytes(block, 0, part * frame);
            if (got < part * frame) {
                throw problem(offset + got, "expected more samples, got the end");
            }
            ByteBuffer buffer = little(block);
            for (int i = 0; i < part; i++) {
                double sum = 0;
                for (int channel = 0; channel < format.channels(); channel++) {
                    sum += sample(buffer);
                }
                samples[first + i] = (float) (sum / format.channels());
            }
            offset += got;
            read += part;
        }
        return count;
    }

    private double sample(ByteBuffer buffer) throws DataFormatException {
        return switch (format.bits()) {
            case 8 -> ((buffer.get() & 0xff) - 128) / 128.0;
            case 16 -> buffer.getShort() * 0x1p-15;
            case 24 -> ((buffer.getShort() & 0xffff) | buffer.get() << 16) * 0x1p-23;
            default -> {
                if (format.tag() == PCM) {
                    yield buffer.getInt() * 0x1p-31;
                }
                float value = buffer.getFloat();
                if (!Float.isFinite(value)) {
                    throw problem(offset + buffer.position() - Float.BYTES, "expected a finite number, got " + value);
                }
                yield value;
            }
        };
    }

    /// Skips chunks up to one of a name, and stops behind its size.
    ///
    /// @param name in quotes, as in messages
    /// @return its size in bytes
    private long skipTo(String name, long size) throws IOException {
        while (true) {
            if (offset == size) {
                throw problem(offset, "expected a chunk " + name + ", got the end");
            }
            byte[] head = bytes(8, "the name and size of a chunk");
            String found = name(head, 0);
            long bytes = Integer.toUnsignedLong(little(head).getInt(4));
            if (bytes > size - offset) {
                throw problem(offset - 4, "expected at most the %d bytes to the file's end in chunk %s, got %d"
                        .formatted(size - offset, found, bytes));
            }
            if (found.equals(name)) {
                return bytes;
            }
            if (found.equals("'data'")) {
                throw problem(offset - 8, "expected a chunk " + name + " before the samples, got the samples");
            }
            skip(bytes + (bytes & 1), size);
        }
    }

    /// @param bytes that the chunk says it has
    private Format format(long bytes, long size) throws IOException {
        long at = offset;
        if (bytes < 16) {
            throw problem(at - 4, "expected at least 16 bytes of a format, got " + bytes);
        }
        ByteBuffer head = little(bytes(16, "16 bytes of a format"));
        int tag = Short.toUnsignedInt(head.getShort());
        int channels = Short.toUnsignedInt(head.getShort());
        int sampleRate = head.getInt();
        int frameBytes = Short.toUnsignedInt(head.getShort(12));
        int bits = Short.toUnsignedInt(head.getShort(14));
        long rest = bytes - 16;
        if (tag == EXTENSIBLE) {
            if (rest < 24) {
                throw problem(at - 4, "expected at least 40 bytes of an extensible format, got " + bytes);
            }
            byte[] more = bytes(24, "40 bytes of an extensible format");
            rest -= 24;
            tag = Short.toUnsignedInt(little(more).getShort(8));
            if (!Arrays.equals(more, 10, 24, SUBFORMAT, 0, SUBFORMAT.length)) {
                throw problem(at + 26, "expected the identifier of a format of samples, got "
                        + HexFormat.of().formatHex(more, 10, 24));
            }
        }
        boolean whole = tag == PCM && (bits == 8 || bits == 16 || bits == 24 || bits == 32);
        if (!whole && !(tag == FLOAT && bits == 32)) {
            throw problem(at, "expected 8, 16, 24 or 32 bits of format 1 (PCM) or 32 of format 3 (float), "
                    + "got %d of format %d".formatted(bits, tag));
        }
        if (channels < 1) {
            throw problem(at + 2, "expected at least 1 channel, got 0");
        }
        if (sampleRate < 1) {
            throw problem(at + 4, "expected 1 to %d samples a second, got %s".formatted(
                    Integer.MAX_VALUE, Integer.toUnsignedString(sampleRate)));
        }
        if (frameBytes != channels * (bits / 8)) {
            throw problem(at + 12, "expected %d bytes for %d channels of %d bits, got %d".formatted(
                    channels * (bits / 8), channels, bits, frameBytes));
        }
        skip(rest + (bytes & 1), size);
        return new Format(tag, channels, sampleRate, bits);
    }

    private void skip(long count, long size) throws IOException {
        // The size of a chunk leaves out the byte that makes it even; a file may lack it at its end.
        long bytes = Math.min(count, size - offset);
        input.skipNBytes(bytes);
        offset += bytes;
    }

    private byte[] bytes(int count, String what) throws IOException {
        byte[] bytes = input.readNBytes(count);
        if (bytes.length < count) {
            throw problem(offset + bytes.length, "expected " + what + ", got the end");
        }
        offset += count;
        return bytes;
    }

    private static ByteBuffer little(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /// Four bytes as they may be printed.
    private static String name(byte[] bytes, int from) {
        StringBuilder name = new StringBuilder("'");
        for (int i = from; i < from + 4; i++) {
            boolean visible = bytes[i] >= ' ' && bytes[i] < 0x7f;
            name.append(visible ? String.valueOf((char) bytes[i]) : "\\x%02x".formatted(bytes[i] & 0xff));
        }
        return name.append('\'').toString();
    }

    private DataFormatException problem(long at, String problem) {
        return new DataFormatException(file, "byte " + at + ": " + problem);
    }

    @Override
    public void close() throws IOException {
        input.close();
    }
}
