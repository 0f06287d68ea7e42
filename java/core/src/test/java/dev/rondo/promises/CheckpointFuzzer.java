package dev.rondo.promises;

import dev.rondo.Sequential;
import dev.rondo.data.Dataset;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.training.BatchReport;
import dev.rondo.training.Callback;
import dev.rondo.training.Fit;
import dev.rondo.training.NonFiniteException;
import java.io.IOException;
import java.io.UncheckedIOException;

/// Has a run go on from any bytes: it does, for a step, or it says why it does not.
public final class CheckpointFuzzer {
    static final Job JOB = new Job(Cell.ALL.getFirst(), Job.Data.SEQUENCES, Choice.JAVA, 0);

    private static final Sequential MODEL = JOB.compiled();
    private static final Dataset DATA = JOB.dataset();
    private static final Fit FIT = Fit.epochs(Job.EPOCHS)
            .batchSize(JOB.fit().batchSize())
            .resume(FileFuzzer.FILE, Fit.Elsewhere.ALLOWED)
            .callback(new Callback() {
                @Override
                public Next onBatch(BatchReport report) {
                    return Next.STOP;
                }
            });

    private CheckpointFuzzer() {}

    /// What the fuzzer calls.
    public static void fuzzerTestOneInput(byte[] input) throws IOException {
        FileFuzzer.write(input);
        try {
            MODEL.fit(DATA, FIT);
        } catch (UncheckedIOException | IllegalArgumentException | NonFiniteException e) {
            if (String.valueOf(e.getMessage()).isBlank()) {
                throw new AssertionError("an exception without a message", e);
            }
        }
    }
}
