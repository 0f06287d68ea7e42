package dev.rondo.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WavReaderTest {
    private static final Path DATA = Path.of(System.getProperty("rondo.data", "../shared/data"));

    private static final int PCM = 1;
    private static final int FLOAT = 3;

    @TempDir
    Path folder;

    private static byte[] chunk(String name, byte... content) {
        ByteBuffer chunk = ByteBuffer.allocate(8 + content.length + content.length % 2).order(ByteOrder.LITTLE_ENDIAN);
        return chunk.put(name.getBytes(StandardCharsets.US_ASCII)).putInt(content.length).put(content).array();
    }

    private static byte[] format(int tag, int channels, int rate, int bits) {
        ByteBuffer format = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
        int frame = channels * bits / 8;
        format.putShort((short) tag).putShort((short) channels).putInt(rate).putInt(rate * frame);
        return chunk("fmt ", format.putShort((short) frame).putShort((short) bits).array());
    }

    private static byte[] wav(byte[]... chunks) {
        int size = Arrays.stream(chunks).mapToInt(chunk -> chunk.length).sum();
        ByteBuffer file = ByteBuffer.allocate(12 + size).order(ByteOrder.LITTLE_ENDIAN);
        file.put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt(4 + size).put("WAVE".getBytes(StandardCharsets.US_ASCII));
        for (byte[] chunk : chunks) {
            file.put(chunk);
        }
        return file.array();
    }

    private Path write(byte... bytes) throws IOException {
        return Files.write(folder.resolve("any.wav"), bytes);
    }

    /// The least, the largest and others of each kind, by the bytes they are stored as.
    @ParameterizedTest
    @CsvSource({
        "1,8,008080ff40,-1 0 0 0.9921875 -0.5",
        "1,16,00800000ff7f0040ffff,-1 0 0.999969482421875 0.5 -0.000030517578125",
        "1,24,000080000000ffff7f000040ffffff,-1 0 0.99999988079071044921875 0.5 -0.00000011920928955078125",
        "1,32,00000080000000000000004000000020ffffffff,-1 0 0.5 0.25 -4.656612873077392578125e-10",
        "3,32,000080bf000000000000003f0000c03f0000003e,-1 0 0.5 1.5 0.125"})
    void eachKindOfSampleIsRead(int tag, int bits, String hex, String expected) throws IOException {
        Path file = write(wav(format(tag, 1, 8000, bits), chunk("data", HexFormat.of().parseHex(hex))));
        Sound sound = WavReader.read(file);
        assertEquals(8000, sound.sampleRate());
        assertEquals(5 / 8000.0, sound.seconds());
        double[] numbers = Arrays.stream(expected.split(" ")).mapToDouble(Double::parseDouble).toArray();
        for (int i = 0; i < numbers.length; i++) {
            assertEquals((float) numbers[i], sound.samples()[i]);
        }
    }

    @Test
    void channelsAreMixedToTheirMean() throws IOException {
        Path two = write(wav(format(PCM, 2, 44_100, 16), chunk("data", HexFormat.of().parseHex("0040" + "0020" + "0080" + "ff7f"))));
        try (WavReader reader = WavReader.open(two)) {
            assertEquals(2, reader.channels());
            assertEquals(16, reader.bits());
            assertEquals(2, reader.length());
            assertEquals(44_100, reader.sampleRate());
        }
        assertArrayEquals(new float[] {0.375f, -0x1p-16f}, WavReader.read(two).samples());
        Path three = write(wav(format(PCM, 3, 1, 8), chunk("data", HexFormat.of().parseHex("80c0e0"))));
        assertArrayEquals(new float[] {(0 + 0.5f + 0.75f) / 3}, WavReader.read(three).samples());
    }

    /// More samples than a block holds, in parts that fit no block.
    @Test
    void samplesAreReadInParts() throws IOException {
        int count = 100_003;
        ByteBuffer data = ByteBuffer.allocate(count * 6).order(ByteOrder.LITTLE_ENDIAN);
        float[] expected = new float[count];
        SplittableRandom random = new SplittableRandom(5);
        for (int i = 0; i < count; i++) {
            int left = random.nextInt(-(1 << 23), 1 << 23);
            int right = random.nextInt(-(1 << 23), 1 << 23);
            for (int value : new int[] {left, right}) {
                data.put((byte) value).put((byte) (value >> 8)).put((byte) (value >> 16));
            }
            expected[i] = (float) ((left / 8388608.0 + right / 8388608.0) / 2);
        }
        Path file = write(wav(format(PCM, 2, 16_000, 24), chunk("data", data.array())));
        assertArrayEquals(expected, WavReader.read(file).samples());
        try (WavReader reader = WavReader.open(file)) {
            float[] part = new float[33_334];
            float[] all = new float[count];
            int at = 0;
            for (int got = reader.read(part); got > 0; got = reader.read(part)) {
                System.arraycopy(part, 0, all, at, got);
                at += got;
            }
            assertEquals(count, at);
            assertArrayEquals(expected, all);
            assertEquals(0, reader.read(part));
            assertEquals(0, reader.read());
        }
    }

    @Test
    void otherChunksAndExtensibleFormatsAreRead() throws IOException {
        byte[] samples = chunk("data", new byte[] {0, 0x40});
        byte[] list = chunk("LIST", "odd".getBytes(StandardCharsets.US_ASCII));
        assertArrayEquals(new float[] {0.5f}, WavReader.read(write(
                wav(list, format(PCM, 1, 8000, 16), list, samples, list))).samples());
        // A byte that would make the last chunk even may be missing.
        byte[] odd = wav(format(PCM, 1, 8000, 8), chunk("data", (byte) 0));
        assertArrayEquals(new float[] {-1}, WavReader.read(write(Arrays.copyOf(odd, odd.length - 1))).samples());
        assertEquals(0, WavReader.read(write(wav(format(PCM, 1, 8000, 8), chunk("data")))).samples().length);
        byte[] extensible = Arrays.copyOfRange(format(0xfffe, 1, 8000, 16), 8, 24);
        byte[] more = HexFormat.of().parseHex("1600" + "1000" + "04000000" + "0100" + "000000001000800000aa00389b71");
        byte[] whole = Arrays.copyOf(extensible, 40);
        System.arraycopy(more, 0, whole, 16, 24);
        assertArrayEquals(new float[] {0.5f}, WavReader.read(write(wav(chunk("fmt ", whole), samples))).samples());
        whole[39] = 0;
        refused("byte 46: expected the identifier of a format of samples, got 000000001000800000aa00389b00",
                wav(chunk("fmt ", whole), samples));
        refused("byte 16: expected at least 40 bytes of an extensible format, got 16", wav(chunk("fmt ", extensible), samples));
    }

    private void refused(String message, byte... bytes) throws IOException {
        Path file = write(bytes);
        DataFormatException e = assertThrows(DataFormatException.class, () -> WavReader.read(file));
        assertEquals(file, e.file());
        assertTrue(String.valueOf(e.getMessage()).startsWith(file + ": " + message), e.getMessage());
    }

    @Test
    void whatIsNoSoundIsNamedWithItsByte() throws IOException {
        byte[] mono = format(PCM, 1, 8000, 16);
        byte[] samples = chunk("data", new byte[] {0, 0x40});
        refused("byte 0: expected RIFF and a size, got the end");
        refused("byte 0: expected 'RIFF', got 'RIFX'", "RIFX....WAVE".getBytes(StandardCharsets.US_ASCII));
        refused("byte 0: expected 'RIFF', got '\\x00\\xff\\x1b3'", new byte[] {0, -1, 0x1b, '3', 0, 0, 0, 0});
        refused("byte 8: expected 'WAVE', got 'AVI '", "RIFF....AVI ".getBytes(StandardCharsets.US_ASCII));
        refused("byte 12: expected a chunk 'fmt ', got the end", wav());
        refused("byte 12: expected a chunk 'fmt ' before the samples, got the samples", wav(samples, mono));
        refused("byte 36: expected a chunk 'data', got the end", wav(mono));
        refused("byte 16: expected at least 16 bytes of a format, got 14", wav(chunk("fmt ", new byte[14]), samples));
        refused("byte 20: expected 8, 16, 24 or 32 bits of format 1 (PCM) or 32 of format 3 (float), got 16 of format 2",
                wav(format(2, 1, 8000, 16), samples));
        refused("byte 20: expected 8, 16, 24 or 32 bits of format 1 (PCM) or 32 of format 3 (float), got 12 of format 1",
                wav(format(PCM, 1, 8000, 12), samples));
        refused("byte 20: expected 8, 16, 24 or 32 bits of format 1 (PCM) or 32 of format 3 (float), got 64 of format 3",
                wav(format(FLOAT, 1, 8000, 64), samples));
        refused("byte 22: expected at least 1 channel, got 0", wav(format(PCM, 0, 8000, 16), samples));
        refused("byte 24: expected 1 to 2147483647 samples a second, got 0", wav(format(PCM, 1, 0, 16), samples));
        refused("byte 24: expected 1 to 2147483647 samples a second, got 4294967295", wav(format(PCM, 1, -1, 16), samples));
        byte[] crooked = mono.clone();
        crooked[20] = 3;
        refused("byte 32: expected 2 bytes for 1 channels of 16 bits, got 3", wav(crooked, samples));
        refused("byte 40: expected a multiple of 2 bytes, got 3", wav(mono, chunk("data", new byte[3])));
        byte[] long32 = wav(mono, samples);
        Arrays.fill(long32, 40, 44, (byte) -1);
        refused("byte 40: expected at most the 2 bytes to the file's end in chunk 'data', got 4294967295", long32);
        refused("byte 48: expected a finite number, got NaN", wav(
                format(FLOAT, 1, 8000, 32), chunk("data", HexFormat.of().parseHex("0000803f" + "0000c07f"))));
        Path none = folder.resolve("none.wav");
        assertThrows(NoSuchFileException.class, () -> WavReader.open(none));
    }

    @Test
    void everyTruncationIsRefused() throws IOException {
        byte[] valid = wav(format(PCM, 2, 8000, 16), chunk("data", new byte[12]));
        for (int length = 0; length < valid.length; length++) {
            Path file = write(Arrays.copyOf(valid, length));
            DataFormatException e = assertThrows(DataFormatException.class, () -> WavReader.read(file), "cut to " + length);
            assertTrue(String.valueOf(e.getMessage()).contains(": byte "), e.getMessage());
        }
        assertEquals(3, WavReader.read(write(valid)).samples().length);
    }

    @Test
    void aFileThatIsCutWhileItIsReadIsNamed() throws IOException {
        Path file = write(wav(format(PCM, 1, 8000, 16), chunk("data", new byte[200_000])));
        try (WavReader reader = WavReader.open(file)) {
            Files.write(file, Arrays.copyOf(Files.readAllBytes(file), 100_000));
            DataFormatException e = assertThrows(DataFormatException.class, () -> reader.read(new float[100_000]));
            assertTrue(String.valueOf(e.getMessage()).contains("byte 100000: expected more samples, got the end"), e.getMessage());
        }
    }

    @Test
    void anyByteMayBeChanged() throws IOException {
        byte[] valid = wav(format(FLOAT, 1, 8000, 32), chunk("LIST", new byte[3]), chunk("data", new byte[40]));
        long seed = 20261126;
        SplittableRandom random = new SplittableRandom(seed);
        int refused = 0;
        for (int i = 0; i < 1_000; i++) {
            byte[] bytes = valid.clone();
            for (int changes = random.nextInt(1, 5); changes > 0; changes--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            Path file = write(bytes);
            try {
                WavReader.read(file);
            } catch (DataFormatException e) {
                refused++;
            } catch (IOException | RuntimeException | Error e) {
                throw new AssertionError("seed " + seed + ", mutation " + i, e);
            }
        }
        assertTrue(refused > 300, refused + " refused");
    }

    @Test
    void readsARecording() throws IOException {
        Path file = DATA.resolve("silero-vad/test.wav");
        if (!Files.exists(file)) {
            System.out.println("WavReaderTest: not run on a recording: there is none in " + DATA);
            return;
        }
        Sound sound = WavReader.read(file);
        assertEquals(16_000, sound.sampleRate());
        assertEquals((Files.size(file) - 44) / 2, sound.samples().length);
        // The bytes 6d ff, with which it begins.
        assertEquals(-147 / 32_768f, sound.samples()[0]);
    }
}
