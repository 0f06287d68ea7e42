package dev.rondo.layers;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/// Names of layers: unique in a model.
final class Names {
    private final Set<String> names = new HashSet<>();

    Names() {}

    /// The layers, each with a name of its own. Those that are given are taken first.
    static List<Layer> given(List<? extends Layer> layers) {
        Names names = new Names();
        for (Layer layer : layers) {
            if (!layer.name().isEmpty()) {
                names.take(layer);
            }
        }
        List<Layer> all = new ArrayList<>();
        for (Layer layer : layers) {
            all.add(layer.name().isEmpty() ? names.free(layer) : layer);
        }
        return all;
    }

    /// The layer, with a free name if it has none.
    Layer of(Layer layer) {
        if (layer.name().isEmpty()) {
            return free(layer);
        }
        take(layer);
        return layer;
    }

    private void take(Layer layer) {
        if (!names.add(layer.name())) {
            throw new IllegalArgumentException(
                    "layers: expected a name of its own for each, got %s twice".formatted(layer.name()));
        }
    }

    private Layer free(Layer layer) {
        String kind = kind(layer);
        String name = kind;
        for (int i = 1; !names.add(name); i++) {
            name = kind + "_" + i;
        }
        return layer.named(name);
    }

    private static String kind(Layer layer) {
        return switch (layer) {
            case Input _ -> "x";
            case SimpleRnn _, Rnn _ -> "rnn";
            case Conv1d _ -> "conv1d";
            case ActivationLayer _ -> "activation";
            case WeightNoise noise -> kind(noise.layer());
            default -> layer.getClass().getSimpleName().replaceAll("(?<=[a-z0-9])(?=[A-Z])", "_").toLowerCase(Locale.ROOT);
        };
    }
}
