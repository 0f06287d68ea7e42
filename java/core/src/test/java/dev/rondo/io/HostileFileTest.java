package dev.rondo.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.rondo.Sequential;
import dev.rondo.inference.InferenceSession;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Dropout;
import dev.rondo.layers.Embedding;
import dev.rondo.layers.Input;
import dev.rondo.layers.Lstm;
import dev.rondo.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Whatever a file holds, reading it gives values or a [ModelFormatException] that names the place.
class HostileFileTest {
    @TempDir
    Path folder;

    @Test
    void everyTruncationIsRefused() throws IOException {
        byte[] valid = validFile();
        for (int length = 0; length < valid.length; length++) {
            Path file = write(Arrays.copyOf(valid, length));
            int cut = length;
            ModelFormatException e = assertThrows(
                    ModelFormatException.class, () -> readAll(file), () -> "cut to " + cut + " of " + valid.length
                            + " bytes");
            assertTrue(e.getMessage().startsWith(file + ": "), e.getMessage());
        }
        readAll(write(valid));
    }

    @Test
    void anyByteMayBeChanged() throws IOException {
        byte[] valid = validFile();
        long seed = 20261120;
        SplittableRandom random = new SplittableRandom(seed);
        int refused = 0;
        int mutations = 3_000;
        for (int i = 0; i < mutations; i++) {
            byte[] bytes = valid.clone();
            // Most changes in the header, where they tell; one to four of them.
            for (int changes = random.nextInt(1, 5); changes > 0; changes--) {
                int place = random.nextInt(random.nextInt(8) == 0 ? bytes.length : headerEnd(valid));
                bytes[place] = random.nextBoolean() ? (byte) random.nextInt(256)
                        : (byte) (bytes[place] ^ 1 << random.nextInt(8));
            }
            try {
                readAll(write(bytes));
            } catch (ModelFormatException e) {
                refused++;
            } catch (RuntimeException | Error e) {
                throw new AssertionError("seed " + seed + ", mutation " + i, e);
            }
        }
        assertTrue(refused > mutations / 2, "only " + refused + " of " + mutations + " mutations were refused");
    }

    /// The same with a model of Rondo's, whose header describes layers: either it loads and serves, or it is refused.
    private static final Pattern ID = Pattern.compile("^x\\[|ids\\[");

    @Test
    void anyByteOfAModelMayBeChanged() throws IOException {
        Path valid = folder.resolve("model.safetensors");
        try (Sequential model = Sequential.builder()
                .add(Input.ids(Shape.TIME))
                .add(Embedding.of(5, 3))
                .add(Lstm.units(2).returnSequences())
                .add(Dropout.rate(0.5))
                .add(Dense.units(5))
                .build()) {
            model.save(valid);
        }
        byte[] bytes = Files.readAllBytes(valid);
        int header = headerEnd(bytes);
        long seed = 20261121;
        SplittableRandom random = new SplittableRandom(seed);
        int refused = 0;
        int mutations = 500;
        String letters = "0123456789-.eE,:\"{}[]abzBTFI_";
        for (int i = 0; i < mutations; i++) {
            byte[] mutant = bytes.clone();
            int place = random.nextInt(8, header);
            // Another digit or letter keeps the JSON whole more often than any byte would.
            mutant[place] = (byte) letters.charAt(random.nextInt(letters.length()));
            Path file = write(mutant);
            try (InferenceSession session = InferenceSession.open(file)) {
                session.run(new int[] {0, 1, 2}, new float[(int) session.outputShape().elements(1, 3)]);
            } catch (ModelFormatException | IllegalArgumentException e) {
                refused++;
                // An id that a smaller embedding lacks is a wrong call; all else is the file's fault.
                if (!(e instanceof ModelFormatException)
                        && !ID.matcher(String.valueOf(e.getMessage())).find()) {
                    throw new AssertionError("seed " + seed + ", mutation " + i, e);
                }
            } catch (RuntimeException | Error e) {
                throw new AssertionError("seed " + seed + ", mutation " + i, e);
            }
        }
        assertTrue(refused > mutations / 4, "only " + refused + " of " + mutations + " mutations were refused");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "[]                         | expected '{', the start of a JSON header, got '['",
                "` {}`                      | expected '{', the start of a JSON header, got ' '",
                "{                          | expected a safetensors header in JSON",
                "{\"a\"}                    | expected a safetensors header in JSON",
                "{} {}                      | byte 12: expected a safetensors header in JSON",
                "{\"a\": 1}                 | tensor \"a\": expected an object of dtype, shape and data_offsets, got '1'",
                "{\"a\": {}}                | tensor \"a\": expected the fields dtype, shape and data_offsets, got no dtype",
                "{\"a\": {\"dtype\": 32}}   | tensor \"a\": dtype: expected the name of a type, got '32'",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": 4, \"data_offsets\": [0, 16]}} | shape: expected an array of whole numbers",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [4.0], \"data_offsets\": [0, 16]}} | shape: expected a whole number, got '4.0'",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [[4]], \"data_offsets\": [0, 16]}} | expected",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [-4], \"data_offsets\": [0, 16]}} | expected a number from 0 to",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [4], \"data_offsets\": [0]}} | data_offsets: expected [begin, end], got [0]",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [4], \"data_offsets\": [16, 0]}} | expected 0 <= begin <= end <= 16, the bytes after the header, got [16, 0]",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [4], \"data_offsets\": [0, 17]}} | expected 0 <= begin <= end <= 16",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [4], \"data_offsets\": [0, 9223372036854775807]}} | expected 0 <= begin <= end <= 16",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [4], \"data_offsets\": [0, 9223372036854775808]}} | expected a number from 0 to",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [3], \"data_offsets\": [0, 16]}} | expected 12 bytes for F32 [3], got 16 bytes from [0, 16]",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [8, 16]}} | expected the tensor to begin at 0, where the one before it ends, got 8, after a gap",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0, 8]}} | expected the file's end after its last tensor, got 8 more bytes",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [3], \"data_offsets\": [0, 12]}, \"b\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [8, 16]}} | tensor \"b\": data_offsets: expected the tensor to begin at 12, where the one before it ends, got 8, inside the one before it",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [4], \"data_offsets\": [0, 16]}, \"a\": {\"dtype\": \"F32\", \"shape\": [4], \"data_offsets\": [0, 16]}} | header: expected each field once, got \"a\" twice",
                "{\"a\": {\"dtype\": \"F32\", \"dtype\": \"I32\", \"shape\": [4], \"data_offsets\": [0, 16]}} | tensor \"a\": expected each field once, got \"dtype\" twice",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [4294967296, 4294967296], \"data_offsets\": [0, 16]}} | expected dimensions from 0 to 2147483647",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [2147483647, 2147483647, 2147483647], \"data_offsets\": [0, 16]}} | expected at most 2^63-1 bytes",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [2147483647, 2147483647, 2147483647, 0], \"data_offsets\": [0, 16]}} | expected at most 2^63-1 bytes",
                "{\"a\": {\"dtype\": \"BF16\", \"shape\": [8], \"data_offsets\": [0, 16]}} | tensor \"a\": dtype: expected one that Rondo reads (F32, F64, I32, I64 or BOOL), got \"BF16\"",
                "{\"a\": {\"dtype\": \"OPAQUE\", \"shape\": [16], \"data_offsets\": [0, 16]}} | got \"OPAQUE\"",
                "{\"a\": {\"dtype\": \"F32\", \"shape\": [4], \"data_offsets\": [0, 16], \"more\": 1}} | tensor \"a\": expected the fields dtype, shape and data_offsets, got \"more\"",
                "{\"__metadata__\": []}     | __metadata__: expected a map of strings, got '['",
                "{\"__metadata__\": {\"v\": 1}} | __metadata__.v: expected a string, got '1'",
                "{\"__metadata__\": {\"v\": {\"w\": {}}}} | __metadata__.v: expected a string",
            })
    void aWrongHeaderIsRefused(String json, String expected) throws IOException {
        Path file = write(file(json.getBytes(StandardCharsets.UTF_8), new byte[16]));
        ModelFormatException e = assertThrows(ModelFormatException.class, () -> readAll(file));
        assertTrue(e.getMessage().startsWith(file + ": ") && e.getMessage().contains(expected), e.getMessage());
    }

    @ParameterizedTest
    @CsvSource({"-1,18446744073709551615", "9223372036854775807,9223372036854775807", "100000001,100000001", "25,25"})
    void aHeaderLengthBeyondTheFileIsRefused(long length, String printed) throws IOException {
        byte[] bytes = ByteBuffer.allocate(32).order(ByteOrder.LITTLE_ENDIAN).putLong(length).put((byte) '{').array();
        Path file = write(bytes);
        ModelFormatException e = assertThrows(ModelFormatException.class, () -> readAll(file));
        assertEquals(
                file + ": byte 0: expected a header length of at most 24 (the file has 32 bytes), got " + printed,
                e.getMessage());
    }

    @Test
    void aNameWithoutEndIsRefused() throws IOException {
        Path file = write(file(("{\"" + "a".repeat(5000) + "\": {}}").getBytes(StandardCharsets.UTF_8), new byte[0]));
        assertEquals(
                file + ": header: expected names of at most 4096 characters, got 5000 characters",
                assertThrows(ModelFormatException.class, () -> readAll(file)).getMessage());
    }

    @Test
    void bytesThatAreNoTextAreRefused() throws IOException {
        Path file = write(file(new byte[] {'{', (byte) 0xff, (byte) 0xfe, '}'}, new byte[0]));
        assertTrue(assertThrows(ModelFormatException.class, () -> readAll(file))
                .getMessage()
                .contains("expected a JSON header in UTF-8"));
    }

    @Test
    void theOffsetOfBadJsonCountsBytes() throws IOException {
        // Eight bytes of length, then two-byte letters before the fault at byte 8 + 2 + 6 + 3 = 19.
        Path file = write(file("{\"\u00e4\u00e4\u00e4\": ?}".getBytes(StandardCharsets.UTF_8), new byte[0]));
        String message = assertThrows(ModelFormatException.class, () -> readAll(file)).getMessage();
        assertTrue(message.contains(": byte 19: expected") || message.contains(": byte 20: expected"), message);
    }

    @Test
    void deepNestingIsRefusedWithoutRecursion() throws IOException {
        Path file = write(file(("{\"a\": " + "[".repeat(1_000_000)).getBytes(StandardCharsets.UTF_8), new byte[0]));
        assertThrows(ModelFormatException.class, () -> readAll(file));
    }

    @Test
    void aTruthValueIsZeroOrOne() throws IOException {
        String json = "{\"a\": {\"dtype\": \"BOOL\", \"shape\": [3], \"data_offsets\": [0, 3]}}";
        Path file = write(file(json.getBytes(StandardCharsets.UTF_8), new byte[] {0, 1, 2}));
        assertEquals(
                file + ": tensor \"a\": element 2: expected 0 or 1, got 2",
                assertThrows(ModelFormatException.class, () -> readAll(file)).getMessage());
    }

    @Test
    void aFileCutShortWhileItIsReadIsRefused() throws IOException {
        Path file = write(validFile());
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            byte[] bytes = Files.readAllBytes(file);
            Files.write(file, Arrays.copyOf(bytes, headerEnd(bytes)));
            for (TensorInfo tensor : reader.tensors()) {
                if (tensor.byteSize() > 0) {
                    assertTrue(assertThrows(ModelFormatException.class, () -> reader.read(tensor.name()))
                            .getMessage()
                            .contains("more bytes, got the file's end"));
                }
            }
        }
    }

    private byte[] validFile() throws IOException {
        Path file = folder.resolve("valid.safetensors");
        SafetensorsWriter.write(file, SafetensorsTest.METADATA, SafetensorsTest.tensors());
        return Files.readAllBytes(file);
    }

    private static int headerEnd(byte[] file) {
        return 8 + (int) ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
    }

    private static byte[] file(byte[] json, byte[] data) {
        return ByteBuffer.allocate(8 + json.length + data.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(json.length)
                .put(json)
                .put(data)
                .array();
    }

    private Path write(byte[] bytes) throws IOException {
        Path file = folder.resolve("hostile.safetensors");
        Files.write(file, bytes);
        return file;
    }

    /// Reads all of a file. An [IOException] that is no [ModelFormatException] would be the test's fault, since the file
    /// is there and may be read.
    private static void readAll(Path file) throws ModelFormatException {
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            for (TensorInfo tensor : reader.tensors()) {
                reader.read(tensor.name());
            }
        } catch (ModelFormatException e) {
            throw e;
        } catch (IOException e) {
            fail(e);
        }
    }
}
