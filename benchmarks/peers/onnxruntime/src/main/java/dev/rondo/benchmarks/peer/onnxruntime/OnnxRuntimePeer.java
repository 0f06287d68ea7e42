package dev.rondo.benchmarks.peer.onnxruntime;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.rondo.benchmarks.peer.Cell;
import dev.rondo.benchmarks.peer.Layout;
import dev.rondo.benchmarks.peer.Model;
import dev.rondo.benchmarks.peer.Pass;
import dev.rondo.benchmarks.peer.Peer;
import dev.rondo.benchmarks.peer.Run;
import dev.rondo.benchmarks.peer.UnsupportedWorkloadException;
import dev.rondo.benchmarks.peer.Workload;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// ONNX Runtime, by its Java package.
///
/// A layer is a model of one node with its weights as constants, which the runtime packs when the session is made. All
/// inputs and outputs are tensors over direct buffers that are made once: `run` with pinned outputs writes into them,
/// which is the way without a copy and without a result to free. The kernels know the layout `[T,B,I]` only, so x is
/// brought into it beforehand and y brought back for the comparison. A step takes its states from where the step before
/// left them: the outputs of step t lie in row t of a buffer, which is also the input of step t + 1.
///
/// Threads: `setIntraOpNumThreads`, a pool of each session, which spins for a while between calls, as it does by
/// default; operators run one after another. Nothing else in the process has threads. Not timed: making session and
/// tensors, transposing. There is no training in the package, and so none here.
final class OnnxRuntimePeer implements Peer {
    private final OrtEnvironment environment = OrtEnvironment.getEnvironment();

    @Override
    public String name() {
        return "onnxruntime";
    }

    @Override
    public String version() {
        return environment.getVersion();
    }

    @Override
    public Run open(Workload workload) throws UnsupportedWorkloadException {
        if (workload.pass() == Pass.TRAINING) {
            throw new UnsupportedWorkloadException("ONNX Runtime's Java package does not train");
        }
        Session session = new Session(workload);
        try {
            return switch (workload) {
                case Workload.Layer layer when layer.pass() == Pass.STEP -> steps(layer, session);
                case Workload.Layer layer -> inference(layer, session);
                case Workload.Network network -> inference(network, session);
            };
        } catch (OrtException e) {
            session.close();
            throw new IllegalStateException(e);
        }
    }

    /// What a layer's node is: its operator, the order of its gates, and more inputs and attributes than weights.
    private static OnnxModel model(Workload.Layer layer) {
        OnnxModel model = new OnnxModel();
        boolean step = layer.pass() == Pass.STEP;
        int time = step ? 1 : layer.time();
        int batch = layer.batch();
        int hidden = layer.hidden();
        boolean lstm = layer.cell() == Cell.LSTM || layer.cell() == Cell.LSTM_PEEPHOLES;
        model.input("x", OnnxModel.FLOAT, time, batch, layer.input());
        recurrentWeights(model, "", layer.cell(), layer.input(), hidden, layer.floats("weightIh"),
                layer.floats("weightHh"), layer.floats("biasIh"),
                layer.cell() == Cell.GRU_RESET_AFTER ? layer.floats("biasHn") : new float[hidden]);
        String lengths = "";
        if (layer.lengths()) {
            lengths = "lengths";
            model.input(lengths, OnnxModel.INT32, batch);
        }
        List<String> inputs = new ArrayList<>(List.of("x", "weightIh", "weightHh", "bias", lengths));
        inputs.add(step ? "h0" : "");
        if (lstm) {
            inputs.add(step ? "c0" : "");
        }
        if (layer.cell() == Cell.LSTM_PEEPHOLES) {
            // i, f, o to i, o, f
            model.constant("peepholes", Layout.gates(layer.floats("peepholes"), 0, 2, 1), 1, 3 * hidden);
            inputs.add("peepholes");
        }
        List<String> outputs = new ArrayList<>();
        if (step) {
            model.input("h0", OnnxModel.FLOAT, 1, batch, hidden).output("hN", 1, batch, hidden);
            outputs.addAll(List.of("", "hN"));
            if (lstm) {
                model.input("c0", OnnxModel.FLOAT, 1, batch, hidden).output("cN", 1, batch, hidden);
                outputs.add("cN");
            }
        } else {
            model.output("y", time, 1, batch, hidden);
            outputs.add("y");
        }
        OnnxModel.Attribute units = new OnnxModel.Attribute("hidden_size", hidden);
        return switch (layer.cell()) {
            case LSTM, LSTM_PEEPHOLES -> model.node("LSTM", inputs, outputs, units);
            case GRU_RESET_AFTER ->
                model.node("GRU", inputs, outputs, units, new OnnxModel.Attribute("linear_before_reset", 1));
            case GRU_RESET_BEFORE -> model.node("GRU", inputs, outputs, units);
            case RNN_TANH -> model.node("RNN", inputs, outputs, units);
        };
    }

    /// The constants that recurrent operators share, in the order of their gates: i, o, f, c and z, r, h. The bias on
    /// the recurrent product is zero but for that of h.
    private static void recurrentWeights(OnnxModel model, String prefix, Cell cell, int input, int hidden,
            float[] weightIh, float[] weightHh, float[] biasIh, float[] biasHn) {
        int[] order = switch (cell) {
            case LSTM, LSTM_PEEPHOLES -> new int[] {0, 3, 1, 2};
            case GRU_RESET_AFTER, GRU_RESET_BEFORE -> new int[] {1, 0, 2};
            case RNN_TANH -> new int[] {0};
        };
        int rows = cell.gates() * hidden;
        float[] bias = Layout.concatenate(Layout.gates(biasIh, order), new float[rows - hidden], biasHn);
        model.constant(prefix + "weightIh", Layout.gates(weightIh, order), 1, rows, input)
                .constant(prefix + "weightHh", Layout.gates(weightHh, order), 1, rows, hidden)
                .constant(prefix + "bias", bias, 1, 2 * rows);
    }

    private static OnnxModel model(Workload.Network network) {
        Model kind = network.model();
        OnnxModel model = new OnnxModel();
        int batch = network.batch();
        int time = network.time();
        String value = "x";
        if (kind.classifies()) {
            model.input("ids", OnnxModel.INT32, time, batch)
                    .constant("embedding", network.floats("embedding"), network.shape("embedding"))
                    .node("Gather", List.of("embedding", "ids"), List.of("x"));
        } else {
            model.input("x", OnnxModel.FLOAT, time, batch, kind.input());
        }
        for (int i = 0; i < kind.layers(); i++) {
            String layer = "lstm" + i;
            recurrentWeights(model, layer + ".", Cell.LSTM, kind.inputOf(i), kind.hidden(),
                    network.floats(layer + ".weightIh"), network.floats(layer + ".weightHh"),
                    network.floats(layer + ".biasIh"), new float[kind.hidden()]);
            boolean lastOutput = !kind.classifies() && i == kind.layers() - 1;
            // The axis of directions: the second of all outputs, the first of the last one.
            model.node("LSTM", List.of(value, layer + ".weightIh", layer + ".weightHh", layer + ".bias"),
                            lastOutput ? List.of("", layer) : List.of(layer),
                            new OnnxModel.Attribute("hidden_size", kind.hidden()))
                    .constant(layer + ".axis", new long[] {lastOutput ? 0 : 1})
                    .node("Squeeze", List.of(layer, layer + ".axis"), List.of(layer + ".y"));
            value = layer + ".y";
        }
        float[] weight = Layout.transpose(network.floats("dense.weight"), kind.outputs(), kind.hidden());
        model.constant("weight", weight, kind.hidden(), kind.outputs())
                .constant("bias", network.floats("dense.bias"), kind.outputs())
                .node("MatMul", List.of(value, "weight"), List.of("product"))
                .node("Add", List.of("product", "bias"), List.of("y"));
        return kind.classifies()
                ? model.output("y", time, batch, kind.outputs())
                : model.output("y", batch, kind.outputs());
    }

    /// A session and all that was made for it.
    private final class Session implements AutoCloseable {
        private final OrtSession session;
        private final List<OnnxTensor> tensors = new ArrayList<>();

        Session(Workload workload) {
            OnnxModel model = switch (workload) {
                case Workload.Layer layer -> model(layer);
                case Workload.Network network -> model(network);
            };
            try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
                options.setIntraOpNumThreads(workload.threads());
                options.setInterOpNumThreads(1);
                options.setExecutionMode(OrtSession.SessionOptions.ExecutionMode.SEQUENTIAL);
                options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
                session = environment.createSession(model.toBytes(), options);
            } catch (OrtException e) {
                throw new IllegalStateException(e);
            }
        }

        OnnxTensor tensor(FloatBuffer direct, long... shape) throws OrtException {
            OnnxTensor tensor = OnnxTensor.createTensor(environment, direct, shape);
            tensors.add(tensor);
            return tensor;
        }

        OnnxTensor tensor(int[] values, long... shape) throws OrtException {
            IntBuffer direct = bytes(values.length).asIntBuffer().put(values).flip();
            OnnxTensor tensor = OnnxTensor.createTensor(environment, direct, shape);
            tensors.add(tensor);
            return tensor;
        }

        void run(Map<String, OnnxTensor> inputs, Map<String, OnnxTensor> outputs) {
            try (OrtSession.Result _ = session.run(inputs, outputs)) {
                // The result holds nothing but the pinned outputs.
            } catch (OrtException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public void close() {
            tensors.forEach(OnnxTensor::close);
            try {
                session.close();
            } catch (OrtException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private static ByteBuffer bytes(int numbers) {
        return ByteBuffer.allocateDirect(Math.multiplyExact(numbers, 4)).order(ByteOrder.nativeOrder());
    }

    private static FloatBuffer floats(int count) {
        return bytes(count).asFloatBuffer();
    }

    private static FloatBuffer floats(float[] values) {
        return floats(values.length).put(values).flip();
    }

    private static float[] array(FloatBuffer buffer, int count) {
        float[] values = new float[count];
        buffer.get(0, values);
        return values;
    }

    private static Run inference(Workload.Layer layer, Session session) throws OrtException {
        int batch = layer.batch();
        int time = layer.time();
        int hidden = layer.hidden();
        FloatBuffer y = floats(time * batch * hidden);
        Map<String, OnnxTensor> inputs = new LinkedHashMap<>();
        inputs.put("x", session.tensor(
                floats(Layout.swap(layer.floats("x"), batch, time, layer.input())), time, batch, layer.input()));
        if (layer.lengths()) {
            inputs.put("lengths", session.tensor(layer.ints("lengths"), batch));
        }
        Map<String, OnnxTensor> outputs = Map.of("y", session.tensor(y, time, 1, batch, hidden));
        return new Calls(session, List.of(inputs), List.of(outputs),
                () -> Layout.swap(array(y, time * batch * hidden), time, batch, hidden));
    }

    private static Run inference(Workload.Network network, Session session) throws OrtException {
        Model model = network.model();
        int batch = network.batch();
        int time = network.time();
        int outputs = model.outputs();
        if (model.classifies()) {
            FloatBuffer y = floats(time * batch * outputs);
            OnnxTensor ids = session.tensor(Layout.swap(network.ints("ids"), batch, time), time, batch);
            return new Calls(session, List.of(Map.of("ids", ids)),
                    List.of(Map.of("y", session.tensor(y, time, batch, outputs))),
                    () -> Layout.swap(array(y, time * batch * outputs), time, batch, outputs));
        }
        FloatBuffer y = floats(batch * outputs);
        float[] x = Layout.swap(network.floats("x"), batch, time, model.input());
        return new Calls(session, List.of(Map.of("x", session.tensor(floats(x), time, batch, model.input()))),
                List.of(Map.of("y", session.tensor(y, batch, outputs))), () -> array(y, batch * outputs));
    }

    private static Run steps(Workload.Layer layer, Session session) throws OrtException {
        int time = layer.time();
        int input = layer.input();
        int hidden = layer.hidden();
        // Of a single step, the states go to and fro between two rows: outputs must not lie where inputs are read.
        int rows = Math.max(time, 2);
        FloatBuffer x = floats(layer.floats("x"));
        FloatBuffer h = floats(rows * hidden);
        FloatBuffer c = floats(rows * hidden);
        boolean lstm = layer.cell() == Cell.LSTM || layer.cell() == Cell.LSTM_PEEPHOLES;
        List<Map<String, OnnxTensor>> inputs = new ArrayList<>();
        List<Map<String, OnnxTensor>> outputs = new ArrayList<>();
        for (int row = 0; row < rows; row++) {
            Map<String, OnnxTensor> out = new LinkedHashMap<>();
            out.put("hN", session.tensor(h.slice(row * hidden, hidden), 1, 1, hidden));
            if (lstm) {
                out.put("cN", session.tensor(c.slice(row * hidden, hidden), 1, 1, hidden));
            }
            outputs.add(out);
        }
        for (int row = 0; row < rows; row++) {
            Map<String, OnnxTensor> in = new LinkedHashMap<>();
            in.put("x", session.tensor(x.slice(row % time * input, input), 1, 1, input));
            outputs.get((row + rows - 1) % rows).forEach((name, state) -> in.put(name.charAt(0) + "0", state));
            inputs.add(in);
        }
        return new Calls(session, inputs, outputs, () -> array(h, time * hidden));
    }

    /// Calls with the given inputs and outputs in turn.
    private static final class Calls implements Run {
        private interface Results {
            float[] y();
        }

        private final Session session;
        private final List<Map<String, OnnxTensor>> inputs;
        private final List<Map<String, OnnxTensor>> outputs;
        private final Results results;
        private int next;

        Calls(Session session, List<Map<String, OnnxTensor>> inputs, List<Map<String, OnnxTensor>> outputs,
                Results results) {
            this.session = session;
            this.inputs = inputs;
            this.outputs = outputs;
            this.results = results;
        }

        @Override
        public void run() {
            session.run(inputs.get(next), outputs.get(next));
            next = next + 1 == inputs.size() ? 0 : next + 1;
        }

        @Override
        public Map<String, float[]> results() {
            return Map.of("y", results.y());
        }

        @Override
        public void close() {
            session.close();
        }
    }
}
