package dev.rondo.cli;

import dev.rondo.Sequential;
import dev.rondo.data.CharacterVocabulary;
import dev.rondo.data.Dataset;
import dev.rondo.data.TextCorpus;
import dev.rondo.layers.Input;
import dev.rondo.training.Metric;
import dev.rondo.training.Scores;
import dev.rondo.training.Sgd;
import dev.rondo.training.Training;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `rondo evaluate`.
@Command(
        name = "evaluate",
        description = "Score a model that 'rondo train text' made on a text.",
        sortOptions = false,
        footerHeading = "%nExample:%n",
        footer = "  rondo evaluate shakespeare.safetensors --input sonnets.txt")
final class EvaluateCommand implements Callable<Integer> {
    private static final int STEPS = 64;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(paramLabel = "MODEL", description = "A model file.")
    @SuppressWarnings("NullAway.Init")
    private Path model;

    @Option(
            names = "--input",
            paramLabel = "FILE|DIR",
            required = true,
            description = "Text in UTF-8: a file, or a folder whose files are read in order.")
    @SuppressWarnings("NullAway.Init")
    private Path input;

    @Option(
            names = "--batch",
            paramLabel = "N",
            converter = Converters.Count.class,
            description = "Pieces of the text that are read at the same time, each from a state of zeros; "
                    + "1: the text as a whole (${DEFAULT-VALUE}).")
    private int batch = 1;

    @Mixin
    private EngineOptions.Training engine = new EngineOptions.Training();

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        try (Sequential loaded = Sequential.load(model)) {
            CharacterVocabulary vocabulary = vocabulary(loaded);
            int[] ids = encode(vocabulary, TextCorpus.read(input));
            // Only its loss, metrics and engine matter: nothing is trained.
            loaded.compile(Training.optimizer(Sgd.rate(1)).metrics(Metric.accuracy()).engine(engine.training()));
            long began = System.nanoTime();
            Scores scores = loaded.evaluate(Dataset.streams(ids, STEPS), batch);
            double seconds = (System.nanoTime() - began) * 1e-9;
            out.println(Report.line("Scored", "%,d characters of %s, %s", scores.steps(), input,
                    Report.speed(scores.steps() / seconds)));
            out.println(Report.line(
                    "Result", "%s (nats a character)   accuracy %.1f %%", Report.loss(scores.loss()),
                            100 * scores.metric("accuracy")));
            out.flush();
        }
        return 0;
    }

    private CharacterVocabulary vocabulary(Sequential loaded) throws IOException {
        Input first = (Input) loaded.layers().getFirst();
        return CharacterModel.vocabulary(model, loaded.notes(), first.dataType(), loaded.outputShape());
    }

    private int[] encode(CharacterVocabulary vocabulary, TextCorpus corpus) throws IOException {
        try {
            return vocabulary.encode(corpus.text());
        } catch (IllegalArgumentException e) {
            throw new IOException(input + ": " + e.getMessage(), e);
        }
    }
}
