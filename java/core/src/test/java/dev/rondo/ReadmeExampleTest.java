package dev.rondo;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.data.Dataset;
import dev.rondo.data.Seeds;
import dev.rondo.decoding.CtcHypothesis;
import dev.rondo.inference.InferenceSession;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Input;
import dev.rondo.layers.SimpleRnn;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Callback;
import dev.rondo.training.Every;
import dev.rondo.training.Fit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReadmeExampleTest {
    private static final Path ROOT = Path.of(System.getProperty("rondo.root", "../.."));

    /// After a word's space comes the first letter of a word.
    @Test
    void theExampleLearns(@TempDir Path folder) throws IOException {
        int next = ReadmeExample.run(TestText.words(4000, 1), folder.resolve("model.safetensors"));
        assertTrue("tqbfjold".indexOf(next) >= 0, "after \"the \" came " + Character.toString(next));
    }

    @Test
    void theEncoderHandsItsStatesOn() {
        try (Functional model = ReadmeExample.encoderDecoder();
                InferenceSession session = model.session()) {
            float[] logits = logits(session, Tensor.of(new int[] {1, 2, 3}, 1, 3));
            float[] others = logits(session, Tensor.of(new int[] {3, 2, 1}, 1, 3));

            assertEquals(2 * 1200, logits.length);
            assertFalse(Arrays.equals(logits, others), "the decoder does not know what the encoder read");
        }
    }

    private static float[] logits(InferenceSession session, Tensor source) {
        Tensor logits = Tensor.zeros(DataType.FLOAT32, 1, 2, 1200);
        session.request()
                .input("source", source)
                .input("target", Tensor.of(new int[] {4, 5}, 1, 2))
                .output("logits", logits)
                .run();
        return logits.toFloats();
    }

    /// Two utterances of different lengths, whose letters are told apart by two features.
    @Test
    void theLettersAreRead() {
        float[] x = new float[2 * 9 * 13];
        for (int t : new int[] {1, 2, 9 + 4, 9 + 5}) {
            x[t * 13 + 3] = 1;
        }
        for (int t : new int[] {5, 6, 9 + 1}) {
            x[t * 13 + 7] = 1;
        }
        List<CtcHypothesis> read = ReadmeExample.letters(
                Tensor.of(x, 2, 9, 13), new int[] {9, 7}, Tensor.of(new int[] {8, 9, 9, 8}, 2, 2), new int[] {2, 2});
        assertArrayEquals(new int[] {8, 9}, read.get(0).labels());
        assertArrayEquals(new int[] {9, 8}, read.get(1).labels());
    }

    @Test
    void aCellOfOnesOwnIsALayer() {
        try (Sequential model = Sequential.of(Input.features(Shape.TIME, 3), ReadmeExample.cell(), Dense.units(2))) {
            assertEquals(Shape.of(5, 2), model.predict(Tensor.zeros(DataType.FLOAT32, 5, 4, 3)).shape());
        }
    }

    /// A program that broke off in the 600th of its 700 batches goes on from the 500th, whatever its model began with, and
    /// comes to what one does that ran through.
    @Test
    void aRunGoesOn(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("checkpoint");
        Dataset data = Dataset.of(
                Runs.features(Seeds.generator(1, "x", 0), 2240, 2, 1), Tensor.of(new int[2240], 2240));
        try (Sequential whole = resumable();
                Sequential broken = resumable();
                Sequential again = resumable()) {
            ReadmeExample.resume(whole, data, folder.resolve("none"));
            Fit breaksOff = Fit.epochs(10).checkpoint(file, Every.batches(500)).callback(Callback.eachBatch(_ -> {
                if (broken.trainer().steps() == 600) {
                    throw new UnsupportedOperationException("broken off");
                }
            }));
            assertThrows(UnsupportedOperationException.class, () -> broken.fit(data, breaksOff));
            again.setParameter("dense/bias", Tensor.of(new float[] {3, -3}, 2));
            ReadmeExample.resume(again, data, file);
            assertEquals(700, again.trainer().steps());
            assertEquals(Runs.parameters(whole), Runs.parameters(again));
        }
    }

    private static Sequential resumable() {
        Sequential model = Sequential.builder()
                .add(Input.features(Shape.TIME, 1))
                .add(SimpleRnn.units(2))
                .add(Dense.units(2))
                .seed(1)
                .build();
        model.compile(Runs.training(Choice.JAVA));
        return model;
    }

    @ParameterizedTest
    @ValueSource(strings = {"example", "functional", "ctc", "cell", "resume"})
    void theReadmeShowsIt(String region) throws IOException {
        String source = Files.readString(ROOT.resolve("java/core/src/test/java/dev/rondo/ReadmeExample.java"));
        String start = "// @start region=\"" + region + "\"\n";
        String example = source.substring(
                        source.indexOf(start) + start.length(), source.indexOf("        // @end region=\"" + region + "\""))
                .stripTrailing()
                .stripIndent();
        String readme = Files.readString(ROOT.resolve("README.md"));
        assertTrue(readme.contains("```java\n" + example + "\n```\n"), "README.md: expected this example:\n" + example);
    }
}
