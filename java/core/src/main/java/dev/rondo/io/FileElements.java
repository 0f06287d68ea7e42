package dev.rondo.io;

import dev.rondo.tensor.DataType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// Copies elements between memory, in the machine's byte order, and the bytes of a file, in little-endian order.
final class FileElements {
    /// The size of the buffers through which files are read and written: a multiple of every element's.
    static final int BUFFER_BYTES = 1 << 20;

    private FileElements() {}

    static void toFile(DataType type, MemorySegment memory, long position, MemorySegment buffer, long bytes) {
        MemorySegment.copy(memory, inMemory(type), position, buffer, inFile(type), 0, bytes / type.bytes());
    }

    static void toMemory(DataType type, MemorySegment buffer, long bytes, MemorySegment memory, long position) {
        MemorySegment.copy(buffer, inFile(type), 0, memory, inMemory(type), position, bytes / type.bytes());
    }

    private static ValueLayout inFile(DataType type) {
        return inMemory(type).withOrder(ByteOrder.LITTLE_ENDIAN);
    }

    /// Whole numbers of the elements' size, so that no bit of a NaN is lost.
    private static ValueLayout inMemory(DataType type) {
        return switch (type.bytes()) {
            case Byte.BYTES -> ValueLayout.JAVA_BYTE;
            case Integer.BYTES -> ValueLayout.JAVA_INT_UNALIGNED;
            default -> ValueLayout.JAVA_LONG_UNALIGNED;
        };
    }
}
