package dev.rondo.training;

import java.util.List;

/// How a run went.
///
/// @param epochs a report for each epoch that began, in order, with those before a checkpoint that the run went on from;
///     the last may be cut short by a callback
/// @param ending why it ended
public record History(List<EpochReport> epochs, Ending ending) {
    /// Why a run ended.
    public enum Ending {
        /// All epochs are done.
        FINISHED,
        /// A callback said so.
        STOPPED
    }

    public History {
        epochs = List.copyOf(epochs);
    }

    /// Training loss of each epoch, in nats.
    public List<Double> losses() {
        return epochs.stream().map(EpochReport::loss).toList();
    }

    /// Validation loss of each epoch that has one, in nats.
    public List<Double> validationLosses() {
        return epochs.stream().flatMap(epoch -> epoch.validation().stream()).map(Scores::loss).toList();
    }

    /// One value of each epoch, by its name in [EpochReport#values], such as `val_accuracy`: NaN for an epoch that was
    /// cut short before it had one.
    ///
    /// @throws IllegalArgumentException if no epoch has it
    public List<Double> values(String name) {
        if (!names().contains(name)) {
            throw new IllegalArgumentException("history: expected one of %s, got %s".formatted(names(), name));
        }
        return epochs.stream().map(epoch -> epoch.values().getOrDefault(name, Double.NaN)).toList();
    }

    /// The names of all values that epochs have.
    public List<String> names() {
        return epochs.stream()
                .flatMap(epoch -> epoch.values().keySet().stream())
                .distinct()
                .toList();
    }

    /// The last epoch.
    ///
    /// @throws java.util.NoSuchElementException if no epoch began
    public EpochReport last() {
        return epochs.getLast();
    }
}
