package dev.rondo.cli;

import dev.rondo.Sequential;
import dev.rondo.training.Adam;
import dev.rondo.training.Callback;
import dev.rondo.training.Fit;
import dev.rondo.training.History;
import dev.rondo.training.Loss;
import dev.rondo.training.NonFiniteException;
import dev.rondo.training.Training;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// The options that say how a model learns, and where it goes.
final class LearningOptions {
    @Option(
            names = "--epochs",
            paramLabel = "N",
            converter = Converters.Count.class,
            description = "Passes over what is learned from (${DEFAULT-VALUE}).")
    private int epochs;

    @Option(
            names = "--rate",
            paramLabel = "X",
            converter = Converters.Positive.class,
            description = "Learning rate of Adam (${DEFAULT-VALUE}).")
    private double rate;

    @Option(
            names = "--clip",
            paramLabel = "X",
            converter = Converters.Positive.class,
            description = "Largest norm of all gradients taken together (${DEFAULT-VALUE}).")
    private double clip;

    @Option(names = "--seed", paramLabel = "N", description = "The same seed gives the same run (${DEFAULT-VALUE}).")
    private long seed = 42;

    @Mixin
    private EngineOptions.Training engine = new EngineOptions.Training();

    @Mixin
    private CheckpointOptions checkpoints = new CheckpointOptions();

    @Option(names = "--save", paramLabel = "FILE", description = "Where the model goes, as safetensors.")
    private @Nullable Path save;

    /// With these defaults.
    LearningOptions(int epochs, double rate, double clip) {
        this.epochs = epochs;
        this.rate = rate;
        this.clip = clip;
    }

    int epochs() {
        return epochs;
    }

    long seed() {
        return seed;
    }

    /// Finds out before the training what would fail behind it.
    void check() throws IOException {
        if (save != null) {
            checkTarget("--save", save);
        }
        checkpoints.check();
    }

    /// Finds out before hours of training what can be known of the place where something is to be saved.
    ///
    /// @param option that names it
    static void checkTarget(String option, Path file) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        if (Files.isDirectory(file) || folder == null) {
            throw new IOException(option + ": expected a file, got the folder " + file);
        }
        if (!Files.isDirectory(folder)) {
            throw new IOException(option + ": " + folder + ": there is no such folder");
        }
        if (!Files.isWritable(folder)) {
            throw new IOException(option + ": " + folder + ": permission denied");
        }
    }

    Training training(Loss loss) {
        return Training.optimizer(Adam.rate(rate)).loss(loss).clipGlobalNorm(clip).engine(engine.training());
    }

    Fit fit(int batch, Callback callback, PrintWriter out) {
        return checkpoints.apply(Fit.epochs(epochs).batchSize(batch).callback(callback), out);
    }

    /// Tells how the training will be.
    ///
    /// @param batches such as `32 pieces at a time, 64 steps`
    void printPlan(Training training, String batches, PrintWriter out) {
        out.println(Report.line(
                "Training", "%d epoch%s, %s, Adam %s, clip %s", epochs, epochs == 1 ? "" : "s", batches, rate, clip));
        out.println(Report.line("Kernels", "%s", Report.engine(training.engine().engine())));
        if (save == null) {
            out.println(Report.line("Note", "the model is not saved without --save FILE"));
        }
        out.println();
        out.flush();
    }

    /// Runs a training. Where it ends in numbers that are not finite, the last good weights are saved.
    History run(Sequential model, Supplier<History> training, PrintWriter out) throws IOException {
        try {
            return training.get();
        } catch (NonFiniteException e) {
            if (model.trainer().steps() > 0) {
                save(model, out, ", as after the last good step");
            }
            throw e;
        }
    }

    /// Saves the model where that is wanted.
    void save(Sequential model, PrintWriter out) throws IOException {
        save(model, out, "");
    }

    private void save(Sequential model, PrintWriter out, String state) throws IOException {
        if (save != null) {
            model.save(save);
            out.println(Report.line("Saved", "%s (%s)%s", save, Report.size(Files.size(save)), state));
            out.flush();
        }
    }
}
