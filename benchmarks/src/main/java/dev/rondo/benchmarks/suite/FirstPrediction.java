package dev.rondo.benchmarks.suite;

import dev.rondo.inference.InferenceSession;
import dev.rondo.inference.Serving;
import dev.rondo.plan.Engine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/// A program that loads a model, predicts once and says what that took: what a short-lived process pays.
///
/// Its first line, `predicted`, stands when the prediction is there. The second, `memory`, has the bytes of Java heap in
/// use after a collection, and of resident memory. Without a model it makes an engine, which with native kernels is
/// loading the library, and its only line is `engine` and the nanoseconds that this took.
final class FirstPrediction {
    static final int FEATURES = 64;
    static final int TIME = 10;

    private FirstPrediction() {}

    /// @param arguments the model's file, or none
    public static void main(String[] arguments) throws IOException {
        if (arguments.length == 0) {
            long begin = System.nanoTime();
            Engine.inference().engine();
            System.out.println("engine\t" + (System.nanoTime() - begin));
            return;
        }
        try (InferenceSession session = InferenceSession.open(Path.of(arguments[0]), Serving.standard().plans(1))) {
            float[] y = new float[1];
            session.run(new float[TIME * FEATURES], y);
            if (Float.isNaN(y[0])) {
                throw new IllegalStateException("predicted NaN");
            }
            System.out.println("predicted");
            System.gc();
            Runtime runtime = Runtime.getRuntime();
            System.out.println("memory\t" + (runtime.totalMemory() - runtime.freeMemory()) + "\t" + resident());
        }
    }

    private static long resident() throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
            return lines.filter(line -> line.startsWith("VmRSS:"))
                    .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst()
                    .orElse(0);
        }
    }
}
