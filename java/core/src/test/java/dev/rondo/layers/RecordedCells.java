package dev.rondo.layers;

import dev.rondo.graph.Op;
import dev.rondo.graph.Op.Direction;
import dev.rondo.layers.RecordedCell.Masks;
import java.util.Map;
import java.util.Set;

/// Opens what [Rnn] does with a cell, and recurrent layers as cells, to the tests of other packages.
public final class RecordedCells {
    private RecordedCells() {}

    /// The scan of a cell, without masks.
    public static Op.Scan scan(Cell cell, int inputSize, Direction direction) {
        return scan(cell, inputSize, direction, Masks.NONE);
    }

    /// A recurrent layer as the cell that it writes itself as.
    public static Cell of(Recurrent<?> layer) {
        return switch (layer) {
            case Lstm lstm -> lstm::step;
            case Gru gru -> gru::step;
            case SimpleRnn rnn -> rnn::step;
        };
    }

    /// The scan of a cell, with an input `h.mask` for a state h that it asks to be dropped.
    public static Op.Scan masked(Cell cell, int inputSize, Direction direction) {
        return scan(cell, inputSize, direction, Masks.GIVEN);
    }

    private static Op.Scan scan(Cell cell, int inputSize, Direction direction, Masks masks) {
        return RecordedCell.of(cell).scan(
                new RecordedCell.Sizes(inputSize, Map.of(), Set.of()), direction, masks, "");
    }
}
