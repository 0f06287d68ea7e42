package dev.rondo.promises;

import dev.rondo.Sequential;
import dev.rondo.inference.InferenceSession;
import dev.rondo.io.CheckpointFile;
import dev.rondo.io.ModelFormatException;
import dev.rondo.io.SafetensorsReader;
import dev.rondo.io.TensorInfo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/// Reads any bytes as a safetensors file, as a model and as a checkpoint: each answers with values or with a
/// [ModelFormatException]. What else is thrown is a finding of the fuzzer's.
public final class FileFuzzer {
    /// In memory where there is such a folder, so that the disk does not set the pace.
    static final Path FILE = file();

    private static final int LENGTH = 8;
    /// No file has this in the highest byte of its header's length.
    static final byte PARTS = 'J';

    private FileFuzzer() {}

    /// A file as its parts.
    static byte[] parts(byte[] file) {
        int header = (int) ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
        byte[] parts = Arrays.copyOf(file, file.length + 1);
        parts[LENGTH - 1] = PARTS;
        parts[LENGTH + header] = 0;
        System.arraycopy(file, LENGTH + header, parts, LENGTH + header + 1, file.length - LENGTH - header);
        return parts;
    }

    private static byte[] assembled(byte[] parts) {
        int end = LENGTH;
        while (end < parts.length && parts[end] != 0) {
            end++;
        }
        int rest = Math.max(0, parts.length - end - 1);
        ByteBuffer file = ByteBuffer.allocate(end + rest).order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(end - LENGTH).put(parts, LENGTH, end - LENGTH).put(parts, parts.length - rest, rest);
        return file.array();
    }

    private static Path file() {
        try {
            Path memory = Path.of("/dev/shm");
            Path folder = Files.isWritable(memory)
                    ? Files.createTempDirectory(memory, "rondo-fuzz")
                    : Files.createTempDirectory("rondo-fuzz");
            Path file = folder.resolve("fuzzed.safetensors");
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                try {
                    Files.deleteIfExists(file);
                    Files.deleteIfExists(folder);
                } catch (IOException e) {
                    System.err.println("cannot remove " + folder + ": " + e);
                }
            }));
            return file;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Writes the file that the bytes stand for.
    static void write(byte[] input) throws IOException {
        Files.write(FILE, input.length >= LENGTH && input[LENGTH - 1] == PARTS ? assembled(input) : input);
    }

    /// What the fuzzer calls. The bytes are a file; or, where the eighth is [#PARTS], a header's JSON, a zero and what
    /// follows the header, so that a header of another length is one change away and not two.
    public static void fuzzerTestOneInput(byte[] input) throws IOException {
        write(input);
        try (SafetensorsReader reader = SafetensorsReader.open(FILE)) {
            for (TensorInfo tensor : reader.tensors()) {
                reader.read(tensor.name());
            }
        } catch (ModelFormatException e) {
            // No model or checkpoint either: they begin with the same reader.
            return;
        }
        try (CheckpointFile checkpoint = CheckpointFile.open(FILE)) {
            checkpoint.state();
        } catch (ModelFormatException e) {
            // An answer.
        }
        try (Sequential model = Sequential.load(FILE);
                InferenceSession session = model.session()) {
            session.outputShape();
        } catch (ModelFormatException e) {
            // An answer.
        }
    }
}
