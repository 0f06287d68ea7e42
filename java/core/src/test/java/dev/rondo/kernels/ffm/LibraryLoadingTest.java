package dev.rondo.kernels.ffm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.stream.JsonReader;
import dev.rondo.Sequential;
import dev.rondo.kernels.Engines;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Input;
import dev.rondo.plan.Engine;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Where librondo and the providers are loaded from, what is said when they cannot be, and that `native` never falls
/// back. Each case needs a process of its own, since a process loads the library once.
@Tag("slow")
class LibraryLoadingTest {
    private static final Path LIBRARY = Path.of(Engines.natives("auto", 1).description().library());
    private static final String NO_RESOURCES = "";

    /// Enables it for a module that needs none, and so for no other.
    private static final String NO_NATIVE_ACCESS = "--enable-native-access=java.base";

    @TempDir
    Path folder;

    /// The lines that [PrintEngine] prints in a fresh process.
    ///
    /// @param resources a further entry of the class path; librondo's folder or jar for instance
    private static List<String> print(String resources, Map<String, String> environment, String... options)
            throws IOException, InterruptedException {
        return run(List.of(PrintEngine.class.getName()), resources, environment, options);
    }

    /// The lines that a fresh process prints.
    ///
    /// @param program a class and its arguments
    private static List<String> run(
            List<String> program, String resources, Map<String, String> environment, String... options)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--illegal-native-access=deny",
                "-Drondo.providers=none"));
        if (!List.of(options).contains(NO_NATIVE_ACCESS)) {
            command.add("--enable-native-access=ALL-UNNAMED");
        }
        command.addAll(List.of(options));
        Path target = Path.of(System.getProperty("rondo.root"), "java", "core", "target");
        command.addAll(List.of(
                "-cp", String.join(":", target.resolve("classes").toString(), target.resolve("test-classes").toString(),
                        Path.of(JsonReader.class.getProtectionDomain().getCodeSource().getLocation().getPath()).toString(),
                        resources)));
        command.addAll(program);
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().keySet().removeAll(List.of("RONDO_FORCE_ISA", "JAVA_TOOL_OPTIONS"));
        builder.environment().putAll(environment);
        Process process = builder.start();
        List<String> lines = process.inputReader().lines().toList();
        assertEquals(0, process.waitFor(), lines.toString());
        return lines;
    }

    /// A folder that holds librondo as the jar does, which the library under test may itself come from.
    private String resources() throws IOException {
        Path resources = folder.resolve("resources");
        Path library = resources.resolve("META-INF/native/" + NativeLibrary.PLATFORM + "/librondo.so");
        Files.createDirectories(library.getParent());
        Files.copy(LIBRARY, library, StandardCopyOption.REPLACE_EXISTING);
        return resources.toString();
    }

    private Path jar() throws IOException {
        Path jar = folder.resolve("natives.jar");
        try (OutputStream file = Files.newOutputStream(jar);
                JarOutputStream out = new JarOutputStream(file)) {
            out.putNextEntry(new JarEntry("META-INF/native/" + NativeLibrary.PLATFORM + "/" + LIBRARY.getFileName()));
            Files.copy(LIBRARY, out);
            out.closeEntry();
        }
        return jar;
    }

    private static void assertLine(String expected, List<String> lines) {
        assertTrue(lines.contains(expected), "expected " + expected + ", got " + lines);
    }

    @Test
    void fromAFolderOfResources() throws Exception {
        String resources = resources();
        List<String> lines = print(resources, Map.of(), "-Drondo.kernels=native");
        assertLine("kernels=native", lines);
        assertLine("library=" + resources + "/META-INF/native/" + NativeLibrary.PLATFORM + "/librondo.so", lines);
    }

    @Test
    void fromTheProperty() throws Exception {
        List<String> lines = print(NO_RESOURCES, Map.of(), "-Drondo.library.path=" + LIBRARY);
        assertLine("kernels=native", lines);
        assertLine("library=" + LIBRARY, lines);
    }

    @Test
    void fromTheJavaLibraryPath() throws Exception {
        List<String> lines =
                print(NO_RESOURCES, Map.of(), "-Djava.library.path=/nowhere:" + LIBRARY.getParent());
        assertLine("library=" + LIBRARY, lines);
    }

    @Test
    void fromAJarThroughTheCacheOnce() throws Exception {
        String cache = "-Drondo.cache=" + folder.resolve("cache");
        List<String> first = print(jar().toString(), Map.of(), cache, "-Drondo.kernels=native");
        assertLine("kernels=native", first);
        List<Path> files;
        try (Stream<Path> walk = Files.walk(folder.resolve("cache"))) {
            files = walk.filter(Files::isRegularFile).toList();
        }
        assertEquals(1, files.size(), files.toString());
        assertLine("library=" + files.getFirst(), first);
        assertEquals(-1, Files.mismatch(LIBRARY, files.getFirst()));
        FileTime longAgo = FileTime.fromMillis(1_000_000_000_000L);
        Files.setLastModifiedTime(files.getFirst(), longAgo);

        assertLine("library=" + files.getFirst(), print(jar().toString(), Map.of(), cache));
        assertEquals(longAgo, Files.getLastModifiedTime(files.getFirst()), "it is not written again");
    }

    @Test
    void aMissingFileIsAReason() throws Exception {
        String missing = "-Drondo.library.path=/nowhere/librondo.so";
        String reason = "rondo.library.path: expected a file, got /nowhere/librondo.so";
        List<String> fallback = print(resources(), Map.of(), missing);
        assertLine("kernels=java", fallback);
        assertLine("reason=native kernels: " + reason, fallback);
        assertLine("exception=native kernels cannot be used: " + reason,
                print(resources(), Map.of(), missing, "-Drondo.kernels=native"));
    }

    @Test
    void aFileThatIsNoLibraryIsAReason() throws Exception {
        Path file = Files.writeString(folder.resolve("librondo.so"), "no library");
        List<String> lines = print(resources(), Map.of(), "-Drondo.library.path=" + file);
        assertLine("kernels=java", lines);
        assertTrue(lines.stream().anyMatch(line -> line.startsWith("reason=native kernels: " + file)),
                lines.toString());
    }

    /// Some other library that loads but is not librondo.
    @Test
    void aLibraryOfSomebodyElseIsAReason() throws Exception {
        Path other = Path.of(System.getProperty("java.home"), "lib", System.mapLibraryName("zip"));
        List<String> lines = print(resources(), Map.of(), "-Drondo.library.path=" + other);
        assertLine("kernels=java", lines);
        assertLine("reason=native kernels: " + other + " is no librondo: it lacks rondo_abi", lines);
    }

    @Test
    void aLibraryOfAnotherVersionIsAReason() throws Exception {
        Path source = Files.writeString(folder.resolve("other.c"), "const unsigned rondo_abi = 3;");
        Path other = folder.resolve("other.so");
        assertEquals(0, new ProcessBuilder("cc", "-shared", "-o", other.toString(), source.toString())
                .inheritIO().start().waitFor(), "cc");
        List<String> lines = print(resources(), Map.of(), "-Drondo.library.path=" + other);
        assertLine("kernels=java", lines);
        assertLine("reason=native kernels: " + other + " has ABI version 3, expected 4", lines);
    }

    /// A thread of its own loads the kernels while the file is read: what goes wrong there is told once, by whoever opens.
    @Test
    void aSessionTellsWhatTheThreadThatLoadsItsKernelsMet() throws Exception {
        Path model = folder.resolve("model.safetensors");
        try (Sequential network = Sequential.of(Input.features(5), Dense.units(1))) {
            network.save(model);
        }
        String resources = resources();
        List<String> program = List.of(PrintSession.class.getName(), model.toString());
        assertEquals(List.of("kernels=native"), run(program, resources, Map.of()));
        assertEquals(List.of("kernels=java"), run(program, resources, Map.of(), "-Drondo.kernels=java"));
        String missing = "-Drondo.library.path=/nowhere/librondo.so";
        assertEquals(
                List.of("exception=native kernels cannot be used: rondo.library.path: expected a file, got"
                        + " /nowhere/librondo.so"),
                run(program, resources, Map.of(), missing, "-Drondo.kernels=native"));
        List<String> lines = run(
                List.of(PrintSession.class.getName(), "/nowhere/model"), resources, Map.of(), missing);
        assertEquals(1, lines.size(), lines.toString());
        assertTrue(lines.getFirst().startsWith("exception=/nowhere/model"), lines.toString());
    }

    @Test
    void noLibraryAtAllIsAReason() throws Exception {
        List<String> lines = print(NO_RESOURCES, Map.of());
        assertLine("kernels=java", lines);
        assertTrue(lines.stream().anyMatch(line -> line.startsWith(
                "reason=native kernels: no librondo.so for " + NativeLibrary.PLATFORM)), lines.toString());
    }

    @Test
    void withoutNativeAccessThereIsAReason() throws Exception {
        List<String> lines = print(resources(), Map.of(), NO_NATIVE_ACCESS);
        assertLine("kernels=java", lines);
        assertTrue(lines.stream().anyMatch(line -> line.startsWith("reason=native kernels: Illegal native access")),
                lines.toString());
    }

    @Test
    void javaIsAskedFor() throws Exception {
        List<String> lines = print(resources(), Map.of(), "-Drondo.kernels=java");
        assertLine("kernels=java", lines);
        assertLine("reason=native kernels: pure Java was asked for", lines);
    }

    @Test
    void unknownChoicesAreRefused() throws Exception {
        assertLine("exception=rondo.kernels: expected auto, native or java, got c",
                print(resources(), Map.of(), "-Drondo.kernels=c"));
        assertLine("exception=rondo.providers: expected auto, none, openblas or onednn, got mkl",
                print(resources(), Map.of(), "-Drondo.providers=mkl"));
    }

    @Test
    void theEnvironmentForcesAnInstructionSet() throws Exception {
        for (String isa : Engines.isas()) {
            assertLine("isa=" + isa, print(resources(), Map.of("RONDO_FORCE_ISA", isa)));
        }
        List<String> lines = print(resources(), Map.of("RONDO_FORCE_ISA", "mmx"), "-Drondo.kernels=native");
        assertTrue(lines.stream().anyMatch(line -> line.startsWith("exception=native kernels cannot be used: ")
                && line.contains("mmx")), lines.toString());
    }

    @Test
    void aMissingProviderIsAReason() throws Exception {
        List<String> lines = print(resources(), Map.of(), "-Drondo.providers=onednn");
        assertLine("providers=[]", lines);
        assertLine("reason=onednn: org/bytedeco/dnnl/" + NativeLibrary.PLATFORM
                + "/libgomp.so.1 is not on the class path", lines);
    }

    @Test
    void wrongOptionsAreRefused() {
        Engine.Options options = Engine.inference();
        assertEquals("isa: expected one of [auto, baseline, avx2, avx512], got mmx", message(() -> options.isa("mmx")));
        assertEquals("threads: expected 0 to 256, got 257", message(() -> options.threads(257)));
        assertEquals("providers: expected some of [openblas, onednn], got [mkl]",
                message(() -> options.providers(Set.of("mkl"))));
    }

    private static String message(Runnable action) {
        return assertThrows(IllegalArgumentException.class, action::run).getMessage();
    }
}
