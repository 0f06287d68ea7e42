package dev.rondo.data;

import dev.rondo.tensor.Tensor;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/// Reads several arrays from one file: a `.npz` file, as `numpy.savez` and `numpy.savez_compressed` write it, a zip file
/// of `.npy` files, stored or deflated. Nothing but its directory is read until an array is asked for. Threads may share
/// it.
public final class NpzReader implements AutoCloseable {
    private static final String SUFFIX = ".npy";

    /// More than deflate can gain: 258 bytes by two bits.
    private static final long LARGEST_GAIN = 1032;

    /// PK, which every part of a zip file begins with.
    private static final byte[] MAGIC = {'P', 'K'};

    private final Path file;
    private final ZipFile zip;

    private NpzReader(Path file, ZipFile zip) {
        this.file = file;
        this.zip = zip;
    }

    /// Opens a `.npz` file and reads its directory.
    ///
    /// @throws DataFormatException if it is no zip file, or is cut off
    /// @throws IOException if it cannot be read
    public static NpzReader open(Path file) throws IOException {
        if (!Files.exists(file)) {
            throw new NoSuchFileException(file.toString());
        }
        try {
            return new NpzReader(file, new ZipFile(file.toFile(), StandardCharsets.UTF_8));
        } catch (ZipException | EOFException e) {
            throw noZip(file, e);
        }
    }

    /// Tells a file that is cut off or damaged from one of another kind.
    private static DataFormatException noZip(Path file, IOException e) throws IOException {
        byte[] begin;
        try (InputStream input = Files.newInputStream(file)) {
            begin = input.readNBytes(MAGIC.length);
        }
        if (!Arrays.equals(begin, MAGIC)) {
            return new DataFormatException(file, "byte 0: expected a zip file of arrays, which begins with %s, got %s"
                    .formatted(hex(MAGIC), begin.length == 0 ? "an empty file" : hex(begin)), e);
        }
        return new DataFormatException(
                file,
                "byte %d: expected a zip file's directory before its end, got %s".formatted(
                        Files.size(file),
                        e instanceof EOFException
                                ? "one that points beyond it"
                                : "none or a broken one (" + e.getMessage() + ")"),
                e);
    }

    private static String hex(byte[] bytes) {
        return HexFormat.ofDelimiter(" ").formatHex(bytes);
    }

    /// The names of the arrays, without `.npy`, as they lie in the file. Other entries are left out.
    public List<String> names() {
        return zip.stream()
                .map(ZipEntry::getName)
                .filter(name -> name.endsWith(SUFFIX))
                .map(name -> name.substring(0, name.length() - SUFFIX.length()))
                .toList();
    }

    /// Begins to read one array. Several may be read at once; each reader is closed by the caller.
    ///
    /// @throws IllegalArgumentException if there is none of this name
    /// @throws DataFormatException if it is no array of numbers, or its directory entry does not fit it
    /// @throws IOException if it cannot be read
    public NpyReader array(String name) throws IOException {
        ZipEntry entry = Optional.ofNullable(zip.getEntry(name + SUFFIX))
                .orElseThrow(() -> new IllegalArgumentException(
                        "%s: expected one of the arrays %s, got \"%s\"".formatted(file, names(), name)));
        String place = "array \"" + name + "\": ";
        long stored = entry.getCompressedSize();
        if (entry.getSize() > LARGEST_GAIN * Math.min(stored, Long.MAX_VALUE / LARGEST_GAIN)) {
            throw new DataFormatException(file, place + "expected at most %d bytes from %d in the zip file, got %d"
                    .formatted(LARGEST_GAIN * stored, stored, entry.getSize()));
        }
        try {
            InputStream input = Objects.requireNonNull(zip.getInputStream(entry));
            try {
                return new NpyReader(
                        file, place, new BufferedInputStream(new Checked(file, place, input, entry)), entry.getSize());
            } catch (IOException | RuntimeException e) {
                input.close();
                throw e;
            }
        } catch (ZipException | EOFException e) {
            throw Checked.broken(file, place, 0, e);
        }
    }

    /// Reads one array.
    ///
    /// @return in a Java array of its own
    /// @throws IllegalArgumentException if there is none of this name, or it has more numbers than a Java array holds
    /// @throws IOException as [#array] and [NpyReader#read()]
    public Tensor read(String name) throws IOException {
        try (NpyReader reader = array(name)) {
            return reader.read();
        }
    }

    @Override
    public void close() throws IOException {
        zip.close();
    }

    /// Compares an entry's checksum when its end is read, which [ZipFile] does not.
    private static final class Checked extends FilterInputStream {
        private final Path file;
        private final String place;
        private final ZipEntry entry;
        private final CRC32 sum = new CRC32();
        private long offset;

        Checked(Path file, String place, InputStream input, ZipEntry entry) {
            super(input);
            this.file = file;
            this.place = place;
            this.entry = entry;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int from, int count) throws IOException {
            int read;
            try {
                read = super.read(bytes, from, count);
            } catch (ZipException | EOFException e) {
                throw broken(file, place, offset, e);
            }
            if (read > 0) {
                sum.update(bytes, from, read);
                offset += read;
            } else if (read < 0 && sum.getValue() != entry.getCrc()) {
                throw new DataFormatException(
                        file,
                        place + "byte %d: expected the checksum %08x of all bytes before, got %08x".formatted(
                                offset, entry.getCrc(), sum.getValue()));
            }
            return read;
        }

        /// @param offset of the array's bytes, as they are when they are inflated
        static DataFormatException broken(Path file, String place, long offset, IOException e) {
            return new DataFormatException(
                    file,
                    place + "byte %d: expected a zip entry, stored or deflated, got %s".formatted(
                            offset, e instanceof EOFException ? "one beyond the file's end" : e.getMessage()),
                    e);
        }
    }
}
