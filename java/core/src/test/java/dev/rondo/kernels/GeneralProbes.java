package dev.rondo.kernels;

import static dev.rondo.tensor.Shape.BATCH;
import static dev.rondo.tensor.Shape.TIME;

import dev.rondo.graph.Op;
import dev.rondo.graph.Op.Padding;
import dev.rondo.graph.Op.PoolKind;
import dev.rondo.graph.Op.Slice;
import dev.rondo.graph.Op.Transpose;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/// Operations on shapes and time, batched products and norms, in their variants.
final class GeneralProbes {
    private static final Probe.Draw NORMAL = (random, extents) -> random.nextGaussian();

    private GeneralProbes() {}

    /// All of them, with the given size of their last axes.
    static List<Probe> all(int n) {
        List<Probe> probes = new ArrayList<>();
        probes.addAll(shapes(n));
        probes.addAll(products(n));
        probes.addAll(time(n));
        probes.addAll(windows(n));
        probes.addAll(norms(n));
        probes.add(new Probe("clip n=" + n).floats("x", BATCH, TIME, n).node(new Op.Clip(-0.5f, 0.7f), "y"));
        probes.add(new Probe("noise n=" + n).floats("x", BATCH, TIME, n)
                .integers("step", DataType.INT64, (random, extents) -> 7)
                .node(new Op.GaussianNoise(0.3f, 2, 0x123456789abcdefL), "y"));
        return probes;
    }

    private static List<Probe> shapes(int n) {
        return List.of(
                new Probe("reshape n=" + n).floats("x", BATCH, TIME, 6, n)
                        .node(new Op.Reshape(Shape.of(BATCH, 1, TIME, 2, 3 * n)), "y"),
                new Probe("broadcast n=" + n).floats("x", BATCH, 1, n)
                        .node(new Op.Broadcast(Shape.of(2, BATCH, TIME, n)), "y"),
                new Probe("broadcast of a column n=" + n).floats("x", TIME, 1)
                        .node(new Op.Broadcast(Shape.of(BATCH, TIME, n)), "y"),
                new Probe("permute to [T,n,B] n=" + n).floats("x", BATCH, TIME, n)
                        .node(new Op.Permute(List.of(1, 2, 0)), "y"),
                new Probe("permute of heads n=" + n).floats("x", BATCH, TIME, 3, n)
                        .node(new Op.Permute(List.of(0, 2, 1, 3)), "y"),
                new Probe("concat of features n=" + n).floats("x0", BATCH, TIME, n).floats("x1", BATCH, TIME, 2)
                        .floats("x2", BATCH, TIME, n + 1).node(new Op.Concat(2), "y"),
                new Probe("concat in front n=" + n).floats("x0", 2, BATCH, n).floats("x1", 1, BATCH, n)
                        .node(new Op.Concat(0), "y"),
                new Probe("slice of features n=" + n).floats("x", BATCH, TIME, n + 2)
                        .node(new Slice(2, 1, -1), "y"),
                new Probe("slice of the last step n=" + n).floats("x", BATCH, TIME, n)
                        .node(new Slice(1, -1, Slice.END), "y"),
                new Probe("slice of the first sequence n=" + n).floats("x", BATCH, TIME, n)
                        .node(new Slice(0, 0, 1), "y"));
    }

    private static List<Probe> products(int n) {
        int k = n / 2 + 1;
        return List.of(
                new Probe("batched a b n=" + n).floats("a", BATCH, TIME, k).floats("b", BATCH, k, n)
                        .node(new Op.BatchMatMul(Transpose.NONE), "y"),
                new Probe("batched a bT, scores n=" + n).floats("a", BATCH, 3, n).floats("b", BATCH, TIME, n)
                        .node(new Op.BatchMatMul(Transpose.B), "y"),
                new Probe("batched a b over time n=" + n).floats("a", BATCH, 2, TIME).floats("b", BATCH, TIME, n)
                        .node(new Op.BatchMatMul(Transpose.NONE), "y"),
                new Probe("batched aT b n=" + n).floats("a", BATCH, 2, TIME, k).floats("b", BATCH, 2, TIME, n)
                        .node(new Op.BatchMatMul(Transpose.A), "y"),
                new Probe("batched aT bT n=" + n).floats("a", BATCH, k, TIME).floats("b", BATCH, n, k)
                        .node(new Op.BatchMatMul(Transpose.BOTH), "y"),
                new Probe("softmax over keys n=" + n).floats("x", BATCH, n, TIME).lengths(BATCH)
                        .node(new Op.Softmax(), "y"),
                new Probe("softmax over keys, heads n=" + n).floats("x", BATCH, 2, n, TIME).lengths(BATCH)
                        .node(new Op.Softmax(), "y"));
    }

    private static List<Probe> time(int n) {
        List<Probe> probes = new ArrayList<>(List.of(
                new Probe("mask n=" + n).floats("x", BATCH, TIME, n).lengths(BATCH).node(new Op.MaskTime(), "y"),
                new Probe("mask of numbers n=" + n).floats("x", BATCH, TIME).lengths(BATCH)
                        .node(new Op.MaskTime(), "y"),
                new Probe("reverse n=" + n).floats("x", BATCH, TIME, n).node(new Op.ReverseTime(), "y"),
                new Probe("reverse, ragged n=" + n).floats("x", BATCH, TIME, n).lengths(BATCH)
                        .node(new Op.ReverseTime(), "y")));
        for (PoolKind kind : PoolKind.values()) {
            probes.add(new Probe("pool " + kind + " n=" + n).floats("x", BATCH, TIME, n)
                    .node(new Op.PoolTime(kind), "y"));
            probes.add(new Probe("pool " + kind + ", ragged n=" + n).floats("x", BATCH, TIME, 2, n).lengths(BATCH)
                    .node(new Op.PoolTime(kind), "y"));
        }
        return probes;
    }

    private static List<Probe> windows(int n) {
        return List.of(
                new Probe("windows, same n=" + n).floats("x", BATCH, TIME, n)
                        .node(new Op.Windows(3, 1, 1, Padding.SAME), "y"),
                new Probe("windows, causal and dilated n=" + n).floats("x", BATCH, TIME, n)
                        .node(new Op.Windows(2, 1, 3, Padding.CAUSAL), "y"),
                new Probe("windows, valid, strided and dilated n=" + n).floats("x", BATCH, 11, n)
                        .node(new Op.Windows(3, 2, 2, Padding.VALID), "y"),
                new Probe("windows, same and strided n=" + n).floats("x", BATCH, 8, n)
                        .node(new Op.Windows(4, 3, 1, Padding.SAME), "y"),
                new Probe("windows that leave steps out n=" + n).floats("x", BATCH, 7, n)
                        .node(new Op.Windows(1, 3, 1, Padding.CAUSAL), "y"));
    }

    private static List<Probe> norms(int n) {
        // Of one element the variance is 0: an epsilon that keeps the slopes tame.
        Op.LayerNorm layer = new Op.LayerNorm(0.1f);
        Op.BatchNorm batch = new Op.BatchNorm(0.9f, 0.1f);
        return List.of(
                new Probe("layer norm n=" + n).floats("x", BATCH, TIME, n).node(layer, "y"),
                new Probe("layer norm, gain and bias n=" + n).floats("x", BATCH, TIME, n).floats("gain", n)
                        .floats("bias", n).node(layer, "y"),
                new Probe("batch norm n=" + n).floats("x", BATCH, n).constants("movingMean", NORMAL, n)
                        .constants("movingVariance", NORMAL, n).node(batch, "y"),
                new Probe("batch norm, ragged, gain and bias n=" + n).floats("x", BATCH, TIME, n)
                        .constants("movingMean", NORMAL, n).constants("movingVariance", NORMAL, n)
                        .floats("gain", n).floats("bias", n).lengths(BATCH).node(batch, "y"));
    }
}
