package dev.rondo.io;

import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/// Writes safetensors files.
public final class SafetensorsWriter {
    private SafetensorsWriter() {}

    /// Writes tensors under their names. The file is replaced whole or not at all: until the new content is safely on
    /// the disk, what stood under this name before stays, whatever fails or is killed.
    ///
    /// Tensors of eight-byte elements come first in the file, then those of four, then those of one, each in the order
    /// given, so that every tensor begins at a multiple of its element size.
    ///
    /// @param file the file to write or replace; its folder must exist
    /// @param metadata a map of strings for the header
    /// @param tensors at least nothing; not changed, and not to be changed by others meanwhile
    /// @throws IOException if the file cannot be written; the message says which and why
    /// @throws IllegalArgumentException if a tensor has the name of the metadata, a name or a key of the metadata has more
    ///     than 4,096 characters, or names and metadata exceed 100 MB or hold half of a surrogate pair
    public static void write(Path file, Map<String, String> metadata, SequencedMap<String, Tensor> tensors)
            throws IOException {
        if (tensors.containsKey(SafetensorsHeader.METADATA)) {
            throw new IllegalArgumentException("tensors: expected names other than " + SafetensorsHeader.METADATA);
        }
        List<Map.Entry<String, Tensor>> entries = tensors.entrySet().stream()
                .sorted(Comparator.comparingInt(entry -> -entry.getValue().type().bytes()))
                .toList();
        byte[] header = SafetensorsHeader.encode(
                metadata,
                entries.stream()
                        .map(entry -> new SafetensorsHeader.Item(
                                entry.getKey(),
                                entry.getValue().type(),
                                entry.getValue().shape(),
                                entry.getValue().segment().byteSize()))
                        .toList());
        AtomicFile.write(file, channel -> {
            writeAll(channel, ByteBuffer.wrap(header));
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment buffer = arena.allocate(FileElements.BUFFER_BYTES);
                for (Map.Entry<String, Tensor> entry : entries) {
                    write(channel, entry.getValue(), buffer);
                }
            }
        });
    }

    private static void write(WritableByteChannel channel, Tensor tensor, MemorySegment buffer) throws IOException {
        DataType type = tensor.type();
        long bytes = tensor.segment().byteSize();
        for (long position = 0; position < bytes; position += buffer.byteSize()) {
            long chunk = Math.min(buffer.byteSize(), bytes - position);
            FileElements.toFile(type, tensor.segment(), position, buffer, chunk);
            writeAll(channel, buffer.asSlice(0, chunk).asByteBuffer());
        }
    }

    private static void writeAll(WritableByteChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
