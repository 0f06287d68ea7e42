package dev.rondo.parity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// That the cases are as many and as different as they are said to be.
class KindTest {
    private static final List<LayersCase> LAYERS =
            Kind.LAYERS.seeds("").stream().map(LayersCase::of).toList();

    @ParameterizedTest
    @EnumSource
    void aSeedIsACaseOfOneKind(Kind kind) {
        for (Kind other : Kind.values()) {
            for (long seed : kind.seeds("")) {
                assertEquals(other == kind ? List.of(seed) : List.of(), other.seeds(String.valueOf(seed)));
            }
        }
        assertThrows(IllegalArgumentException.class, () -> kind.seeds("0"));
        assertThrows(IllegalArgumentException.class, () -> kind.seeds("30001"));
    }

    @Test
    void aSeedGivesTheSameCaseEachTime() {
        LayersCase layers = LayersCase.of(3);
        assertEquals(layers, LayersCase.of(3));
        assertArrayEquals(Numbers.of(layers).get("x"), Numbers.of(layers).get("x"));
        assertEquals(TrainingCase.of(10_003), TrainingCase.of(10_003));
        assertEquals(CellsCase.of(20_003), CellsCase.of(20_003));
    }

    @Test
    void layersDifferInAllTheyCan() {
        assertTrue(LAYERS.size() >= 500, "cases: " + LAYERS.size());
        LayersCase.CELLS.forEach(cell -> atLeast(100, layers -> layers.cell() == cell));
        for (int layers = 1; layers <= 3; layers++) {
            int count = layers;
            atLeast(100, each -> each.layers() == count);
            atLeast(100, each -> each.biases() == count - 1);
        }
        atLeast(200, LayersCase::bidirectional);
        atLeast(200, LayersCase::ragged);
        atLeast(200, LayersCase::states);
        atLeast(200, layers -> !layers.states());
        atLeast(200, layers -> layers.threads() == 2);
        for (LayersCase.Given given : LayersCase.Given.values()) {
            atLeast(100, layers -> layers.given() == given);
        }
        for (int edge : new int[] {1, 40}) {
            atLeast(1, layers -> layers.time() == edge);
        }
        for (int edge : new int[] {1, 17}) {
            atLeast(1, layers -> layers.batch() == edge);
        }
    }

    private static void atLeast(int count, Predicate<LayersCase> kind) {
        long found = LAYERS.stream().filter(kind).count();
        assertTrue(found >= count, "expected at least %d of a kind, got %d".formatted(count, found));
    }

    /// Every number of units and inputs that vectors of 4, 8 and 16 lanes leave, for each cell.
    @ParameterizedTest
    @ValueSource(ints = {4, 8, 16})
    void everyTailIsThere(int lanes) {
        LayersCase.CELLS.forEach(cell -> {
            Set<Integer> units = new HashSet<>();
            Set<Integer> inputs = new HashSet<>();
            LAYERS.stream().filter(layers -> layers.cell() == cell).forEach(layers -> {
                units.add(layers.hidden() % lanes);
                inputs.add(layers.input() % lanes);
            });
            assertEquals(lanes, units.size(), cell + " units: " + units);
            assertEquals(lanes, inputs.size(), cell + " inputs: " + inputs);
        });
    }
}
