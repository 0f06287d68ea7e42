package dev.rondo.promises;

import dev.rondo.Model;
import dev.rondo.Runs;
import dev.rondo.Sequential;
import dev.rondo.TestText;
import dev.rondo.data.CharacterVocabulary;
import dev.rondo.data.Dataset;
import dev.rondo.data.Seeds;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Dropout;
import dev.rondo.layers.Embedding;
import dev.rondo.layers.Input;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.Shape;
import dev.rondo.training.Adam;
import dev.rondo.training.Fit;
import dev.rondo.training.History;
import dev.rondo.training.Metric;
import dev.rondo.training.Optimizer;
import dev.rondo.training.Schedule;
import dev.rondo.training.Scores;
import dev.rondo.training.Training;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/// A small training with all that could make a run differ from itself: two recurrent layers, dropout between and within
/// them, a schedule, clipping, metrics, validation, and either shuffled sequences of different lengths or streams with
/// carried state. It can be named on the command line of another process.
///
/// @param cell the recurrent layers
/// @param data what it learns from
/// @param kernels what it runs on
/// @param threads the configured number
record Job(Cell cell, Data data, Choice kernels, int threads) {
    static final int EPOCHS = 3;
    static final Optimizer ADAM = Adam.rate(1e-2);

    /// What a job learns from.
    enum Data {
        /// Characters in parallel streams, the states carried from batch to batch.
        STREAMS,
        /// Sequences of features of their own lengths, in a new order each epoch, the last batch smaller.
        SEQUENCES
    }

    /// The job as arguments of a command line, and back.
    List<String> arguments() {
        return List.of(cell.name(), data.name(), kernels.name(), String.valueOf(threads));
    }

    static Job of(List<String> arguments) {
        return new Job(
                Cell.named(arguments.get(0)),
                Data.valueOf(arguments.get(1)),
                Choice.valueOf(arguments.get(2)),
                Integer.parseInt(arguments.get(3)));
    }

    static List<Job> all(Choice kernels, int threads) {
        return Cell.ALL.stream()
                .flatMap(cell -> Arrays.stream(Data.values()).map(data -> new Job(cell, data, kernels, threads)))
                .toList();
    }

    Sequential model() {
        Sequential.Builder builder = Sequential.builder();
        switch (data) {
            case STREAMS -> {
                int vocabulary = CharacterVocabulary.of(text()).size();
                builder.add(Input.ids(Shape.TIME))
                        .add(Embedding.of(vocabulary, 7))
                        .add(cell.dropping(19))
                        .add(Dropout.rate(0.3))
                        .add(cell.sequences(17))
                        .add(Dense.units(vocabulary));
            }
            case SEQUENCES ->
                builder.add(Input.features(Shape.TIME, 5))
                        .add(cell.dropping(19))
                        .add(Dropout.rate(0.3))
                        .add(cell.last(17))
                        .add(Dense.units(3));
        }
        return builder.seed(11).note("what", "a job").build();
    }

    Sequential compiled() {
        return compiled(ADAM);
    }

    Sequential compiled(Optimizer optimizer) {
        Sequential model = model();
        model.compile(training(optimizer));
        return model;
    }

    Training training() {
        return training(ADAM);
    }

    Training training(Optimizer optimizer) {
        return Training.optimizer(optimizer)
                .metrics(Metric.accuracy(), Metric.perplexity())
                .clipGlobalNorm(1)
                .schedule(Schedule.exponential(0.5, 10))
                .engine(Engine.training().kernels(kernels).threads(threads));
    }

    private static String text() {
        return TestText.words(60, 3);
    }

    Dataset dataset() {
        return switch (data) {
            case STREAMS -> Dataset.streams(CharacterVocabulary.of(text()).encode(text()), 9);
            case SEQUENCES -> sequences(29, 1);
        };
    }

    private static Dataset sequences(int examples, long seed) {
        int time = 9;
        int[] lengths = Runs.ids(Seeds.generator(seed, "lengths", 0), time, examples).toInts();
        for (int i = 0; i < examples; i++) {
            lengths[i]++;
        }
        return Dataset.of(
                        Runs.features(Seeds.generator(seed, "x", 0), examples, time, 5),
                        Runs.ids(Seeds.generator(seed, "y", 0), 3, examples))
                .lengths(lengths);
    }

    Fit fit() {
        Fit fit = Fit.epochs(EPOCHS).batchSize(4);
        return fit.validation(switch (data) {
            case STREAMS -> Dataset.streams(CharacterVocabulary.of(text()).encode(TestText.words(20, 4)), 9);
            case SEQUENCES -> sequences(11, 2);
        });
    }

    /// All that a run came to, bit for bit, as lines: losses, metrics, validation, parameters, optimizer states,
    /// counters. Times are left out.
    static List<String> outcome(Model model, History history) {
        List<String> lines = new ArrayList<>();
        lines.add(history.ending() + " steps " + model.trainer().steps() + " epochs " + model.trainer().epochs());
        history.epochs().forEach(epoch -> {
            lines.add("epoch " + epoch.epoch() + " training " + scores(epoch.training()));
            lines.add("epoch " + epoch.epoch() + " validation " + epoch.validation().map(Job::scores));
        });
        model.parameters().forEach((name, tensor) -> lines.add(name + " " + bits(tensor.toFloats())));
        model.trainer().optimizerStates().forEach((state, tensors) ->
                tensors.forEach((name, tensor) -> lines.add(state + " " + name + " " + bits(tensor.toFloats()))));
        return lines;
    }

    private static String scores(Scores scores) {
        List<String> parts = new ArrayList<>(List.of(Double.toHexString(scores.loss()), "of " + scores.steps()));
        scores.metrics().forEach((name, value) -> parts.add(name + " " + Double.toHexString(value)));
        return String.join(" ", parts);
    }

    /// A number for each other content: two that differ in a bit have the same by a chance of 2^-256.
    private static String bits(float[] values) {
        try {
            ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES);
            bytes.asFloatBuffer().put(values);
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes.array()));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
