package dev.rondo.parity;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.rondo.graph.Op.Direction;
import dev.rondo.graph.RecurrentCell;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A [CellsCase] as ONNX Runtime computes it: a model of one node, which is given all it takes as inputs.
final class OnnxCells {
    private static final OrtEnvironment ENVIRONMENT = OrtEnvironment.getEnvironment();

    private final CellsCase layer;
    private final Map<String, float[]> numbers;
    private final Map<String, OnnxTensor> inputs = new LinkedHashMap<>();
    private final int directions;

    private OnnxCells(CellsCase layer) {
        this.layer = layer;
        numbers = layer.numbers();
        directions = layer.directions().size();
    }

    /// What the layer gives, by `forward`, `forward.hN`, `forward.cN` and the same of `reverse`.
    static Map<String, double[]> run(CellsCase layer) throws OrtException {
        return new OnnxCells(layer).run();
    }

    private boolean isLstm() {
        return layer.cell().hasC();
    }

    private Map<String, double[]> run() throws OrtException {
        int batch = layer.batch();
        int time = layer.time();
        int hidden = layer.hidden();
        int gates = layer.cell().gates();
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(1);
            input("X", timeFirst(numbers.get("x")), time, batch, layer.input());
            stacked("W", "/weightIh", weightPlaces(), directions, gates * hidden, layer.input());
            stacked("R", "/weightHh", weightPlaces(), directions, gates * hidden, hidden);
            if (layer.biased()) {
                float[] both = new float[directions * 2 * gates * hidden];
                for (int d = 0; d < directions; d++) {
                    String name = CellsCase.name(layer.directions().get(d));
                    place(numbers.get(name + "/biasIh"), weightPlaces(), both, 2 * d * gates * hidden);
                    place(numbers.get(name + "/biasHh"), weightPlaces(), both, (2 * d + 1) * gates * hidden);
                }
                input("B", both, directions, 2 * gates * hidden);
            }
            if (layer.ragged()) {
                float[] lengths = numbers.get("lengths");
                int[] integers = new int[batch];
                for (int b = 0; b < batch; b++) {
                    integers[b] = (int) lengths[b];
                }
                inputs.put(
                        "sequence_lens",
                        OnnxTensor.createTensor(ENVIRONMENT, IntBuffer.wrap(integers), new long[] {batch}));
            }
            if (layer.states()) {
                stacked("initial_h", "/h0", List.of(0), directions, batch, hidden);
                if (isLstm()) {
                    stacked("initial_c", "/c0", List.of(0), directions, batch, hidden);
                }
            }
            if (layer.cell().hasPeepholes()) {
                // i, o, f
                stacked("P", "/peepholes", List.of(0, 2, 1), directions, 3 * hidden);
            }
            byte[] model = OnnxModel.oneNode(layer, inputs);
            try (OrtSession session = ENVIRONMENT.createSession(model, options);
                    OrtSession.Result result = session.run(inputs)) {
                return results(result);
            }
        } finally {
            inputs.values().forEach(OnnxTensor::close);
        }
    }

    private Map<String, double[]> results(OrtSession.Result result) {
        int batch = layer.batch();
        int hidden = layer.hidden();
        float[] y = floats(result, "Y");
        Map<String, double[]> results = new LinkedHashMap<>();
        for (int d = 0; d < directions; d++) {
            Direction direction = layer.directions().get(d);
            double[] own = new double[batch * layer.time() * hidden];
            for (int i = 0; i < own.length; i++) {
                int b = i / hidden / layer.time();
                int t = i / hidden % layer.time();
                own[i] = y[((t * directions + d) * batch + b) * hidden + i % hidden];
            }
            results.put(CellsCase.name(direction), own);
            results.put(CellsCase.name(direction) + ".hN", part(floats(result, "Y_h"), d, batch * hidden));
            if (isLstm()) {
                results.put(CellsCase.name(direction) + ".cN", part(floats(result, "Y_c"), d, batch * hidden));
            }
        }
        return results;
    }

    /// Rondo's gate at each place of ONNX's: i, o, f, g or z, r, n.
    private List<Integer> weightPlaces() {
        return layer.cell() == RecurrentCell.GRU_RESET_BEFORE ? List.of(1, 0, 2) : List.of(0, 3, 1, 2);
    }

    private void stacked(String input, String role, List<Integer> places, long... dims) throws OrtException {
        int size = 1;
        for (long dim : dims) {
            size *= (int) dim;
        }
        float[] all = new float[size];
        for (int d = 0; d < directions; d++) {
            String name = CellsCase.name(layer.directions().get(d)) + role;
            place(numbers.get(name), places, all, d * size / directions);
        }
        input(input, all, dims);
    }

    /// Copies equal parts of an array in another order.
    private static void place(float[] from, List<Integer> places, float[] to, int begin) {
        int size = from.length / places.size();
        for (int i = 0; i < places.size(); i++) {
            System.arraycopy(from, places.get(i) * size, to, begin + i * size, size);
        }
    }

    private void input(String name, float[] values, long... dims) throws OrtException {
        inputs.put(name, OnnxTensor.createTensor(ENVIRONMENT, FloatBuffer.wrap(values), dims));
    }

    /// `[B,T,I]` as `[T,B,I]`.
    private float[] timeFirst(float[] x) {
        float[] turned = new float[x.length];
        int size = layer.input();
        for (int b = 0; b < layer.batch(); b++) {
            for (int t = 0; t < layer.time(); t++) {
                System.arraycopy(x, (b * layer.time() + t) * size, turned, (t * layer.batch() + b) * size, size);
            }
        }
        return turned;
    }

    private static float[] floats(OrtSession.Result result, String name) {
        FloatBuffer buffer = ((OnnxTensor) result.get(name).orElseThrow()).getFloatBuffer();
        float[] values = new float[buffer.remaining()];
        buffer.get(values);
        return values;
    }

    private static double[] part(float[] values, int index, int size) {
        double[] part = new double[size];
        for (int i = 0; i < size; i++) {
            part[i] = values[index * size + i];
        }
        return part;
    }
}
