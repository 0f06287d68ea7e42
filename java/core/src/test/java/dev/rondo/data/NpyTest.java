package dev.rondo.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class NpyTest {
    private static final Path DATA = Path.of(System.getProperty("rondo.data", "../shared/data"));

    /// 1.5, -2, 3.25, 0, 0.001, -1e6 in float32, as NumPy 2.4 wrote `[2,3]` in C order.
    private static final String NUMBERS = "0000c03f000000c000005040000000006f12833a002474c9";

    @TempDir
    Path folder;

    /// Headers as NumPy 2.4 writes them: `write_array(file, array, version)`.
    @ParameterizedTest
    @CsvSource({"1,False," + NUMBERS, "2,False," + NUMBERS, "3,False," + NUMBERS,
        "1,True,0000c03f00000000000000c06f12833a00005040002474c9"})
    void readsWhatNumPyWrites(int version, String fortran, String numbers) throws IOException {
        String header = "{'descr': '<f4', 'fortran_order': " + fortran + ", 'shape': (2, 3), }";
        Tensor tensor = NpyReader.read(write(file(version, header, HexFormat.of().parseHex(numbers))));
        assertEquals(Shape.of(2, 3), tensor.shape());
        assertArrayEquals(new float[] {1.5f, -2, 3.25f, 0, 1e-3f, -1e6f}, tensor.toFloats());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            <b1 | 000101           | BOOL    | 0,1,1
            <i1 | 00ff7f           | INT32   | 0,-1,127
            >u1 | 00ff07           | INT32   | 0,255,7
            <i2 | 0000ffff0080     | INT32   | 0,-1,-32768
            <u2 | 0000ffff0080     | INT32   | 0,65535,32768
            >u2 | 0000ffff0080     | INT32   | 0,65535,128
            >i4 | 00000001ffffffff80000000 | INT32 | 1,-1,-2147483648
            <u4 | 01000000ffffffff00000080 | INT64 | 1,4294967295,2147483648
            <f2 | 003c00c00078     | FLOAT32 | 1,-2,32768
            >f8 | 3ff8000000000000c0000000000000000000000000000000 | FLOAT64 | 1.5,-2,0""")
    void readsOtherTypesIntoTheNextThatHoldsThem(String descr, String hex, DataType type, String expected)
            throws IOException {
        String header = "{'shape': (3,), 'descr': '%s', 'fortran_order': False}".formatted(descr);
        Tensor tensor = NpyReader.read(write(file(1, header, HexFormat.of().parseHex(hex))));
        assertEquals(type, tensor.type());
        assertArrayEquals(
                Arrays.stream(expected.split(",")).mapToDouble(Double::parseDouble).toArray(), tensor.toDoubles());
    }

    /// More numbers than a block holds, so that every path over the block's end is taken.
    private static SequencedMap<String, Tensor> tensors() {
        SplittableRandom random = new SplittableRandom(7);
        SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
        for (DataType type : DataType.values()) {
            if (type != DataType.OPAQUE) {
                Tensor tensor = Tensor.zeros(type, 17, 11, 401);
                for (long i = 0; i < tensor.elements(); i++) {
                    tensor.set(i, type == DataType.BOOL ? random.nextInt(2) : random.nextInt(-99999, 99999) / 4.0);
                }
                tensors.put(type.name(), tensor);
            }
        }
        tensors.put("scalar", Tensor.of(new double[] {2.5}));
        tensors.put("empty", Tensor.zeros(DataType.INT32, 0, 3));
        return tensors;
    }

    @Test
    void everyTensorComesBack() throws IOException {
        Path file = folder.resolve("a.npy");
        for (Tensor tensor : tensors().values()) {
            NpyWriter.write(file, tensor);
            assertEquals(0, (Files.size(file) - tensor.segment().byteSize()) % 64, "the numbers begin aligned");
            same(tensor, NpyReader.read(file));
            try (Arena arena = Arena.ofConfined()) {
                same(tensor, NpyReader.map(file, arena));
            }
        }
        try (var files = Files.list(folder)) {
            assertEquals(List.of(file), files.toList(), "nothing else is left");
        }
    }

    @ParameterizedTest
    @EnumSource
    void severalTensorsComeBack(NpyWriter.Compression compression) throws IOException {
        Path file = folder.resolve("a.npz");
        SequencedMap<String, Tensor> tensors = tensors();
        NpyWriter.write(file, tensors, compression);
        byte[] first = Files.readAllBytes(file);
        NpyWriter.write(file, tensors, compression);
        assertArrayEquals(first, Files.readAllBytes(file), "the same tensors give the same bytes");
        try (NpzReader reader = NpzReader.open(file)) {
            assertEquals(List.copyOf(tensors.keySet()), reader.names());
            for (String name : reader.names()) {
                same(tensors.get(name), reader.read(name));
            }
            IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> reader.read("none"));
            assertTrue(String.valueOf(e.getMessage()).contains("expected one of the arrays [FLOAT32, "), e.getMessage());
        }
    }

    private static void same(Tensor expected, Tensor actual) {
        assertEquals(expected.type(), actual.type());
        assertEquals(expected.shape(), actual.shape());
        assertEquals(-1, expected.segment().mismatch(actual.segment()));
    }

    @Test
    void rowsAreReadAFewAtATime() throws IOException {
        Tensor all = Tensor.of(new int[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 5, 2);
        Path file = folder.resolve("a.npy");
        NpyWriter.write(file, all);
        try (NpyReader reader = NpyReader.open(file)) {
            Tensor two = Tensor.zeros(DataType.INT32, 2, 2);
            reader.read(two);
            reader.read(two);
            assertArrayEquals(new int[] {4, 5, 6, 7}, two.toInts());
            assertEquals(1, reader.rowsLeft());
            IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> reader.read(two));
            assertEquals("rows: expected INT32 of [5,2] with at most 1 rows, got INT32 [2,2]", e.getMessage());
            assertThrows(IllegalStateException.class, reader::read);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {'descr': '<O', 'fortran_order': False, 'shape': (3,)}      | byte 20: expected numbers (f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 b1, with < or > in front), got '<O': pickled objects
            {'descr': '<c8', 'fortran_order': False, 'shape': (3,)}     | byte 20: expected numbers
            {'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,)} | byte 20: expected a type such as '<f4', not a structured one, in quotes, got '['
            {'descr': '<f4', 'fortran_order': 0, 'shape': (3,)}         | expected True or False, got '0'
            {'descr': '<f4', 'fortran_order': False, 'shape': (-3,)}    | expected an extent from 0 to 2147483647, got '-'
            {'descr': '<f4', 'fortran_order': False, 'shape': (3000000000,)} | got 3000000000
            {'descr': '<f4', 'fortran_order': False, 'shape': (2147483647, 2147483647, 0)} | expected at most 2^63-1 bytes
            {'descr': '<f4', 'fortran_order': False, 'shape': (4,)}     | expected 16 bytes of F4 [4], got 12
            {'descr': '<f4', 'fortran_order': False}                    | expected descr, fortran_order and shape, got only
            {'descr': '<f4', 'descr': '<f4'}                            | expected each key once, got 'descr' again
            {'descr': '<f4', 'more': 1}                                 | expected descr, fortran_order or shape, got 'more'
            {'descr': '<f4', 'fortran_order': False, 'shape': (3,)} x   | expected the header's end, got 'x'
            []                                                          | byte 10: expected '{', got '['""")
    void aWrongHeaderIsRefused(String header, String message) throws IOException {
        Path file = write(file(1, header, new byte[12]));
        DataFormatException e = assertThrows(DataFormatException.class, () -> NpyReader.read(file));
        assertTrue(e.getMessage().startsWith(file + ": ") && e.getMessage().contains(message), e.getMessage());
    }

    @Test
    void anotherFileIsRefused() throws IOException {
        refused("byte 0: expected 0x93 of the magic", "not an array".getBytes(StandardCharsets.US_ASCII));
        refused("byte 6: expected format 1.0, 2.0 or 3.0, got 4.0", new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 4, 0});
        refused("byte 8: expected a header of at most 65536 bytes, got 4294967295",
                new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 2, 0, -1, -1, -1, -1});
        refused("expected 0 or 1, got 2", file(1, "{'descr': '|b1', 'fortran_order': False, 'shape': ()}", new byte[] {2}));
        Path text = write("no zip".getBytes(StandardCharsets.US_ASCII));
        noZip(text, "byte 0: expected a zip file of arrays, which begins with 50 4b, got 6e 6f");
        noZip(write(new byte[0]), "byte 0: expected a zip file of arrays, which begins with 50 4b, got an empty file");
    }

    private static void noZip(Path file, String message) {
        DataFormatException e = assertThrows(DataFormatException.class, () -> NpzReader.open(file));
        assertEquals(file + ": " + message, e.getMessage());
        assertEquals(file, e.file());
    }

    private void refused(String message, byte[] bytes) throws IOException {
        Path file = write(bytes);
        DataFormatException e = assertThrows(DataFormatException.class, () -> NpyReader.read(file));
        assertTrue(String.valueOf(e.getMessage()).contains(message), e.getMessage());
    }

    @Test
    void everyTruncationIsRefused() throws IOException {
        byte[] valid = file(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}", new byte[12]);
        for (int length = 0; length < valid.length; length++) {
            Path file = write(Arrays.copyOf(valid, length));
            assertThrows(DataFormatException.class, () -> NpyReader.read(file), "cut to " + length);
        }
        NpyReader.read(write(valid));
    }

    @Test
    void anyByteMayBeChanged() throws IOException {
        byte[] array = file(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", new byte[12]);
        assertTrue(refusedMutations(array, 3_000, file -> NpyReader.read(file)) > 1_000);
    }

    @ParameterizedTest
    @EnumSource
    void anyByteOfAZipMayBeChanged(NpyWriter.Compression compression) throws IOException {
        Path valid = folder.resolve("valid.npz");
        SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("a", Tensor.of(new int[] {1, 2, 3}, 3));
        tensors.put("b", Tensor.of(new float[50], 5, 10));
        NpyWriter.write(valid, tensors, compression);
        assertTrue(refusedMutations(Files.readAllBytes(valid), 3_000, file -> {
            try (NpzReader reader = NpzReader.open(file)) {
                for (String name : reader.names()) {
                    reader.read(name);
                }
            }
        }) > 500);
    }

    /// A byte of a stored number, the size that its header promises, and more of a deflated one than can be.
    @Test
    void anEntryThatIsNotWhatItSaysIsNamed() throws IOException {
        Path file = folder.resolve("a.npz");
        SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("first", Tensor.of(new int[] {1, 2, 3}, 3));
        NpyWriter.write(file, tensors, NpyWriter.Compression.STORED);
        byte[] valid = Files.readAllBytes(file);
        byte[] three = {3, 0, 0, 0};
        int last = indexOf(valid, three);
        byte[] changed = valid.clone();
        changed[last] = 4;
        entryRefused("array \"first\": byte 140: expected the checksum ", changed);
        byte[] shape = valid.clone();
        shape[indexOf(valid, "(3,)".getBytes(StandardCharsets.US_ASCII)) + 1] = '4';
        entryRefused("array \"first\": byte 128: expected 16 bytes of I4 [4], got 12", shape);
        NpyWriter.write(file, tensors, NpyWriter.Compression.DEFLATED);
        byte[] broken = Files.readAllBytes(file);
        // Behind the local header, the name and what follows it: the first block is of a kind that there is not.
        broken[30 + broken[26] + broken[28]] |= 6;
        entryRefused("array \"first\": byte 0: expected a zip entry, stored or deflated, got invalid block type", broken);
        byte[] gained = Files.readAllBytes(file);
        // The size in the directory, whose entries begin with PK 1 2.
        int directory = indexOf(gained, new byte[] {'P', 'K', 1, 2});
        ByteBuffer.wrap(gained).order(ByteOrder.LITTLE_ENDIAN).putInt(directory + 24, 1 << 30);
        entryRefused("got 1073741824", gained);
        for (int length = 0; length < valid.length; length++) {
            Path cut = write(Arrays.copyOf(valid, length));
            DataFormatException e =
                    assertThrows(DataFormatException.class, () -> NpzReader.open(cut), "cut to " + length);
            String place = length < 2 ? "byte 0: " : "byte " + length + ": expected a zip file's directory before its end";
            assertTrue(e.getMessage().startsWith(cut + ": " + place), e.getMessage());
        }
    }

    private void entryRefused(String message, byte[] bytes) throws IOException {
        Path file = write(bytes);
        try (NpzReader reader = NpzReader.open(file)) {
            DataFormatException e = assertThrows(DataFormatException.class, () -> reader.read("first"));
            assertTrue(e.getMessage().startsWith(file + ": array \"first\": ") && e.getMessage().contains(message), e.getMessage());
        }
    }

    private static int indexOf(byte[] bytes, byte[] part) {
        int at = 0;
        while (!Arrays.equals(bytes, at, at + part.length, part, 0, part.length)) {
            at++;
        }
        return at;
    }

    private interface Reading {
        void read(Path file) throws IOException;
    }

    private int refusedMutations(byte[] valid, int mutations, Reading reading) throws IOException {
        long seed = 20261126;
        SplittableRandom random = new SplittableRandom(seed);
        int refused = 0;
        for (int i = 0; i < mutations; i++) {
            byte[] bytes = valid.clone();
            for (int changes = random.nextInt(1, 5); changes > 0; changes--) {
                int place = random.nextInt(bytes.length);
                bytes[place] = random.nextBoolean() ? (byte) random.nextInt(256)
                        : (byte) (bytes[place] ^ 1 << random.nextInt(8));
            }
            Path file = write(bytes);
            try {
                reading.read(file);
            } catch (DataFormatException e) {
                refused++;
            } catch (IOException | RuntimeException | Error e) {
                throw new AssertionError("seed " + seed + ", mutation " + i, e);
            }
        }
        return refused;
    }

    @Test
    void readsChoralesAndProbabilities() throws IOException {
        Path music = DATA.resolve("music/jsb-chorales.npz");
        Path probabilities = DATA.resolve("silero-vad/expected_probs_16k_op15_onnxruntime.npy");
        if (!Files.exists(music) || !Files.exists(probabilities)) {
            System.out.println("NpyTest: not run on real arrays: there are none in " + DATA);
            return;
        }
        try (NpzReader reader = NpzReader.open(music)) {
            Tensor lengths = reader.read("train_lengths");
            Tensor frames = reader.read("train_data");
            assertEquals(Shape.of(229), lengths.shape());
            assertEquals(Shape.of((int) Arrays.stream(lengths.toDoubles()).sum(), 88), frames.shape());
            assertEquals(DataType.INT32, frames.type());
        }
        assertEquals(Shape.of(1875), NpyReader.read(probabilities).shape());
        assertFalse(Float.isNaN(NpyReader.read(probabilities).segment().get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0)));
    }

    private static byte[] file(int version, String header, byte[] numbers) {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer buffer = ByteBuffer.allocate(12 + text.length + 1 + numbers.length).order(ByteOrder.LITTLE_ENDIAN);
        buffer.put((byte) 0x93).put("NUMPY".getBytes(StandardCharsets.US_ASCII)).put((byte) version).put((byte) 0);
        if (version == 1) {
            buffer.putShort((short) (text.length + 1));
        } else {
            buffer.putInt(text.length + 1);
        }
        buffer.put(text).put((byte) '\n').put(numbers);
        return Arrays.copyOf(buffer.array(), buffer.position());
    }

    private Path write(byte[] bytes) throws IOException {
        Path file = folder.resolve("any");
        Files.write(file, bytes);
        return file;
    }
}
