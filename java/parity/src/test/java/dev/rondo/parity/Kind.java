package dev.rondo.parity;

import java.util.List;
import java.util.stream.LongStream;

/// The kinds of cases. A case follows from its seed alone, and each kind has seeds of its own, so that a seed says
/// which case of which kind it is. All of them run, or the one that the property `rondo.seed` names.
enum Kind {
    /// Layers against PyTorch.
    LAYERS(800),
    /// Training runs against PyTorch.
    TRAINING(90),
    /// Cells against ONNX Runtime.
    CELLS(240);

    /// The seeds of a kind begin at this many times its ordinal, plus 1. Those that do not run by themselves are cases,
    /// too.
    private static final long RANGE = 10_000;

    private final int count;

    Kind(int count) {
        this.count = count;
    }

    /// The seeds to run.
    List<Long> seeds() {
        return seeds(System.getProperty("rondo.seed", ""));
    }

    List<Long> seeds(String only) {
        long first = ordinal() * RANGE + 1;
        if (only.isEmpty()) {
            return LongStream.range(first, first + count).boxed().toList();
        }
        long seed = Long.parseLong(only);
        if (seed < 1 || seed > values().length * RANGE) {
            throw new IllegalArgumentException(
                    "seed: expected 1 to %d, got %d".formatted(values().length * RANGE, seed));
        }
        return seed >= first && seed < first + RANGE ? List.of(seed) : List.of();
    }
}
