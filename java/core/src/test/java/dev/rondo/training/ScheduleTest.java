package dev.rondo.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class ScheduleTest {
    /// A few roundings of numbers up to 1.
    private static final double CLOSE = 1e-14;

    @Test
    void polynomial() {
        Schedule line = Schedule.polynomial(1, 0.2, 10);
        assertEquals(1, line.factor(0));
        assertEquals(0.6, line.factor(5), CLOSE);
        assertEquals(0.2, line.factor(10));
        assertEquals(0.2, line.factor(1000));
        assertEquals(0.25, Schedule.polynomial(2, 0, 10).factor(5));
    }

    @Test
    void cosine() {
        Schedule.Cosine cosine = Schedule.cosine(12);
        assertEquals(1, cosine.factor(0));
        assertEquals((1 + Math.sqrt(3) / 2) / 2, cosine.factor(2), CLOSE);
        assertEquals(0.5, cosine.factor(6), CLOSE);
        assertEquals(0, cosine.factor(12));
        assertEquals(0, cosine.factor(99));
        assertEquals(0.55, cosine.last(0.1).factor(6), CLOSE);
    }

    /// Cycles of 4, 8 and 16 steps begin at 0, 4, 12 and 28, each half as high above 0.1.
    @Test
    void warmRestarts() {
        Schedule schedule = Schedule.cosine(4).last(0.1).restarts(2, 0.5);
        assertEquals(1, schedule.factor(0));
        assertEquals(0.55, schedule.factor(2), CLOSE);
        assertEquals(0.1 + 0.45, schedule.factor(4), CLOSE);
        assertEquals(0.1 + 0.45 / 2, schedule.factor(8), CLOSE);
        assertEquals(0.1 + 0.225, schedule.factor(12), CLOSE);
        assertEquals(0.1 + 0.1125, schedule.factor(28), CLOSE);
        Schedule equal = Schedule.cosine(4).restarts(1, 1);
        for (long step = 0; step < 20; step++) {
            assertEquals(Schedule.cosine(4).factor(step % 4), equal.factor(step));
        }
        assertEquals(1, equal.factor(1L << 60), "no loop over cycles");
        assertTrue(Schedule.cosine(1).restarts(1.0001, 1).factor(1_000_000) <= 1);
    }

    @Test
    void warmUpComesBefore() {
        Schedule schedule = Schedule.step(0.5, 10).after(4);
        assertEquals(0.25, schedule.factor(0));
        assertEquals(1, schedule.factor(3));
        assertEquals(1, schedule.factor(13));
        assertEquals(0.5, schedule.factor(14));
        assertEquals(0.15, Schedule.piecewise(new long[0], new double[] {0.3}).after(2).factor(0));
    }

    /// As PyTorch's `OneCycleLR(total_steps=20, pct_start=0.3)`: highest at step 0.3 * 20 - 1 = 5, lowest at 19.
    @Test
    void oneCycle() {
        Schedule.OneCycle schedule = Schedule.oneCycle(20);
        assertEquals(0.04, schedule.factor(0), CLOSE);
        assertEquals(1, schedule.factor(5), CLOSE);
        assertEquals((1 + 4e-6) / 2, schedule.factor(12), CLOSE);
        assertEquals(4e-6, schedule.factor(19), CLOSE);
        assertEquals(4e-6, schedule.factor(1000), CLOSE);
        assertEquals(0.5, new Schedule.OneCycle(21, 11.0 / 21, 0.5, 0.1).factor(0), CLOSE);
        assertEquals(0.75, new Schedule.OneCycle(21, 11.0 / 21, 0.5, 0.1).factor(5), CLOSE);
        assertEquals(1, Schedule.oneCycle(2).factor(0), CLOSE);
    }

    @Test
    void inverseSquareRoot() {
        Schedule schedule = Schedule.inverseSquareRoot(4000);
        assertEquals(1.0 / 4000, schedule.factor(0));
        assertEquals(1, schedule.factor(3999));
        assertEquals(0.5, schedule.factor(15_999));
        // The paper's rate: d^-0.5 min(s^-0.5, s w^-1.5), s from 1.
        double highest = Math.pow(512 * 4000.0, -0.5);
        for (long s : new long[] {1, 1000, 4000, 4001, 100_000}) {
            double paper = Math.pow(512, -0.5) * Math.min(Math.pow(s, -0.5), s * Math.pow(4000, -1.5));
            assertEquals(paper, highest * schedule.factor(s - 1), CLOSE);
        }
    }

    @Test
    void piecewise() {
        Schedule schedule = Schedule.piecewise(new long[] {3, 5}, new double[] {1, 0.5, 0});
        assertEquals(
                List.of(1.0, 1.0, 1.0, 0.5, 0.5, 0.0, 0.0),
                java.util.stream.LongStream.range(0, 7).mapToObj(schedule::factor).toList());
    }

    @Test
    void badSettingsAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> Schedule.polynomial(0, 0, 10));
        assertThrows(IllegalArgumentException.class, () -> Schedule.polynomial(1, -1, 10));
        assertThrows(IllegalArgumentException.class, () -> Schedule.polynomial(1, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> Schedule.cosine(0));
        assertThrows(IllegalArgumentException.class, () -> Schedule.cosine(1).last(Double.NaN));
        assertThrows(IllegalArgumentException.class, () -> Schedule.cosine(1).restarts(0.5, 1));
        assertThrows(IllegalArgumentException.class, () -> Schedule.cosine(1).restarts(Double.NaN, 1));
        assertThrows(IllegalArgumentException.class, () -> Schedule.cosine(1).restarts(1, 0));
        assertThrows(IllegalArgumentException.class, () -> Schedule.constant().after(0));
        assertThrows(IllegalArgumentException.class, () -> Schedule.oneCycle(1));
        assertThrows(IllegalArgumentException.class, () -> new Schedule.OneCycle(10, 1, 0.1, 0.1));
        assertThrows(IllegalArgumentException.class, () -> new Schedule.OneCycle(10, 0.5, 0, 0.1));
        assertThrows(IllegalArgumentException.class, () -> Schedule.inverseSquareRoot(0));
        assertThrows(IllegalArgumentException.class, () -> Schedule.piecewise(new long[] {3, 3}, new double[3]));
        assertThrows(IllegalArgumentException.class, () -> Schedule.piecewise(new long[] {0}, new double[2]));
        assertThrows(IllegalArgumentException.class, () -> Schedule.piecewise(new long[] {3}, new double[1]));
        assertThrows(IllegalArgumentException.class, () -> Schedule.piecewise(new long[0], new double[] {-1}));
    }
}
