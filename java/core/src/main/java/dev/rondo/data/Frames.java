package dev.rondo.data;

import java.util.Arrays;

/// How a sound is cut into frames, each of which is then looked at by its frequencies.
///
/// A frame of `length` samples begins every `hop` samples. It is changed in this order: its mean is taken off, where
/// [Level#REMOVED]; it is pre-emphasised, `x[n] - p x[n-1]` with `x[-1] = x[0]`, as Kaldi does; it is multiplied by the
/// window; and zeros behind it fill it up to `fftSize`.
///
/// @param length samples of a frame (librosa's `win_length`), at least 2
/// @param hop samples from one frame to the next (`hop_length`), at least 1
/// @param fftSize samples of the Fourier transform (`n_fft`), a power of 2 from `length` to 2^20
/// @param window what a frame is multiplied by
/// @param edges where the first and the last frame lie
/// @param preEmphasis p, from 0 (none) to 1
/// @param level whether a frame keeps its mean
public record Frames(
        int length, int hop, int fftSize, Window window, Edges edges, double preEmphasis, Level level) {
    private static final int LARGEST = 1 << 20;

    /// What a frame is multiplied by, for n from 0 to `length - 1` = L - 1.
    public enum Window {
        /// `0.5 - 0.5 cos(2 pi n / L)`: periodic, as librosa has it.
        HANN,
        /// `0.5 - 0.5 cos(2 pi n / (L - 1))`: symmetric, Kaldi's `hanning`.
        SYMMETRIC_HANN,
        /// `0.54 - 0.46 cos(2 pi n / (L - 1))`: symmetric, as HTK and Kaldi have it.
        HAMMING,
        /// The symmetric Hann window to the power of 0.85: Kaldi's default.
        POVEY,
        /// 1.
        RECTANGULAR
    }

    /// Where the first and the last frame lie.
    public enum Edges {
        /// Frame t has its middle at sample `t hop`, and zeros before the first and behind the last sample:
        /// `1 + N / hop` frames of N samples (librosa's `center=True`, whose `pad_mode` is `constant` since 0.10).
        CENTERED,
        /// Frame t begins at sample `t hop`, and the last ends within the sound: `1 + (N - length) / hop` frames
        /// (Kaldi's `snip-edges=true`). Samples behind it are left out.
        INSIDE
    }

    /// Whether a frame keeps its mean.
    public enum Level {
        /// As it is.
        KEPT,
        /// Less its mean (Kaldi's `remove-dc-offset=true`).
        REMOVED
    }

    /// @throws IllegalArgumentException if a number is out of its range
    public Frames {
        if (length < 2 || length > LARGEST) {
            throw new IllegalArgumentException("length: expected 2 to %d, got %d".formatted(LARGEST, length));
        }
        if (hop < 1) {
            throw new IllegalArgumentException("hop: expected at least 1, got " + hop);
        }
        if (fftSize < length || fftSize > LARGEST || Integer.bitCount(fftSize) != 1) {
            throw new IllegalArgumentException(
                    "fftSize: expected a power of 2 from %d to %d, got %d".formatted(length, LARGEST, fftSize));
        }
        if (!(preEmphasis >= 0 && preEmphasis <= 1)) {
            throw new IllegalArgumentException("preEmphasis: expected 0 to 1, got " + preEmphasis);
        }
    }

    /// As librosa has them: centered, with a Hann window and nothing else, and an FFT of the next power of 2.
    public static Frames of(int length, int hop) {
        if (length < 2 || length > LARGEST) {
            throw new IllegalArgumentException("length: expected 2 to %d, got %d".formatted(LARGEST, length));
        }
        return new Frames(length, hop, nextPowerOfTwo(length), Window.HANN, Edges.CENTERED, 0, Level.KEPT);
    }

    /// As Kaldi has them: 25 ms every 10 ms, inside, less their mean, pre-emphasised by 0.97, with Povey's window.
    ///
    /// @param sampleRate samples a second, 100 to 41,943,040
    public static Frames kaldi(int sampleRate) {
        if (sampleRate < 100 || sampleRate > 40L * LARGEST) {
            throw new IllegalArgumentException(
                    "sampleRate: expected 100 to %d, got %d".formatted(40L * LARGEST, sampleRate));
        }
        int length = (int) (sampleRate * 0.025);
        int hop = (int) (sampleRate * 0.01);
        return new Frames(length, hop, nextPowerOfTwo(length), Window.POVEY, Edges.INSIDE, 0.97, Level.REMOVED);
    }

    private static int nextPowerOfTwo(int length) {
        return Integer.highestOneBit(length - 1) << 1;
    }

    /// With a Fourier transform of so many samples.
    public Frames fftSize(int samples) {
        return new Frames(length, hop, samples, window, edges, preEmphasis, level);
    }

    /// With another window.
    public Frames window(Window window) {
        return new Frames(length, hop, fftSize, window, edges, preEmphasis, level);
    }

    /// With other edges.
    public Frames edges(Edges edges) {
        return new Frames(length, hop, fftSize, window, edges, preEmphasis, level);
    }

    /// With pre-emphasis.
    public Frames preEmphasis(double factor) {
        return new Frames(length, hop, fftSize, window, edges, factor, level);
    }

    /// With or without its mean.
    public Frames level(Level level) {
        return new Frames(length, hop, fftSize, window, edges, preEmphasis, level);
    }

    /// How many frames a sound has, T.
    ///
    /// @param samples of the sound, N
    /// @throws IllegalArgumentException if it is too short for one frame
    public int count(int samples) {
        int least = edges == Edges.INSIDE ? length : 1;
        if (samples < least) {
            throw new IllegalArgumentException(
                    "samples: expected at least %d, for one frame, got %d".formatted(least, samples));
        }
        return switch (edges) {
            case CENTERED -> 1 + samples / hop;
            case INSIDE -> 1 + (samples - length) / hop;
        };
    }

    /// What a frame is multiplied by, `[length]`.
    double[] factors() {
        double[] factors = new double[length];
        double period = window == Window.HANN ? length : length - 1;
        for (int n = 0; n < length; n++) {
            double cosine = Math.cos(2 * Math.PI * n / period);
            factors[n] = switch (window) {
                case HANN, SYMMETRIC_HANN -> 0.5 - 0.5 * cosine;
                case HAMMING -> 0.54 - 0.46 * cosine;
                case POVEY -> Math.pow(0.5 - 0.5 * cosine, 0.85);
                case RECTANGULAR -> 1;
            };
        }
        return factors;
    }

    /// Brings a frame to the front of a buffer, and zeros behind it.
    ///
    /// @param factors of the window
    /// @param frame `[fftSize]`, overwritten
    void cut(float[] samples, int t, double[] factors, double[] frame) {
        // Where a window that librosa pads to an even size begins.
        long begin = (long) t * hop - (edges == Edges.CENTERED ? (length + 1) / 2 : 0);
        double sum = 0;
        for (int n = 0; n < length; n++) {
            long at = begin + n;
            frame[n] = at >= 0 && at < samples.length ? samples[(int) at] : 0;
            sum += frame[n];
        }
        double mean = level == Level.REMOVED ? sum / length : 0;
        for (int n = length - 1; n >= 0; n--) {
            double before = frame[Math.max(0, n - 1)] - mean;
            frame[n] = (frame[n] - mean - preEmphasis * before) * factors[n];
        }
        Arrays.fill(frame, length, fftSize, 0);
    }
}
