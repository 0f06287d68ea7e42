package dev.rondo.kernels.reference;

import dev.rondo.graph.Op;
import dev.rondo.kernels.Buffer;
import dev.rondo.kernels.Instruction;
import dev.rondo.kernels.reference.ReferenceKernels.Step;
import java.lang.foreign.ValueLayout;

/// Dropout: element e is kept when word e mod 4 of the generator's block for the counter {e / 4, stream, low(step),
/// high(step)} and the key seed is at least floor(rate 2³²).
final class ReferenceDropout {
    private static final double TWO_TO_32 = 0x1p32;

    private ReferenceDropout() {}

    static Step dropout(Instruction instruction, Op.Dropout op, Scratch scratch) {
        Buffer x = instruction.input("x");
        Buffer step = instruction.input("step");
        Buffer y = instruction.output("y");
        long threshold = (long) (op.rate() * TWO_TO_32);
        double scale = 1 / (1 - (double) op.rate());
        int[] words = new int[4];
        return extents -> {
            int n = Scratch.elements(x, extents);
            long now = step.segment().get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
            double[] values = scratch.load(0, x, n);
            for (int e = 0; e < n; e++) {
                if (e % 4 == 0) {
                    words[0] = e / 4;
                    words[1] = op.stream();
                    words[2] = (int) now;
                    words[3] = (int) (now >>> 32);
                    Philox.block(words, op.seed());
                }
                values[e] = Integer.toUnsignedLong(words[e % 4]) >= threshold ? values[e] * scale : 0;
            }
            scratch.store(values, y, 0, n);
        };
    }

    static Step noise(Instruction instruction, Op.GaussianNoise op, Scratch scratch) {
        Buffer x = instruction.input("x");
        Buffer step = instruction.input("step");
        Buffer y = instruction.output("y");
        int[] words = new int[4];
        int[] others = new int[4];
        return extents -> {
            int n = Scratch.elements(x, extents);
            long now = step.segment().get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
            double[] values = scratch.load(0, x, n);
            for (int e = 0; e < n; e++) {
                if (e % 4 == 0) {
                    words[0] = others[0] = e / 4;
                    words[1] = op.stream();
                    others[1] = op.stream() | Integer.MIN_VALUE;
                    words[2] = others[2] = (int) now;
                    words[3] = others[3] = (int) (now >>> 32);
                    Philox.block(words, op.seed());
                    Philox.block(others, op.seed());
                }
                double u = ((words[e % 4] >>> 8) + 1) * 0x1p-24;
                double v = (others[e % 4] >>> 8) * 0x1p-24;
                values[e] += op.deviation() * Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
            }
            scratch.store(values, y, 0, n);
        };
    }
}
