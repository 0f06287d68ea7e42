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
    /// `[B,T,H]`, zero beyond the lengths; in training dx, dweightIh, dweightHh, dbiasIh and dbiasHn besides.
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
    }

    /// How many calls of a fresh run its results stand for: of single steps all of a sequence, of a network's training
    /// three.
    default int checkedCalls() {
        return switch (this) {
            case Layer layer -> layer.pass() == Pass.STEP ? layer.time() : 1;
            case Network network -> network.pass() == Pass.TRAINING ? 3 : 1;
        };
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
