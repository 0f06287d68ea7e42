package dev.rondo.kernels;

import static dev.rondo.tensor.Shape.BATCH;
import static dev.rondo.tensor.Shape.TIME;

import dev.rondo.graph.Graph;
import dev.rondo.graph.Op;
import dev.rondo.graph.RecurrentCell;
import dev.rondo.graph.Value;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Parameters;
import dev.rondo.plan.Plan;
import dev.rondo.tensor.Extents;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// NaN, infinities, zeros of both signs, denormals, saturating and huge numbers come out of every native forward
/// operation as they do of the reference. Native kernels take denormals for zeros, so the reference is given zeros.
class SpecialValuesTest {
    private static final double[] SPECIALS = {
        Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 0.0, -0.0, Float.MIN_VALUE, -Float.MIN_VALUE,
        0x1p-127, 90, -90, 1e4, -1e4, 1e30, -1e30, 1, -1, 0.5
    };
    private static final Extents EXTENTS = Extents.of(3, 5);
    private static final long SEED = 11;

    /// Mostly ordinary numbers, with a special one in about one of ten.
    private static final Probe.Draw SOMETIMES = (random, extents) ->
            random.nextInt(10) > 0 ? random.nextGaussian() : SPECIALS[random.nextInt(SPECIALS.length)];

    private static final Probe.Draw ALWAYS = (random, extents) -> SPECIALS[random.nextInt(SPECIALS.length)];

    private static final Probe.Draw ORDINARY = (random, extents) -> random.nextGaussian();

    static Stream<Arguments> probes() {
        List<Arguments> all = new ArrayList<>();
        for (String isa : Engines.isas()) {
            for (int n : List.of(1, 7, 16, 37)) {
                forward(n).forEach(probe -> all.add(Arguments.of(isa, probe)));
            }
        }
        return all.stream();
    }

    private static List<Probe> forward(int n) {
        List<Probe> probes = new ArrayList<>();
        for (Op.UnaryKind kind : Op.UnaryKind.values()) {
            probes.add(new Probe(kind + " n=" + n).constants("x", ALWAYS, BATCH, TIME, n).node(new Op.Unary(kind),
                    "y"));
        }
        for (Op.BinaryKind kind : Op.BinaryKind.values()) {
            probes.add(new Probe(kind + " n=" + n).constants("a", ALWAYS, BATCH, TIME, n)
                    .constants("b", ALWAYS, BATCH, TIME, n).node(new Op.Binary(kind), "y"));
        }
        for (Op.ReduceKind kind : Op.ReduceKind.values()) {
            for (int from = 0; from < 3; from++) {
                probes.add(new Probe("%s from %d n=%d".formatted(kind, from, n))
                        .constants("x", SOMETIMES, BATCH, TIME, n).node(new Op.Reduce(kind, from, 3), "y"));
                probes.add(new Probe("%s to %d n=%d".formatted(kind, from + 1, n))
                        .constants("x", SOMETIMES, BATCH, TIME, n).node(new Op.Reduce(kind, 0, from + 1), "y"));
            }
        }
        probes.add(new Probe("softmax n=" + n).constants("x", SOMETIMES, BATCH, TIME, n).node(new Op.Softmax(), "y"));
        probes.add(new Probe("matmul n=" + n).constants("a", SOMETIMES, BATCH, TIME, 6).constants("b", ORDINARY, n, 6)
                .node(new Op.MatMul(Op.Transpose.B), "y"));
        for (Op.LossKind kind : Op.LossKind.values()) {
            probes.add(new Probe(kind + " loss n=" + n).constants("x", SOMETIMES, BATCH, TIME, n)
                    .constants("targets", SOMETIMES, BATCH, TIME, n)
                    .node(new Op.ElementwiseLoss(kind), "loss", "squaredError", "absoluteError", "correct", "count"));
        }
        for (RecurrentCell cell : RecurrentCell.values()) {
            Probe probe = new Probe(cell + " n=" + n).constants("x", SOMETIMES, BATCH, TIME, 3)
                    .constants("weightIh", ORDINARY, cell.gates() * n, 3)
                    .constants("weightHh", ORDINARY, cell.gates() * n, n);
            if (cell.hasPeepholes()) {
                probe.constants("peepholes", ORDINARY, 3 * n);
            }
            probe.node(new Op.Recurrent(cell), cell.hasC() ? new String[] {"y", "hN", "cN"} : new String[] {"y", "hN"});
            probes.add(probe);
        }
        return probes;
    }

    private static double flushed(double number) {
        return Math.abs(number) < Float.MIN_NORMAL ? Math.copySign(0, number) : number;
    }

    private static Map<String, double[]> run(Graph graph, Map<Value, double[]> feed, Engine engine) {
        try (Parameters parameters = Parameters.of(graph);
                Plan plan = Plan.inference(graph, parameters, engine, EXTENTS)) {
            Probe.write(plan, feed, EXTENTS);
            plan.run(EXTENTS.batch(), EXTENTS.time());
            return Probe.read(plan, EXTENTS);
        }
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("probes")
    void nativeAgreesWithReference(String isa, Probe probe) {
        Graph graph = probe.forward();
        Map<Value, double[]> feed = probe.feed(graph, SEED, EXTENTS);
        Map<String, double[]> actual = run(graph, feed, Engines.natives(isa, 1));
        feed.replaceAll((value, numbers) -> Arrays.stream(numbers).map(SpecialValuesTest::flushed).toArray());
        Map<String, double[]> expected = run(graph, feed, Engines.reference());
        // Sums of numbers up to 1e4 next to ordinary ones: the rounding of the former.
        Closeness sums = Closeness.ofSums(600, 4);
        Closeness closeness = new Closeness(sums.absolute() * 100, sums.relative());
        expected.forEach((name, numbers) -> closeness.check(
                "%s %s seed %d: %s".formatted(isa, probe, SEED, name), numbers, actual.get(name)));
    }
}
