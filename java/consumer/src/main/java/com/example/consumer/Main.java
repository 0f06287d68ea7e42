package com.example.consumer;

import dev.rondo.Model;
import dev.rondo.Rondo;
import dev.rondo.Sequential;
import dev.rondo.inference.InferenceSession;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Embedding;
import dev.rondo.layers.Input;
import dev.rondo.layers.Lstm;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Builds a model, saves it, and serves it from the file.
public final class Main {
    private static final int VOCABULARY = 11;

    private Main() {}

    /// Runs the program.
    ///
    /// @throws IOException if the model cannot be saved or read
    public static void main(String[] arguments) throws IOException {
        Path folder = Files.createTempDirectory("consumer");
        Path file = folder.resolve("model.safetensors");
        Tensor ids = Tensor.of(new int[] {3, 1, 4, 1, 5, 9, 2, 6, 5, 3}, 2, 5);
        try {
            Tensor expected = saveAndPredict(file, ids);
            Tensor actual = Tensor.of(new float[2 * 5 * VOCABULARY], 2, 5, VOCABULARY);
            try (InferenceSession session = InferenceSession.open(file)) {
                session.run(ids, actual);
            }
            if (expected.segment().mismatch(actual.segment()) != -1) {
                throw new IllegalStateException("the session differs from the model: " + expected + ", " + actual);
            }
        } finally {
            Files.deleteIfExists(file);
            Files.delete(folder);
        }
        String path = Model.class.getModule().isNamed() ? "module path" : "class path";
        System.out.println("consumer: passed on the " + path + " with " + Rondo.describe().lines().findFirst().orElse(""));
    }

    private static Tensor saveAndPredict(Path file, Tensor ids) throws IOException {
        try (Sequential model = Sequential.builder()
                .add(Input.ids(Shape.TIME))
                .add(Embedding.of(VOCABULARY, 8))
                .add(Lstm.units(16).returnSequences())
                .add(Dense.units(VOCABULARY))
                .seed(42)
                .build()) {
            model.save(file);
            return model.predict(ids);
        }
    }
}
