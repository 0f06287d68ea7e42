package dev.rondo.promises;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Sequential;
import dev.rondo.io.SafetensorsWriter;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Input;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.BatchReport;
import dev.rondo.training.Callback;
import dev.rondo.training.Every;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// A coverage-guided fuzzer, Jazzer, over the reader of files and over sequences of calls: each in a process of its own,
/// which instruments the classes of `dev.rondo` as it loads them.
///
/// A run begins with small files that are right and with what earlier runs found to reach new code, which is kept in
/// `target/fuzz`. An input that finds something belongs, once it is mended, into
/// `src/test/resources/fuzz/<name of the target>`, where every later run begins with it too; nothing has yet. `-Drondo.fuzzSeconds=N` asks for N seconds of each.
@Tag("slow")
class FuzzTest {
    private static final int SECONDS = Child.times("fuzzSeconds", 0);
    private static final boolean LONG = SECONDS > 0;
    /// In short, since a count holds on a busy machine as well.
    private static final int RUNS = 500;
    private static final Pattern DONE = Pattern.compile("Done (\\d+) runs in (\\d+) second");

    private static final Path CORE = Path.of(System.getProperty("rondo.root"), "java", "core");

    @Test
    void files() throws Exception {
        Path corpus = corpus(FileFuzzer.class);
        for (Cell cell : Cell.ALL) {
            Path file = corpus.resolve("model-" + cell);
            try (Sequential model =
                    Sequential.of(Input.features(Shape.TIME, 1), cell.sequences(1), Dense.units(1))) {
                model.save(file);
            }
            Files.write(corpus.resolve("model-parts-" + cell), FileFuzzer.parts(Files.readAllBytes(file)));
        }
        Path tensors = corpus.resolve("tensors");
        SequencedMap<String, Tensor> all = new LinkedHashMap<>();
        for (DataType type : DataType.values()) {
            if (type != DataType.OPAQUE) {
                all.put(type.name(), Tensor.zeros(type, 2, 1));
            }
        }
        SafetensorsWriter.write(tensors, Map.of("key", "value"), all);
        Files.write(corpus.resolve("tensors-parts"), FileFuzzer.parts(Files.readAllBytes(tensors)));
        fuzz(FileFuzzer.class, corpus, 32_768);
    }

    @Test
    void checkpoints() throws Exception {
        Path corpus = corpus(CheckpointFuzzer.class);
        Job job = CheckpointFuzzer.JOB;
        Callback stop = new Callback() {
            @Override
            public Next onBatch(BatchReport report) {
                return report.step() == 11 ? Next.STOP : Next.CONTINUE;
            }
        };
        Path file = corpus.resolve("checkpoint");
        try (Sequential model = job.compiled()) {
            model.fit(job.dataset(), job.fit().callback(stop).checkpoint(file, Every.epochs(1)));
        }
        Files.write(corpus.resolve("checkpoint-parts"), FileFuzzer.parts(Files.readAllBytes(file)));
        fuzz(CheckpointFuzzer.class, corpus, 131_072);
    }

    @Test
    void calls() throws Exception {
        fuzz(CallFuzzer.class, corpus(CallFuzzer.class), 400);
    }

    private static Path corpus(Class<?> target) throws IOException {
        return Files.createDirectories(CORE.resolve("target/fuzz").resolve(target.getSimpleName()).resolve("corpus"));
    }

    private static void fuzz(Class<?> target, Path corpus, int longest) throws Exception {
        List<String> arguments = new ArrayList<>(List.of(
                "--target_class=" + target.getName(),
                "--instrumentation_includes=dev.rondo.**",
                "--custom_hook_includes=dev.rondo.**",
                "--reproducer_path=" + corpus.getParent(),
                "-artifact_prefix=" + corpus.getParent() + "/",
                LONG ? "-max_total_time=" + SECONDS : "-runs=" + RUNS,
                "-max_len=" + longest,
                "-timeout=20",
                "-print_final_stats=1",
                corpus.toString()));
        Path found = CORE.resolve("src/test/resources/fuzz").resolve(target.getSimpleName());
        if (Files.isDirectory(found)) {
            arguments.add(found.toString());
        }
        Class<?> jazzer = named("com.code_intelligence.jazzer.Jazzer");
        Process process = Child.start(Child.java(
                List.of(
                        "-Xmx1g", "-XX:-OmitStackTraceInFastThrow", "-XX:+EnableDynamicAgentLoading", "-Djdk.attach.allowAttachSelf=true",
                        "--sun-misc-unsafe-memory-access=allow"),
                Child.classPath(jazzer, named("com.code_intelligence.jazzer.api.FuzzedDataProvider")),
                jazzer,
                arguments));
        List<String> lines = process.inputReader().lines().filter(line -> !line.startsWith("INFO: ")).toList();
        int code = process.waitFor();
        String end = String.join("\n", lines.subList(Math.max(0, lines.size() - 60), lines.size()));
        assertEquals(
                0, code,
                () -> "%s found something; the input is in %s\n%s".formatted(target.getSimpleName(), corpus.getParent(), end));
        Matcher done = DONE.matcher(end);
        assertTrue(done.find(), end);
        long runs = Long.parseLong(done.group(1));
        Child.report(
                "%s: %,d executions in %s s, nothing found", target.getSimpleName(), runs, done.group(2));
        assertTrue(runs >= RUNS, end);
    }

    private static Class<?> named(String name) throws ClassNotFoundException {
        return Class.forName(name, false, FuzzTest.class.getClassLoader());
    }
}
