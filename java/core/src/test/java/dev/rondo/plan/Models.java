package dev.rondo.plan;

import static dev.rondo.tensor.Shape.BATCH;
import static dev.rondo.tensor.Shape.TIME;

import dev.rondo.graph.CrossEntropyOutputs;
import dev.rondo.graph.Gradients;
import dev.rondo.graph.Graph;
import dev.rondo.graph.Op;
import dev.rondo.graph.RecurrentCell;
import dev.rondo.graph.RecurrentInputs;
import dev.rondo.graph.RecurrentOutputs;
import dev.rondo.graph.Value;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/// Small models for the tests of plans.
final class Models {
    private Models() {}

    /// `x[B,T,I], lengths[B], h0, c0 -> y[B,T,U], hN, cN`: an LSTM and a dense layer; the state is carried.
    static Graph sequence(int input, int hidden, int units) {
        return sequence(RecurrentCell.LSTM, input, hidden, units);
    }

    /// The same of another cell, which may lack c0 and cN.
    static Graph sequence(RecurrentCell cell, int input, int hidden, int units) {
        int rows = cell.gates() * hidden;
        Graph.Builder builder = Graph.builder();
        Value x = builder.input("x", DataType.FLOAT32, Shape.of(BATCH, TIME, input));
        Value lengths = builder.input("lengths", DataType.INT32, Shape.of(BATCH));
        RecurrentInputs inputs = RecurrentInputs.of(
                x, weight(builder, "ih", rows, input), weight(builder, "hh", rows, hidden)).lengths(lengths);
        if (cell.hasPeepholes()) {
            inputs = inputs.peepholes(builder.parameter("peepholes", Shape.of(3 * hidden)));
        }
        Value y = builder.dense("dense", recurrent(builder, cell, inputs, hidden).y(), weight(builder, "dense", units, hidden),
                builder.parameter("denseBias", Shape.of(units)));
        return builder.output("y", y).build();
    }

    /// `ids[B,T], labels[B,T], step, h0, c0 -> loss, correct, count` and gradients: embedding, LSTM, dropout, dense and
    /// cross-entropy; the state is carried.
    static Gradients text(int classes, int embedding, int hidden) {
        Graph.Builder builder = Graph.builder();
        Value ids = builder.input("ids", DataType.INT32, Shape.of(BATCH, TIME));
        Value labels = builder.input("labels", DataType.INT32, Shape.of(BATCH, TIME));
        Value step = builder.input("step", DataType.INT64, Shape.scalar());
        Value x = builder.gather("embedding", weight(builder, "table", classes, embedding), ids);
        RecurrentOutputs lstm = recurrent(builder, RecurrentCell.LSTM, RecurrentInputs.of(x, weight(builder, "ih", 4 * hidden, embedding),
                weight(builder, "hh", 4 * hidden, hidden)).biasIh(builder.parameter("bias", Shape.of(4 * hidden))), hidden);
        Value dropped = builder.dropout("dropout", new Op.Dropout(0.1f, 0, 9), lstm.y(), step);
        Value logits = builder.dense("dense", dropped, weight(builder, "dense", classes, hidden),
                builder.parameter("denseBias", Shape.of(classes)));
        CrossEntropyOutputs loss = builder.softmaxCrossEntropy("loss", logits, labels);
        builder.output("loss", loss.loss()).output("correct", loss.correct()).output("count", loss.count());
        Graph graph = builder.build();
        return Gradients.of(graph, loss.loss(), graph.parameters());
    }

    private static RecurrentOutputs recurrent(
            Graph.Builder builder, RecurrentCell cell, RecurrentInputs inputs, int hidden) {
        Shape state = Shape.of(BATCH, hidden);
        Value h0 = builder.input("h0", DataType.FLOAT32, state);
        Op.Recurrent op = new Op.Recurrent(cell);
        if (!cell.hasC()) {
            RecurrentOutputs outputs = builder.recurrent("cell", op, inputs.h0(h0));
            builder.carry(h0, outputs.hN()).output("hN", outputs.hN());
            return outputs;
        }
        Value c0 = builder.input("c0", DataType.FLOAT32, state);
        RecurrentOutputs outputs = builder.recurrent("lstm", op, inputs.h0(h0).c0(c0));
        Value cN = outputs.cN().orElseThrow();
        builder.carry(h0, outputs.hN()).carry(c0, cN).output("hN", outputs.hN()).output("cN", cN);
        return outputs;
    }

    private static Value weight(Graph.Builder builder, String name, int rows, int columns) {
        return builder.parameter(name + "Weight", Shape.of(rows, columns));
    }

    /// Parameters with random numbers.
    static Parameters random(Graph graph, long seed, DataType type) {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        Parameters parameters = Parameters.of(graph, type);
        for (Tensor tensor : parameters.tensors().values()) {
            double scale = 1 / Math.sqrt(tensor.shape().dim(-1));
            for (long i = 0; i < tensor.elements(); i++) {
                tensor.set(i, (float) (scale * random.nextGaussian()));
            }
        }
        parameters.changed();
        return parameters;
    }

    static Parameters random(Graph graph, long seed) {
        return random(graph, seed, DataType.FLOAT32);
    }

    /// Random numbers for a float input, or from 0 to below a bound for an integer one.
    static void fill(Tensor tensor, long seed, int bound) {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        for (long i = 0; i < tensor.elements(); i++) {
            tensor.set(i, tensor.type().isFloat() ? (float) random.nextGaussian() : random.nextInt(bound));
        }
    }
}
