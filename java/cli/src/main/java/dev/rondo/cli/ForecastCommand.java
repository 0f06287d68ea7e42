package dev.rondo.cli;

import de.siegmar.fastcsv.writer.CsvWriter;
import dev.rondo.inference.InferenceSession;
import dev.rondo.inference.Serving;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `rondo forecast`.
@Command(
        name = "forecast",
        description = {
            "Forecast what follows a series with a model that 'rondo train series' made.",
            "Up to the model's horizon the values are forecast directly; beyond it, from the forecasts before."
        },
        sortOptions = false,
        footerHeading = "%nExamples:%n",
        footer = {
            "  rondo forecast airline.safetensors --input airline.csv",
            "  rondo forecast airline.safetensors --input airline.csv --steps 24 --output next.csv"
        })
final class ForecastCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(paramLabel = "MODEL", description = "A model file.")
    @SuppressWarnings("NullAway.Init")
    private Path model;

    @Option(
            names = "--input",
            paramLabel = "FILE",
            required = true,
            description = "A CSV file in UTF-8 whose first line names the columns. The forecast follows its last row.")
    @SuppressWarnings("NullAway.Init")
    private Path input;

    @Option(
            names = "--column",
            paramLabel = "NAME",
            description = "The column to forecast (default: that which the model learned).")
    private @Nullable String column;

    @Option(
            names = "--steps",
            paramLabel = "K",
            converter = Converters.Count.class,
            description = "Values to forecast (default: the model's horizon).")
    private @Nullable Integer steps;

    @Option(
            names = "--output",
            paramLabel = "FILE",
            description = "Where the values go besides, as CSV with the columns step and that of the series.")
    private @Nullable Path output;

    @Mixin
    private EngineOptions engine = new EngineOptions();

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        if (output != null) {
            LearningOptions.checkTarget("--output", output);
            if (Files.exists(output) && (Files.isSameFile(output, input) || Files.isSameFile(output, model))) {
                throw new IOException("--output: expected another file than those that are read, got " + output);
            }
        }
        try (InferenceSession session =
                InferenceSession.open(model, Serving.standard().engine(engine.inference()))) {
            SeriesModel shape = SeriesModel.of(model, session);
            SeriesFile series = SeriesFile.read(input, column == null ? shape.column() : column);
            series.checkScaled(shape.scaler().kind());
            int rows = series.values().length;
            if (rows < shape.windows().window()) {
                throw new IOException("%s: expected at least %d rows, the model's window, got %d"
                        .formatted(input, shape.windows().window(), rows));
            }
            int count = steps == null ? shape.windows().horizon() : steps;
            double[] forecast = shape.forecast(session, series.values(), count);
            out.println(Report.line(
                    "Forecast", "%s after %,d rows of %s", Screen.printable(series.column()), rows, input));
            for (int k = 0; k < forecast.length; k++) {
                out.printf(Locale.ROOT, "%8d %16.7g%n", k + 1, forecast[k]);
            }
            if (output != null) {
                write(output, series.column(), forecast);
                out.println(Report.line("Saved", "%s (%s)", output, Report.size(Files.size(output))));
            }
            out.flush();
        }
        return 0;
    }

    private static void write(Path file, String column, double[] forecast) throws IOException {
        try (CsvWriter csv = CsvWriter.builder().build(file)) {
            csv.writeRecord("step", column);
            for (int k = 0; k < forecast.length; k++) {
                csv.writeRecord(Integer.toString(k + 1), Double.toString(forecast[k]));
            }
        }
    }
}
