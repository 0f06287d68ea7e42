package dev.rondo.benchmarks;

import dev.rondo.graph.Gradients;
import dev.rondo.graph.Graph;
import dev.rondo.graph.Op;
import dev.rondo.graph.RecurrentCell;
import dev.rondo.graph.RecurrentInputs;
import dev.rondo.graph.RecurrentOutputs;
import dev.rondo.graph.Value;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Parameters;
import dev.rondo.plan.Plan;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// The recurrent layer alone at M2 = (B 32, T 100, I 256, H 256), from Java, all outputs returned.
///
/// ```
/// ./rondo bench jmh RecurrentBenchmark             the LSTM, both kernel sets, on 1 and 2 threads
/// ./rondo bench jmh RecurrentBenchmark -p kernels=native -p cell=LSTM,GRU_RESET_AFTER,GRU_RESET_BEFORE,RNN_TANH
/// ```
///
/// Reports milliseconds a call, and by the medians of each iteration GFLOP/s and the share of the FMA peak of as many
/// threads, which is measured in front of every call ([MachineLimit]). Inference is one forward pass with packed
/// weights. Training is what a step does for this layer: packing the weights, forward with saved state, and backward
/// with dx, dweightIh, dweightHh and the gradients of a bias on the input, of bhn and of peepholes, from a gradient of y
/// that is given. It leaves out clipping and the optimizer. Pure Java runs on one thread whatever `threads` says, so
/// that its share is of one thread's peak only in the row of one.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(3)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
public class RecurrentBenchmark {
    private static final int BATCH = 32;
    private static final int TIME = 100;
    private static final int INPUT = 256;
    private static final int HIDDEN = 256;
    private static final double FLOPS_OF_A_GATE = 2.0 * BATCH * TIME * HIDDEN * (INPUT + HIDDEN);

    /// Each output is a sum of at most I + H products of numbers below 1, rounded once at least: eps (I + H) holds by
    /// far, and sums over batch and time in gradients are compared by the largest number in them.
    private static final double TOLERANCE = Math.ulp(1f) * (INPUT + HIDDEN);

    /// The cell.
    @Param("LSTM")
    public RecurrentCell cell = RecurrentCell.LSTM;

    /// The kernel set.
    @Param({"native", "java"})
    public String kernels = "native";

    /// The number of threads.
    @Param({"1", "2"})
    public int threads = 1;

    private Layer layer;
    private Engine probe;

    /// Makes the plans and holds their results against those of pure Java.
    @Setup(Level.Trial)
    public void setUp() {
        probe = Engine.inference().kernels(Engine.Choice.NATIVE).threads(threads).engine();
        layer = new Layer(
                cell,
                kernels.equals("java")
                        ? Engine.java()
                        : Engine.training().kernels(Engine.Choice.NATIVE).threads(threads));
        if (kernels.equals("native")) {
            try (Layer expected = new Layer(cell, Engine.java())) {
                expected.inference.run(BATCH, TIME);
                expected.training.run(BATCH, TIME);
                layer.inference.run(BATCH, TIME);
                layer.training.run(BATCH, TIME);
                layer.compare(expected);
            }
        }
    }

    /// Measures the machine between the calls.
    @Setup(Level.Invocation)
    public void probe() {
        MachineLimit.probe(probe);
    }

    /// Frees the plans.
    @TearDown(Level.Trial)
    public void tearDown() {
        layer.close();
    }

    /// One forward pass.
    @Benchmark
    @Flops(FLOPS_OF_A_GATE)
    public void inference() {
        layer.inference.run(BATCH, TIME);
    }

    /// One training step of the layer.
    @Benchmark
    @Flops(3 * FLOPS_OF_A_GATE)
    public void training() {
        layer.training.run(BATCH, TIME);
    }

    private static final class Layer implements AutoCloseable {
        final Parameters parameters;
        final Plan inference;
        final Plan training;

        Layer(RecurrentCell cell, Engine.Options options) {
            Engine engine = options.engine();
            Graph.Builder builder = Graph.builder();
            Shape sequence = Shape.of(Shape.BATCH, Shape.TIME, INPUT);
            Value x = builder.input("x", DataType.FLOAT32, sequence);
            Value dy = builder.input("dy", DataType.FLOAT32, Shape.of(Shape.BATCH, Shape.TIME, HIDDEN));
            int rows = cell.gates() * HIDDEN;
            RecurrentInputs inputs = RecurrentInputs.of(
                            x,
                            builder.parameter("weightIh", Shape.of(rows, INPUT)),
                            builder.parameter("weightHh", Shape.of(rows, HIDDEN)))
                    .biasIh(builder.parameter("bias", Shape.of(rows)));
            if (cell.hasBiasHn()) {
                inputs = inputs.biasHn(builder.parameter("biasHn", Shape.of(HIDDEN)));
            }
            if (cell.hasPeepholes()) {
                inputs = inputs.peepholes(builder.parameter("peepholes", Shape.of(3 * HIDDEN)));
            }
            RecurrentOutputs outputs = builder.recurrent("layer", new Op.Recurrent(cell), inputs);
            builder.output("y", outputs.y()).output("hN", outputs.hN());
            outputs.cN().ifPresent(cN -> builder.output("cN", cN));
            Graph forward = builder.build();
            List<Value> wanted = new ArrayList<>(forward.parameters());
            wanted.add(x);
            Gradients gradients = Gradients.of(forward, Map.of(outputs.y(), dy), wanted);

            parameters = Parameters.of(forward);
            SplittableRandom random = new SplittableRandom(42);
            parameters.tensors().values().forEach(tensor -> fill(tensor.segment(), random, 1 / Math.sqrt(HIDDEN)));
            parameters.changed();
            Extents extents = Extents.of(BATCH, TIME);
            inference = Plan.inference(forward, parameters, engine, extents);
            training = Plan.training(gradients, parameters, engine, extents);
            for (Plan plan : List.of(inference, training)) {
                SplittableRandom data = new SplittableRandom(43);
                plan.graph().inputs().forEach(input -> fill(plan.memory(input), data, 1));
            }
        }

        private static void fill(MemorySegment segment, SplittableRandom random, double limit) {
            for (long i = 0; i < segment.byteSize() / Float.BYTES; i++) {
                segment.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextDouble(-limit, limit));
            }
        }

        void compare(Layer expected) {
            List<String> different = new ArrayList<>();
            expected.inference.graph().outputs().forEach((name, value) -> compare(name,
                    inference.memory(inference.graph().output(name)), expected.inference.memory(value), different));
            compare("gradients", training.gradients(), expected.training.gradients(), different);
            if (!different.isEmpty()) {
                throw new IllegalStateException("native and Java differ: " + different);
            }
        }

        private static void compare(String name, MemorySegment actual, MemorySegment expected, List<String> different) {
            double largest = 0;
            double difference = 0;
            for (long i = 0; i < expected.byteSize() / Float.BYTES; i++) {
                double wanted = expected.getAtIndex(ValueLayout.JAVA_FLOAT, i);
                largest = Math.max(largest, Math.abs(wanted));
                difference = Math.max(difference, Math.abs(wanted - actual.getAtIndex(ValueLayout.JAVA_FLOAT, i)));
            }
            if (!(difference <= TOLERANCE * largest)) {
                different.add("%s by %g, largest %g".formatted(name, difference, largest));
            }
        }

        @Override
        public void close() {
            training.close();
            inference.close();
            parameters.close();
        }
    }
}
