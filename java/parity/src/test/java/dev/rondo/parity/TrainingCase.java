package dev.rondo.parity;

import dev.rondo.graph.RecurrentCell;
import dev.rondo.kernels.Closeness;
import dev.rondo.training.Adam;
import dev.rondo.training.Optimizer;
import dev.rondo.training.RmsProp;
import dev.rondo.training.Sgd;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.random.RandomGenerator;

/// A training run of [#STEPS] steps, each on a batch of its own: recurrent layers, a dense one on every step or on the
/// last, the mean squared error, an optimizer in PyTorch's form. No rectified layers: which side of its bend a sum lies
/// on is a matter of rounding that a run does not forget.
///
/// @param biases 0 or 2 vectors
record TrainingCase(
        long seed,
        RecurrentCell cell,
        int layers,
        int biases,
        int batch,
        int time,
        int input,
        int hidden,
        int outputs,
        Head head,
        Optimizer optimizer,
        int threads) {
    static final int STEPS = 20;
    private static final List<RecurrentCell> CELLS =
            List.of(RecurrentCell.LSTM, RecurrentCell.GRU_RESET_AFTER, RecurrentCell.RNN_TANH);

    /// What the dense layer takes.
    enum Head {
        LAST,
        SEQUENCES
    }

    static TrainingCase of(long seed) {
        RandomGenerator random = LayersCase.random(seed);
        return new TrainingCase(
                seed,
                CELLS.get(random.nextInt(CELLS.size())),
                1 + random.nextInt(2),
                2 * random.nextInt(2),
                LayersCase.size(random, 9),
                LayersCase.size(random, 15),
                LayersCase.size(random, 20),
                LayersCase.size(random, 40),
                1 + random.nextInt(5),
                Head.values()[random.nextInt(2)],
                optimizer((int) (seed % 6), random),
                1 + random.nextInt(2));
    }

    /// Settings that float32 holds, so that both sides have the same. An epsilon so large that where it stands matters.
    private static Optimizer optimizer(int kind, RandomGenerator random) {
        double rate = (float) random.nextDouble(0.002, 0.02);
        double momentum = (float) random.nextDouble(0.5, 0.95);
        // With momentum a step lasts; what diverges says nothing.
        double sgdRate = (float) (10 * rate * (kind == 0 ? 1 : 1 - momentum));
        double rho = (float) random.nextDouble(0.8, 0.99);
        double beta2 = (float) random.nextDouble(0.9, 0.999);
        double epsilon = (float) Math.pow(10, random.nextDouble(-3, -1));
        RmsProp rmsProp =
                RmsProp.rate(rate).rho(rho).epsilon(epsilon).form(RmsProp.Form.PYTORCH);
        return switch (kind) {
            case 0 -> Sgd.rate(sgdRate);
            case 1 -> Sgd.rate(sgdRate).momentum(momentum);
            case 2 -> Sgd.rate(sgdRate).momentum(momentum).nesterov();
            case 3 -> rmsProp;
            case 4 -> random.nextBoolean() ? rmsProp.momentum(momentum) : rmsProp.momentum(momentum).centered();
            default -> Adam.rate(rate).betas(momentum, beta2).epsilon(epsilon).form(Adam.Form.PYTORCH);
        };
    }

    /// The same run with Keras's form of the optimizer, where it has two.
    TrainingCase inKerasForm() {
        Optimizer other = switch (optimizer) {
            case RmsProp rmsProp -> rmsProp.form(RmsProp.Form.KERAS);
            case Adam adam -> adam.form(Adam.Form.KERAS);
            default -> optimizer;
        };
        return new TrainingCase(
                seed, cell, layers, biases, batch, time, input, hidden, outputs, head, other, threads);
    }

    int inputSize(int layer) {
        return layer == 0 ? input : hidden;
    }

    /// The parameters' names in Rondo's order with their shapes.
    SequencedMap<String, int[]> shapes() {
        SequencedMap<String, int[]> shapes = new LinkedHashMap<>();
        int rows = cell.gates() * hidden;
        for (int layer = 0; layer < layers; layer++) {
            shapes.put("layer" + layer + "/weightIh", new int[] {rows, inputSize(layer)});
            shapes.put("layer" + layer + "/weightHh", new int[] {rows, hidden});
            if (biases == 2) {
                shapes.put("layer" + layer + "/biasIh", new int[] {rows});
                shapes.put("layer" + layer + "/biasHh", new int[] {rows});
            }
        }
        shapes.put("dense/weight", new int[] {outputs, hidden});
        shapes.put("dense/bias", new int[] {outputs});
        return shapes;
    }

    /// The first parameters by name, and `x` `[STEPS*B,T,I]` and `y` `[STEPS*B,outputs]` or `[STEPS*B,T,outputs]`.
    Map<String, float[]> numbers() {
        RandomGenerator random = LayersCase.random(~seed);
        Map<String, float[]> numbers = new LinkedHashMap<>();
        shapes().forEach((name, dims) -> {
            float[] values = new float[dims.length == 1 ? dims[0] : dims[0] * dims[1]];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (random.nextDouble(-1.5, 1.5) / Math.sqrt(hidden + input));
            }
            numbers.put(name, values);
        });
        int steps = STEPS * batch * time;
        numbers.put("x", gaussian(random, steps * input));
        numbers.put("y", gaussian(random, (head == Head.LAST ? STEPS * batch : steps) * outputs));
        return numbers;
    }

    private static float[] gaussian(RandomGenerator random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    /// PyTorch computes in double. Gradients of the mean loss are about 0.1 here and err by a tenth of what
    /// [Closeness#ofSums] allows numbers of about 1; so do the parameters, which each step rounds. A step takes an
    /// error of the gradient times the rate, times 1 / (1 - momentum) for what is remembered of it, times 1 / epsilon
    /// where the optimizer divides; the errors of all steps add up at worst.
    Closeness closeness(String name, double[] expected) {
        long terms = input + 2L * hidden + (long) batch * time;
        double error = Closeness.ofSums(terms, layers * (2L * time + 2)).absolute() / 10;
        double gain = switch (optimizer) {
            case Sgd sgd -> 1 / (1 - sgd.momentum());
            case RmsProp rmsProp -> 1 / (1 - rmsProp.momentum()) / rmsProp.epsilon();
            case Adam adam -> 1 / adam.epsilon();
            default -> throw new IllegalArgumentException("optimizer: got " + optimizer);
        };
        return new Closeness(error * (1 + STEPS * optimizer.rate() * gain), 1e-4);
    }

    @Override
    public String toString() {
        return "%s, %d layers, %d biases, B=%d, T=%d, I=%d, H=%d, %d outputs of %s, %s, %d threads".formatted(
                cell, layers, biases, batch, time, input, hidden, outputs, head, optimizer, threads);
    }
}
