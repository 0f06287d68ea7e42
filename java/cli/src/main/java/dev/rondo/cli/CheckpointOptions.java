package dev.rondo.cli;

import dev.rondo.training.Callback;
import dev.rondo.training.Every;
import dev.rondo.training.Fit;
import dev.rondo.training.Fit.Elsewhere;
import dev.rondo.training.Resumption;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// How a training survives being stopped.
final class CheckpointOptions {
    @Option(
            names = "--checkpoint",
            paramLabel = "FILE",
            description = "Where all that the training remembers is kept, so that it can go on after a stop.")
    private @Nullable Path checkpoint;

    @Option(
            names = "--checkpoint-every",
            paramLabel = "N",
            converter = Converters.Count.class,
            description = "Batches after which the checkpoint is written again (${DEFAULT-VALUE}).")
    private int every = 500;

    @Option(
            names = "--resume",
            paramLabel = "FILE",
            description = {
                "Go on from a checkpoint, bit for bit as if there had been no stop. The other options are",
                "those of the training that was stopped; --epochs may be more."
            })
    private @Nullable Path resume;

    @Option(
            names = "--resume-elsewhere",
            description = {
                "Go on even where that cannot be bit for bit: on another processor, with another number of",
                "threads or another rate."
            })
    private boolean elsewhere;

    /// Finds out before the training what would fail in it.
    void check() throws IOException {
        if (checkpoint != null) {
            LearningOptions.checkTarget("--checkpoint", checkpoint);
        }
    }

    /// A run with checkpoints, which goes on from one, as the options say.
    ///
    /// @param out is told where it goes on
    Fit apply(Fit fit, PrintWriter out) {
        Fit saving = checkpoint == null ? fit : fit.checkpoint(checkpoint, Every.batches(every));
        if (resume == null) {
            return saving;
        }
        return saving.resume(resume, elsewhere ? Elsewhere.ALLOWED : Elsewhere.REFUSED).callback(new Callback() {
            @Override
            public void onResume(Resumption resumption) {
                out.println(Report.line(
                        "Resumed", "epoch %d after %,d batches, from %s", resumption.epoch(), resumption.batch(),
                        resumption.file()));
                for (String difference : resumption.differences()) {
                    out.println(Report.line("Note", "not bit for bit as without a stop: %s", difference));
                }
                out.println();
                out.flush();
            }
        });
    }
}
