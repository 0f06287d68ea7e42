package dev.rondo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.module.ModuleDescriptor;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.spi.ToolProvider;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;

/// Compiles every example of the Javadoc, with what it takes for given declared around it.
@Tag("slow")
class JavadocExamplesTest {
    private static final Path SOURCES =
            Path.of(System.getProperty("rondo.root", "../..")).resolve("java/core/src/main/java");

    /// What examples take for given, by the file that they are in. Of most it is a model and its data.
    private static final Map<String, String> GIVEN = Map.ofEntries(
            Map.entry("Attention", "Functional.Builder b; Symbols encoder, decoder;"),
            Map.entry("BeamSearch", "BeamStep step; int vocabulary, start, end;"),
            Map.entry("CellScope", "CellScope s; Value h;"),
            Map.entry("Crf", "Sequential model; Tensor x; int[] lengths; int n;"),
            Map.entry("CtcDecoder", "float[] logits; int classes;"),
            Map.entry("Dataset", "Tensor source, shifted, target; int[] lengths;"),
            Map.entry("DecoderSession", "InferenceSession session; int[] ids; int start, end;"),
            Map.entry("Embedding", "Path file; WordVocabulary vocabulary;"),
            Map.entry("GradientCheck", "Sequential model; Training training; Dataset data;"),
            Map.entry("InferenceRequest", "InferenceSession session; Tensor ids, lengths, logits;"),
            Map.entry("LabelledFolder", "Path folder;"),
            Map.entry("Sampling", "float[] logits; long seed;"),
            Map.entry("Sequential", "int vocabularySize;"),
            Map.entry("SafetensorsReader", "Path path;"),
            Map.entry("Split", "Sequential model; Examples data; int[] labels;"),
            Map.entry("StreamingSession", "Sequential model; Tensor x, y, more;"),
            Map.entry("Training", "int[] labels; int classes;"),
            Map.entry("Viterbi", "Sequential model; Tensor transitions, start, end, x; float[] emissions;"),
            Map.entry("WordVectors", "Path file; WordVocabulary vocabulary; Sequential model;"),
            Map.entry("WordVocabulary", "Stream<String> lines; Tokenizer tokenizer;"));

    private static final String OTHERWISE = "Sequential model; Dataset data, heldOut; Path file; double best;";

    /// @param file without `.java`
    /// @param path its package and name
    /// @param number of the example in its file
    private record Example(String file, String path, int number, List<String> lines) {
        String name() {
            return file + number;
        }

        /// The example in a class of its own.
        String source(String imports) {
            String text = String.join("\n", lines);
            String first = lines.getFirst();
            String body;
            if (first.startsWith("public ")) {
                body = text;
            } else if (first.startsWith(".")) {
                body = "Object made() throws Exception { return Training.optimizer(Adam.standard())" + text + "; }";
            } else if (text.replaceFirst("//[^\n]*$", "").strip().matches("(?s).*[;}]")) {
                body = "void run() throws Exception {\n" + text + "\n}";
            } else {
                body = text.lines().noneMatch(line -> line.startsWith(" ")) && balanced(first)
                        ? text.lines()
                                .map(line -> "{ Object made = " + line + "; }")
                                .collect(Collectors.joining("\n", "void made() throws Exception {\n", "\n}"))
                        : "Object made() throws Exception { return " + text + "; }";
            }
            return "%simport %s.*;\nimport dev.rondo.data.WordVectors.*;\nimport dev.rondo.metrics.Average;\nabstract class %s {\n%s\n%s\n}\n"
                    .formatted(imports, path, name(), GIVEN.getOrDefault(file, OTHERWISE), body);
        }

        private static boolean balanced(String line) {
            return line.chars().filter(c -> c == '(').count() == line.chars().filter(c -> c == ')').count();
        }
    }

    @Test
    void theyCompile(@TempDir Path folder) throws IOException {
        String imports = Sequential.class.getModule().getDescriptor().exports().stream()
                        .filter(exported -> !exported.isQualified())
                        .map(ModuleDescriptor.Exports::source)
                        .sorted()
                        .map(name -> "import " + name + ".*;\n")
                        .collect(Collectors.joining())
                + "import java.nio.file.*;\nimport java.util.*;\nimport java.util.stream.Stream;\n";
        List<Example> examples = examples();
        assertTrue(examples.size() > 30, examples.size() + " examples");
        Path own = Path.of(URI.create(
                Sequential.class.getProtectionDomain().getCodeSource().getLocation().toString()));
        Path classes = Files.createDirectory(folder.resolve("classes"));
        List<String> arguments = new ArrayList<>(List.of(
                "-proc:none", "-nowarn", "-d", classes.toString(), "-classpath", own.toString()));
        for (Example example : examples) {
            Path file = folder.resolve(example.name() + ".java");
            arguments.add(Files.writeString(file, example.source(imports)).toString());
        }
        StringWriter said = new StringWriter();
        PrintWriter out = new PrintWriter(said);
        int status = ToolProvider.findFirst("javac").orElseThrow().run(out, out, arguments.toArray(new String[0]));
        assertEquals(0, status, said::toString);
        try (Stream<Path> made = Files.list(classes)) {
            assertEquals(examples.size(), made.filter(file -> !file.toString().contains("$")).count());
        }
    }

    private static List<Example> examples() throws IOException {
        List<Example> examples = new ArrayList<>();
        List<Path> files;
        try (Stream<Path> walk = Files.walk(SOURCES)) {
            files = walk.filter(file -> file.toString().endsWith(".java")).sorted().toList();
        }
        for (Path file : files) {
            String path = SOURCES.relativize(file).toString().replace('/', '.').replaceFirst("\\.java$", "");
            String name = path.substring(path.lastIndexOf('.') + 1);
            List<String> block = new ArrayList<>();
            boolean inside = false;
            int number = 0;
            for (String line : Files.readAllLines(file)) {
                String text = line.strip().replaceFirst("^/// ?", "");
                boolean comment = line.strip().startsWith("///");
                if (inside && (!comment || text.strip().equals("```"))) {
                    examples.add(new Example(name, path, ++number, List.copyOf(block)));
                    inside = false;
                } else if (inside) {
                    block.add(text);
                } else if (comment && text.strip().toLowerCase(Locale.ROOT).equals("```java")) {
                    block.clear();
                    inside = true;
                }
            }
        }
        return examples;
    }
}
