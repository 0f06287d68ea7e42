package dev.rondo.tables;

import java.util.Set;

/// A column of a table: which cells it may hold, and what they mean.
///
/// @param name as in the file's first line
/// @param type what its cells are
/// @param missing cells that stand for no value, such as `NA` or an empty one, without the space around them; all
///     others must be of the type
public record Column(String name, Type type, Set<String> missing) {
    /// What the cells of a column are.
    public enum Type {
        /// Finite numbers, with a point and an exponent or without: `-1.5`, `.5`, `2e-3`. One that is missing is NaN.
        NUMBER,
        /// Whole numbers from -2^63 to 2^63 - 1, such as `-12`. None can be missing.
        WHOLE,
        /// Any text. One that is missing is empty.
        TEXT
    }

    /// @throws IllegalArgumentException if whole numbers are to be missing
    public Column {
        missing = Set.copyOf(missing);
        if (type == Type.WHOLE && !missing.isEmpty()) {
            throw new IllegalArgumentException(
                    "missing: expected none for whole numbers, which have no value for it, got " + missing);
        }
    }
}
