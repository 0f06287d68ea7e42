package dev.rondo;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.data.Dataset;
import dev.rondo.decoding.CtcHypothesis;
import dev.rondo.inference.InferenceSession;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Input;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Sgd;
import dev.rondo.training.Training;
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

    @Test
    void aRunGoesOnFromItsCheckpoint(@TempDir Path folder) {
        Path file = folder.resolve("run.checkpoint");
        Dataset data = Dataset.of(Tensor.zeros(DataType.FLOAT32, 3, 2), Tensor.of(new int[] {0, 1, 1}, 3));
        for (int run = 0; run < 2; run++) {
            try (Sequential model = Sequential.builder().add(Input.features(2)).add(Dense.units(2)).seed(1).build()) {
                model.compile(Training.optimizer(Sgd.standard()));
                ReadmeExample.resumed(model, data, file);
                assertTrue(Files.exists(file), "a run that is done has a checkpoint");
            }
        }
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
