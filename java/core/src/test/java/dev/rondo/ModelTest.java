package dev.rondo;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.data.Dataset;
import dev.rondo.data.Seeds;
import dev.rondo.inference.InferenceSession;
import dev.rondo.inference.StreamingSession;
import dev.rondo.io.ModelFile;
import dev.rondo.io.ModelFormatException;
import dev.rondo.io.SafetensorsReader;
import dev.rondo.io.SafetensorsWriter;
import dev.rondo.layers.Activation;
import dev.rondo.layers.Bias;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Dropout;
import dev.rondo.layers.Embedding;
import dev.rondo.layers.Gru;
import dev.rondo.layers.Input;
import dev.rondo.layers.Layer;
import dev.rondo.layers.Lstm;
import dev.rondo.layers.SimpleRnn;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Adam;
import dev.rondo.training.Callback;
import dev.rondo.training.Fit;
import dev.rondo.training.Training;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class ModelTest {
    @Test
    void parametersHaveTheirLayersPathsAndFirstValues() {
        try (Sequential model = Runs.characterModel(10, 0.5)) {
            assertEquals(
                    List.of(
                            "embedding/weight",
                            "lstm/weightIh",
                            "lstm/weightHh",
                            "lstm/bias",
                            "lstm_1/weightIh",
                            "lstm_1/weightHh",
                            "lstm_1/bias",
                            "dense/weight",
                            "dense/bias"),
                    List.copyOf(model.parameters().keySet()));
            assertEquals(Shape.of(96, 12), model.parameters().get("lstm/weightIh").shape());
            float[] bias = model.parameters().get("lstm/bias").toFloats();
            assertEquals(0, bias[23]);
            assertEquals(1, bias[24]);
            assertEquals(1, bias[47]);
            assertEquals(0, bias[48]);
            assertEquals(10 * 12 + 96 * (12 + 24 + 1) + 80 * (24 + 20 + 1) + 10 * 21, model.parameterCount());
            assertTrue(model.summary().contains("lstm_1"), model.summary());
            assertTrue(model.summary().contains("7,482"), model.summary());
        }
    }

    /// Packs of weights would not follow what is written past the model.
    @Test
    void parametersAreReadOnly() {
        try (Sequential model = Sequential.of(Input.features(3), Dense.units(2))) {
            Tensor weight = model.parameters().get("dense/weight");
            assertThrows(IllegalArgumentException.class, () -> weight.set(0, 1));
            assertThrows(UnsupportedOperationException.class, () -> model.parameters().clear());
            model.setParameter("dense/weight", Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3));
            assertEquals(6, weight.get(5));
        }
    }

    @Test
    void firstValuesFollowTheSeed() {
        try (Sequential a = Runs.characterModel(10, 0);
                Sequential b = Runs.characterModel(10, 0.5);
                Sequential c = Sequential.builder()
                        .add(Input.ids(Shape.TIME))
                        .add(Embedding.of(10, 12))
                        .seed(8)
                        .build()) {
            assertEquals(Runs.parameters(a), Runs.parameters(b), "dropout has no parameters");
            assertTrue(!Runs.parameters(a).get("embedding/weight").equals(Runs.parameters(c).get("embedding/weight")));
        }
    }

    @Test
    void aModelComesBackFromItsFileBitForBit(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("model.safetensors");
        Tensor x = Runs.ids(Seeds.generator(1, "x", 0), 10, 40, 6);
        Tensor expected;
        Map<String, List<Float>> parameters;
        try (Sequential model = Runs.characterModel(10, 0.5)) {
            model.compile(Training.optimizer(Adam.standard()));
            model.fit(
                    Dataset.of(x, Runs.ids(Seeds.generator(1, "y", 0), 10, 40, 6)), Fit.epochs(2));
            expected = model.predict(x);
            parameters = Runs.parameters(model);
            model.save(file);
            assertEquals(Shape.of(40, 6, 10), expected.shape());
        }
        try (Sequential loaded = Sequential.load(file);
                InferenceSession session = InferenceSession.open(file)) {
            assertEquals(parameters, Runs.parameters(loaded));
            assertArrayEquals(expected.toFloats(), loaded.predict(x).toFloats());
            Tensor y = Tensor.zeros(DataType.FLOAT32, 40, 6, 10);
            session.run(x, y);
            assertArrayEquals(expected.toFloats(), y.toFloats());
            assertEquals(7, loaded.seed());
            assertEquals("dropout", loaded.layers().get(3).name());
        }
    }

    @Test
    void notesAreKept(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("model.safetensors");
        try (Sequential model = Sequential.builder()
                .add(Input.ids(Shape.TIME))
                .add(Embedding.of(3, 2))
                .note("vocabulary", "a\"b\u20ac")
                .build()) {
            model.save(file);
        }
        try (Sequential model = Sequential.load(file);
                InferenceSession session = model.session()) {
            assertEquals(Map.of("vocabulary", "a\"b\u20ac"), model.notes());
            assertEquals(model.notes(), session.notes());
        }
    }

    @Test
    void filesThatAreNoModelsAreRefused(@TempDir Path folder) throws IOException {
        Path good = folder.resolve("good.safetensors");
        Path bad = folder.resolve("bad.safetensors");
        try (Sequential model = Sequential.of(Input.features(3), Dense.units(2))) {
            model.save(good);
        }
        String json;
        SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
        try (SafetensorsReader reader = SafetensorsReader.open(good)) {
            json = String.valueOf(reader.metadata().get(ModelFile.MODEL_KEY));
            tensors.put("dense/weight", reader.read("dense/weight"));
            tensors.put("dense/bias", reader.read("dense/bias"));
        }
        refused(bad, Map.of(), tensors, "metadata: expected a model under rondo.model, got the keys []");
        refused(bad, Map.of(ModelFile.MODEL_KEY, "{"), tensors, "rondo.model: model: character 1: expected JSON");
        refused(
                bad,
                Map.of(ModelFile.MODEL_KEY, json.replace("\"Dense\"", "\"Convolution\"")),
                tensors,
                "rondo.model: layers[1]: type: expected one of [");
        refused(
                bad,
                Map.of(ModelFile.MODEL_KEY, json.replace("\"version\":1", "\"version\":9")),
                tensors,
                "rondo.model: model: version: expected 1 or 2, got 9");
        refused(
                bad,
                Map.of(ModelFile.MODEL_KEY, json.replace("\"units\":2", "\"units\":3")),
                tensors,
                "tensor \"dense/weight\": expected FLOAT32 [3,3], got FLOAT32 [2,3]");
        refused(
                bad,
                Map.of(ModelFile.MODEL_KEY, json.replace("\"units\":2", "\"units\":2147483647")),
                tensors,
                "tensor \"dense/weight\": expected FLOAT32 [2147483647,3], got FLOAT32 [2,3]");
        tensors.put("dense/extra", Tensor.zeros(DataType.FLOAT32, 1));
        refused(bad, Map.of(ModelFile.MODEL_KEY, json), tensors, "tensor \"dense/extra\": expected one of [dense/bias, dense/weight]");
        tensors.remove("dense/extra");
        tensors.remove("dense/bias");
        refused(bad, Map.of(ModelFile.MODEL_KEY, json), tensors, "tensor \"dense/bias\": expected FLOAT32 [2], got none");
    }

    private static void refused(
            Path file, Map<String, String> metadata, SequencedMap<String, Tensor> tensors, String message)
            throws IOException {
        SafetensorsWriter.write(file, metadata, tensors);
        ModelFormatException e = assertThrows(ModelFormatException.class, () -> Sequential.load(file));
        assertTrue(String.valueOf(e.getMessage()).contains(message), e.getMessage());
    }

    @Test
    void layersThatDoNotFitAreRefused() {
        refused("layers: expected an Input as the first", Dense.units(2));
        refused("layers: expected an Input as the first");
        refused("layers: expected one Input, got more", Input.features(2), Input.features(2));
        refused("layers: expected a name of its own for each, got a twice", Input.features(2),
                Dense.units(2).named("a"), Dense.units(2).named("a"));
        refused("embedding: expected ids, INT32 [B,T] or [B], got FLOAT32 [B,3]", Input.features(3), Embedding.of(2, 2));
        refused("lstm: expected FLOAT32 [B,T,I], got FLOAT32 [B,3]", Input.features(3), Lstm.units(2));
        refused("lstm_1: expected FLOAT32 [B,T,I], got FLOAT32 [B,2]", Input.features(Shape.TIME, 3), Lstm.units(2),
                Lstm.units(2));
        refused("dense: expected FLOAT32 [B,I] or [B,T,I], got INT32 [B,T]", Input.ids(Shape.TIME), Dense.units(2));
        refused("dropout: expected FLOAT32, got INT32 [B,T]", Input.ids(Shape.TIME), Dropout.rate(0.5));
        assertThrows(IllegalArgumentException.class, () -> Dense.units(2).named("a/b"));
        for (String taken : List.of("y", "lengths", "step", "loss")) {
            refused("Dense: name: expected another one than lengths, loss, step and y, got " + taken,
                    () -> Dense.units(2).named(taken));
            assertThrows(IllegalArgumentException.class, () -> Input.features(3).named(taken));
        }
        refused("Lstm: units: expected at most 536870911, got 536870912", () -> Lstm.units(1 << 29));
        refused("units: expected at least 1, got 0", () -> Gru.units(0));
        refused("inputClip: expected a number above 0 in float32, got 0.0", () -> SimpleRnn.units(1).inputClip(0));
        refused("recurrentDropout: expected a number in [0, 1) in float32, got 1.0",
                () -> Gru.units(1).recurrentDropout(1));
        refused("recurrentDropout: expected a number in [0, 1) in float32, got NaN",
                () -> Gru.units(1).recurrentDropout(Double.NaN));
        refused("Dense: biases: expected ONE or NONE, got TWO", () -> Dense.units(1).biases(Bias.TWO));
        assertThrows(IllegalArgumentException.class, () -> Dense.units(0));
        assertThrows(IllegalArgumentException.class, () -> Dropout.rate(1));
        assertThrows(IllegalArgumentException.class, () -> Input.features(3, Shape.TIME));
    }

    /// What training, padding and streaming add to a model does not meet the names of its layers.
    @Test
    void namesNearThoseOfAGraphAreFree() {
        try (Sequential model = Sequential.of(
                Input.ids(Shape.TIME).named("count"),
                Embedding.of(5, 2).named("constant"),
                Dropout.rate(0.5).named("correct"),
                Lstm.units(2).named("a").returnSequences(),
                Dense.units(2).named("a.h0"),
                Dense.units(2).named("a.c0"),
                Dense.units(5).named("output"))) {
            model.compile(Training.optimizer(Adam.standard()));
            model.fit(Dataset.streams(new int[] {0, 1, 2, 3, 4, 0, 1, 2, 3}, 2), Fit.epochs(1).batchSize(2));
            Tensor x = Tensor.of(new int[] {0, 1, 2, 3}, 2, 2);
            model.fit(Dataset.of(x, x).lengths(new int[] {1, 2}), Fit.epochs(1));
            try (InferenceSession session = model.session();
                    StreamingSession stream = session.stream(1)) {
                stream.step(new int[1], new float[5]);
            }
        }
    }

    private static void refused(String message, Layer... layers) {
        refused(message, () -> Sequential.of(layers));
    }

    private static void refused(String message, Executable call) {
        String actual = String.valueOf(assertThrows(IllegalArgumentException.class, call).getMessage());
        assertTrue(actual.contains(message), actual);
    }

    @Test
    void namesThatAreGivenAreKeptAndOthersMadeAroundThem() {
        try (Sequential model = Sequential.of(
                Input.features(3),
                Dense.units(2).named("dense_1").biases(Bias.NONE),
                Dense.units(2).named("dense").biases(Bias.NONE),
                Dense.units(2).biases(Bias.NONE))) {
            assertEquals(
                    List.of("dense_1/weight", "dense/weight", "dense_2/weight"),
                    List.copyOf(model.parameters().keySet()));
        }
    }

    @Test
    void aClosedModelSaysSo() {
        Sequential model = Sequential.of(Input.features(3), Dense.units(2));
        InferenceSession session = model.session();
        model.compile(Training.optimizer(Adam.standard()));
        model.close();
        model.close();
        for (Executable call : List.<Executable>of(
                model::parameters,
                model::session,
                model::trainer,
                () -> model.save(Path.of("nowhere")),
                () -> model.predict(Tensor.zeros(DataType.FLOAT32, 1, 3)),
                () -> model.compile(Training.optimizer(Adam.standard())),
                () -> model.evaluate(Dataset.of(
                        Tensor.zeros(DataType.FLOAT32, 1, 3), Tensor.zeros(DataType.INT32, 1))))) {
            assertEquals("Model is closed", assertThrows(IllegalStateException.class, call).getMessage());
        }
        session.run(new float[3], new float[2]);
        session.close();
    }

    /// 40 sequences, more than one batch of predictions.
    @Test
    void predictionsOfPaddedSequencesAreThoseOfTheSequences() {
        int n = 40;
        int time = 6;
        Tensor x = Runs.ids(Seeds.generator(1, "x", 0), 10, n, time);
        Tensor lengths = Runs.ids(Seeds.generator(1, "lengths", 0), time + 1, n);
        try (Sequential model = Sequential.of(
                Input.ids(Shape.TIME), Embedding.of(10, 4), Lstm.units(5), Dense.units(3))) {
            float[] y = model.predict(x, lengths).toFloats();
            for (int i = 0; i < n; i++) {
                int length = (int) lengths.get(i);
                if (length > 0) {
                    int[] sequence = Arrays.copyOfRange(x.toInts(), i * time, i * time + length);
                    assertArrayEquals(
                            model.predict(Tensor.of(sequence, 1, length)).toFloats(),
                            Arrays.copyOfRange(y, i * 3, i * 3 + 3));
                }
            }
            assertThrows(IllegalArgumentException.class, () -> model.predict(x, Tensor.of(new int[n - 1], n - 1)));
            assertThrows(IllegalArgumentException.class, () -> model.predict(Tensor.of(new int[0], 0, time)));
            assertThrows(IllegalArgumentException.class, () -> model.predict(Tensor.zeros(DataType.FLOAT32, 2, 3)));
        }
    }

    /// Whatever a callback does, there is an exception and no crash.
    @Test
    void closingWhileTrainingIsAnException() {
        Sequential model = Runs.characterModel(Runs.vocabulary(), 0.5);
        model.compile(Training.optimizer(Adam.standard()));
        IllegalStateException e = assertThrows(IllegalStateException.class, () -> model.fit(
                Runs.streams(100, 20), Fit.epochs(2).batchSize(2).callback(Callback.eachBatch(_ -> model.close()))));
        assertEquals("Model is closed", e.getMessage());
        model.close();
    }

    @Test
    void describeSaysWhatIsInUse() {
        String text = Rondo.describe();
        assertTrue(text.contains("kernels") && text.contains("threads") && text.contains("providers"), text);
    }
}
