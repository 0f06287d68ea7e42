package dev.rondo.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ShapeTest {
    private static final Shape SEQUENCE = Shape.of(Shape.BATCH, Shape.TIME, 64);

    @Test
    void prints() {
        assertEquals("[B,T,64]", SEQUENCE.toString());
        assertEquals("[]", Shape.scalar().toString());
    }

    @Test
    void symbolsGetNumbers() {
        assertEquals(Shape.of(2, 3, 64), SEQUENCE.resolve(2, 3));
        assertEquals(2 * 3 * 64, SEQUENCE.elements(2, 3));
        assertEquals(6, SEQUENCE.product(0, 2, Extents.of(2, 3)));
        assertEquals(1, Shape.scalar().elements());
        assertEquals(0, Shape.of(4, 0).elements());
        assertTrue(SEQUENCE.isSymbolic());
        assertFalse(SEQUENCE.resolve(1, 1).isSymbolic());
        assertEquals("shape [B,T,64] has no number of elements before its symbols have numbers",
                assertThrows(IllegalStateException.class, SEQUENCE::elements).getMessage());
    }

    @Test
    void partsOfAShape() {
        assertEquals(Shape.of(Shape.BATCH, Shape.TIME), SEQUENCE.leading());
        assertEquals(Shape.of(Shape.BATCH, Shape.TIME, 64, 2), SEQUENCE.append(2));
        assertEquals(64, SEQUENCE.dim(-1));
        assertTrue(SEQUENCE.contains(Shape.TIME));
        assertNotEquals(SEQUENCE, SEQUENCE.leading());
    }

    @Test
    void whatIsNoExtentIsRefused() {
        assertEquals("shape: expected extents of 0 or more, BATCH or a TIME, got [2, -10]",
                assertThrows(IllegalArgumentException.class, () -> Shape.of(2, -10)).getMessage());
    }

    @Test
    void timesAreToldApart() {
        Shape scores = Shape.of(Shape.BATCH, Shape.time(1), Shape.TIME);
        assertEquals("[B,T1,T]", scores.toString());
        assertEquals(Shape.TIME, Shape.time(0));
        assertTrue(Shape.isTime(Shape.time(Shape.TIMES - 1)));
        assertFalse(Shape.isTime(Shape.BATCH));
        assertEquals(Shape.of(2, 5, 3), scores.resolve(Extents.of(2, 3, 5)));
        assertEquals("extents: expected a number for T1, got B=2, T=3",
                assertThrows(IllegalArgumentException.class, () -> scores.resolve(2, 3)).getMessage());
        assertEquals("time: expected 0..7, got 8",
                assertThrows(IllegalArgumentException.class, () -> Shape.time(Shape.TIMES)).getMessage());
    }

    @Test
    void tooManyElementsAreNoticed() {
        Shape huge = Shape.of(Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE);
        assertThrows(ArithmeticException.class, huge::elements);
    }

    @Test
    void nobodyChangesAShape() {
        int[] dims = {2, 3};
        Shape shape = Shape.of(dims);
        dims[0] = 9;
        shape.dims()[1] = 9;
        assertEquals(Shape.of(2, 3), shape);
    }
}
