package dev.rondo.cli;

import dev.rondo.Sequential;
import dev.rondo.data.Examples;
import dev.rondo.data.Scaler;
import dev.rondo.data.Windows;
import dev.rondo.training.BatchReport;
import dev.rondo.training.Callback;
import dev.rondo.training.EpochReport;
import dev.rondo.training.History;
import dev.rondo.training.Loss;
import dev.rondo.training.Training;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `rondo train series`.
@Command(
        name = "series",
        description = {
            "Train a model that forecasts a series, a column of a CSV file: from WINDOW values in a row the",
            "HORIZON that follow, all at once (direct; 'rondo forecast' goes further by feeding forecasts back).",
            "The end of the series is held out: neither model nor scaler learn from it. There each forecast",
            "knows all rows before it, and is scored beside two that know nothing else: persistence, that all",
            "stays as it was last, and seasonal naive, that all is as it was one season before."
        },
        sortOptions = false,
        footerHeading = "%nExamples:%n",
        footer = {
            "  rondo train series --input airline.csv --column Passengers --window 12 --save airline.safetensors",
            "  rondo train series --input power.csv --column kW --window 168 --horizon 24 --season 24 --cell gru"
        })
final class TrainSeriesCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Option(
            names = "--input",
            paramLabel = "FILE",
            required = true,
            description = "A CSV file in UTF-8 whose first line names the columns; a row for each time, in order.")
    @SuppressWarnings("NullAway.Init")
    private Path input;

    @Option(names = "--column", paramLabel = "NAME", required = true, description = "The column to forecast.")
    @SuppressWarnings("NullAway.Init")
    private String column;

    @Option(
            names = "--window",
            paramLabel = "N",
            required = true,
            converter = Converters.Count.class,
            description = "Values that a forecast is made from.")
    private int window;

    @Option(
            names = "--horizon",
            paramLabel = "K",
            converter = Converters.Count.class,
            description = "Values that are forecast at once (${DEFAULT-VALUE}).")
    private int horizon = 1;

    @Option(
            names = "--season",
            paramLabel = "N",
            converter = Converters.Count.class,
            description = "Rows of a season, for the seasonal naive forecast (default: as --window).")
    private @Nullable Integer season;

    @Option(
            names = "--test-share",
            paramLabel = "X",
            converter = Converters.Fraction.class,
            description = "Part of the rows that is held out, at the end; 0: none (${DEFAULT-VALUE}).")
    private double testShare = 0.2;

    @Option(
            names = "--scaler",
            paramLabel = "standard|min-max|log",
            defaultValue = "standard",
            converter = Converters.Scalers.class,
            description = "Mean 0 and deviation 1; 0 to 1; or of logarithms mean 0 and deviation 1, "
                    + "for what grows by factors (${DEFAULT-VALUE}).")
    private Scaler.Kind scaler = Scaler.Kind.STANDARD;

    @Option(
            names = "--relation",
            paramLabel = "absolute|to-last",
            defaultValue = "to-last",
            converter = Converters.Relations.class,
            description = "What the model sees and forecasts: the values, or how far they are from the window's last, "
                    + "for a series without a fixed level (${DEFAULT-VALUE}).")
    private Windows.Relation relation = Windows.Relation.TO_LAST;

    @Mixin
    private StackOptions layers = new StackOptions(32);

    @Option(
            names = "--batch",
            paramLabel = "N",
            converter = Converters.Count.class,
            description = "Windows that are learned from at the same time (${DEFAULT-VALUE}).")
    private int batch = 16;

    @Mixin
    private LearningOptions learning = new LearningOptions(30, 5e-3, 1);

    @Override
    public Integer call() throws IOException {
        Screen screen = RondoCommand.of(spec).screen();
        PrintWriter out = spec.commandLine().getOut();
        learning.check();

        Windows windows = windows();
        SeriesFile series = SeriesFile.read(input, column);
        double[] values = series.values();
        int rows = values.length;
        int trained = checkedSplit(series, windows);
        SeriesModel shape = new SeriesModel(column, series.fit(scaler, trained), windows);
        Examples examples = windows.examples(shape.scaler().apply(values), 0, trained);
        try (Sequential model = shape.build(layers.stack(), learning.seed())) {
            Training training = learning.training(Loss.meanSquaredError());
            model.compile(training);
            out.println(Report.line(
                    "Series", "%s, column %s: %,d rows, %,d to learn from, %,d held out",
                    input, Screen.printable(column), rows, trained, rows - trained));
            out.println(Report.line(
                    "Model",
                    "%s over %d values, forecasts %d, %,d parameters, seed %d",
                    layers.stack().describe(),
                    window,
                    horizon,
                    model.parameterCount(),
                    learning.seed()));
            learning.printPlan(
                    training, "%,d windows, %d at a time".formatted(examples.size(), batch), out);

            History history = learning.run(model, () -> train(model, examples, screen, out), out);
            out.println(Report.line(
                    "Learned", "loss %.3g in the first epoch, %.3g in the last, %.1f s",
                    history.epochs().getFirst().loss(),
                    history.last().loss(),
                    history.epochs().stream().mapToDouble(EpochReport::seconds).sum()));
            if (trained < rows) {
                out.println();
                printScores(model, shape, values, trained, out);
            }
            learning.save(model, out);
        }
        return 0;
    }

    private Windows windows() {
        try {
            return Windows.of(window, horizon).relation(relation);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("--window: " + e.getMessage(), e);
        }
    }

    private int season() {
        return season == null ? window : season;
    }

    /// The number of rows to learn from.
    private int checkedSplit(SeriesFile series, Windows windows) throws IOException {
        int rows = series.values().length;
        int trained = rows - (int) Math.round(rows * testShare);
        long least = (long) window + horizon;
        if (trained < least) {
            throw new IOException("%s: expected at least %d rows to learn from, for --window and --horizon, got %d of %d"
                    .formatted(input, least, trained, rows));
        }
        if (testShare > 0 && rows - trained < horizon) {
            throw new IOException("%s: expected at least %d rows held out, for --horizon, got %d of %d"
                    .formatted(input, horizon, rows - trained, rows));
        }
        if (testShare > 0 && season() > trained) {
            throw new IOException("%s: expected at least %d rows to learn from, for --season, got %d of %d"
                    .formatted(input, season(), trained, rows));
        }
        return trained;
    }

    private History train(Sequential model, Examples examples, Screen screen, PrintWriter out) {
        int epochs = learning.epochs();
        try (Progress progress = Progress.start(screen, out, new Progress.Work("Learning", epochs, " epochs", 1))) {
            Callback teller = new Callback() {
                private final Smoothed loss = new Smoothed();

                @Override
                public Next onBatch(BatchReport report) {
                    progress.update(report.epoch() - 1, String.format(Locale.ROOT, "loss %.3g", loss.add(report.loss())));
                    return Next.CONTINUE;
                }
            };
            return model.fit(examples, learning.fit(batch, teller, out));
        }
    }

    private void printScores(Sequential model, SeriesModel shape, double[] values, int trained, PrintWriter out) {
        int rows = values.length;
        int first = shape.windows().first(trained);
        double[][] forecasts = shape.forecasts(model, values, trained, rows);
        double[][] fitted = shape.forecasts(model, values, 0, trained);
        Errors ofModel = new Errors();
        Errors ofPersistence = new Errors();
        Errors ofSeason = new Errors();
        Errors whereLearned = new Errors();
        for (int n = 0; n < forecasts.length; n++) {
            for (int k = 0; k < horizon; k++) {
                int at = first + n;
                double actual = values[at + k];
                ofModel.add(forecasts[n][k], actual);
                ofPersistence.add(values[at - 1], actual);
                // So many seasons back that it was known at the time.
                ofSeason.add(values[at + k - season() * (k / season() + 1)], actual);
            }
        }
        for (int n = 0; n < fitted.length; n++) {
            for (int k = 0; k < horizon; k++) {
                whereLearned.add(fitted[n][k], values[shape.windows().first(0) + n + k]);
            }
        }
        out.println(Report.line(
                "Held out", "rows %,d to %,d, %,d forecasts of %d value%s",
                first + 1, rows, forecasts.length, horizon, horizon == 1 ? "" : "s"));
        out.printf("%-32s%12s %12s%n", "", "RMSE", "MAE");
        print(out, "model", ofModel);
        print(out, "persistence", ofPersistence);
        print(out, "seasonal naive (%d)".formatted(season()), ofSeason);
        print(out, "model, on what it learned", whereLearned);
        out.flush();
    }

    private static void print(PrintWriter out, String what, Errors errors) {
        out.printf(Locale.ROOT, "  %-30s%12.5g %12.5g%n", what, errors.rmse(), errors.mae());
    }
}
