package dev.rondo.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/// What is written is read again bit for bit, and lies in the file as the format says.
class SafetensorsTest {
    @TempDir
    Path folder;

    /// A file with every type, an extent of 1, an empty tensor, a scalar, and names that JSON must escape.
    static SequencedMap<String, Tensor> tensors() {
        SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("flag", Tensor.wrap(MemorySegment.ofArray(new byte[] {1, 0, 1}), DataType.BOOL, Shape.of(3)));
        tensors.put("lstm.weightIh",
                Tensor.of(new float[] {1.5f, -0f, Float.NaN, Float.MIN_VALUE, Float.MAX_VALUE, 3}, 2, 3));
        tensors.put("quoted \"name\" \\ \u00fc \ud83c\udfbc", Tensor.of(new int[] {Integer.MIN_VALUE, 7}, 2, 1));
        tensors.put("double", Tensor.of(new double[] {Math.PI, -1e-310}, 1, 2));
        tensors.put("empty", Tensor.of(new float[0], 0, 5));
        tensors.put("scalar", Tensor.of(new long[] {Long.MAX_VALUE}));
        return tensors;
    }

    static final Map<String, String> METADATA = Map.of("rondo.version", "1", "model", "{\"layers\": [\"\u00e4\"]}");

    @Test
    void anInterruptedReadSaysSo() throws IOException {
        Path file = folder.resolve("all.safetensors");
        SafetensorsWriter.write(file, METADATA, tensors());
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            Thread.currentThread().interrupt();
            for (Executable read : List.<Executable>of(
                    () -> reader.read("double"), () -> SafetensorsReader.open(file))) {
                IOException e = assertThrows(IOException.class, read);
                assertEquals(file + ": interrupted while reading", e.getMessage());
                assertTrue(Thread.currentThread().isInterrupted());
            }
        } finally {
            Thread.interrupted();
        }
    }

    @Test
    void everyTypeIsReadAsItWasWritten() throws IOException {
        Path file = folder.resolve("all.safetensors");
        SafetensorsWriter.write(file, METADATA, tensors());
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            assertEquals(METADATA, reader.metadata());
            assertEquals(tensors().keySet().size(), reader.tensors().size());
            for (Map.Entry<String, Tensor> entry : tensors().entrySet()) {
                Tensor read = reader.read(entry.getKey());
                assertEquals(entry.getValue().type(), read.type(), entry.getKey());
                assertEquals(entry.getValue().shape(), read.shape(), entry.getKey());
                assertArrayEquals(bytes(entry.getValue()), bytes(read), entry.getKey());
            }
        }
    }

    @Test
    void theLayoutIsTheFormats() throws IOException {
        Path file = folder.resolve("layout.safetensors");
        SafetensorsWriter.write(file, METADATA, tensors());
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        long header = bytes.getLong();
        assertEquals(0, header % 8, "the tensors begin at a multiple of eight");
        assertEquals('{', bytes.get(8));
        String json = StandardCharsets.UTF_8.decode(bytes.slice(8, (int) header)).toString();
        assertTrue(json.contains("\"lstm.weightIh\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":["), json);
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            long end = 8 + header;
            for (TensorInfo tensor : reader.tensors()) {
                assertEquals(end, tensor.position(), tensor.name());
                assertEquals(0, tensor.position() % tensor.type().bytes(), tensor.name());
                end += tensor.byteSize();
            }
            assertEquals(Files.size(file), end);
            long place = reader.tensor("lstm.weightIh").orElseThrow().position();
            assertEquals(1.5f, bytes.getFloat((int) place));
        }
    }

    @Test
    void tensorsLongerThanTheBufferComeInChunks() throws IOException {
        int elements = FileElements.BUFFER_BYTES / Float.BYTES * 2 + 3;
        float[] values = new float[elements];
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < elements; i++) {
            values[i] = (float) random.nextDouble();
        }
        Path file = folder.resolve("long.safetensors");
        try (Arena arena = Arena.ofConfined()) {
            Tensor nativeTensor = Tensor.allocate(arena, DataType.FLOAT32, Shape.of(elements));
            nativeTensor.copyFrom(Tensor.of(values, elements));
            SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
            tensors.put("shift", Tensor.wrap(MemorySegment.ofArray(new byte[] {1}), DataType.BOOL, Shape.of(1)));
            tensors.put("native", nativeTensor);
            tensors.put("heap", Tensor.of(values, elements));
            SafetensorsWriter.write(file, Map.of(), tensors);
            Tensor back = Tensor.allocate(arena, DataType.FLOAT32, Shape.of(elements));
            try (SafetensorsReader reader = SafetensorsReader.open(file)) {
                reader.read("heap", back);
                assertArrayEquals(values, back.toFloats());
                assertArrayEquals(values, reader.read("native").toFloats());
            }
        }
    }

    @Test
    void aFileOfNothingIsRead() throws IOException {
        Path file = folder.resolve("nothing.safetensors");
        SafetensorsWriter.write(file, Map.of(), new LinkedHashMap<>());
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            assertEquals(0, reader.tensors().size());
            assertEquals(Map.of(), reader.metadata());
        }
    }

    @Test
    void readingIntoAnotherTypeOrShapeIsRefused() throws IOException {
        Path file = folder.resolve("model.safetensors");
        SafetensorsWriter.write(file, Map.of(), tensors());
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            Tensor wrongShape = Tensor.zeros(DataType.FLOAT32, 3, 2);
            ModelFormatException e =
                    assertThrows(ModelFormatException.class, () -> reader.read("lstm.weightIh", wrongShape));
            assertEquals(file + ": tensor \"lstm.weightIh\": expected FLOAT32 [3,2], got FLOAT32 [2,3]",
                    e.getMessage());
            assertEquals(file, e.file());
            Tensor wrongType = Tensor.zeros(DataType.INT32, 2, 3);
            assertThrows(ModelFormatException.class, () -> reader.read("lstm.weightIh", wrongType));
            assertTrue(assertThrows(ModelFormatException.class, () -> reader.read("none"))
                    .getMessage()
                    .contains("tensor \"none\": expected one of this name"));
        }
    }

    @Test
    void aClosedReaderSaysSo() throws IOException {
        Path file = folder.resolve("model.safetensors");
        SafetensorsWriter.write(file, Map.of(), tensors());
        SafetensorsReader reader = SafetensorsReader.open(file);
        reader.close();
        reader.close();
        assertEquals(
                "SafetensorsReader is closed",
                assertThrows(IllegalStateException.class, () -> reader.read("double")).getMessage());
    }

    @Test
    void whatIsNoFileIsNamed() {
        Path missing = folder.resolve("missing.safetensors");
        assertTrue(assertThrows(NoSuchFileException.class, () -> SafetensorsReader.open(missing))
                .getMessage()
                .contains("missing.safetensors"));
        assertTrue(assertThrows(IOException.class, () -> SafetensorsReader.open(folder))
                .getMessage()
                .contains("expected a file, got a folder"));
        assertTrue(assertThrows(IOException.class, () -> SafetensorsReader.open(Path.of("/dev/zero")))
                .getMessage()
                .contains("expected a file, got a device"));
    }

    @Test
    void theNameOfTheMetadataIsNoTensors() {
        SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("__metadata__", Tensor.of(new float[1], 1));
        Path file = folder.resolve("x.safetensors");
        assertThrows(IllegalArgumentException.class, () -> SafetensorsWriter.write(file, Map.of(), tensors));
        assertTrue(Files.notExists(file));
    }

    @Test
    void halfOfASurrogatePairIsNoName() {
        SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("clef \ud83c", Tensor.of(new float[1], 1));
        Path file = folder.resolve("x.safetensors");
        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class, () -> SafetensorsWriter.write(file, Map.of(), tensors));
        assertEquals("header: expected names and metadata in Unicode, got half of a surrogate pair", e.getMessage());
        assertTrue(Files.notExists(file));
    }

    /// What could not be read again is not written, and what stood there stays.
    @Test
    void namesThatTheReaderRefusesAreNotWritten() throws IOException {
        Path file = folder.resolve("x.safetensors");
        String longest = "n".repeat(4096);
        Tensor x = Tensor.of(new float[] {1, 2}, 2);
        SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put(longest, x);
        SafetensorsWriter.write(file, Map.of(longest, "v"), tensors);
        byte[] written = Files.readAllBytes(file);
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            assertEquals(Map.of(longest, "v"), reader.metadata());
            assertTrue(reader.tensor(longest).isPresent());
        }

        IllegalArgumentException key = assertThrows(
                IllegalArgumentException.class,
                () -> SafetensorsWriter.write(file, Map.of(longest + "n", "v"), tensors));
        assertEquals("__metadata__: expected names of at most 4096 characters, got 4097 characters", key.getMessage());
        tensors.put(longest + "n", x);
        IllegalArgumentException name = assertThrows(
                IllegalArgumentException.class, () -> SafetensorsWriter.write(file, Map.of(), tensors));
        assertEquals("header: expected names of at most 4096 characters, got 4097 characters", name.getMessage());
        assertArrayEquals(written, Files.readAllBytes(file));
    }

    static byte[] bytes(Tensor tensor) {
        return tensor.segment().toArray(ValueLayout.JAVA_BYTE);
    }
}
