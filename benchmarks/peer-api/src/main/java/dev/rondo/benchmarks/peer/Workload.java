package dev.rondo.benchmarks.peer;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/// What a library is asked to do.
public sealed interface Workload {
    /// What one call does.
    Pass pass();

    /// How many threads may work.
    int threads();

    /// Sequences side by side.
    int batch();

    /// Steps of each.
    int time();

    /// The folder with the inputs, for [Data].
    Path data();

    /// The folder that results go into.
    Path results();

    /// A recurrent layer alone, from zero states. Files, float32 in C order, G being the gates: x `[B,T,I]`, weightIh
    /// `[G*H,I]`, weightHh `[G*H,H]`, biasIh `[G*H]`, biasHn `[H]` of [Cell#GRU_RESET_AFTER] (added to the recurrent
    /// product of n), peepholes `[3*H]` (i, f, o), in training dy `[B,T,H]`, with lengths `[B]` of int32. Results: y
    /// `[B,T,H]`, zero beyond the lengths; in training dx, and dweightIh, dweightHh, dbiasIh, dbiasHn and dpeepholes
    /// besides.
    ///
    /// @param lengths whether sequences end where the file of lengths says
    record Layer(
            Cell cell, Pass pass, int threads, int batch, int time, int input, int hidden, boolean lengths,
            Path data, Path results)
            implements Workload {
        public Layer {
            check("threads", threads);
            check("batch", batch);
            check("time", time);
            check("input", input);
            check("hidden", hidden);
            if (pass == Pass.STEP && (batch != 1 || lengths)) {
                throw new IllegalArgumentException("step: expected a batch of 1 without lengths, got " + batch
                        + (lengths ? " with lengths" : ""));
            }
        }

        /// The rows of its weights.
        public int rows() {
            return cell.gates() * hidden;
        }

        @Override
        public int[] shape(String name) {
            return switch (name) {
                case "x" -> new int[] {batch, time, input};
                case "weightIh" -> new int[] {rows(), input};
                case "weightHh" -> new int[] {rows(), hidden};
                case "biasIh" -> new int[] {rows()};
                case "biasHn" -> new int[] {hidden};
                case "peepholes" -> new int[] {3 * hidden};
                case "y", "dy" -> new int[] {batch, time, hidden};
                case "lengths" -> new int[] {batch};
                default -> throw new IllegalArgumentException("a layer has no file " + name);
            };
        }
    }

    /// A network and its training. Files: ids `[B,T]` of int32 or x `[B,T,1]`, in training labels `[B,T]` of int32 or
    /// target `[B,1]`, and the parameters that [Model] names. Results: y, the logits `[B,T,V]` or the forecasts
    /// `[B,1]`; in training losses `[3]`, before each of the first three updates.
    record Network(Model model, Pass pass, int threads, int batch, int time, Path data, Path results)
            implements Workload {
        public Network {
            check("threads", threads);
            check("batch", batch);
            check("time", time);
            if (pass == Pass.STEP) {
                throw new IllegalArgumentException("pass: expected inference or training of a model, got step");
            }
        }

        @Override
        public int[] shape(String name) {
            int rows = Cell.LSTM.gates() * model.hidden();
            return switch (name) {
                case "ids", "labels" -> new int[] {batch, time};
                case "x" -> new int[] {batch, time, model.input()};
                case "y" -> model.classifies()
                        ? new int[] {batch, time, model.outputs()}
                        : new int[] {batch, model.outputs()};
                case "target" -> new int[] {batch, model.outputs()};
                case "embedding" -> new int[] {model.vocabulary(), model.input()};
                case "lstm0.weightIh" -> new int[] {rows, model.input()};
                case "lstm1.weightIh", "lstm0.weightHh", "lstm1.weightHh" -> new int[] {rows, model.hidden()};
                case "lstm0.biasIh", "lstm1.biasIh" -> new int[] {rows};
                case "dense.weight" -> new int[] {model.outputs(), model.hidden()};
                case "dense.bias" -> new int[] {model.outputs()};
                default -> throw new IllegalArgumentException("a network has no file " + name);
            };
        }
    }

    /// How many calls of a fresh run its results stand for: of single steps all of a sequence, of a network's training
    /// three.
    default int checkedCalls() {
        return switch (this) {
            case Layer layer -> layer.pass() == Pass.STEP ? layer.time() : 1;
            case Network network -> network.pass() == Pass.TRAINING ? 3 : 1;
        };
    }

    /// The shape of a file's numbers, by its name without the ending.
    ///
    /// @throws IllegalArgumentException for a name that this kind of workload does not have
    int[] shape(String name);

    /// Reads an input of float32.
    default float[] floats(String name) {
        return Data.floats(data(), name, shape(name));
    }

    /// Reads an input of int32.
    default int[] ints(String name) {
        return Data.ints(data(), name, shape(name));
    }

    /// A workload from the fields of the protocol.
    ///
    /// @throws IllegalArgumentException for a field that is missing or not understood
    static Workload of(Map<String, String> fields) {
        Pass pass = constant(Pass.class, fields, "pass");
        int threads = number(fields, "threads");
        int batch = number(fields, "batch");
        int time = number(fields, "time");
        Path data = Path.of(field(fields, "data"));
        Path results = Path.of(field(fields, "results"));
        return fields.containsKey("model")
                ? new Network(constant(Model.class, fields, "model"), pass, threads, batch, time, data, results)
                : new Layer(constant(Cell.class, fields, "cell"), pass, threads, batch, time,
                        number(fields, "input"), number(fields, "hidden"),
                        Boolean.parseBoolean(fields.getOrDefault("lengths", "false")), data, results);
    }

    private static <E extends Enum<E>> E constant(Class<E> type, Map<String, String> fields, String name) {
        return Enum.valueOf(type, field(fields, name).toUpperCase(Locale.ROOT));
    }

    private static int number(Map<String, String> fields, String name) {
        return Integer.parseInt(field(fields, name));
    }

    private static String field(Map<String, String> fields, String name) {
        String value = fields.get(name);
        if (value == null) {
            throw new IllegalArgumentException("open: no field " + name + " among " + fields.keySet());
        }
        return value;
    }

    private static void check(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + ": expected at least 1, got " + value);
        }
    }
}
