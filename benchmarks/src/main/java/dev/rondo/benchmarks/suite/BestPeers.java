package dev.rondo.benchmarks.suite;

import dev.rondo.benchmarks.suite.Limits.Reading;
import dev.rondo.benchmarks.suite.Outcome.Kind;
import dev.rondo.benchmarks.suite.Outcome.Note;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;

/// How fast the best peer was on another machine, of known limits: a peer that is far from it here is not set up as it
/// should be, and being faster than it means nothing.
///
/// Machines differ, so what is compared is the share of the floor ([Floor]) that a time is, on each machine by its own
/// limits. Where arithmetic is the limit, that is the share of the multiply-add peak; where reading weights is (one
/// sequence of many units, a step), the share of what the caches there can deliver. The times there are those of each
/// peer's best round, and so the best round counts here.
final class BestPeers {
    /// The share of the best that a peer must reach.
    static final double LEAST = 0.75;

    private final Limits limits;
    private final List<Best> bests;

    /// The best time of a task there.
    record Best(Task task, String implementation, double micros) {}

    private BestPeers(Limits limits, List<Best> bests) {
        this.limits = limits;
        this.bests = bests;
    }

    /// Those of the resource beside this class.
    static BestPeers load() {
        Map<Row.Work, Task> tasks = Tasks.of(Suite.KERNELS, Tasks.Choice.standard()).stream()
                .collect(Collectors.toMap(BestPeers::work, Function.identity()));
        List<Reading> readings = new ArrayList<>();
        List<Best> bests = new ArrayList<>();
        try (InputStream in = BestPeers.class.getResourceAsStream("best-peers.txt");
                BufferedReader lines = new BufferedReader(
                        new InputStreamReader(Objects.requireNonNull(in), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String[] words = line.split("\\s+");
                switch (words[0]) {
                    case "limit" -> readings.add(new Reading(
                            words[1], Integer.parseInt(words[2]), Double.parseDouble(words[3]), ""));
                    case "best" -> {
                        for (int i = 4; i < words.length; i++) {
                            String[] best = words[i].split("[=:]");
                            Row.Work work = new Row.Work(
                                    Suite.KERNELS.id(), best[0], words[1], words[2], Integer.parseInt(words[3]));
                            bests.add(new Best(
                                    Objects.requireNonNull(tasks.get(work)), best[2], Double.parseDouble(best[1])));
                        }
                    }
                    default -> {}
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new BestPeers(Limits.of(readings), bests);
    }

    private static Row.Work work(Task task) {
        return new Row.Work(task.suite().id(), task.workload(), task.cell(), task.passId(), task.threads());
    }

    List<Best> bests() {
        return List.copyOf(bests);
    }

    /// The share of the floor that the best time was.
    double share(Best best) {
        return Floor.micros(best.task, limits) / best.micros;
    }

    /// The rows that fall short, each with a note.
    List<Note> broken(List<Row> rows) {
        List<Note> notes = new ArrayList<>();
        for (Best best : bests) {
            rows.stream()
                    .filter(row -> row.work().equals(work(best.task)))
                    .filter(row -> row.implementation().equals(best.implementation))
                    .filter(Row::isTimed)
                    .forEach(row -> {
                        double share = row.floorMicros() / row.minMicros();
                        if (share < LEAST * share(best)) {
                            notes.add(new Note(row.implementation(), best.task.toString(), Kind.BROKEN,
                                    String.format(Locale.ROOT,
                                            "reaches %.0f %% of the floor at best; where it was set up well, %.0f %%",
                                            100 * share, 100 * share(best))));
                        }
                    });
        }
        return notes;
    }
}
