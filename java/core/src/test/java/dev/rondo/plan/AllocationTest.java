package dev.rondo.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.management.ThreadMXBean;
import dev.rondo.examples.cells.SigmoidLstm;
import dev.rondo.graph.Gradients;
import dev.rondo.graph.Graph;
import dev.rondo.graph.Op;
import dev.rondo.graph.Value;
import dev.rondo.kernels.Engines;
import dev.rondo.layers.RecordedCells;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;

/// After warming up, runs put nothing on the Java heap. (Nor do they open an arena: that would show here too.)
class AllocationTest {
    private static final int WARM_UP = 20_000;
    private static final int RUNS = 1_000;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /// Bytes that the action allocates over many runs; the least of several measurements, since the JIT compiler
    /// changes code on the way.
    private static long allocated(Runnable action) {
        for (int i = 0; i < WARM_UP; i++) {
            action.run();
        }
        long least = Long.MAX_VALUE;
        for (int round = 0; round < 5; round++) {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < RUNS; i++) {
                action.run();
            }
            least = Math.min(least, THREADS.getCurrentThreadAllocatedBytes() - before);
        }
        return least;
    }

    @Test
    void theCounterCounts() {
        byte[][] sink = new byte[1][];

        long bytes = allocated(() -> sink[0] = new byte[100]);

        assertEquals(RUNS * 120L, bytes, RUNS * 20L);
    }

    @Test
    void inferenceOnBoundMemoryAllocatesNothing() {
        Graph graph = Models.sequence(3, 2, 2);
        Value x = graph.value("x");
        Value y = graph.output("y");
        for (Engine engine : new Engine[] {Engines.natives("auto", 1), Engines.reference()}) {
            try (Arena arena = Arena.ofShared();
                    Parameters parameters = Models.random(graph, 1);
                    Plan plan = Plan.inference(graph, parameters, engine, Extents.of(2, 3))) {
                MemorySegment[] xs = {arena.allocate(2 * 3 * 3 * 4, 4), arena.allocate(2 * 3 * 3 * 4, 4)};
                MemorySegment[] ys = {arena.allocate(2 * 3 * 2 * 4, 4), arena.allocate(2 * 3 * 2 * 4, 4)};
                int[] calls = {0};

                long bytes = allocated(() -> {
                    int i = calls[0]++;
                    plan.bind(x, xs[i & 1]);
                    plan.bind(y, ys[i & 1]);
                    plan.run(1 + (i & 1), 1 + i % 3);
                });

                assertEquals(0, bytes, engine.description().kernels());
            }
        }
    }

    @Test
    void trainingStepsAllocateNothing() {
        Gradients gradients = Models.text(7, 4, 5);
        for (Engine engine : new Engine[] {Engines.natives("auto", 1), Engines.reference()}) {
            trainingStepsAllocateNothing(
                    gradients, new Op.Adam(0.9f, 0.999f, 1e-7f, Op.AdamForm.KERAS), Clip.globalNorm(5), engine);
            trainingStepsAllocateNothing(
                    gradients, new Op.RmsProp(0.9f, 1e-7f, 0.5f, true, Op.RootForm.KERAS), Clip.norm(0.01), engine);
            treatedParametersAllocateNothing(gradients, engine);
            trainingStepsAllocateNothing(
                    gradients, new Op.Adagrad(0.1f, 1e-7f, Op.RootForm.PYTORCH), Clip.value(0.01), engine);
        }
    }

    /// Frozen ones, ones with penalties, and gradients of batches that come together.
    private static void treatedParametersAllocateNothing(Gradients gradients, Engine engine) {
        Update.Treatment plain = Update.Treatment.by(new Op.Adam(0.9f, 0.999f, 1e-7f, Op.AdamForm.KERAS));
        try (Parameters parameters = Models.random(gradients.graph(), 1);
                Plan plan = Plan.training(gradients, parameters, engine, Extents.of(2, 3))) {
            Map<String, Update.Treatment> treatments = new LinkedHashMap<>();
            List<Update.Treatment> kinds = List.of(
                    plain,
                    new Update.Treatment(Optional.empty(), 1, 0, 0),
                    new Update.Treatment(plain.optimizer(), 0.5, 0.01, 0.01));
            parameters.slots().keySet().forEach(name -> treatments.put(name, kinds.get(treatments.size() % 3)));
            try (Update update = Update.of(parameters, treatments, Clip.norm(0.01), engine);
                    Accumulation accumulation = Accumulation.of(2, parameters, engine)) {
                long[] step = {0};
                double[] sink = new double[1];
                long bytes = allocated(() -> {
                    accumulation.clear();
                    accumulation.add(plan.gradients(), 3);
                    MemorySegment mean = accumulation.add(plan.gradients(), 2);
                    sink[0] += update.norm(mean) + update.penalty();
                    update.apply(mean, 1e-3, ++step[0]);
                });
                assertEquals(0, bytes, engine.description().kernels());
            }
        }
    }

    private static void trainingStepsAllocateNothing(Gradients gradients, Op optimizer, Clip clip, Engine engine) {
        try (Parameters parameters = Models.random(gradients.graph(), 1);
                Plan plan = Plan.training(gradients, parameters, engine, Extents.of(2, 3));
                Update update = Update.of(parameters, optimizer, clip, engine)) {
            long[] step = {0};
            double[] sink = new double[1];

            long bytes = allocated(() -> {
                plan.run(2, 3);
                sink[0] += plan.scalar(plan.graph().output("loss")) + update.norm(plan.gradients());
                update.apply(plan.gradients(), 1e-3, ++step[0]);
            });

            assertEquals(0, bytes, engine.description().kernels() + " " + optimizer + " " + clip);
        }
    }
}
