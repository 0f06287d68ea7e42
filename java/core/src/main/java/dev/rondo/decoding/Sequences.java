package dev.rondo.decoding;

import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The sequences of a batch.
final class Sequences {
    private Sequences() {}

    /// The real steps of each sequence, `[T, n]`.
    ///
    /// @param tensor float32 `[B,T,n]`
    /// @param lengths one for each sequence, in 0..T; none: all T
    static List<float[]> of(String name, Tensor tensor, int[] lengths) {
        if (tensor.type() != DataType.FLOAT32 || tensor.shape().rank() != 3) {
            throw new IllegalArgumentException("%s: expected FLOAT32 [B,T,n], got %s %s"
                    .formatted(name, tensor.type(), tensor.shape()));
        }
        int batch = tensor.shape().dim(0);
        int time = tensor.shape().dim(1);
        int columns = tensor.shape().dim(2);
        if (lengths.length != 0 && lengths.length != batch) {
            throw new IllegalArgumentException(
                    "lengths: expected one for each of %d sequences, got %d".formatted(batch, lengths.length));
        }
        float[] all = tensor.toFloats();
        List<float[]> sequences = new ArrayList<>();
        for (int b = 0; b < batch; b++) {
            int length = lengths.length == 0 ? time : lengths[b];
            if (length < 0 || length > time) {
                throw new IllegalArgumentException("lengths[%d]: expected 0 to %d, got %d".formatted(b, time, length));
            }
            int from = b * time * columns;
            sequences.add(Arrays.copyOfRange(all, from, from + length * columns));
        }
        return sequences;
    }
}
