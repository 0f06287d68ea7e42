package dev.rondo.benchmarks.suite;

import java.util.ArrayList;
import java.util.List;

/// What a suite came to.
///
/// @param rows what was measured, and what is wrong
/// @param notes why other rows are missing
/// @param facts what is no time: sizes of memory
record Outcome(List<Row> rows, List<Note> notes, List<Fact> facts) {
    /// A number that is no time.
    record Fact(String implementation, String what, double value, String unit) {}

    /// Why something was not measured.
    ///
    /// @param implementation who
    /// @param work what; empty for everything
    /// @param kind of it
    /// @param reason in words
    record Note(String implementation, String work, Kind kind, String reason) {}

    /// How something came not to be measured.
    enum Kind {
        /// The implementation could not be built or downloaded.
        MISSING,
        /// The library cannot do it.
        UNSUPPORTED,
        /// It crashed, hung or gave an error.
        FAILED,
        /// Its results are not those of the reference.
        WRONG,
        /// It is far slower here than it was elsewhere, for the machine.
        BROKEN
    }

    Outcome {
        rows = List.copyOf(rows);
        notes = List.copyOf(notes);
        facts = List.copyOf(facts);
    }

    /// This and another.
    Outcome and(Outcome other) {
        List<Row> allRows = new ArrayList<>(rows);
        allRows.addAll(other.rows);
        List<Note> allNotes = new ArrayList<>(notes);
        allNotes.addAll(other.notes);
        List<Fact> allFacts = new ArrayList<>(facts);
        allFacts.addAll(other.facts);
        return new Outcome(allRows, allNotes, allFacts);
    }
}
