package dev.rondo.training;

import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Tensor;
import java.util.Arrays;

/// What a model gave for a batch and what it was to give: what a [Metric.Observed] is made of. Its arrays are what the
/// calculators of [dev.rondo.metrics] take; a row of them is a step, or an example where the model gives one output for
/// each.
///
/// @param outputs what an output of the model gave: float32 `[B,T,C]` or `[B,C]`
/// @param targets what its loss holds against it
/// @param lengths the real steps of each sequence of outputs, `[B]`; 1 where there is no time
/// @param targetLengths the real steps of each sequence of targets, which are others where the loss is [Loss#ctc]
public record Predictions(Tensor outputs, Tensor targets, int[] lengths, int[] targetLengths) {
    public Predictions {
        int rank = outputs.shape().rank();
        boolean fits = outputs.type() == DataType.FLOAT32 && (rank == 2 || rank == 3);
        int batch = fits ? outputs.shape().dim(0) : 0;
        if (!fits || targets.shape().rank() < 1 || targets.shape().dim(0) != batch) {
            throw new IllegalArgumentException(
                    "predictions: expected outputs FLOAT32 [B,T,C] or [B,C] and as many targets, got %s %s and %s"
                            .formatted(outputs.type(), outputs.shape(), targets.shape()));
        }
        lengths = checked("lengths", batch, rank == 3 ? outputs.shape().dim(1) : 1, lengths);
        int targetSteps = targets.shape().rank() > 1 ? targets.shape().dim(1) : 1;
        targetLengths = checked("targetLengths", batch, targetSteps, targetLengths);
    }

    private static int[] checked(String name, int batch, int steps, int[] lengths) {
        if (lengths.length != batch) {
            throw new IllegalArgumentException("%s: expected %d, got %d".formatted(name, batch, lengths.length));
        }
        for (int b = 0; b < batch; b++) {
            if (lengths[b] < 0 || lengths[b] > steps) {
                throw new IllegalArgumentException(
                        "%s[%d]: expected 0..%d, got %d".formatted(name, b, steps, lengths[b]));
            }
        }
        return lengths.clone();
    }

    /// The lengths, in a new array.
    @Override
    public int[] lengths() {
        return lengths.clone();
    }

    /// The lengths of the targets, in a new array.
    @Override
    public int[] targetLengths() {
        return targetLengths.clone();
    }

    /// T; 1 where there is no time.
    public int timeSteps() {
        return outputs.shape().rank() == 3 ? outputs.shape().dim(1) : 1;
    }

    /// The outputs, row after row: `[rows, C]`.
    public float[] scores() {
        return outputs.toFloats();
    }

    /// The class of the highest output of each row; of equal ones the first.
    public int[] classes() {
        float[] scores = scores();
        int columns = outputs.shape().dim(-1);
        int[] classes = new int[columns == 0 ? 0 : scores.length / columns];
        for (int row = 0; row < classes.length; row++) {
            for (int c = 1; c < columns; c++) {
                if (scores[row * columns + c] > scores[row * columns + classes[row]]) {
                    classes[row] = c;
                }
            }
        }
        return classes;
    }

    /// Targets that are numbers of classes or labels. Behind the end of a sequence there are zeros.
    ///
    /// @throws IllegalArgumentException if they are not
    public int[] labels() {
        return targets.toInts();
    }

    /// Targets that are probabilities or other numbers. Behind the end of a sequence there are zeros.
    ///
    /// @throws IllegalArgumentException if they are not
    public float[] values() {
        return targets.toFloats();
    }

    /// 1 for each real row, 0 for each of padding.
    public double[] weights() {
        return weights(1);
    }

    /// The same for each of the C numbers of each row.
    public double[] numberWeights() {
        return weights(outputs.shape().dim(-1));
    }

    private double[] weights(int each) {
        double[] weights = new double[lengths.length * timeSteps() * each];
        for (int b = 0; b < lengths.length; b++) {
            int begin = b * timeSteps() * each;
            Arrays.fill(weights, begin, begin + lengths[b] * each, 1);
        }
        return weights;
    }
}
