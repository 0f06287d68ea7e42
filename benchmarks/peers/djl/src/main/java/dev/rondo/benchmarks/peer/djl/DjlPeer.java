package dev.rondo.benchmarks.peer.djl;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.internal.NDArrayEx;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.recurrent.RNN;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.GradientCollector;
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
import java.util.Objects;

/// The Deep Java Library on its PyTorch engine.
///
/// `NDArrayEx.lstm`, `gru` and `rnn` are what its recurrent blocks call, without the blocks' own bookkeeping, on
/// sequences `[T,B,I]`, which PyTorch need not turn round; x is brought into that layout beforehand, y back for the
/// comparison. Inference has no gradient attached to any array, so that PyTorch records nothing. Training is what a
/// trainer does for a layer: gradients to zero, forward under a gradient collector, backward. The collector's own
/// backward begins with ones; `JniUtils.backward`, which it calls, takes a gradient of y. There is no operator for a
/// single step, so that a step is a sequence of one.
///
/// The engine wants two biases. The second is frozen at zero, but for the GRU, where its last third is biasHn.
///
/// Threads: `JniUtils.setNumThreads`, OpenMP's pool, which this build's MKL shares. Not timed: making arrays,
/// transposing. Networks are not compared here but on PyTorch's own bindings, which call the same operators with less
/// between.
final class DjlPeer implements Peer {
    private static final double NO_DROPOUT = 0;

    @Override
    public String name() {
        return "djl";
    }

    @Override
    public String version() {
        return Objects.requireNonNullElse(Engine.class.getPackage().getSpecificationVersion(), "unknown")
                + " on PyTorch " + Engine.getInstance().getVersion();
    }

    @Override
    public Run open(Workload workload) throws UnsupportedWorkloadException {
        Workload.Layer layer = switch (workload) {
            case Workload.Layer supported -> supported;
            case Workload.Network _ ->
                throw new UnsupportedWorkloadException("networks are compared on PyTorch's own bindings");
        };
        if (layer.cell() == Cell.GRU_RESET_BEFORE || layer.cell() == Cell.LSTM_PEEPHOLES) {
            throw new UnsupportedWorkloadException("DJL has no " + (layer.cell() == Cell.LSTM_PEEPHOLES
                    ? "peepholes"
                    : "GRU that resets before the product"));
        }
        if (layer.lengths()) {
            throw new UnsupportedWorkloadException("DJL has no packed sequences");
        }
        JniUtils.setNumThreads(layer.threads());
        return switch (layer.pass()) {
            case INFERENCE -> new Inference(layer);
            case TRAINING -> new Training(layer);
            case STEP -> new Steps(layer);
        };
    }

    /// Arrays of a layer and its call.
    private abstract static class LayerRun implements Run {
        final NDManager manager = NDManager.newBaseManager();
        final Workload.Layer layer;
        final NDList weights;
        final NDList zeros;

        LayerRun(Workload.Layer layer) {
            this.layer = layer;
            float[] biasHh = new float[layer.rows()];
            if (layer.cell() == Cell.GRU_RESET_AFTER) {
                System.arraycopy(layer.floats("biasHn"), 0, biasHh, 2 * layer.hidden(), layer.hidden());
            }
            weights = new NDList(array("weightIh"), array("weightHh"), array("biasIh"),
                    manager.create(biasHh, new Shape(layer.rows())));
            Shape state = new Shape(1, layer.batch(), layer.hidden());
            zeros = layer.cell() == Cell.LSTM
                    ? new NDList(manager.zeros(state), manager.zeros(state))
                    : new NDList(manager.zeros(state));
        }

        private NDArray array(String name) {
            return manager.create(layer.floats(name), new Shape(
                    Arrays.stream(layer.shape(name)).asLongStream().toArray()));
        }

        NDArray timeMajor(String name) {
            int width = layer.shape(name)[2];
            return manager.create(Layout.swap(layer.floats(name), layer.batch(), layer.time(), width),
                    new Shape(layer.time(), layer.batch(), width));
        }

        float[] batchMajor(NDArray sequence) {
            int width = Math.toIntExact(sequence.getShape().get(2));
            return Layout.swap(sequence.toFloatArray(), layer.time(), layer.batch(), width);
        }

        /// y and the states.
        NDList forward(NDArray x, NDList states) {
            boolean training = layer.pass() == Pass.TRAINING;
            NDArrayEx operators = x.getNDArrayInternal();
            return switch (layer.cell()) {
                case LSTM, LSTM_PEEPHOLES ->
                    operators.lstm(x, states, weights, true, 1, NO_DROPOUT, training, false, false);
                case GRU_RESET_AFTER, GRU_RESET_BEFORE -> operators.gru(
                        x, states.head(), weights, true, 1, NO_DROPOUT, training, false, false);
                case RNN_TANH -> operators.rnn(x, states.head(), weights, true, 1, RNN.Activation.TANH, NO_DROPOUT,
                        training, false, false);
            };
        }

        @Override
        public void close() {
            manager.close();
        }
    }

    private static final class Inference extends LayerRun {
        private final NDArray x = timeMajor("x");
        private NDList result = new NDList();

        Inference(Workload.Layer layer) {
            super(layer);
        }

        @Override
        public void run() {
            result.close();
            result = forward(x, zeros);
        }

        @Override
        public Map<String, float[]> results() {
            return Map.of("y", batchMajor(result.head()));
        }
    }

    private static final class Training extends LayerRun {
        private final NDArray x = timeMajor("x");
        private final NDArray dy = timeMajor("dy");
        private final List<NDArray> wanted = new ArrayList<>();
        private NDList result = new NDList();

        Training(Workload.Layer layer) {
            super(layer);
            wanted.add(x);
            wanted.addAll(weights.subList(0, layer.cell() == Cell.GRU_RESET_AFTER ? 4 : 3));
            wanted.forEach(array -> array.setRequiresGradient(true));
        }

        @Override
        public void run() {
            if (!result.isEmpty()) {
                result.close();
                wanted.forEach(array -> JniUtils.zeroGrad((PtNDArray) array));
            }
            try (GradientCollector _ = Engine.getInstance().newGradientCollector()) {
                result = forward(x, zeros);
                JniUtils.backward((PtNDArray) result.head(), (PtNDArray) dy, false, false);
            }
        }

        @Override
        public Map<String, float[]> results() {
            Map<String, float[]> results = new LinkedHashMap<>();
            results.put("y", batchMajor(result.head()));
            results.put("dx", batchMajor(x.getGradient()));
            results.put("dweightIh", gradient(0));
            results.put("dweightHh", gradient(1));
            results.put("dbiasIh", gradient(2));
            if (layer.cell() == Cell.GRU_RESET_AFTER) {
                results.put("dbiasHn", Arrays.copyOfRange(gradient(3), 2 * layer.hidden(), 3 * layer.hidden()));
            }
            return results;
        }

        private float[] gradient(int weight) {
            return weights.get(weight).getGradient().toFloatArray();
        }
    }

    private static final class Steps extends LayerRun {
        private final NDArray[] inputs;
        private final List<NDList> results = new ArrayList<>();
        private NDList states = zeros;
        private NDList last = new NDList();
        private int step;

        Steps(Workload.Layer layer) {
            super(layer);
            float[] x = layer.floats("x");
            inputs = new NDArray[layer.time()];
            Arrays.setAll(inputs, t -> manager.create(
                    Arrays.copyOfRange(x, t * layer.input(), (t + 1) * layer.input()), new Shape(1, 1, layer.input())));
        }

        @Override
        public void run() {
            NDList result = forward(inputs[step], states);
            step = step + 1 == inputs.length ? 0 : step + 1;
            if (results.size() < inputs.length) {
                results.add(result);
            } else {
                last.close();
                last = result;
            }
            states = result.subNDList(1);
        }

        @Override
        public Map<String, float[]> results() {
            return Map.of("y", Layout.concatenate(
                    results.stream().map(result -> result.head().toFloatArray()).toArray(float[][]::new)));
        }
    }
}
