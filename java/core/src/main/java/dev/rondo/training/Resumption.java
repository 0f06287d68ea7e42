package dev.rondo.training;

import java.nio.file.Path;
import java.util.List;

/// Where a run goes on.
///
/// @param file the checkpoint
/// @param epoch the epoch that is gone on with, from 1
/// @param batch batches of that epoch that are done
/// @param steps training steps that the model has taken
/// @param differences what is not as it was when the checkpoint was written, a sentence each. Where there are any, the
///     run goes on, but not bit for bit as it would have
public record Resumption(Path file, int epoch, int batch, long steps, List<String> differences) {
    public Resumption {
        differences = List.copyOf(differences);
    }

    /// Whether the run goes on bit for bit as it would have without a stop.
    public boolean isExact() {
        return differences.isEmpty();
    }
}
