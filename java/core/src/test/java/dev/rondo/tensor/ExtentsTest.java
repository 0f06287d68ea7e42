package dev.rondo.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ExtentsTest {
    private static final Extents TWO = Extents.of(4, 7, 5);

    @Test
    void tellsItsNumbers() {
        assertEquals(4, TWO.batch());
        assertEquals(7, TWO.time());
        assertEquals(5, TWO.time(1));
        assertEquals(2, TWO.times());
        assertEquals("B=4, T=7, T1=5", TWO.toString());
    }

    @Test
    void largestOfBoth() {
        assertEquals(Extents.of(4, 9, 5), TWO.max(Extents.of(3, 9)));
        assertEquals(Extents.of(4, 9, 5), Extents.of(3, 9).max(TWO));
    }

    @Test
    void holdsWhatIsNowhereLarger() {
        assertTrue(TWO.holds(Extents.of(4, 7, 5)));
        assertTrue(TWO.holds(Extents.of(1, 1)));
        assertFalse(TWO.holds(Extents.of(5, 1)));
        assertFalse(TWO.holds(Extents.of(1, 8)));
        assertFalse(TWO.holds(Extents.of(1, 1, 6)));
        assertFalse(Extents.of(4, 7).holds(TWO), "it has no room for T1");
    }

    @Test
    void equalsOnlyTheSameNumbers() {
        assertEquals(Extents.of(4, 7, 5), TWO);
        assertEquals(Extents.of(4, 7, 5).hashCode(), TWO.hashCode());
        assertNotEquals(Extents.of(4, 7), TWO);
        assertNotEquals(Extents.of(4, 7, 6), TWO);
    }

    @Test
    void whatIsNoNumberIsRefused() {
        assertEquals("extents: expected at least B=1, T=1, got B=0, T=3",
                assertThrows(IllegalArgumentException.class, () -> Extents.of(0, 3)).getMessage());
        assertThrows(IllegalArgumentException.class, () -> Extents.of(1, 3, 0));
        assertThrows(IllegalArgumentException.class, () -> Extents.of(1, new int[0]));
        assertThrows(IllegalArgumentException.class, () -> Extents.of(1, new int[Shape.TIMES + 1]));
    }
}
