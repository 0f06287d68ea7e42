package dev.rondo.cli;

import dev.rondo.Sequential;
import dev.rondo.decoding.Sampling;
import dev.rondo.inference.InferenceSession;
import dev.rondo.inference.Serving;
import dev.rondo.plan.Engine;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Adam;
import dev.rondo.training.BatchReport;
import dev.rondo.training.Callback;
import dev.rondo.training.Fit;
import dev.rondo.training.Scores;
import dev.rondo.training.Training;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `rondo demo`.
@Command(
        name = "demo",
        description = {
            "Train a model on real text for about a minute, let it write, save it, and serve it.",
            "The text is the source code of java.util in the JDK in use, or else Rondo's own."
        },
        sortOptions = false,
        footerHeading = "%nExamples:%n",
        footer = {"  rondo demo", "  rondo demo --text shakespeare.txt --seconds 120"})
final class DemoCommand implements Callable<Integer> {
    private static final int STEPS = 64;
    private static final int BATCH = 32;
    private static final int SAMPLE = 480;
    private static final int CHART_LINES = 8;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Option(names = "--text", paramLabel = "FILE|DIR", description = "Another text to learn, in UTF-8.")
    private @Nullable Path text;

    @Option(
            names = "--seconds",
            paramLabel = "X",
            converter = Converters.Positive.class,
            description = "How long to train (${DEFAULT-VALUE}).")
    private double seconds = 60;

    @Option(
            names = "--cell",
            paramLabel = "lstm|gru|rnn",
            defaultValue = "lstm",
            converter = Converters.Cells.class,
            description = "Cell of the recurrent layer (${DEFAULT-VALUE}).")
    private Cell cell = Cell.LSTM;

    @Option(names = "--save", paramLabel = "FILE", description = "Where the model goes (${DEFAULT-VALUE}).")
    private Path save = Path.of("rondo-demo.safetensors");

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "Seed of the model and of what it writes (${DEFAULT-VALUE}).")
    private long seed = 42;

    @Mixin
    private EngineOptions.Training engine = new EngineOptions.Training();

    @Override
    public Integer call() throws IOException {
        Screen screen = RondoCommand.of(spec).screen();
        PrintWriter out = spec.commandLine().getOut();
        LearningOptions.checkTarget("--save", save);
        Path path = text;
        DemoText demo = path == null ? DemoText.atHand() : DemoText.of(path);
        TextData data = TextData.of(demo.corpus(), STEPS);
        int batch = streams("learn from", data.split().training());
        int heldOutBatch = streams("hold out", data.split().heldOut());
        Engine trainer = engine.training().engine();
        boolean pureJava = trainer.description().kernels().equals("java");
        // Pure Java is some fifty times slower: a smaller model lets it learn something in the time as well.
        RecurrentStack layer = new RecurrentStack(cell, pureJava ? 48 : 256, 1, 0);
        CharacterModel shape = new CharacterModel(layer, pureJava ? 16 : 64, seed);
        Training training = Training.optimizer(Adam.rate(pureJava ? 1e-2 : 2e-3))
                .clipGlobalNorm(5)
                .engine(trainer.options());

        out.println(Report.line("Text", "%s", demo.name()));
        out.println(Report.line("", "%s", data.describe()));
        out.println(Report.line("Kernels", "%s", Report.engine(trainer)));
        try (Sequential model = shape.build(data.vocabulary())) {
            out.println(Report.line(
                    "Model",
                    "an embedding of %d, a layer of %d units (%s): %,d parameters, knowing nothing",
                    shape.embedding(),
                    layer.units(),
                    cell.title(),
                    model.parameterCount()));
            out.println();
            out.flush();
            model.compile(training);
            List<Mark> marks = train(model, data, batch, screen, out);
            model.save(save);
            out.println();
            printMarks(out, marks, data.vocabulary().size());
            Scores heldOut = model.evaluate(data.heldOut(), heldOutBatch);
            out.println();
            out.println(Report.line("Held out", "%s, on text that it never saw", Report.loss(heldOut.loss())));
        }
        out.println(Report.line("Saved", "%s (%s)", save, Report.size(Files.size(save))));
        serve(screen, out, demo, data);
        printWhatNext(out, demo.prompt().strip());
        return 0;
    }

    // -------------------------------------------------------------------------------------------------- training

    /// The mean loss of some time of training.
    private record Mark(double seconds, double loss) {}

    /// How many pieces of a text are read at the same time: no more than a short one has.
    private static int streams(String purpose, String part) {
        int characters = part.codePointCount(0, part.length());
        // Each needs one, and one more is what comes next.
        if (characters < 2) {
            throw new IllegalArgumentException(
                    "--text: expected at least 2 characters to %s, got %d".formatted(purpose, characters));
        }
        return Math.min(BATCH, characters - 1);
    }

    private List<Mark> train(Sequential model, TextData data, int batch, Screen screen, PrintWriter out) {
        Duration time = Duration.ofMillis((long) (seconds * 1000));
        try (TimedTraining timed =
                new TimedTraining(time, Progress.start(screen, out, Progress.Work.time("Learning", time)))) {
            model.fit(data.training(), Fit.epochs(Integer.MAX_VALUE).batchSize(batch).callback(timed));
            return timed.marks();
        }
    }

    /// Ends training when its time is over, and marks the loss on the way.
    private static final class TimedTraining implements Callback, AutoCloseable {
        private final Duration time;
        private final Progress progress;
        private final Smoothed loss = new Smoothed();
        private final List<Mark> marks = new ArrayList<>();
        private final long start = System.nanoTime();
        private double sum;
        private int count;

        TimedTraining(Duration time, Progress progress) {
            this.time = time;
            this.progress = progress;
        }

        @Override
        public Next onBatch(BatchReport report) {
            Duration passed = Duration.ofNanos(System.nanoTime() - start);
            boolean over = passed.compareTo(time) >= 0;
            sum += report.loss();
            count++;
            if (over || passed.toMillis() * CHART_LINES >= time.toMillis() * (marks.size() + 1)) {
                marks.add(new Mark(passed.toMillis() * 1e-3, sum / count));
                sum = 0;
                count = 0;
            }
            double smooth = loss.add(report.loss());
            progress.update(
                    Math.min(passed.toMillis(), time.toMillis()),
                    Report.loss(smooth) + "   " + Report.speed(report.stepsPerSecond()));
            return over ? Next.STOP : Next.CONTINUE;
        }

        List<Mark> marks() {
            return List.copyOf(marks);
        }

        @Override
        public void close() {
            progress.close();
        }
    }

    private static void printMarks(PrintWriter out, List<Mark> marks, int characters) {
        out.printf(
                "Perplexity while it learned: among how many characters it hesitates. It began with all %d.%n",
                characters);
        double most = Math.exp(marks.stream().mapToDouble(Mark::loss).max().orElse(0));
        for (Mark mark : marks) {
            double perplexity = Math.exp(mark.loss());
            out.printf(
                    Locale.ROOT,
                    "%8.0f s %8.2f  %s%n",
                    mark.seconds(),
                    perplexity,
                    "\u2588".repeat((int) Math.max(1, Math.round(40 * perplexity / most))));
        }
    }

    // --------------------------------------------------------------------------------------------------- serving

    private void serve(Screen screen, PrintWriter out, DemoText demo, TextData data) throws IOException {
        try (InferenceSession java = open(Engine.Choice.JAVA)) {
            Optional<InferenceSession> loaded = openNative(out);
            try (InferenceSession session = loaded.orElse(java)) {
                out.println(Report.line("Loaded", "into a session on %s", Report.engine(session.engine())));
                out.println();
                printSample(screen, out, demo, data, session);
                out.println();
                if (loaded.isPresent()) {
                    compare(out, session, java, data);
                }
            }
        }
    }

    private InferenceSession open(Engine.Choice kernels) throws IOException {
        return InferenceSession.open(save, Serving.standard().engine(Engine.inference().kernels(kernels)));
    }

    private Optional<InferenceSession> openNative(PrintWriter out) throws IOException {
        try {
            return Optional.of(open(Engine.Choice.NATIVE));
        } catch (IllegalStateException e) {
            out.println(Report.line("Note", "no native kernels to compare with: %s", Failures.message(e)));
            return Optional.empty();
        }
    }

    private void printSample(
            Screen screen, PrintWriter out, DemoText demo, TextData data, InferenceSession session) {
        out.println("What it writes now, character by character, after \"" + screen.shown(demo.prompt()) + "\":");
        out.println("-".repeat(72));
        out.print(screen.shown(demo.prompt()));
        new TextWriter(Sampling.temperature(0.7), seed)
                .write(session, data.vocabulary(), demo.prompt(), SAMPLE, GenerateCommand.printer(screen, out));
        out.println();
        out.println("-".repeat(72));
        out.flush();
    }

    /// Runs the same held-out text through both kernel sets.
    private void compare(PrintWriter out, InferenceSession session, InferenceSession java, TextData data) {
        Duration limit = Duration.ofMillis((long) (1000 * Math.min(1, seconds)));
        int[] ids = data.vocabulary().encode(data.split().heldOut());
        int batch = Math.min(BATCH, Math.max(1, ids.length / STEPS));
        int time = Math.min(STEPS, ids.length);
        Tensor x = Tensor.of(Arrays.copyOf(ids, batch * time), batch, time);
        Tensor fast = Tensor.zeros(DataType.FLOAT32, batch, time, data.vocabulary().size());
        Tensor plain = Tensor.zeros(DataType.FLOAT32, batch, time, data.vocabulary().size());
        double fastMillis = medianMillis(limit, () -> session.run(x, fast));
        double plainMillis = medianMillis(limit, () -> java.run(x, plain));
        double difference = 0;
        for (long i = 0; i < fast.elements(); i++) {
            difference = Math.max(difference, Math.abs(fast.get(i) - plain.get(i)));
        }
        out.println(Report.line("Agreement", "native and pure Java differ by at most %.1e in %,d scores", difference,
                fast.elements()));
        out.println(Report.line(
                "Speed",
                "%d x %d characters: native %.2f ms, pure Java %.1f ms, both on one thread: %.0f times faster",
                batch,
                time,
                fastMillis,
                plainMillis,
                plainMillis / fastMillis));
    }

    /// The median of some runs, after as many to warm up within the limit.
    private static double medianMillis(Duration limit, Runnable run) {
        long end = System.nanoTime() + limit.toNanos();
        int warm = 0;
        do {
            run.run();
            warm++;
        } while (System.nanoTime() < end && warm < 50);
        double[] millis = new double[warm];
        for (int i = 0; i < warm; i++) {
            long began = System.nanoTime();
            run.run();
            millis[i] = (System.nanoTime() - began) * 1e-6;
        }
        Arrays.sort(millis);
        return millis[warm / 2];
    }

    private void printWhatNext(PrintWriter out, String prompt) {
        out.println();
        out.println("What to try next:");
        out.printf("  ./rondo generate %s --prompt '%s' --temperature 0.5%n", save, prompt.replace("'", "'\\''"));
        out.printf("  ./rondo inspect %s%n", save);
        out.println("  ./rondo train text --input FILE --save my.safetensors    (your own text; see --help)");
        out.println("  ./rondo describe                                        (what runs here, and why)");
        out.flush();
    }
}
