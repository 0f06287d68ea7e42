package dev.rondo;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReadmeExampleTest {
    private static final Path ROOT = Path.of(System.getProperty("rondo.root", "../.."));

    /// After a word's space comes the first letter of a word.
    @Test
    void theExampleLearns(@TempDir Path folder) throws IOException {
        int next = ReadmeExample.run(TestText.words(4000, 1), folder.resolve("model.safetensors"));
        assertTrue("tqbfjold".indexOf(next) >= 0, "after \"the \" came " + Character.toString(next));
    }

    @Test
    void theReadmeShowsIt() throws IOException {
        String source = Files.readString(ROOT.resolve("java/core/src/test/java/dev/rondo/ReadmeExample.java"));
        String start = "// @start region=\"example\"\n";
        String example = source.substring(
                        source.indexOf(start) + start.length(), source.indexOf("        // @end region=\"example\""))
                .stripTrailing()
                .stripIndent();
        String readme = Files.readString(ROOT.resolve("README.md"));
        assertTrue(readme.contains("```java\n" + example + "\n```\n"), "README.md: expected this example:\n" + example);
    }
}
