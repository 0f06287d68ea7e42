package dev.rondo.benchmarks.suite;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;

/// Makes a run's results those that are committed: `RESULTS.md` with `pictures`, and the numbers under `history`, where
/// those of former runs stay to be compared with.
final class Publication {
    private Publication() {}

    /// @param from a folder of results
    /// @param benchmarks the folder of the committed ones
    /// @throws NoSuchFileException if a file of the results is missing
    static void publish(Path from, Path benchmarks, PrintWriter screen) throws IOException {
        for (String name : List.of(Page.NAME, "results.json", "machine.json")) {
            if (!Files.exists(from.resolve(name))) {
                throw new NoSuchFileException(from.resolve(name).toString());
            }
        }
        Path page = benchmarks.resolve("RESULTS.md");
        copy(from.resolve(Page.NAME), page);
        Path pictures = Files.createDirectories(benchmarks.resolve(Page.PICTURES));
        for (Path old : files(pictures)) {
            Files.delete(old);
        }
        if (Files.isDirectory(from.resolve(Page.PICTURES))) {
            for (Path picture : files(from.resolve(Page.PICTURES))) {
                copy(picture, pictures.resolve(picture.getFileName().toString()));
            }
        }
        Path history = Files.createDirectories(
                benchmarks.resolve("history").resolve(from.toRealPath().getFileName().toString()));
        copy(from.resolve("results.json"), history.resolve("results.json"));
        copy(from.resolve("machine.json"), history.resolve("machine.json"));
        screen.printf("%s, %s and %s are now those of %s; commit them.%n", page, pictures, history, from);
        screen.flush();
    }

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".svg")).toList();
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING);
    }
}
