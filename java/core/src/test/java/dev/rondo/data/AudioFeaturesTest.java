package dev.rondo.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.data.AudioFeatures.Log;
import dev.rondo.data.Frames.Edges;
import dev.rondo.data.Frames.Level;
import dev.rondo.data.Frames.Window;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Features beside those of librosa 0.11.0, kaldi-native-fbank 1.23.0 and python_speech_features 0.6, which were given
/// [#signal()] in float64 (Kaldi: float32) with the settings named at each number.
class AudioFeaturesTest {
    private static final int RATE = 16_000;
    private static final Frames FRAMES = Frames.of(400, 160);
    private static final MelBank BANK = MelBank.slaney(RATE, 40);

    /// Their numbers have nine digits, ours are float32: half an ulp of 6e-8, and as much again for a rounded digit.
    private static final double CLOSE = 2e-7;

    /// A tone, a rising one and noise of a linear congruential generator: 4000 samples, rounded to float32.
    private static float[] signal() {
        float[] samples = new float[4000];
        long state = 12_345;
        for (int n = 0; n < samples.length; n++) {
            state = (state * 1_103_515_245 + 12_345) % (1L << 31);
            double noise = state / (double) (1 << 30) - 1;
            samples[n] = (float) (0.4 * Math.sin(2 * Math.PI * 440 * n / RATE)
                    + 0.2 * Math.sin(2 * Math.PI * (1000 + 0.5 * n) * n / RATE)
                    + 0.1 * noise);
        }
        return samples;
    }

    private static void close(double relative, float[] actual, double... expected) {
        assertEquals(expected.length, actual.length);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], actual[i], relative * Math.max(1, Math.abs(expected[i])), "number " + i);
        }
    }

    private static float[] every(int step, float... values) {
        float[] some = new float[Math.ceilDiv(values.length, step)];
        for (int i = 0; i < some.length; i++) {
            some[i] = values[i * step];
        }
        return some;
    }

    private static float[] pick(float[] values, int... indices) {
        float[] some = new float[indices.length];
        for (int i = 0; i < some.length; i++) {
            some[i] = values[indices[i]];
        }
        return some;
    }

    @Test
    void theSignalIsThatOfTheNumbers() {
        close(CLOSE, Arrays.copyOf(signal(), 3), 0.0310308095, 0.106307469, 0.312019676);
    }

    /// `abs(librosa.stft(y, n_fft=512, hop_length=160, win_length=400)) ** 2`.
    @Test
    void powerIsLibrosas() {
        float[][] power = AudioFeatures.power(FRAMES).apply(signal());
        assertEquals(26, power.length);
        assertEquals(257, power[0].length);
        int[] at = {0, 14, 100, 256};
        close(CLOSE, pick(power[0], at), 7.08852244, 418.965921, 0.176032019, 0.286534936);
        close(CLOSE, pick(power[7], at), 0.000298810918, 1553.96585, 0.0830454947, 0.413316977);
        close(CLOSE, pick(power[25], at), 4.83758616, 392.347265, 0.0643613377, 0.0219417148);
    }

    /// `librosa.feature.melspectrogram` with the same and `sr=16000, n_mels=40`, and with `htk=True, norm=None`.
    @Test
    void powerInBandsIsLibrosas() {
        float[][] slaney = AudioFeatures.mel(FRAMES, BANK).apply(signal());
        close(CLOSE, Arrays.copyOf(slaney[7], 5), 0.019722715, 0.0243006787, 0.0145536991, 0.0176829376, 5.38870525);
        float[][] htk = AudioFeatures.mel(FRAMES, MelBank.htk(RATE, 40)).apply(signal());
        close(CLOSE, every(8, htk[7]), 0.639255861, 286.245396, 1.38417214, 2.08306736, 8.84051159);
    }

    /// `librosa.power_to_db` of the first.
    @Test
    void logarithmsAreLibrosas() {
        float[][] x = AudioFeatures.logMel(FRAMES, BANK, Log.decibels()).apply(signal());
        close(CLOSE, every(8, x[0]), -5.15281044, -13.8760038, -15.7362876, -25.1753237, -22.8340096);
        close(CLOSE, every(8, x[7]), -17.050333, -22.431246, -19.4765236, -11.3659969, -16.1977737);
        close(CLOSE, every(8, x[25]), -7.55839062, -11.6431289, -22.0583898, -26.8049464, -18.3654176);
    }

    /// 2000 zeros before 1000 of the samples, halved: librosa's silence is 80 dB below its loudest, 8.9351605.
    @Test
    void silenceIsSoFarBelowTheLoudest() {
        float[] samples = new float[3000];
        for (int n = 0; n < 1000; n++) {
            samples[2000 + n] = signal()[n] * 0.5f;
        }
        AudioFeatures features = AudioFeatures.logMel(FRAMES, BANK, Log.decibels());
        close(CLOSE, Arrays.copyOf(features.apply(samples)[0], 3), -71.0648395, -71.0648395, -71.0648395);
        Log any = Log.decibels().range(Double.POSITIVE_INFINITY);
        close(CLOSE, Arrays.copyOf(AudioFeatures.logMel(FRAMES, BANK, any).apply(samples)[0], 2), -100, -100);
        assertEquals(0, AudioFeatures.mel(FRAMES, BANK).apply(samples)[0][3]);
    }

    /// `librosa.feature.mfcc(y=y, n_mfcc=13, ...)` with the settings above.
    @Test
    void coefficientsAreLibrosas() {
        float[][] x = AudioFeatures.logMel(FRAMES, BANK, Log.decibels()).mfcc(13).apply(signal());
        close(CLOSE, x[0], -89.0145746, 49.4197875, 14.1612275, -7.57079877, 3.33362722, 7.55672195, 0.121383046, -10.8074237,
                -16.84757, -21.9625342, -5.82940652, 8.38868822, 12.4143627);
        close(CLOSE, x[7], -95.7201003, 9.56779301, 3.49071652, 16.6326473, 10.4751613, -16.0463413, -19.4096608, -4.80613042,
                -24.376361, -21.7421894, 1.1140394, 8.6684315, -1.00529396);
        close(CLOSE, x[25], -96.9439929, 29.9526823, 34.4443593, 9.59293549, -9.00408926, 0.356570742, -20.472325, -2.84357761,
                -16.0747924, -3.15706924, -9.61854793, 0.372390424, 10.7127759);
    }

    /// `librosa.feature.delta(mfcc, width=5, mode='nearest')`.
    @Test
    void slopesAreLibrosas() {
        AudioFeatures mfcc = AudioFeatures.logMel(FRAMES, BANK, Log.decibels()).mfcc(13);
        float[][] x = mfcc.deltas(2).apply(signal());
        assertEquals(39, x[0].length);
        assertEquals(39, mfcc.deltas(2).size());
        assertArrayEquals(mfcc.apply(signal())[7], Arrays.copyOf(x[7], 13));
        close(CLOSE, Arrays.copyOfRange(x[0], 13, 17), -0.642217476, -8.2979702, -4.21595455, 0.0846655729);
        close(CLOSE, Arrays.copyOfRange(x[7], 13, 17), -1.19529235, -1.70761687, 1.80838917, 3.81026185);
    }

    /// The slopes of what python_speech_features was given: constant frames of 4 samples n have the power 16 n^2.
    @Test
    void slopesAtTheEndsRepeatTheEnds() {
        float[] samples = new float[4 * 6];
        for (int n = 0; n < samples.length; n++) {
            samples[n] = n / 4 * 2;
        }
        Frames frames = Frames.of(4, 4).window(Window.RECTANGULAR).edges(Edges.INSIDE);
        float[][] x = AudioFeatures.power(frames).deltas(2, 2).apply(samples);
        // python_speech_features.delta(c, 2) and of that again, for c = (0, 2, 4, 6, 8, 10)^2.
        double[] first = {3.6, 8.8, 16, 24, 23.2, 16.4};
        double[] second = {3, 5.32, 5.44, 2.24, -0.68, -2.2};
        for (int t = 0; t < 6; t++) {
            assertEquals(16 * first[t], x[t][3], 1e-4);
            assertEquals(16 * second[t], x[t][6], 1e-4);
        }
    }

    /// `librosa.power_to_db(librosa.feature.melspectrogram(y=y, sr=16000))` and `librosa.feature.mfcc(y=y, sr=16000)`.
    @Test
    void defaultsAreLibrosas() {
        float[][] x = AudioFeatures.librosa(RATE).apply(signal());
        assertEquals(8, x.length);
        close(CLOSE, every(16, x[3]), -7.9394874, -5.76512867, -3.89057271, -1.006027, -2.4308909, 12.8911749, -7.25904645,
                -4.51479361);
        float[][] mfcc = AudioFeatures.librosa(RATE).mfcc(20).apply(signal());
        assertEquals(20, mfcc[3].length);
        close(CLOSE, Arrays.copyOf(mfcc[3], 5), -25.6436496, -16.5169165, -24.9494593, 40.3872924, 2.05887249);
    }

    /// `kaldi_native_fbank.OnlineFbank` with `dither = 0` and its defaults, `num_bins = 23`, of samples from -1 to 1. It
    /// computes in float32: sums of 200 powers, so a relative error of 200 * 6e-8 of each power and as much absolute
    /// of its logarithm.
    @Test
    void defaultsAreKaldis() {
        float[][] x = AudioFeatures.kaldi(RATE).apply(signal());
        assertEquals(23, x.length);
        close(2e-5, x[0], -6.36536741, -4.20274544, -2.37162852, 3.98696089, 3.68348479, -2.07843876, -1.77062833, 1.35418677,
                4.55939531, 4.18117237, -0.000923762098, 0.249878749, 1.06888819, 1.73701024, 2.15339684, 2.61264944,
                2.33156276, 3.26829696, 2.54176736, 3.43359327, 3.6095233, 3.55946589, 4.29264498);
        close(2e-5, every(4, x[22]), -6.3416605, 3.74827147, -0.540221393, 1.5317719, 2.78858781, 3.41512489);
    }

    /// `kaldi_native_fbank.OnlineMfcc` with the same and `num_ceps = 13, use_energy = False`, whose lifter is 22. Lifted
    /// by up to 12, so is the error.
    @Test
    void coefficientsAreKaldis() {
        float[][] x = AudioFeatures.kaldi(RATE).mfcc(13, 22).apply(signal());
        close(12 * 2e-5, x[5], 6.70710993, -24.4592609, -11.4175968, -6.080791, -2.94543147, -34.1709785, -53.0879555,
                -21.0068035, -3.99742031, -18.1826992, 2.22726583, 55.1591415, 42.8096733);
    }

    /// `librosa.hz_to_mel`, and there and back.
    @Test
    void scalesAreLibrosas() {
        double[] hertz = {60, 440, 999, 1000, 4000, 8000};
        double[] slaney = {0.9, 6.6, 14.985, 15, 35.1637603, 45.2456405};
        double[] htk = {92.6818581, 549.638675, 999.322404, 999.985537, 2146.06453, 2840.02305};
        for (int i = 0; i < hertz.length; i++) {
            assertEquals(slaney[i], MelBank.Scale.SLANEY.mels(hertz[i]), 1e-8 * slaney[i]);
            assertEquals(htk[i], MelBank.Scale.HTK.mels(hertz[i]), 1e-8 * htk[i]);
            for (MelBank.Scale scale : MelBank.Scale.values()) {
                assertEquals(hertz[i], scale.hertz(scale.mels(hertz[i])), 1e-9 * hertz[i]);
            }
        }
    }

    /// `librosa.filters.mel(sr=16000, n_fft=512, n_mels=40)`: every eighth band's sum, and what band 20 holds.
    @Test
    void banksAreLibrosas() {
        bank(BANK.weights(512), new double[] {0.0312754748, 0.032234137, 0.0319316151, 0.032103368, 0.031995591},
                0.00176932106, 0.00359947747, 0.00542963389, 0.0072597903, 0.00603834, 0.00434190285, 0.0026454657,
                0.000949028546);
        bank(MelBank.htk(RATE, 40).weights(512), new double[] {1.32011056, 2.33301587, 3.92463424, 6.41035466, 10.4808787},
                0.169037132, 0.375032133, 0.581027135, 0.787022137, 0.993017139, 0.812851491, 0.619136388, 0.425421285,
                0.231706182, 0.0379910783);
    }

    private static void bank(double[][] weights, double[] sums, double... middle) {
        for (int i = 0; i < sums.length; i++) {
            assertEquals(sums[i], Arrays.stream(weights[8 * i]).sum(), 1e-8 * sums[i]);
        }
        assertArrayEquals(middle, Arrays.stream(weights[20]).filter(w -> w > 0).toArray(), 1e-8);
    }

    /// A discrete Fourier transform as it is defined, in double: sums of N terms of at most 1.
    @ParameterizedTest
    @ValueSource(ints = {2, 4, 8, 64, 1024})
    void theFastTransformIsTheSlow(int size) {
        double[] signal = new Random(size).doubles(size, -1, 1).toArray();
        double[] power = new double[size / 2 + 1];
        Fourier fourier = new Fourier(size);
        fourier.power(signal, power, fourier.scratch());
        for (int k = 0; k < power.length; k++) {
            double re = 0;
            double im = 0;
            for (int n = 0; n < size; n++) {
                re += signal[n] * Math.cos(2 * Math.PI * k * n / size);
                im += signal[n] * Math.sin(2 * Math.PI * k * n / size);
            }
            assertEquals(re * re + im * im, power[k], 1e-12 * size);
        }
    }

    @ParameterizedTest
    @EnumSource
    void framesAreAsManyAsAreSaid(Edges edges) {
        Frames frames = Frames.of(401, 160).fftSize(1024).edges(edges);
        for (int samples : new int[] {401, 560, 561, 562, 720, 721, 4000}) {
            int count = edges == Edges.CENTERED ? 1 + samples / 160 : 1 + (samples - 401) / 160;
            assertEquals(count, frames.count(samples));
            assertEquals(count, AudioFeatures.power(frames).apply(new float[samples]).length);
        }
    }

    /// A frame inside that begins where a centered one does has the same power: zeros behind it change no magnitude.
    @Test
    void edgesMoveFramesAndNothingElse() {
        float[] samples = signal();
        float[] later = Arrays.copyOfRange(samples, 40, samples.length);
        float[][] centered = AudioFeatures.power(Frames.of(400, 80)).apply(samples);
        float[][] inside = AudioFeatures.power(Frames.of(400, 80).edges(Edges.INSIDE)).apply(later);
        // Its middle at 240: from 40 on.
        for (int k = 0; k < 257; k++) {
            assertEquals(centered[3][k], inside[0][k], 1e-4 * Math.max(1, centered[3][k]));
        }
    }

    @Test
    void meansGoAndPreEmphasisIsADifference() {
        float[] samples = {3, 5, 4, 8};
        Frames plain = Frames.of(4, 4).window(Window.RECTANGULAR).edges(Edges.INSIDE);
        assertEquals(400, AudioFeatures.power(plain).apply(samples)[0][0], 1e-4);
        assertEquals(0, AudioFeatures.power(plain.level(Level.REMOVED)).apply(samples)[0][0], 1e-12);
        // 3 - 1.5, 5 - 1.5, 4 - 2.5, 8 - 2: together 12.5.
        assertEquals(156.25, AudioFeatures.power(plain.preEmphasis(0.5)).apply(samples)[0][0], 1e-4);
    }

    @Test
    void wrongSettingsAreNamed() {
        refused("length: expected 2 to 1048576, got 1", () -> Frames.of(1, 1));
        refused("length: expected 2 to 1048576, got -3", () -> Frames.of(-3, 1));
        refused("hop: expected at least 1, got 0", () -> Frames.of(4, 0));
        refused("fftSize: expected a power of 2 from 400 to 1048576, got 256", () -> FRAMES.fftSize(256));
        refused("fftSize: expected a power of 2 from 400 to 1048576, got 500", () -> FRAMES.fftSize(500));
        refused("preEmphasis: expected 0 to 1, got 1.5", () -> FRAMES.preEmphasis(1.5));
        refused("sampleRate: expected 100 to 41943040, got 50", () -> Frames.kaldi(50));
        refused("samples: expected at least 1, for one frame, got 0", () -> AudioFeatures.power(FRAMES).apply());
        refused("samples: expected at least 400, for one frame, got 399",
                () -> AudioFeatures.power(FRAMES.edges(Edges.INSIDE)).apply(new float[399]));
        refused("sampleRate: expected at least 2, got 1", () -> MelBank.htk(1, 4));
        refused("bands: expected 1 to 4096, got 0", () -> MelBank.htk(RATE, 0));
        refused("low, high: expected 0 <= low < high <= 8000.0, got 0.0 and 9000.0", () -> BANK.range(0, 9000));
        refused("low, high: expected 0 <= low < high <= 8000.0, got 500.0 and 500.0", () -> BANK.range(500, 500));
        refused("bands: expected a frequency of the transform of 512 samples in each of 128, got none in band",
                () -> AudioFeatures.mel(FRAMES, MelBank.htk(RATE, 128)));
        refused("fftSize: expected 2 to 1048576, got 0", () -> BANK.weights(0));
        refused("floor: expected a number above 0, got 0.0", () -> Log.natural(0));
        refused("range: expected above 0, got NaN", () -> Log.decibels().range(Double.NaN));
        AudioFeatures log = AudioFeatures.librosa(RATE);
        refused("coefficients: expected 1 to 128, the number of bands, got 129", () -> log.mfcc(129));
        refused("coefficients: expected 1 to 128, the number of bands, got -1", () -> log.mfcc(-1));
        refused("lifter: expected a number of at least 0, got -1.0", () -> log.mfcc(13, -1));
        refused("order: expected 0 to 8, got -1", () -> log.deltas(-1));
        refused("width: expected 1 to 1000, got 0", () -> log.deltas(1, 0));
        refused("sound: expected 16000 samples a second, as the bands have, got 8000",
                () -> log.apply(new Sound(signal(), 8000)));
        refused("sampleRate: expected at least 1, got 0", () -> new Sound(signal(), 0));
        for (AudioFeatures other : new AudioFeatures[] {
            AudioFeatures.power(FRAMES), AudioFeatures.mel(FRAMES, BANK), log.mfcc(13), log.deltas(1)}) {
            IllegalStateException e = assertThrows(IllegalStateException.class, () -> other.mfcc(13));
            assertTrue(e.getMessage().startsWith("mfcc: expected logarithms"), e.getMessage());
        }
    }

    private static void refused(String message, Runnable call) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, call::run);
        assertTrue(String.valueOf(e.getMessage()).startsWith(message), e.getMessage());
    }

    /// What one thread gets, all get.
    @Test
    void threadsShareThem() {
        AudioFeatures features = AudioFeatures.kaldi(RATE).mfcc(13, 22).deltas(1);
        float[] expected = features.apply(signal())[9];
        IntStream.range(0, 8).parallel().forEach(_ -> assertArrayEquals(expected, features.apply(signal())[9]));
    }
}
