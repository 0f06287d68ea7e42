package dev.rondo.benchmarks.suite;

import dev.rondo.benchmarks.peer.Cell;
import dev.rondo.benchmarks.peer.Data;
import dev.rondo.benchmarks.peer.Model;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;

/// The numbers that go in: the same for every implementation, and in every run, since they come from seeds.
///
/// Weights and biases are uniform within 1/sqrt(H), as the frameworks begin; x and gradients of y within 1. Nothing is
/// symmetric or repeated, so that swapped gates or a wrong tail show.
final class Inputs {
    private static final int SEED = 42;

    private Inputs() {}

    /// Writes the inputs of a task into a folder of its own, once.
    static void write(Task task, Path folder) throws IOException {
        if (Files.exists(folder)) {
            return;
        }
        Files.createDirectories(folder);
        SplittableRandom random = random(task);
        switch (task.subject()) {
            case Task.Layer layer -> {
                LayerShape shape = layer.shape();
                int hidden = shape.hidden();
                int batch = shape.batch() * shape.time();
                Data.write(folder, "x", uniform(random, batch * shape.input(), 1));
                Data.write(folder, "dy", uniform(random, batch * hidden, 1));
                recurrent(folder, "", layer.cell(), shape.input(), hidden, random);
                if (layer.ragged()) {
                    Data.write(folder, "lengths", lengths(task));
                }
            }
            case Task.Network network -> {
                Model model = network.model();
                int batch = network.batch() * network.time();
                if (model.classifies()) {
                    Data.write(folder, "ids", random.ints(batch, 0, model.vocabulary()).toArray());
                    Data.write(folder, "labels", random.ints(batch, 0, model.vocabulary()).toArray());
                    Data.write(folder, "embedding", uniform(random, model.vocabulary() * model.input(), 0.1));
                } else {
                    Data.write(folder, "x", uniform(random, batch * model.input(), 1));
                    Data.write(folder, "target", uniform(random, network.batch() * model.outputs(), 1));
                }
                for (int i = 0; i < model.layers(); i++) {
                    recurrent(folder, "lstm" + i + ".", Cell.LSTM, model.inputOf(i), model.hidden(), random);
                }
                double limit = 1 / Math.sqrt(model.hidden());
                Data.write(folder, "dense.weight", uniform(random, model.outputs() * model.hidden(), limit));
                Data.write(folder, "dense.bias", uniform(random, model.outputs(), limit));
            }
        }
    }

    private static void recurrent(
            Path folder, String prefix, Cell cell, int input, int hidden, SplittableRandom random) {
        double limit = 1 / Math.sqrt(hidden);
        int rows = cell.gates() * hidden;
        Data.write(folder, prefix + "weightIh", uniform(random, rows * input, limit));
        Data.write(folder, prefix + "weightHh", uniform(random, rows * hidden, limit));
        Data.write(folder, prefix + "biasIh", uniform(random, rows, limit));
        switch (cell) {
            case GRU_RESET_AFTER -> Data.write(folder, prefix + "biasHn", uniform(random, hidden, limit));
            case LSTM_PEEPHOLES -> Data.write(folder, prefix + "peepholes", uniform(random, 3 * hidden, limit));
            case LSTM, GRU_RESET_BEFORE, RNN_TANH -> {}
        }
    }

    /// The lengths of a ragged task: uniform in 1..T.
    static int[] lengths(Task task) {
        Task.Layer layer = (Task.Layer) task.subject();
        return new SplittableRandom(SEED)
                .ints(layer.shape().batch(), 1, layer.shape().time() + 1)
                .toArray();
    }

    private static SplittableRandom random(Task task) {
        return new SplittableRandom(SEED + 31L * task.dataKey().hashCode());
    }

    private static float[] uniform(SplittableRandom random, int count, double limit) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextDouble(-limit, limit);
        }
        return values;
    }
}
