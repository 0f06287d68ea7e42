package dev.rondo.tables;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// Holds the tables of what Keras, PyTorch and Rondo have against the classes that there are.
class ComparisonTest {
    private static final Path ROOT = Path.of(System.getProperty("rondo.root", "../.."));
    private static final List<String> PACKAGES = List.of(
            "", ".data", ".decoding", ".inference", ".io", ".layers", ".metrics", ".plan", ".tensor", ".training");
    private static final Pattern NAME = Pattern.compile("`((?:[A-Z]\\w*\\.)*[A-Z]\\w*)(?:\\.([a-z]\\w*))?`");

    @Test
    void whatTheTablesNameIsThere() throws IOException {
        check(Files.readAllLines(ROOT.resolve("docs/coming-from-keras-and-pytorch.md")), 100);
        List<String> readme = Files.readAllLines(ROOT.resolve("README.md"));
        int begin = readme.indexOf("### Beside Keras and PyTorch");
        assertTrue(begin >= 0, "no such section");
        check(readme.subList(begin, readme.indexOf("### Worked examples")), 20);
    }

    private static void check(List<String> lines, int least) {
        List<String> missing = new ArrayList<>();
        int names = 0;
        for (String line : lines) {
            if (!line.startsWith("|")) {
                continue;
            }
            String[] cells = line.split("\\|", -1);
            assertEquals(6, cells.length, line);
            assertTrue(Arrays.stream(cells).skip(1).limit(4).noneMatch(String::isBlank), line);
            Matcher name = NAME.matcher(cells[4]);
            while (name.find()) {
                names++;
                if (!isThere(name.group(1), Optional.ofNullable(name.group(2)))) {
                    missing.add(name.group());
                }
            }
        }
        assertEquals(List.of(), missing);
        assertTrue(names > least, names + " names");
    }

    @Test
    void whatIsNotThereIsFound() {
        assertTrue(isThere("Functional.Builder", Optional.of("shared")));
        assertTrue(!isThere("ConvLstm2d", Optional.empty()));
        assertTrue(!isThere("Lstm", Optional.of("unroll")));
    }

    private static boolean isThere(String type, Optional<String> method) {
        return PACKAGES.stream()
                .flatMap(part -> find("dev.rondo" + part + "." + type.replace('.', '$')).stream())
                .anyMatch(found -> method.isEmpty()
                        || Arrays.stream(found.getMethods()).anyMatch(m -> m.getName().equals(method.get())));
    }

    private static Optional<Class<?>> find(String name) {
        try {
            return Optional.of(Class.forName(name));
        } catch (ClassNotFoundException e) {
            return Optional.empty();
        }
    }
}
