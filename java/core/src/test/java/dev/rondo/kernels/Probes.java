package dev.rondo.kernels;

import static dev.rondo.tensor.Shape.BATCH;
import static dev.rondo.tensor.Shape.TIME;

import dev.rondo.graph.Op;
import dev.rondo.graph.Op.ReduceKind;
import dev.rondo.tensor.DataType;
import java.util.ArrayList;
import java.util.List;

/// Every operation with a gradient, in its variants.
final class Probes {
    private static final Probe.Draw POSITIVE = (random, extents) -> random.nextDouble(0.5, 2);

    private Probes() {}

    /// All of them, with the given size of their last axes.
    static List<Probe> all(int n) {
        List<Probe> probes = new ArrayList<>();
        for (Op.UnaryKind kind : Op.UnaryKind.values()) {
            probes.add(
                    new Probe(kind + " n=" + n).floats("x", domain(kind), BATCH, TIME, n)
                            .node(new Op.Unary(kind), "y"));
        }
        for (Op.BinaryKind kind : Op.BinaryKind.values()) {
            probes.add(binary(kind, n, new int[] {BATCH, n}, new int[] {BATCH, n}));
            probes.add(binary(kind, n, new int[] {BATCH, TIME, n}, new int[] {n}));
            probes.add(binary(kind, n, new int[] {n}, new int[] {BATCH, TIME, n}));
            probes.add(binary(kind, n, new int[] {BATCH, n}, new int[] {}));
            probes.add(binary(kind, n, new int[] {}, new int[] {BATCH, n}));
            probes.add(binary(kind, n, new int[] {}, new int[] {}));
        }
        for (ReduceKind kind : List.of(ReduceKind.SUM, ReduceKind.MEAN)) {
            for (int from = 0; from < 3; from++) {
                for (int to = from + 1; to <= 3; to++) {
                    probes.add(
                            new Probe("%s axes %d..%d n=%d".formatted(kind, from, to, n))
                                    .floats("x", BATCH, TIME, n).node(new Op.Reduce(kind, from, to), "y"));
                }
            }
        }
        probes.addAll(products(n));
        probes.add(
                new Probe("gather n=" + n).floats("table", 7, n).ids("ids", 7, BATCH, TIME).node(new Op.Gather(), "y"));
        probes.add(new Probe("softmax n=" + n).floats("x", BATCH, TIME, n).node(new Op.Softmax(), "y"));
        probes.addAll(crossEntropies(n));
        probes.addAll(elementwiseLosses(n));
        probes.add(
                new Probe("dropout n=" + n).floats("x", BATCH, TIME, n)
                        .integers("step", DataType.INT64, (random, extents) -> 5)
                        .node(new Op.Dropout(0.3f, 2, 0x123456789abcdefL), "y"));
        return probes;
    }

    private static Probe.Draw domain(Op.UnaryKind kind) {
        return switch (kind) {
            case LOG, SQRT -> POSITIVE;
            case IDENTITY, NEGATE, SIGMOID, TANH, RELU, EXP, SQUARE -> (random, extents) -> random.nextGaussian();
        };
    }

    private static Probe binary(Op.BinaryKind kind, int n, int[] a, int[] b) {
        String shapes = List.of(a.length, b.length).toString();
        return new Probe(kind + " ranks " + shapes + " n=" + n).floats("a", a).floats("b", POSITIVE, b)
                .node(new Op.Binary(kind), "y");
    }

    private static List<Probe> products(int n) {
        int k = n / 2 + 1;
        return List.of(
                new Probe("a b n=" + n).floats("a", BATCH, TIME, k).floats("b", k, n)
                        .node(new Op.MatMul(Op.Transpose.NONE), "y"),
                new Probe("a bT + bias n=" + n).floats("a", BATCH, TIME, k).floats("b", n, k).floats("bias", n)
                        .node(new Op.MatMul(Op.Transpose.B), "y"),
                new Probe("aT b n=" + n).floats("a", BATCH, TIME, k).floats("b", BATCH, TIME, n)
                        .node(new Op.MatMul(Op.Transpose.A), "y"),
                new Probe("aT bT + bias n=" + n).floats("a", k, 5).floats("b", n, k).floats("bias", n)
                        .node(new Op.MatMul(Op.Transpose.BOTH), "y"));
    }

    private static List<Probe> crossEntropies(int n) {
        Op op = new Op.SoftmaxCrossEntropy();
        return List.of(
                new Probe("cross-entropy of labels n=" + n).floats("logits", BATCH, TIME, n)
                        .ids("labels", n, BATCH, TIME).node(op, "loss"),
                new Probe("cross-entropy of labels, ragged n=" + n).floats("logits", BATCH, TIME, n)
                        .ids("labels", n, BATCH, TIME).lengths(BATCH).node(op, "loss"),
                new Probe("cross-entropy of labels without time n=" + n).floats("logits", BATCH, n)
                        .ids("labels", n, BATCH).node(op, "loss"),
                new Probe("cross-entropy of targets, ragged n=" + n).floats("logits", BATCH, TIME, n)
                        .constants("targets", POSITIVE, BATCH, TIME, n).lengths(BATCH).node(op, "loss"));
    }

    private static List<Probe> elementwiseLosses(int n) {
        List<Probe> probes = new ArrayList<>();
        for (Op.LossKind kind : Op.LossKind.values()) {
            Op op = new Op.ElementwiseLoss(kind);
            Probe.Draw predictions = kind == Op.LossKind.BINARY
                    ? (random, extents) -> random.nextDouble(0.1, 0.9)
                    : (random, extents) -> random.nextGaussian();
            Probe.Draw targets = switch (kind) {
                case SQUARED, ABSOLUTE -> (random, extents) -> random.nextGaussian();
                case BINARY, BINARY_LOGITS -> (random, extents) -> random.nextInt(2);
            };
            probes.add(new Probe(kind + " loss n=" + n).floats("x", predictions, BATCH, TIME, n)
                    .constants("targets", targets, BATCH, TIME, n).node(op, "loss"));
            probes.add(new Probe(kind + " loss, ragged n=" + n).floats("x", predictions, BATCH, TIME, n)
                    .constants("targets", targets, BATCH, TIME, n).lengths(BATCH).node(op, "loss"));
            probes.add(new Probe(kind + " loss without time n=" + n).floats("x", predictions, BATCH, n)
                    .constants("targets", targets, BATCH, n).node(op, "loss"));
        }
        return probes;
    }

    /// LSTMs with everything optional and without.
    static List<Probe> lstms(int input, int hidden) {
        return List.of(
                lstm("plain", input, hidden).node(new Op.Lstm(), "y"),
                lstm("bias", input, hidden).floats("bias", 4 * hidden).node(new Op.Lstm(), "y", "hN", "cN"),
                lstm("states", input, hidden).floats("h0", BATCH, hidden).floats("c0", BATCH, hidden)
                        .node(new Op.Lstm(), "y", "hN", "cN"),
                lstm("final states only", input, hidden).floats("bias", 4 * hidden).node(new Op.Lstm(), "hN", "cN"),
                lstm("ragged, all", input, hidden).floats("bias", 4 * hidden).lengths(BATCH)
                        .floats("h0", BATCH, hidden).floats("c0", BATCH, hidden)
                        .node(new Op.Lstm(), "y", "hN", "cN"),
                lstm("ragged, y only", input, hidden).lengths(BATCH).node(new Op.Lstm(), "y"));
    }

    private static Probe lstm(String name, int input, int hidden) {
        // Weights such that the gates neither saturate nor stay at their centre.
        double scale = 1.2 / Math.sqrt(input + hidden);
        Probe.Draw weights = (random, extents) -> random.nextGaussian() * scale;
        return new Probe("lstm %s I=%d H=%d".formatted(name, input, hidden)).floats("x", BATCH, TIME, input)
                .floats("weightIh", weights, 4 * hidden, input).floats("weightHh", weights, 4 * hidden, hidden);
    }
}
