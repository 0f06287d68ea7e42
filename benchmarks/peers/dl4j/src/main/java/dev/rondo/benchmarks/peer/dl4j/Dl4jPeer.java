package dev.rondo.benchmarks.peer.dl4j;

import dev.rondo.benchmarks.peer.Artifact;
import dev.rondo.benchmarks.peer.Cell;
import dev.rondo.benchmarks.peer.Layout;
import dev.rondo.benchmarks.peer.Model;
import dev.rondo.benchmarks.peer.Pass;
import dev.rondo.benchmarks.peer.Peer;
import dev.rondo.benchmarks.peer.Run;
import dev.rondo.benchmarks.peer.UnsupportedWorkloadException;
import dev.rondo.benchmarks.peer.Workload;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.ILossFunction;
import org.nd4j.linalg.lossfunctions.impl.LossMSE;
import org.nd4j.linalg.lossfunctions.impl.LossSparseMCXENT;
import org.nd4j.nativeblas.NativeOpsHolder;

/// Deeplearning4j: a `MultiLayerNetwork` of the layers.
///
/// Sequences are `[B,I,T]` in order 'f', in which a time step is contiguous; x is
/// brought into that layout beforehand, y back for the comparison. Inference is `output`, a step `rnnTimeStep`.
/// Training of a layer is `feedForward` and `backpropGradient` from an external gradient of y, as the documentation
/// shows it; of a network `fit` with a batch. The simple RNN takes lengths as a mask. The gates lie in the order g, f,
/// o, i.
///
/// A network's loss is a sum over time steps, divided by the batch alone: T times the mean. So are its gradients, and
/// the clip, the epsilon of Adam (whose form is Keras's) and SGD's rate are set such that the update is the one of the
/// mean. There is no clip by the norm of all gradients: it is by layer here.
///
/// Threads: those of OpenMP and of OpenBLAS, by `NativeOps.setOmpNumThreads` and `Blas.setMaxThreads`. The periodic
/// calls of the collector are off, as is documented for speed; workspaces are on, as they are by default. Not timed:
/// making the network, arrays, transposing. The native library is the one for AVX2, without oneDNN.
final class Dl4jPeer implements Peer {
    /// Of each gate here where it is in the files, and the reverse.
    private record Gates(int[] there, int[] back) {
        static final Gates LSTM = new Gates(new int[] {2, 1, 3, 0}, new int[] {3, 1, 0, 2});
        static final Gates RNN = new Gates(new int[] {0}, new int[] {0});

        /// `[G*H,I]` to what this library wants, `[I,G*H]`.
        INDArray of(float[] weight, int columns) {
            int rows = weight.length / columns;
            return matrix(Layout.transpose(Layout.gates(weight, there), rows, columns), columns, rows);
        }

        float[] back(INDArray gradient) {
            int rows = Math.toIntExact(gradient.size(0));
            float[] values = gradient.dup('c').data().asFloat();
            return Layout.gates(Layout.transpose(values, rows, values.length / rows), back);
        }

        void set(MultiLayerNetwork network, int layer, Workload workload, String prefix) {
            int input = workload.shape(prefix + "weightIh")[1];
            int hidden = workload.shape(prefix + "weightHh")[1];
            network.setParam(layer + "_W", of(workload.floats(prefix + "weightIh"), input));
            network.setParam(layer + "_RW", of(workload.floats(prefix + "weightHh"), hidden));
            network.setParam(layer + "_b", of(workload.floats(prefix + "biasIh"), 1));
        }
    }

    @Override
    public String name() {
        return "dl4j";
    }

    @Override
    public String version() {
        return Artifact.version("org.deeplearning4j", "deeplearning4j-nn");
    }

    @Override
    public Run open(Workload workload) throws UnsupportedWorkloadException {
        if (workload instanceof Workload.Layer layer) {
            switch (layer.cell()) {
                case GRU_RESET_AFTER, GRU_RESET_BEFORE ->
                    throw new UnsupportedWorkloadException("DL4J has no GRU layer");
                case LSTM_PEEPHOLES ->
                    throw new UnsupportedWorkloadException("DL4J's LSTM with peepholes is deprecated");
                case LSTM, RNN_TANH -> {}
            }
            if (layer.lengths() && layer.cell() == Cell.LSTM) {
                throw new UnsupportedWorkloadException(
                        "DL4J's LSTM does not mask what it gives, only losses are masked");
            }
        }
        Nd4j.getMemoryManager().togglePeriodicGc(false);
        NativeOpsHolder.getInstance().getDeviceNativeOps().setOmpNumThreads(workload.threads());
        Nd4j.factory().blas().setMaxThreads(workload.threads());
        return switch (workload) {
            case Workload.Layer layer -> switch (layer.pass()) {
                case INFERENCE -> new LayerInference(layer);
                case TRAINING -> new LayerTraining(layer);
                case STEP -> new Steps(layer);
            };
            case Workload.Network network -> switch (network.pass()) {
                case INFERENCE -> new NetworkInference(network);
                case TRAINING, STEP -> new NetworkTraining(network);
            };
        };
    }

    /// `[B,T,F]` as `[B,F,T]` in order 'f'.
    private static INDArray sequence(float[] values, int batch, int time, int width) {
        return Nd4j.create(Layout.transpose(values, batch, time * width), new long[] {batch, width, time}, 'f');
    }

    private static INDArray sequence(Workload workload, String name) {
        int[] shape = workload.shape(name);
        return sequence(workload.floats(name), shape[0], shape[1], shape[2]);
    }

    private static float[] floats(INDArray sequence) {
        int batch = Math.toIntExact(sequence.size(0));
        float[] values = sequence.dup('f').data().asFloat();
        return Layout.transpose(values, values.length / batch, batch);
    }

    private static INDArray matrix(float[] values, int rows, int columns) {
        return Nd4j.create(values, new long[] {rows, columns}, 'c');
    }

    private static MultiLayerNetwork network(IUpdater updater, double clip, InputType input, List<Layer> layers) {
        NeuralNetConfiguration.Builder builder =
                new NeuralNetConfiguration.Builder().dataType(DataType.FLOAT).updater(updater);
        if (clip > 0) {
            builder.gradientNormalization(GradientNormalization.ClipL2PerLayer).gradientNormalizationThreshold(clip);
        }
        NeuralNetConfiguration.ListBuilder list = builder.list();
        layers.forEach(list::layer);
        MultiLayerNetwork network = new MultiLayerNetwork(list.setInputType(input).build());
        network.init();
        return network;
    }

    private static LSTM lstm(int input, int hidden) {
        return new LSTM.Builder().nIn(input).nOut(hidden).activation(Activation.TANH).build();
    }

    private static Gates gates(Workload.Layer layer) {
        return layer.cell() == Cell.LSTM ? Gates.LSTM : Gates.RNN;
    }

    private static MultiLayerNetwork network(Workload.Layer layer) {
        MultiLayerNetwork network = network(new NoOp(), 0, InputType.recurrent(layer.input(), layer.time()),
                List.of(layer.cell() == Cell.LSTM
                        ? lstm(layer.input(), layer.hidden())
                        : new SimpleRnn.Builder().nIn(layer.input()).nOut(layer.hidden())
                                .activation(Activation.TANH).build()));
        gates(layer).set(network, 0, layer, "");
        mask(layer).ifPresent(mask -> network.setLayerMaskArrays(mask, null));
        return network;
    }

    /// Ones up to each sequence's length.
    private static Optional<INDArray> mask(Workload.Layer layer) {
        if (!layer.lengths()) {
            return Optional.empty();
        }
        float[] mask = new float[layer.batch() * layer.time()];
        int[] lengths = layer.ints("lengths");
        for (int b = 0; b < lengths.length; b++) {
            Arrays.fill(mask, b * layer.time(), b * layer.time() + lengths[b], 1);
        }
        return Optional.of(matrix(mask, layer.batch(), layer.time()));
    }

    private static final class LayerInference implements Run {
        private final MultiLayerNetwork network;
        private final INDArray x;
        private final Optional<INDArray> mask;
        private INDArray y = Nd4j.empty(DataType.FLOAT);

        LayerInference(Workload.Layer layer) {
            network = network(layer);
            x = sequence(layer, "x");
            mask = mask(layer);
        }

        @Override
        public void run() {
            free(y);
            y = mask.isPresent() ? network.output(x, false, mask.get(), null) : network.output(x, false);
        }

        @Override
        public Map<String, float[]> results() {
            return Map.of("y", floats(y));
        }

        @Override
        public void close() {
            free(y);
            network.close();
        }
    }

    private static void free(INDArray array) {
        if (array.closeable()) {
            array.close();
        }
    }

    private static final class LayerTraining implements Run {
        private final Gates gates;
        private final MultiLayerNetwork network;
        private final INDArray x;
        private final INDArray dy;
        private INDArray y = Nd4j.empty(DataType.FLOAT);
        private Gradient gradient = new DefaultGradient();
        private INDArray dx = Nd4j.empty(DataType.FLOAT);

        LayerTraining(Workload.Layer layer) {
            gates = gates(layer);
            network = network(layer);
            x = sequence(layer, "x");
            dy = sequence(layer, "dy");
        }

        @Override
        public void run() {
            free(y);
            free(dx);
            network.setInput(x);
            y = network.feedForward(true, false).getLast();
            Pair<Gradient, INDArray> result = network.backpropGradient(dy, null);
            gradient = result.getFirst();
            dx = result.getSecond();
        }

        @Override
        public Map<String, float[]> results() {
            return Map.of(
                    "y", floats(y),
                    "dx", floats(dx),
                    "dweightIh", gates.back(gradient.getGradientFor("0_W")),
                    "dweightHh", gates.back(gradient.getGradientFor("0_RW")),
                    "dbiasIh", gates.back(gradient.getGradientFor("0_b")));
        }

        @Override
        public void close() {
            free(y);
            free(dx);
            network.close();
        }
    }

    private static final class Steps implements Run {
        private final MultiLayerNetwork network;
        private final INDArray[] inputs;
        private final List<INDArray> outputs = new ArrayList<>();
        private INDArray last = Nd4j.empty(DataType.FLOAT);
        private int step;

        Steps(Workload.Layer layer) {
            network = network(layer);
            float[] x = layer.floats("x");
            inputs = new INDArray[layer.time()];
            Arrays.setAll(inputs, t -> matrix(
                    Arrays.copyOfRange(x, t * layer.input(), (t + 1) * layer.input()), 1, layer.input()));
        }

        @Override
        public void run() {
            INDArray y = network.rnnTimeStep(inputs[step]);
            step = step + 1 == inputs.length ? 0 : step + 1;
            if (outputs.size() < inputs.length) {
                outputs.add(y);
            } else {
                free(last);
                last = y;
            }
        }

        @Override
        public Map<String, float[]> results() {
            return Map.of("y", Layout.concatenate(
                    outputs.stream().map(y -> y.dup('c').data().asFloat()).toArray(float[][]::new)));
        }

        @Override
        public void close() {
            network.close();
        }
    }

    private static MultiLayerNetwork network(Workload.Network workload) {
        Model model = workload.model();
        boolean training = workload.pass() == Pass.TRAINING;
        int sum = model.classifies() ? workload.time() : 1;
        List<Layer> layers = new ArrayList<>();
        if (model.classifies()) {
            layers.add(new EmbeddingSequenceLayer.Builder()
                    .nIn(model.vocabulary()).nOut(model.input()).inferInputLength(true).build());
        }
        int first = layers.size();
        for (int i = 0; i < model.layers(); i++) {
            LSTM lstm = lstm(model.inputOf(i), model.hidden());
            boolean lastOutput = !model.classifies() && i == model.layers() - 1;
            layers.add(lastOutput ? new LastTimeStep(lstm) : lstm);
        }
        // Inference wants logits, where training's output is a softmax.
        ILossFunction loss = model.classifies() && training ? new LossSparseMCXENT() : new LossMSE();
        Activation activation = model.classifies() && training ? Activation.SOFTMAX : Activation.IDENTITY;
        layers.add(model.classifies()
                ? new RnnOutputLayer.Builder(loss)
                        .nIn(model.hidden()).nOut(model.outputs()).activation(activation).build()
                : new OutputLayer.Builder(loss)
                        .nIn(model.hidden()).nOut(model.outputs()).activation(activation).build());
        IUpdater updater = model.adam()
                ? new Adam(model.rate(), Model.BETA_1, Model.BETA_2, Model.EPSILON * sum)
                : new Sgd(model.rate() / sum);
        InputType input = model.classifies()
                ? InputType.recurrent(model.vocabulary(), workload.time())
                : InputType.recurrent(model.input(), workload.time());
        MultiLayerNetwork network = network(updater, Model.CLIP * sum, input, layers);
        if (model.classifies()) {
            network.setParam("0_W", matrix(workload.floats("embedding"), model.vocabulary(), model.input()));
        }
        for (int i = 0; i < model.layers(); i++) {
            Gates.LSTM.set(network, first + i, workload, "lstm" + i + ".");
        }
        int last = first + model.layers();
        float[] weight = Layout.transpose(workload.floats("dense.weight"), model.outputs(), model.hidden());
        network.setParam(last + "_W", matrix(weight, model.hidden(), model.outputs()));
        network.setParam(last + "_b", matrix(workload.floats("dense.bias"), 1, model.outputs()));
        return network;
    }

    private static INDArray input(Workload.Network network) {
        return network.model().classifies() ? ids(network, "ids") : sequence(network, "x");
    }

    /// Ids `[B,T]`, which this library takes as floats.
    private static INDArray ids(Workload.Network network, String name) {
        int[] ids = network.ints(name);
        float[] numbers = new float[ids.length];
        for (int i = 0; i < ids.length; i++) {
            numbers[i] = ids[i];
        }
        return matrix(numbers, network.batch(), network.time());
    }

    private static final class NetworkInference implements Run {
        private final MultiLayerNetwork network;
        private final INDArray x;
        private INDArray y = Nd4j.empty(DataType.FLOAT);

        NetworkInference(Workload.Network workload) {
            network = network(workload);
            x = input(workload);
        }

        @Override
        public void run() {
            free(y);
            y = network.output(x, false);
        }

        @Override
        public Map<String, float[]> results() {
            return Map.of("y", floats(y));
        }

        @Override
        public void close() {
            free(y);
            network.close();
        }
    }

    private static final class NetworkTraining implements Run {
        private final MultiLayerNetwork network;
        private final INDArray x;
        private final INDArray target;
        private final int sum;
        private final float[] losses = new float[3];
        private int steps;

        NetworkTraining(Workload.Network workload) {
            Model model = workload.model();
            network = network(workload);
            x = input(workload);
            sum = model.classifies() ? workload.time() : 1;
            target = model.classifies()
                    ? ids(workload, "labels").reshape(workload.batch(), 1, workload.time())
                    : matrix(workload.floats("target"), workload.batch(), model.outputs());
        }

        @Override
        public void run() {
            network.fit(x, target);
            if (steps < losses.length) {
                losses[steps] = (float) (network.score() / sum);
            }
            steps++;
        }

        @Override
        public Map<String, float[]> results() {
            return Map.of("losses", losses.clone());
        }

        @Override
        public void close() {
            network.close();
        }
    }
}
