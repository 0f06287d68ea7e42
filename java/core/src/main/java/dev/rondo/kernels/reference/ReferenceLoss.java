package dev.rondo.kernels.reference;

import dev.rondo.graph.Op;
import dev.rondo.kernels.Buffer;
import dev.rondo.kernels.Instruction;
import dev.rondo.kernels.reference.ReferenceKernels.Step;
import java.util.Optional;

/// Losses that compare predictions with targets element by element.
final class ReferenceLoss {
    private static final double LEAST_LOG = -100;
    private static final double LEAST_VARIANCE = 1e-12;

    private ReferenceLoss() {}

    static Step elementwise(Instruction instruction, Op.ElementwiseLoss op, Scratch scratch) {
        Buffer x = instruction.input("x");
        Buffer targets = instruction.input("targets");
        Optional<Buffer> lengths = instruction.optionalInput("lengths");
        Optional<Buffer> dx = instruction.optionalOutput("dx");
        boolean binary = op.kind() == Op.LossKind.BINARY || op.kind() == Op.LossKind.BINARY_LOGITS;
        return extents -> {
            int batch = (int) x.shape().product(0, 1, extents);
            int rows = Scratch.rows(x, extents);
            int features = Scratch.columns(x, extents);
            int steps = rows / batch;
            int[] lengthValues = ReferenceRecurrent.lengths(lengths, batch, steps, scratch);
            int count = 0;
            for (int b = 0; b < batch; b++) {
                count += lengthValues[b];
            }
            double elements = (double) count * features;
            double[] xs = scratch.load(0, x, rows * features);
            double[] ts = scratch.load(1, targets, rows * features);
            double loss = 0;
            double squares = 0;
            double absolutes = 0;
            int correct = 0;
            for (int i = 0; i < rows * features; i++) {
                int row = i / features;
                if (row % steps >= lengthValues[row / steps]) {
                    xs[i] = 0;
                    continue;
                }
                double value = xs[i];
                double target = ts[i];
                double p = op.kind() == Op.LossKind.BINARY_LOGITS ? ReferenceElementwise.sigmoid(value) : value;
                double error = p - target;
                loss += loss(op.kind(), value, target);
                squares += error * error;
                absolutes += Math.abs(error);
                correct += binary && p > 0.5 == target > 0.5 ? 1 : 0;
                xs[i] = switch (op.kind()) {
                            case SQUARED -> 2 * error;
                            case ABSOLUTE -> Math.signum(error);
                            case BINARY -> error / Math.max(LEAST_VARIANCE, value * (1 - value));
                            case BINARY_LOGITS -> error;
                        }
                        / elements;
            }
            if (dx.isPresent()) {
                scratch.store(xs, dx.get(), 0, rows * features);
            }
            scratch.storeScalar(count == 0 ? 0 : loss / elements, instruction.output("loss"));
            scratch.storeScalar(count == 0 ? 0 : squares / elements, instruction.output("squaredError"));
            scratch.storeScalar(count == 0 ? 0 : absolutes / elements, instruction.output("absoluteError"));
            scratch.storeScalar(correct, instruction.output("correct"));
            scratch.storeScalar(count, instruction.output("count"));
        };
    }

    private static double loss(Op.LossKind kind, double x, double t) {
        return switch (kind) {
            case SQUARED -> (x - t) * (x - t);
            case ABSOLUTE -> Math.abs(x - t);
            case BINARY -> -(t * Math.max(LEAST_LOG, Math.log(x)) + (1 - t) * Math.max(LEAST_LOG, Math.log(1 - x)));
            // log(1 + exp(x)) - t x, with no exponential that overflows.
            case BINARY_LOGITS -> Math.max(0, x) - t * x + Math.log1p(Math.exp(-Math.abs(x)));
        };
    }
}
