package dev.rondo.kernels;

import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.rondo.graph.Gradients;
import dev.rondo.graph.RecurrentCell;
import dev.rondo.graph.Value;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Parameters;
import dev.rondo.plan.Plan;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Extents;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The reference's gradients in float64 against central differences (f(x+h) - f(x-h)) / 2h of random scalars of the
/// outputs, for every element of every float input.
///
/// With h = 1e-5 and third derivatives of f around 10 the difference errs by h² f''' / 6, about 2e-10, and by the
/// rounding of f, eps |f| / h = 1e-16 * 100 / 1e-5 = 1e-9; 1e-7 leaves two orders of magnitude for steeper places, and
/// a wrong formula errs by about 1.
class FiniteDifferenceTest {
    private static final double STEP = 1e-5;
    private static final Closeness CLOSE = new Closeness(1e-7, 1e-7);
    private static final long SEED = 20260101;

    static Stream<Probe> probes() {
        return Stream.of(Probes.all(3), Probes.all(1)).flatMap(List::stream);
    }

    static Stream<RecurrentCell> cells() {
        return Stream.of(RecurrentCell.values());
    }

    @ParameterizedTest
    @MethodSource("probes")
    void gradientsAreSlopes(Probe probe) {
        for (Extents extents : List.of(Extents.of(3, 4), Extents.of(1, 1), Extents.of(2, 3))) {
            check(probe, extents);
        }
    }

    @ParameterizedTest
    @MethodSource("cells")
    void gradientsOfCellsAreSlopes(RecurrentCell cell) {
        for (Probes.Variant variant : Probes.everyVariant(cell)) {
            check(Probes.recurrent(cell, variant, 3, 2), Extents.of(3, 4));
        }
        for (Probes.Variant variant : Probes.someVariants(cell)) {
            check(Probes.recurrent(cell, variant, 1, 1), Extents.of(1, 1));
            check(Probes.recurrent(cell, variant, 2, 3), Extents.of(2, 3));
            check(Probes.recurrent(cell, variant, 4, 5), Extents.of(4, 2));
        }
    }

    static void check(Probe probe, Extents extents) {
        Gradients gradients = probe.gradients();
        Map<Value, double[]> feed = probe.feed(gradients.graph(), SEED, extents);
        Engine engine = Engine.java().engine();
        try (Parameters parameters = Parameters.of(gradients.graph(), DataType.FLOAT64);
                Plan plan = Plan.training(gradients, parameters, engine, extents)) {
            Map<String, double[]> results = Probe.run(plan, gradients, feed, extents);
            assertFalse(probe.wanted().isEmpty());
            for (Value value : probe.wanted()) {
                double[] numbers = feed.get(value);
                double[] slopes = new double[numbers.length];
                for (int i = 0; i < numbers.length; i++) {
                    slopes[i] = (moved(plan, feed, value, i, STEP, extents) - moved(plan, feed, value, i, -STEP, extents))
                            / (2 * STEP);
                }
                CLOSE.check(
                        probe + " " + extents + " seed " + SEED + ": d" + value.name(), slopes,
                        results.get("d" + value.name()));
            }
        }
    }

    /// The scalar with one number moved.
    private static double moved(
            Plan plan, Map<Value, double[]> feed, Value value, int i, double step, Extents extents) {
        double[] numbers = feed.get(value);
        double before = numbers[i];
        numbers[i] = before + step;
        Probe.write(plan, feed, extents);
        numbers[i] = before;
        plan.run(extents.batch(), extents.time());
        return plan.scalar(plan.graph().output("loss"));
    }
}
