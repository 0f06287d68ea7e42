package dev.rondo.benchmarks.suite;

import java.util.Arrays;
import java.util.List;

/// The size of a recurrent layer's work.
///
/// @param name what it is called in tables
/// @param batch B, sequences side by side
/// @param time T, steps of each
/// @param input I, features of a step
/// @param hidden H, units
record LayerShape(String name, int batch, int time, int input, int hidden) {
    static final List<LayerShape> SINGLE = List.of(
            new LayerShape("S1", 1, 100, 64, 64),
            new LayerShape("S2", 1, 100, 256, 256),
            new LayerShape("S3", 1, 100, 512, 512),
            new LayerShape("S4", 1, 100, 1024, 1024));
    static final List<LayerShape> BATCHED = List.of(
            new LayerShape("M1", 16, 50, 128, 128),
            new LayerShape("M2", 32, 100, 256, 256),
            new LayerShape("M3", 64, 50, 512, 512),
            new LayerShape("M4", 128, 50, 1024, 1024));
    /// One step after another with the state carried; checked over as many steps as T says.
    static final List<LayerShape> STEPS =
            List.of(new LayerShape("ST64", 1, 16, 64, 64), new LayerShape("ST256", 1, 16, 256, 256));

    LayerShape {
        if (batch < 1 || time < 1 || input < 1 || hidden < 1) {
            throw new IllegalArgumentException("shape: expected B,T,I,H of at least 1 each, got %d,%d,%d,%d"
                    .formatted(batch, time, input, hidden));
        }
    }

    /// A shape from `B,T,I,H`, named so.
    static LayerShape parse(String text) {
        List<Integer> extents;
        try {
            extents = Arrays.stream(text.split(",", -1)).map(String::strip).map(Integer::valueOf).toList();
        } catch (NumberFormatException e) {
            extents = List.of();
        }
        if (extents.size() != 4) {
            throw new IllegalArgumentException("expected four whole numbers B,T,I,H, got '" + text + "'");
        }
        return new LayerShape(
                "B%dT%dI%dH%d".formatted(extents.toArray()), extents.get(0), extents.get(1), extents.get(2),
                extents.get(3));
    }

    /// One of those with a name.
    static LayerShape named(String name) {
        return List.of(SINGLE, BATCHED, STEPS).stream()
                .flatMap(List::stream)
                .filter(shape -> shape.name.equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no shape is named " + name));
    }

    /// Whether it is measured step by step.
    boolean isStep() {
        return STEPS.contains(this);
    }
}
