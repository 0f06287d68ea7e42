package dev.rondo.kernels.reference;

import dev.rondo.graph.Op;
import dev.rondo.kernels.Buffer;
import dev.rondo.kernels.Instruction;
import dev.rondo.kernels.reference.ReferenceKernels.Step;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import java.util.Arrays;
import java.util.List;

/// Operations on shapes: each element of the result is fetched from where its index says.
final class ReferenceShapes {
    private ReferenceShapes() {}

    static Step reshape(Instruction instruction, Scratch scratch) {
        Buffer x = instruction.input("x");
        Buffer y = instruction.output("y");
        return extents -> {
            int n = Scratch.elements(x, extents);
            scratch.store(scratch.load(0, x, n), y, 0, n);
        };
    }

    static Step broadcast(Instruction instruction, Scratch scratch) {
        Buffer x = instruction.input("x");
        Buffer y = instruction.output("y");
        return extents -> {
            int n = Scratch.elements(y, extents);
            double[] xs = scratch.load(0, x, Scratch.elements(x, extents));
            double[] ys = scratch.array(1, n);
            for (int i = 0; i < n; i++) {
                ys[i] = xs[place(i, y.shape(), x.shape(), extents)];
            }
            scratch.store(ys, y, 0, n);
        };
    }

    /// Where an operand that is broadcast to a result has what stands at an index of the result.
    static int place(int index, Shape result, Shape operand, Extents extents) {
        int place = 0;
        int stride = 1;
        for (int axis = 1; axis <= operand.rank(); axis++) {
            int extent = extent(result, result.rank() - axis, extents);
            if (operand.dim(-axis) != 1) {
                place += index % extent * stride;
                stride *= extent;
            }
            index /= extent;
        }
        return place;
    }

    private static int extent(Shape shape, int axis, Extents extents) {
        return (int) shape.product(axis, axis + 1, extents);
    }

    static Step permute(Instruction instruction, Op.Permute op, Scratch scratch) {
        Buffer x = instruction.input("x");
        Buffer y = instruction.output("y");
        return extents -> {
            int n = Scratch.elements(x, extents);
            double[] xs = scratch.load(0, x, n);
            double[] ys = scratch.array(1, n);
            for (int i = 0; i < n; i++) {
                int rest = i;
                int place = 0;
                for (int axis = x.shape().rank() - 1; axis >= 0; axis--) {
                    int extent = extent(x.shape(), axis, extents);
                    int to = op.axes().indexOf(axis);
                    place += rest % extent * (int) y.shape().product(to + 1, y.shape().rank(), extents);
                    rest /= extent;
                }
                ys[place] = xs[i];
            }
            scratch.store(ys, y, 0, n);
        };
    }

    static Step concat(Instruction instruction, Op.Concat op, Scratch scratch) {
        List<Buffer> parts = List.copyOf(instruction.inputs().values());
        Buffer y = instruction.output("y");
        int axis = op.axis();
        return extents -> {
            int outer = (int) y.shape().product(0, axis, extents);
            int whole = (int) y.shape().product(axis, y.shape().rank(), extents);
            int from = 0;
            for (Buffer part : parts) {
                int width = (int) part.shape().product(axis, part.shape().rank(), extents);
                double[] row = scratch.array(0, width);
                for (int o = 0; o < outer; o++) {
                    scratch.load(part, (long) o * width, row, width);
                    scratch.store(row, y, (long) o * whole + from, width);
                }
                from += width;
            }
        };
    }

    static Step slice(Instruction instruction, Op.Slice op, Scratch scratch) {
        Buffer x = instruction.input("x");
        Buffer y = instruction.output("y");
        int axis = op.axis();
        return extents -> {
            int extent = extent(x.shape(), axis, extents);
            op.check(instruction.name(), extent);
            int outer = (int) x.shape().product(0, axis, extents);
            int inner = (int) x.shape().product(axis + 1, x.shape().rank(), extents);
            int width = (op.end(extent) - op.begin(extent)) * inner;
            double[] row = scratch.array(0, width);
            for (int o = 0; o < outer; o++) {
                scratch.load(x, ((long) o * extent + op.begin(extent)) * inner, row, width);
                scratch.store(row, y, (long) o * width, width);
            }
        };
    }

    static Step sliceGradient(Instruction instruction, Op.SliceGradient op, Scratch scratch) {
        Buffer dy = instruction.input("dy");
        Buffer dx = instruction.output("dx");
        Shape shape = op.shape();
        int axis = op.slice().axis();
        return extents -> {
            int extent = extent(shape, axis, extents);
            op.slice().check(instruction.name(), extent);
            int outer = (int) shape.product(0, axis, extents);
            int inner = (int) shape.product(axis + 1, shape.rank(), extents);
            int width = (op.slice().end(extent) - op.slice().begin(extent)) * inner;
            double[] taken = scratch.array(0, width);
            double[] row = scratch.array(1, extent * inner);
            Arrays.fill(row, 0, extent * inner, 0);
            for (int o = 0; o < outer; o++) {
                scratch.load(dy, (long) o * width, taken, width);
                System.arraycopy(taken, 0, row, op.slice().begin(extent) * inner, width);
                scratch.store(row, dx, (long) o * extent * inner, extent * inner);
            }
        };
    }

    static Step batchMatMul(Instruction instruction, Op.BatchMatMul op, Scratch scratch) {
        Buffer a = instruction.input("a");
        Buffer b = instruction.input("b");
        Buffer y = instruction.output("y");
        boolean transposeA = op.transpose().a();
        boolean transposeB = op.transpose().b();
        return extents -> {
            int rank = y.shape().rank();
            int batch = (int) y.shape().product(0, rank - 2, extents);
            int m = extent(y.shape(), rank - 2, extents);
            int n = extent(y.shape(), rank - 1, extents);
            int k = extent(a.shape(), transposeA ? rank - 2 : rank - 1, extents);
            double[] row = scratch.array(1, n);
            for (int i = 0; i < batch; i++) {
                long ofA = (long) i * m * k;
                long ofB = (long) i * k * n;
                double[][] as = transposeA ? scratch.loadTransposed(0, a, ofA, k, m) : scratch.loadMatrix(0, a, ofA, m, k);
                double[][] bs = transposeB ? scratch.loadTransposed(1, b, ofB, n, k) : scratch.loadMatrix(1, b, ofB, k, n);
                for (int r = 0; r < m; r++) {
                    Arrays.fill(row, 0, n, 0);
                    ReferenceMatMul.addProduct(as[r], k, bs, row, n);
                    scratch.store(row, y, ((long) i * m + r) * n, n);
                }
            }
        };
    }
}
