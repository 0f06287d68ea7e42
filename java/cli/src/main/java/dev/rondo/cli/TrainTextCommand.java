package dev.rondo.cli;

import dev.rondo.Sequential;
import dev.rondo.data.TextCorpus;
import dev.rondo.training.BatchReport;
import dev.rondo.training.Callback;
import dev.rondo.training.EpochReport;
import dev.rondo.training.History;
import dev.rondo.training.Loss;
import dev.rondo.training.Metric;
import dev.rondo.training.Scores;
import dev.rondo.training.Training;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `rondo train text`.
@Command(
        name = "text",
        description = {
            "Train a model that writes text like the one given, character by character.",
            "The last tenth of the text is held out: the model never learns from it and is scored on it",
            "after each epoch."
        },
        sortOptions = false,
        footerHeading = "%nExamples:%n",
        footer = {
            "  rondo train text --input shakespeare.txt --save shakespeare.safetensors",
            "  rondo train text --input src/main --units 512 --layers 2 --dropout 0.2 --save code.safetensors"
        })
final class TrainTextCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Option(
            names = "--input",
            paramLabel = "FILE|DIR",
            required = true,
            description = "Text in UTF-8: a file, or a folder whose files are read in order.")
    @SuppressWarnings("NullAway.Init")
    private Path input;

    @Mixin
    private StackOptions layers = new StackOptions(256);

    @Option(
            names = "--embedding",
            paramLabel = "N",
            converter = Converters.Count.class,
            description = "Numbers that a character becomes (${DEFAULT-VALUE}).")
    private int embedding = 64;

    @Option(
            names = "--steps",
            paramLabel = "N",
            converter = Converters.Count.class,
            description = "Characters after which the gradient is cut off; the state goes on (${DEFAULT-VALUE}).")
    private int steps = 64;

    @Option(
            names = "--batch",
            paramLabel = "N",
            converter = Converters.Count.class,
            description = "Pieces of the text that are read at the same time (${DEFAULT-VALUE}).")
    private int batch = 32;

    @Mixin
    private LearningOptions learning = new LearningOptions(3, 2e-3, 5);

    @Override
    public Integer call() throws IOException {
        Screen screen = RondoCommand.of(spec).screen();
        PrintWriter out = spec.commandLine().getOut();
        learning.check();

        TextData data = TextData.of(TextCorpus.read(input), steps);
        CharacterModel shape = new CharacterModel(layers.stack(), embedding, learning.seed());
        try (Sequential model = shape.build(data.vocabulary())) {
            Training training = learning.training(Loss.sparseCategoricalCrossEntropy()).metrics(Metric.accuracy());
            model.compile(training);
            out.println(Report.line("Text", "%s: %s", input, data.describe()));
            out.println(Report.line(
                    "Model",
                    "embedding %d, %s, %,d parameters, seed %d",
                    embedding,
                    shape.stack().describe(),
                    model.parameterCount(),
                    shape.seed()));
            learning.printPlan(training, "%d pieces at a time, %d steps".formatted(batch, steps), out);

            History history = learning.run(model, () -> train(model, data, screen, out), out);
            Scores heldOut = history.last().validation().orElseThrow();
            out.println();
            out.println(Report.line("Held out", "%s (nats a character)", Report.loss(heldOut.loss())));
            printSpeed(out, history, shape, data, training);
            learning.save(model, out);
        }
        return 0;
    }

    private History train(Sequential model, TextData data, Screen screen, PrintWriter out) {
        try (EpochProgress progress = new EpochProgress(screen, out, learning.epochs())) {
            return model.fit(data.training(), learning.fit(batch, progress, out).validation(data.heldOut()));
        }
    }

    private static void printSpeed(
            PrintWriter out, History history, CharacterModel shape, TextData data, Training training) {
        double seconds = history.epochs().stream().mapToDouble(EpochReport::seconds).sum();
        double characters =
                history.epochs().stream().mapToLong(epoch -> epoch.training().steps()).sum();
        double gflops = characters / seconds * shape.trainingFlopsPerCharacter(data.vocabulary().size()) * 1e-9;
        String peak = training.engine()
                .engine()
                .measureFma(0.5)
                .stream()
                .mapToObj(limit -> String.format(
                        Locale.ROOT, ", %.0f %% of the %.0f GFLOP/s of multiply-adds just measured",
                                100 * gflops / limit, limit))
                .findFirst()
                .orElse("");
        out.println(Report.line("Speed", "%s; a training step does %.1f GFLOP/s%s", Report.speed(characters / seconds),
                gflops, peak));
    }

    /// A bar, or lines, for each epoch, and a line for its result.
    private static final class EpochProgress implements Callback, AutoCloseable {
        private final Screen screen;
        private final PrintWriter out;
        private final int epochs;
        private final Smoothed loss = new Smoothed();
        private Optional<Progress> progress = Optional.empty();

        EpochProgress(Screen screen, PrintWriter out, int epochs) {
            this.screen = screen;
            this.out = out;
            this.epochs = epochs;
        }

        @Override
        public Next onBatch(BatchReport report) {
            if (progress.isEmpty()) {
                progress = Optional.of(Progress.start(
                        screen, out, Progress.Work.batches("epoch %d/%d".formatted(report.epoch(), epochs),
                                report.batches())));
            }
            double smooth = loss.add(report.loss());
            progress.get()
                    .update(report.batch(), Report.loss(smooth) + "   " + Report.speed(report.stepsPerSecond()));
            return Next.CONTINUE;
        }

        @Override
        public Next onEpoch(EpochReport report) {
            close();
            String heldOut = report.validation()
                    .map(scores -> "   held out: " + Report.loss(scores.loss()))
                    .orElse("");
            out.printf(
                    "%-12s%s%s   %s%n",
                    "epoch %d/%d".formatted(report.epoch(), epochs),
                    Report.loss(report.loss()),
                    heldOut,
                    Report.speed(report.stepsPerSecond()));
            out.flush();
            return Next.CONTINUE;
        }

        @Override
        public void close() {
            progress.ifPresent(Progress::close);
            progress = Optional.empty();
        }
    }
}
