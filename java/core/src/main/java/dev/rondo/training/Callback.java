package dev.rondo.training;

import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.function.Predicate;

/// What a run of training calls, on the thread that runs it: after each batch and after each epoch, before a checkpoint is
/// written there.
public interface Callback {
    /// Whether the run goes on.
    enum Next {
        /// The run goes on.
        CONTINUE,
        /// The run ends here, as it stands, and [History#ending()] says so.
        STOP;

        /// STOP where either is.
        Next and(Next other) {
            return this == STOP ? this : other;
        }
    }

    /// At the beginning of each run, before anything is read or changed.
    ///
    /// @return what is called in the run: this, unless it remembers something that is of one run only
    /// @throws IllegalArgumentException if the run is none that it can be called in
    default Callback begin(TrainingRun run) {
        return this;
    }

    /// Before the first batch of a run that goes on from a checkpoint, see [Fit#resume(java.nio.file.Path)].
    default void onResume(Resumption resumption) {}

    /// After each training batch, once the parameters have moved.
    default Next onBatch(BatchReport report) {
        return Next.CONTINUE;
    }

    /// After each epoch and its validation.
    default Next onEpoch(EpochReport report) {
        return Next.CONTINUE;
    }

    /// At the end of a run that did not fail, after the last checkpoint.
    default void onEnd() {}

    /// Looks at every batch.
    static Callback eachBatch(Consumer<BatchReport> consumer) {
        return new Callback() {
            @Override
            public Next onBatch(BatchReport report) {
                consumer.accept(report);
                return Next.CONTINUE;
            }
        };
    }

    /// Ends the run after an epoch of which this is true.
    static Callback stopWhen(Predicate<EpochReport> condition) {
        return new Callback() {
            @Override
            public Next onEpoch(EpochReport report) {
                return condition.test(report) ? Next.STOP : Next.CONTINUE;
            }
        };
    }

    /// Writes a table of the epochs, a line each: the epoch and its [EpochReport#values], under a line of their names;
    /// a value that an epoch lacks is empty. The file is begun anew with each run, but a run that goes on from a
    /// checkpoint goes on with it: lines of epochs that are trained again are removed. Each line is handed to the
    /// system before the next epoch.
    ///
    /// A run whose line cannot be written, to a full disk for instance, ends with an [java.io.UncheckedIOException];
    /// the parameters are those after that epoch.
    static Callback csv(Path file) {
        return new HistoryFile(file, HistoryFile.Format.CSV);
    }

    /// Writes a JSON object for each epoch, a line each: `{"epoch":1,"loss":0.7,...}` with its [EpochReport#values],
    /// null where one is not finite. Otherwise as [#csv].
    static Callback jsonLines(Path file) {
        return new HistoryFile(file, HistoryFile.Format.JSON_LINES);
    }

    /// Looks at every epoch.
    static Callback eachEpoch(Consumer<EpochReport> consumer) {
        return new Callback() {
            @Override
            public Next onEpoch(EpochReport report) {
                consumer.accept(report);
                return Next.CONTINUE;
            }
        };
    }
}
