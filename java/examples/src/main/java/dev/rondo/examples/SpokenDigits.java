package dev.rondo.examples;

import dev.rondo.Sequential;
import dev.rondo.data.AudioFeatures;
import dev.rondo.data.Dataset;
import dev.rondo.data.LabelledFolder;
import dev.rondo.data.Prefetched;
import dev.rondo.data.WavReader;
import dev.rondo.layers.Activation;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Input;
import dev.rondo.layers.Lstm;
import dev.rondo.tensor.Shape;
import dev.rondo.training.Adam;
import dev.rondo.training.Fit;
import dev.rondo.training.Loss;
import dev.rondo.training.Metric;
import dev.rondo.training.Training;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Which of ten digits is said (Free Spoken Digit Dataset)? Energies of 40 mel bands, 25 ms every 10 ms: an LSTM of 64
/// units over the sequence, one of 32, and a softmax. The recordings stay files: each batch's are read, and made
/// features of, while the model learns from those before. The first five takes of each speaker and digit are held out,
/// as the data set has it; the next five are looked at after each epoch.
@Command(
        name = "spoken",
        description = "Ten spoken digits, told apart by two LSTM layers, read ahead from files")
final class SpokenDigits extends Example {
    /// Steps; the longest recording takes 2.3 seconds.
    private static final int LONGEST = 250;
    private static final int LOOKED_AT = 5;
    private static final int AHEAD = 4;

    @Option(names = "--epochs", paramLabel = "N", description = "Passes over the recordings (${DEFAULT-VALUE}).")
    private int epochs = 10;

    @Option(names = "--rate", paramLabel = "X", description = "Of Adam (${DEFAULT-VALUE}).")
    private double rate = 5e-3;

    @Option(names = "--batch", paramLabel = "N", description = "Recordings of a batch (${DEFAULT-VALUE}).")
    private int batch = 32;

    private Sequential model() {
        return Sequential.builder()
                .add(Input.features(Shape.TIME, DigitRecordings.BANDS))
                .add(Lstm.units(64).returnSequences())
                .add(Lstm.units(32))
                .add(Dense.units(DigitRecordings.WORDS.size()).activation(Activation.SOFTMAX))
                .seed(seed())
                .build();
    }

    @Override
    List<Score> run() throws IOException {
        checkAtLeast(1, "--batch", batch);
        try (DigitRecordings recordings = DigitRecordings.unpack(data("speech-digits", "fsdd_recordings.tar.gz"));
                Sequential model = model()) {
            LabelledFolder.Parts parts = recordings.parts();
            LabelledFolder test = parts.heldOut();
            LabelledFolder.Parts learned =
                    parts.training().split(entry -> DigitRecordings.isOfFirst(LOOKED_AT, entry));
            LabelledFolder training = learned.training();
            print("%d recordings to learn from, %d to be scored on", training.size(), test.size());
            Scaling scaling = Scaling.fit(training);
            Prefetched ahead = scaling.sequences(training).prefetched(AHEAD);
            model.compile(Training.optimizer(Adam.rate(rate))
                    .loss(Loss.sparseCategoricalCrossEntropy())
                    .metrics(Metric.accuracy())
                    .clipGlobalNorm(1)
                    .engine(engine()));
            model.fit(ahead, Fit.epochs(epochs)
                    .batchSize(batch)
                    .validation(scaling.sequences(learned.heldOut()))
                    .callback(progress()));
            Prefetched.Waits waits = ahead.waits();
            print("kernels waited %.1f %% of the time for %d batches", 100 * waits.idleShare(), waits.batches());
            return List.of(Score.higher("accuracy, takes 0 to 4",
                    model.evaluate(scaling.sequences(test)).metric("accuracy"),
                    "always the most frequent digit", Baselines.majority(training.ids(), test.ids())));
        }
    }

    /// Brings each band to mean 0 and standard deviation 1.
    ///
    /// @param mean of each band
    /// @param deviation of each band
    private record Scaling(double[] mean, double[] deviation) {
        private static final AudioFeatures FEATURES = DigitRecordings.features();

        /// Over all steps of some recordings.
        static Scaling fit(LabelledFolder recordings) throws IOException {
            double[] sums = new double[DigitRecordings.BANDS];
            double[] squares = new double[DigitRecordings.BANDS];
            long steps = 0;
            for (LabelledFolder.Entry entry : recordings.entries()) {
                for (float[] step : FEATURES.apply(WavReader.read(entry.file()))) {
                    for (int band = 0; band < step.length; band++) {
                        sums[band] += step[band];
                        squares[band] += (double) step[band] * step[band];
                    }
                    steps++;
                }
            }
            double[] mean = new double[sums.length];
            double[] deviation = new double[sums.length];
            for (int band = 0; band < sums.length; band++) {
                mean[band] = sums[band] / steps;
                deviation[band] = Math.sqrt(Math.max(squares[band] / steps - mean[band] * mean[band], 1e-6));
            }
            return new Scaling(mean, deviation);
        }

        /// Read anew in each epoch.
        Dataset sequences(LabelledFolder recordings) {
            return recordings.sequences(file -> scaled(FEATURES.apply(WavReader.read(file))), LONGEST);
        }

        private float[][] scaled(float[][] steps) {
            for (float[] step : steps) {
                for (int band = 0; band < step.length; band++) {
                    step[band] = (float) ((step[band] - mean[band]) / deviation[band]);
                }
            }
            return steps;
        }
    }
}
