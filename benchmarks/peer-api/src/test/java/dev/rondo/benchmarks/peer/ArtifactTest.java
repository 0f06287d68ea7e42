package dev.rondo.benchmarks.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class ArtifactTest {
    /// Tests run on folders, where no jar says its version: one is put where the class loader looks.
    @Test
    void readsWhatMavenLeaves() throws IOException {
        Path root = Path.of(ClassLoader.getSystemResource("").getPath());
        Path folder = root.resolve("META-INF/maven/some.group/some-artifact");
        Files.createDirectories(folder);
        Files.writeString(folder.resolve("pom.properties"), "version=1.2.3-4\n");
        assertEquals("1.2.3-4", Artifact.version("some.group", "some-artifact"));
    }

    @Test
    void whatIsMissingIsNamed() {
        assertEquals("class path: expected META-INF/maven/no/thing/pom.properties",
                assertThrows(IllegalArgumentException.class, () -> Artifact.version("no", "thing")).getMessage());
    }
}
