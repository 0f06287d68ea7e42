package dev.rondo.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.graph.Gradients;
import dev.rondo.graph.Op.Direction;
import dev.rondo.graph.RecurrentCell;
import dev.rondo.graph.Value;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Parameters;
import dev.rondo.plan.Plan;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Extents;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// The norm of dL/dh at each step, as the reference gives it, against central differences: a sequence is cut behind the
/// step, the rest of it begins at the state found there, and each number of that state is moved.
///
/// The differences always walk forward, over sequences that the test turns round itself where the cell walks back, so
/// that they say what the reverse direction means.
class StateNormsTest {
    private static final int BATCH = 3;
    private static final int TIME = 4;
    private static final int INPUT = 2;
    private static final int HIDDEN = 3;
    private static final Extents EXTENTS = Extents.of(BATCH, TIME);
    private static final long SEED = 20261120;
    private static final double STEP = 1e-5;

    /// As in [FiniteDifferenceTest].
    private static final Closeness CLOSE = new Closeness(1e-7, 1e-7);

    static Stream<Arguments> cells() {
        List<Arguments> all = new ArrayList<>();
        for (RecurrentCell cell : RecurrentCell.values()) {
            for (Direction direction : Direction.values()) {
                all.add(Arguments.of(cell, direction));
            }
        }
        return all.stream();
    }

    @ParameterizedTest
    @MethodSource("cells")
    void normsAreThoseOfSlopes(RecurrentCell cell, Direction direction) {
        for (boolean ragged : new boolean[] {false, true}) {
            for (boolean mask : new boolean[] {false, true}) {
                check(cell, direction, ragged, mask);
            }
        }
    }

    private static Probes.Variant variant(Direction direction, boolean ragged, boolean mask) {
        return new Probes.Variant(
                Probes.Biases.IH_AND_HH, direction, ragged, true, mask, List.of("y", "hN", "cN"));
    }

    private static void check(RecurrentCell cell, Direction direction, boolean ragged, boolean mask) {
        Probe probe = Probes.recurrent(cell, variant(direction, ragged, mask), INPUT, HIDDEN);
        Gradients gradients = probe.gradients().withStateNorms();
        Map<Value, double[]> feed = probe.feed(gradients.graph(), SEED, EXTENTS);
        Map<String, double[]> given = new HashMap<>();
        feed.forEach((value, numbers) -> given.put(value.name(), numbers));
        double[] lengths = given.computeIfAbsent("lengths", name -> filled(BATCH, TIME));
        if (direction == Direction.REVERSE) {
            given.computeIfPresent("x", (name, x) -> turned(x, lengths, INPUT));
            given.computeIfPresent("mix.node", (name, mix) -> turned(mix, lengths, HIDDEN));
        }
        double[] norms = get(
                Probe.run(gradients, feed, Engines.reference(), DataType.FLOAT64, EXTENTS), "node.dhNorms");
        double[] expected = new double[TIME];
        try (Walk walk = new Walk(cell, mask, given)) {
            for (int s = 0; s < TIME; s++) {
                double[][] slopes = walk.slopesAfter(s);
                for (int b = 0; b < BATCH; b++) {
                    if (s < lengths[b]) {
                        int place = direction == Direction.FORWARD ? s : (int) lengths[b] - 1 - s;
                        expected[place] += Arrays.stream(slopes[b]).map(slope -> slope * slope).sum();
                    }
                }
            }
        }
        assertTrue(Arrays.stream(expected).anyMatch(square -> square > 0));
        CLOSE.check(probe.toString(), Arrays.stream(expected).map(Math::sqrt).toArray(), norms);
    }

    /// Runs a cell forward over parts of sequences.
    private static final class Walk implements AutoCloseable {
        private final Map<String, double[]> given;
        private final double[] lengths;
        private final boolean hasC;
        private final Parameters parameters;
        private final Plan plan;

        Walk(RecurrentCell cell, boolean mask, Map<String, double[]> given) {
            this.given = given;
            lengths = get(given, "lengths");
            hasC = cell.hasC();
            Gradients gradients =
                    Probes.recurrent(cell, variant(Direction.FORWARD, true, mask), INPUT, HIDDEN).gradients();
            parameters = Parameters.of(gradients.graph(), DataType.FLOAT64);
            plan = Plan.inference(gradients.graph(), parameters, Engine.java().engine(), EXTENTS);
            assertEquals(given.keySet(), names(gradients));
        }

        private static Set<String> names(Gradients gradients) {
            return gradients.graph().inputs().stream().map(Value::name)
                    .collect(Collectors.toSet());
        }

        /// dL/dh behind step s, `[B][H]`.
        double[][] slopesAfter(int s) {
            Map<String, double[]> first = run(Map.of("lengths", limited(s + 1)));
            double[] h = get(first, "node.hN");
            Map<String, double[]> rest = new HashMap<>();
            rest.put("lengths", Arrays.stream(lengths).map(length -> Math.max(length - s - 1, 0)).toArray());
            rest.put("x", shifted(get(given, "x"), s + 1, INPUT));
            rest.put("mix.node", shifted(get(given, "mix.node"), s + 1, HIDDEN));
            if (hasC) {
                rest.put("c0", get(first, "node.cN"));
            }
            double[][] slopes = new double[BATCH][HIDDEN];
            for (int b = 0; b < BATCH; b++) {
                for (int unit = 0; unit < HIDDEN; unit++) {
                    int i = b * HIDDEN + unit;
                    double direct = get(given, "mix.node")[(b * TIME + s) * HIDDEN + unit];
                    slopes[b][unit] = direct + (loss(rest, moved(h, i, STEP)) - loss(rest, moved(h, i, -STEP)))
                            / (2 * STEP);
                }
            }
            return slopes;
        }

        private double loss(Map<String, double[]> rest, double[] h) {
            Map<String, double[]> changed = new HashMap<>(rest);
            changed.put("h0", h);
            return get(run(changed), "loss")[0];
        }

        private double[] limited(int steps) {
            return Arrays.stream(lengths).map(length -> Math.min(length, steps)).toArray();
        }

        private Map<String, double[]> run(Map<String, double[]> changed) {
            Map<Value, double[]> feed = new LinkedHashMap<>();
            for (Value input : plan.graph().inputs()) {
                feed.put(input, changed.getOrDefault(input.name(), get(given, input.name())));
            }
            Probe.write(plan, feed, EXTENTS);
            plan.run(BATCH, TIME);
            return Probe.read(plan, EXTENTS);
        }

        @Override
        public void close() {
            plan.close();
            parameters.close();
        }
    }

    private static double[] get(Map<String, double[]> numbers, String name) {
        return Objects.requireNonNull(numbers.get(name), name);
    }

    private static double[] filled(int count, double number) {
        double[] numbers = new double[count];
        Arrays.fill(numbers, number);
        return numbers;
    }

    private static double[] moved(double[] numbers, int i, double step) {
        double[] moved = numbers.clone();
        moved[i] += step;
        return moved;
    }

    /// `[B,T,n]` with each sequence's real steps in reverse order.
    private static double[] turned(double[] numbers, double[] lengths, int n) {
        double[] turned = numbers.clone();
        for (int b = 0; b < BATCH; b++) {
            for (int s = 0; s < lengths[b]; s++) {
                System.arraycopy(
                        numbers, (b * TIME + (int) lengths[b] - 1 - s) * n, turned, (b * TIME + s) * n, n);
            }
        }
        return turned;
    }

    /// `[B,T,n]` without its first steps, and as many zeros behind it.
    private static double[] shifted(double[] numbers, int steps, int n) {
        double[] shifted = new double[numbers.length];
        for (int b = 0; b < BATCH; b++) {
            System.arraycopy(
                    numbers, (b * TIME + steps) * n, shifted, b * TIME * n, (TIME - steps) * n);
        }
        return shifted;
    }
}
