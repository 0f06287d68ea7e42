package dev.rondo.layers;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// What a sequential model is: its layers in order, each with its name, and the seed of all that is random in it. It
/// holds no parameters.
///
/// @param seed of first values, shuffles and dropout
/// @param layers the [Input] first; each with a name of its own
public record LayerStack(long seed, List<Layer> layers) {
    /// Gives names to the layers that have none: that of their kind in lower case, from the second on with a number, as
    /// `lstm`, `lstm_1`.
    ///
    /// @throws IllegalArgumentException if the first layer is no input, another is one, or two have the same name
    public LayerStack {
        layers = named(layers);
    }

    /// What the model takes.
    public Input input() {
        return (Input) layers.getFirst();
    }

    /// A graph of the model.
    ///
    /// @throws IllegalArgumentException if a layer does not take what the one before it gives
    public Scope graph(Scope.Variant variant) {
        return new Scope(variant, this);
    }

    /// As JSON, for a model file.
    public String toJson() {
        return LayerJson.write(this);
    }

    /// From JSON.
    ///
    /// @throws IllegalArgumentException if it is none of [#toJson]'s: with the place, what was expected and what came
    public static LayerStack fromJson(String json) {
        return LayerJson.read(json);
    }

    private static List<Layer> named(List<Layer> layers) {
        if (layers.isEmpty() || !(layers.getFirst() instanceof Input)) {
            throw new IllegalArgumentException("layers: expected an Input as the first, got " + layers);
        }
        if (layers.stream().filter(Input.class::isInstance).count() > 1) {
            throw new IllegalArgumentException("layers: expected one Input, got more");
        }
        Set<String> names = new HashSet<>();
        for (Layer layer : layers) {
            if (!layer.name().isEmpty() && !names.add(layer.name())) {
                throw new IllegalArgumentException("layers: expected a name of its own for each, got %s twice".formatted(layer.name()));
            }
        }
        List<Layer> all = new ArrayList<>();
        for (Layer layer : layers) {
            all.add(layer.name().isEmpty() ? layer.named(freeName(layer, names)) : layer);
        }
        return List.copyOf(all);
    }

    private static String freeName(Layer layer, Set<String> names) {
        String kind = switch (layer) {
            case Input _ -> "x";
            case Embedding _ -> "embedding";
            case Lstm _ -> "lstm";
            case Gru _ -> "gru";
            case SimpleRnn _ -> "rnn";
            case Dense _ -> "dense";
            case Dropout _ -> "dropout";
        };
        String name = kind;
        for (int i = 1; !names.add(name); i++) {
            name = kind + "_" + i;
        }
        return name;
    }
}
