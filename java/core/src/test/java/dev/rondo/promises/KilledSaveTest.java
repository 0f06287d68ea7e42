package dev.rondo.promises;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.io.CheckpointFile;
import dev.rondo.io.ModelFile;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Input;
import dev.rondo.layers.Network;
import dev.rondo.layers.Scope;
import dev.rondo.plan.Parameters;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Tensor;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A process that does nothing but save checkpoints is killed at random moments: each time the file is a whole
/// checkpoint, and not an older one than the last that the process said it had saved. `-Drondo.killedSaves=N` asks for N
/// kills.
@Tag("slow")
class KilledSaveTest {
    private static final int KILLS = Child.times("killedSaves", 20);
    /// Longer than a few saves take.
    private static final int LONGEST_MICROS = 30_000;

    @TempDir
    Path folder;

    /// A model of 64 Ki parameters, and as much again that a run would remember besides.
    private static final class Content implements AutoCloseable {
        private final Network network = Network.chain(0, List.of(Input.features(256), Dense.units(256)));
        private final Parameters parameters = Parameters.of(network.graph(Scope.Variant.PLAIN).graph().build());
        private final SequencedMap<String, Tensor> more = new LinkedHashMap<>();

        Content() {
            more.put("optimizer/m", Tensor.zeros(DataType.FLOAT32, 256, 256));
        }

        /// Fills all with the number of a save.
        void fill(long save) {
            parameters.tensors().values().forEach(tensor -> fill(tensor, save));
            more.values().forEach(tensor -> fill(tensor, save));
        }

        private static void fill(Tensor tensor, long save) {
            float[] values = new float[(int) tensor.elements()];
            Arrays.fill(values, save);
            tensor.copyFrom(Tensor.of(values, values.length));
        }

        void write(Path file, long save) throws IOException {
            fill(save);
            CheckpointFile.write(
                    file, new ModelFile.Content(network, Map.of(), parameters), Map.of("save", String.valueOf(save)), more);
        }

        /// Reads a checkpoint that must be whole.
        ///
        /// @return the number of its save
        long read(Path file) throws IOException {
            try (CheckpointFile checkpoint = CheckpointFile.open(file)) {
                assertEquals(network, checkpoint.network());
                checkpoint.read(parameters, more);
                long save = Long.parseLong(checkpoint.state().get("save"));
                Stream.concat(parameters.tensors().values().stream(), more.values().stream()).forEach(tensor -> {
                    for (double value : tensor.toDoubles()) {
                        if (value != save) {
                            throw new AssertionError("save " + save + " holds " + value);
                        }
                    }
                });
                return save;
            }
        }

        @Override
        public void close() {
            parameters.close();
        }
    }

    /// What the child does: saves, says so, and saves again.
    static final class Saving {
        private Saving() {}

        public static void main(String[] arguments) throws IOException {
            Path file = Path.of(arguments[0]);
            long last = Long.parseLong(arguments[1]);
            long most = Long.parseLong(arguments[2]);
            try (Content content = new Content()) {
                for (long save = last + 1; save <= last + most; save++) {
                    content.write(file, save);
                    System.out.println(save);
                }
            }
        }
    }

    @Test
    void aKillDuringASaveLosesNoCheckpoint() throws Exception {
        Path file = folder.resolve("saved.checkpoint");
        assertEquals(List.of("1"), Child.lines(command(file, 0, 1)));
        SplittableRandom random = new SplittableRandom(20261120);
        long saves = 0;
        int unfinished = 0;
        try (Content content = new Content()) {
            long last = content.read(file);
            for (int kill = 0; kill < KILLS; kill++) {
                Process child = Child.start(command(file, last, Long.MAX_VALUE / 2));
                List<String> said = new ArrayList<>();
                try (BufferedReader lines = child.inputReader()) {
                    said.add(lines.readLine());
                    long until = System.nanoTime() + random.nextInt(LONGEST_MICROS) * 1000L;
                    while (System.nanoTime() < until) {
                        Thread.onSpinWait();
                    }
                    // Not the process's own method, which closes what it wrote, too.
                    child.toHandle().destroyForcibly();
                    said.addAll(lines.lines().toList());
                    assertEquals(128 + 9, child.waitFor(), said::toString);
                }
                long acknowledged = Long.parseLong(said.getLast());
                long found = content.read(file);
                assertTrue(
                        found >= acknowledged && found <= acknowledged + 1,
                        "kill %d: save %d was acknowledged, the file holds %d".formatted(kill, acknowledged, found));
                saves += found - last;
                last = found;
                unfinished += deleteTemporary();
            }
        }
        Child.report(
                "%d kills during %d saves lost no checkpoint; %d of them left a file half written",
                KILLS, saves, unfinished);
        assertTrue(unfinished >= KILLS / 10, "only " + unfinished + " kills came while a file was being written");
    }

    private static List<String> command(Path file, long last, long most) {
        return Child.java(
                List.of("-XX:TieredStopAtLevel=1", "-Xmx32m"),
                Saving.class,
                List.of(file.toString(), String.valueOf(last), String.valueOf(most)));
    }

    /// @return how many there were
    private int deleteTemporary() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            List<Path> temporary = files.filter(file -> file.toString().endsWith(".tmp")).toList();
            for (Path file : temporary) {
                Files.delete(file);
            }
            return temporary.size();
        }
    }
}
