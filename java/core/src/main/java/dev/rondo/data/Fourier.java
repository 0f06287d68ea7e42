package dev.rondo.data;

/// The power of a real signal's frequencies, by the fast Fourier transform of Cooley & Tukey (1965): radix 2, in
/// place, in double. Its N samples are transformed as N/2 complex ones, even samples the real parts and odd ones the
/// imaginary, and taken apart afterwards. Immutable: the caller brings the memory.
final class Fourier {
    private final int size;
    /// Of `exp(-2 pi i k / size)`, for k below size / 2.
    private final double[] cos;
    private final double[] sin;

    /// @param size N, a power of 2 of at least 2
    Fourier(int size) {
        this.size = size;
        cos = new double[size / 2];
        sin = new double[size / 2];
        for (int k = 0; k < size / 2; k++) {
            cos[k] = Math.cos(2 * Math.PI * k / size);
            sin[k] = -Math.sin(2 * Math.PI * k / size);
        }
    }

    /// Memory that a transform needs besides, for one thread.
    ///
    /// @param re real parts, `[N/2]`
    /// @param im imaginary parts, `[N/2]`
    record Scratch(double[] re, double[] im) {}

    Scratch scratch() {
        return new Scratch(new double[size / 2], new double[size / 2]);
    }

    /// Squared magnitudes.
    ///
    /// @param signal `[N]`
    /// @param power `[N/2+1]`, overwritten
    void power(double[] signal, double[] power, Scratch scratch) {
        int half = size / 2;
        double[] re = scratch.re();
        double[] im = scratch.im();
        int shift = Integer.numberOfLeadingZeros(half) + 1;
        for (int n = 0; n < half; n++) {
            int reversed = half == 1 ? 0 : Integer.reverse(n) >>> shift;
            re[reversed] = signal[2 * n];
            im[reversed] = signal[2 * n + 1];
        }
        transform(re, im, half);
        power[0] = (re[0] + im[0]) * (re[0] + im[0]);
        power[half] = (re[0] - im[0]) * (re[0] - im[0]);
        for (int k = 1; k < half; k++) {
            // Of even samples E = (Z[k] + conj Z[-k]) / 2, of odd ones O = (Z[k] - conj Z[-k]) / 2i; X[k] = E + w^k O.
            double evenRe = (re[k] + re[half - k]) / 2;
            double evenIm = (im[k] - im[half - k]) / 2;
            double oddRe = (im[k] + im[half - k]) / 2;
            double oddIm = (re[half - k] - re[k]) / 2;
            double xRe = evenRe + cos[k] * oddRe - sin[k] * oddIm;
            double xIm = evenIm + cos[k] * oddIm + sin[k] * oddRe;
            power[k] = xRe * xRe + xIm * xIm;
        }
    }

    /// Butterflies over values in bit-reversed order.
    private void transform(double[] re, double[] im, int count) {
        for (int width = 2; width <= count; width *= 2) {
            int step = size / width;
            for (int first = 0; first < count; first += width) {
                for (int k = 0; k < width / 2; k++) {
                    int a = first + k;
                    int b = a + width / 2;
                    double wRe = cos[k * step];
                    double wIm = sin[k * step];
                    double bRe = re[b] * wRe - im[b] * wIm;
                    double bIm = re[b] * wIm + im[b] * wRe;
                    re[b] = re[a] - bRe;
                    im[b] = im[a] - bIm;
                    re[a] += bRe;
                    im[a] += bIm;
                }
            }
        }
    }
}
