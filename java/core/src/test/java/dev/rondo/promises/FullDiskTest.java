package dev.rondo.promises;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Runs;
import dev.rondo.Sequential;
import dev.rondo.data.Dataset;
import dev.rondo.data.Seeds;
import dev.rondo.io.CheckpointFile;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Input;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.training.Adam;
import dev.rondo.training.Callback;
import dev.rondo.training.Every;
import dev.rondo.training.Fit;
import dev.rondo.training.Monitor;
import dev.rondo.training.Training;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A disk that fills while a run writes its best model or a checkpoint leaves the file of before whole, and the model
/// as it was. A real full disk in small: the shell limits the size of files that the child may write, so that the
/// system refuses a write in the middle of a tensor.
class FullDiskTest {
    private static final Monitor LOSS = Monitor.lowest("loss");

    @TempDir
    Path folder;

    private static Sequential model() {
        Sequential model = Sequential.of(Input.features(300), Dense.units(300), Dense.units(2));
        model.compile(Training.optimizer(Adam.rate(1e-3))
                .engine(Engine.training().kernels(Choice.JAVA)));
        return model;
    }

    private static Dataset data() {
        return Dataset.of(
                Runs.features(Seeds.generator(1, "x", 0), 4, 300), Runs.ids(Seeds.generator(1, "y", 0), 2, 4));
    }

    /// What the child runs: a run that writes its best model, or checkpoints, on a disk without room.
    static final class Writing {
        private Writing() {}

        public static void main(String[] arguments) {
            Path file = Path.of(arguments[1]);
            Fit fit = Fit.epochs(3);
            List<Map<String, List<Float>>> after = new ArrayList<>();
            try (Sequential model = model()) {
                Callback watching = Callback.eachBatch(_ -> after.add(Runs.parameters(model)));
                Fit writing = switch (arguments[0]) {
                    case "best" -> fit.callback(watching).saveBest(file, LOSS);
                    default -> fit.callback(watching).checkpoint(file, Every.epochs(1));
                };
                try {
                    model.fit(data(), writing);
                } catch (UncheckedIOException e) {
                    System.out.println(e.getMessage());
                    System.out.println("intact " + after.getLast().equals(Runs.parameters(model)));
                    model.fit(data(), fit);
                    System.out.println("steps " + model.trainer().steps());
                }
            }
        }
    }

    private List<String> onFullDisk(String what, Path file) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("sh", "-c", "ulimit -f 256 && exec \"$0\" \"$@\""));
        command.addAll(Child.java(List.of("-Xmx128m"), Writing.class, List.of(what, file.toString())));
        return Child.lines(command);
    }

    @Test
    void theBestModelOfBeforeStays() throws Exception {
        Path file = folder.resolve("best.safetensors");
        try (Sequential model = model()) {
            model.fit(data(), Fit.epochs(1).saveBest(file, LOSS));
            List<String> lines = onFullDisk("best", file);
            assertTrue(lines.getFirst().contains("cannot save " + file + ": File too large"), lines.toString());
            assertEquals(List.of("intact true", "steps 4"), lines.subList(1, lines.size()));
            try (Sequential saved = Sequential.load(file)) {
                assertEquals(Runs.parameters(model), Runs.parameters(saved));
            }
        }
        assertNothingElse(file);
    }

    @Test
    void theCheckpointOfBeforeStays() throws Exception {
        Path file = folder.resolve("run.checkpoint");
        try (Sequential model = model()) {
            model.fit(data(), Fit.epochs(1).checkpoint(file, Every.epochs(1)));
            List<String> lines = onFullDisk("checkpoint", file);
            assertTrue(lines.getFirst().contains("cannot save " + file + ": File too large"), lines.toString());
            assertEquals(List.of("intact true", "steps 4"), lines.subList(1, lines.size()));
            try (CheckpointFile checkpoint = CheckpointFile.open(file);
                    Sequential saved = Sequential.load(file)) {
                assertEquals("1", checkpoint.state().get("steps"));
                assertEquals(Runs.parameters(model), Runs.parameters(saved));
                saved.compile(model.trainer().training());
                saved.fit(data(), Fit.epochs(2).resume(file));
                assertEquals(2, saved.trainer().steps());
            }
        }
        assertNothingElse(file);
    }

    private void assertNothingElse(Path file) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            assertEquals(List.of(file), entries.toList());
        }
    }
}
