package dev.rondo.training;

import dev.rondo.data.Batch;
import dev.rondo.graph.Value;
import dev.rondo.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// What the numbers of a part of a batch may be besides finite: looked at before anything is computed, padding left
/// out.
interface PartCheck {
    /// Looks at a batch.
    ///
    /// @param number of the batch within the epoch, from 1
    /// @param value the part
    /// @param memory where it lies
    /// @throws IllegalArgumentException if a number is not what it may be: with batch and place
    void check(int number, Value value, MemorySegment memory, Batch batch);

    /// Any number will do.
    static PartCheck none() {
        return (_, _, _, _) -> {};
    }

    /// For int32 numbers in `0..limit-1`.
    ///
    /// @param limit 0 where any will do
    static PartCheck below(int limit) {
        return limit == 0 ? none() : (number, value, memory, batch) -> {
            long at = Numbers.firstOutside(memory, 0, value.shape().elements(batch.extents()), limit);
            if (at >= 0) {
                throw wrong(
                        number, value, batch, at, "0.." + (limit - 1), memory.getAtIndex(ValueLayout.JAVA_INT, at));
            }
        };
    }

    /// For the targets of a loss.
    ///
    /// @param output shape of what they are held against
    static PartCheck of(Loss loss, Shape output) {
        return switch (loss) {
            case Loss.CategoricalCrossEntropy(Loss.Targets targets, _, _) -> switch (targets) {
                case CLASSES -> below(output.dim(-1));
                case PROBABILITIES -> none();
            };
            case Loss.BinaryCrossEntropy _ -> probabilities();
            case Loss.KlDivergence _ -> probabilities();
            case Loss.MeanSquaredError _, Loss.MeanAbsoluteError _, Loss.Huber _, Loss.Custom _ -> none();
            case Loss.Ctc(int blank) -> new Labels(blank, output);
            case Loss.Crf _ -> below(output.dim(-1));
        };
    }

    private static PartCheck probabilities() {
        return (number, value, memory, batch) -> {
            long at = Numbers.firstNoProbability(memory, value.shape().elements(batch.extents()));
            if (at >= 0) {
                throw wrong(number, value, batch, at, "0 to 1", memory.getAtIndex(ValueLayout.JAVA_FLOAT, at));
            }
        };
    }

    private static IllegalArgumentException wrong(
            int number, Value value, Batch batch, long at, String expected, Object actual) {
        return new IllegalArgumentException("batch %d: %s%s: expected %s, got %s"
                .formatted(
                        number,
                        value.name(),
                        Numbers.place(at, value.shape().resolve(batch.extents())),
                        expected,
                        actual));
    }

    /// Labels of a [Loss.Ctc]: classes other than the blank, for which the sequence has steps enough.
    ///
    /// @param blank the class that stands for none
    /// @param logits what they are held against, `[B,T,C]`
    record Labels(int blank, Shape logits) implements PartCheck {
        @Override
        public void check(int number, Value value, MemorySegment memory, Batch batch) {
            int time = Shape.TIME - value.shape().dim(1);
            int steps = batch.timeSteps(time);
            for (int b = 0; b < batch.size(); b++) {
                int count = batch.lengths(time).getAtIndex(ValueLayout.JAVA_INT, b);
                int repeats = 0;
                for (int i = 0; i < count; i++) {
                    long at = (long) b * steps + i;
                    int label = memory.getAtIndex(ValueLayout.JAVA_INT, at);
                    if (label == blank || label < 0 || label >= logits.dim(2)) {
                        String expected = "0..%d other than the blank %d".formatted(logits.dim(2) - 1, blank);
                        throw wrong(number, value, batch, at, expected, label);
                    }
                    repeats += i > 0 && label == memory.getAtIndex(ValueLayout.JAVA_INT, at - 1) ? 1 : 0;
                }
                int room = room(batch, b);
                if (count + repeats > room) {
                    throw new IllegalArgumentException(
                            "batch %d: %s[%d]: expected labels that %d steps have room for, got %d and %d between equal"
                                            .formatted(number, value.name(), b, room, count, repeats)
                                    + " ones");
                }
            }
        }

        /// Real steps of a sequence of logits. Where a layer makes their time of another, the kernels know it and
        /// check.
        private int room(Batch batch, int row) {
            int time = Shape.TIME - logits.dim(1);
            if (time >= batch.times()) {
                return Integer.MAX_VALUE;
            }
            MemorySegment lengths = batch.lengths(time);
            return lengths.byteSize() == 0 ? batch.timeSteps(time) : lengths.getAtIndex(ValueLayout.JAVA_INT, row);
        }
    }
}
