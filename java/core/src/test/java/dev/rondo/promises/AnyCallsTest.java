package dev.rondo.promises;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Sequential;
import java.lang.module.ModuleDescriptor;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Every public method is called with anything, by one thread and by a hundred at once that share what they call, half
/// of them virtual, some of them interrupted: see [AnyCalls]. `-Drondo.anySeconds=N` asks for N seconds of each.
@Tag("slow")
class AnyCallsTest {
    private static final int SECONDS = Child.times("anySeconds", 2);

    /// Four GiB of addresses: what asks for 2^30 floats is refused before any of them is written.
    private static final String LITTLE_MEMORY = "ulimit -v 4194304 && exec \"$@\"";

    @ParameterizedTest
    @ValueSource(ints = {1, 100})
    void noCallCrashes(int threads, @TempDir Path folder) throws Exception {
        String packages = Sequential.class.getModule().getDescriptor().exports().stream()
                .filter(exported -> !exported.isQualified())
                .map(ModuleDescriptor.Exports::source)
                .sorted()
                .collect(Collectors.joining(","));
        Path classes = Path.of(URI.create(
                Sequential.class.getProtectionDomain().getCodeSource().getLocation().toString()));
        long seed = System.nanoTime();
        List<String> command = Child.java(
                List.of("-Xmx512m", "-XX:CompressedClassSpaceSize=64m", "-XX:ReservedCodeCacheSize=64m"),
                AnyCalls.class,
                List.of(
                        classes.toString(), packages, String.valueOf(threads), String.valueOf(SECONDS),
                        folder.toString(), String.valueOf(seed)));
        List<String> lines = Child.lines(Stream.concat(Stream.of("sh", "-c", LITTLE_MEMORY, "sh"), command.stream())
                .toList());
        long calls = number(lines, "calls ");
        long methods = number(lines, "methods ");
        long uncalled = number(lines, "uncalled ");
        Child.report(
                "%,d calls of %d of %d public methods by %d threads, seed %d: no crash", calls, methods - uncalled,
                methods, threads, seed);
        assertTrue(calls >= AnyCalls.ENOUGH, lines.toString());
        assertEquals(true, uncalled < methods / 10, lines::toString);
    }

    private static long number(List<String> lines, String prefix) {
        return lines.stream()
                .filter(line -> line.startsWith(prefix))
                .mapToLong(line -> Long.parseLong(line.substring(prefix.length())))
                .findFirst()
                .orElseThrow();
    }
}
