package dev.rondo.decoding;

import dev.rondo.inference.DecoderSession;
import dev.rondo.inference.StreamingSession;
import dev.rondo.tensor.Tensor;

/// A model that is stepped for several hypotheses at once, each in a row of its batch; what [BeamSearch] asks.
@FunctionalInterface
public interface BeamStep {
    /// Takes the next step. The arrays belong to the caller, who uses them again; parents and ids are not to be changed.
    ///
    /// All rows are always there. One that no hypothesis stands in goes along with any other's state, and nobody reads
    /// what it gives.
    ///
    /// @param parents for each row, the row of the step before from whose state it goes on: itself in the first step
    /// @param ids the last id of each row; in the first step the search's start
    /// @param logits out, `[rows, vocabulary]`: minus infinity for an id that must not follow. Log-probabilities are
    ///     logits, too
    void next(int[] parents, int[] ids, float[] logits);

    /// An encoder-decoder model, which has been given its source by [DecoderSession#encode]. The session stays the
    /// caller's, who gives it a source before each search.
    ///
    /// @param decoder of as many rows as the beam is wide
    static BeamStep of(DecoderSession decoder) {
        return decoder::step;
    }

    /// A model that takes ids `[B,T]` and gives logits `[B,T,vocabulary]`, stepped as streams. Its states are reordered
    /// by row. The session stays the caller's, who resets it, or gives all rows their first state, before a search.
    ///
    /// @param session of as many streams as the beam is wide
    static BeamStep of(StreamingSession session) {
        return (parents, ids, logits) -> {
            int rows = session.batch();
            if (ids.length != rows) {
                throw new IllegalArgumentException(
                        "session: expected as many streams as the beam is wide, %d, got %d".formatted(ids.length, rows));
            }
            session.reorder(parents);
            session.step(Tensor.of(ids, rows, 1), Tensor.of(logits, rows, 1, logits.length / rows));
        };
    }
}
