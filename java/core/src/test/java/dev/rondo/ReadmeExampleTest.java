package dev.rondo;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReadmeExampleTest {
    @Test
    void theExampleLearnsWhatBeginsAWord(@TempDir Path folder) throws IOException {
        String text = TestText.words(4000, 1);
        int next = ReadmeExample.run(text, folder.resolve("model.safetensors"));
        assertTrue("tqbfjold".indexOf(next) >= 0, "after \"the \" came " + Character.toString(next));
    }
}
