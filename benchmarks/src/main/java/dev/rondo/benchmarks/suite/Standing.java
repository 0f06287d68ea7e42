package dev.rondo.benchmarks.suite;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Stream;

/// How Rondo stands on one piece of work.
///
/// @param work the task
/// @param rondo its row
/// @param others the rows of others, and of Rondo on other instruction sets
record Standing(Row.Work work, Row rondo, List<Row> others) {
    /// Of all work that Rondo did, in the order of the rows.
    static List<Standing> of(Collection<Row> rows) {
        Map<Row.Work, List<Row>> byWork = new LinkedHashMap<>();
        rows.forEach(row -> byWork.computeIfAbsent(row.work(), _ -> new ArrayList<>()).add(row));
        List<Standing> standings = new ArrayList<>();
        byWork.forEach((work, same) -> same.stream()
                .filter(row -> row.implementation().equals("rondo") && row.isTimed())
                .findFirst()
                .ifPresent(rondo -> standings.add(new Standing(
                        work, rondo, same.stream().filter(row -> row != rondo).toList()))));
        return standings;
    }

    /// The row of another.
    Optional<Row> other(String implementation) {
        return others.stream().filter(row -> row.implementation().equals(implementation)).findFirst();
    }

    /// Another's time by Rondo's: above 1 Rondo is faster. Empty if it has none.
    OptionalDouble ratio(String implementation) {
        return other(implementation).filter(Row::isTimed).stream().mapToDouble(this::ratio).findFirst();
    }

    /// Another's time by Rondo's, of the same turns where they took turns.
    double ratio(Row other) {
        return other.timesRondo() > 0 ? other.timesRondo() : other.medianMicros() / rondo.medianMicros();
    }

    /// The fastest row of a peer.
    Optional<Row> best() {
        return peers().filter(Row::isTimed).min(Comparator.comparingDouble(this::ratio));
    }

    /// The fastest among some.
    Optional<Row> best(Set<String> implementations) {
        return peers()
                .filter(row -> row.isTimed() && implementations.contains(row.implementation()))
                .min(Comparator.comparingDouble(this::ratio));
    }

    private Stream<Row> peers() {
        return others.stream().filter(row -> !Implementation.isRondo(row.implementation())
                && !row.implementation().equals(Implementation.RONDO_CPP));
    }
}
