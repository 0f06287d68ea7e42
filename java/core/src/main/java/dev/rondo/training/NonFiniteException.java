package dev.rondo.training;

/// NaN or infinity came up in training. The parameters are those of the last good step.
public final class NonFiniteException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /// Within the epoch, from 1.
    private final long batch;

    /// The first that holds such a value.
    private final String tensor;

    /// Names the place.
    ///
    /// @param batch within the epoch, from 1
    /// @param tensor the first that holds such a value
    /// @param detail where in it, and which
    public NonFiniteException(long batch, String tensor, String detail) {
        super("batch %d: %s: %s".formatted(batch, tensor, detail));
        this.batch = batch;
        this.tensor = tensor;
    }

    /// Which batch within the epoch, from 1.
    public long batch() {
        return batch;
    }

    /// The first tensor that holds such a value: `x` and `y` are the data, `lstm/weightIh` a parameter.
    public String tensor() {
        return tensor;
    }
}
