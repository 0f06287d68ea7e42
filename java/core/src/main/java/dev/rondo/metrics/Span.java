package dev.rondo.metrics;

/// A run of tokens that tags mark as one thing.
///
/// @param type such as `PER`; empty where tags name none
/// @param from first token
/// @param to behind the last token
public record Span(String type, int from, int to) {
    public Span {
        if (from < 0 || to <= from) {
            throw new IllegalArgumentException(
                    "Span: expected 0 <= from < to, got %d and %d".formatted(from, to));
        }
    }
}
