package dev.rondo.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.graph.Gradients;
import dev.rondo.graph.Graph;
import dev.rondo.graph.Op;
import dev.rondo.graph.Value;
import dev.rondo.kernels.Engines;
import dev.rondo.tensor.Extents;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Whatever is closed when, and whoever calls from where, there is an exception and never a crash.
class LifetimeTest {
    private static final Graph GRAPH = Models.sequence(3, 4, 2);
    private static final Value X = GRAPH.value("x");

    static Stream<Engine> engines() {
        return Stream.of(Engines.reference(), Engines.natives("auto", 2));
    }

    private static void closed(String owner, Runnable action) {
        assertEquals(owner + " is closed", assertThrows(IllegalStateException.class, action::run).getMessage());
    }

    @ParameterizedTest
    @MethodSource("engines")
    void aClosedPlanRefusesEverything(Engine engine) {
        try (Parameters parameters = Models.random(GRAPH, 1)) {
            Plan plan = Plan.inference(GRAPH, parameters, engine, Extents.of(1, 1));
            MemorySegment memory = plan.memory(X);
            plan.close();
            plan.close();

            closed("Plan", () -> plan.run(1, 1));
            closed("Plan", () -> plan.memory(X));
            closed("Plan", () -> plan.tensor(X, 1, 1));
            closed("Plan", plan::gradients);
            closed("Plan", () -> plan.bind(X, MemorySegment.NULL));
            closed("Plan", () -> plan.reserve(Extents.of(2, 2)));
            closed("Plan", () -> plan.clearCarried());
            closed("Plan", () -> plan.clearCarried(0));
            closed("Plan", plan::bytes);
            closed("Plan", () -> plan.scalar(X));
            assertThrows(IllegalStateException.class, () -> memory.get(ValueLayout.JAVA_FLOAT, 0));
        }
    }

    @ParameterizedTest
    @MethodSource("engines")
    void aPlanRefusesClosedParameters(Engine engine) {
        Parameters parameters = Models.random(GRAPH, 1);
        try (Plan plan = Plan.inference(GRAPH, parameters, engine, Extents.of(1, 1))) {
            parameters.close();
            parameters.close();

            closed("Parameters", () -> plan.run(1, 1));
            closed("Parameters", () -> plan.reserve(Extents.of(2, 2)));
            closed("Parameters", () -> Plan.inference(GRAPH, parameters, engine, Extents.of(1, 1)));
            assertThrows(IllegalStateException.class, () -> parameters.tensor("denseBias").get(0));
        }
    }

    @ParameterizedTest
    @MethodSource("engines")
    void anUpdateRefusesWhatIsClosed(Engine engine) {
        Gradients gradients = Models.text(7, 4, 5);
        Op.Sgd sgd = new Op.Sgd(0.9f, false);
        Parameters parameters = Models.random(gradients.graph(), 1);
        Plan plan = Plan.training(gradients, parameters, engine, Extents.of(1, 1));
        Update update = Update.of(parameters, sgd, Clip.globalNorm(1), engine);
        MemorySegment flat = plan.gradients();
        update.norm(flat);
        update.apply(flat, 0.1, 1);
        plan.close();
        assertThrows(IllegalStateException.class, () -> update.norm(flat));
        assertThrows(IllegalStateException.class, () -> update.apply(flat, 0.1, 1));
        parameters.close();
        assertThrows(IllegalStateException.class, () -> update.norm(flat));
        update.close();
        update.close();
        closed("Plan", () -> update.norm(flat));
    }

    @ParameterizedTest
    @MethodSource("engines")
    void closedBoundMemoryIsRefused(Engine engine) {
        try (Parameters parameters = Models.random(GRAPH, 1);
                Plan plan = Plan.inference(GRAPH, parameters, engine, Extents.of(1, 1))) {
            Arena arena = Arena.ofShared();
            plan.bind(X, arena.allocate(12, 4));
            plan.run(1, 1);
            arena.close();
            assertThrows(IllegalStateException.class, () -> plan.run(1, 1));
            try (Arena other = Arena.ofShared()) {
                plan.bind(X, other.allocate(12, 4));
                plan.run(1, 1);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("engines")
    void confinedMemoryIsRefusedOnAnotherThread(Engine engine) throws Exception {
        try (Parameters parameters = Models.random(GRAPH, 1);
                Plan plan = Plan.inference(GRAPH, parameters, engine, Extents.of(1, 1));
                Arena arena = Arena.ofConfined();
                ExecutorService executor = Executors.newSingleThreadExecutor()) {
            plan.bind(X, arena.allocate(12, 4));
            plan.run(1, 1);
            Future<WrongThreadException> future =
                    executor.submit(() -> assertThrows(WrongThreadException.class, () -> plan.run(1, 1)));
            future.get();
            plan.run(1, 1);
        }
    }

    /// Several threads run plans over the same parameters while a further one closes plans and then parameters: each
    /// run either succeeds or says what is closed.
    @ParameterizedTest
    @MethodSource("engines")
    void closingDuringCallsOfOtherThreads(Engine engine) throws Exception {
        for (int round = 0; round < 20; round++) {
            Parameters parameters = Models.random(GRAPH, 1);
            List<Plan> plans = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                plans.add(Plan.inference(GRAPH, parameters, engine, Extents.of(4, 50)));
            }
            AtomicInteger runs = new AtomicInteger();
            CountDownLatch started = new CountDownLatch(plans.size());
            try (ExecutorService executor = Executors.newFixedThreadPool(plans.size())) {
                List<Future<String>> ends = new ArrayList<>();
                for (Plan plan : plans) {
                    ends.add(executor.submit(() -> runUntilClosed(plan, started, runs)));
                }
                assertTrue(started.await(10, TimeUnit.SECONDS));
                plans.getFirst().close();
                parameters.close();
                assertEquals("Plan is closed", ends.get(0).get());
                assertEquals("Parameters is closed", ends.get(1).get());
                assertEquals("Parameters is closed", ends.get(2).get());
            } finally {
                plans.forEach(Plan::close);
            }
            assertTrue(runs.get() >= plans.size());
        }
    }

    private static String runUntilClosed(Plan plan, CountDownLatch started, AtomicInteger runs) {
        for (int i = 0; ; i++) {
            try {
                plan.run(4, 50);
                runs.incrementAndGet();
            } catch (IllegalStateException e) {
                return e.getMessage();
            }
            if (i == 0) {
                started.countDown();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("engines")
    void aSecondThreadIsRefused(Engine engine) throws Exception {
        try (Parameters parameters = Models.random(GRAPH, 1);
                Plan plan = Plan.inference(GRAPH, parameters, engine, Extents.of(4, 500));
                ExecutorService executor = Executors.newFixedThreadPool(2)) {
            AtomicInteger refused = new AtomicInteger();
            Runnable task = () -> {
                for (int i = 0; i < 1_000_000 && refused.get() == 0; i++) {
                    try {
                        plan.run(4, 500);
                    } catch (IllegalStateException e) {
                        assertEquals("Plan is in use by another thread", e.getMessage());
                        refused.incrementAndGet();
                    }
                }
            };
            Future<?> first = executor.submit(task);
            Future<?> second = executor.submit(task);
            first.get();
            second.get();
            assertTrue(refused.get() > 0);
        }
    }
}
