package dev.rondo.data;

import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// Reads an array of NumPy's: a `.npy` file of format 1.0, 2.0 or 3.0, or one array of a `.npz` file ([NpzReader]). It
/// reads from front to back, a block of rows at a time where the array is large.
///
/// | In the file | Tensor |
/// |---|---|
/// | `f4`, `f8`, `i4`, `i8`, `b1` | FLOAT32, FLOAT64, INT32, INT64, BOOL |
/// | `f2` | FLOAT32 |
/// | `i1`, `u1`, `i2`, `u2` | INT32 |
/// | `u4` | INT64 |
///
/// Either byte order. An array in Fortran order is transposed by [#read()], which needs all of it; rows of it cannot be
/// had. Nothing is ever unpickled: arrays of objects are refused. For use by one thread at a time.
public final class NpyReader implements AutoCloseable {
    private static final int BLOCK = 1 << 16;

    private final Path file;
    private final String entry;
    private final InputStream input;
    private final NpyHeader header;
    private final byte[] block = new byte[BLOCK];
    private long offset;
    private long rowsRead;

    /// @param entry what names the array in messages, in front of the place; empty for a file of its own
    /// @param size of the whole file or entry in bytes
    NpyReader(Path file, String entry, InputStream input, long size) throws IOException {
        this.file = file;
        this.entry = entry;
        this.input = input;
        try {
            byte[] prefix = bytes(NpyHeader.PREFIX, "the magic and version of a NumPy array");
            int start = NpyHeader.start(prefix);
            byte[] rest = bytes(start - prefix.length, "the length of the header");
            byte[] both = new byte[start];
            System.arraycopy(prefix, 0, both, 0, prefix.length);
            System.arraycopy(rest, 0, both, prefix.length, rest.length);
            int length = NpyHeader.length(both);
            header = NpyHeader.parse(bytes(length, "a header of " + length + " bytes"), start);
        } catch (NpyHeader.Problem e) {
            throw problem(String.valueOf(e.getMessage()));
        }
        long expected = header.elements() * header.type().bytes();
        if (size - header.bytes() != expected) {
            throw problem("byte %d: expected %d bytes of %s %s, got %d".formatted(
                    header.bytes(), expected, header.type(), header.shape(), size - header.bytes()));
        }
    }

    /// Opens a `.npy` file and reads its header.
    ///
    /// @throws DataFormatException if it is no such file, holds other things than numbers, or is longer or shorter than
    ///     its header says
    /// @throws IOException if it cannot be read
    public static NpyReader open(Path file) throws IOException {
        InputStream input = new BufferedInputStream(Files.newInputStream(file), BLOCK);
        try {
            return new NpyReader(file, "", input, Files.size(file));
        } catch (IOException | RuntimeException e) {
            input.close();
            throw e;
        }
    }

    /// Reads a whole file.
    ///
    /// @return in an array of its own
    /// @throws IOException as [#open] and [#read()]
    public static Tensor read(Path file) throws IOException {
        try (NpyReader reader = open(file)) {
            return reader.read();
        }
    }

    /// A view of a file's numbers, without reading them: for arrays larger than memory, such as [Dataset#of] takes.
    ///
    /// @param arena that the view lives in
    /// @return read-only. If the file is cut short while it is used, access is an [InternalError]
    /// @throws IllegalArgumentException if the numbers do not lie in the file as they do in a tensor: little-endian `f4`,
    ///     `f8`, `i4`, `i8` or `b1` in C order, on a little-endian machine
    /// @throws IOException as [#open]
    public static Tensor map(Path file, Arena arena) throws IOException {
        try (NpyReader reader = open(file);
                FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            NpyHeader header = reader.header;
            boolean asTensor = NpyHeader.Type.of(header.type().tensor()) == header.type()
                    && (header.order() == ByteOrder.nativeOrder() || header.type().bytes() == 1)
                    && header.layout() == NpyHeader.Layout.C;
            if (!asTensor) {
                throw new IllegalArgumentException(
                        "%s: expected f4, f8, i4, i8 or b1 in C order and %s to be mapped, got %s, %s order, %s".formatted(
                                file, ByteOrder.nativeOrder(), header.type(), header.layout(), header.order()));
            }
            long bytes = header.elements() * header.type().bytes();
            MemorySegment segment = channel.map(FileChannel.MapMode.READ_ONLY, header.bytes(), bytes, arena);
            return Tensor.wrap(segment, header.type().tensor(), header.shape());
        }
    }

    /// The type of the tensors that are read.
    public DataType type() {
        return header.type().tensor();
    }

    /// The shape of the whole array; none of its extents is a symbol.
    public Shape shape() {
        return header.shape();
    }

    /// How many rows, along the first axis, were not read yet.
    ///
    /// @throws IllegalStateException if the array is a single number, which has no rows
    public long rowsLeft() {
        return rows() - rowsRead;
    }

    private long rows() {
        if (shape().rank() == 0) {
            throw new IllegalStateException(name() + "expected an array with rows, got a single number");
        }
        return shape().dim(0);
    }

    /// Reads the whole array.
    ///
    /// @return in an array of its own, in C order
    /// @throws DataFormatException if the file ends early, a truth value is not 0 or 1, or a checksum is wrong
    /// @throws IOException if it cannot be read
    /// @throws IllegalArgumentException if there are more numbers than a Java array holds; see [#read(Tensor)]
    /// @throws IllegalStateException if rows were read before
    public Tensor read() throws IOException {
        if (rowsRead > 0) {
            throw new IllegalStateException(name() + "expected a reader that read nothing yet, got one after row " + rowsRead);
        }
        Tensor tensor = Tensor.zeros(type(), shape().dims());
        switch (header.layout()) {
            case C -> readInto(tensor.segment(), tensor.elements());
            case FORTRAN -> {
                Tensor asStored = Tensor.zeros(type(), shape().dims());
                readInto(asStored.segment(), asStored.elements());
                transpose(asStored, tensor);
            }
        }
        rowsRead = shape().rank() == 0 ? 1 : shape().dim(0);
        return tensor;
    }

    /// Reads the next rows along the first axis into a tensor, such as one in native memory or of one batch.
    ///
    /// @param rows `[n, ...]` with the array's type and other extents; overwritten
    /// @throws IllegalArgumentException if it has another type or shape, or more rows than are left
    /// @throws IllegalStateException if the array is in Fortran order, which [#read()] alone can turn, or a single number
    /// @throws DataFormatException as [#read()]
    /// @throws IOException as [#read()]
    public void read(Tensor rows) throws IOException {
        if (header.layout() == NpyHeader.Layout.FORTRAN) {
            throw new IllegalStateException(name() + "expected C order to read rows, got Fortran order");
        }
        long left = rowsLeft();
        Shape given = rows.shape();
        if (rows.type() != type() || given.rank() != shape().rank()
                || !given.slice(1, given.rank()).equals(shape().slice(1, shape().rank())) || given.dim(0) > left) {
            throw new IllegalArgumentException("rows: expected %s of %s with at most %d rows, got %s %s"
                    .formatted(type(), shape(), left, rows.type(), given));
        }
        readInto(rows.segment(), rows.elements());
        rowsRead += given.dim(0);
    }

    private void readInto(MemorySegment target, long elements) throws IOException {
        int size = header.type().bytes();
        int perBlock = BLOCK / size;
        for (long first = 0; first < elements; first += perBlock) {
            int count = (int) Math.min(perBlock, elements - first);
            int read = input.readNBytes(block, 0, count * size);
            if (read < count * size) {
                throw problem("byte %d: expected %d more bytes of %s %s, got the end".formatted(
                        offset + read, (elements - first) * size - read, header.type(), shape()));
            }
            convert(target, first, count);
            offset += read;
        }
        // A checksum is looked at by whoever reads the end.
        if (elements > 0 && offset == header.bytes() + header.elements() * size && input.read() >= 0) {
            throw problem("byte %d: expected the end, got more".formatted(offset));
        }
    }

    /// Brings numbers from the block into a tensor's memory.
    private void convert(MemorySegment target, long first, int count) throws DataFormatException {
        MemorySegment source = MemorySegment.ofArray(block);
        switch (header.type()) {
            case B1 -> {
                for (int i = 0; i < count; i++) {
                    if (block[i] != 0 && block[i] != 1) {
                        throw problem("byte %d: expected 0 or 1, got %d".formatted(offset + i, block[i] & 0xff));
                    }
                }
                MemorySegment.copy(source, 0, target, first, count);
            }
            case I1 -> {
                for (int i = 0; i < count; i++) {
                    setInt(target, first + i, block[i]);
                }
            }
            case U1 -> {
                for (int i = 0; i < count; i++) {
                    setInt(target, first + i, block[i] & 0xff);
                }
            }
            case I2, U2, F2 -> {
                ValueLayout.OfShort layout = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(header.order());
                for (int i = 0; i < count; i++) {
                    short value = source.get(layout, (long) i * Short.BYTES);
                    if (header.type() == NpyHeader.Type.F2) {
                        target.set(ValueLayout.JAVA_FLOAT_UNALIGNED, (first + i) * Float.BYTES, Float.float16ToFloat(value));
                    } else {
                        setInt(target, first + i, header.type() == NpyHeader.Type.I2 ? value : value & 0xffff);
                    }
                }
            }
            case U4 -> {
                ValueLayout.OfInt layout = ValueLayout.JAVA_INT_UNALIGNED.withOrder(header.order());
                for (int i = 0; i < count; i++) {
                    long value = Integer.toUnsignedLong(source.get(layout, (long) i * Integer.BYTES));
                    target.set(ValueLayout.JAVA_LONG_UNALIGNED, (first + i) * Long.BYTES, value);
                }
            }
            case I4, I8, F4, F8 -> {
                ValueLayout layout = type().layout();
                MemorySegment.copy(
                        source, layout.withOrder(header.order()), 0, target, layout, first * type().bytes(), count);
            }
        }
    }

    private static void setInt(MemorySegment target, long index, int value) {
        target.set(ValueLayout.JAVA_INT_UNALIGNED, index * Integer.BYTES, value);
    }

    /// From the first index running fastest to the last.
    private static void transpose(Tensor from, Tensor to) {
        int[] dims = to.shape().dims();
        int[] index = new int[dims.length];
        for (long at = 0; at < to.elements(); at++) {
            long source = 0;
            for (int axis = dims.length - 1; axis >= 0; axis--) {
                source = source * dims[axis] + index[axis];
            }
            int bytes = to.type().bytes();
            MemorySegment.copy(from.segment(), source * bytes, to.segment(), at * bytes, bytes);
            for (int axis = dims.length - 1; axis >= 0 && ++index[axis] == dims[axis]; axis--) {
                index[axis] = 0;
            }
        }
    }

    private byte[] bytes(int count, String what) throws IOException {
        byte[] bytes = input.readNBytes(count);
        if (bytes.length < count) {
            throw problem("byte %d: expected %s, got the end".formatted(offset + bytes.length, what));
        }
        offset += count;
        return bytes;
    }

    private String name() {
        return file + ": " + entry;
    }

    private DataFormatException problem(String problem) {
        return new DataFormatException(file, entry + problem);
    }

    @Override
    public void close() throws IOException {
        input.close();
    }
}
