package dev.rondo.benchmarks.peer.pytorch;

import dev.rondo.benchmarks.peer.Cell;
import dev.rondo.benchmarks.peer.Layout;
import dev.rondo.benchmarks.peer.Model;
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
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AbstractTensor;
import org.bytedeco.pytorch.Adam;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.PackedSequence;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.T_TensorTensorTensor_T;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/// PyTorch, by JavaCPP's bindings of its C++ library.
///
/// `torch::lstm`, `gru` and `rnn_tanh` are what `nn.LSTM` and its like call, on sequences `[T,B,I]`, which they need
/// not turn round; x is brought into that layout beforehand, y back for the comparison. Inference is in
/// `InferenceMode`, the mode without any bookkeeping. Training of a layer is forward and `torch::autograd::grad` of x,
/// weights and biases; of a network `zero_grad`, forward, loss, `backward`, `clip_grad_norm_`, the optimizer's `step`
/// and a look at the loss. Adam gets the epsilon of each step that makes its form Keras's. With lengths a call packs
/// the padded batch, runs and pads again, since both sides of a layer are padded. A step is one of `torch::lstm_cell`,
/// `gru_cell` and `rnn_tanh_cell`, which take less time than a sequence of one, and hands its states to the next.
///
/// The library wants two biases. The second is frozen at zero, but for the GRU, where its last third is biasHn.
///
/// Threads: OpenMP's by `set_num_threads`; OpenBLAS, which has a pool of its own, is held at one by the environment
/// (see `process.properties`): the two together stall each other. Tensors are freed by scopes, not by the collector.
/// Not timed: making inputs and parameters, transposing.
final class PyTorchPeer implements Peer {
    @Override
    public String name() {
        return "pytorch";
    }

    @Override
    public String version() {
        return Objects.requireNonNullElse(torch.class.getPackage().getImplementationVersion(), "unknown");
    }

    @Override
    public Run open(Workload workload) throws UnsupportedWorkloadException {
        torch.set_num_threads(workload.threads());
        return switch (workload) {
            case Workload.Layer layer -> {
                if (layer.cell() == Cell.GRU_RESET_BEFORE || layer.cell() == Cell.LSTM_PEEPHOLES) {
                    throw new UnsupportedWorkloadException("PyTorch has no " + (layer.cell() == Cell.LSTM_PEEPHOLES
                            ? "peepholes"
                            : "GRU that resets before the product"));
                }
                yield switch (layer.pass()) {
                    case INFERENCE -> new LayerInference(layer);
                    case TRAINING -> new LayerTraining(layer);
                    case STEP -> new Steps(layer);
                };
            }
            case Workload.Network network -> switch (network.pass()) {
                case INFERENCE -> new NetworkInference(network);
                case TRAINING, STEP -> new NetworkTraining(network);
            };
        };
    }

    private static Tensor tensor(float[] values, int... shape) {
        return AbstractTensor.create(values, longs(shape));
    }

    private static Tensor tensor(int[] values, int... shape) {
        return AbstractTensor.create(longs(values), longs(shape));
    }

    private static long[] longs(int... values) {
        return Arrays.stream(values).asLongStream().toArray();
    }

    private static float[] floats(Tensor tensor) {
        try (Tensor dense = tensor.contiguous()) {
            float[] values = new float[Math.toIntExact(dense.numel())];
            dense.data_ptr_float().get(values);
            return values;
        }
    }

    /// A file of `[B,T,...]` as `[T,B,...]`.
    private static Tensor timeMajor(Workload workload, String name) {
        int[] shape = workload.shape(name);
        return tensor(Layout.swap(workload.floats(name), shape[0], shape[1], shape[2]), shape[1], shape[0], shape[2]);
    }

    /// A tensor that outlives the scope it was made in.
    private static Tensor keep(Tensor tensor) {
        Tensor kept = new Tensor(tensor);
        kept.retainReference();
        return kept;
    }

    /// A layer's parameters and its call.
    private static final class Recurrent implements AutoCloseable {
        private static final double NO_DROPOUT = 0;

        final Cell cell;
        final Tensor weightIh;
        final Tensor weightHh;
        final Tensor biasIh;
        final Tensor biasHh;
        final TensorVector weights;
        final Tensor h0;
        final TensorVector states;
        private final boolean training;

        Recurrent(Cell cell, int input, int hidden, int batch, boolean training, float[] weightIh, float[] weightHh,
                float[] biasIh, float[] biasHh) {
            this.cell = cell;
            this.training = training;
            int rows = cell.gates() * hidden;
            this.weightIh = tensor(weightIh, rows, input);
            this.weightHh = tensor(weightHh, rows, hidden);
            this.biasIh = tensor(biasIh, rows);
            this.biasHh = tensor(biasHh, rows);
            weights = new TensorVector(this.weightIh, this.weightHh, this.biasIh, this.biasHh);
            h0 = tensor(new float[batch * hidden], 1, batch, hidden);
            states = new TensorVector(h0, h0);
            if (training) {
                learned().forEach(parameter -> parameter.requires_grad_(true));
            }
        }

        static Recurrent of(Workload.Layer layer, boolean training) {
            float[] biasHh = new float[layer.rows()];
            if (layer.cell() == Cell.GRU_RESET_AFTER) {
                System.arraycopy(layer.floats("biasHn"), 0, biasHh, 2 * layer.hidden(), layer.hidden());
            }
            return new Recurrent(layer.cell(), layer.input(), layer.hidden(), layer.batch(), training,
                    layer.floats("weightIh"), layer.floats("weightHh"), layer.floats("biasIh"), biasHh);
        }

        List<Tensor> learned() {
            return cell == Cell.GRU_RESET_AFTER
                    ? List.of(weightIh, weightHh, biasIh, biasHh)
                    : List.of(weightIh, weightHh, biasIh);
        }

        /// Of the LSTM `(y, h, c)`; of the others, which take h0, `(y, h)`.
        T_TensorTensorTensor_T lstm(Tensor x) {
            return torch.lstm(x, states, weights, true, 1, NO_DROPOUT, training, false, false);
        }

        T_TensorTensor_T other(Tensor x, Tensor h) {
            return cell == Cell.RNN_TANH
                    ? torch.rnn_tanh(x, h, weights, true, 1, NO_DROPOUT, training, false, false)
                    : torch.gru(x, h, weights, true, 1, NO_DROPOUT, training, false, false);
        }

        /// All outputs of a sequence, which live as long as the scope.
        Tensor y(Tensor x) {
            return cell == Cell.LSTM ? lstm(x).get0() : other(x, h0).get0();
        }

        /// The same of a padded batch.
        Tensor y(Tensor x, Tensor lengths, long time) {
            PackedSequence packed = torch.pack_padded_sequence(x, lengths, false, false);
            Tensor data = packed.data();
            Tensor sizes = packed.batch_sizes();
            Tensor y = switch (cell) {
                case LSTM -> torch.lstm(data, sizes, states, weights, true, 1, NO_DROPOUT, training, false).get0();
                case RNN_TANH -> torch.rnn_tanh(data, sizes, h0, weights, true, 1, NO_DROPOUT, training, false).get0();
                default -> torch.gru(data, sizes, h0, weights, true, 1, NO_DROPOUT, training, false).get0();
            };
            PackedSequence result =
                    new PackedSequence(y, sizes, packed.sorted_indices(), packed.unsorted_indices());
            return torch.pad_packed_sequence(result, false, 0, new LongOptional(time)).get0();
        }

        @Override
        public void close() {
            List.of(states, weights, h0, weightIh, weightHh, biasIh, biasHh).forEach(Pointer::close);
        }
    }

    /// What layers have in common.
    private abstract static class LayerRun implements Run {
        final Workload.Layer layer;
        final Recurrent recurrent;
        final Tensor x;
        private final Tensor lengths;
        Tensor y = new Tensor();

        LayerRun(Workload.Layer layer, boolean training) {
            this.layer = layer;
            recurrent = Recurrent.of(layer, training);
            x = timeMajor(layer, "x");
            lengths = layer.lengths() ? tensor(layer.ints("lengths"), layer.batch()) : new Tensor();
        }

        Tensor forward() {
            return layer.lengths() ? recurrent.y(x, lengths, layer.time()) : recurrent.y(x);
        }

        void keepY(Tensor made) {
            y.close();
            y = keep(made);
        }

        float[] batchMajor(Tensor sequence) {
            return Layout.swap(floats(sequence), layer.time(), layer.batch(),
                    Math.toIntExact(sequence.size(2)));
        }

        @Override
        public void close() {
            y.close();
            x.close();
            lengths.close();
            recurrent.close();
        }
    }

    private static final class LayerInference extends LayerRun {
        private final InferenceMode mode = new InferenceMode(true);

        LayerInference(Workload.Layer layer) {
            super(layer, false);
        }

        @Override
        public void run() {
            try (PointerScope _ = new PointerScope()) {
                keepY(forward());
            }
        }

        @Override
        public Map<String, float[]> results() {
            return Map.of("y", batchMajor(y));
        }

        @Override
        public void close() {
            super.close();
            mode.close();
        }
    }

    private static final class LayerTraining extends LayerRun {
        private final Tensor dy;
        private final TensorVector wanted;
        private final TensorVector given;
        private TensorVector gradients = new TensorVector();

        LayerTraining(Workload.Layer layer) {
            super(layer, true);
            dy = timeMajor(layer, "dy");
            given = new TensorVector(dy);
            x.requires_grad_(true);
            List<Tensor> inputs = new ArrayList<>(List.of(x));
            inputs.addAll(recurrent.learned());
            wanted = new TensorVector(inputs.toArray(Tensor[]::new));
        }

        @Override
        public void run() {
            gradients.close();
            try (PointerScope _ = new PointerScope()) {
                Tensor made = forward();
                gradients = torch.grad(new TensorVector(made), wanted, given, new BoolOptional(), false, false);
                gradients.retainReference();
                keepY(made);
            }
        }

        @Override
        public Map<String, float[]> results() {
            Map<String, float[]> results = new LinkedHashMap<>();
            results.put("y", batchMajor(y));
            results.put("dx", batchMajor(gradients.get(0)));
            results.put("dweightIh", floats(gradients.get(1)));
            results.put("dweightHh", floats(gradients.get(2)));
            results.put("dbiasIh", floats(gradients.get(3)));
            if (layer.cell() == Cell.GRU_RESET_AFTER) {
                float[] dbiasHh = floats(gradients.get(4));
                results.put("dbiasHn", Arrays.copyOfRange(dbiasHh, 2 * layer.hidden(), 3 * layer.hidden()));
            }
            return results;
        }

        @Override
        public void close() {
            gradients.close();
            wanted.close();
            given.close();
            dy.close();
            super.close();
        }
    }

    private static final class Steps implements Run {
        private final InferenceMode mode = new InferenceMode(true);
        private final Recurrent recurrent;
        private final Tensor[] inputs;
        private final List<Tensor> outputs = new ArrayList<>();
        private final TensorOptional biasIh;
        private final TensorOptional biasHh;
        private final TensorVector state;
        private Tensor h;
        private int step;

        Steps(Workload.Layer layer) {
            recurrent = Recurrent.of(layer, false);
            float[] x = layer.floats("x");
            inputs = new Tensor[layer.time()];
            Arrays.setAll(inputs, t -> tensor(
                    Arrays.copyOfRange(x, t * layer.input(), (t + 1) * layer.input()), 1, layer.input()));
            biasIh = new TensorOptional(recurrent.biasIh);
            biasHh = new TensorOptional(recurrent.biasHh);
            h = recurrent.h0.squeeze(0);
            state = new TensorVector(h, h);
        }

        @Override
        public void run() {
            Tensor x = inputs[step];
            step = step + 1 == inputs.length ? 0 : step + 1;
            Recurrent layer = recurrent;
            if (layer.cell == Cell.LSTM) {
                try (T_TensorTensor_T out = torch.lstm_cell(
                        x, state, layer.weightIh, layer.weightHh, biasIh, biasHh)) {
                    state.put(0, out.get0());
                    state.put(1, out.get1());
                    collect(out.get0());
                }
            } else {
                Tensor out = layer.cell == Cell.RNN_TANH
                        ? torch.rnn_tanh_cell(x, h, layer.weightIh, layer.weightHh, biasIh, biasHh)
                        : torch.gru_cell(x, h, layer.weightIh, layer.weightHh, biasIh, biasHh);
                h.close();
                h = out;
                collect(h);
            }
        }

        private void collect(Tensor y) {
            if (outputs.size() < inputs.length) {
                outputs.add(new Tensor(y));
            }
        }

        @Override
        public Map<String, float[]> results() {
            return Map.of("y", Layout.concatenate(
                    outputs.stream().map(PyTorchPeer::floats).toArray(float[][]::new)));
        }

        @Override
        public void close() {
            outputs.forEach(Tensor::close);
            List.of(h, state, biasIh, biasHh).forEach(Pointer::close);
            Arrays.asList(inputs).forEach(Tensor::close);
            recurrent.close();
            mode.close();
        }
    }

    /// A network's parameters and its call.
    private static final class Network implements AutoCloseable {
        private final Model model;
        private final List<Tensor> owned = new ArrayList<>();
        private final List<Recurrent> layers = new ArrayList<>();
        private final List<Tensor> parameters = new ArrayList<>();
        private final Tensor x;
        private final Tensor embedding;
        private final Tensor weight;
        private final Tensor bias;

        Network(Workload.Network network, boolean training) {
            model = network.model();
            int batch = network.batch();
            int time = network.time();
            x = own(model.classifies()
                    ? tensor(Layout.swap(network.ints("ids"), batch, time), time, batch)
                    : timeMajor(network, "x"));
            embedding = model.classifies() ? parameter(network, "embedding") : own(new Tensor());
            for (int i = 0; i < model.layers(); i++) {
                String name = "lstm" + i;
                Recurrent layer = new Recurrent(Cell.LSTM, model.inputOf(i), model.hidden(), batch, training,
                        network.floats(name + ".weightIh"), network.floats(name + ".weightHh"),
                        network.floats(name + ".biasIh"), new float[Cell.LSTM.gates() * model.hidden()]);
                layers.add(layer);
                parameters.addAll(layer.learned());
            }
            weight = parameter(network, "dense.weight");
            bias = parameter(network, "dense.bias");
            if (training) {
                parameters.forEach(parameter -> parameter.requires_grad_(true));
            }
        }

        private Tensor own(Tensor tensor) {
            owned.add(tensor);
            return tensor;
        }

        private Tensor parameter(Workload.Network network, String name) {
            Tensor parameter = own(tensor(network.floats(name), network.shape(name)));
            parameters.add(parameter);
            return parameter;
        }

        /// Logits `[T,B,V]` or forecasts `[B,1]`, which live as long as the scope.
        Tensor forward() {
            Tensor value = model.classifies() ? torch.embedding(embedding, x) : x;
            for (int i = 0; i < layers.size(); i++) {
                T_TensorTensorTensor_T out = layers.get(i).lstm(value);
                boolean lastOutput = !model.classifies() && i == layers.size() - 1;
                value = lastOutput ? out.get1().squeeze(0) : out.get0();
            }
            return torch.linear(value, weight, bias);
        }

        TensorVector parameters() {
            return new TensorVector(parameters.toArray(Tensor[]::new));
        }

        @Override
        public void close() {
            layers.forEach(Recurrent::close);
            owned.forEach(Tensor::close);
        }
    }

    private static final class NetworkInference implements Run {
        private final InferenceMode mode = new InferenceMode(true);
        private final Workload.Network workload;
        private final Network network;
        private Tensor y = new Tensor();

        NetworkInference(Workload.Network workload) {
            this.workload = workload;
            network = new Network(workload, false);
        }

        @Override
        public void run() {
            y.close();
            try (PointerScope _ = new PointerScope()) {
                y = keep(network.forward());
            }
        }

        @Override
        public Map<String, float[]> results() {
            Model model = workload.model();
            return Map.of("y", model.classifies()
                    ? Layout.swap(floats(y), workload.time(), workload.batch(), model.outputs())
                    : floats(y));
        }

        @Override
        public void close() {
            y.close();
            network.close();
            mode.close();
        }
    }

    private static final class NetworkTraining implements Run {
        private final Model model;
        private final Network network;
        private final TensorVector parameters;
        private final Tensor target;
        private final Optimizer optimizer;
        private final float[] losses = new float[3];
        private int steps;

        NetworkTraining(Workload.Network workload) {
            model = workload.model();
            network = new Network(workload, true);
            parameters = network.parameters();
            target = model.classifies()
                    ? tensor(Layout.swap(workload.ints("labels"), workload.batch(), workload.time()),
                            workload.batch() * workload.time())
                    : tensor(workload.floats("target"), workload.batch(), model.outputs());
            optimizer = model.adam() ? adam() : new SGD(parameters, new SGDOptions(model.rate()));
        }

        /// With betas 0.9 and 0.999, which are the default.
        private Optimizer adam() {
            return new Adam(parameters, new AdamOptions(model.rate()));
        }

        /// PyTorch adds epsilon to the corrected root; Keras before correcting it, which is the same as this.
        private void setEpsilon() {
            new AdamOptions(optimizer.param_groups().get(0).options())
                    .eps()
                    .put(Model.EPSILON / Math.sqrt(1 - Math.pow(Model.BETA_2, steps + 1)));
        }

        @Override
        public void run() {
            try (PointerScope _ = new PointerScope()) {
                optimizer.zero_grad();
                Tensor y = network.forward();
                Tensor loss = model.classifies()
                        ? torch.cross_entropy(y.view(-1, model.outputs()), target)
                        : torch.mse_loss(y, target);
                loss.backward();
                torch.clip_grad_norm_(parameters, Model.CLIP);
                if (model.adam()) {
                    setEpsilon();
                }
                optimizer.step();
                float number = loss.item_float();
                if (steps < losses.length) {
                    losses[steps] = number;
                }
                steps++;
            }
        }

        @Override
        public Map<String, float[]> results() {
            return Map.of("losses", losses.clone());
        }

        @Override
        public void close() {
            optimizer.close();
            target.close();
            parameters.close();
            network.close();
        }
    }
}
