package dev.rondo.cells;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.rondo.Runs;
import dev.rondo.Sequential;
import dev.rondo.data.Seeds;
import dev.rondo.examples.cells.MixedCandidateGru;
import dev.rondo.examples.cells.OutputGateGru;
import dev.rondo.examples.cells.ResetInUpdateGru;
import dev.rondo.examples.cells.SharedWeightLstm;
import dev.rondo.examples.cells.SigmoidLstm;
import dev.rondo.inference.InferenceSession;
import dev.rondo.inference.Serving;
import dev.rondo.kernels.Closeness;
import dev.rondo.layers.Cell;
import dev.rondo.layers.Input;
import dev.rondo.layers.Rnn;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.DoubleUnaryOperator;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Cells of equations as people wrote them, against the same equations in loops over numbers of double.
class WrittenCellsTest {
    private static final int UNITS = 4;
    private static final int FEATURES = 3;
    private static final int TIME = 6;
    private static final int[] LENGTHS = {6, 1, 0, 4};

    /// One step by its equations: h and c before it, which are replaced by those after it.
    private interface Plain {
        void step(Numbers p, double[] x, double[][] state);
    }

    private record Case(Cell cell, Plain plain) {
        @Override
        public String toString() {
            return cell.toString();
        }
    }

    private static final List<Case> CASES = List.of(
            new Case(new SharedWeightLstm(UNITS), (p, x, state) -> {
                double[] a = sum(p.times("input.weight", x), p.times("state.weight", state[0]));
                double[] gate = sigmoid(a);
                state[1] = sum(product(gate, state[1]), product(gate, tanh(a)));
                state[0] = product(gate, tanh(state[1]));
            }),
            new Case(new SigmoidLstm(UNITS), (p, x, state) -> {
                double[] i = sigmoid(p.gate("i", x, state[0]));
                double[] f = sigmoid(p.gate("f", x, state[0]));
                double[] g = sigmoid(p.gate("g", x, state[0]));
                state[1] = sum(product(f, state[1]), product(i, g));
                double[] o = sigmoid(sum(
                        sum(p.times("oState.weight", state[0]), p.times("oCell.weight", state[1])),
                        p.of("oCell.bias")));
                state[0] = product(o, sigmoid(state[1]));
            }),
            new Case(new ResetInUpdateGru(UNITS), (p, x, state) -> {
                double[] h = state[0];
                double[] z = sigmoid(p.gate("z", x, h));
                double[] r = sigmoid(sum(p.input("r", x), p.times("shared", h)));
                double[] n = tanh(sum(p.input("n", x), p.times("shared", product(r, h))));
                state[0] = sum(product(product(rest(z), r), h), product(z, n));
            }),
            new Case(new MixedCandidateGru(UNITS), (p, x, state) -> {
                double[] h = state[0];
                double[] a = sum(p.times("input.weight", x), p.times("state.weight", h));
                double[] r = sigmoid(a);
                double[] n = tanh(sum(product(r, h), product(rest(r), tanh(a))));
                state[0] = sum(product(r, h), product(rest(r), n));
            }),
            new Case(new OutputGateGru(UNITS), (p, x, state) -> {
                double[] h = state[0];
                double[] z = sigmoid(p.gate("z", x, h));
                double[] r = sigmoid(p.gate("r", x, h));
                double[] n = tanh(p.gate("n", x, product(r, h)));
                state[1] = sum(product(z, state[1]), product(rest(z), n));
                double[] o = sigmoid(
                        sum(sum(p.times("oState.weight", h), p.times("oCell.weight", state[1])), p.of("oCell.bias")));
                state[0] = product(tanh(state[1]), o);
            }));

    static Stream<Arguments> casesOnKernels() {
        return CASES.stream().flatMap(
                each -> Stream.of(Arguments.of(each, Choice.JAVA), Arguments.of(each, Choice.NATIVE)));
    }

    /// With lengths, in both directions.
    @ParameterizedTest
    @MethodSource("casesOnKernels")
    void cellsAreTheirEquations(Case each, Choice kernels) {
        check(each, kernels, Rnn.of(each.cell()).returnSequences(), false);
        check(each, kernels, Rnn.of(each.cell()).returnSequences().goBackwards(), true);
    }

    private static void check(Case each, Choice kernels, Rnn layer, boolean backwards) {
        Tensor x = Runs.features(Seeds.generator(1, "x", 0), LENGTHS.length, TIME, FEATURES);
        Tensor y = Tensor.zeros(DataType.FLOAT32, LENGTHS.length, TIME, UNITS);
        Map<String, double[]> parameters = new LinkedHashMap<>();
        try (Sequential model = Sequential.of(Input.features(Shape.TIME, FEATURES), layer.named("layer"))) {
            RandomGenerator random = Seeds.generator(2, "parameters", 0);
            model.parameters().forEach((name, tensor) -> {
                model.setParameter(name, Runs.features(random, tensor.shape().dims()));
                parameters.put(name.substring("layer/".length()), tensor.toDoubles());
            });
            Serving serving = Serving.standard().engine(Engine.inference().kernels(kernels));
            try (InferenceSession session = model.session(serving)) {
                session.run(x, Tensor.of(LENGTHS, LENGTHS.length), y);
            }
        }
        Numbers numbers = new Numbers(parameters);
        // Sums of x, h or c and a bias, a chain of six steps.
        Closeness closeness = Closeness.ofSums(2 * UNITS + FEATURES + 1, 2 * TIME);
        for (int row = 0; row < LENGTHS.length; row++) {
            double[][] state = {new double[UNITS], new double[UNITS]};
            for (int step = 0; step < TIME; step++) {
                int t = backwards && step < LENGTHS[row] ? LENGTHS[row] - 1 - step : step;
                double[] expected = new double[UNITS];
                if (step < LENGTHS[row]) {
                    each.plain().step(numbers, row(x, row * TIME + t, FEATURES), state);
                    expected = state[0];
                }
                closeness.check(each + " row " + row + " step " + t, expected, row(y, row * TIME + t, UNITS));
            }
        }
        assertEquals(Set.copyOf(parameters.keySet()), numbers.used());
    }

    private static double[] row(Tensor tensor, int row, int n) {
        return Arrays.copyOfRange(tensor.toDoubles(), row * n, (row + 1) * n);
    }

    /// Parameters by name, and which of them an equation has.
    private record Numbers(Map<String, double[]> parameters, Set<String> used) {
        Numbers(Map<String, double[]> parameters) {
            this(parameters, new HashSet<>());
        }

        double[] of(String name) {
            double[] numbers = parameters.get(name);
            if (numbers == null) {
                throw new AssertionError("expected " + name + ", got " + parameters.keySet());
            }
            used.add(name);
            return numbers;
        }

        double[] times(String name, double[] x) {
            double[] weights = of(name);
            double[] y = new double[weights.length / x.length];
            for (int i = 0; i < weights.length; i++) {
                y[i / x.length] += weights[i] * x[i % x.length];
            }
            return y;
        }

        /// W x + b
        double[] input(String gate, double[] x) {
            return sum(times(gate + "Input.weight", x), of(gate + "Input.bias"));
        }

        /// W x + b + U h
        double[] gate(String gate, double[] x, double[] h) {
            return sum(input(gate, x), times(gate + "State.weight", h));
        }
    }

    private static double[] sum(double[] a, double[] b) {
        return IntStream.range(0, a.length).mapToDouble(i -> a[i] + b[i]).toArray();
    }

    private static double[] product(double[] a, double[] b) {
        return IntStream.range(0, a.length).mapToDouble(i -> a[i] * b[i]).toArray();
    }

    private static double[] each(double[] a, DoubleUnaryOperator function) {
        return Arrays.stream(a).map(function).toArray();
    }

    private static double[] sigmoid(double[] a) {
        return each(a, v -> 1 / (1 + Math.exp(-v)));
    }

    private static double[] tanh(double[] a) {
        return each(a, Math::tanh);
    }

    private static double[] rest(double[] a) {
        return each(a, v -> 1 - v);
    }
}
