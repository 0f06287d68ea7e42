package dev.rondo.kernels.reference;

import dev.rondo.graph.Op;
import dev.rondo.kernels.Buffer;
import dev.rondo.kernels.Instruction;
import dev.rondo.kernels.reference.ReferenceKernels.Step;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;

/// The elementwise families.
final class ReferenceElementwise {
    private ReferenceElementwise() {}

    static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    static Step unary(Instruction instruction, Op.Unary op, Scratch scratch) {
        Buffer x = instruction.input("x");
        Buffer y = instruction.output("y");
        DoubleUnaryOperator function =
                switch (op.kind()) {
                    case IDENTITY -> v -> v;
                    case NEGATE -> v -> -v;
                    case SIGMOID -> ReferenceElementwise::sigmoid;
                    case TANH -> Math::tanh;
                    case RELU -> v -> v <= 0 ? 0 : v;
                    case EXP -> Math::exp;
                    case LOG -> Math::log;
                    case SQRT -> Math::sqrt;
                    case SQUARE -> v -> v * v;
                };
        return extents -> {
            int n = Scratch.elements(x, extents);
            double[] values = scratch.load(0, x, n);
            for (int i = 0; i < n; i++) {
                values[i] = function.applyAsDouble(values[i]);
            }
            scratch.store(values, y, 0, n);
        };
    }

    /// A derivative from x and y.
    private interface Derivative {
        double at(double x, double y);
    }

    static Step unaryGradient(Instruction instruction, Op.UnaryGradient op, Scratch scratch) {
        Buffer x = instruction.input("x");
        Buffer y = instruction.input("y");
        Buffer dy = instruction.input("dy");
        Buffer dx = instruction.output("dx");
        Derivative derivative =
                switch (op.kind()) {
                    case IDENTITY -> (v, w) -> 1;
                    case NEGATE -> (v, w) -> -1;
                    case SIGMOID -> (v, w) -> w * (1 - w);
                    case TANH -> (v, w) -> 1 - w * w;
                    case RELU -> (v, w) -> v > 0 ? 1 : 0;
                    case EXP -> (v, w) -> w;
                    case LOG -> (v, w) -> 1 / v;
                    case SQRT -> (v, w) -> 0.5 / w;
                    case SQUARE -> (v, w) -> 2 * v;
                };
        return extents -> {
            int n = Scratch.elements(x, extents);
            double[] xs = scratch.load(0, x, n);
            double[] ys = scratch.load(1, y, n);
            double[] ds = scratch.load(2, dy, n);
            for (int i = 0; i < n; i++) {
                ds[i] *= derivative.at(xs[i], ys[i]);
            }
            scratch.store(ds, dx, 0, n);
        };
    }

    static Step binary(Instruction instruction, Op.Binary op, Scratch scratch) {
        Buffer a = instruction.input("a");
        Buffer b = instruction.input("b");
        Buffer y = instruction.output("y");
        DoubleBinaryOperator function =
                switch (op.kind()) {
                    case ADD -> Double::sum;
                    case SUBTRACT -> (v, w) -> v - w;
                    case MULTIPLY -> (v, w) -> v * w;
                    case DIVIDE -> (v, w) -> v / w;
                };
        return extents -> {
            int n = Scratch.elements(y, extents);
            int na = Scratch.elements(a, extents);
            int nb = Scratch.elements(b, extents);
            double[] as = scratch.load(0, a, na);
            double[] bs = scratch.load(1, b, nb);
            double[] ys = scratch.array(2, n);
            for (int i = 0; i < n; i++) {
                // A row repeats under every row, a scalar everywhere: either way the operand's elements recur in order.
                ys[i] = function.applyAsDouble(as[na == n ? i : i % na], bs[nb == n ? i : i % nb]);
            }
            scratch.store(ys, y, 0, n);
        };
    }
}
