package dev.rondo.layers;

import dev.rondo.graph.Value;
import dev.rondo.layers.Network.Call;
import dev.rondo.layers.Network.Output;
import dev.rondo.layers.Network.Port;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/// Writes a network down, call by call: each takes symbols that earlier ones gave, so that there are no cycles. What does
/// not fit is refused at once, with the layer's name. For use by one thread; [dev.rondo.Functional] is a model's.
public final class NetworkBuilder {
    private final Names names = new Names();
    private final Map<Layer, Integer> times = new HashMap<>();
    private final List<Call> calls = new ArrayList<>();
    private final List<Output> outputs = new ArrayList<>();
    private final Scope scope = new Scope(Scope.Variant.PLAIN, 0);

    NetworkBuilder() {}

    /// Adds an input.
    ///
    /// @throws IllegalArgumentException if its name is another layer's
    public Symbol input(Input input) {
        Input named = (Input) names.of(input);
        calls.add(new Call(named, List.of()));
        return new Symbol(this, new Port(calls.size() - 1, Layer.Y), scope.input(named));
    }

    /// Applies a layer, for its main output.
    ///
    /// @throws IllegalArgumentException if the layer does not take the inputs, these are another builder's, or its name is
    ///     another layer's
    public Symbol add(Layer layer, Symbol... inputs) {
        return apply(layer, inputs).y();
    }

    /// Applies a layer, for all its outputs.
    ///
    /// @throws IllegalArgumentException as [#add]
    public Symbols apply(Layer layer, Symbol... inputs) {
        return call(shared(layer).layer(), List.of(inputs));
    }

    /// Applies a recurrent layer that begins with these states, such as [Symbols#states] of another.
    ///
    /// @throws IllegalArgumentException as [#add]
    public Symbols apply(Layer layer, Symbol x, List<Symbol> states) {
        return call(shared(layer).layer(), all(x, states));
    }

    /// A layer to be applied more than once.
    ///
    /// @throws IllegalArgumentException if it is an input, or its name is another layer's
    public SharedLayer shared(Layer layer) {
        if (layer instanceof Input) {
            throw new IllegalArgumentException("layers: expected a layer that takes something, got " + layer);
        }
        return new SharedLayer(this, names.of(layer));
    }

    /// Says that the network gives this.
    ///
    /// @throws IllegalArgumentException if it is another builder's
    public NetworkBuilder output(String name, Symbol symbol) {
        requireOwn(name, symbol);
        outputs.add(new Output(name, symbol.port()));
        return this;
    }

    /// The network written down.
    ///
    /// @param seed of first values, shuffles and dropout
    /// @throws IllegalArgumentException if there is no output, two have one name, or none depends on an input or a layer
    public Network build(long seed) {
        return new Network(seed, calls, outputs);
    }

    static List<Symbol> all(Symbol x, List<Symbol> states) {
        List<Symbol> all = new ArrayList<>();
        all.add(x);
        all.addAll(states);
        return all;
    }

    Symbols call(Layer layer, List<Symbol> inputs) {
        inputs.forEach(input -> requireOwn(layer.name(), input));
        if (inputs.isEmpty()) {
            throw new IllegalArgumentException(layer.name() + ": expected inputs, got none");
        }
        int time = times.getOrDefault(layer, 0);
        String call = time == 0 ? layer.name() : layer.name() + ":" + time;
        SequencedMap<String, Value> values =
                scope.apply(call, layer, inputs.stream().map(Symbol::value).toList());
        times.put(layer, time + 1);
        calls.add(new Call(layer, inputs.stream().map(Symbol::port).toList()));
        SequencedMap<String, Symbol> symbols = new LinkedHashMap<>();
        values.forEach((output, value) -> symbols.put(output, new Symbol(this, new Port(calls.size() - 1, output), value)));
        return new Symbols(call, symbols, states(layer));
    }

    private static List<String> states(Layer layer) {
        return switch (WeightNoise.within(layer)) {
            case Directed directed -> directed.stateOutputs();
            case Bidirectional both -> both.stateOutputs();
            default -> List.of();
        };
    }

    private void requireOwn(String name, Symbol symbol) {
        if (symbol.builder() != this) {
            throw new IllegalArgumentException(name + ": expected a symbol of this builder, got another's " + symbol);
        }
    }
}
