package dev.rondo.training;

import java.util.function.Consumer;

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
