package dev.rondo.layers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.rondo.Runs;
import dev.rondo.Sequential;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Loss;
import dev.rondo.training.Sgd;
import dev.rondo.training.Training;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// A dense layer computes the activation that it is told, on both kernel sets.
class ActivationTest {
    private static final float[] X = {-4, -2.75f, -1, 0, 0.5f, 4};

    /// What of [#X] comes out, worked out in double.
    private static double[] expected(Activation activation) {
        return switch (activation) {
            case LINEAR -> new double[] {-4, -2.75, -1, 0, 0.5, 4};
            case SIGMOID -> new double[] {0.017986210, 0.060086650, 0.268941421, 0.5, 0.622459331, 0.982013790};
            case TANH -> new double[] {-0.999329300, -0.991859725, -0.761594156, 0, 0.462117157, 0.999329300};
            case RELU -> new double[] {0, 0, 0, 0, 0.5, 4};
            case SOFTPLUS -> new double[] {0.018149928, 0.061967589, 0.313261688, 0.693147181, 0.974076984, 4.018149928};
            case SILU -> new double[] {-0.071944840, -0.165238288, -0.268941421, 0, 0.311229666, 3.928055160};
            case ELU -> new double[] {-0.981684361, -0.936072139, -0.632120559, 0, 0.5, 4};
            case GELU -> new double[] {-0.000126685, -0.008194349, -0.158655254, 0, 0.345731231, 3.999873315};
            case HARD_SIGMOID -> new double[] {0, 0.041666667, 0.333333333, 0.5, 0.583333333, 1};
            case HARD_SIGMOID_KERAS2 -> new double[] {0, 0, 0.3, 0.5, 0.6, 1};
            case LEAKY_RELU -> new double[] {-0.8, -0.55, -0.2, 0, 0.5, 4};
            case SOFTMAX -> new double[] {1, 1, 1, 1, 1, 1}; // of one unit
        };
    }

    static Stream<Arguments> cases() {
        return Stream.of(Choice.JAVA, Choice.NATIVE)
                .flatMap(kernels -> Stream.of(Activation.values()).map(activation -> Arguments.of(kernels, activation)));
    }

    /// Native kernels are off by at most 4e-7 here, which is what 4 times the 8e-8 of the normal distribution is.
    @ParameterizedTest
    @MethodSource("cases")
    void aDenseLayerComputesIt(Choice kernels, Activation activation) {
        try (Sequential model = Sequential.builder()
                .add(Input.features(1))
                .add(Dense.units(1).activation(activation).weights(Initializer.ones()))
                .build()) {
            model.compile(Training.optimizer(Sgd.rate(0.1)).loss(Loss.meanSquaredError()).engine(Runs.engine(kernels)));
            float[] y = model.predict(Tensor.of(X, X.length, 1)).toFloats();
            double[] wide = new double[y.length];
            for (int i = 0; i < y.length; i++) {
                wide[i] = y[i];
            }
            assertArrayEquals(expected(activation), wide, 6e-7);
        }
    }
}
