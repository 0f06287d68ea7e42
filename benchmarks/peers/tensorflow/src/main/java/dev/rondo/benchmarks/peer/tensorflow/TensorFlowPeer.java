package dev.rondo.benchmarks.peer.tensorflow;

import dev.rondo.benchmarks.peer.Artifact;
import dev.rondo.benchmarks.peer.Cell;
import dev.rondo.benchmarks.peer.Layout;
import dev.rondo.benchmarks.peer.Pass;
import dev.rondo.benchmarks.peer.Peer;
import dev.rondo.benchmarks.peer.Run;
import dev.rondo.benchmarks.peer.UnsupportedWorkloadException;
import dev.rondo.benchmarks.peer.Workload;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Result;
import org.tensorflow.TensorFlow;
import org.tensorflow.types.TFloat32;

/// TensorFlow, by its Java package: a graph of the layer ([LayerGraph] says which operators) in a session, fed and
/// fetched.
///
/// Sequences are time-major, as `BlockLSTM` wants them; x is brought into that layout beforehand, y back for the
/// comparison. What a call gives stays in TensorFlow's memory, which the caller reads; it is freed at the next call.
/// In training the weights are fed anew each time, without a copy. A step feeds the states that the step before gave.
///
/// Threads: `intra_op_parallelism_threads`, and one for operators side by side. Each session must have threads of its
/// own, see `process.properties`. Not timed: building graphs, making sessions and tensors, transposing.
final class TensorFlowPeer implements Peer {
    @Override
    public String name() {
        return "tensorflow";
    }

    @Override
    public String version() {
        return Artifact.version("org.tensorflow", "tensorflow-core-api") + " on TensorFlow " + TensorFlow.version();
    }

    @Override
    public Run open(Workload workload) throws UnsupportedWorkloadException {
        Workload.Layer layer = switch (workload) {
            case Workload.Layer supported -> supported;
            case Workload.Network _ ->
                throw new UnsupportedWorkloadException("networks are not built for TensorFlow, only layers");
        };
        if (layer.lengths()) {
            throw new UnsupportedWorkloadException("TensorFlow has no operator for sequences of their own lengths");
        }
        return layer.pass() == Pass.STEP ? new Steps(layer) : new Sequences(layer);
    }

    private static void feedZeros(LayerGraph graph, Workload.Layer layer) {
        TFloat32 zeros = graph.tensor(new float[layer.batch() * layer.hidden()], layer.batch(), layer.hidden());
        graph.feed("h", zeros);
        if (layer.cell() == Cell.LSTM || layer.cell() == Cell.LSTM_PEEPHOLES) {
            graph.feed("c", zeros);
        }
    }

    private static final class Sequences implements Run {
        private final Workload.Layer layer;
        private final LayerGraph graph;
        private @Nullable Result result;

        Sequences(Workload.Layer layer) {
            this.layer = layer;
            graph = new LayerGraph(layer, layer.time());
            graph.feed("x", timeMajor("x"));
            feedZeros(graph, layer);
            if (layer.pass() == Pass.TRAINING) {
                graph.feed("dy", timeMajor("dy"));
            }
        }

        private TFloat32 timeMajor(String name) {
            int width = layer.shape(name)[2];
            return graph.tensor(Layout.swap(layer.floats(name), layer.batch(), layer.time(), width),
                    layer.time(), layer.batch(), width);
        }

        @Override
        public void run() {
            Result former = result;
            if (former != null) {
                former.close();
            }
            result = graph.run();
        }

        @Override
        public Map<String, float[]> results() {
            Map<String, float[]> fetched = new LinkedHashMap<>();
            List<String> names = graph.fetched();
            for (int i = 0; i < names.size() && result != null; i++) {
                fetched.put(names.get(i), LayerGraph.floats(result.get(i)));
            }
            Map<String, float[]> results = new LinkedHashMap<>();
            fetched.forEach((name, values) -> {
                switch (name) {
                    case "y", "dx" -> results.put(name, batchMajor(values));
                    case "dweightIh", "dweightHh" -> results.put(name, columnsToRows(values));
                    case "dw" -> {
                        int split = layer.input() * layer.rows();
                        results.put("dweightIh", columnsToRows(Arrays.copyOf(values, split)));
                        results.put("dweightHh", columnsToRows(Arrays.copyOfRange(values, split, values.length)));
                    }
                    case "dp0" -> results.put("dpeepholes", Layout.concatenate(
                            values, fetched.getOrDefault("dp1", values), fetched.getOrDefault("dp2", values)));
                    case "dbiasIh", "dbiasHn" -> results.put(name, values);
                    default -> {}
                }
            });
            return results;
        }

        private float[] batchMajor(float[] values) {
            return Layout.swap(values, layer.time(), layer.batch(), values.length / layer.time() / layer.batch());
        }

        private float[] columnsToRows(float[] values) {
            return Layout.transpose(values, values.length / layer.rows(), layer.rows());
        }

        @Override
        public void close() {
            if (result != null) {
                result.close();
            }
            graph.close();
        }
    }

    private static final class Steps implements Run {
        private final LayerGraph graph;
        private final TFloat32[] inputs;
        private final List<float[]> outputs = new ArrayList<>();
        private @Nullable Result last;
        private int step;

        Steps(Workload.Layer layer) {
            graph = new LayerGraph(layer, 1);
            float[] x = layer.floats("x");
            inputs = new TFloat32[layer.time()];
            Arrays.setAll(inputs, t -> graph.tensor(
                    Arrays.copyOfRange(x, t * layer.input(), (t + 1) * layer.input()), 1, 1, layer.input()));
            feedZeros(graph, layer);
        }

        @Override
        public void run() {
            graph.feed("x", inputs[step]);
            step = step + 1 == inputs.length ? 0 : step + 1;
            Result result = graph.run();
            graph.feed("h", (TFloat32) result.get(0));
            if (result.size() > 1) {
                graph.feed("c", (TFloat32) result.get(1));
            }
            Result former = last;
            if (former != null) {
                former.close();
            }
            last = result;
            if (outputs.size() < inputs.length) {
                outputs.add(LayerGraph.floats(result.get(0)));
            }
        }

        @Override
        public Map<String, float[]> results() {
            return Map.of("y", Layout.concatenate(outputs.toArray(float[][]::new)));
        }

        @Override
        public void close() {
            if (last != null) {
                last.close();
            }
            graph.close();
        }
    }
}
