package dev.rondo.io;

import dev.rondo.graph.Graph;
import dev.rondo.graph.Value;
import dev.rondo.layers.Network;
import dev.rondo.layers.Scope;
import dev.rondo.plan.Parameters;
import dev.rondo.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// A model in a safetensors file: its layers as JSON in the metadata under [#MODEL_KEY], and each parameter under its
/// layer's path, such as `lstm/weightIh`. Other metadata are the model's notes. A checkpoint is such a file with more in
/// it, see [CheckpointFile], and is read as the model that it holds.
public final class ModelFile {
    /// The metadata's key of the layers.
    public static final String MODEL_KEY = "rondo.model";

    private ModelFile() {}

    /// What a file holds.
    ///
    /// @param network the layers
    /// @param notes metadata other than the layers
    /// @param parameters owned by whoever asked for them
    public record Content(Network network, Map<String, String> notes, Parameters parameters) {}

    /// Writes a model. The file is replaced whole or not at all.
    ///
    /// @param notes metadata to be kept with it; none under [#MODEL_KEY], nor `rondo.checkpoint` or what begins so
    /// @throws IllegalArgumentException if a note has such a key, or a name or a note holds half of a surrogate pair
    /// @throws IOException if it cannot be written
    public static void write(Path file, Network network, Map<String, String> notes, Parameters parameters)
            throws IOException {
        SafetensorsWriter.write(file, metadata(network, notes), parameters.tensors());
    }

    /// The metadata of a model's file; the caller's to change.
    static Map<String, String> metadata(Network network, Map<String, String> notes) {
        for (String key : notes.keySet()) {
            if (key.equals(MODEL_KEY) || CheckpointFile.isKey(key)) {
                throw new IllegalArgumentException("notes: expected keys other than " + key);
            }
        }
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put(MODEL_KEY, network.toJson());
        metadata.putAll(notes);
        return metadata;
    }

    /// Reads a model.
    ///
    /// @throws ModelFormatException if the file is not such a file, of another version, or has layers, settings or
    ///     tensors that are unknown, missing or of another shape
    /// @throws IOException if it cannot be read
    public static Content read(Path file) throws IOException {
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            Map<String, String> notes = new LinkedHashMap<>(reader.metadata());
            notes.remove(MODEL_KEY);
            boolean checkpoint = notes.keySet().removeIf(CheckpointFile::isKey);
            Network network = network(reader);
            Graph graph = network.graph(Scope.Variant.PLAIN).graph().build();
            check(file, graph, reader, checkpoint);
            return new Content(network, Map.copyOf(notes), read(reader, Parameters.of(graph)));
        }
    }

    /// The layers, which make a graph.
    static Network network(SafetensorsReader reader) throws ModelFormatException {
        String json = reader.metadata().get(MODEL_KEY);
        if (json == null) {
            throw new ModelFormatException(
                    reader.file(),
                    "metadata: expected a model under " + MODEL_KEY + ", got the keys " + reader.metadata().keySet());
        }
        try {
            Network network = Network.fromJson(json);
            network.graph(Scope.Variant.PLAIN).graph().build();
            return network;
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new ModelFormatException(reader.file(), MODEL_KEY + ": " + e.getMessage(), e);
        }
    }

    /// Holds the file's tensors against the model's parameters, before any memory is taken for these.
    private static void check(Path file, Graph graph, SafetensorsReader reader, boolean checkpoint)
            throws ModelFormatException {
        Set<String> names = new TreeSet<>();
        for (Value parameter : graph.parameters()) {
            names.add(parameter.name());
            Optional<TensorInfo> tensor = reader.tensor(parameter.name());
            String actual = tensor.isEmpty() ? "none" : tensor.get().type() + " " + tensor.get().shape();
            String expected = parameter.type() + " " + parameter.shape();
            if (!actual.equals(expected)) {
                throw new ModelFormatException(
                        file, "tensor \"%s\": expected %s, got %s".formatted(parameter.name(), expected, actual));
            }
        }
        for (TensorInfo tensor : reader.tensors()) {
            if (!names.contains(tensor.name()) && !(checkpoint && CheckpointFile.isTensor(tensor.name()))) {
                throw new ModelFormatException(
                        file, "tensor \"%s\": expected one of %s".formatted(tensor.name(), names));
            }
        }
    }

    private static Parameters read(SafetensorsReader reader, Parameters parameters) throws IOException {
        try {
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
