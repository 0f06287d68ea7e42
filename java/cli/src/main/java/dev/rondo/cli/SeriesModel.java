package dev.rondo.cli;

import dev.rondo.Sequential;
import dev.rondo.data.Scaler;
import dev.rondo.data.Windows;
import dev.rondo.data.Windows.Relation;
import dev.rondo.inference.InferenceSession;
import dev.rondo.io.ModelFormatException;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Input;
import dev.rondo.layers.RecurrentSettings.Output;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;

/// What belongs to a model that forecasts a series, besides its layers; kept in the notes of its file.
///
/// @param column name of the series
/// @param scaler between the series' unit and the model's
/// @param windows what a forecast is made from, and how many values it has
record SeriesModel(String column, Scaler scaler, Windows windows) {
    private static final String COLUMN = "rondo.series.column";
    private static final String SCALER = "rondo.series.scaler";
    private static final String WINDOW = "rondo.series.window";
    private static final String RELATION = "rondo.series.relation";

    /// The model with first values: recurrent layers over the window, and behind the last step a value for each of the
    /// horizon.
    Sequential build(RecurrentStack stack, long seed) {
        Sequential.Builder builder = Sequential.builder().add(Input.features(Shape.TIME, 1));
        stack.addTo(builder, Output.LAST);
        return builder.add(Dense.units(windows.horizon()))
                .seed(seed)
                .note(COLUMN, column)
                .note(SCALER, scaler.text())
                .note(WINDOW, Integer.toString(windows.window()))
                .note(RELATION, windows.relation().name())
                .build();
    }

    /// What belongs to a model that was loaded.
    ///
    /// @param file where it was loaded from
    /// @throws ModelFormatException if it is not such a model
    static SeriesModel of(Path file, InferenceSession session) throws ModelFormatException {
        Map<String, String> notes = session.notes();
        String column = note(file, notes, COLUMN);
        String scaler = note(file, notes, SCALER);
        String window = note(file, notes, WINDOW);
        String relation = note(file, notes, RELATION);
        Shape output = session.outputShape();
        if (session.inputType() != DataType.FLOAT32
                || !session.inputShape().equals(Shape.of(Shape.BATCH, Shape.TIME, 1))
                || output.rank() != 2) {
            throw new ModelFormatException(
                    file,
                    "model: expected FLOAT32 [B,T,1] in and [B,K] out, got %s %s in and %s out"
                            .formatted(session.inputType(), session.inputShape(), output));
        }
        try {
            Windows windows =
                    Windows.of(Integer.parseInt(window), output.dim(1)).relation(Relation.valueOf(relation));
            return new SeriesModel(column, Scaler.ofText(scaler), windows);
        } catch (IllegalArgumentException e) {
            throw new ModelFormatException(file, "rondo.series: " + Screen.printable(String.valueOf(e.getMessage())), e);
        }
    }

    private static String note(Path file, Map<String, String> notes, String key) throws ModelFormatException {
        String value = notes.get(key);
        if (value == null) {
            throw new ModelFormatException(
                    file,
                    "metadata: expected " + key + " of a model of 'rondo train series', got "
                            + (notes.isEmpty()
                                    ? "nothing"
                                    : "only " + Screen.printable(notes.keySet().stream().sorted().toList().toString())));
        }
        return value;
    }

    /// Forecasts what follows a series: the horizon at once, and beyond it from the forecasts before.
    ///
    /// @param values the series
    /// @param steps how many
    double[] forecast(InferenceSession session, double[] values, int steps) {
        double[] series = Arrays.copyOf(scaler.apply(values), values.length + steps);
        double[] forecast = new double[steps];
        int horizon = windows.horizon();
        Tensor y = Tensor.zeros(DataType.FLOAT32, 1, horizon);
        for (int done = 0; done < steps; done += horizon) {
            int at = values.length + done;
            session.run(windows.input(Arrays.copyOf(series, at)), y);
            double[] next = windows.values(series, at, y.toDoubles());
            for (int k = 0; k < Math.min(horizon, steps - done); k++) {
                series[at + k] = next[k];
                forecast[done + k] = scaler.invert(next[k]);
            }
        }
        return forecast;
    }

    /// What the model forecasts for each window whose targets lie in `from..to`, knowing all before it.
    ///
    /// @return `[N][horizon]`, in the series' unit; forecast n begins at row `windows().first(from) + n`
    double[][] forecasts(Sequential model, double[] values, int from, int to) {
        double[] series = scaler.apply(values);
        Tensor x = windows.examples(series, from, to).x();
        double[] outputs = model.predict(x).toDoubles();
        int horizon = windows.horizon();
        double[][] forecasts = new double[x.shape().dim(0)][];
        for (int n = 0; n < forecasts.length; n++) {
            double[] own = Arrays.copyOfRange(outputs, n * horizon, (n + 1) * horizon);
            forecasts[n] = Arrays.stream(windows.values(series, windows.first(from) + n, own))
                    .map(scaler::invert)
                    .toArray();
        }
        return forecasts;
    }
}
