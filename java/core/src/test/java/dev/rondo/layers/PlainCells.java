package dev.rondo.layers;

import java.util.Arrays;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

/// Recurrent layers by their equations, for one sequence in double: written for tests, and sharing nothing with what
/// they test.
final class PlainCells {
    private final Map<String, double[]> parameters;
    private final RecurrentSettings settings;
    private final int units;

    /// What a layer gives.
    ///
    /// @param h after each step
    /// @param c after the last step; empty of layers without it
    record Run(double[][] h, double[] c) {}

    private PlainCells(RecurrentSettings settings, Map<String, double[]> parameters) {
        this.parameters = parameters;
        this.settings = settings;
        units = settings.units();
    }

    /// @param parameters by their names within the layer
    /// @param x a row for each step
    static Run run(Recurrent<?> layer, Map<String, double[]> parameters, double[][] x, double[] h0, double[] c0) {
        PlainCells cells = new PlainCells(layer.settings(), parameters);
        double[][] h = new double[x.length][];
        double[] before = h0;
        double[] c = c0;
        for (int t = 0; t < x.length; t++) {
            switch (layer) {
                case Lstm lstm -> {
                    double[][] next = cells.lstm(lstm, x[t], before, c);
                    h[t] = next[0];
                    c = next[1];
                }
                case Gru gru -> h[t] = cells.gru(gru, x[t], before);
                case SimpleRnn rnn -> h[t] = cells.activate(rnn.activation(), cells.gate(0, x[t], before));
            }
            before = h[t];
        }
        return new Run(h, c);
    }

    private double[][] lstm(Lstm layer, double[] x, double[] h, double[] c) {
        LstmForm form = layer.form();
        boolean coupled = form.forgetGate() == LstmForm.ForgetGate.COUPLED;
        boolean peepholes = layer.variant() == Lstm.Variant.PEEPHOLES;
        double[] i = gate(0, x, h);
        double[] f = gate(1, x, h);
        double[] g = gate(coupled ? 1 : 2, x, h);
        double[] o = gate(coupled ? 2 : 3, x, h);
        if (peepholes) {
            i = peep(0, i, c);
            f = peep(1, f, c);
        }
        i = activate(form.gateActivation(), i);
        f = activate(form.gateActivation(), f);
        g = activate(form.candidateActivation(), g);
        double[] cNext = new double[units];
        for (int k = 0; k < units; k++) {
            double forget = coupled ? 1 - i[k] : f[k];
            cNext[k] = Math.clamp(forget * c[k] + i[k] * g[k], -form.cellClip(), form.cellClip());
        }
        o = activate(form.gateActivation(), peepholes ? peep(coupled ? 1 : 2, o, cNext) : o);
        double[] seen = activate(form.outputActivation(), cNext);
        double[] given = new double[units];
        for (int k = 0; k < units; k++) {
            given[k] = o[k] * seen[k];
        }
        return new double[][] {form.projection() == 0 ? given : product("weightHr", form.projection(), given), cNext};
    }

    private double[] peep(int number, double[] sum, double[] c) {
        double[] weights = of("peepholes");
        return IntStream.range(0, units)
                .mapToDouble(k -> sum[k] + weights[number * units + k] * c[k])
                .toArray();
    }

    private double[] gru(Gru layer, double[] x, double[] h) {
        double[] r = activate(layer.gateActivation(), gate(0, x, h));
        double[] z = activate(layer.gateActivation(), gate(1, x, h));
        double[] inside = switch (layer.reset()) {
            case AFTER -> {
                double[] product = rows("weightHh", 2, h);
                double[] bias = switch (settings.biases()) {
                    case NONE -> new double[units];
                    case ONE -> of("biasHn");
                    case TWO -> cut("biasHh", 2);
                };
                double[] input = rows("weightIh", 2, x);
                double[] own = switch (settings.biases()) {
                    case NONE -> new double[units];
                    case ONE -> cut("bias", 2);
                    case TWO -> cut("biasIh", 2);
                };
                yield sum(k -> input[k] + own[k] + r[k] * (product[k] + bias[k]));
            }
            case BEFORE -> {
                double[] reset = new double[units];
                for (int k = 0; k < units; k++) {
                    reset[k] = r[k] * h[k];
                }
                yield gate(2, x, reset);
            }
        };
        double[] n = activate(layer.candidateActivation(), inside);
        return sum(k -> (1 - z[k]) * n[k] + z[k] * h[k]);
    }

    private interface Unit {
        double of(int k);
    }

    private double[] sum(Unit unit) {
        return IntStream.range(0, units).mapToDouble(unit::of).toArray();
    }

    /// W x + U h + all biases of a gate; of one that a coupled LSTM lacks nothing that counts.
    private double[] gate(int gate, double[] x, double[] h) {
        double[] input = rows("weightIh", gate, x);
        double[] state = rows("weightHh", gate, h);
        return switch (settings.biases()) {
            case NONE -> sum(k -> input[k] + state[k]);
            case ONE -> sum(k -> input[k] + state[k] + cut("bias", gate)[k]);
            case TWO -> sum(k -> input[k] + state[k] + cut("biasIh", gate)[k] + cut("biasHh", gate)[k]);
        };
    }

    private double[] of(String name) {
        double[] numbers = parameters.get(name);
        if (numbers == null) {
            throw new AssertionError("expected " + name + ", got " + parameters.keySet());
        }
        return numbers;
    }

    private double[] cut(String name, int gate) {
        return Arrays.copyOfRange(of(name), gate * units, (gate + 1) * units);
    }

    private double[] rows(String name, int gate, double[] x) {
        double[] weights = of(name);
        int from = gate * units * x.length;
        return product(Arrays.copyOfRange(weights, from, from + units * x.length), units, x);
    }

    private double[] product(String name, int rows, double[] x) {
        return product(of(name), rows, x);
    }

    private static double[] product(double[] weights, int rows, double[] x) {
        double[] y = new double[rows];
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < x.length; column++) {
                y[row] += weights[row * x.length + column] * x[column];
            }
        }
        return y;
    }

    private double[] activate(Activation activation, double[] input) {
        double max = settings.inputClip();
        double[] x = Arrays.stream(input).map(number -> Math.clamp(number, -max, max)).toArray();
        if (activation == Activation.SOFTMAX) {
            double total = Arrays.stream(x).map(Math::exp).sum();
            return Arrays.stream(x).map(number -> Math.exp(number) / total).toArray();
        }
        DoubleUnaryOperator function = switch (activation) {
            case LINEAR -> v -> v;
            case SIGMOID -> v -> 1 / (1 + Math.exp(-v));
            case TANH -> Math::tanh;
            case RELU -> v -> Math.max(v, 0);
            case SOFTPLUS -> v -> Math.log1p(Math.exp(v));
            case SILU -> v -> v / (1 + Math.exp(-v));
            case ELU -> v -> v > 0 ? v : Math.expm1(v);
            case HARD_SIGMOID -> v -> Math.clamp((v + 3) / 6, 0.0, 1.0);
            case HARD_SIGMOID_KERAS2 -> v -> Math.clamp(0.2 * v + 0.5, 0.0, 1.0);
            case LEAKY_RELU -> v -> v > 0 ? v : 0.2 * v;
            case GELU, SOFTMAX -> throw new IllegalArgumentException(activation + " has no plain form");
        };
        return Arrays.stream(x).map(function).toArray();
    }
}
