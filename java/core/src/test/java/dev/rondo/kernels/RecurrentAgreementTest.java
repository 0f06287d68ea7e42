package dev.rondo.kernels;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.graph.Gradients;
import dev.rondo.graph.RecurrentCell;
import dev.rondo.graph.Value;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Extents;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// The native cells of every instruction set that runs here against the reference, forward and backward, with all that
/// is optional and without, in both directions, at sizes that leave every tail of 4, 8 and 16 lanes and of 6 rows.
class RecurrentAgreementTest {
    private static final List<int[]> SIZES =
            List.of(
                    new int[] {1, 1}, new int[] {3, 4}, new int[] {5, 7}, new int[] {8, 8}, new int[] {9, 15},
                    new int[] {16, 16}, new int[] {17, 17}, new int[] {2, 31}, new int[] {64, 33}, new int[] {13, 53});
    private static final List<Extents> EXTENTS =
            List.of(Extents.of(1, 1), Extents.of(1, 9), Extents.of(5, 1), Extents.of(6, 4), Extents.of(13, 7));
    private static final long SEED = 4711;

    static Stream<Arguments> cells() {
        List<Arguments> all = new ArrayList<>();
        for (String isa : Engines.isas()) {
            for (RecurrentCell cell : RecurrentCell.values()) {
                all.add(Arguments.of(isa, cell));
            }
        }
        return all.stream();
    }

    @ParameterizedTest
    @MethodSource("cells")
    void nativeAgreesWithReference(String isa, RecurrentCell cell) {
        for (int[] size : SIZES) {
            for (Probes.Variant variant : Probes.someVariants(cell)) {
                Probe probe = Probes.recurrent(cell, variant, size[0], size[1]);
                for (Extents extents : EXTENTS) {
                    check(isa, probe, size[0] + size[1], extents);
                }
            }
        }
    }

    /// Everything optional, in all combinations.
    @ParameterizedTest
    @MethodSource("cells")
    void everyVariantAgrees(String isa, RecurrentCell cell) {
        for (Probes.Variant variant : Probes.everyVariant(cell)) {
            check(isa, Probes.recurrent(cell, variant, 6, 19), 25, Extents.of(5, 4));
        }
    }

    static void check(String isa, Probe probe, int terms, Extents extents) {
        Gradients gradients = probe.gradients().withStateNorms();
        Map<Value, double[]> feed = probe.feed(gradients.graph(), SEED, extents);
        Map<String, double[]> expected = Probe.run(gradients, feed, Engines.reference(), DataType.FLOAT32, extents);
        // Gates sum I + H terms, weight gradients B T; steps forth and back make the chain.
        Closeness closeness =
                Closeness.ofSums(terms + (long) extents.batch() * extents.time(), 2L * extents.time() + 2);
        Map<String, double[]> first = Map.of();
        for (int threads : List.of(1, 2)) {
            Map<String, double[]> actual =
                    Probe.run(gradients, feed, Engines.natives(isa, threads), DataType.FLOAT32, extents);
            String what = "%s %d threads %s %s seed %d: ".formatted(isa, threads, probe, extents, SEED);
            assertTrue(expected.containsKey("node.dhNorms"), what);
            expected.forEach((name, numbers) -> closeness.check(what + name, numbers, actual.get(name)));
            if (threads == 1) {
                first = actual;
            } else {
                first.forEach((name, numbers) -> Closeness.EXACT.check(what + name, numbers, actual.get(name)));
            }
        }
    }
}
