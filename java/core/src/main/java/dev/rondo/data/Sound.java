package dev.rondo.data;

/// A sound of one channel.
///
/// @param samples from -1 to 1, though files of float32 may go beyond; not copied
/// @param sampleRate samples a second
public record Sound(float[] samples, int sampleRate) {
    /// @throws IllegalArgumentException if the rate is not at least 1
    public Sound {
        if (sampleRate < 1) {
            throw new IllegalArgumentException("sampleRate: expected at least 1, got " + sampleRate);
        }
    }

    /// How long it is.
    public double seconds() {
        return samples.length / (double) sampleRate;
    }
}
