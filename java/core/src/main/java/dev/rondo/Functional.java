package dev.rondo;

import dev.rondo.io.ModelFile;
import dev.rondo.layers.Input;
import dev.rondo.layers.Layer;
import dev.rondo.layers.Network;
import dev.rondo.layers.NetworkBuilder;
import dev.rondo.layers.SharedLayer;
import dev.rondo.layers.Symbol;
import dev.rondo.layers.Symbols;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A model of any number of inputs and outputs, whose layers are applied to what others give: some of them more than
/// once, recurrent ones to the states of others.
///
/// ```java
/// Functional.Builder b = Functional.builder();
/// Symbol source = b.input(Input.ids(Shape.TIME).named("source"));
/// Symbol target = b.input(Input.ids(Shape.time(1)).named("target"));
/// Symbols encoder = b.apply(Lstm.units(128), b.add(Embedding.of(1000, 64), source));
/// Symbols decoder = b.apply(Lstm.units(128).returnSequences(), b.add(Embedding.of(1200, 64), target), encoder.states());
/// Functional model = b.output("logits", b.add(Dense.units(1200), decoder.y())).seed(42).build();
/// ```
///
/// A chain of layers is written in fewer words as a [Sequential]; both are the same kind of model.
public final class Functional extends Model {
    private Functional(ModelFile.Content content) {
        super(content);
    }

    /// Begins a model.
    public static Builder builder() {
        return new Builder();
    }

    /// Loads a model that was saved, a [Sequential] too. It predicts bit for bit what the saved one did.
    ///
    /// @throws dev.rondo.io.ModelFormatException if it is no model file
    /// @throws IOException if it cannot be read
    public static Functional load(Path file) throws IOException {
        return new Functional(ModelFile.read(file));
    }

    /// What a model is made of. A layer takes symbols, which stand for what inputs and layers give; what does not fit is
    /// refused at once. For use by one thread.
    public static final class Builder {
        private final NetworkBuilder network = Network.builder();
        private final Map<String, String> notes = new LinkedHashMap<>();
        private long seed;

        private Builder() {}

        /// Adds an input.
        ///
        /// @throws IllegalArgumentException if its name is another layer's
        public Symbol input(Input input) {
            return network.input(input);
        }

        /// Applies a layer, for its main output.
        ///
        /// @throws IllegalArgumentException if the layer does not take the inputs, these are another builder's, or its
        ///     name is another layer's
        public Symbol add(Layer layer, Symbol... inputs) {
            return network.add(layer, inputs);
        }

        /// Applies a layer, for all its outputs, such as the states of a recurrent one.
        ///
        /// @throws IllegalArgumentException as [#add]
        public Symbols apply(Layer layer, Symbol... inputs) {
            return network.apply(layer, inputs);
        }

        /// Applies a recurrent layer that begins with these states, such as [Symbols#states] of another.
        ///
        /// @throws IllegalArgumentException as [#add]
        public Symbols apply(Layer layer, Symbol x, List<Symbol> states) {
            return network.apply(layer, x, states);
        }

        /// A layer to be applied more than once, with the same parameters each time.
        ///
        /// @throws IllegalArgumentException if its name is another layer's
        public SharedLayer shared(Layer layer) {
            return network.shared(layer);
        }

        /// Says that the model gives this, under a name of letters, digits, `_`, `.` and `-`.
        ///
        /// @throws IllegalArgumentException if the symbol is another builder's
        public Builder output(String name, Symbol symbol) {
            network.output(name, symbol);
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
        /// @throws IllegalArgumentException if there is no output, two have one name, or none depends on an input or a
        ///     layer
        public Functional build() {
            return new Functional(initial(network.build(seed), notes));
        }
    }
}
