package dev.rondo.cli;

import dev.rondo.data.TextCorpus;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.Optional;

/// Real text that is at hand wherever the demo runs.
///
/// @param name what it is
/// @param corpus its text
/// @param prompt what a sample of such text may begin with
record DemoText(String name, TextCorpus corpus, String prompt) {
    private static final String CODE_PROMPT = "    public ";

    /// The sources of java.util in the JDK in use, or else this project's own.
    ///
    /// @throws IOException if neither is there
    static DemoText atHand() throws IOException {
        Path zip = Path.of(System.getProperty("java.home"), "lib", "src.zip");
        if (Files.isRegularFile(zip)) {
            try (FileSystem sources = FileSystems.newFileSystem(zip)) {
                Path util = sources.getPath("java.base", "java", "util");
                if (Files.isDirectory(util)) {
                    return new DemoText("java.util of " + zip, TextCorpus.read(util), CODE_PROMPT);
                }
            }
        }
        return own().orElseThrow(() -> new IOException(
                "there is no text at hand: " + zip + " does not exist; give a file or folder with --text"));
    }

    /// A text of the user's.
    static DemoText of(Path path) throws IOException {
        TextCorpus corpus = TextCorpus.read(path);
        String firstLine = corpus.text().lines().filter(line -> !line.isBlank()).findFirst().orElse(corpus.text());
        int characters = Math.min(20, firstLine.codePointCount(0, firstLine.length()));
        return new DemoText(
                path.toString(), corpus, firstLine.substring(0, firstLine.offsetByCodePoints(0, characters)));
    }

    /// This project's sources, looked for upwards from where this program lies.
    static Optional<DemoText> own() throws IOException {
        CodeSource source = DemoText.class.getProtectionDomain().getCodeSource();
        try {
            Path folder = source == null ? null : Path.of(source.getLocation().toURI());
            while (folder != null) {
                Path sources = folder.resolve("java").resolve("core").resolve("src").resolve("main");
                if (Files.isDirectory(sources)) {
                    return Optional.of(
                            new DemoText("the sources of Rondo in " + sources, TextCorpus.read(sources), CODE_PROMPT));
                }
                folder = folder.getParent();
            }
            return Optional.empty();
        } catch (URISyntaxException e) {
            throw new IOException("cannot tell where this program lies", e);
        }
    }
}
