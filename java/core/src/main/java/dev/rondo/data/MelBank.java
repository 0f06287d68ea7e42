package dev.rondo.data;

/// Bands of frequencies as wide as the ear hears them: triangles, each from the middle of the band before it to that
/// of the one behind, whose middles are equally far apart on a mel scale.
///
/// There is no one mel scale, and there are several ways to draw the triangles; models and features go together, so
/// each is an explicit choice.
///
/// | | scale | sides straight in | height |
/// |---|---|---|---|
/// | [#slaney]: librosa's default | SLANEY | HERTZ | UNIT_AREA |
/// | [#htk]: librosa's `htk=True, norm=None`, torchaudio's default | HTK | HERTZ | ONE |
/// | [#kaldi]: from 20 Hz on | HTK | MELS | ONE |
///
/// @param sampleRate samples a second, at least 2
/// @param bands how many, 1 to 4096
/// @param low where the first begins, in hertz, at least 0
/// @param high where the last ends, in hertz, above `low` and at most half the sample rate
/// @param scale from hertz to mels
/// @param sides in what unit the sides of a triangle are straight lines
/// @param height of a triangle
public record MelBank(
        int sampleRate, int bands, double low, double high, Scale scale, Sides sides, Height height) {
    private static final int MOST = 4096;

    /// From hertz to mels.
    public enum Scale {
        /// `2595 log10(1 + f / 700)` (O'Shaughnessy 1987; Young et al., The HTK Book).
        HTK,
        /// `3 f / 200` below 1000 Hz, and `15 + 27 ln(f / 1000) / ln 6.4` above (Slaney 1998, Auditory Toolbox).
        SLANEY;

        private static final double LINEAR = 200.0 / 3;
        private static final double BREAK = 1000;
        private static final double STEP = Math.log(6.4) / 27;

        /// Mels of hertz, of at least 0.
        public double mels(double hertz) {
            return switch (this) {
                case HTK -> 2595 * Math.log10(1 + hertz / 700);
                case SLANEY -> hertz < BREAK ? hertz / LINEAR : BREAK / LINEAR + Math.log(hertz / BREAK) / STEP;
            };
        }

        /// Hertz of mels, of at least 0.
        public double hertz(double mels) {
            return switch (this) {
                case HTK -> 700 * (Math.pow(10, mels / 2595) - 1);
                case SLANEY ->
                    mels < BREAK / LINEAR ? mels * LINEAR : BREAK * Math.exp(STEP * (mels - BREAK / LINEAR));
            };
        }
    }

    /// In what unit the sides of a triangle are straight lines.
    public enum Sides {
        /// In hertz.
        HERTZ,
        /// In mels, as HTK and Kaldi have them.
        MELS
    }

    /// The height of a triangle.
    public enum Height {
        /// 1 for all.
        ONE,
        /// 2 by its width in hertz, so that all have the area 1 (librosa's `norm='slaney'`).
        UNIT_AREA
    }

    /// @throws IllegalArgumentException if a number is out of its range
    public MelBank {
        if (sampleRate < 2) {
            throw new IllegalArgumentException("sampleRate: expected at least 2, got " + sampleRate);
        }
        if (bands < 1 || bands > MOST) {
            throw new IllegalArgumentException("bands: expected 1 to %d, got %d".formatted(MOST, bands));
        }
        if (!(low >= 0 && low < high && high <= sampleRate / 2.0)) {
            throw new IllegalArgumentException("low, high: expected 0 <= low < high <= %s, got %s and %s".formatted(
                    sampleRate / 2.0, low, high));
        }
    }

    /// Slaney's scale and triangles of one area, from 0 to half the sample rate.
    public static MelBank slaney(int sampleRate, int bands) {
        return new MelBank(sampleRate, bands, 0, sampleRate / 2.0, Scale.SLANEY, Sides.HERTZ, Height.UNIT_AREA);
    }

    /// HTK's scale and triangles of one height, from 0 to half the sample rate.
    public static MelBank htk(int sampleRate, int bands) {
        return new MelBank(sampleRate, bands, 0, sampleRate / 2.0, Scale.HTK, Sides.HERTZ, Height.ONE);
    }

    /// Kaldi's: HTK's scale, triangles of one height and straight in mels, from 20 Hz to half the sample rate.
    public static MelBank kaldi(int sampleRate, int bands) {
        return new MelBank(sampleRate, bands, 20, sampleRate / 2.0, Scale.HTK, Sides.MELS, Height.ONE);
    }

    /// From another frequency to another.
    ///
    /// @param low in hertz
    /// @param high in hertz
    public MelBank range(double low, double high) {
        return new MelBank(sampleRate, bands, low, high, scale, sides, height);
    }

    /// What each frequency of a Fourier transform counts for in each band.
    ///
    /// @param fftSize its number of samples, 2 to 2^20; frequency k is `k sampleRate / fftSize`
    /// @return `[bands][fftSize/2+1]`
    /// @throws IllegalArgumentException if a band lies between two frequencies, so that nothing counts for it: there
    ///     are too many for so small a transform
    public double[][] weights(int fftSize) {
        if (fftSize < 2 || fftSize > 1 << 20) {
            throw new IllegalArgumentException("fftSize: expected 2 to %d, got %d".formatted(1 << 20, fftSize));
        }
        double first = scale.mels(low);
        double step = (scale.mels(high) - first) / (bands + 1);
        double[] edges = new double[bands + 2];
        for (int i = 0; i < edges.length; i++) {
            edges[i] = sides == Sides.MELS ? first + i * step : scale.hertz(first + i * step);
        }
        double[][] weights = new double[bands][fftSize / 2 + 1];
        for (int band = 0; band < bands; band++) {
            double from = edges[band];
            double middle = edges[band + 1];
            double to = edges[band + 2];
            double top = switch (height) {
                case ONE -> 1;
                case UNIT_AREA -> 2 / (scale.hertz(first + (band + 2) * step) - scale.hertz(first + band * step));
            };
            double sum = 0;
            for (int k = 0; k <= fftSize / 2; k++) {
                double hertz = (double) k * sampleRate / fftSize;
                double at = sides == Sides.MELS ? scale.mels(hertz) : hertz;
                double side = Math.min((at - from) / (middle - from), (to - at) / (to - middle));
                weights[band][k] = top * Math.max(0, side);
                sum += weights[band][k];
            }
            if (!(sum > 0)) {
                throw new IllegalArgumentException(
                        "bands: expected a frequency of the transform of %d samples in each of %d, got none in band %d"
                                .formatted(fftSize, bands, band));
            }
        }
        return weights;
    }
}
