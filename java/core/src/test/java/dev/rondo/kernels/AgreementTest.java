package dev.rondo.kernels;

import dev.rondo.graph.Gradients;
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

/// Native kernels of every instruction set that runs here against the reference, both in float32, for every operation
/// and its gradient, at sizes that leave every tail of 4, 8 and 16 lanes.
class AgreementTest {
    private static final List<Integer> SIZES = List.of(1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 37);
    private static final List<Extents> EXTENTS = List.of(Extents.of(1, 1), Extents.of(3, 5), Extents.of(7, 2));
    private static final long SEED = 77;

    static Stream<Arguments> probes() {
        List<Arguments> all = new ArrayList<>();
        for (String isa : Engines.isas()) {
            for (int size : SIZES) {
                Probes.all(size).forEach(probe -> all.add(Arguments.of(isa, probe, size)));
            }
        }
        return all.stream();
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("probes")
    void nativeAgreesWithReference(String isa, Probe probe, int size) {
        for (Extents extents : EXTENTS) {
            Gradients gradients = probe.gradients();
            Map<Value, double[]> feed = probe.feed(gradients.graph(), SEED, extents);
            Map<String, double[]> expected =
                    Probe.run(gradients, feed, Engines.reference(), DataType.FLOAT32, extents);
            Map<String, double[]> actual =
                    Probe.run(gradients, feed, Engines.natives(isa, 2), DataType.FLOAT32, extents);
            // The longest sums run over all elements; the loss and its gradients make a chain of four operations.
            long terms = (long) extents.batch() * extents.time() * size;
            Closeness closeness = Closeness.ofSums(terms, 4);
            expected.forEach(
                    (name, numbers) ->
                            closeness.check(
                                    "%s %s %s seed %d: %s".formatted(isa, probe, extents, SEED, name), numbers,
                                    actual.get(name)));
        }
    }
}
