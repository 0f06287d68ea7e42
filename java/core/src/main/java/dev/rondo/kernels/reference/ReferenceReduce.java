package dev.rondo.kernels.reference;

import dev.rondo.graph.Op;
import dev.rondo.graph.Op.ReduceKind;
import dev.rondo.kernels.Buffer;
import dev.rondo.kernels.Instruction;
import dev.rondo.kernels.reference.ReferenceKernels.Step;
import dev.rondo.tensor.Shape;
import java.util.Arrays;

/// Reductions over neighbouring axes, x taken as `[outer, axis, inner]`.
final class ReferenceReduce {
    private ReferenceReduce() {}

    static Step reduce(Instruction instruction, Op.Reduce op, Scratch scratch) {
        Buffer x = instruction.input("x");
        Buffer y = instruction.output("y");
        Shape shape = x.shape();
        return extents -> {
            int outer = (int) shape.product(0, op.from(), extents);
            int axis = (int) shape.product(op.from(), op.to(), extents);
            int inner = (int) shape.product(op.to(), shape.rank(), extents);
            double[] xs = scratch.load(0, x, Math.multiplyExact(Math.multiplyExact(outer, axis), inner));
            double[] ys = scratch.array(1, outer * inner);
            Arrays.fill(ys, 0, outer * inner, op.kind() == ReduceKind.MAX ? Double.NEGATIVE_INFINITY : 0);
            for (int o = 0; o < outer; o++) {
                for (int a = 0; a < axis; a++) {
                    for (int i = 0; i < inner; i++) {
                        double value = xs[(o * axis + a) * inner + i];
                        int to = o * inner + i;
                        ys[to] = op.kind() == ReduceKind.MAX ? Math.max(ys[to], value) : ys[to] + value;
                    }
                }
            }
            if (op.kind() == ReduceKind.MEAN) {
                for (int i = 0; i < outer * inner; i++) {
                    ys[i] /= axis;
                }
            }
            scratch.store(ys, y, 0, outer * inner);
        };
    }

    static Step gradient(Instruction instruction, Op.ReduceGradient op, Scratch scratch) {
        Buffer dy = instruction.input("dy");
        Buffer dx = instruction.output("dx");
        Shape shape = op.shape();
        Op.Reduce reduce = op.reduce();
        return extents -> {
            int outer = (int) shape.product(0, reduce.from(), extents);
            int axis = (int) shape.product(reduce.from(), reduce.to(), extents);
            int inner = (int) shape.product(reduce.to(), shape.rank(), extents);
            double[] ys = scratch.load(0, dy, outer * inner);
            double[] xs = scratch.array(1, Math.multiplyExact(Math.multiplyExact(outer, axis), inner));
            double share = reduce.kind() == ReduceKind.MEAN ? 1.0 / axis : 1;
            for (int o = 0; o < outer; o++) {
                for (int a = 0; a < axis; a++) {
                    for (int i = 0; i < inner; i++) {
                        xs[(o * axis + a) * inner + i] = ys[o * inner + i] * share;
                    }
                }
            }
            scratch.store(xs, dx, 0, outer * axis * inner);
        };
    }
}
