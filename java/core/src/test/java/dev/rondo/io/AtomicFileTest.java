package dev.rondo.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.stream.JsonReader;
import dev.rondo.tensor.Tensor;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A save is whole or has not been: with exceptions, with a disk that is full, and with a process that is killed.
class AtomicFileTest {
    @TempDir
    Path folder;

    @Test
    void aFailureInTheMiddleLeavesTheOldFileAndNothingElse() throws IOException {
        Path file = old();
        IOException e = assertThrows(
                IOException.class,
                () -> AtomicFile.write(file, channel -> {
                    channel.write(ByteBuffer.allocate(1000));
                    throw new IOException("No space left on device");
                }));
        assertEquals("cannot save " + file + ": No space left on device", e.getMessage());
        assertUntouched(file);
        assertThrows(
                IllegalStateException.class,
                () -> AtomicFile.write(file, channel -> {
                    channel.write(ByteBuffer.allocate(1000));
                    throw new IllegalStateException("closed");
                }));
        assertUntouched(file);
    }

    @Test
    void anInterruptIsSaidAndKeptAndTheOldFileStays() throws IOException {
        Path file = old();
        Thread.currentThread().interrupt();
        try {
            IOException e = assertThrows(
                    IOException.class, () -> AtomicFile.write(file, channel -> channel.write(ByteBuffer.allocate(9))));
            assertEquals("cannot save " + file + ": the thread was interrupted", e.getMessage());
            assertTrue(Thread.currentThread().isInterrupted());
        } finally {
            Thread.interrupted();
        }
        assertUntouched(file);
    }

    @Test
    void anExistingFileIsReplacedAndALinkStaysALink() throws IOException {
        Path file = old();
        Path link = Files.createSymbolicLink(folder.resolve("link"), file);
        AtomicFile.write(link, channel -> channel.write(ByteBuffer.wrap(new byte[] {'n', 'e', 'w'})));
        assertTrue(Files.isSymbolicLink(link));
        assertEquals("new", Files.readString(file));
        assertEquals(List.of("link", "old.safetensors"), names());
    }

    @Test
    void whereNoFileCanBeIsSaid() throws IOException {
        Path nowhere = folder.resolve("none").resolve("x.safetensors");
        assertEquals(
                "cannot save " + nowhere + ": no such file or folder: " + nowhere.getParent(),
                assertThrows(IOException.class, () -> AtomicFile.write(nowhere, channel -> {}))
                        .getMessage());
        assertTrue(assertThrows(IOException.class, () -> AtomicFile.write(folder, channel -> {}))
                .getMessage()
                .endsWith("is a folder"));
        Path inFile = old().resolve("x");
        assertThrows(IOException.class, () -> AtomicFile.write(inFile, channel -> {}));
        assertThrows(IOException.class, () -> AtomicFile.write(Path.of("/proc/x.safetensors"), channel -> {}));
    }

    @Test
    void whatKilledProcessesLeftIsRemovedAndOthersAreNot() throws IOException {
        Path file = old();
        long dead = deadProcess();
        Path rubbish = temporary(dead + "-1", Duration.ofHours(1));
        Path young = temporary(dead + "-2", Duration.ZERO);
        Path alive = temporary(ProcessHandle.current().pid() + "-99", Duration.ofHours(1));
        Path foreign = temporary("backup", Duration.ofHours(1));
        AtomicFile.write(file, channel -> {});
        assertFalse(Files.exists(rubbish));
        assertTrue(Files.exists(young) && Files.exists(alive) && Files.exists(foreign));
    }

    /// A real full disk in small: the shell limits the size of files that the child may write, so that the system
    /// refuses a write in the middle of a tensor.
    @Test
    void aWriteThatTheSystemRefusesLeavesTheOldFile() throws Exception {
        Path file = old();
        Process child = start(
                List.of("sh", "-c", "ulimit -f 256 && exec \"$0\" \"$@\""),
                Saver.class.getName(),
                "once",
                file.toString());
        String output = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(child.waitFor(60, TimeUnit.SECONDS));
        assertTrue(output.contains("cannot save " + file + ": File too large"), output);
        assertUntouched(file);
    }

    /// Kills a process ten times while it saves again and again; the file is a whole model each time.
    @Test
    void aKillLeavesAWholeFile() throws Exception {
        Path file = folder.resolve("killed.safetensors");
        for (int kill = 0; kill < 10; kill++) {
            Process child = start(List.of(), Saver.class.getName(), "forever", file.toString());
            try (BufferedReader lines = child.inputReader()) {
                assertEquals("saved", lines.readLine(), "the child's first line");
                Thread.sleep(7L * kill);
            } finally {
                child.destroyForcibly().waitFor();
            }
            try (SafetensorsReader reader = SafetensorsReader.open(file)) {
                float[] values = reader.read("a").toFloats();
                float[] same = new float[values.length];
                Arrays.fill(same, values[0]);
                assertTrue(Arrays.equals(same, values), "the file mixes two saves");
                assertEquals(reader.metadata().get("save"), String.valueOf((long) values[0]));
            }
        }
    }

    /// What the child processes run.
    static final class Saver {
        private Saver() {}

        public static void main(String[] arguments) throws IOException {
            Path file = Path.of(arguments[1]);
            for (long save = 1; ; save++) {
                float[] values = new float[1 << 18];
                Arrays.fill(values, save);
                SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
                tensors.put("a", Tensor.of(values, values.length));
                try {
                    SafetensorsWriter.write(file, Map.of("save", String.valueOf(save)), tensors);
                } catch (IOException e) {
                    System.out.println(e.getMessage());
                    return;
                }
                if (save == 1) {
                    System.out.println("saved");
                }
                if (arguments[0].equals("once")) {
                    return;
                }
            }
        }
    }

    private static Process start(List<String> prefix, String... arguments) throws IOException {
        return new ProcessBuilder(Stream.of(prefix, javaCommand(), List.of(arguments))
                        .flatMap(List::stream)
                        .toList())
                .redirectErrorStream(true)
                .start();
    }

    /// A virtual machine with the class path of this one. It writes no file of its own, which a limit could hit.
    private static List<String> javaCommand() {
        String classPath = Stream.of(AtomicFileTest.class, SafetensorsWriter.class, JsonReader.class)
                .map(type -> type.getProtectionDomain().getCodeSource().getLocation().toString())
                .map(location -> Path.of(URI.create(location)).toString())
                .distinct()
                .collect(Collectors.joining(File.pathSeparator));
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:-UsePerfData",
                "-XX:TieredStopAtLevel=1",
                "-Xmx64m",
                "-cp",
                classPath);
    }

    private static long deadProcess() throws IOException {
        Process process = new ProcessBuilder("true").start();
        long pid = process.pid();
        process.onExit().join();
        return pid;
    }

    private Path temporary(String rest, Duration age) throws IOException {
        Path file = Files.writeString(folder.resolve(".old.safetensors." + rest + ".tmp"), "half");
        Files.setLastModifiedTime(file, FileTime.from(Instant.now().minus(age)));
        return file;
    }

    private Path old() throws IOException {
        return Files.writeString(folder.resolve("old.safetensors"), "old");
    }

    private void assertUntouched(Path file) throws IOException {
        assertEquals("old", Files.readString(file));
        assertEquals(List.of("old.safetensors"), names());
    }

    private List<String> names() throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
        }
    }
}
