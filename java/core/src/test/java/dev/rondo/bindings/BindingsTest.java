package dev.rondo.bindings;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.GroupLayout;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The committed bindings fit `rondo.h` and the library, shown without jextract.
///
/// What Java believes (sizes, alignments, offsets, constants) is read from the bindings by reflection and written as C
/// static assertions, which the C compiler checks against the header itself. The header's hash, the names it declares
/// and the symbols the library exports are compared besides.
class BindingsTest {
    private static final Path ROOT = Path.of(System.getProperty("rondo.root", "../..")).toAbsolutePath().normalize();
    private static final Path HEADER = ROOT.resolve("native/include/rondo/rondo.h");
    private static final Path SOURCES = ROOT.resolve("bindings/src/main/java/dev/rondo/bindings");

    @TempDir
    private Path folder;

    @Test
    void layoutsAndConstantsAreThoseOfTheHeader() throws Exception {
        Compilation compilation = compile(assertions());

        assertEquals(0, compilation.status(), compilation.output());
    }

    /// A test that cannot fail is a defect: each kind of assertion, made wrong by one, must be refused.
    @Test
    void aWrongAssertionDoesNotCompile() throws Exception {
        List<String> right = assertions();
        for (String kind : List.of("sizeof(rondo_", "_Alignof(", "offsetof(", "sizeof(((", "RONDO_")) {
            int index = indexContaining(right, "_Static_assert(" + kind);
            List<String> wrong = new ArrayList<>(right);
            wrong.set(index, right.get(index).replaceFirst(" == (-?\\d+)", " == 1 + $1"));
            assertFalse(right.equals(wrong), right.get(index));

            Compilation compilation = compile(wrong);

            assertTrue(compilation.status() != 0, "compiled although wrong: " + wrong.get(index));
            assertTrue(compilation.output().contains("static assertion failed"), compilation.output());
        }
    }

    @Test
    void theHeaderIsTheOneTheBindingsWereGeneratedFrom() throws Exception {
        String recorded = Files.readString(ROOT.resolve("bindings/header.sha256")).split(" ", 2)[0];
        byte[] hash = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(HEADER));
        String actual = HexFormat.of().formatHex(hash);

        assertEquals(recorded, actual, "rondo.h changed: run bindings/generate.sh (see bindings/README.md)");
    }

    @Test
    void headerAndBindingsDeclareTheSameNames() throws Exception {
        String header = Files.readString(HEADER).replaceAll("(?s)/\\*.*?\\*/", "");

        Set<String> functions = names(header, "(?m)^RONDO_API\\s[^(]*?\\b(rondo_\\w+)\\(");
        Set<String> variables = names(header, "(?m)^RONDO_API extern const \\w+ (rondo_\\w+);");
        Set<String> structs = names(header, "(?m)^\\}\\s*(rondo_\\w+);");
        Set<String> constants = names(header, "(?m)^#define\\s+(RONDO_\\w+)[ \\t]+-?\\d");

        assertAll(
                () -> assertEquals(functions, functions()),
                () -> assertEquals(variables, variables()),
                () -> assertEquals(structs, structs().keySet()),
                () -> assertEquals(constants, constants().keySet()));
    }

    @Test
    void theLibraryExportsExactlyWhatIsBound() throws Exception {
        Path library = folder.resolve("librondo.so");
        String name = "META-INF/native/linux-" + architecture() + "/librondo.so";
        try (InputStream in = ClassLoader.getSystemResourceAsStream(name)) {
            if (in == null) {
                fail(name + " is not on the test's path: was module native built?");
            }
            Files.copy(in, library);
        }

        Compilation listing = execute(List.of("nm", "-D", "--defined-only", library.toString()));

        assertEquals(0, listing.status(), listing.output());
        SortedSet<String> exported = listing.output().lines()
                .map(line -> line.substring(line.lastIndexOf(' ') + 1).replaceFirst("@.*", ""))
                .collect(Collectors.toCollection(TreeSet::new));
        SortedSet<String> bound = functions();
        bound.addAll(variables());
        assertEquals(bound, exported);
    }

    private static String architecture() {
        String architecture = System.getProperty("os.arch");
        return architecture.equals("amd64") ? "x86_64" : architecture;
    }

    // ------------------------------------------------------------------------------ what the bindings believe

    /// Every struct of the bindings, by name.
    private static SortedMap<String, GroupLayout> structs() throws Exception {
        SortedMap<String, GroupLayout> structs = new TreeMap<>();
        try (var files = Files.list(SOURCES)) {
            for (Path file : files.toList()) {
                String name = file.getFileName().toString().replace(".java", "");
                if (name.startsWith("rondo_")) {
                    Class<?> type = Class.forName(RondoNative.class.getPackageName() + "." + name);
                    structs.put(name, (GroupLayout) type.getMethod("layout").invoke(null));
                }
            }
        }
        return structs;
    }

    /// Every constant of the bindings, by name.
    private static SortedMap<String, Number> constants() throws Exception {
        SortedMap<String, Number> constants = new TreeMap<>();
        for (Method method : RondoNative.class.getDeclaredMethods()) {
            if (method.getName().startsWith("RONDO_") && Modifier.isPublic(method.getModifiers())) {
                constants.put(method.getName(), (Number) method.invoke(null));
            }
        }
        return constants;
    }

    /// Every function of the bindings: those that have a descriptor.
    private static SortedSet<String> functions() {
        return namesWith("$descriptor");
    }

    /// Every variable of the bindings: those that have a segment.
    private static SortedSet<String> variables() {
        return namesWith("$segment");
    }

    private static SortedSet<String> namesWith(String ending) {
        SortedSet<String> names = new TreeSet<>();
        for (Method method : RondoNative.class.getDeclaredMethods()) {
            if (method.getName().endsWith(ending)) {
                names.add(method.getName().replace(ending, ""));
            }
        }
        return names;
    }

    private static List<String> assertions() throws Exception {
        List<String> lines = new ArrayList<>();
        structs().forEach((struct, layout) -> {
            lines.add(assertion("sizeof(%s) == %d", struct, layout.byteSize()));
            lines.add(assertion("_Alignof(%s) == %d", struct, layout.byteAlignment()));
            for (MemoryLayout field : layout.memberLayouts()) {
                field.name().ifPresent(name -> {
                    long offset = layout.byteOffset(PathElement.groupElement(name));
                    lines.add(assertion("offsetof(%s, %s) == %d", struct, name, offset));
                    lines.add(assertion("sizeof(((%s *)0)->%s) == %d", struct, name, field.byteSize()));
                });
            }
        });
        constants().forEach((name, value) -> lines.add(assertion("%s == %d", name, value.longValue())));
        return lines;
    }

    private static String assertion(String format, Object... arguments) {
        String condition = format.formatted(arguments);
        return "_Static_assert(" + condition + ", \"Java has " + condition + "\");";
    }

    // ------------------------------------------------------------------------------------- what C says to it

    private record Compilation(int status, String output) {}

    private Compilation compile(List<String> assertions) throws Exception {
        Path file = folder.resolve("bindings.c");
        List<String> lines = new ArrayList<>(List.of("#include <stddef.h>", "#include \"rondo/rondo.h\""));
        lines.addAll(assertions);
        Files.write(file, lines);
        return execute(List.of(compiler(), "-std=c11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
                "-I", HEADER.getParent().getParent().toString(), file.toString()));
    }

    /// The first C compiler on the path.
    private static String compiler() {
        for (String name : List.of("cc", "gcc", "clang")) {
            for (String folder : System.getenv("PATH").split(":")) {
                if (Files.isExecutable(Path.of(folder, name))) {
                    return name;
                }
            }
        }
        return fail("no C compiler (cc, gcc, clang) on the path: the bindings cannot be checked against rondo.h");
    }

    private static Compilation execute(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(1, TimeUnit.MINUTES), command + " does not end");
        return new Compilation(process.exitValue(), output);
    }

    private static int indexContaining(List<String> lines, String part) {
        for (int i = 0; i < lines.size(); i++) {
            if (lines.get(i).contains(part)) {
                return i;
            }
        }
        return fail("no assertion has " + part);
    }

    private static SortedSet<String> names(String text, String pattern) {
        return Pattern.compile(pattern).matcher(text).results()
                .map(match -> match.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
