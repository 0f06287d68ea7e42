package dev.rondo.training;

import dev.rondo.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;

/// A callback that decides by what it saw before: a checkpoint keeps what it remembers, and a run that goes on from
/// there hands it back, so that it goes on bit for bit.
///
/// ```java
/// public Map<String, String> memory() {
///     return Map.of("best", String.valueOf(best));
/// }
/// ```
public interface Remembering extends Callback {
    /// What it is and how it is set, the same in every run: a run does not go on bit for bit with another. The words of
    /// a record, for instance.
    String settings();

    /// What it remembers now, by names of its own. `String.valueOf` of a number is read back bit for bit.
    Map<String, String> memory();

    /// What it remembers as tensors: none unless overridden. The names, types and shapes are the same at any time of a
    /// run, as they are those that a run that goes on has. When a run goes on they are overwritten, after [#recall].
    default SequencedMap<String, Tensor> tensors() {
        return new LinkedHashMap<>();
    }

    /// Goes on from what it remembered, before the first batch. Not called where its settings are other than they were.
    ///
    /// @param memory as [#memory] gave it; from a file, so not to be trusted
    /// @return STOP where it had ended the run
    /// @throws IllegalArgumentException if it makes no sense
    Next recall(Map<String, String> memory);
}
