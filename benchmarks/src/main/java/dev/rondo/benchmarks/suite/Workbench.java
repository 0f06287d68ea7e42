package dev.rondo.benchmarks.suite;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/// The temporary folder of a run: inputs of tasks, results expected, and one folder after another that implementations
/// write into. Closing it removes everything.
final class Workbench implements AutoCloseable {
    private final Path root;

    Workbench() throws IOException {
        root = Files.createTempDirectory("rondo-bench");
        Runtime.getRuntime().addShutdownHook(new Thread(this::closeAtExit));
    }

    /// The inputs of a task, written if they are not there.
    Path inputs(Task task) throws IOException {
        Path folder = root.resolve("inputs").resolve(task.dataKey());
        Inputs.write(task, folder);
        return folder;
    }

    /// Where the results lie that are expected of a task.
    Path expected(Task task) {
        return root.resolve("expected").resolve(task.resultKey());
    }

    /// An empty folder for an implementation's results.
    Path results() throws IOException {
        Path folder = root.resolve("results");
        delete(folder);
        return Files.createDirectories(folder);
    }

    private static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        List<Path> paths;
        try (Stream<Path> walk = Files.walk(folder)) {
            paths = walk.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : paths) {
            Files.delete(path);
        }
    }

    /// Where the harness is interrupted.
    private void closeAtExit() {
        try {
            close();
        } catch (UncheckedIOException e) {
            // A peer that is just being killed wrote into it: left to whoever clears the system's temporary files.
        }
    }

    @Override
    public void close() {
        try {
            delete(root);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
