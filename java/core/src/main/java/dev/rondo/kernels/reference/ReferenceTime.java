package dev.rondo.kernels.reference;

import dev.rondo.graph.Op;
import dev.rondo.kernels.Buffer;
import dev.rondo.kernels.Instruction;
import dev.rondo.kernels.reference.ReferenceKernels.Step;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import java.util.Arrays;
import java.util.Optional;

/// Operations over the steps of sequences, x taken as `[B,T,n]`.
final class ReferenceTime {
    private ReferenceTime() {}

    /// The numbers of a shape `[B,T,...]`.
    private record Sizes(int batch, int steps, int features) {
        static Sizes of(Shape shape, Extents extents) {
            return new Sizes((int) shape.product(0, 1, extents), (int) shape.product(1, 2, extents),
                    (int) shape.product(2, shape.rank(), extents));
        }
    }

    /// Copies the real steps, in their order or from the last to the first.
    static Step copy(Instruction instruction, boolean reverse, Scratch scratch) {
        Buffer x = instruction.input("x");
        Buffer y = instruction.output("y");
        Optional<Buffer> lengths = instruction.optionalInput("lengths");
        return extents -> {
            Sizes sizes = Sizes.of(x.shape(), extents);
            int n = sizes.features();
            int[] real = ReferenceRecurrent.lengths(lengths, sizes.batch(), sizes.steps(), scratch);
            double[] row = scratch.array(0, n);
            for (int b = 0; b < sizes.batch(); b++) {
                for (int t = 0; t < sizes.steps(); t++) {
                    int from = reverse ? real[b] - 1 - t : t;
                    Arrays.fill(row, 0, n, 0);
                    if (t < real[b]) {
                        scratch.load(x, ((long) b * sizes.steps() + from) * n, row, n);
                    }
                    scratch.store(row, y, ((long) b * sizes.steps() + t) * n, n);
                }
            }
        };
    }

    static Step pool(Instruction instruction, Op.PoolTime op, Scratch scratch) {
        Buffer x = instruction.input("x");
        Buffer y = instruction.output("y");
        Optional<Buffer> lengths = instruction.optionalInput("lengths");
        return extents -> {
            Sizes sizes = Sizes.of(x.shape(), extents);
            int n = sizes.features();
            int[] real = ReferenceRecurrent.lengths(lengths, sizes.batch(), sizes.steps(), scratch);
            double[] row = scratch.array(0, n);
            double[] result = scratch.array(1, n);
            for (int b = 0; b < sizes.batch(); b++) {
                Arrays.fill(result, 0, n, 0);
                for (int t = 0; t < real[b]; t++) {
                    scratch.load(x, ((long) b * sizes.steps() + t) * n, row, n);
                    for (int i = 0; i < n; i++) {
                        result[i] = switch (op.kind()) {
                            case SUM -> result[i] + row[i];
                            case MEAN -> result[i] + row[i] / real[b];
                            case MAX -> t == 0 ? row[i] : Math.max(result[i], row[i]);
                            case FIRST -> t == 0 ? row[i] : result[i];
                            case LAST -> row[i];
                        };
                    }
                }
                scratch.store(result, y, (long) b * n, n);
            }
        };
    }

    static Step poolGradient(Instruction instruction, Op.PoolTimeGradient op, Scratch scratch) {
        Optional<Buffer> x = instruction.optionalInput("x");
        Optional<Buffer> y = instruction.optionalInput("y");
        Buffer dy = instruction.input("dy");
        Buffer dx = instruction.output("dx");
        Optional<Buffer> lengths = instruction.optionalInput("lengths");
        return extents -> {
            Sizes sizes = Sizes.of(op.shape(), extents);
            int n = sizes.features();
            int[] real = ReferenceRecurrent.lengths(lengths, sizes.batch(), sizes.steps(), scratch);
            double[] gradient = scratch.array(0, n);
            double[] row = scratch.array(1, n);
            double[] best = scratch.array(2, n);
            double[] result = scratch.array(3, n);
            for (int b = 0; b < sizes.batch(); b++) {
                scratch.load(dy, (long) b * n, gradient, n);
                if (y.isPresent()) {
                    scratch.load(y.get(), (long) b * n, best, n);
                }
                for (int t = 0; t < sizes.steps(); t++) {
                    long at = ((long) b * sizes.steps() + t) * n;
                    if (x.isPresent()) {
                        scratch.load(x.get(), at, row, n);
                    }
                    for (int i = 0; i < n; i++) {
                        double share = switch (op.kind()) {
                            case SUM -> 1;
                            case MEAN -> 1.0 / real[b];
                            case MAX -> row[i] == best[i] ? 1 : 0;
                            case FIRST -> t == 0 ? 1 : 0;
                            case LAST -> t == real[b] - 1 ? 1 : 0;
                        };
                        result[i] = t < real[b] ? share * gradient[i] : 0;
                        if (op.kind() == Op.PoolKind.MAX && t < real[b] && share == 1) {
                            gradient[i] = 0; // it has found its place
                        }
                    }
                    scratch.store(result, dx, at, n);
                }
            }
        };
    }

    static Step windows(Instruction instruction, Op.Windows op, Scratch scratch) {
        Buffer x = instruction.input("x");
        Buffer y = instruction.output("y");
        return extents -> {
            Sizes sizes = Sizes.of(x.shape(), extents);
            int n = sizes.features();
            int count = (int) y.shape().product(1, 2, extents);
            op.check(instruction.name(), sizes.steps(), count);
            double[] row = scratch.array(0, n);
            for (int b = 0; b < sizes.batch(); b++) {
                for (int s = 0; s < count; s++) {
                    for (int k = 0; k < op.size(); k++) {
                        int t = s * op.stride() + k * op.dilation() - op.before(sizes.steps());
                        Arrays.fill(row, 0, n, 0);
                        if (t >= 0 && t < sizes.steps()) {
                            scratch.load(x, ((long) b * sizes.steps() + t) * n, row, n);
                        }
                        scratch.store(row, y, (((long) b * count + s) * op.size() + k) * n, n);
                    }
                }
            }
        };
    }

    static Step windowsGradient(Instruction instruction, Op.WindowsGradient op, Scratch scratch) {
        Buffer dy = instruction.input("dy");
        Buffer dx = instruction.output("dx");
        Op.Windows windows = op.windows();
        return extents -> {
            Sizes sizes = Sizes.of(op.shape(), extents);
            int n = sizes.features();
            int count = (int) dy.shape().product(1, 2, extents);
            windows.check(instruction.name(), sizes.steps(), count);
            double[] row = scratch.array(0, n);
            double[][] sums = scratch.matrix(0, sizes.steps(), n);
            for (int b = 0; b < sizes.batch(); b++) {
                for (int t = 0; t < sizes.steps(); t++) {
                    Arrays.fill(sums[t], 0, n, 0);
                }
                for (int s = 0; s < count; s++) {
                    for (int k = 0; k < windows.size(); k++) {
                        int t = s * windows.stride() + k * windows.dilation() - windows.before(sizes.steps());
                        if (t >= 0 && t < sizes.steps()) {
                            scratch.load(dy, (((long) b * count + s) * windows.size() + k) * n, row, n);
                            for (int i = 0; i < n; i++) {
                                sums[t][i] += row[i];
                            }
                        }
                    }
                }
                for (int t = 0; t < sizes.steps(); t++) {
                    scratch.store(sums[t], dx, ((long) b * sizes.steps() + t) * n, n);
                }
            }
        };
    }
}
