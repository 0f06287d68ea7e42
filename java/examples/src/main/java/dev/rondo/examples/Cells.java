package dev.rondo.examples;

import dev.rondo.Sequential;
import dev.rondo.examples.cells.MixedCandidateGru;
import dev.rondo.examples.cells.OutputGateGru;
import dev.rondo.examples.cells.ResetInUpdateGru;
import dev.rondo.examples.cells.SharedWeightLstm;
import dev.rondo.examples.cells.SigmoidLstm;
import dev.rondo.layers.Activation;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Dropout;
import dev.rondo.layers.Gru;
import dev.rondo.layers.Input;
import dev.rondo.layers.Layer;
import dev.rondo.layers.Lstm;
import dev.rondo.layers.Rnn;
import dev.rondo.tensor.Shape;
import dev.rondo.training.Adam;
import dev.rondo.training.EpochReport;
import dev.rondo.training.Fit;
import dev.rondo.training.History;
import dev.rondo.training.Loss;
import dev.rondo.training.Metric;
import dev.rondo.training.Training;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Any cell that can be written down as one step runs and trains: five that no library has, as tutorials have them,
/// tell the nine speakers of `vowels` apart, beside the fused LSTM and GRU of as many units. The recipe is the same for
/// all.
@Command(
        name = "cells",
        description = "Five recurrent cells of one's own beside the fused LSTM and GRU, on nine speakers")
final class Cells extends Example {
    /// A recurrent layer that gives its last output.
    ///
    /// @param name what it is called in what is printed
    /// @param layer makes it of so many units
    record Kind(String name, IntFunction<Layer> layer) {}

    /// The cells that are one step of graph each.
    static final List<Kind> WRITTEN = List.of(
            new Kind("LSTM of shared weights", units -> Rnn.of(new SharedWeightLstm(units))),
            new Kind("LSTM of sigmoids", units -> Rnn.of(new SigmoidLstm(units))),
            new Kind("GRU with r in the update", units -> Rnn.of(new ResetInUpdateGru(units))),
            new Kind("GRU of a mixed candidate", units -> Rnn.of(new MixedCandidateGru(units))),
            new Kind("GRU with an output gate", units -> Rnn.of(new OutputGateGru(units))));

    private static final List<Kind> FUSED =
            List.of(new Kind("fused LSTM", Lstm::units), new Kind("fused GRU", Gru::units));

    @Option(names = "--epochs", paramLabel = "N", description = "Passes over the 270 utterances (${DEFAULT-VALUE}).")
    private int epochs = 60;

    @Option(names = "--units", paramLabel = "N", description = "Of each cell (${DEFAULT-VALUE}).")
    private int units = 64;

    private Sequential model(Kind kind) {
        return Sequential.builder()
                .add(Input.features(Shape.TIME, Vowels.FEATURES))
                .add(kind.layer.apply(units))
                .add(Dropout.rate(0.5))
                .add(Dense.units(Vowels.SPEAKERS).activation(Activation.SOFTMAX))
                .seed(seed())
                .build();
    }

    @Override
    List<Score> run() throws IOException {
        checkAtLeast(1, "--units", units);
        Vowels.Utterances training = Vowels.read(data("jap-vowels", "JapaneseVowels_TRAIN.ts"));
        Vowels.Utterances test = Vowels.read(data("jap-vowels", "JapaneseVowels_TEST.ts"));
        double baseline = Baselines.majority(training.speakers(), test.speakers());
        List<Kind> kinds = new ArrayList<>(WRITTEN);
        kinds.addAll(FUSED);
        print("%-26s %10s %10s %10s %8s", "of %d units".formatted(units), "parameters", "loss", "accuracy", "seconds");
        List<Score> scores = new ArrayList<>();
        for (Kind kind : kinds) {
            try (Sequential model = model(kind)) {
                model.compile(Training.optimizer(Adam.rate(3e-3))
                        .loss(Loss.categoricalCrossEntropy())
                        .metrics(Metric.accuracy())
                        .clipGlobalNorm(1)
                        .engine(engine()));
                History history = model.fit(training.examples(), Fit.epochs(epochs).batchSize(16));
                double accuracy = model.evaluate(test.examples()).metric("accuracy");
                print("%-26s %10d %10.4f %10.4f %8.1f",
                        kind.name, model.parameterCount(), history.last().training().loss(), accuracy,
                        history.epochs().stream().mapToDouble(EpochReport::seconds).sum());
                scores.add(Score.higher("accuracy of the %s, test utterances".formatted(kind.name), accuracy,
                        "always the speaker heard most", baseline));
            }
        }
        return scores;
    }
}
