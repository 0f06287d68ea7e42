package dev.rondo.promises;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Sequential;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.training.BatchReport;
import dev.rondo.training.Callback;
import dev.rondo.training.Every;
import dev.rondo.training.Fit;
import dev.rondo.training.History;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// A process that trains is killed at random moments, again and again, and started again each time: in the end it comes
/// to what it comes to without a kill, bit for bit. One job a cell, streams and sequences by turns;
/// `-Drondo.killedRuns=N` asks for N kills of each of them all.
@Tag("slow")
class KilledRunTest {
    private static final int FEW = 3;
    private static final int KILLS = Child.times("killedRuns", FEW);
    private static final String FIRST = "running";

    @TempDir
    Path folder;

    static Stream<Job> jobs() {
        List<Job> all = Job.all(Choice.NATIVE, 2);
        return IntStream.range(0, all.size()).filter(i -> KILLS > FEW || i % 4 == 0 || i % 4 == 3).mapToObj(all::get);
    }

    /// The losses of a run's steps, noted in a file as they come.
    private static Callback notes(Path file) {
        return Callback.eachBatch(report -> {
            try {
                Files.writeString(file, line(report), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private static String line(BatchReport report) {
        return "%d %d/%d %s %s %s%n".formatted(
                report.step(),
                report.epoch(),
                report.batch(),
                Double.toHexString(report.loss()),
                Double.toHexString(report.gradientNorm()),
                Double.toHexString(report.epochScores().metric("accuracy")));
    }

    /// What the child does: trains, from the last checkpoint if there is one, with one every second step.
    static final class Training {
        private Training() {}

        public static void main(String[] arguments) throws IOException {
            Path folder = Path.of(arguments[0]);
            Job job = Job.of(List.of(arguments).subList(1, arguments.length));
            Path checkpoint = folder.resolve("run.checkpoint");
            Fit fit = job.fit()
                    .callback(notes(folder.resolve("losses")))
                    .callback(Callback.eachBatch(report -> System.out.println(FIRST)))
                    .checkpoint(checkpoint, Every.batches(2));
            try (Sequential model = job.compiled()) {
                History history = model.fit(job.dataset(), Files.exists(checkpoint) ? fit.resume(checkpoint) : fit);
                // There at once and whole: a kill may come while it is written.
                Path written = Files.write(folder.resolve("outcome.part"), Job.outcome(model, history));
                Files.move(written, folder.resolve("outcome"), StandardCopyOption.ATOMIC_MOVE);
            }
        }
    }

    private List<String> command(Path place, Job job) {
        List<String> arguments = new ArrayList<>(List.of(place.toString()));
        arguments.addAll(job.arguments());
        return Child.java(List.of("-XX:TieredStopAtLevel=1", "-Xmx128m"), Training.class, arguments);
    }

    @ParameterizedTest
    @MethodSource("jobs")
    void aKilledRunGoesOnBitForBit(Job job) throws Exception {
        Map<String, String> expected = new LinkedHashMap<>();
        List<String> outcome;
        try (Sequential model = job.compiled()) {
            Callback losses = Callback.eachBatch(
                    report -> expected.put(String.valueOf(report.step()), line(report).strip()));
            outcome = Job.outcome(model, model.fit(job.dataset(), job.fit().callback(losses)));
        }
        Path place = Files.createDirectory(folder.resolve(job.data().name()));
        long seed = 20261120;
        SplittableRandom random = new SplittableRandom(seed);
        long millis = millisOfARun(job);
        int kills = 0;
        int runs = 0;
        while (kills < KILLS) {
            Process child = Child.start(command(place, job));
            try (BufferedReader lines = child.inputReader()) {
                String first = lines.readLine();
                Thread.sleep(random.nextLong(millis + 1));
                child.destroyForcibly();
                int code = child.waitFor();
                // A run that had finished before, or by now, is no kill.
                if (first != null && code == 128 + 9) {
                    kills++;
                    assertEquals(FIRST, first, () -> "the child's first line, then " + lines.lines().toList());
                }
                if (Files.exists(place.resolve("outcome"))) {
                    runs++;
                    check(place, expected, outcome);
                    deleteAll(place);
                }
            }
        }
        Child.lines(command(place, job));
        int repeated = check(place, expected, outcome);
        Child.report(
                "%s on %s: %d kills in %d runs, bit for bit like the run without; the last one took %d of %d steps twice",
                job.cell(), job.data(), kills, runs + 1, repeated, expected.size());
    }

    private long millisOfARun(Job job) throws Exception {
        Path place = Files.createDirectory(folder.resolve("timed"));
        Process child = Child.start(command(place, job));
        try (BufferedReader lines = child.inputReader()) {
            assertEquals(FIRST, lines.readLine(), () -> "the child's first line, then " + lines.lines().toList());
            long began = System.nanoTime();
            List<String> rest = lines.lines().toList();
            assertEquals(0, child.waitFor(), rest::toString);
            return (System.nanoTime() - began) / 1_000_000;
        } finally {
            deleteAll(place);
        }
    }

    /// @return how many steps were taken more than once
    private static int check(Path place, Map<String, String> expected, List<String> outcome) throws IOException {
        assertEquals(outcome, Files.readAllLines(place.resolve("outcome")));
        List<String> losses = Files.readAllLines(place.resolve("losses"));
        for (String line : losses) {
            assertEquals(expected.get(line.substring(0, line.indexOf(' '))), line);
        }
        assertTrue(losses.size() >= expected.size(), losses.size() + " of " + expected.size());
        return losses.size() - expected.size();
    }

    private static void deleteAll(Path place) throws IOException {
        try (Stream<Path> files = Files.list(place)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
    }
}
