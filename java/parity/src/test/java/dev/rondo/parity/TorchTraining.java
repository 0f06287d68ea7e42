package dev.rondo.parity;

import dev.rondo.parity.TrainingCase.Head;
import dev.rondo.training.Adam;
import dev.rondo.training.RmsProp;
import dev.rondo.training.Sgd;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.RMSprop;
import org.bytedeco.pytorch.RMSpropOptions;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/// A [TrainingCase] as PyTorch runs it, in double.
final class TorchTraining {
    private final TrainingCase run;
    private final Map<String, Tensor> parameters = new LinkedHashMap<>();

    private TorchTraining(TrainingCase run) {
        this.run = run;
    }

    /// The parameters after the last step.
    static Map<String, double[]> run(TrainingCase run) {
        try (PointerScope _ = new PointerScope()) {
            return new TorchTraining(run).run();
        }
    }

    private Map<String, double[]> run() {
        Map<String, float[]> numbers = run.numbers();
        run.shapes().forEach((name, dims) -> parameters.put(
                name, Torch.leaf(doubles(numbers.get(name)), Arrays.stream(dims).asLongStream().toArray())));
        double[] x = doubles(numbers.get("x"));
        double[] y = doubles(numbers.get("y"));
        int xs = x.length / TrainingCase.STEPS;
        int ys = y.length / TrainingCase.STEPS;
        Optimizer optimizer = optimizer(vector(List.copyOf(parameters.values())));
        for (int step = 0; step < TrainingCase.STEPS; step++) {
            try (PointerScope _ = new PointerScope()) {
                Tensor in = Torch.tensor(
                        Arrays.copyOfRange(x, step * xs, (step + 1) * xs), run.batch(), run.time(), run.input());
                Tensor predicted = forward(in);
                Tensor wanted = Torch.tensor(Arrays.copyOfRange(y, step * ys, (step + 1) * ys), predicted.shape());
                optimizer.zero_grad();
                torch.mse_loss(predicted, wanted).backward();
                optimizer.step();
            }
        }
        Map<String, double[]> results = new LinkedHashMap<>();
        parameters.forEach((name, parameter) -> results.put(name, Torch.numbers(parameter)));
        return results;
    }

    private Tensor forward(Tensor x) {
        TensorVector weights = vector(parameters.entrySet().stream()
                .filter(parameter -> parameter.getKey().startsWith("layer"))
                .map(Map.Entry::getValue)
                .toList());
        boolean biased = run.biases() > 0;
        int layers = run.layers();
        Tensor zeros = Torch.tensor(
                new double[layers * run.batch() * run.hidden()], layers, run.batch(), run.hidden());
        Tensor h = switch (run.cell()) {
            case LSTM -> torch.lstm(
                            x, vector(List.of(zeros, zeros)), weights, biased, layers, 0, true, false, true)
                    .get0();
            case GRU_RESET_AFTER -> torch.gru(x, zeros, weights, biased, layers, 0, true, false, true).get0();
            case RNN_TANH -> torch.rnn_tanh(x, zeros, weights, biased, layers, 0, true, false, true).get0();
            default -> throw new IllegalArgumentException("cell: got " + run.cell());
        };
        Tensor last = run.head() == Head.LAST ? h.select(1, run.time() - 1) : h;
        return torch.linear(last, parameters.get("dense/weight"), new TensorOptional(parameters.get("dense/bias")));
    }

    private Optimizer optimizer(TensorVector tensors) {
        return switch (run.optimizer()) {
            case Sgd sgd -> {
                SGDOptions options = new SGDOptions(sgd.rate());
                options.momentum().put(sgd.momentum());
                options.nesterov().put(sgd.form() == Sgd.Form.NESTEROV);
                yield new SGD(tensors, options);
            }
            case RmsProp rmsProp -> {
                RMSpropOptions options = new RMSpropOptions(rmsProp.rate());
                options.alpha().put(rmsProp.rho());
                options.eps().put(rmsProp.epsilon());
                options.momentum().put(rmsProp.momentum());
                options.centered().put(rmsProp.centering() == RmsProp.Centering.MEAN);
                yield new RMSprop(tensors, options);
            }
            case Adam adam -> {
                AdamOptions options = new AdamOptions(adam.rate());
                setBetas(options, adam);
                options.eps().put(adam.epsilon());
                yield new org.bytedeco.pytorch.Adam(tensors, options);
            }
            default -> throw new IllegalArgumentException("optimizer: got " + run.optimizer());
        };
    }

    /// The betas are a C++ tuple, of which libstdc++ lays the last element first.
    private static void setBetas(AdamOptions options, Adam adam) {
        DoublePointer betas = options.betas();
        if (betas.get(0) != 0.999 || betas.get(1) != 0.9) {
            throw new IllegalStateException(
                    "betas: expected 0.999 in front of 0.9, got %s, %s".formatted(betas.get(0), betas.get(1)));
        }
        betas.put(0, adam.beta2());
        betas.put(1, adam.beta1());
    }

    private static TensorVector vector(List<Tensor> tensors) {
        return new TensorVector(tensors.toArray(Tensor[]::new));
    }

    private static double[] doubles(float[] values) {
        double[] doubles = new double[values.length];
        Arrays.setAll(doubles, i -> values[i]);
        return doubles;
    }
}
