package dev.rondo.kernels;

import static dev.rondo.tensor.Shape.BATCH;
import static dev.rondo.tensor.Shape.TIME;

import dev.rondo.graph.Op;
import dev.rondo.graph.Op.Direction;
import dev.rondo.graph.Op.ReduceKind;
import dev.rondo.graph.RecurrentCell;
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
        probes.addAll(GeneralProbes.all(n));
        for (Op.BinaryKind kind : Op.BinaryKind.values()) {
            if (kind == Op.BinaryKind.GREATER) {
                continue; // it has no gradients, and is held by those of the extremes
            }
            probes.add(binary(kind, n, new int[] {BATCH, n}, new int[] {BATCH, n}));
            probes.add(binary(kind, n, new int[] {BATCH, TIME, n}, new int[] {BATCH, 1, n}));
            probes.add(binary(kind, n, new int[] {BATCH, 1, n}, new int[] {TIME, 1}));
            probes.add(binary(kind, n, new int[] {TIME, n}, new int[] {BATCH, 1, 1}));
            probes.add(binary(kind, n, new int[] {3, 1, n, 1}, new int[] {BATCH, 1, 2}));
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
        probes.addAll(SequenceProbes.all(n));
        probes.add(
                new Probe("dropout n=" + n).floats("x", BATCH, TIME, n)
                        .integers("step", DataType.INT64, (random, extents) -> 5)
                        .node(new Op.Dropout(0.3f, 2, 0x123456789abcdefL), "y"));
        return probes;
    }

    private static Probe.Draw domain(Op.UnaryKind kind) {
        return switch (kind) {
            case LOG, SQRT -> POSITIVE;
            case IDENTITY, NEGATE, SIGMOID, TANH, RELU, EXP, SQUARE, ABS, SOFTPLUS, SILU, ELU, GELU, LEAKY_RELU ->
                    (random, extents) -> random.nextGaussian();
            // Both of the corners are between.
            case HARD_SIGMOID, HARD_SIGMOID_KERAS2 -> (random, extents) -> 3 * random.nextGaussian();
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

    /// Which biases a cell has: `[G*H]` on the input, on the state; `[H]` inside the reset.
    enum Biases {
        NONE,
        IH,
        HH,
        IH_AND_HH,
        IH_AND_HN
    }

    /// What a recurrent node is given beside its weights, and what of it is asked for.
    ///
    /// @param states initial ones
    record Variant(
            Biases biases, Direction direction, boolean ragged, boolean states, boolean mask, List<String> outputs) {
        static Variant of(Biases biases, Direction direction) {
            return new Variant(biases, direction, false, false, false, List.of("y", "hN", "cN"));
        }
    }

    /// A cell in every variant, all its outputs asked for.
    static List<Variant> everyVariant(RecurrentCell cell) {
        List<Variant> variants = new ArrayList<>();
        for (Biases biases : Biases.values()) {
            if (biases == Biases.IH_AND_HN && !cell.hasBiasHn()) {
                continue;
            }
            for (Direction direction : Direction.values()) {
                for (int bits = 0; bits < 8; bits++) {
                    variants.add(new Variant(
                            biases, direction, (bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0,
                            List.of("y", "hN", "cN")));
                }
            }
        }
        return variants;
    }

    /// A cell in a few variants that have everything between them, with each output asked for alone.
    static List<Variant> someVariants(RecurrentCell cell) {
        Biases most = cell.hasBiasHn() ? Biases.IH_AND_HN : Biases.IH;
        List<Variant> variants = new ArrayList<>(List.of(
                new Variant(Biases.NONE, Direction.FORWARD, false, false, false, List.of("y")),
                new Variant(most, Direction.FORWARD, true, true, false, List.of("y", "hN", "cN")),
                new Variant(Biases.IH_AND_HH, Direction.REVERSE, true, true, true, List.of("y", "hN", "cN")),
                new Variant(Biases.HH, Direction.REVERSE, false, false, false, List.of("hN")),
                new Variant(most, Direction.FORWARD, false, true, true, List.of("hN"))));
        if (cell.hasC()) {
            variants.add(new Variant(Biases.IH, Direction.REVERSE, true, false, false, List.of("cN")));
        }
        return variants;
    }

    /// A recurrent node.
    static Probe recurrent(RecurrentCell cell, Variant variant, int input, int hidden) {
        int rows = cell.gates() * hidden;
        // Weights such that the gates neither saturate nor stay at their centre.
        double scale = 1.2 / Math.sqrt(input + hidden);
        Probe.Draw weights = (random, extents) -> random.nextGaussian() * scale;
        Probe probe = new Probe("%s %s I=%d H=%d".formatted(cell, variant, input, hidden))
                .floats("x", BATCH, TIME, input)
                .floats("weightIh", weights, rows, input)
                .floats("weightHh", weights, rows, hidden);
        if (variant.biases() != Biases.NONE && variant.biases() != Biases.HH) {
            probe.floats("biasIh", rows);
        }
        if (variant.biases() == Biases.HH || variant.biases() == Biases.IH_AND_HH) {
            probe.floats("biasHh", rows);
        }
        if (variant.biases() == Biases.IH_AND_HN) {
            probe.floats("biasHn", hidden);
        }
        if (cell.hasPeepholes()) {
            probe.floats("peepholes", 3 * hidden);
        }
        if (variant.ragged()) {
            probe.lengths(BATCH);
        }
        if (variant.states()) {
            probe.floats("h0", BATCH, hidden);
            if (cell.hasC()) {
                probe.floats("c0", BATCH, hidden);
            }
        }
        if (variant.mask()) {
            probe.constants("recurrentMask", (random, extents) -> random.nextInt(3) * 0.75, BATCH, hidden);
        }
        return probe.node(
                new Op.Recurrent(cell, variant.direction()),
                variant.outputs().stream().filter(role -> cell.hasC() || !role.equals("cN")).toArray(String[]::new));
    }
}
