package dev.rondo.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Sequential;
import dev.rondo.data.AudioFeatures.Log;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Gru;
import dev.rondo.layers.Input;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.training.Adam;
import dev.rondo.training.Fit;
import dev.rondo.training.Metric;
import dev.rondo.training.Training;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LabelledFolderTest {
    private static final Dataset.Signature PAIRS = signature(2);

    @TempDir
    Path folder;

    private static Dataset.Signature signature(int features) {
        Shape x = Shape.of(Shape.BATCH, Shape.TIME, features);
        return new Dataset.Signature(DataType.FLOAT32, x, DataType.INT32, Shape.of(Shape.BATCH));
    }

    private Path file(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, text);
    }

    /// A line for each step.
    private static float[][] lines(Path file) throws IOException {
        return Files.readAllLines(file).stream().map(LabelledFolderTest::numbers).toArray(float[][]::new);
    }

    private static float[] numbers(String line) {
        String[] words = line.split(" ", -1);
        float[] numbers = new float[words.length];
        for (int i = 0; i < words.length; i++) {
            numbers[i] = Float.parseFloat(words[i]);
        }
        return numbers;
    }

    private static List<String> names(LabelledFolder files) {
        return files.entries().stream().map(LabelledFolder.Entry::name).toList();
    }

    @Test
    void foldersAreClasses() throws IOException {
        file("yes/b.txt", "");
        file("yes/deep/a.txt", "");
        file("no/c.txt", "");
        file("Maybe/z.txt", "");
        file("yes/.hidden.txt", "");
        file(".git/config.txt", "");
        file("README.md", "");
        LabelledFolder files = LabelledFolder.byFolder(folder, ".txt");
        assertEquals(List.of("Maybe", "no", "yes"), files.labels());
        assertEquals(List.of("z.txt", "c.txt", "b.txt", "a.txt"), names(files));
        assertArrayEquals(new int[] {0, 1, 2, 2}, files.ids());
        assertEquals("yes", files.entries().getLast().label());
        DataFormatException e =
                assertThrows(DataFormatException.class, () -> LabelledFolder.byFolder(folder, ""));
        assertEquals(folder.resolve("README.md") + ": expected a folder of a class around it, got " + folder, e.getMessage());
    }

    @Test
    void namesTellClasses() throws IOException {
        for (String name : List.of("7_theo_1.wav", "10_lucas_0.wav", "7_lucas_12.wav", "2_theo_0.wav")) {
            file(name, "");
        }
        file("LICENSE", "");
        LabelledFolder files = LabelledFolder.byName(folder, ".wav", name -> name.substring(0, name.indexOf('_')));
        assertEquals(List.of("10", "2", "7"), files.labels());
        assertEquals(List.of("10_lucas_0.wav", "2_theo_0.wav", "7_lucas_12.wav", "7_theo_1.wav"), names(files));
        assertArrayEquals(new int[] {0, 1, 2, 2}, files.ids());
        LabelledFolder.Parts parts = files.split(entry -> entry.name().contains("_theo_"));
        assertEquals(List.of("10_lucas_0.wav", "7_lucas_12.wav"), names(parts.training()));
        assertEquals(List.of("2_theo_0.wav", "7_theo_1.wav"), names(parts.heldOut()));
        assertEquals(files.labels(), parts.heldOut().labels());
        assertArrayEquals(new int[] {1, 2}, parts.heldOut().ids());
        assertEquals("LabelledFolder(" + folder + ", 2 files of 3 classes)", parts.heldOut().toString());
        assertEquals("heldOut: expected a test that leaves files on both sides of 4, got 4 held out",
                assertThrows(IllegalArgumentException.class, () -> files.split(entry -> entry.id() >= 0)).getMessage());
        assertThrows(IllegalArgumentException.class, () -> files.split(entry -> entry.id() > 2));

        DataFormatException e = assertThrows(DataFormatException.class,
                () -> LabelledFolder.byName(folder, "", name -> name.substring(0, name.indexOf('_'))));
        assertEquals(folder.resolve("LICENSE"), e.file());
        assertTrue(e.getMessage().contains(": expected a label in the name, got java.lang.StringIndexOutOf"), e.getMessage());
        DataFormatException none = assertThrows(DataFormatException.class,
                () -> LabelledFolder.byName(folder, "SE", name -> ""));
        assertEquals(folder.resolve("LICENSE") + ": expected a label in the name, got none", none.getMessage());
        DataFormatException empty = assertThrows(DataFormatException.class,
                () -> LabelledFolder.byFolder(folder, ".mp3"));
        assertEquals(folder + ": expected files that end with .mp3, got none", empty.getMessage());
        assertThrows(NoSuchFileException.class, () -> LabelledFolder.byFolder(folder.resolve("none"), ".wav"));
    }

    private LabelledFolder three() throws IOException {
        file("a/0.txt", "1 2\n3 4\n5 6");
        file("a/1.txt", "7 8");
        file("b/2.txt", "9 10\n11 12");
        return LabelledFolder.byFolder(folder, ".txt");
    }

    private static Batch batch(int floats) {
        float[] x = new float[floats];
        Arrays.fill(x, -1);
        return new Batch(
                MemorySegment.ofArray(x), MemorySegment.ofArray(new int[4]), MemorySegment.ofArray(new int[4]));
    }

    @Test
    void sequencesArePaddedToTheirBatchsLongest() throws IOException {
        List<String> read = new ArrayList<>();
        Dataset data = three().sequences(
                file -> {
                    read.add(file.getFileName().toString());
                    return lines(file);
                },
                5);
        Batch batch = batch(12);
        try (Dataset.Reader reader = data.open(new Dataset.Request(PAIRS, 2, Order.SEQUENTIAL, 1))) {
            assertEquals(2, reader.batches());
            assertEquals(2, reader.largestBatch());
            assertEquals(5, reader.largestTime());
            assertEquals(List.of(), read);
            reader.read(0, batch);
            assertEquals(List.of("0.txt", "1.txt"), read);
            assertEquals(2, batch.size());
            assertEquals(3, batch.timeSteps());
            assertArrayEquals(
                    new float[] {1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0}, batch.x().toArray(ValueLayout.JAVA_FLOAT));
            assertArrayEquals(new int[] {0, 0}, ExamplesTest.ints(batch.y(), 2));
            assertArrayEquals(new int[] {3, 1}, ExamplesTest.ints(batch.lengths(), 2));
            reader.read(1, batch);
            assertEquals(1, batch.size());
            assertEquals(2, batch.timeSteps());
            assertArrayEquals(
                    new float[] {9, 10, 11, 12}, Arrays.copyOf(batch.x().toArray(ValueLayout.JAVA_FLOAT), 4));
            assertArrayEquals(new int[] {1}, ExamplesTest.ints(batch.y(), 1));
        }
    }

    @Test
    void theOrderFollowsFromSeedAndEpoch() throws IOException {
        for (int i = 0; i < 40; i++) {
            file("a/%02d.txt".formatted(i), i + " 0");
        }
        Dataset data = LabelledFolder.byFolder(folder, "").sequences(LabelledFolderTest::lines, 1);
        assertEquals(order(data, 1), order(data, 1));
        assertNotEquals(order(data, 1), order(data, 2));
        assertEquals(order(data, 2), order(data.prefetched(3), 2));
        assertEquals(40, order(data, 2).stream().distinct().count());
    }

    private static List<Float> order(Dataset data, int epoch) {
        List<Float> order = new ArrayList<>();
        Batch batch = batch(6);
        try (Dataset.Reader reader = data.open(new Dataset.Request(PAIRS, 3, Order.SHUFFLED, 9))) {
            reader.begin(epoch);
            for (int index = 0; index < reader.batches(); index++) {
                reader.read(index, batch);
                for (int i = 0; i < batch.size(); i++) {
                    order.add(batch.x().getAtIndex(ValueLayout.JAVA_FLOAT, 2L * i));
                }
            }
        }
        return order;
    }

    @Test
    void allMayBeReadIntoMemory() throws IOException {
        Examples examples = three().examples(LabelledFolderTest::lines);
        assertEquals(Shape.of(3, 3, 2), examples.x().shape());
        assertArrayEquals(new int[] {0, 0, 1}, examples.y().toInts());
        file("b/3.txt", "1 2\n3");
        LabelledFolder files = LabelledFolder.byFolder(folder, ".txt");
        DataFormatException e =
                assertThrows(DataFormatException.class, () -> files.examples(LabelledFolderTest::lines));
        assertEquals(folder.resolve("b/3.txt") + ": step 1: expected 2 features, got 1", e.getMessage());
    }

    @Test
    void aBadFileIsNamed() throws IOException {
        bad("0.txt: expected at most 2 steps, got 3", LabelledFolderTest::lines);
        bad("0.txt: expected at least 1 step, got none", _ -> new float[0][]);
        bad("0.txt: step 0: expected 2 features, got 3", _ -> new float[1][3]);
        bad("0.txt: samples: too few", _ -> {
            throw new IllegalArgumentException("samples: too few");
        });
        bad("0.txt: byte 0: expected RIFF and a size, got the end", file -> {
            Files.writeString(file, "");
            return new float[][] {WavReader.read(file).samples()};
        });
        bad("0.txt", file -> {
            Files.deleteIfExists(file);
            return lines(file);
        });
        bad("0.txt: half of it", _ -> {
            throw new EOFException("half of it");
        });
    }

    private void bad(String message, LabelledFolder.Loader loader) throws IOException {
        Dataset data = three().sequences(loader, 2);
        for (Dataset each : List.of(data, data.prefetched(1))) {
            three();
            try (Dataset.Reader reader = each.open(new Dataset.Request(PAIRS, 2, Order.SEQUENTIAL, 1))) {
                UncheckedIOException e =
                        assertThrows(UncheckedIOException.class, () -> reader.read(0, batch(12)));
                assertEquals(folder.resolve("a/") + "/" + message, e.getCause().getMessage());
            }
        }
    }

    @Test
    void whatDoesNotFitTheModelIsNamed() throws IOException {
        LabelledFolder files = three();
        assertEquals("longest: expected at least 1, got 0", assertThrows(
                IllegalArgumentException.class, () -> files.sequences(LabelledFolderTest::lines, 0)).getMessage());
        Dataset data = files.sequences(LabelledFolderTest::lines, 3);
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class,
                () -> data.open(new Dataset.Request(ExamplesTest.IDS_TO_CLASS, 2, Order.SEQUENTIAL, 1)));
        assertEquals("model: expected one that takes FLOAT32 [B,T,F] and learns INT32 [B], got [x INT32 [B,T]] and [y INT32 [B]]",
                e.getMessage());
    }

    /// From recordings to a model: tones of two pitches in noise, of any length, by two voices of which one is held out.
    @Test
    void aModelLearnsFromRecordings() throws IOException {
        Random random = new Random(4);
        for (String pitch : List.of("high", "low")) {
            for (String voice : List.of("ann", "ben")) {
                for (int take = 0; take < 12; take++) {
                    float[] samples = new float[random.nextInt(600, 1200)];
                    double hertz = pitch.equals("high") ? 1500 : 500;
                    for (int n = 0; n < samples.length; n++) {
                        samples[n] = (float) (0.3 * Math.sin(2 * Math.PI * hertz * n / 8000) + 0.1 * random.nextGaussian());
                    }
                    Files.write(folder.resolve(pitch + "_" + voice + "_" + take + ".wav"), wav(samples));
                }
            }
        }
        LabelledFolder.Parts parts = LabelledFolder.byName(
                        folder, ".wav", name -> name.substring(0, name.indexOf('_')))
                .split(entry -> entry.name().contains("_ben_"));
        AudioFeatures features =
                AudioFeatures.logMel(Frames.of(200, 80), MelBank.htk(8000, 12), Log.natural(1e-6));
        LabelledFolder.Loader loader = file -> features.apply(WavReader.read(file));
        Prefetched training = parts.training().sequences(loader, 16).prefetched(2);
        try (Sequential model = Sequential.builder()
                .add(Input.features(Shape.TIME, features.size())).add(Gru.units(8)).add(Dense.units(2)).seed(1).build()) {
            model.compile(Training.optimizer(Adam.rate(2e-2)).metrics(Metric.accuracy()));
            model.fit(training, Fit.epochs(8).batchSize(6));
            double accuracy = model.evaluate(parts.heldOut().examples(loader), 8).metric("accuracy");
            assertEquals(1, accuracy);
        }
        assertEquals(8 * 4, training.waits().batches());
    }

    private static byte[] wav(float... samples) {
        ByteBuffer file = ByteBuffer.allocate(44 + 2 * samples.length).order(ByteOrder.LITTLE_ENDIAN);
        file.put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt(36 + 2 * samples.length);
        file.put("WAVEfmt ".getBytes(StandardCharsets.US_ASCII)).putInt(16).putShort((short) 1).putShort((short) 1);
        file.putInt(8000).putInt(16_000).putShort((short) 2).putShort((short) 16);
        file.put("data".getBytes(StandardCharsets.US_ASCII)).putInt(2 * samples.length);
        for (float sample : samples) {
            file.putShort((short) Math.clamp(Math.round(sample * 32_768), -32_768, 32_767));
        }
        return file.array();
    }
}
