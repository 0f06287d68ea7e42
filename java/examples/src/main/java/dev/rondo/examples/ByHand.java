package dev.rondo.examples;

import dev.rondo.Sequential;
import dev.rondo.layers.Activation;
import dev.rondo.layers.Input;
import dev.rondo.layers.SimpleRnn;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.util.List;
import picocli.CommandLine.Command;

/// The smallest network, with numbers small enough for paper and pencil: two units, `h = s(W x + U h' + b)` with the
/// logistic function s, and 1, 2, 3, 4 as x, to both inputs.
@Command(
        name = "by-hand",
        description = "A simple RNN of two units whose four states can be worked out by hand")
final class ByHand extends Example {
    private static final float[] W = {0.5f, 0.6f, 0.7f, 0.8f};
    private static final float[] U = {0.1f, 0.2f, 0.3f, 0.4f};
    private static final float[] B = {0.1f, 0.2f};

    /// The states, worked out to four digits.
    private static final double[][] BY_HAND = {{.7685, .8455}, {.9273, .9774}, {.9756, .9954}, {.9918, .9990}};

    @Override
    List<Score> run() {
        Tensor x = Tensor.of(new float[] {1, 1, 2, 2, 3, 3, 4, 4}, 1, 4, 2);
        double largest = 0;
        try (Sequential model = Sequential.of(
                Input.features(Shape.TIME, 2),
                SimpleRnn.units(2).activation(Activation.SIGMOID).returnSequences())) {
            model.setParameter("rnn/weightIh", Tensor.of(W, 2, 2));
            model.setParameter("rnn/weightHh", Tensor.of(U, 2, 2));
            model.setParameter("rnn/bias", Tensor.of(B, 2));
            float[] h = model.predict(x).toFloats();
            for (int t = 0; t < 4; t++) {
                double[] expected = BY_HAND[t];
                print("x = %d   h = (%.4f, %.4f)   by hand (%.4f, %.4f)",
                        t + 1, h[2 * t], h[2 * t + 1], expected[0], expected[1]);
                for (int unit = 0; unit < 2; unit++) {
                    largest = Math.max(largest, Math.abs(h[2 * t + unit] - expected[unit]));
                }
            }
        }
        return List.of(Score.lower("largest difference to the states by hand", largest,
                "half a unit of their fourth digit, and of float32 a little", 5e-5 + 1e-6));
    }
}
