package dev.rondo.layers;

import dev.rondo.graph.Op;
import dev.rondo.graph.Value;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/// Brings each feature to a mean of 0 and a variance of 1 over a batch, then scales and shifts it (Ioffe & Szegedy 2015):
/// `y = gain (x - mean) / sqrt(variance + epsilon) + bias`, with the variance by the number of steps.
///
/// While the model trains, mean and variance are those of all real steps of the batch, and the moving ones become
/// `momentum moving + (1 - momentum) batch's`, unless the step is given up for NaN or infinity, or there is no real step.
/// Elsewhere they are the moving ones, so that what a sequence gives does not depend on others.
///
/// Takes and gives float32 `[B,n]` or `[B,T,n]`. Steps behind a sequence's length yield zeros and count for nothing. Its
/// parameters are `gain` and `bias`, and `movingMean` and `movingVariance`, which no optimizer changes, `[n]` each. The
/// moving ones begin as zeros and ones.
///
/// @param name of its parameters' path; empty: `batch_norm`, and `batch_norm_1` for further ones
/// @param momentum how much of the moving mean and variance stays at a step, 0 to 1
/// @param epsilon what is added to the variance, above 0
/// @param gain how `gain` begins
/// @param bias how `bias` begins
public record BatchNorm(String name, double momentum, double epsilon, Initializer gain, Initializer bias)
        implements UnaryLayer {
    public BatchNorm {
        Settings.name("BatchNorm", name);
        if (!(momentum >= 0 && momentum <= 1)) {
            throw new IllegalArgumentException("BatchNorm: momentum: expected 0 to 1, got " + momentum);
        }
        Settings.positive("BatchNorm: epsilon", epsilon);
    }

    /// With Keras's settings: a momentum of 0.99, an epsilon of 1e-3, a gain of ones, a bias of zeros.
    public static BatchNorm of() {
        return new BatchNorm("", 0.99, 1e-3, Initializer.ones(), Initializer.zeros());
    }

    /// With another momentum. PyTorch's default of 0.1 is 0.9 here.
    public BatchNorm momentum(double momentum) {
        return new BatchNorm(name, momentum, epsilon, gain, bias);
    }

    /// With another epsilon: PyTorch's is 1e-5.
    public BatchNorm epsilon(double epsilon) {
        return new BatchNorm(name, momentum, epsilon, gain, bias);
    }

    /// With other first values for `gain`.
    public BatchNorm gain(Initializer gain) {
        return new BatchNorm(name, momentum, epsilon, gain, bias);
    }

    /// With other first values for `bias`.
    public BatchNorm bias(Initializer bias) {
        return new BatchNorm(name, momentum, epsilon, gain, bias);
    }

    @Override
    public Value apply(Scope scope, Value x) {
        if (x.type() != DataType.FLOAT32 || x.shape().rank() < 2 || x.shape().rank() > 3) {
            throw scope.wrong("FLOAT32 [B,n] or [B,T,n]", x);
        }
        Shape features = Shape.of(x.shape().dim(-1));
        SequencedMap<String, Value> inputs = new LinkedHashMap<>();
        inputs.put("x", x);
        inputs.put("movingMean", scope.moving("movingMean", Initializer.zeros(), features));
        inputs.put("movingVariance", scope.moving("movingVariance", Initializer.ones(), features));
        inputs.put("gain", scope.parameter("gain", gain, features));
        inputs.put("bias", scope.parameter("bias", bias, features));
        scope.lengths(x).ifPresent(lengths -> inputs.put("lengths", lengths));
        return scope.graph()
                .add(scope.path(), new Op.BatchNorm((float) momentum, (float) epsilon), inputs)
                .output("y");
    }

    @Override
    public BatchNorm named(String name) {
        return new BatchNorm(name, momentum, epsilon, gain, bias);
    }
}
