package dev.rondo.kernels.reference;

import dev.rondo.graph.Op;
import dev.rondo.kernels.Buffer;
import dev.rondo.kernels.Instruction;
import dev.rondo.kernels.reference.ReferenceKernels.Step;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/// The global norm, clipping, and the updates over flat parameters.
final class ReferenceOptimizers {
    private ReferenceOptimizers() {}

    static Step globalNorm(Instruction instruction, Op.GlobalNorm op, Scratch scratch) {
        Buffer x = instruction.input("x");
        Buffer normResult = instruction.output("norm");
        Buffer scaleResult = instruction.output("scale");
        return extents -> {
            int n = Scratch.elements(x, extents);
            double[] values = scratch.load(0, x, n);
            double sum = 0;
            for (int i = 0; i < n; i++) {
                sum += values[i] * values[i];
            }
            double norm = Math.sqrt(sum);
            scratch.storeScalar(norm, normResult);
            scratch.storeScalar(norm > op.maxNorm() ? op.maxNorm() / norm : 1, scaleResult);
        };
    }

    static Step clipNorms(Instruction instruction, Op.ClipNorms op, Scratch scratch) {
        Buffer gradients = instruction.input("gradients");
        Op.Range[] tensors = op.tensors().toArray(Op.Range[]::new); // a list's iterator would take heap
        return extents -> {
            int n = Scratch.elements(gradients, extents);
            double[] g = scratch.load(0, gradients, n);
            for (Op.Range range : tensors) {
                double sum = 0;
                for (int i = (int) range.begin(); i < range.end(); i++) {
                    sum += g[i] * g[i];
                }
                double norm = Math.sqrt(sum);
                if (norm > op.maxNorm()) {
                    for (int i = (int) range.begin(); i < range.end(); i++) {
                        g[i] *= op.maxNorm() / norm;
                    }
                }
            }
            scratch.store(g, gradients, 0, n);
        };
    }

    static Step clipValues(Instruction instruction, Op.ClipValues op, Scratch scratch) {
        Buffer gradients = instruction.input("gradients");
        return extents -> {
            int n = Scratch.elements(gradients, extents);
            double[] g = scratch.load(0, gradients, n);
            for (int i = 0; i < n; i++) {
                g[i] = Math.max(-op.maxValue(), Math.min(op.maxValue(), g[i]));
            }
            scratch.store(g, gradients, 0, n);
        };
    }

    static Step sgd(Instruction instruction, Op.Sgd op, Scratch scratch) {
        Buffer parameters = instruction.input("parameters");
        Buffer gradients = instruction.input("gradients");
        Optional<Buffer> scaleBuffer = instruction.optionalInput("scale");
        Buffer rateBuffer = instruction.input("rate");
        Optional<Buffer> velocity = instruction.optionalInput("velocity");
        return extents -> {
            int n = Scratch.elements(parameters, extents);
            double scale = scale(scaleBuffer, scratch);
            double rate = scratch.loadScalar(rateBuffer);
            double[] w = scratch.load(0, parameters, n);
            double[] g = scratch.load(1, gradients, n);
            double[] v = scratch.array(2, n);
            if (velocity.isPresent()) {
                scratch.load(velocity.get(), 0, v, n);
            }
            double momentum = velocity.isPresent() ? op.momentum() : 0;
            for (int i = 0; i < n; i++) {
                double step = rate * scale * g[i];
                v[i] = (momentum == 0 ? 0 : momentum * v[i]) - step;
                w[i] += op.nesterov() ? momentum * v[i] - step : v[i];
            }
            scratch.store(w, parameters, 0, n);
            if (velocity.isPresent()) {
                scratch.store(v, velocity.get(), 0, n);
            }
        };
    }

    static Step adam(Instruction instruction, Op.Adam op, Scratch scratch) {
        Buffer parameters = instruction.input("parameters");
        Buffer gradients = instruction.input("gradients");
        Buffer mBuffer = instruction.input("m");
        Buffer vBuffer = instruction.input("v");
        Optional<Buffer> scaleBuffer = instruction.optionalInput("scale");
        Buffer rateBuffer = instruction.input("rate");
        Buffer stepBuffer = instruction.input("step");
        return extents -> {
            int n = Scratch.elements(parameters, extents);
            double scale = scale(scaleBuffer, scratch);
            double rate = scratch.loadScalar(rateBuffer);
            long step = stepBuffer.segment().get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
            double beta1 = op.beta1();
            double beta2 = op.beta2();
            double decay = rate * op.decay();
            double correction1 = 1 - Math.pow(beta1, step);
            double correction2 = 1 - Math.pow(beta2, step);
            double[] w = scratch.load(0, parameters, n);
            double[] g = scratch.load(1, gradients, n);
            double[] m = scratch.load(2, mBuffer, n);
            double[] v = scratch.load(3, vBuffer, n);
            for (int i = 0; i < n; i++) {
                double gradient = scale * g[i];
                m[i] = beta1 * m[i] + (1 - beta1) * gradient;
                v[i] = beta2 * v[i] + (1 - beta2) * gradient * gradient;
                w[i] -= decay * w[i];
                w[i] -=
                        switch (op.form()) {
                            case KERAS -> rate * Math.sqrt(correction2) / correction1 * m[i] / (Math.sqrt(v[i])
                                    + op.epsilon());
                            case PYTORCH -> rate / correction1 * m[i] / (Math.sqrt(v[i] / correction2) + op.epsilon());
                        };
            }
            scratch.store(w, parameters, 0, n);
            scratch.store(m, mBuffer, 0, n);
            scratch.store(v, vBuffer, 0, n);
        };
    }

    static Step rmsProp(Instruction instruction, Op.RmsProp op, Scratch scratch) {
        Buffer parameters = instruction.input("parameters");
        Buffer gradients = instruction.input("gradients");
        Buffer vBuffer = instruction.input("v");
        Optional<Buffer> mBuffer = instruction.optionalInput("m");
        Optional<Buffer> velocityBuffer = instruction.optionalInput("velocity");
        Optional<Buffer> scaleBuffer = instruction.optionalInput("scale");
        Buffer rateBuffer = instruction.input("rate");
        return extents -> {
            int n = Scratch.elements(parameters, extents);
            double scale = scale(scaleBuffer, scratch);
            double rate = scratch.loadScalar(rateBuffer);
            double rho = op.rho();
            double[] w = scratch.load(0, parameters, n);
            double[] g = scratch.load(1, gradients, n);
            double[] v = scratch.load(2, vBuffer, n);
            double[] m = state(3, mBuffer, n, scratch);
            double[] velocity = state(4, velocityBuffer, n, scratch);
            for (int i = 0; i < n; i++) {
                double gradient = scale * g[i];
                v[i] = rho * v[i] + (1 - rho) * gradient * gradient;
                double a = v[i];
                if (op.centered()) {
                    m[i] = rho * m[i] + (1 - rho) * gradient;
                    a = Math.max(0, v[i] - m[i] * m[i]);
                }
                double before = op.momentum() > 0 ? op.momentum() * velocity[i] : 0;
                double quotient = gradient / root(a, op.epsilon(), op.form());
                velocity[i] = before + (op.form() == Op.RootForm.KERAS ? rate * quotient : quotient);
                w[i] -= op.form() == Op.RootForm.KERAS ? velocity[i] : rate * velocity[i];
            }
            scratch.store(w, parameters, 0, n);
            scratch.store(v, vBuffer, 0, n);
            if (mBuffer.isPresent()) {
                scratch.store(m, mBuffer.get(), 0, n);
            }
            if (velocityBuffer.isPresent()) {
                scratch.store(velocity, velocityBuffer.get(), 0, n);
            }
        };
    }

    static Step adagrad(Instruction instruction, Op.Adagrad op, Scratch scratch) {
        Buffer parameters = instruction.input("parameters");
        Buffer gradients = instruction.input("gradients");
        Buffer sumBuffer = instruction.input("sum");
        Optional<Buffer> scaleBuffer = instruction.optionalInput("scale");
        Buffer rateBuffer = instruction.input("rate");
        return extents -> {
            int n = Scratch.elements(parameters, extents);
            double scale = scale(scaleBuffer, scratch);
            double rate = scratch.loadScalar(rateBuffer);
            double[] w = scratch.load(0, parameters, n);
            double[] g = scratch.load(1, gradients, n);
            double[] sum = scratch.load(2, sumBuffer, n);
            for (int i = 0; i < n; i++) {
                double gradient = scale * g[i];
                sum[i] += gradient * gradient;
                w[i] -= rate * gradient / root(sum[i], op.epsilon(), op.form());
            }
            scratch.store(w, parameters, 0, n);
            scratch.store(sum, sumBuffer, 0, n);
        };
    }

    private static double root(double a, double epsilon, Op.RootForm form) {
        return switch (form) {
            case KERAS -> Math.sqrt(a + epsilon);
            case PYTORCH -> Math.sqrt(a) + epsilon;
        };
    }

    /// A state, or an array with anything in it where it is absent.
    private static double[] state(int number, Optional<Buffer> buffer, int n, Scratch scratch) {
        return buffer.isPresent() ? scratch.load(number, buffer.get(), n) : scratch.array(number, n);
    }

    private static double scale(Optional<Buffer> scale, Scratch scratch) {
        return scale.isPresent() ? scratch.loadScalar(scale.get()) : 1;
    }
}
