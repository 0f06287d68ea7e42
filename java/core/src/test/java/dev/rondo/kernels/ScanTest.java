package dev.rondo.kernels;

import dev.rondo.tensor.Extents;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Scans of cells that users write: the reference's gradients against finite differences, and native kernels of every
/// instruction set that runs here against the reference.
class ScanTest {
    private static final List<int[]> SIZES =
            List.of(
                    new int[] {1, 1}, new int[] {3, 4}, new int[] {5, 7}, new int[] {8, 8}, new int[] {9, 15},
                    new int[] {16, 16}, new int[] {17, 17}, new int[] {2, 31}, new int[] {13, 53});
    private static final List<Extents> EXTENTS =
            List.of(Extents.of(1, 1), Extents.of(1, 9), Extents.of(5, 1), Extents.of(6, 4), Extents.of(13, 7));

    static Stream<ScanProbes.Named> cells() {
        return ScanProbes.CELLS.stream();
    }

    static Stream<Arguments> cellsOnIsas() {
        List<Arguments> all = new ArrayList<>();
        for (String isa : Engines.isas()) {
            ScanProbes.CELLS.forEach(cell -> all.add(Arguments.of(isa, cell)));
        }
        return all.stream();
    }

    static Stream<ScanProbes.Named> layers() {
        return ScanProbes.LAYERS.stream();
    }

    /// What they are made of is tried at other sizes by the cells.
    @ParameterizedTest
    @MethodSource("layers")
    void nativeLayersAgreeWithReference(ScanProbes.Named layer) {
        for (String isa : Engines.isas()) {
            for (ScanProbes.Variant variant : ScanProbes.variants()) {
                RecurrentAgreementTest.check(isa, ScanProbes.probe(layer, variant, 6, 19), 25, Extents.of(5, 4));
            }
            RecurrentAgreementTest.check(
                    isa, ScanProbes.probe(layer, ScanProbes.variants().get(7), 1, 1), 2, Extents.of(1, 1));
        }
    }

    @ParameterizedTest
    @MethodSource({"cells", "layers"})
    void gradientsAreSlopes(ScanProbes.Named cell) {
        for (ScanProbes.Variant variant : ScanProbes.variants()) {
            FiniteDifferenceTest.check(ScanProbes.probe(cell, variant, 3, 2), Extents.of(3, 4));
        }
        ScanProbes.Variant variant = ScanProbes.variants().getLast();
        FiniteDifferenceTest.check(ScanProbes.probe(cell, variant, 1, 1), Extents.of(1, 1));
        FiniteDifferenceTest.check(ScanProbes.probe(cell, variant, 2, 3), Extents.of(2, 3));
    }

    @Test
    void gradientsOfADecoderAreSlopes() {
        for (ScanProbes.Variant variant : ScanProbes.variants()) {
            FiniteDifferenceTest.check(ScanProbes.decoder(variant, 5, 3), Extents.of(3, 4));
        }
    }

    @Test
    void nativeDecoderAgreesWithReference() {
        for (String isa : Engines.isas()) {
            for (ScanProbes.Variant variant : ScanProbes.variants()) {
                RecurrentAgreementTest.check(isa, ScanProbes.decoder(variant, 7, 17), 17, Extents.of(6, 5));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("cellsOnIsas")
    void nativeAgreesWithReference(String isa, ScanProbes.Named cell) {
        for (ScanProbes.Variant variant : ScanProbes.variants()) {
            RecurrentAgreementTest.check(isa, ScanProbes.probe(cell, variant, 6, 19), 25, Extents.of(5, 4));
        }
        for (int[] size : SIZES) {
            Probe probe = ScanProbes.probe(cell, ScanProbes.variants().get(7), size[0], size[1]);
            for (Extents extents : EXTENTS) {
                RecurrentAgreementTest.check(isa, probe, size[0] + size[1], extents);
            }
        }
    }
}
