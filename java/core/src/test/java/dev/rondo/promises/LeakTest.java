package dev.rondo.promises;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Sequential;
import dev.rondo.inference.InferenceSession;
import dev.rondo.inference.StreamingSession;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Input;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The memory of a process that serves does not grow: over calls, over sessions opened and closed, over models loaded
/// and closed.
///
/// Each case is a process of its own whose Java heap is of one size and touched from the beginning, so that what grows
/// is native memory. One cell; `-Drondo.leak=N` takes all and does N times as much: with 10 a leak of a byte in five calls, of 233 bytes a session
/// or of 2.6 KiB a model is seen.
@Tag("slow")
class LeakTest {
    private static final long MOST_KIB = 2048;

    @TempDir
    Path folder;

    /// What is done again and again.
    enum Work {
        CALLS(100_000, 1_000_000),
        STEPS(100_000, 1_000_000),
        SESSIONS(300, 1_000),
        MODELS(40, 100);

        private final int first;
        private final int all;

        Work(int first, int all) {
            this.first = first;
            this.all = all;
        }

        /// After how many memory is measured first: what is loaded, compiled and pooled once is then there.
        private int first(int times) {
            return Math.min(100_000, times * first);
        }
    }

    static List<Cell> cells() {
        List<Cell> all = Cell.ALL;
        return Child.times("leak", 1) > 1 ? all : all.subList(0, 1);
    }

    @ParameterizedTest
    @MethodSource("cells")
    void memoryDoesNotGrow(Cell cell) throws Exception {
        int times = Child.times("leak", 1);
        List<String> lines = Child.lines(Child.java(
                List.of("-Xms24m", "-Xmx24m", "-XX:+AlwaysPreTouch", "-XX:TieredStopAtLevel=1"),
                Worker.class,
                List.of(cell.name(), String.valueOf(times), folder.resolve("model.safetensors").toString())));
        for (Work work : Work.values()) {
            long first = Long.parseLong(lines.get(2 * work.ordinal()));
            long last = Long.parseLong(lines.get(2 * work.ordinal() + 1));
            String result = "%s, %,d %s: %,d KiB resident after %,d, %+,d KiB at the end".formatted(
                    cell, times * work.all, work.name().toLowerCase(Locale.ROOT), first, work.first(times), last - first);
            Child.report("%s", result);
            assertTrue(last - first <= MOST_KIB, result);
        }
    }

    /// What the child does; it prints its resident memory in KiB after the first part and at the end.
    static final class Worker {
        private final Path file;
        private final int times;
        private final float[] x = new float[1];
        private final float[] y = new float[1];

        private Worker(Path file, int times) {
            this.file = file;
            this.times = times;
        }

        public static void main(String[] arguments) throws IOException {
            Worker worker = new Worker(Path.of(arguments[2]), Integer.parseInt(arguments[1]));
            try (Sequential model = Sequential.of(
                    Input.features(Shape.TIME, 1), Cell.named(arguments[0]).sequences(1), Dense.units(1))) {
                model.save(worker.file);
                for (Work work : Work.values()) {
                    worker.work(work, model);
                }
            }
        }

        private void work(Work work, Sequential model) throws IOException {
            switch (work) {
                case CALLS -> {
                    try (InferenceSession session = model.session()) {
                        repeat(work, () -> session.run(x, y));
                    }
                }
                case STEPS -> {
                    try (InferenceSession session = model.session();
                            StreamingSession stream = session.stream(1)) {
                        repeat(work, () -> stream.step(x, y));
                    }
                }
                case SESSIONS ->
                    repeat(work, () -> {
                        try (InferenceSession session = model.session();
                                StreamingSession stream = session.stream(1)) {
                            session.run(x, y);
                            stream.step(x, y);
                        }
                    });
                case MODELS ->
                    repeat(work, () -> {
                        try (Sequential loaded = Sequential.load(file);
                                InferenceSession session = InferenceSession.open(file)) {
                            loaded.setParameter("dense/bias", loaded.parameters().get("dense/bias"));
                            session.run(x, y);
                        }
                    });
            }
        }

        private interface Call {
            void call() throws IOException;
        }

        private void repeat(Work work, Call call) throws IOException {
            for (int i = 0; i < work.first(times); i++) {
                call.call();
            }
            System.out.println(resident());
            for (int i = work.first(times); i < times * work.all; i++) {
                call.call();
            }
            System.out.println(resident());
        }

        private static long resident() throws IOException {
            System.gc();
            for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
                if (line.startsWith("VmRSS:")) {
                    return Long.parseLong(line.replaceAll("\\D", ""));
                }
            }
            throw new IOException("/proc/self/status: expected VmRSS");
        }
    }
}
