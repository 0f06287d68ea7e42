package dev.rondo.cli;

import dev.rondo.data.CharacterVocabulary;
import dev.rondo.decoding.Sampling;
import dev.rondo.inference.InferenceSession;
import dev.rondo.inference.Serving;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `rondo generate`.
@Command(
        name = "generate",
        description = "Write text with a model that 'rondo train text' made.",
        sortOptions = false,
        footerHeading = "%nExamples:%n",
        footer = {
            "  rondo generate shakespeare.safetensors --prompt 'ROMEO:' --length 400",
            "  rondo generate code.safetensors --prompt 'public class ' --temperature 0.6 --seed 7"
        })
final class GenerateCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(paramLabel = "MODEL", description = "A model file.")
    @SuppressWarnings("NullAway.Init")
    private Path model;

    @Option(
            names = "--prompt",
            paramLabel = "TEXT",
            description = "What the text begins with (default: a line end or else the model's first character).")
    private @Nullable String prompt;

    @Option(
            names = "--length",
            paramLabel = "N",
            converter = Converters.Count.class,
            description = "Characters to write (${DEFAULT-VALUE}).")
    private int length = 500;

    @Option(
            names = "--temperature",
            paramLabel = "X",
            converter = Converters.NotNegative.class,
            description = "0: always the likeliest character; 1: as the model expects; "
                    + "above 1: bolder (${DEFAULT-VALUE}).")
    private double temperature = 0.8;

    @Option(
            names = "--top-k",
            paramLabel = "K",
            converter = Converters.Count.class,
            description = "Draw from the K likeliest characters only (default: from all).")
    private int topK = Integer.MAX_VALUE;

    @Option(
            names = "--top-p",
            paramLabel = "P",
            converter = Converters.Share.class,
            description = "Draw from the likeliest characters only that together have a probability of P "
                    + "(default: from all).")
    private double topP = 1;

    @Option(names = "--seed", paramLabel = "N", description = "The same seed draws the same text (${DEFAULT-VALUE}).")
    private long seed = 42;

    @Mixin
    private EngineOptions engine = new EngineOptions();

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        try (InferenceSession session =
                InferenceSession.open(model, Serving.standard().engine(engine.inference()))) {
            CharacterVocabulary vocabulary = CharacterModel.vocabulary(
                    model, session.notes(), session.inputType(), session.outputShape());
            String given = prompt == null ? "" : prompt;
            String begin = given.isEmpty() ? defaultPrompt(vocabulary) : given;
            Screen screen = RondoCommand.of(spec).screen();
            out.print(screen.shown(given));
            Sampling sampling = new Sampling(temperature, topK, topP);
            new TextWriter(sampling, seed).write(session, vocabulary, begin, length, printer(screen, out));
            out.println();
            out.flush();
        }
        return 0;
    }

    static IntConsumer printer(Screen screen, PrintWriter out) {
        return character -> {
            out.print(screen.shown(Character.toString(character)));
            if (character == '\n') {
                out.flush();
            }
        };
    }

    private static String defaultPrompt(CharacterVocabulary vocabulary) {
        return vocabulary.symbols().contains("\n") ? "\n" : vocabulary.decode(0);
    }
}
