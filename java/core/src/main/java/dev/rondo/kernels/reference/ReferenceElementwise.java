package dev.rondo.kernels.reference;

import dev.rondo.graph.Op;
import dev.rondo.kernels.Buffer;
import dev.rondo.kernels.Instruction;
import dev.rondo.kernels.reference.ReferenceKernels.Step;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;

/// The elementwise families.
final class ReferenceElementwise {
    private static final double LEAK = 0.2;

    /// From here on down the logistic and the normal distribution function are zero, and so is the limit of x times them.
    private static final double FAR_BELOW = -750;

    private ReferenceElementwise() {}

    static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    /// The number or the nearer bound; NaN of NaN.
    private static double clipped(double x, double low, double high) {
        return Math.min(Math.max(x, low), high);
    }

    /// The density of the normal distribution.
    private static double density(double x) {
        return Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
    }

    /// The normal distribution function, 1/2 + density(x) (x + x³/3 + x⁵/(3 5) + x⁷/(3 5 7) ...), whose terms are all of
    /// one sign.
    private static double normal(double x) {
        if (!(Math.abs(x) <= 9)) {
            return x > 0 ? 1 : density(x) / -x; // to 1e-19 of either
        }
        double term = x;
        double sum = x;
        for (int n = 3; sum + term != sum; n += 2) {
            term *= x * x / n;
            sum += term;
        }
        return 0.5 + density(x) * sum;
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
                    case ABS -> Math::abs;
                    case SOFTPLUS -> v -> Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v)));
                    case SILU -> v -> v < FAR_BELOW ? 0 : v * sigmoid(v);
                    case ELU -> v -> v > 0 ? v : Math.expm1(v);
                    case GELU -> v -> v < FAR_BELOW ? 0 : v * normal(v);
                    case HARD_SIGMOID -> v -> clipped((v + 3) / 6, 0, 1);
                    case HARD_SIGMOID_KERAS2 -> v -> clipped(0.2 * v + 0.5, 0, 1);
                    case LEAKY_RELU -> v -> v < 0 ? LEAK * v : v;
                };
        return map(x, y, function, scratch);
    }

    static Step clip(Instruction instruction, Op.Clip op, Scratch scratch) {
        DoubleUnaryOperator function = v -> clipped(v, op.low(), op.high());
        return map(instruction.input("x"), instruction.output("y"), function, scratch);
    }

    private static Step map(Buffer x, Buffer y, DoubleUnaryOperator function, Scratch scratch) {
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
        Buffer y = instruction.input("y");
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
                    case ABS -> (v, w) -> Math.signum(v);
                    case SOFTPLUS -> (v, w) -> sigmoid(v);
                    case SILU -> (v, w) -> sigmoid(v) * (1 + v * sigmoid(-v));
                    case ELU -> (v, w) -> v > 0 ? 1 : w + 1;
                    case GELU -> (v, w) -> normal(v) + v * density(v);
                    case HARD_SIGMOID -> (v, w) -> Math.abs(v) < 3 ? 1 / 6.0 : 0;
                    case HARD_SIGMOID_KERAS2 -> (v, w) -> Math.abs(v) < 2.5 ? 0.2 : 0;
                    case LEAKY_RELU -> (v, w) -> v > 0 ? 1 : LEAK;
                };
        return derive(instruction, y, derivative, scratch);
    }

    static Step clipGradient(Instruction instruction, Op.Clip op, Scratch scratch) {
        Derivative within = (v, w) -> v >= op.low() && v <= op.high() ? 1 : 0;
        return derive(instruction, instruction.input("x"), within, scratch);
    }

    private static Step derive(Instruction instruction, Buffer y, Derivative derivative, Scratch scratch) {
        Buffer x = instruction.input("x");
        Buffer dy = instruction.input("dy");
        Buffer dx = instruction.output("dx");
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
                    case MAXIMUM -> Math::max;
                    case MINIMUM -> Math::min;
                    case GREATER -> (v, w) -> v > w ? 1 : 0;
                };
        boolean inOrder = recursInOrder(a, y) && recursInOrder(b, y);
        return extents -> {
            int n = Scratch.elements(y, extents);
            int na = Scratch.elements(a, extents);
            int nb = Scratch.elements(b, extents);
            double[] as = scratch.load(0, a, na);
            double[] bs = scratch.load(1, b, nb);
            double[] ys = scratch.array(2, n);
            for (int i = 0; i < n; i++) {
                int ofA = inOrder ? na == n ? i : i % na : ReferenceShapes.place(i, y.shape(), a.shape(), extents);
                int ofB = inOrder ? nb == n ? i : i % nb : ReferenceShapes.place(i, y.shape(), b.shape(), extents);
                ys[i] = function.applyAsDouble(as[ofA], bs[ofB]);
            }
            scratch.store(ys, y, 0, n);
        };
    }

    /// A row repeats under every row, a scalar everywhere: either way the operand's elements recur in order.
    private static boolean recursInOrder(Buffer operand, Buffer y) {
        int rank = operand.shape().rank();
        return operand.shape().equals(y.shape().slice(y.shape().rank() - rank, y.shape().rank()));
    }
}
