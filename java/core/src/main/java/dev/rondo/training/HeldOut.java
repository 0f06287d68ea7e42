package dev.rondo.training;

import dev.rondo.data.Dataset;
import dev.rondo.data.Examples;
import dev.rondo.data.Split;
import dev.rondo.data.Streams;
import java.util.Optional;

/// What a run learns from and what it is validated on.
///
/// @param training data to learn from
/// @param validation data to be scored on, where there are any
record HeldOut(Dataset training, Optional<Dataset> validation) {

    /// As the settings have it.
    ///
    /// @param seed of what is random in it
    /// @throws IllegalArgumentException if the data cannot be split so
    static HeldOut of(Dataset data, Fit fit, long seed) {
        return fit.holdOut().isEmpty()
                ? new HeldOut(data, fit.validation())
                : split(data, fit.holdOut().get(), seed);
    }

    private static HeldOut split(Dataset data, Fit.HoldOut part, long seed) {
        try {
            return switch (data) {
                case Examples examples -> {
                    Split split = switch (part.part()) {
                        case RANDOM -> Split.random(examples.size(), part.fraction(), seed);
                        case LAST -> Split.byTime(examples.size(), part.fraction());
                    };
                    yield new HeldOut(
                            examples.select(split.training()), Optional.of(examples.select(split.heldOut())));
                }
                case Streams streams when part.part() == Fit.HoldOut.Part.LAST -> {
                    Split split = Split.byTime(streams.size(), part.fraction());
                    int from = split.training().length;
                    yield new HeldOut(streams.part(0, from), Optional.of(streams.part(from, streams.size())));
                }
                case Streams _ -> throw new IllegalArgumentException(
                        "expected examples, got streams, of which only the last part can be held out");
                default -> throw new IllegalArgumentException("expected examples in memory or streams, got "
                        + data.getClass().getSimpleName() + ": split the data and give the one part as validation");
            };
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("validationSplit: " + e.getMessage(), e);
        }
    }
}
