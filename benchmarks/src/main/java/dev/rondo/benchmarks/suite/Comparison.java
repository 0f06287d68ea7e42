package dev.rondo.benchmarks.suite;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// What changed between two runs, beyond what two runs of the same code differ by.
///
/// Each row holds the medians of at least three rounds, spread over the whole run. A row has changed if two things hold:
/// the gap between the ranges of the rounds' medians is more than [#LEAST_GAP] of the wider range, and the medians differ
/// by more than [#LEAST_CHANGE]. The former alone would call three quiet rounds against three others a change when they
/// differ by a percent that a machine does in an hour; the latter alone would call noise one where rounds disagree by more
/// than that. Ranges that only do not touch are not enough: of three draws against three of the same distribution a tenth
/// does not touch, but a fiftieth has such a gap (of five against five, one of 3,000). Both together miss a change of less
/// than 5 %: measure that within one run, side by side.
///
/// A machine's clock differs between runs, and then everything differs. Where both rows say their floors, the change
/// must therefore hold in shares of the floor, too, that is after both are scaled by what the machine could do.
///
/// @param slower rows that take longer, the worst first
/// @param faster rows that take less time, the best first
/// @param wrong rows that were right and are not
/// @param missing rows of one run only
/// @param same rows that are as they were
record Comparison(List<Change> slower, List<Change> faster, List<Row> wrong, Missing missing, List<Change> same) {
    /// Less is no change.
    static final double LEAST_CHANGE = 1.05;
    /// Less is no gap, as a share of the wider of two ranges.
    static final double LEAST_GAP = 0.5;

    /// A row before and after.
    record Change(Row before, Row after) {
        /// The time after, as a multiple of that before.
        double factor() {
            return after.medianMicros() / before.medianMicros();
        }

        private boolean isBeyond() {
            double gap = Math.max(after.minMicros() - before.maxMicros(), before.minMicros() - after.maxMicros());
            double range = Math.max(
                    after.maxMicros() - after.minMicros(), before.maxMicros() - before.minMicros());
            return gap > 0 && gap >= LEAST_GAP * range && (isBeyond(factor(), 1) || isBeyond(1, factor()));
        }

        /// Whether rounds agreed within [#LEAST_CHANGE] in both runs.
        private boolean isQuiet() {
            return Math.max(before.spread(), after.spread()) <= LEAST_CHANGE - 1;
        }

        private boolean isRepeated() {
            return Math.max(factor(), 1 / factor()) <= LEAST_CHANGE;
        }

        private boolean isBeyond(double more, double less) {
            double floors = before.floorMicros() / after.floorMicros();
            boolean holds = Double.isNaN(floors) || (more > less ? more * floors / less : less / (more * floors))
                    > LEAST_CHANGE;
            return more / less > LEAST_CHANGE && holds;
        }
    }

    /// How many rows are of one run only.
    record Missing(int before, int after) {}

    /// Of two runs.
    static Comparison of(List<Row> before, List<Row> after) {
        Map<Row.Key, Row> old = new HashMap<>();
        before.forEach(row -> old.put(row.key(), row));
        List<Change> changes = new ArrayList<>();
        List<Row> wrong = new ArrayList<>();
        List<Change> same = new ArrayList<>();
        int unmatched = 0;
        for (Row row : after) {
            Row former = old.remove(row.key());
            if (former == null) {
                unmatched++;
            } else if (former.checked() && !row.checked()) {
                wrong.add(row);
            } else {
                Change change = new Change(former, row);
                if (former.isTimed() && row.isTimed() && change.isBeyond()) {
                    changes.add(change);
                } else {
                    same.add(change);
                }
            }
        }
        return new Comparison(
                changes.stream().filter(change -> change.factor() > 1)
                        .sorted(Comparator.comparingDouble(Change::factor).reversed()).toList(),
                changes.stream().filter(change -> change.factor() < 1)
                        .sorted(Comparator.comparingDouble(Change::factor)).toList(),
                wrong, new Missing(old.size(), unmatched), same);
    }

    /// Whether Rondo got slower or wrong. That a peer did is said, but is no fault of ours.
    boolean isWorse() {
        return Stream.concat(slower.stream().map(Change::after), wrong.stream())
                .map(Row::implementation)
                .anyMatch(name -> Implementation.isRondo(name) || name.equals(Implementation.RONDO_CPP));
    }

    /// In words.
    String text(Path a, Path b) {
        StringBuilder text = new StringBuilder("From %s to %s\n".formatted(a, b));
        wrong.forEach(row -> text.append("\nWRONG  %s: %s\n".formatted(row.implementation(), row.work())));
        append(text, "Slower", slower);
        append(text, "Faster", faster);
        text.append("\n%d row%s within the spread, %d slower, %d faster, %d wrong".formatted(
                same.size(), same.size() == 1 ? "" : "s", slower.size(), faster.size(), wrong.size()));
        if (missing.before + missing.after > 0) {
            text.append("; not compared: %d only before, %d only after".formatted(missing.before, missing.after));
        }
        return text.append(".\n").append(repeated()).toString();
    }

    /// How far the rows that were quiet in both runs agree, for two runs of the same code.
    private String repeated() {
        List<Change> quiet = Stream.of(same, slower, faster).flatMap(List::stream)
                .filter(change -> change.before.isTimed() && change.after.isTimed())
                .filter(Change::isQuiet)
                .toList();
        List<Change> apart = quiet.stream().filter(change -> !change.isRepeated()).toList();
        String text = "Rounds agreed within 5 %% in both runs in %d rows; of these, %d have medians within 5 %%%s\n".formatted(
                quiet.size(), quiet.size() - apart.size(), apart.isEmpty() ? "." : ", and these have not:");
        return text + apart.stream()
                .map(change -> String.format(Locale.ROOT, "  %s %s %s: %+.1f %%%n", change.after.implementation(),
                        change.after.suite(), change.after.work(), 100 * (change.factor() - 1)))
                .collect(Collectors.joining());
    }

    private static void append(StringBuilder text, String title, List<Change> changes) {
        if (changes.isEmpty()) {
            return;
        }
        TextTable table = new TextTable(List.of(
                title, "<implementation", "<isa", "before", "after", "time", "spread before", "spread after"));
        for (Change change : changes) {
            Row after = change.after;
            table.row(List.of(
                    after.suite() + " " + after.work(), after.implementation(), after.isa(),
                    Units.time(change.before.medianMicros()), Units.time(after.medianMicros()),
                    String.format(Locale.ROOT, "%+.1f %%", 100 * (change.factor() - 1)),
                    Units.spread(change.before), Units.spread(after)));
        }
        text.append('\n').append(table.text());
    }
}
