package dev.rondo.benchmarks.suite;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/// Results as tables, for the screen and for the page alike.
final class Sections {
    private static final Map<String, String> CELLS =
            Map.of("GRU_RESET_AFTER", "GRU", "GRU_RESET_BEFORE", "GRU (reset before)", "RNN_TANH", "RNN",
                    "LSTM_PEEPHOLES", "LSTM with peepholes");

    private Sections() {}

    /// A table with its title, and what has to be said about it.
    record Section(String title, String explanation, TextTable table) {}

    /// Of everything that was measured, suite by suite.
    static List<Section> of(Outcome outcome) {
        List<Section> sections = new ArrayList<>();
        for (Suite suite : Suite.ALL.parts()) {
            List<Row> rows = outcome.rows().stream().filter(row -> row.suite().equals(suite.id())).toList();
            if (!rows.isEmpty()) {
                switch (suite) {
                    case KERNELS -> {
                        standings(sections, rows, outcome.notes(), "", Sections::gflops);
                        targets(sections, rows);
                    }
                    case MODELS -> standings(sections, rows, outcome.notes(), "models: ", Sections::tokens);
                    case LENGTHS -> {
                        standings(sections, rows, outcome.notes(), "lengths: ", Sections::gflops);
                        sections.add(realTokens(rows));
                    }
                    case CALLS -> {
                        sections.add(calls(rows));
                        Section jmh = list("Calls, by JMH", "", rows.stream()
                                .filter(row -> row.pass().equals("call")).toList());
                        if (!jmh.table.isEmpty()) {
                            sections.add(jmh);
                        }
                    }
                    case LATENCY -> sections.add(latency(rows));
                    case STARTUP -> {
                        sections.add(list("From nothing to a prediction",
                                "From the start of the process to the first prediction of a small model; and what making the"
                                        + " engine takes, which with native kernels is loading the library, in a"
                                        + " program that does nothing else.", rows));
                        sections.add(facts(outcome.facts()));
                    }
                    case ALL -> throw new IllegalStateException("not a suite of its own");
                }
            }
        }
        return sections;
    }

    /// What a cell is called in prose.
    static String cell(String name) {
        return CELLS.getOrDefault(name, name);
    }

    private record Column(String head, String value) {}

    private static Column gflops(Row row) {
        return new Column("GFLOP/s", Units.digits(row.gflops()));
    }

    private static Column tokens(Row row) {
        String value = Tasks.find(row)
                .map(task -> String.format(Locale.ROOT, "%,.0f", 1e6 * task.tokens() / row.medianMicros()))
                .orElse("");
        return new Column("tokens/s", value);
    }

    /// For each cell and pass a table: a line for each shape and number of threads, Rondo's time and how many times as
    /// long the others take.
    private static void standings(List<Section> sections, List<Row> rows, List<Outcome.Note> notes, String prefix,
            Function<Row, Column> speed) {
        List<String> others = others(rows);
        Map<String, List<Standing>> groups = Standing.of(rows).stream()
                .collect(Collectors.groupingBy(
                        standing -> prefix + cell(standing.work().cell()) + " " + standing.work().pass(),
                        LinkedHashMap::new, Collectors.toList()));
        groups.forEach((title, standings) -> {
            List<String> head = new ArrayList<>(List.of("", "threads", "Rondo", "spread",
                    speed.apply(standings.getFirst().rondo()).head, "of floor"));
            head.addAll(others);
            boolean peers = standings.stream().anyMatch(standing -> standing.best().isPresent());
            if (peers) {
                head.addAll(List.of("best", "<"));
            }
            TextTable table = new TextTable(head);
            for (Standing standing : standings) {
                Row rondo = standing.rondo();
                List<String> cells = new ArrayList<>(List.of(
                        rondo.workload(), Integer.toString(rondo.threads()), Units.time(rondo.medianMicros()),
                        Units.spread(rondo), speed.apply(rondo).value,
                        Units.percent(rondo.floorMicros() / rondo.medianMicros())));
                others.forEach(other -> cells.add(ratio(standing, other, notes)));
                if (peers) {
                    cells.add(standing.best().map(best -> Units.ratio(standing.ratio(best)))
                            .orElse(""));
                    cells.add(standing.best().map(Row::implementation).orElse(""));
                }
                table.row(cells);
            }
            sections.add(new Section(
                    Character.toUpperCase(title.charAt(0)) + title.substring(1),
                    others.isEmpty() ? "" : "Others: their time as a multiple of Rondo's, above 1 Rondo is faster.", table));
        });
    }

    private static String ratio(Standing standing, String other, List<Outcome.Note> notes) {
        if (standing.ratio(other).isPresent()) {
            return Units.ratio(standing.ratio(other).getAsDouble());
        }
        if (standing.other(other).isPresent()) {
            return "wrong";
        }
        Row.Work work = standing.work();
        String task = Task.name(work.suite(), work.workload(), work.cell(), work.pass(), work.threads());
        return notes.stream()
                .filter(note -> note.implementation().equals(other) && note.work().equals(task))
                .map(note -> note.kind() == Outcome.Kind.UNSUPPORTED ? "-" : "failed")
                .findFirst()
                .orElse("");
    }

    private static List<String> others(Collection<Row> rows) {
        Set<String> names = new LinkedHashSet<>();
        rows.stream().map(Row::implementation).filter(name -> !name.equals("rondo")).forEach(names::add);
        return List.copyOf(names);
    }

    private static void targets(List<Section> sections, List<Row> rows) {
        List<Standing> standings = Standing.of(rows);
        TextTable table = new TextTable(List.of(
                "Group", "cells", "least", "<where", "target", "geomean", "target", "<"));
        for (Target target : Target.ALL) {
            target.result(standings).ifPresent(result -> table.row(List.of(
                    target.group(), Integer.toString(result.ratios().size()), Units.ratio(result.least()),
                    cell(result.where().cell()) + " " + result.where().workload(), Units.ratio(target.each()),
                    Units.ratio(result.mean()), Units.ratio(target.mean()), result.isMet() ? "met" : "missed")));
        }
        if (!table.isEmpty()) {
            sections.add(new Section("Targets", "The best peer's time as a multiple of Rondo's.", table));
        }
    }

    /// What a step that is no padding takes, beside one of a batch without padding.
    private static Section realTokens(List<Row> rows) {
        TextTable table = new TextTable(List.of("", "threads", "<implementation", "dense", "ragged", "ratio"));
        for (Row ragged : rows) {
            if (ragged.workload().endsWith("-ragged") && ragged.isTimed()) {
                rows.stream()
                        .filter(row -> row.workload().equals(ragged.workload().replace("-ragged", ""))
                                && row.cell().equals(ragged.cell()) && row.pass().equals(ragged.pass())
                                && row.threads() == ragged.threads() && row.isTimed()
                                && row.implementation().equals(ragged.implementation()))
                        .findFirst()
                        .ifPresent(dense -> {
                            double before = perToken(dense);
                            double after = perToken(ragged);
                            table.row(List.of(cell(ragged.cell()) + " " + ragged.pass(),
                                    Integer.toString(ragged.threads()), ragged.implementation(), Units.time(before),
                                    Units.time(after), Units.ratio(after / before)));
                        });
            }
        }
        return new Section("What a real token costs", "Target of the last column: at most 1.10.", table);
    }

    private static double perToken(Row row) {
        return Tasks.find(row).map(task -> row.medianMicros() / task.tokens()).orElse(Double.NaN);
    }

    private static Section calls(List<Row> rows) {
        TextTable table = new TextTable(
                List.of("", "threads", "from Java", "spread", "from C++", "spread", "more", "more, %"));
        for (Standing standing : Standing.of(rows)) {
            standing.other(Implementation.RONDO_CPP).filter(Row::isTimed).ifPresent(cpp -> {
                double more = standing.rondo().medianMicros() - cpp.medianMicros();
                table.row(List.of(
                        "%s %s %s".formatted(standing.work().workload(), cell(standing.work().cell()),
                                standing.work().pass()),
                        Integer.toString(standing.work().threads()),
                        Units.time(standing.rondo().medianMicros()), Units.spread(standing.rondo()),
                        Units.time(cpp.medianMicros()), Units.spread(cpp),
                        (more < 0 ? "-" : "") + Units.time(Math.abs(more)),
                        String.format(Locale.ROOT, "%+.1f", 100 * more / cpp.medianMicros())));
            });
        }
        return new Section("The same kernels from Java and from C++",
                "Target: at most 3 % more, at most 200 ns at ST64.", table);
    }

    private static Section latency(List<Row> rows) {
        TextTable table = new TextTable(List.of("", "<implementation", "callers", "p50", "p99", "p99.9"));
        for (Row row : rows) {
            if (row.pass().equals("step")) {
                Optional<Row> tail = rows.stream()
                        .filter(other -> other.key().equals(row.pass("step-p99.9").key()))
                        .findFirst();
                table.row(List.of(row.workload() + " " + cell(row.cell()), row.implementation(),
                        Integer.toString(row.threads()), row.isTimed() ? Units.time(row.medianMicros()) : "wrong",
                        Units.time(row.p99Micros()),
                        tail.map(other -> Units.time(other.medianMicros())).orElse("")));
            }
        }
        return new Section("Latency of one step",
                "Single calls, from so many threads at once, each with streams of its own; medians of the rounds.", table);
    }

    private static Section list(String title, String explanation, List<Row> rows) {
        TextTable table = new TextTable(List.of("", "<implementation", "median", "least", "most"));
        rows.forEach(row -> table.row(List.of(row.workload(), row.implementation(), Units.time(row.medianMicros()),
                Units.time(row.minMicros()), Units.time(row.maxMicros()))));
        return new Section(title, explanation, table);
    }

    private static Section facts(List<Outcome.Fact> facts) {
        TextTable table = new TextTable(List.of("", "<implementation", "", "<"));
        facts.forEach(fact -> table.row(List.of(
                fact.what(), fact.implementation(), Units.digits(fact.value()), fact.unit())));
        return new Section("Memory", "", table);
    }

    /// What was not measured, by implementation and reason.
    static List<String> notes(List<Outcome.Note> notes) {
        Map<String, List<Outcome.Note>> groups = notes.stream().collect(Collectors.groupingBy(
                note -> "%s %s: %s".formatted(note.implementation(), word(note.kind()), note.reason()),
                LinkedHashMap::new, Collectors.toList()));
        List<String> lines = new ArrayList<>();
        groups.forEach((reason, same) -> {
            String first = same.getFirst().work();
            lines.add(first.isEmpty()
                    ? reason
                    : "%s (%s%s)".formatted(
                            reason, first, same.size() == 1 ? "" : " and " + (same.size() - 1) + " more"));
        });
        return lines;
    }

    private static String word(Outcome.Kind kind) {
        return switch (kind) {
            case MISSING -> "is missing";
            case UNSUPPORTED -> "cannot";
            case FAILED -> "failed";
            case WRONG -> "is WRONG";
            case BROKEN -> "is BROKEN";
        };
    }
}
