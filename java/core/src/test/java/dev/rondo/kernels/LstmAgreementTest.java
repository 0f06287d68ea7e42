package dev.rondo.kernels;

import dev.rondo.graph.Gradients;
import dev.rondo.graph.Op.Direction;
import dev.rondo.graph.RecurrentCell;
import dev.rondo.graph.Value;
import dev.rondo.plan.Extents;
import dev.rondo.tensor.DataType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// The native LSTM of every instruction set that runs here against the reference, forward and backward, with all that
/// is optional and without, at sizes that leave every tail of 4, 8 and 16 lanes and of 6 rows.
class LstmAgreementTest {
    private static final List<int[]> SIZES =
            List.of(
                    new int[] {1, 1}, new int[] {3, 4}, new int[] {5, 7}, new int[] {8, 8}, new int[] {9, 15},
                    new int[] {16, 16}, new int[] {17, 17}, new int[] {2, 31}, new int[] {64, 33}, new int[] {13, 53});
    private static final List<Extents> EXTENTS =
            List.of(Extents.of(1, 1), Extents.of(1, 9), Extents.of(5, 1), Extents.of(6, 4), Extents.of(13, 7));
    private static final long SEED = 4711;
    private static final List<Probes.Variant> VARIANTS = List.of(
            new Probes.Variant(Probes.Biases.NONE, Direction.FORWARD, false, false, false, List.of("y")),
            new Probes.Variant(Probes.Biases.IH, Direction.FORWARD, false, false, false, List.of("y", "hN", "cN")),
            new Probes.Variant(Probes.Biases.NONE, Direction.FORWARD, false, true, false, List.of("y", "hN", "cN")),
            new Probes.Variant(Probes.Biases.IH, Direction.FORWARD, false, false, false, List.of("hN", "cN")),
            new Probes.Variant(Probes.Biases.IH, Direction.FORWARD, true, true, false, List.of("y", "hN", "cN")),
            new Probes.Variant(Probes.Biases.NONE, Direction.FORWARD, true, false, false, List.of("y")));

    static Stream<Arguments> probes() {
        List<Arguments> all = new ArrayList<>();
        for (String isa : Engines.isas()) {
            for (int[] size : SIZES) {
                for (Probes.Variant variant : VARIANTS) {
                    Probe probe = Probes.recurrent(RecurrentCell.LSTM, variant, size[0], size[1]);
                    all.add(Arguments.of(isa, probe, size[0] + size[1]));
                }
            }
        }
        return all.stream();
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("probes")
    void nativeAgreesWithReference(String isa, Probe probe, int terms) {
        for (Extents extents : EXTENTS) {
            for (int threads : List.of(1, 2)) {
                check(isa, probe, terms, extents, threads);
            }
        }
    }

    private static void check(String isa, Probe probe, int terms, Extents extents, int threads) {
        Gradients gradients = probe.gradients();
        Map<Value, double[]> feed = probe.feed(gradients.graph(), SEED, extents);
        Map<String, double[]> expected = Probe.run(gradients, feed, Engines.reference(), DataType.FLOAT32, extents);
        Map<String, double[]> actual =
                Probe.run(gradients, feed, Engines.natives(isa, threads), DataType.FLOAT32, extents);
        // Gates sum I + H terms, weight gradients B T; steps forth and back make the chain.
        Closeness closeness =
                Closeness.ofSums(terms + (long) extents.batch() * extents.time(), 2L * extents.time() + 2);
        expected.forEach(
                (name, numbers) ->
                        closeness.check(
                                "%s %d threads %s %s seed %d: %s".formatted(isa, threads, probe, extents, SEED, name),
                                numbers, actual.get(name)));
    }
}
