package dev.rondo.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Pictures of graphs, drawn by Graphviz's program `dot`.
final class Graphviz {
    private static final List<String> FORMATS = List.of("svg", "png", "pdf");

    private Graphviz() {}

    /// Draws a graph into a file, in the format that its name ends in.
    ///
    /// @param dot the graph, in the language of Graphviz
    /// @throws IllegalArgumentException if the name ends in another format
    /// @throws IOException if there is no such program, or it fails
    static void draw(String dot, Path file) throws IOException {
        String name = String.valueOf(file.getFileName());
        String format = name.substring(name.lastIndexOf('.') + 1);
        if (!FORMATS.contains(format)) {
            throw new IllegalArgumentException(
                    "--picture: expected a name that ends in one of %s, got %s".formatted(FORMATS, name));
        }
        Path given = Files.createTempFile("rondo", ".dot");
        try {
            Files.writeString(given, dot);
            Process process = start("dot", "-T" + format, "-o", file.toAbsolutePath().toString(), given.toString());
            String said;
            try (InputStream output = process.getInputStream()) {
                said = new String(output.readAllBytes(), StandardCharsets.UTF_8).strip();
            }
            int status = process.waitFor();
            if (status != 0) {
                throw new IOException("dot ended with status %d: %s".formatted(status, said));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while dot drew " + file, e);
        } finally {
            Files.delete(given);
        }
    }

    private static Process start(String... command) throws IOException {
        try {
            return new ProcessBuilder(command).redirectErrorStream(true).start();
        } catch (IOException e) {
            throw new IOException(
                    "--picture: expected Graphviz's program dot on PATH, got none: on Debian or Ubuntu"
                            + " sudo apt-get install -y --no-install-recommends graphviz",
                    e);
        }
    }
}
