package dev.rondo.benchmarks.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class BudgetTest {
    private long now;

    @Test
    void fixedTimeIsFixed() {
        Budget budget = Budget.each(Duration.ofMillis(800));
        budget.plan(10);
        assertEquals(800, budget.next());
        assertEquals(800, budget.next());
    }

    /// 600 measurements within 480 s, of which each tenth takes two seconds whatever it is allowed, and each costs 100 ms
    /// besides.
    @Test
    void slowOnesArePaidForByTheOthers() {
        Budget budget = Budget.total(Duration.ofSeconds(480), () -> now);
        budget.plan(600);
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 600; i++) {
            long millis = budget.next();
            least = Math.min(least, millis);
            now += (100 + (i % 10 == 0 ? Math.max(millis, 2_000) : millis)) * 1_000_000;
        }
        assertTrue(now * 1e-9 > 450 && now * 1e-9 < 490, now * 1e-9 + " s");
        assertTrue(least > 200, least + " ms");
    }

    @Test
    void whatDoesNotTakePlaceIsGivenToTheRest() {
        Budget budget = Budget.total(Duration.ofSeconds(10), () -> now);
        budget.plan(100);
        assertEquals(100, budget.next());
        for (int i = 0; i < 90; i++) {
            budget.drop();
        }
        assertTrue(budget.next() > 500);
    }

    @Test
    void whenTimeIsUpTheLeastIsLeft() {
        Budget budget = Budget.total(Duration.ofSeconds(10), () -> now);
        budget.plan(100);
        now = 20_000_000_000L;
        assertEquals(100, budget.next());
    }

    @Test
    void callsThatTakeLongHaveOneTurnWhereThereIsADeadline() {
        Budget budget = Budget.total(Duration.ofSeconds(10), () -> now);
        assertEquals(2, budget.leastTurns(20));
        assertEquals(1, budget.leastTurns(400));
        assertEquals(3, Budget.each(Duration.ofMillis(800)).leastTurns(400));
    }
}
