package dev.rondo.layers;

import java.util.Collections;
import java.util.List;
import java.util.SequencedMap;

/// All that a layer gives, where it gives more than one value: see [Recurrent] and [Bidirectional].
public final class Symbols {
    private final String call;
    private final SequencedMap<String, Symbol> outputs;
    private final List<String> states;

    /// @param states the names of the outputs that are states
    Symbols(String call, SequencedMap<String, Symbol> outputs, List<String> states) {
        this.call = call;
        this.states = states;
        this.outputs = Collections.unmodifiableSequencedMap(outputs);
    }

    /// All by name, the main output first.
    public SequencedMap<String, Symbol> outputs() {
        return outputs;
    }

    /// The main output.
    public Symbol y() {
        return outputs.firstEntry().getValue();
    }

    /// The state h after each sequence's own last step, `[B,units]`.
    ///
    /// @throws IllegalArgumentException if the layer has none
    public Symbol h() {
        return output("h");
    }

    /// The state c likewise, of an LSTM.
    ///
    /// @throws IllegalArgumentException if the layer has none
    public Symbol c() {
        return output("c");
    }

    /// All states, in the order in which another layer of this kind takes them.
    ///
    /// @throws IllegalArgumentException if the layer has none
    public List<Symbol> states() {
        if (states.isEmpty()) {
            throw new IllegalArgumentException(
                    "%s: expected a layer with states, got one that gives %s".formatted(call, outputs.keySet()));
        }
        return states.stream().map(this::output).toList();
    }

    /// An output by name.
    ///
    /// @throws IllegalArgumentException if the layer has none of this name
    public Symbol output(String name) {
        Symbol symbol = outputs.get(name);
        if (symbol == null) {
            throw new IllegalArgumentException(
                    "%s: expected one of its outputs %s, got %s".formatted(call, outputs.keySet(), name));
        }
        return symbol;
    }
}
