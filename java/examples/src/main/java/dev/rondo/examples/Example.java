package dev.rondo.examples;

import dev.rondo.plan.Engine;
import dev.rondo.training.Callback;
import dev.rondo.training.EpochReport;
import dev.rondo.training.Scores;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// What all examples share: their options, and where they print.
abstract class Example implements Callable<List<Score>> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            defaultValue = "${sys:rondo.data:-data}",
            description = "Folder with the data sets, each in a folder of its own (${DEFAULT-VALUE}).")
    @SuppressWarnings("NullAway.Init")
    private Path data;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "Of first values, shuffles and dropout: the same seed gives the same run (${DEFAULT-VALUE}).")
    private long seed = 1;

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "Threads of the native kernels; 0: as many as processors (${DEFAULT-VALUE}).")
    private int threads;

    /// Trains and scores.
    ///
    /// @throws IOException if the data cannot be read
    abstract List<Score> run() throws IOException;

    @Override
    public final List<Score> call() throws IOException {
        List<Score> scores = run();
        print("");
        scores.forEach(score -> score.print(out()));
        return scores;
    }

    /// A data set's file.
    final Path data(String... names) {
        return Path.of(data.toString(), names);
    }

    /// Of first values, shuffles and dropout.
    final long seed() {
        return seed;
    }

    /// The kernels that the model is trained on.
    final Engine.Options engine() {
        return Engine.training().threads(threads);
    }

    /// Checks a number of the command line.
    ///
    /// @throws IllegalArgumentException if it is too small
    static void checkAtLeast(int least, String option, int value) {
        if (value < least) {
            throw new IllegalArgumentException("%s: expected at least %d, got %d".formatted(option, least, value));
        }
    }

    /// Prints a line.
    final void print(String format, Object... arguments) {
        out().printf(Locale.ROOT, format + "%n", arguments);
        out().flush();
    }

    private PrintWriter out() {
        return spec.commandLine().getOut();
    }

    /// Prints a line after each epoch.
    final Callback progress() {
        return progress(1);
    }

    /// Prints a line after every so many epochs.
    final Callback progress(int every) {
        return Callback.eachEpoch(report -> {
            if (report.epoch() % every == 0) {
                print("%s", line(report));
            }
        });
    }

    private static String line(EpochReport report) {
        String heldOut = report.validation().map(scores -> "   held out: " + text(scores)).orElse("");
        return String.format(
                Locale.ROOT,
                "epoch %3d   %s%s   %.1f s   %.0f steps/s",
                report.epoch(),
                text(report.training()),
                heldOut,
                report.seconds(),
                report.stepsPerSecond());
    }

    private static String text(Scores scores) {
        StringBuilder text = new StringBuilder(String.format(Locale.ROOT, "loss %.4f", scores.loss()));
        scores.metrics().forEach((name, value) -> text.append(String.format(Locale.ROOT, "   %s %.4f", name, value)));
        return text.toString();
    }
}
