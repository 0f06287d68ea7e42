package dev.rondo.data;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// What a model of sounds takes: numbers for each frame of a sound, rather than its samples.
///
/// ```java
/// AudioFeatures features = AudioFeatures.logMel(Frames.of(400, 160), MelBank.slaney(16_000, 40), Log.decibels())
///         .mfcc(13)
///         .deltas(2);
/// float[][] x = features.apply(WavReader.read(file));     // [T][39]
/// ```
///
/// The steps, each of which may be the last: the power of each frequency of a frame; its sum in each band of a
/// [MelBank]; the logarithm of that; and the first coefficients of its cosine transform (MFCC; Davis & Mermelstein
/// 1980). Behind any of them come their slopes over time. All is computed in double. Immutable; threads may share it.
///
/// [#librosa] and [#kaldi] are the settings of those libraries. Samples are from -1 to 1 here, as in librosa; Kaldi
/// takes them 32,768 times as large, so each of its logarithms of power is larger by 20.79.
public final class AudioFeatures {
    private static final int MOST_ORDERS = 8;
    private static final int LARGEST_WIDTH = 1000;

    private final Steps steps;
    private final int deltaOrder;
    private final int deltaWidth;
    private final double[] window;
    private final Fourier fourier;
    /// None where the power itself is asked for.
    private final List<Band> bands;
    /// `[coefficients][bands]`.
    private final double[][] cosines;

    /// How the logarithm of power is taken.
    ///
    /// @param unit of the logarithm
    /// @param floor smaller power counts as this, above 0
    /// @param range how far below a sound's loudest value another may be, in that unit; those below are raised to it.
    ///     Infinity for any
    public record Log(Unit unit, double floor, double range) {
        /// The unit of a logarithm.
        public enum Unit {
            /// `ln p`.
            NATURAL,
            /// `10 log10 p`.
            DECIBELS
        }

        /// @throws IllegalArgumentException if the floor is not a number above 0 or the range not above 0
        public Log {
            if (!(floor > 0 && floor < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("floor: expected a number above 0, got " + floor);
            }
            if (!(range > 0)) {
                throw new IllegalArgumentException("range: expected above 0, got " + range);
            }
        }

        /// Natural logarithms, and any range.
        ///
        /// @param floor smaller power counts as this
        public static Log natural(double floor) {
            return new Log(Unit.NATURAL, floor, Double.POSITIVE_INFINITY);
        }

        /// Decibels of power of at least 1e-10, over a range of 80: the defaults of librosa's `power_to_db`.
        public static Log decibels() {
            return new Log(Unit.DECIBELS, 1e-10, 80);
        }

        /// With another range, such as infinity, where a frame must not depend on others.
        public Log range(double range) {
            return new Log(unit, floor, range);
        }

        private void apply(double[][] power) {
            double loudest = Double.NEGATIVE_INFINITY;
            for (double[] frame : power) {
                for (int i = 0; i < frame.length; i++) {
                    double value = Math.max(floor, frame[i]);
                    frame[i] = unit == Unit.NATURAL ? Math.log(value) : 10 * Math.log10(value);
                    loudest = Math.max(loudest, frame[i]);
                }
            }
            for (double[] frame : power) {
                for (int i = 0; i < frame.length; i++) {
                    frame[i] = Math.max(frame[i], loudest - range);
                }
            }
        }
    }

    /// The steps.
    ///
    /// @param coefficients of the cosine transform; 0 for none
    private record Steps(Frames frames, Optional<MelBank> bank, Optional<Log> log, int coefficients, double lifter) {
        static Steps of(Frames frames) {
            return new Steps(frames, Optional.empty(), Optional.empty(), 0, 0);
        }

        Steps bank(MelBank bank) {
            return new Steps(frames, Optional.of(bank), log, coefficients, lifter);
        }

        Steps log(Log log) {
            return new Steps(frames, bank, Optional.of(log), coefficients, lifter);
        }

        Steps cepstrum(int coefficients, double lifter) {
            return new Steps(frames, bank, log, coefficients, lifter);
        }
    }

    /// The frequencies of a band that count for it: they are few.
    private record Band(int first, double[] weights) {
        static Band of(double[] all) {
            int first = 0;
            while (all[first] == 0) {
                first++;
            }
            int end = all.length;
            while (all[end - 1] == 0) {
                end--;
            }
            return new Band(first, Arrays.copyOfRange(all, first, end));
        }

        double sum(double[] power) {
            double sum = 0;
            for (int k = 0; k < weights.length; k++) {
                sum += weights[k] * power[first + k];
            }
            return sum;
        }
    }

    private AudioFeatures(Steps steps, int deltaOrder, int deltaWidth) {
        this.steps = steps;
        this.deltaOrder = deltaOrder;
        this.deltaWidth = deltaWidth;
        int fftSize = steps.frames().fftSize();
        window = steps.frames().factors();
        fourier = new Fourier(fftSize);
        bands = steps.bank().stream()
                .flatMap(bank -> Arrays.stream(bank.weights(fftSize)))
                .map(Band::of)
                .toList();
        cosines = cosines(bands.size(), steps.coefficients(), steps.lifter());
    }

    /// The power of each frequency: F is `fftSize / 2 + 1`.
    public static AudioFeatures power(Frames frames) {
        return new AudioFeatures(Steps.of(frames), 0, 1);
    }

    /// The power in each band: F is the number of bands.
    ///
    /// @throws IllegalArgumentException as [MelBank#weights]
    public static AudioFeatures mel(Frames frames, MelBank bank) {
        return new AudioFeatures(Steps.of(frames).bank(bank), 0, 1);
    }

    /// The logarithm of the power in each band: F is the number of bands.
    ///
    /// @throws IllegalArgumentException as [MelBank#weights]
    public static AudioFeatures logMel(Frames frames, MelBank bank, Log log) {
        return new AudioFeatures(Steps.of(frames).bank(bank).log(log), 0, 1);
    }

    /// As `librosa.power_to_db(librosa.feature.melspectrogram(y=y, sr=sampleRate))` of librosa 0.11: frames of 2048
    /// every 512, and 128 bands.
    public static AudioFeatures librosa(int sampleRate) {
        return logMel(Frames.of(2048, 512), MelBank.slaney(sampleRate, 128), Log.decibels());
    }

    /// As Kaldi's `compute-fbank-feats --dither=0`: 25 ms every 10 ms, and 23 bands; without an energy.
    public static AudioFeatures kaldi(int sampleRate) {
        return logMel(Frames.kaldi(sampleRate), MelBank.kaldi(sampleRate, 23), Log.natural(Math.ulp(1f)));
    }

    /// Mel-frequency cepstral coefficients of logarithms: the first of the orthonormal cosine transform (DCT-II) over a
    /// frame's bands; F is their number.
    ///
    /// @param coefficients how many, 1 to the number of bands; librosa takes 20, Kaldi 13
    /// @throws IllegalArgumentException if there are not as many
    /// @throws IllegalStateException if these are no logarithms of bands, without slopes
    public AudioFeatures mfcc(int coefficients) {
        return mfcc(coefficients, 0);
    }

    /// As [#mfcc(int)], with coefficient k, from 0 on, multiplied by `1 + L/2 sin(pi k / L)` so that all are of like
    /// size (liftering, as HTK and Kaldi do it, with L = 22. librosa's counts k from 1).
    ///
    /// @param lifter L; 0 for none
    /// @throws IllegalArgumentException if there are not as many, or L is no number of at least 0
    /// @throws IllegalStateException as [#mfcc(int)]
    public AudioFeatures mfcc(int coefficients, double lifter) {
        if (steps.log().isEmpty() || steps.coefficients() > 0 || deltaOrder > 0) {
            throw new IllegalStateException(
                    "mfcc: expected logarithms of the power in bands, without slopes, got " + this);
        }
        if (coefficients < 1 || coefficients > bands.size()) {
            throw new IllegalArgumentException("coefficients: expected 1 to %d, the number of bands, got %d".formatted(
                    bands.size(), coefficients));
        }
        if (!(lifter >= 0 && lifter < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("lifter: expected a number of at least 0, got " + lifter);
        }
        return new AudioFeatures(steps.cepstrum(coefficients, lifter), 0, 1);
    }

    /// With slopes over the two frames on either side, as in [#deltas(int, int)].
    public AudioFeatures deltas(int order) {
        return deltas(order, 2);
    }

    /// With slopes over time behind the features, those of the slopes behind them, and so on: F grows by as many times.
    /// With W frames on either side, `d[t] = sum n (c[t+n] - c[t-n]) / (2 sum n^2)` for n from 1 to W (Young et al.,
    /// The HTK Book, 5.16), where the first and the last frame stand for those beyond.
    ///
    /// @param order 0 for none, 1 for slopes, 2 for their slopes, up to 8
    /// @param width W, 1 to 1000
    /// @throws IllegalArgumentException if one is out of range
    public AudioFeatures deltas(int order, int width) {
        if (order < 0 || order > MOST_ORDERS) {
            throw new IllegalArgumentException("order: expected 0 to %d, got %d".formatted(MOST_ORDERS, order));
        }
        if (width < 1 || width > LARGEST_WIDTH) {
            throw new IllegalArgumentException("width: expected 1 to %d, got %d".formatted(LARGEST_WIDTH, width));
        }
        return new AudioFeatures(steps, order, width);
    }

    /// How the sound is cut.
    public Frames frames() {
        return steps.frames();
    }

    /// How many features a frame has, F.
    public int size() {
        int own = steps.coefficients() > 0
                ? steps.coefficients()
                : steps.bank().map(MelBank::bands).orElse(frames().fftSize() / 2 + 1);
        return own * (1 + deltaOrder);
    }

    /// The features of a sound.
    ///
    /// @return `[T][F]`
    /// @throws IllegalArgumentException if it is too short for a frame, or has another sample rate than the bands
    public float[][] apply(Sound sound) {
        steps.bank().ifPresent(bank -> check(bank, sound));
        return apply(sound.samples());
    }

    private static void check(MelBank bank, Sound sound) {
        if (sound.sampleRate() != bank.sampleRate()) {
            throw new IllegalArgumentException("sound: expected %d samples a second, as the bands have, got %d"
                    .formatted(bank.sampleRate(), sound.sampleRate()));
        }
    }

    /// The features of samples, whatever their rate.
    ///
    /// @return `[T][F]`, with T as [Frames#count]
    /// @throws IllegalArgumentException if they are too few for a frame
    public float[][] apply(float... samples) {
        Frames frames = steps.frames();
        double[][] features = new double[frames.count(samples.length)][];
        double[] frame = new double[frames.fftSize()];
        double[] power = new double[frames.fftSize() / 2 + 1];
        Fourier.Scratch scratch = fourier.scratch();
        for (int t = 0; t < features.length; t++) {
            frames.cut(samples, t, window, frame);
            fourier.power(frame, power, scratch);
            features[t] = bands.isEmpty()
                    ? power.clone()
                    : bands.stream().mapToDouble(band -> band.sum(power)).toArray();
        }
        steps.log().ifPresent(log -> log.apply(features));
        if (steps.coefficients() > 0) {
            Arrays.setAll(features, t -> product(cosines, features[t]));
        }
        return withSlopes(features);
    }

    private static double[] product(double[][] matrix, double[] vector) {
        double[] product = new double[matrix.length];
        for (int i = 0; i < product.length; i++) {
            double sum = 0;
            for (int j = 0; j < vector.length; j++) {
                sum += matrix[i][j] * vector[j];
            }
            product[i] = sum;
        }
        return product;
    }

    /// The rows of the orthonormal DCT-II, liftered.
    private static double[][] cosines(int bands, int coefficients, double lifter) {
        double[][] cosines = new double[coefficients][bands];
        for (int k = 0; k < coefficients; k++) {
            double lift = lifter == 0 ? 1 : 1 + lifter / 2 * Math.sin(Math.PI * k / lifter);
            double scale = lift * Math.sqrt((k == 0 ? 1.0 : 2.0) / bands);
            for (int n = 0; n < bands; n++) {
                cosines[k][n] = scale * Math.cos(Math.PI * k * (2 * n + 1) / (2.0 * bands));
            }
        }
        return cosines;
    }

    private float[][] withSlopes(double[][] features) {
        float[][] all = new float[features.length][size()];
        double[][] part = features;
        int own = features[0].length;
        for (int order = 0; order <= deltaOrder; order++) {
            for (int t = 0; t < all.length; t++) {
                for (int f = 0; f < own; f++) {
                    all[t][order * own + f] = (float) part[t][f];
                }
            }
            part = order < deltaOrder ? slopes(part) : part;
        }
        return all;
    }

    private double[][] slopes(double[][] features) {
        int last = features.length - 1;
        double[][] slopes = new double[features.length][features[0].length];
        double squares = 0;
        for (int n = 1; n <= deltaWidth; n++) {
            squares += 2.0 * n * n;
        }
        for (int t = 0; t <= last; t++) {
            for (int n = 1; n <= deltaWidth; n++) {
                double[] behind = features[Math.min(last, t + n)];
                double[] before = features[Math.max(0, t - n)];
                for (int f = 0; f < behind.length; f++) {
                    slopes[t][f] += n * (behind[f] - before[f]) / squares;
                }
            }
        }
        return slopes;
    }

    @Override
    public String toString() {
        return "AudioFeatures(%s, slopes %d)".formatted(steps, deltaOrder);
    }
}
