package dev.rondo.kernels;

import static dev.rondo.tensor.Shape.BATCH;
import static dev.rondo.tensor.Shape.TIME;

import dev.rondo.graph.Op;
import dev.rondo.graph.Op.CtcReduction;
import dev.rondo.graph.Op.Impossible;
import dev.rondo.tensor.DataType;
import java.util.ArrayList;
import java.util.List;

/// The losses of sequences, in their variants.
final class SequenceProbes {
    private static final int LABELS = 2;

    private SequenceProbes() {}

    /// All of them, with the given number of classes or tags.
    static List<Probe> all(int n) {
        List<Probe> probes = new ArrayList<>();
        for (CtcReduction reduction : CtcReduction.values()) {
            probes.add(ctc(n, 0, reduction).node(new Op.Ctc(0, reduction, Impossible.ZERO), "loss"));
            probes.add(ctc(n, n - 1, reduction).lengths(BATCH).node(new Op.Ctc(n - 1, reduction, Impossible.ZERO), "loss"));
        }
        probes.add(crf(n).node(new Op.Crf(), "loss"));
        probes.add(crf(n).lengths(BATCH).node(new Op.Crf(), "loss"));
        return probes;
    }

    /// Labels beside the blank; some sequences are too short for theirs.
    private static Probe ctc(int n, int blank, CtcReduction reduction) {
        return new Probe("ctc %s blank=%d n=%d".formatted(reduction, blank, n))
                .floats("logits", BATCH, TIME, n)
                .integers("labels", DataType.INT32, (random, extents) -> {
                    int label = random.nextInt(Math.max(n - 1, 1));
                    return label < blank ? label : label + 1;
                }, BATCH, LABELS)
                .integers("labelLengths", DataType.INT32,
                        (random, extents) -> n == 1 ? 0 : random.nextInt(LABELS + 1), BATCH);
    }

    private static Probe crf(int n) {
        return new Probe("crf n=" + n)
                .floats("emissions", BATCH, TIME, n)
                .floats("transitions", n, n)
                .floats("start", n)
                .floats("end", n)
                .ids("tags", n, BATCH, TIME);
    }
}
