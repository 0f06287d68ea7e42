package dev.rondo.benchmarks.suite;

import java.util.ArrayList;
import java.util.List;

/// A table that is printed to a screen or written as Markdown. The first column is of words, the others of numbers
/// unless they are marked as words, too.
final class TextTable {
    private static final String WORDS = "<";

    private final List<String> head;
    private final List<Boolean> words = new ArrayList<>();
    private final List<List<String>> rows = new ArrayList<>();

    /// @param columns their heads; a `<` before one marks a column of words
    TextTable(List<String> columns) {
        List<String> names = new ArrayList<>();
        for (String column : columns) {
            words.add(names.isEmpty() || column.startsWith(WORDS));
            names.add(column.startsWith(WORDS) ? column.substring(1) : column);
        }
        head = names;
    }

    /// @throws IllegalArgumentException if there are not as many cells as columns
    TextTable row(List<String> cells) {
        if (cells.size() != head.size()) {
            throw new IllegalArgumentException("cells: expected %d, got %d".formatted(head.size(), cells.size()));
        }
        rows.add(List.copyOf(cells));
        return this;
    }

    boolean isEmpty() {
        return rows.isEmpty();
    }

    /// Lines of equal columns, the head above them.
    String text() {
        int[] widths = new int[head.size()];
        for (int i = 0; i < widths.length; i++) {
            widths[i] = Math.max(1, head.get(i).length());
            for (List<String> row : rows) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        StringBuilder text = new StringBuilder();
        append(text, head, widths);
        rows.forEach(row -> append(text, row, widths));
        return text.toString();
    }

    private void append(StringBuilder text, List<String> cells, int[] widths) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < widths.length; i++) {
            line.append(i == 0 ? "  " : "   ");
            line.append(("%" + (words.get(i) ? "-" : "") + widths[i] + "s").formatted(cells.get(i)));
        }
        text.append(line.toString().stripTrailing()).append('\n');
    }

    /// The same for a page.
    String markdown() {
        StringBuilder text = new StringBuilder();
        appendMarkdown(text, head);
        text.append('|');
        words.forEach(word -> text.append(word ? "---|" : "--:|"));
        text.append('\n');
        rows.forEach(row -> appendMarkdown(text, row));
        return text.toString();
    }

    private static void appendMarkdown(StringBuilder text, List<String> cells) {
        text.append('|');
        cells.forEach(cell -> text.append(' ').append(cell.replace("|", "\\|")).append(" |"));
        text.append('\n');
    }
}
