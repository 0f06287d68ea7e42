package dev.rondo.layers;

import dev.rondo.graph.Value;
import java.util.List;
import java.util.SequencedMap;

/// A layer whose trained parameters bear normally distributed noise while the model trains, which keeps it from relying on
/// their precision (Graves 2011). Elsewhere it is the layer alone.
///
/// Takes and gives what the layer does, and has its name and its parameters. The noise is drawn anew for each training
/// step, and is the same wherever a model applies the layer. The gradients are those at the parameters with noise; they
/// move the ones without.
///
/// @param layer any other than an [Input], a [Crf] or one of these
/// @param deviation the noise's standard deviation, at least 0
public record WeightNoise(Layer layer, double deviation) implements Layer {
    public WeightNoise {
        if (layer instanceof Input || layer instanceof WeightNoise) {
            throw new IllegalArgumentException(
                    "WeightNoise: layer: expected one that has parameters and no noise yet, got " + layer);
        }
        if (layer instanceof Crf) {
            throw new IllegalArgumentException(
                    "WeightNoise: layer: expected one that uses its parameters itself, got a Crf, whose loss does");
        }
        Settings.deviation("WeightNoise: deviation", deviation);
    }

    /// Of this standard deviation: Graves (2011) and Chung et al. (2014) take 0.075.
    public static WeightNoise of(Layer layer, double deviation) {
        return new WeightNoise(layer, deviation);
    }

    /// The layer that bears the noise, or the layer itself where it bears none.
    static Layer within(Layer layer) {
        return layer instanceof WeightNoise noise ? noise.layer() : layer;
    }

    @Override
    public String name() {
        return layer.name();
    }

    @Override
    public SequencedMap<String, Value> apply(Scope scope, List<Value> inputs) {
        return scope.withWeightNoise(deviation, () -> layer.apply(scope, inputs));
    }

    @Override
    public boolean isStreamable() {
        return layer.isStreamable();
    }

    @Override
    public WeightNoise named(String name) {
        return new WeightNoise(layer.named(name), deviation);
    }
}
