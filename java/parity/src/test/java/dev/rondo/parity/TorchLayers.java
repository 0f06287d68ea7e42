package dev.rondo.parity;

import dev.rondo.parity.LayersCase.Given;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.PackedSequence;
import org.bytedeco.pytorch.T_TensorTensorTensor_T;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/// A [LayersCase] as PyTorch computes it, in double. Where there is one bias, PyTorch's second is zeros, but for the
/// part inside a GRU's reset.
final class TorchLayers {
    private final LayersCase layers;
    private final Numbers numbers;
    private final long batch;
    private final long time;
    private final long hidden;
    private final Map<String, Tensor> leaves = new LinkedHashMap<>();

    /// y `[B,T,D*H]`, hN and, of an LSTM, cN `[layers*D,B,H]`.
    private record Results(Tensor y, List<Tensor> states) {}

    private TorchLayers(LayersCase layers, Numbers numbers) {
        this.layers = layers;
        this.numbers = numbers;
        batch = layers.batch();
        time = layers.time();
        hidden = layers.hidden();
    }

    /// What the layers give, and the gradients with a d in front of their names, named as those of [RondoLayers].
    static Map<String, double[]> run(LayersCase layers, Numbers numbers) {
        try (PointerScope _ = new PointerScope()) {
            return new TorchLayers(layers, numbers).run();
        }
    }

    private Map<String, double[]> run() {
        Tensor x = leaf("x", batch, time, layers.input());
        List<Tensor> states = new ArrayList<>();
        for (String role : layers.cell().hasC() ? List.of("h0", "c0") : List.of("h0")) {
            states.add(states(role));
        }
        Results results = layers.ragged() ? packed(x, states) : padded(x, states);
        given(results).backward();

        Map<String, double[]> all = new LinkedHashMap<>();
        outputs(results.y(), (part, y) -> all.put(part, y));
        parts(results.states().getFirst(), (part, hN) -> all.put(part + ".hN", hN));
        if (layers.cell().hasC()) {
            parts(results.states().getLast(), (part, cN) -> all.put(part + ".cN", cN));
        }
        leaves.forEach((name, leaf) -> gradient(name, leaf.grad(), all));
        return all;
    }

    // ------------------------------------------------------------------------------------------------------- forward

    private Results padded(Tensor x, List<Tensor> states) {
        boolean biased = layers.biases() > 0;
        boolean both = layers.bidirectional();
        int count = layers.layers();
        TensorVector weights = weights();
        Tensor h0 = states.getFirst();
        return switch (layers.cell()) {
            case LSTM -> {
                TensorVector given = new TensorVector(states.toArray(Tensor[]::new));
                T_TensorTensorTensor_T result =
                        torch.lstm(x, given, weights, biased, count, 0, true, both, true);
                yield new Results(result.get0(), List.of(result.get1(), result.get2()));
            }
            case GRU_RESET_AFTER -> of(torch.gru(x, h0, weights, biased, count, 0, true, both, true));
            case RNN_TANH -> of(torch.rnn_tanh(x, h0, weights, biased, count, 0, true, both, true));
            case RNN_RELU -> of(torch.rnn_relu(x, h0, weights, biased, count, 0, true, both, true));
            case LSTM_PEEPHOLES, GRU_RESET_BEFORE, RNN_SIGMOID, RNN_IDENTITY -> throw unknown();
        };
    }

    /// Sequences of their own lengths, as `torch.nn` runs them: packed by falling length.
    private Results packed(Tensor x, List<Tensor> initial) {
        long[] lengths = new long[layers.batch()];
        Arrays.setAll(lengths, numbers::length);
        PackedSequence packed = torch.pack_padded_sequence(x, Torch.integers(lengths), true, false);
        List<Tensor> states =
                initial.stream().map(state -> state.index_select(1, packed.sorted_indices())).toList();
        boolean biased = layers.biases() > 0;
        boolean both = layers.bidirectional();
        int count = layers.layers();
        TensorVector weights = weights();
        Tensor data = packed.data();
        Tensor sizes = packed.batch_sizes();
        Tensor h0 = states.getFirst();
        Results results = switch (layers.cell()) {
            case LSTM -> {
                TensorVector given = new TensorVector(states.toArray(Tensor[]::new));
                T_TensorTensorTensor_T result =
                        torch.lstm(data, sizes, given, weights, biased, count, 0, true, both);
                yield new Results(result.get0(), List.of(result.get1(), result.get2()));
            }
            case GRU_RESET_AFTER -> of(torch.gru(data, sizes, h0, weights, biased, count, 0, true, both));
            case RNN_TANH -> of(torch.rnn_tanh(data, sizes, h0, weights, biased, count, 0, true, both));
            case RNN_RELU -> of(torch.rnn_relu(data, sizes, h0, weights, biased, count, 0, true, both));
            case LSTM_PEEPHOLES, GRU_RESET_BEFORE, RNN_SIGMOID, RNN_IDENTITY -> throw unknown();
        };
        PackedSequence outputs =
                new PackedSequence(results.y(), sizes, packed.sorted_indices(), packed.unsorted_indices());
        return new Results(
                torch.pad_packed_sequence(outputs, true, 0, new LongOptional(time)).get0(),
                results.states().stream()
                        .map(state -> state.index_select(1, packed.unsorted_indices()))
                        .toList());
    }

    private static Results of(T_TensorTensor_T result) {
        return new Results(result.get0(), List.of(result.get1()));
    }

    private IllegalArgumentException unknown() {
        return new IllegalArgumentException("cell: expected one that PyTorch has, got " + layers.cell());
    }

    /// weightIh, weightHh, biasIh, biasHh of each part.
    private TensorVector weights() {
        List<Tensor> weights = new ArrayList<>();
        long rows = layers.cell().gates() * hidden;
        for (int part = 0; part < layers.parts(); part++) {
            String name = layers.part(part);
            weights.add(leaf(name + "/weightIh", rows, layers.inputSize(part / layers.directions())));
            weights.add(leaf(name + "/weightHh", rows, hidden));
            if (layers.biases() > 0) {
                weights.add(leaf(name + "/biasIh", rows));
            }
            if (layers.biases() == 2) {
                weights.add(leaf(name + "/biasHh", rows));
            } else if (layers.biases() == 1) {
                double[] bias = new double[(int) rows];
                if (layers.cell().hasBiasHn()) {
                    int from = 2 * (int) hidden;
                    System.arraycopy(numbers.get(name + "/biasHh"), from, bias, from, (int) hidden);
                    Tensor leaf = Torch.leaf(bias, rows);
                    leaves.put(name + "/biasHn", leaf);
                    weights.add(leaf);
                } else {
                    weights.add(Torch.tensor(bias, rows));
                }
            }
        }
        return new TensorVector(weights.toArray(Tensor[]::new));
    }

    private Tensor leaf(String name, long... dims) {
        Tensor leaf = Torch.leaf(numbers.get(name), dims);
        leaves.put(name, leaf);
        return leaf;
    }

    /// Initial states of all parts; zeros where none are given.
    private Tensor states(String role) {
        int size = (int) (batch * hidden);
        double[] all = new double[layers.parts() * size];
        if (!layers.states()) {
            return Torch.tensor(all, layers.parts(), batch, hidden);
        }
        for (int part = 0; part < layers.parts(); part++) {
            System.arraycopy(numbers.get(layers.part(part) + "/" + role), 0, all, part * size, size);
        }
        Tensor leaf = Torch.leaf(all, layers.parts(), batch, hidden);
        leaves.put(role, leaf);
        return leaf;
    }

    // ------------------------------------------------------------------------------------------------------ backward

    /// The sum of all results times the gradients that are given of them.
    private Tensor given(Results results) {
        Tensor sum = Torch.tensor(new double[1]).sum();
        int directions = layers.directions();
        if (layers.given() != Given.STATES) {
            for (int direction = 0; direction < directions; direction++) {
                String name = layers.part((layers.layers() - 1) * directions + direction);
                Tensor part = results.y().narrow(2, direction * hidden, hidden);
                sum = sum.add(part.mul(Torch.tensor(numbers.get("given." + name), batch, time, hidden)).sum());
            }
        }
        if (layers.given() != Given.OUTPUTS) {
            for (int part = 0; part < layers.parts(); part++) {
                String name = "given." + layers.part(part);
                for (int state = 0; state < results.states().size(); state++) {
                    double[] gradient = numbers.get(name + (state == 0 ? ".hN" : ".cN"));
                    Tensor last = results.states().get(state).narrow(0, part, 1);
                    sum = sum.add(last.mul(Torch.tensor(gradient, 1, batch, hidden)).sum());
                }
            }
        }
        return sum;
    }

    private void gradient(String name, Tensor gradient, Map<String, double[]> all) {
        switch (name) {
            case "h0", "c0" -> parts(gradient, (part, numbers) -> all.put("d" + part + "/" + name, numbers));
            default -> {
                double[] whole = Torch.numbers(gradient);
                int from = 2 * (int) hidden;
                all.put(
                        "d" + name,
                        name.endsWith("/biasHn") ? Arrays.copyOfRange(whole, from, whole.length) : whole);
            }
        }
    }

    /// The halves of `[B,T,D*H]`.
    private void outputs(Tensor y, BiConsumer<String, double[]> to) {
        for (int direction = 0; direction < layers.directions(); direction++) {
            String name = layers.part((layers.layers() - 1) * layers.directions() + direction);
            to.accept(name, Torch.numbers(y.narrow(2, direction * hidden, hidden)));
        }
    }

    /// `[layers*D,B,H]` part by part.
    private void parts(Tensor states, BiConsumer<String, double[]> to) {
        for (int part = 0; part < layers.parts(); part++) {
            to.accept(layers.part(part), Torch.numbers(states.narrow(0, part, 1)));
        }
    }
}
