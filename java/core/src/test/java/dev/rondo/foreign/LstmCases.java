package dev.rondo.foreign;

import dev.rondo.foreign.LstmCase.Activation;
import dev.rondo.foreign.LstmCase.Dense;
import dev.rondo.foreign.LstmCase.Expected;
import dev.rondo.foreign.LstmCase.Gate;
import dev.rondo.foreign.LstmCase.State;
import dev.rondo.foreign.LstmCase.Which;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// Reads the cases of other projects, with the gate order of each turned into i, f, g, o.
final class LstmCases {
    private LstmCases() {}

    // -------------------------------------------------------------------------------------------------- kerasjs

    /// What a case of kerasjs was made with, which its file does not tell.
    private record KerasSettings(Activation gates, Activation cell, boolean backwards, Which which) {}

    private static final Map<String, KerasSettings> KERAS = Map.of(
            "recurrent.LSTM.0", new KerasSettings(Activation.HARD_SIGMOID, Activation.TANH, false, Which.LAST_STATE),
            "recurrent.LSTM.1", new KerasSettings(Activation.SIGMOID, Activation.SIGMOID, false, Which.LAST_STATE),
            "recurrent.LSTM.2", new KerasSettings(Activation.HARD_SIGMOID, Activation.TANH, false, Which.EVERY_STEP),
            "recurrent.LSTM.3", new KerasSettings(Activation.HARD_SIGMOID, Activation.TANH, true, Which.LAST_STATE),
            "recurrent.LSTM.4", new KerasSettings(Activation.HARD_SIGMOID, Activation.TANH, true, Which.EVERY_STEP));

    /// Keras: weights `[I,4H]` and `[H,4H]`, gates i, f, g, o side by side.
    static List<LstmCase> keras(Path folder) throws IOException {
        List<LstmCase> cases = new ArrayList<>();
        for (Map.Entry<?, ?> entry : Json.read(folder.resolve("LSTM.json")).entrySet()) {
            KerasSettings settings = KERAS.get((String) entry.getKey());
            Map<?, ?> content = (Map<?, ?>) entry.getValue();
            Map<?, ?> input = (Map<?, ?>) content.get("input");
            float[] shape = Json.numbers(input.get("shape"));
            int steps = (int) shape[0];
            int inputSize = (int) shape[1];
            float[] x = Json.numbers(input.get("data"));
            if (settings.backwards()) {
                x = reverseRows(x, steps, inputSize);
            }
            List<?> weights = (List<?>) content.get("weights");
            float[] bias = data(weights.get(2));
            int hidden = bias.length / 4;
            cases.add(new LstmCase(
                    "kerasjs " + entry.getKey(),
                    1,
                    steps,
                    x,
                    inputSize,
                    hidden,
                    Optional.empty(),
                    kerasGates(data(weights.get(0)), data(weights.get(1)), bias, inputSize, hidden),
                    settings.gates(),
                    settings.cell(),
                    Optional.empty(),
                    Optional.empty(),
                    List.of(new Expected(settings.which(), data(content.get("expected"))))));
        }
        return cases;
    }

    private static float[] data(Object json) {
        return Json.numbers(((Map<?, ?>) json).get("data"));
    }

    private static float[] reverseRows(float[] x, int rows, int columns) {
        float[] reversed = new float[x.length];
        for (int row = 0; row < rows; row++) {
            System.arraycopy(x, row * columns, reversed, (rows - 1 - row) * columns, columns);
        }
        return reversed;
    }

    private static List<Gate> kerasGates(float[] w, float[] u, float[] bias, int inputSize, int hidden) {
        List<Gate> gates = new ArrayList<>();
        for (int gate = 0; gate < 4; gate++) {
            gates.add(new Gate(
                    columnsAsRows(w, inputSize, 4 * hidden, gate * hidden, hidden),
                    columnsAsRows(u, hidden, 4 * hidden, gate * hidden, hidden),
                    Arrays.copyOfRange(bias, gate * hidden, (gate + 1) * hidden),
                    new float[0]));
        }
        return gates;
    }

    /// Columns `first` to `first + count` of a matrix `[rows,columns]`, transposed to `[count,rows]`.
    private static float[] columnsAsRows(float[] matrix, int rows, int columns, int first, int count) {
        float[] transposed = new float[count * rows];
        for (int c = 0; c < count; c++) {
            for (int r = 0; r < rows; r++) {
                transposed[c * rows + r] = matrix[r * columns + first + c];
            }
        }
        return transposed;
    }

    // ------------------------------------------------------------------------------------------------- rtneural

    /// RTNeural: layers as Keras holds them, one number a step in and out.
    static List<LstmCase> rtNeural(Path folder) throws IOException {
        List<LstmCase> cases = new ArrayList<>();
        for (String name : List.of("lstm", "lstm_1d")) {
            List<?> layers = (List<?>) Json.read(folder.resolve(name + ".json")).get("layers");
            List<Dense> dense = new ArrayList<>();
            List<Gate> gates = List.of();
            boolean before = false;
            int hidden = 0;
            for (Object layer : layers) {
                List<?> weights = (List<?>) ((Map<?, ?>) layer).get("weights");
                float[] first = Json.numbers(weights.get(0));
                if (((Map<?, ?>) layer).get("type").equals("lstm")) {
                    float[] bias = Json.numbers(weights.get(2));
                    hidden = bias.length / 4;
                    int inputSize = first.length / bias.length;
                    gates = kerasGates(first, Json.numbers(weights.get(1)), bias, inputSize, hidden);
                    before = !dense.isEmpty();
                } else {
                    float[] bias = Json.numbers(weights.get(1));
                    int units = bias.length;
                    dense.add(new Dense(units, columnsAsRows(first, first.length / units, units, 0, units), bias));
                }
            }
            float[] x = readColumn(folder.resolve(name + "_x_python.csv"));
            cases.add(new LstmCase(
                    "rtneural " + name,
                    1,
                    x.length,
                    x,
                    1,
                    hidden,
                    before ? Optional.of(dense.getFirst()) : Optional.empty(),
                    gates,
                    Activation.SIGMOID,
                    Activation.TANH,
                    Optional.empty(),
                    Optional.of(dense.getLast()),
                    List.of(new Expected(Which.EVERY_STEP, readColumn(folder.resolve(name + "_y_python.csv"))))));
        }
        return cases;
    }

    private static float[] readColumn(Path file) throws IOException {
        List<Double> numbers = Files.readAllLines(file).stream().map(Double::valueOf).toList();
        float[] values = new float[numbers.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = numbers.get(i).floatValue();
        }
        return values;
    }

    // ----------------------------------------------------------------------------------------------------- ONNX

    /// ONNX: weights `[1,4H,I]` and `[1,4H,H]` with gates i, o, f, g; biases `[1,8H]`, one vector for each product;
    /// peepholes `[1,3H]` of i, o, f.
    static List<LstmCase> onnx(Path folder) throws IOException {
        List<LstmCase> cases = new ArrayList<>();
        List<Path> folders;
        try (Stream<Path> entries = Files.list(folder)) {
            folders = entries.filter(entry -> entry.getFileName().toString().startsWith("test_lstm"))
                    .sorted()
                    .toList();
        }
        for (Path entry : folders) {
            cases.add(onnxCase(entry));
        }
        return cases;
    }

    private static LstmCase onnxCase(Path folder) throws IOException {
        Onnx.OneNode node = Onnx.readModel(folder.resolve("model.onnx"));
        Map<String, String> attributes = new HashMap<>(node.attributes());
        int hidden = Integer.parseInt(attributes.remove("hidden_size"));
        boolean batchFirst = "1".equals(attributes.remove("layout"));
        if (!node.op().equals("LSTM") || !attributes.isEmpty()) {
            throw new IOException(folder + ": expected an LSTM with hidden_size and layout, got " + node.op()
                    + attributes);
        }
        List<String> roles = List.of("X", "W", "R", "B", "sequence_lens", "initial_h", "initial_c", "P");
        Map<String, Onnx.Array> values = new HashMap<>();
        for (int i = 0; i < node.given().size(); i++) {
            String role = roles.get(node.inputs().indexOf(node.given().get(i)));
            Path file = folder.resolve("test_data_set_0/input_" + i + ".pb");
            if (!role.equals("sequence_lens")) {
                values.put(role, Onnx.readTensor(file));
            }
        }
        int[] dims = values.get("X").dims();
        int steps = batchFirst ? dims[1] : dims[0];
        int batch = batchFirst ? dims[0] : dims[1];
        int inputSize = dims[2];
        float[] x = batchFirst ? values.get("X").values()
                : batchFirst(values.get("X").values(), steps, batch, inputSize);
        List<Expected> expected = new ArrayList<>();
        int file = 0;
        for (int i = 0; i < node.outputs().size(); i++) {
            if (!node.outputs().get(i).isEmpty()) {
                float[] result = Onnx.readTensor(folder.resolve("test_data_set_0/output_" + file++ + ".pb")).values();
                expected.add(
                        i == 0
                                ? new Expected(
                                        Which.EVERY_STEP,
                                        batchFirst ? result : batchFirst(result, steps, batch, hidden))
                                : new Expected(Which.LAST_STATE, result));
            }
        }
        Optional<State> initial = values.containsKey("initial_h")
                ? Optional.of(new State(values.get("initial_h").values(), values.get("initial_c").values()))
                : Optional.empty();
        return new LstmCase(
                "onnx " + folder.getFileName(),
                batch,
                steps,
                x,
                inputSize,
                hidden,
                Optional.empty(),
                onnxGates(values, inputSize, hidden),
                Activation.SIGMOID,
                Activation.TANH,
                initial,
                Optional.empty(),
                expected);
    }

    private static List<Gate> onnxGates(Map<String, Onnx.Array> values, int inputSize, int hidden) {
        int[] placeInWeights = {0, 2, 3, 1};
        int[] placeInPeepholes = {0, 2, -1, 1};
        float[] bias = values.containsKey("B") ? values.get("B").values() : new float[8 * hidden];
        List<Gate> gates = new ArrayList<>();
        for (int gate = 0; gate < 4; gate++) {
            int place = placeInWeights[gate];
            float[] sum = new float[hidden];
            for (int unit = 0; unit < hidden; unit++) {
                sum[unit] = bias[place * hidden + unit] + bias[(4 + place) * hidden + unit];
            }
            boolean peephole = values.containsKey("P") && placeInPeepholes[gate] >= 0;
            gates.add(new Gate(
                    block(values.get("W").values(), place, hidden * inputSize),
                    block(values.get("R").values(), place, hidden * hidden),
                    sum,
                    peephole ? block(values.get("P").values(), placeInPeepholes[gate], hidden) : new float[0]));
        }
        return gates;
    }

    private static float[] block(float[] values, int index, int size) {
        return Arrays.copyOfRange(values, index * size, (index + 1) * size);
    }

    /// `[T,B,F]` as `[B,T,F]`.
    private static float[] batchFirst(float[] values, int steps, int batch, int features) {
        float[] turned = new float[values.length];
        for (int t = 0; t < steps; t++) {
            for (int b = 0; b < batch; b++) {
                System.arraycopy(values, (t * batch + b) * features, turned, (b * steps + t) * features, features);
            }
        }
        return turned;
    }
}
