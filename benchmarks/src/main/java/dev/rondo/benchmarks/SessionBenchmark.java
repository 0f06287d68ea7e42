package dev.rondo.benchmarks;

import dev.rondo.Sequential;
import dev.rondo.inference.InferenceSession;
import dev.rondo.inference.Serving;
import dev.rondo.inference.StreamingSession;
import dev.rondo.layers.Input;
import dev.rondo.layers.Lstm;
import dev.rondo.plan.Engine;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// What a call of a session costs beside its arithmetic: an LSTM of one unit over one step of one number, native
/// kernels, one thread. In nanoseconds; `gc.alloc.rate.norm` is the Java heap that a call takes, in bytes.
///
/// ```
/// ./rondo bench jmh SessionBenchmark
/// ```
///
/// `run` and `step` are given native memory, which is used without a copy, `runArrays` Java arrays. The arithmetic
/// itself, some 40 operations and 5 exponentials, takes some tens of nanoseconds of each.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(3)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class SessionBenchmark {
    /// One step of one unit sums three products and passes five activations, each within a few ulp.
    private static final float TOLERANCE = 16 * Math.ulp(1f);

    private final float[] xArray = {0.75f};
    private final float[] yArray = new float[1];
    private Arena arena;
    private Tensor x;
    private Tensor y;
    private InferenceSession session;
    private StreamingSession stream;

    /// Opens the session and checks its result against pure Java.
    @Setup(Level.Trial)
    public void setUp() {
        arena = Arena.ofShared();
        x = Tensor.allocate(arena, DataType.FLOAT32, Shape.of(1, 1, 1));
        y = Tensor.allocate(arena, DataType.FLOAT32, Shape.of(1, 1, 1));
        x.segment().set(ValueLayout.JAVA_FLOAT, 0, xArray[0]);
        try (Sequential model =
                Sequential.of(Input.features(Shape.TIME, 1), Lstm.units(1).returnSequences())) {
            session = model.session(Serving.standard().engine(Engine.inference().kernels(Engine.Choice.NATIVE)));
            stream = session.stream(1);
            try (InferenceSession java = model.session(Serving.standard().engine(Engine.java()))) {
                java.run(xArray, yArray);
            }
        }
        float expected = yArray[0];
        step();
        check(expected, y.segment().get(ValueLayout.JAVA_FLOAT, 0));
        run();
        check(expected, y.segment().get(ValueLayout.JAVA_FLOAT, 0));
        check(expected, runArrays());
    }

    private static void check(float expected, float actual) {
        if (!(Math.abs(actual - expected) <= TOLERANCE)) {
            throw new IllegalStateException("expected " + expected + ", got " + actual);
        }
    }

    /// Closes the session.
    @TearDown(Level.Trial)
    public void tearDown() {
        stream.close();
        session.close();
        arena.close();
    }

    /// A whole sequence, of one step.
    @Benchmark
    public void run() {
        session.run(x, y);
    }

    /// The same from and to arrays.
    @Benchmark
    public float runArrays() {
        session.run(xArray, yArray);
        return yArray[0];
    }

    /// One step of a stream with its state.
    @Benchmark
    public void step() {
        stream.step(x, y);
    }
}
