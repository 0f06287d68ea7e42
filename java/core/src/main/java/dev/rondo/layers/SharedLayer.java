package dev.rondo.layers;

import java.util.List;

/// A layer that may be applied more than once, with the same parameters each time: made by [NetworkBuilder#shared].
public final class SharedLayer {
    private final NetworkBuilder builder;
    private final Layer layer;

    SharedLayer(NetworkBuilder builder, Layer layer) {
        this.builder = builder;
        this.layer = layer;
    }

    /// The layer, with its name.
    public Layer layer() {
        return layer;
    }

    /// Applies it, for its main output.
    ///
    /// @throws IllegalArgumentException as [NetworkBuilder#add], or if its parameters have other shapes than those of its first
    ///     call
    public Symbol on(Symbol... inputs) {
        return apply(inputs).y();
    }

    /// Applies it, for all its outputs.
    ///
    /// @throws IllegalArgumentException as [#on]
    public Symbols apply(Symbol... inputs) {
        return builder.call(layer, List.of(inputs));
    }

    /// Applies a recurrent layer that begins with these states.
    ///
    /// @throws IllegalArgumentException as [#on]
    public Symbols apply(Symbol x, List<Symbol> states) {
        return builder.call(layer, NetworkBuilder.all(x, states));
    }
}
