package dev.rondo.io;

import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Reads a safetensors file.
///
/// Opening reads and checks the header; tensors are read when they are asked for. Whatever the file holds, the answer
/// is a value or a [ModelFormatException]. A reader owns an open file; it is for one thread.
///
/// ```java
/// try (SafetensorsReader reader = SafetensorsReader.open(path)) {
///     for (TensorInfo info : reader.tensors()) {
///         Tensor tensor = reader.read(info.name());
///     }
/// }
/// ```
public final class SafetensorsReader implements AutoCloseable {
    private final Path file;
    private final FileChannel channel;
    private final SafetensorsHeader header;
    private final Map<String, TensorInfo> tensors = new LinkedHashMap<>();

    private SafetensorsReader(Path file, FileChannel channel) throws IOException {
        this.file = file;
        this.channel = channel;
        this.header = readHeader(file, channel);
        for (TensorInfo tensor : header.tensors()) {
            tensors.put(tensor.name(), tensor);
        }
    }

    /// Opens a file and checks its header.
    ///
    /// @throws ModelFormatException if it is not a safetensors file, or one with types that Rondo does not read
    /// @throws IOException if it cannot be read
    public static SafetensorsReader open(Path file) throws IOException {
        if (!Files.exists(file)) {
            throw new NoSuchFileException(file.toString(), null, "there is no such file");
        }
        if (!Files.isRegularFile(file)) {
            throw new IOException(file + ": expected a file, got "
                    + (Files.isDirectory(file) ? "a folder" : "a device"));
        }
        FileChannel channel;
        try {
            channel = FileChannel.open(file, StandardOpenOption.READ);
        } catch (AccessDeniedException e) {
            throw new IOException(file + ": no permission to read it", e);
        }
        try {
            return new SafetensorsReader(file, channel);
        } catch (ClosedByInterruptException e) {
            throw interrupted(file, e);
        } catch (IOException | RuntimeException | Error e) {
            channel.close();
            throw e;
        }
    }

    private static SafetensorsHeader readHeader(Path file, FileChannel channel) throws IOException {
        long size = channel.size();
        if (size < SafetensorsHeader.LENGTH_BYTES) {
            throw new ModelFormatException(
                    file,
                    "byte 0: expected " + SafetensorsHeader.LENGTH_BYTES + " bytes of header length, got a file of "
                            + size
                            + (size == 1 ? " byte" : " bytes"));
        }
        ByteBuffer length = ByteBuffer.allocate(SafetensorsHeader.LENGTH_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        readAll(file, channel, length, 0);
        long bytes = length.getLong(0);
        long most = Math.min(SafetensorsHeader.MAXIMUM_BYTES, size - SafetensorsHeader.LENGTH_BYTES);
        if (bytes < 0 || bytes > most) {
            throw new ModelFormatException(
                    file,
                    "byte 0: expected a header length of at most " + most + " (the file has " + size + " bytes), got "
                            + Long.toUnsignedString(bytes));
        }
        ByteBuffer json = ByteBuffer.allocate((int) bytes);
        readAll(file, channel, json, SafetensorsHeader.LENGTH_BYTES);
        return SafetensorsHeader.decode(file, json.array(), size);
    }

    /// The file.
    public Path file() {
        return file;
    }

    /// The header's map of strings; not modifiable.
    public Map<String, String> metadata() {
        return header.metadata();
    }

    /// The tensors in the order of their bytes; not modifiable.
    public List<TensorInfo> tensors() {
        return header.tensors();
    }

    /// The tensor of a name.
    public Optional<TensorInfo> tensor(String name) {
        return Optional.ofNullable(tensors.get(name));
    }

    /// Reads a tensor into a new array.
    ///
    /// @throws ModelFormatException if the file has no such tensor, or one too large for an array
    /// @throws IOException if it cannot be read
    /// @throws IllegalStateException if the reader is closed
    public Tensor read(String name) throws IOException {
        TensorInfo info = find(name);
        if (info.byteSize() / info.type().bytes() > Integer.MAX_VALUE - 8) {
            throw new ModelFormatException(
                    file,
                    place(info) + ": expected at most " + (Integer.MAX_VALUE - 8) + " elements, got " + info.shape());
        }
        Tensor tensor = Tensor.zeros(info.type(), info.shape().dims());
        readInto(info, tensor);
        return tensor;
    }

    /// Reads a tensor into memory that is there already.
    ///
    /// @param destination overwritten; of the type and the shape that the tensor has in the file
    /// @throws ModelFormatException if the file has no such tensor, or one of another type or shape
    /// @throws IOException if it cannot be read; the destination's content is then unspecified
    /// @throws IllegalStateException if the reader is closed
    public void read(String name, Tensor destination) throws IOException {
        TensorInfo info = find(name);
        if (info.type() != destination.type() || !info.shape().equals(destination.shape())) {
            throw new ModelFormatException(
                    file,
                    place(info) + ": expected " + destination.type() + " " + destination.shape() + ", got "
                            + info.type()
                            + " " + info.shape());
        }
        readInto(info, destination);
    }

    private void readInto(TensorInfo info, Tensor destination) throws IOException {
        DataType type = info.type();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(FileElements.BUFFER_BYTES);
            for (long position = 0; position < info.byteSize(); position += buffer.byteSize()) {
                long chunk = Math.min(buffer.byteSize(), info.byteSize() - position);
                readAll(file, channel, buffer.asSlice(0, chunk).asByteBuffer(), info.position() + position);
                if (type == DataType.BOOL) {
                    checkBooleans(info, buffer, position, chunk);
                }
                FileElements.toMemory(type, buffer, chunk, destination.segment(), position);
            }
        } catch (ClosedByInterruptException e) {
            throw interrupted(file, e);
        } catch (ClosedChannelException e) {
            throw new IllegalStateException("SafetensorsReader is closed", e);
        }
    }

    private static IOException interrupted(Path file, ClosedByInterruptException e) {
        return new IOException(file + ": interrupted while reading", e);
    }

    private void checkBooleans(TensorInfo info, MemorySegment buffer, long position, long bytes)
            throws ModelFormatException {
        for (long i = 0; i < bytes; i++) {
            int value = Byte.toUnsignedInt(buffer.get(ValueLayout.JAVA_BYTE, i));
            if (value > 1) {
                throw new ModelFormatException(
                        file, place(info) + ": element " + (position + i) + ": expected 0 or 1, got " + value);
            }
        }
    }

    private TensorInfo find(String name) throws ModelFormatException {
        TensorInfo info = tensors.get(name);
        if (info == null) {
            throw new ModelFormatException(
                    file, "tensor \"" + name + "\": expected one of this name, got the names " + tensors.keySet());
        }
        return info;
    }

    private static String place(TensorInfo info) {
        return "tensor \"" + info.name() + "\"";
    }

    /// Fills a buffer. The file had these bytes when its size was asked for; it may have been cut short since.
    private static void readAll(Path file, FileChannel channel, ByteBuffer bytes, long position) throws IOException {
        long next = position;
        while (bytes.hasRemaining()) {
            int count = channel.read(bytes, next);
            if (count < 0) {
                throw new ModelFormatException(
                        file, "byte " + next + ": expected " + bytes.remaining() + " more bytes, got the file's end");
            }
            next += count;
        }
    }

    /// Closes the file. Closing again does nothing.
    @Override
    public void close() throws IOException {
        channel.close();
    }
}
