package dev.rondo;

import dev.rondo.io.ModelFile;
import dev.rondo.io.ModelFormatException;
import dev.rondo.layers.Layer;
import dev.rondo.layers.Network;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A model whose layers stand one after another.
///
/// ```java
/// Sequential model = Sequential.builder()
///         .add(Input.ids(Shape.TIME))
///         .add(Embedding.of(vocabularySize, 64))
///         .add(Lstm.units(256).returnSequences())
///         .add(Dense.units(vocabularySize))
///         .seed(42)
///         .build();
/// ```
public final class Sequential extends Model {
    private Sequential(ModelFile.Content content) {
        super(content);
    }

    /// Begins a model.
    public static Builder builder() {
        return new Builder();
    }

    /// A model of these layers, with seed 0.
    ///
    /// @throws IllegalArgumentException as [Builder#build]
    public static Sequential of(Layer... layers) {
        Builder builder = builder();
        for (Layer layer : layers) {
            builder.add(layer);
        }
        return builder.build();
    }

    /// Loads a model that was saved. It predicts bit for bit what the saved one did.
    ///
    /// @throws ModelFormatException if it is no model file, or its layers do not stand one after another: see
    ///     [Functional#load]
    /// @throws IOException if it cannot be read
    public static Sequential load(Path file) throws IOException {
        ModelFile.Content content = ModelFile.read(file);
        if (!content.network().isChain()) {
            content.parameters().close();
            throw new ModelFormatException(
                    file, "model: expected layers one after another, got a network, which Functional loads");
        }
        return new Sequential(content);
    }

    /// What a model is made of, layer by layer.
    public static final class Builder {
        private final List<Layer> layers = new ArrayList<>();
        private final Map<String, String> notes = new LinkedHashMap<>();
        private long seed;

        private Builder() {}

        /// Adds a layer behind those added before. The first is an [dev.rondo.layers.Input].
        public Builder add(Layer layer) {
            layers.add(layer);
            return this;
        }

        /// Sets the seed of first values, shuffles and dropout; 0 if it is not set.
        public Builder seed(long seed) {
            this.seed = seed;
            return this;
        }

        /// Notes something with the model that is saved with it, such as its vocabulary.
        public Builder note(String key, String value) {
            notes.put(key, value);
            return this;
        }

        /// Makes the model, with first values for its parameters.
        ///
        /// @throws IllegalArgumentException if the first layer is no input, another is one, two have the same name, or
        ///     one does not take what the one before it gives
        public Sequential build() {
            return new Sequential(initial(Network.chain(seed, layers), notes));
        }
    }
}
