package dev.rondo.io;

import dev.rondo.layers.Network;
import dev.rondo.plan.Parameters;
import dev.rondo.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;

/// A run of training in a safetensors file: a model file with more in it. What a run remembers besides the parameters
/// stands as tensors under `checkpoint:` and as strings of the metadata under `rondo.checkpoint.`; what each means is
/// known to `dev.rondo.training`. Neither gets in the way of what a model has: names of layers hold no colon.
///
/// An object of this class reads such a file; it owns an open file and is for one thread.
public final class CheckpointFile implements AutoCloseable {
    /// The version written, and the only one read.
    public static final int VERSION = 2;

    private static final String VERSION_KEY = "rondo.checkpoint";
    private static final String KEY_PREFIX = VERSION_KEY + ".";
    private static final String TENSOR_PREFIX = "checkpoint:";

    private final SafetensorsReader reader;
    private final Network network;
    private final Map<String, String> state;

    private CheckpointFile(SafetensorsReader reader) throws ModelFormatException {
        this.reader = reader;
        Map<String, String> metadata = reader.metadata();
        String version = metadata.getOrDefault(VERSION_KEY, "none");
        if (!version.equals(String.valueOf(VERSION))) {
            throw new ModelFormatException(
                    reader.file(),
                    "metadata: expected a checkpoint, version %d under %s, got %s".formatted(VERSION, VERSION_KEY, version));
        }
        network = ModelFile.network(reader);
        Map<String, String> strings = new LinkedHashMap<>();
        metadata.forEach((key, value) -> {
            if (key.startsWith(KEY_PREFIX)) {
                strings.put(key.substring(KEY_PREFIX.length()), value);
            }
        });
        state = Collections.unmodifiableMap(strings);
    }

    /// Writes a checkpoint. The file is replaced whole or not at all.
    ///
    /// @param model what [ModelFile#write] takes
    /// @param state what else the run remembers, as strings
    /// @param tensors what else it remembers, as tensors; not to be changed by others meanwhile
    /// @throws IOException if it cannot be written; the message says which file and why
    public static void write(
            Path file, ModelFile.Content model, Map<String, String> state, SequencedMap<String, Tensor> tensors)
            throws IOException {
        Map<String, String> metadata = ModelFile.metadata(model.network(), model.notes());
        metadata.put(VERSION_KEY, String.valueOf(VERSION));
        state.forEach((key, value) -> metadata.put(KEY_PREFIX + key, value));
        SequencedMap<String, Tensor> all = new LinkedHashMap<>(model.parameters().tensors());
        tensors.forEach((name, tensor) -> all.put(TENSOR_PREFIX + name, tensor));
        SafetensorsWriter.write(file, metadata, all);
    }

    /// Opens a checkpoint and reads what is not tensors.
    ///
    /// @throws ModelFormatException if the file is no checkpoint, or of another version, or has layers that are unknown
    /// @throws IOException if it cannot be read
    public static CheckpointFile open(Path file) throws IOException {
        SafetensorsReader reader = SafetensorsReader.open(file);
        try {
            return new CheckpointFile(reader);
        } catch (IOException | RuntimeException | Error e) {
            reader.close();
            throw e;
        }
    }

    /// The file.
    public Path file() {
        return reader.file();
    }

    /// The model's layers.
    public Network network() {
        return network;
    }

    /// What the run remembers as strings; not modifiable.
    public Map<String, String> state() {
        return state;
    }

    /// The names, types and shapes of what the run remembers as tensors.
    public SequencedMap<String, TensorInfo> tensors() {
        SequencedMap<String, TensorInfo> infos = new LinkedHashMap<>();
        for (TensorInfo info : reader.tensors()) {
            if (isTensor(info.name())) {
                infos.put(info.name().substring(TENSOR_PREFIX.length()), info);
            }
        }
        return infos;
    }

    /// A failure about one of the strings.
    ///
    /// @param key of [#state]
    public ModelFormatException wrong(String key, String problem) {
        return new ModelFormatException(file(), KEY_PREFIX + key + ": " + problem);
    }

    /// Reads parameters and tensors. Either all are overwritten or none.
    ///
    /// @param parameters of the model; the change is counted
    /// @param tensors overwritten: as they were given to [#write]
    /// @throws ModelFormatException if the file lacks one of them, has one of another type or shape, or has more
    /// @throws IOException if it cannot be read
    public void read(Parameters parameters, SequencedMap<String, Tensor> tensors) throws IOException {
        SequencedMap<String, Tensor> targets = new LinkedHashMap<>(parameters.tensors());
        tensors.forEach((name, tensor) -> targets.put(TENSOR_PREFIX + name, tensor));
        Set<String> names = new LinkedHashSet<>();
        reader.tensors().forEach(info -> names.add(info.name()));
        names.removeAll(targets.keySet());
        if (!names.isEmpty()) {
            throw new ModelFormatException(
                    file(), "tensors: expected " + targets.keySet() + ", got besides " + names);
        }
        List<Tensor> contents = new ArrayList<>();
        for (Map.Entry<String, Tensor> target : targets.entrySet()) {
            Tensor tensor = target.getValue();
            Tensor content = Tensor.zeros(tensor.type(), tensor.shape().dims());
            reader.read(target.getKey(), content);
            contents.add(content);
        }
        int next = 0;
        for (Tensor target : targets.values()) {
            target.segment().copyFrom(contents.get(next++).segment());
        }
        parameters.changed();
    }

    @Override
    public void close() throws IOException {
        reader.close();
    }

    /// Whether a string of the metadata belongs to a checkpoint.
    static boolean isKey(String key) {
        return key.equals(VERSION_KEY) || key.startsWith(KEY_PREFIX);
    }

    /// Whether a tensor belongs to a checkpoint.
    static boolean isTensor(String name) {
        return name.startsWith(TENSOR_PREFIX);
    }
}
