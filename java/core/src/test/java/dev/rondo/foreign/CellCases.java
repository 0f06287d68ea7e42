package dev.rondo.foreign;

import dev.rondo.foreign.CellCase.Activation;
import dev.rondo.foreign.CellCase.Cell;
import dev.rondo.foreign.CellCase.Dense;
import dev.rondo.foreign.CellCase.Expected;
import dev.rondo.foreign.CellCase.Gate;
import dev.rondo.foreign.CellCase.Kind;
import dev.rondo.foreign.CellCase.Order;
import dev.rondo.foreign.CellCase.State;
import dev.rondo.foreign.CellCase.Which;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// Reads the cases of other projects, with the gate order of each turned into i, f, g, o and r, z, n.
final class CellCases {
    private CellCases() {}

    /// A gate of Rondo's order by its place in Keras's: i, f, g, o and z, r, n.
    private static int[] kerasPlaces(Kind kind) {
        return switch (kind) {
            case LSTM -> new int[] {0, 1, 2, 3};
            case GRU_RESET_AFTER, GRU_RESET_BEFORE -> new int[] {1, 0, 2};
            case RNN -> new int[] {0};
        };
    }

    // -------------------------------------------------------------------------------------------------- kerasjs

    /// What a case of kerasjs was made with, which its file does not tell.
    private record KerasSettings(
            Kind kind, Activation gates, Activation cell, Order order, Which which) {
        static KerasSettings of(String name) {
            Kind kind = switch (name.split("\\.", -1)[1]) {
                case "LSTM" -> Kind.LSTM;
                case "GRU" -> Kind.GRU_RESET_BEFORE;
                default -> Kind.RNN;
            };
            return switch (name.charAt(name.length() - 1)) {
                case '1' -> new KerasSettings(
                        kind, Activation.SIGMOID, Activation.SIGMOID, Order.FORWARD, Which.LAST_STATE);
                case '2' -> new KerasSettings(
                        kind, Activation.HARD_SIGMOID, Activation.TANH, Order.FORWARD, Which.EVERY_STEP);
                case '3' -> new KerasSettings(
                        kind, Activation.HARD_SIGMOID, Activation.TANH, Order.BACKWARD, Which.LAST_STATE);
                case '4' -> new KerasSettings(
                        kind, Activation.HARD_SIGMOID, Activation.TANH, Order.BACKWARD, Which.EVERY_STEP);
                default -> new KerasSettings(
                        kind, Activation.HARD_SIGMOID, Activation.TANH, Order.FORWARD, Which.LAST_STATE);
            };
        }
    }

    /// Keras: weights `[I,G*H]` and `[H,G*H]`, gates side by side.
    static List<CellCase> keras(Path folder) throws IOException {
        List<CellCase> cases = new ArrayList<>();
        for (String file : List.of("LSTM.json", "GRU.json", "SimpleRNN.json")) {
            for (Map.Entry<?, ?> entry : Json.read(folder.resolve(file)).entrySet()) {
                cases.add(kerasCase((String) entry.getKey(), (Map<?, ?>) entry.getValue()));
            }
        }
        return cases;
    }

    private static CellCase kerasCase(String name, Map<?, ?> content) {
        KerasSettings settings = KerasSettings.of(name);
        Map<?, ?> input = (Map<?, ?>) content.get("input");
        float[] shape = Json.numbers(input.get("shape"));
        int steps = (int) shape[0];
        int inputSize = (int) shape[1];
        List<?> weights = (List<?>) content.get("weights");
        float[] bias = data(weights.get(2));
        int hidden = bias.length / kerasPlaces(settings.kind()).length;
        return new CellCase(
                "kerasjs " + name,
                1,
                steps,
                Json.numbers(input.get("data")),
                inputSize,
                hidden,
                Optional.empty(),
                new Cell(
                        settings.kind(),
                        kerasGates(settings.kind(), data(weights.get(0)), data(weights.get(1)), bias, inputSize, hidden),
                        settings.gates(),
                        settings.cell()),
                Optional.empty(),
                List.of(),
                List.of(new Expected(settings.which(), data(content.get("expected")))),
                settings.order());
    }

    private static float[] data(Object json) {
        return Json.numbers(((Map<?, ?>) json).get("data"));
    }

    /// @param bias `[G*H]`, or `[2*G*H]` with those of the recurrent product behind those of the input's
    private static List<Gate> kerasGates(
            Kind kind, float[] w, float[] u, float[] bias, int inputSize, int hidden) {
        int[] places = kerasPlaces(kind);
        int columns = places.length * hidden;
        float[] two = Arrays.copyOf(bias, 2 * columns);
        List<Gate> gates = new ArrayList<>();
        for (int place : places) {
            gates.add(new Gate(
                    columnsAsRows(w, inputSize, columns, place * hidden, hidden),
                    columnsAsRows(u, hidden, columns, place * hidden, hidden),
                    block(two, place, hidden),
                    block(two, places.length + place, hidden),
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
    static List<CellCase> rtNeural(Path folder) throws IOException {
        List<CellCase> cases = new ArrayList<>();
        for (String name : List.of("lstm", "lstm_1d", "gru", "gru_1d")) {
            Kind kind = name.startsWith("lstm") ? Kind.LSTM : Kind.GRU_RESET_AFTER;
            List<?> layers = (List<?>) Json.read(folder.resolve(name + ".json")).get("layers");
            List<Dense> dense = new ArrayList<>();
            List<Gate> gates = List.of();
            boolean before = false;
            int hidden = 0;
            for (Object layer : layers) {
                Map<?, ?> content = (Map<?, ?>) layer;
                List<?> weights = (List<?>) content.get("weights");
                float[] first = Json.numbers(weights.get(0));
                String type = String.valueOf(content.get("type"));
                if (type.equals("lstm") || type.equals("gru")) {
                    float[] recurrent = Json.numbers(weights.get(1));
                    int rows = kerasPlaces(kind).length;
                    hidden = (int) Math.round(Math.sqrt(recurrent.length / (double) rows));
                    gates = kerasGates(
                            kind, first, recurrent, Json.numbers(weights.get(2)), first.length / (rows * hidden),
                            hidden);
                    before = !dense.isEmpty();
                } else {
                    float[] bias = Json.numbers(weights.get(1));
                    int units = bias.length;
                    String activation = String.valueOf(content.get("activation"));
                    dense.add(new Dense(
                            units,
                            columnsAsRows(first, first.length / units, units, 0, units),
                            bias,
                            activation.isEmpty()
                                    ? Activation.LINEAR
                                    : Activation.valueOf(activation.toUpperCase(Locale.ROOT))));
                }
            }
            float[] x = readColumn(folder.resolve(name + "_x_python.csv"));
            cases.add(new CellCase(
                    "rtneural " + name,
                    1,
                    x.length,
                    x,
                    1,
                    hidden,
                    before ? Optional.of(dense.getFirst()) : Optional.empty(),
                    new Cell(kind, gates, Activation.SIGMOID, Activation.TANH),
                    Optional.empty(),
                    dense.subList(before ? 1 : 0, dense.size()),
                    List.of(new Expected(Which.EVERY_STEP, readColumn(folder.resolve(name + "_y_python.csv")))),
                    Order.FORWARD));
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

    /// ONNX: weights `[1,G*H,I]` and `[1,G*H,H]` with gates i, o, f, g or z, r, n; biases `[1,2*G*H]`, one vector for
    /// each product; peepholes `[1,3H]` of i, o, f. A GRU resets before the product unless it says otherwise.
    static List<CellCase> onnx(Path folder) throws IOException {
        List<CellCase> cases = new ArrayList<>();
        List<Path> folders;
        try (Stream<Path> entries = Files.list(folder)) {
            folders = entries.filter(Files::isDirectory).sorted().toList();
        }
        for (Path entry : folders) {
            cases.add(onnxCase(entry));
        }
        return cases;
    }

    private static int[] onnxPlaces(Kind kind) {
        return switch (kind) {
            case LSTM -> new int[] {0, 2, 3, 1};
            case GRU_RESET_AFTER, GRU_RESET_BEFORE -> new int[] {1, 0, 2};
            case RNN -> new int[] {0};
        };
    }

    private static CellCase onnxCase(Path folder) throws IOException {
        Onnx.OneNode node = Onnx.readModel(folder.resolve("model.onnx"));
        Map<String, String> attributes = new HashMap<>(node.attributes());
        int hidden = Integer.parseInt(attributes.remove("hidden_size"));
        boolean batchFirst = "1".equals(attributes.remove("layout"));
        Kind kind = switch (node.op()) {
            case "LSTM" -> Kind.LSTM;
            case "GRU" -> Kind.GRU_RESET_BEFORE;
            case "RNN" -> Kind.RNN;
            default -> throw new IOException(folder + ": expected LSTM, GRU or RNN, got " + node.op());
        };
        if (!attributes.isEmpty()) {
            throw new IOException(folder + ": expected hidden_size and layout, got " + attributes);
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
        Optional<State> initial = Optional.ofNullable(values.get("initial_h")).map(h -> new State(
                h.values(), values.containsKey("initial_c") ? values.get("initial_c").values() : new float[0]));
        return new CellCase(
                "onnx " + folder.getFileName(),
                batch,
                steps,
                x,
                inputSize,
                hidden,
                Optional.empty(),
                new Cell(kind, onnxGates(kind, values, inputSize, hidden), Activation.SIGMOID, Activation.TANH),
                initial,
                List.of(),
                expected,
                Order.FORWARD);
    }

    private static List<Gate> onnxGates(Kind kind, Map<String, Onnx.Array> values, int inputSize, int hidden) {
        int[] places = onnxPlaces(kind);
        int[] placeInPeepholes = {0, 2, -1, 1};
        int count = places.length;
        float[] bias = values.containsKey("B") ? values.get("B").values() : new float[2 * count * hidden];
        List<Gate> gates = new ArrayList<>();
        for (int gate = 0; gate < count; gate++) {
            int place = places[gate];
            boolean peephole = values.containsKey("P") && placeInPeepholes[gate] >= 0;
            gates.add(new Gate(
                    block(values.get("W").values(), place, hidden * inputSize),
                    block(values.get("R").values(), place, hidden * hidden),
                    block(bias, place, hidden),
                    block(bias, count + place, hidden),
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
