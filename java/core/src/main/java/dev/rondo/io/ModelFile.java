package dev.rondo.io;

import dev.rondo.layers.LayerStack;
import dev.rondo.layers.Scope;
import dev.rondo.plan.Parameters;
import dev.rondo.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/// A model in a safetensors file: its layers as JSON in the metadata under [#MODEL_KEY], and each parameter under its
/// layer's path, such as `lstm/weightIh`. Other metadata are the model's notes.
public final class ModelFile {
    /// The metadata's key of the layers.
    public static final String MODEL_KEY = "rondo.model";

    private ModelFile() {}

    /// What a file holds.
    ///
    /// @param stack the layers
    /// @param notes metadata other than the layers
    /// @param parameters owned by whoever asked for them
    public record Content(LayerStack stack, Map<String, String> notes, Parameters parameters) {}

    /// Writes a model. The file is replaced whole or not at all.
    ///
    /// @param notes metadata to be kept with it; none under [#MODEL_KEY]
    /// @throws IOException if it cannot be written
    public static void write(Path file, LayerStack stack, Map<String, String> notes, Parameters parameters)
            throws IOException {
        if (notes.containsKey(MODEL_KEY)) {
            throw new IllegalArgumentException("notes: expected keys other than " + MODEL_KEY);
        }
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put(MODEL_KEY, stack.toJson());
        metadata.putAll(notes);
        SafetensorsWriter.write(file, metadata, parameters.tensors());
    }

    /// Reads a model.
    ///
    /// @throws ModelFormatException if the file is not such a file, of another version, or has layers, settings or
    ///     tensors that are unknown, missing or of another shape
    /// @throws IOException if it cannot be read
    public static Content read(Path file) throws IOException {
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            Map<String, String> notes = new LinkedHashMap<>(reader.metadata());
            String json = notes.remove(MODEL_KEY);
            if (json == null) {
                throw new ModelFormatException(
                        file,
                        "metadata: expected a model under " + MODEL_KEY + ", got the keys " + notes.keySet());
            }
            try {
                LayerStack stack = LayerStack.fromJson(json);
                Scope scope = stack.graph(Scope.Variant.PLAIN);
                return new Content(stack, Map.copyOf(notes), read(file, reader, Parameters.of(scope.graph().build())));
            } catch (IllegalArgumentException | ArithmeticException e) {
                throw new ModelFormatException(file, MODEL_KEY + ": " + e.getMessage(), e);
            }
        }
    }

    private static Parameters read(Path file, SafetensorsReader reader, Parameters parameters) throws IOException {
        try {
            Set<String> unknown = new TreeSet<>();
            reader.tensors().forEach(tensor -> unknown.add(tensor.name()));
            unknown.removeAll(parameters.tensors().keySet());
            if (!unknown.isEmpty()) {
                throw new ModelFormatException(
                        file, "tensors: expected " + parameters.tensors().keySet() + ", got besides " + unknown);
            }
            for (Map.Entry<String, Tensor> parameter : parameters.tensors().entrySet()) {
                reader.read(parameter.getKey(), parameter.getValue());
            }
            parameters.changed();
            return parameters;
        } catch (IOException | RuntimeException | Error e) {
            parameters.close();
            throw e;
        }
    }
}
