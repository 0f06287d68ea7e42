package dev.rondo.training;

import dev.rondo.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.SequencedMap;

/// What a callback may look at and do in the run that it is called in, besides what reports tell. It is for the run's
/// thread, and as long as the run lasts.
public interface TrainingRun {
    /// How the model learns.
    Training training();

    /// The settings of the run.
    Fit fit();

    /// The names of the values that its epochs have, see [EpochReport#values].
    List<String> names();

    /// Read-only views of the model's parameters by path, as they are now.
    SequencedMap<String, Tensor> parameters();

    /// Overwrites all parameters.
    ///
    /// @param parameters one for each by its path
    /// @throws IllegalArgumentException if names, types or shapes are not those of [#parameters]
    void restore(SequencedMap<String, Tensor> parameters);

    /// Saves the model as it is now. The file is replaced whole or not at all.
    ///
    /// @throws java.io.UncheckedIOException if it cannot be written; an older file is then as it was
    void save(Path file);

    /// The learning rate of the next update: the optimizer's, times the schedule's factor, times what
    /// [#multiplyRate] made of it.
    double rate();

    /// Multiplies the rate of all updates of the run that follow. A checkpoint keeps it.
    ///
    /// @throws IllegalArgumentException if the factor is not above 0
    void multiplyRate(double factor);
}
