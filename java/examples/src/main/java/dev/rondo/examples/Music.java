package dev.rondo.examples;

import dev.rondo.Sequential;
import dev.rondo.data.Examples;
import dev.rondo.data.NpzReader;
import dev.rondo.data.Padding;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Gru;
import dev.rondo.layers.Input;
import dev.rondo.layers.Layer;
import dev.rondo.layers.Lstm;
import dev.rondo.layers.SimpleRnn;
import dev.rondo.layers.WeightNoise;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.EarlyStopping;
import dev.rondo.training.Fit;
import dev.rondo.training.History;
import dev.rondo.training.Loss;
import dev.rondo.training.Monitor;
import dev.rondo.training.RmsProp;
import dev.rondo.training.Training;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Polyphonic music, frame by frame: which of 88 keys sound next? Tanh units, GRU and LSTM of about 20,000 parameters
/// each, as Chung, Gulcehre, Cho & Bengio 2014 compare them ("Empirical Evaluation of Gated Recurrent Neural Networks
/// on Sequence Modeling"): 100, 46 and 36 units, the GRU with its reset before the product, the LSTM with peepholes,
/// RMSProp, noise on the weights, the gradient's norm kept to 1, early stopping on the validation pieces. They add up
/// the loss over the keys, Rondo's is the mean over them: the norm is kept to 1/88 here.
///
/// Not as in the paper: one rate instead of the best of ten drawn at random, and pieces are learned from in batches.
/// The first frame of a piece, before which there is nothing, is not scored.
@Command(
        name = "music",
        description = "Chorales and folk tunes, 88 keys: tanh, GRU and LSTM as Chung et al. 2014 compare them")
final class Music extends Example {
    private static final int KEYS = 88;
    private static final double CLIP = 1;

    /// The cells compared.
    enum Cell {
        /// Simple units.
        TANH(SimpleRnn.units(100).returnSequences(), 9.10, 3.13),
        /// With the reset before the product.
        GRU(Gru.units(46).reset(Gru.Reset.BEFORE).returnSequences(), 8.54, 3.23),
        /// With peepholes.
        LSTM(Lstm.units(36).peepholes().returnSequences(), 8.67, 3.20);

        private final Layer layer;
        private final double jsb;
        private final double nottingham;

        /// @param jsb the paper's test loss on the chorales (table 2)
        /// @param nottingham the paper's test loss on the folk tunes
        Cell(Layer layer, double jsb, double nottingham) {
            this.layer = layer;
            this.jsb = jsb;
            this.nottingham = nottingham;
        }
    }

    /// The data sets.
    enum Set {
        /// 382 chorales of Bach.
        JSB("jsb-chorales.npz"),
        /// 1,037 folk tunes.
        NOTTINGHAM("nottingham.npz");

        private final String file;

        Set(String file) {
            this.file = file;
        }
    }

    @Option(names = "--set", paramLabel = "SET", description = "${COMPLETION-CANDIDATES} (both).")
    private List<Set> sets = List.of(Set.values());

    @Option(names = "--cell", paramLabel = "CELL", description = "${COMPLETION-CANDIDATES} (all).")
    private List<Cell> cells = List.of(Cell.values());

    @Option(names = "--epochs", paramLabel = "N", description = "At most so many passes (${DEFAULT-VALUE}).")
    private int epochs = 300;

    @Option(
            names = "--patience",
            paramLabel = "N",
            description = "Stop after so many epochs without a lower validation loss (${DEFAULT-VALUE}).")
    private int patience = 20;

    @Option(names = "--rate", paramLabel = "X", description = "Of RMSProp (${DEFAULT-VALUE}).")
    private double rate = 1e-2;

    @Option(names = "--batch", paramLabel = "N", description = "Pieces of a batch (${DEFAULT-VALUE}).")
    private int batch = 8;

    @Option(
            names = "--noise",
            paramLabel = "X",
            description = "Deviation of the noise on weights while the model learns (${DEFAULT-VALUE}).")
    private double noise = 0.075;

    private Sequential model(Cell cell) {
        return Sequential.builder()
                .add(Input.features(Shape.TIME, KEYS))
                .add(WeightNoise.of(cell.layer, noise))
                .add(WeightNoise.of(Dense.units(KEYS), noise))
                .seed(seed())
                .build();
    }

    @Override
    List<Score> run() throws IOException {
        checkAtLeast(1, "--patience", patience);
        List<Score> scores = new ArrayList<>();
        for (Set set : sets) {
            try (NpzReader file = NpzReader.open(data("music", set.file))) {
                Pieces training = pieces(file, "train");
                Pieces valid = pieces(file, "valid");
                Pieces test = pieces(file, "test");
                double marginal = marginal(training, test);
                for (Cell cell : cells) {
                    print("%n%s, %s: %d pieces to learn from", set, cell, training.examples.size());
                    scores.add(Score.lower("%s, %s: nats a frame, test pieces".formatted(set, cell),
                                    train(cell, training.examples.bucketed(8), valid.examples, test.examples),
                                    "each key by itself, as often as in the training pieces", marginal)
                            .published("%.2f (Chung et al. 2014, table 2)".formatted(
                                    set == Set.JSB ? cell.jsb : cell.nottingham)));
                }
            }
        }
        return scores;
    }

    private double train(Cell cell, Examples training, Examples valid, Examples test) {
        try (Sequential model = model(cell)) {
            model.compile(Training.optimizer(RmsProp.rate(rate))
                    .loss(Loss.binaryCrossEntropy())
                    .clipGlobalNorm(CLIP / KEYS)
                    .engine(engine()));
            History history = model.fit(training, Fit.epochs(epochs)
                    .batchSize(batch)
                    .validation(valid)
                    .callback(progress(10))
                    .callback(EarlyStopping.on(Monitor.validationLoss(), patience)));
            List<Double> losses = history.validationLosses();
            int epoch = losses.indexOf(Collections.min(losses)) + 1;
            double validLoss = KEYS * model.evaluate(valid).loss();
            double testLoss = KEYS * model.evaluate(test).loss();
            print("best epoch %d: nats a frame: validation %.4f, test %.4f", epoch, validLoss, testLoss);
            return testLoss;
        }
    }

    /// Some pieces.
    ///
    /// @param examples of each its frames but the last, and as targets those but the first
    /// @param frames number of targets
    private record Pieces(Examples examples, int frames) {
        /// In which part of the target frames each key sounds. Padding is silent.
        double[] sounding() {
            float[] y = examples.y().toFloats();
            double[] sounding = new double[KEYS];
            for (int i = 0; i < y.length; i++) {
                sounding[i % KEYS] += y[i] / frames;
            }
            return sounding;
        }
    }

    private static Pieces pieces(NpzReader file, String part) throws IOException {
        float[] frames = floats(file.read(part + "_data"));
        int[] lengths = ints(file.read(part + "_lengths"));
        float[][][] x = new float[lengths.length][][];
        float[][][] y = new float[lengths.length][][];
        int first = 0;
        for (int piece = 0; piece < lengths.length; piece++) {
            int steps = lengths[piece] - 1;
            x[piece] = new float[steps][KEYS];
            y[piece] = new float[steps][KEYS];
            for (int t = 0; t < steps; t++) {
                System.arraycopy(frames, (first + t) * KEYS, x[piece][t], 0, KEYS);
                System.arraycopy(frames, (first + t + 1) * KEYS, y[piece][t], 0, KEYS);
            }
            first += lengths[piece];
        }
        return new Pieces(Padding.post().apply(x).examples(Padding.post().apply(y).x()), first - lengths.length);
    }

    /// Nats a frame of the test pieces, if each key sounds as often as in the training pieces whatever else does.
    private static double marginal(Pieces training, Pieces test) {
        double nats = 0;
        double[] sounding = training.sounding();
        double[] target = test.sounding();
        for (int key = 0; key < KEYS; key++) {
            double p = (sounding[key] * training.frames + 1) / (training.frames + 2);
            nats -= target[key] * Math.log(p) + (1 - target[key]) * Math.log1p(-p);
        }
        return nats;
    }

    private static float[] floats(Tensor tensor) {
        double[] values = tensor.toDoubles();
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }

    private static int[] ints(Tensor tensor) {
        double[] values = tensor.toDoubles();
        int[] ints = new int[values.length];
        for (int i = 0; i < ints.length; i++) {
            ints[i] = (int) values[i];
        }
        return ints;
    }
}
