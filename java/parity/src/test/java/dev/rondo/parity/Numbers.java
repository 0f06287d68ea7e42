package dev.rondo.parity;

import dev.rondo.graph.RecurrentCell;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.random.RandomGenerator;

/// All that a [LayersCase] is given, by the names of the graph's inputs and parameters: numbers that float32 holds,
/// drawn from the case's seed.
final class Numbers {
    /// In the padding of x, where nobody should look.
    private static final double PADDING = 50;

    private final LayersCase layers;
    private final RandomGenerator random;
    private final Map<String, double[]> byName = new LinkedHashMap<>();

    private Numbers(LayersCase layers, RandomGenerator random) {
        this.layers = layers;
        this.random = random;
        int batch = layers.batch();
        int hidden = layers.hidden();
        double[] lengths = draw("lengths", batch, 1);
        for (int b = 0; b < batch; b++) {
            lengths[b] = layers.ragged() ? 1 + random.nextInt(layers.time()) : layers.time();
        }
        double[] x = draw("x", batch * layers.time() * layers.input(), 1);
        for (int i = 0; i < x.length; i++) {
            int step = i / layers.input();
            x[i] *= step % layers.time() < lengths[step / layers.time()] ? 1 : PADDING;
        }
        for (int part = 0; part < layers.parts(); part++) {
            String name = layers.part(part);
            int rows = layers.cell().gates() * hidden;
            int inputs = layers.inputSize(part / layers.directions());
            // Weights such that gates neither saturate nor stay at their centre, and that states do not grow: a
            // rectified unit that feeds itself does so with at most 1.1.
            double limit = 1.5 / Math.sqrt(inputs + hidden);
            uniform(name + "/weightIh", rows * inputs, limit);
            uniform(name + "/weightHh", rows * hidden, limit);
            uniform(name + "/biasIh", rows, 0.5);
            uniform(name + "/biasHh", rows, 0.5);
            for (String state : new String[] {"/h0", "/c0"}) {
                draw(name + state, batch * hidden, 0.7);
            }
            for (String result : new String[] {"", ".hN", ".cN"}) {
                draw("given." + name + result, batch * hidden * (result.isEmpty() ? layers.time() : 1), 1);
            }
        }
    }

    /// Draws the numbers of a case.
    static Numbers of(LayersCase layers) {
        RandomGenerator random = LayersCase.random(~layers.seed());
        Numbers numbers = new Numbers(layers, random);
        while (layers.cell() == RecurrentCell.RNN_RELU && numbers.atTheBend()) {
            numbers = new Numbers(layers, random);
        }
        return numbers;
    }

    /// The numbers of a name.
    double[] get(String name) {
        double[] numbers = byName.get(name);
        if (numbers == null) {
            throw new IllegalArgumentException("numbers: expected one of " + byName.keySet() + ", got " + name);
        }
        return numbers;
    }

    int length(int b) {
        return (int) get("lengths")[b];
    }

    private double[] draw(String name, int count, double deviation) {
        double[] numbers = new double[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = (float) (deviation * random.nextGaussian());
        }
        byName.put(name, numbers);
        return numbers;
    }

    private void uniform(String name, int count, double limit) {
        double[] numbers = new double[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = (float) random.nextDouble(-limit, limit);
        }
        byName.put(name, numbers);
    }

    /// Whether rectified layers have a sum so close to 0 that rounding may decide on which side of the bend it lies,
    /// and with it whether a gradient passes: within 4 eps (2 + log2 n) for n products, ten times what such a sum errs
    /// by as a rule. Of sums without any term, which are 0 whoever computes them, none is.
    private boolean atTheBend() {
        int batch = layers.batch();
        int time = layers.time();
        int hidden = layers.hidden();
        double[] in = get("x");
        for (int layer = 0; layer < layers.layers(); layer++) {
            int inputs = layers.inputSize(layer);
            int width = layers.directions() * hidden;
            double margin = 4 * 0x1p-24 * (2 + Math.log(inputs + hidden) / Math.log(2));
            double[] out = new double[batch * time * width];
            for (int direction = 0; direction < layers.directions(); direction++) {
                String name = layers.part(layer * layers.directions() + direction);
                double[] w = get(name + "/weightIh");
                double[] u = get(name + "/weightHh");
                for (int b = 0; b < batch; b++) {
                    double[] h = new double[hidden];
                    if (layers.states()) {
                        System.arraycopy(get(name + "/h0"), b * hidden, h, 0, hidden);
                    }
                    for (int s = 0; s < length(b); s++) {
                        int row = b * time + (direction == 0 ? s : length(b) - 1 - s);
                        double[] next = new double[hidden];
                        for (int j = 0; j < hidden; j++) {
                            double sum = bias(name, j) + dot(w, j * inputs, in, row * inputs, inputs)
                                    + dot(u, j * hidden, h, 0, hidden);
                            if (sum != 0 && Math.abs(sum) < margin) {
                                return true;
                            }
                            next[j] = Math.max(sum, 0);
                        }
                        h = next;
                        System.arraycopy(h, 0, out, row * width + direction * hidden, hidden);
                    }
                }
            }
            in = out;
        }
        return false;
    }

    private double bias(String part, int j) {
        double sum = layers.biases() > 0 ? get(part + "/biasIh")[j] : 0;
        return layers.biases() > 1 ? sum + get(part + "/biasHh")[j] : sum;
    }

    private static double dot(double[] a, int aFrom, double[] b, int bFrom, int count) {
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += a[aFrom + i] * b[bFrom + i];
        }
        return sum;
    }
}
