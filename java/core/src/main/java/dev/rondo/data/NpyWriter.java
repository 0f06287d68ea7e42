package dev.rondo.data;

import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Tensor;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.SequencedMap;
import java.util.UUID;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/// Writes tensors for NumPy: `.npy` files, and `.npz` files of several. Format 1.0, little-endian, C order. The same
/// tensors give the same bytes.
///
/// A file is written beside its place and then renamed, so a disk that is full leaves the old file as it was.
public final class NpyWriter {
    private static final int BLOCK = 1 << 16;

    private NpyWriter() {}

    /// How arrays lie in a `.npz` file.
    public enum Compression {
        /// As they are: `numpy.savez`.
        STORED,
        /// Deflated: `numpy.savez_compressed`.
        DEFLATED
    }

    private interface Content {
        void writeTo(OutputStream output) throws IOException;
    }

    /// Writes one array.
    ///
    /// @throws IOException if it cannot be written; an old file of this name is then as it was
    public static void write(Path file, Tensor tensor) throws IOException {
        replace(file, output -> write(output, tensor));
    }

    /// Writes several arrays, in the map's order.
    ///
    /// @param tensors by name; a name is a key of what `numpy.load` gives
    /// @throws IllegalArgumentException if there is none, or a name is empty
    /// @throws IOException if it cannot be written; an old file of this name is then as it was
    public static void write(Path file, SequencedMap<String, Tensor> tensors, Compression compression)
            throws IOException {
        if (tensors.isEmpty() || tensors.containsKey("")) {
            throw new IllegalArgumentException("tensors: expected one or more with names, got " + tensors.keySet());
        }
        replace(file, output -> {
            ZipOutputStream zip = new ZipOutputStream(output);
            for (Map.Entry<String, Tensor> array : tensors.entrySet()) {
                ZipEntry entry = new ZipEntry(array.getKey() + ".npy");
                entry.setLastModifiedTime(FileTime.fromMillis(0));
                switch (compression) {
                    case STORED -> store(zip, entry, array.getValue());
                    case DEFLATED -> zip.setLevel(Deflater.DEFAULT_COMPRESSION);
                }
                zip.putNextEntry(entry);
                write(zip, array.getValue());
                zip.closeEntry();
            }
            zip.finish();
        });
    }

    /// What is stored has its size and checksum in front of it.
    private static void store(ZipOutputStream zip, ZipEntry entry, Tensor tensor) throws IOException {
        CRC32 sum = new CRC32();
        write(new OutputStream() {
            @Override
            public void write(int b) {
                sum.update(b);
            }

            @Override
            public void write(byte[] bytes, int from, int count) {
                sum.update(bytes, from, count);
            }
        }, tensor);
        entry.setMethod(ZipEntry.STORED);
        entry.setCrc(sum.getValue());
        entry.setSize(NpyHeader.write(tensor.type(), tensor.shape()).length + tensor.segment().byteSize());
        zip.setMethod(ZipOutputStream.STORED);
    }

    private static void write(OutputStream output, Tensor tensor) throws IOException {
        output.write(NpyHeader.write(tensor.type(), tensor.shape()));
        DataType type = tensor.type();
        ValueLayout layout = type.layout();
        byte[] block = new byte[BLOCK];
        int perBlock = BLOCK / type.bytes();
        for (long first = 0; first < tensor.elements(); first += perBlock) {
            int count = (int) Math.min(perBlock, tensor.elements() - first);
            MemorySegment.copy(
                    tensor.segment(),
                    layout,
                    first * type.bytes(),
                    MemorySegment.ofArray(block),
                    layout.withOrder(ByteOrder.LITTLE_ENDIAN),
                    0,
                    count);
            output.write(block, 0, count * type.bytes());
        }
    }

    private static void replace(Path target, Content content) throws IOException {
        Path file = Files.exists(target) ? target.toRealPath() : target.toAbsolutePath();
        Path folder = file.getParent();
        if (folder == null || Files.isDirectory(file)) {
            throw new FileSystemException(target.toString(), null, "is not the name of a file");
        }
        Path temporary = folder.resolve("." + file.getFileName() + "-" + UUID.randomUUID() + ".tmp");
        try {
            try (OutputStream output = new BufferedOutputStream(
                    Files.newOutputStream(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), BLOCK)) {
                content.writeTo(output);
            }
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }
}
