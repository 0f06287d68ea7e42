package dev.rondo.training;

import dev.rondo.layers.Activation;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Dropout;
import dev.rondo.layers.Embedding;
import dev.rondo.layers.Gru;
import dev.rondo.layers.Input;
import dev.rondo.layers.Layer;
import dev.rondo.layers.LayerStack;
import dev.rondo.layers.Lstm;
import dev.rondo.layers.SimpleRnn;
import java.util.List;
import java.util.Optional;

/// What a model ends in, held against what its loss takes. A loss of logits applies a function to them; behind another
/// one, which bounds what the model gives, it would learn something else without a word.
final class Logits {
    private Logits() {}

    /// Checks that a model gives logits to a loss that takes them, or ends in the function that the loss undoes.
    ///
    /// @throws IllegalArgumentException if it does not
    static void check(LayerStack stack, Loss loss) {
        switch (loss) {
            case Loss.CategoricalCrossEntropy(Loss.Targets targets, Loss.Predictions predictions) ->
                check(stack, Activation.SOFTMAX, predictions, switch (targets) {
                    case CLASSES -> "sparseCategoricalCrossEntropy";
                    case PROBABILITIES -> "categoricalCrossEntropy";
                });
            case Loss.BinaryCrossEntropy(Loss.Predictions predictions) ->
                check(stack, Activation.SIGMOID, predictions, "binaryCrossEntropy");
            case Loss.MeanSquaredError _, Loss.MeanAbsoluteError _ -> {}
        }
    }

    private static void check(LayerStack stack, Activation undone, Loss.Predictions predictions, String loss) {
        List<Layer> layers = stack.layers();
        boolean ends = layers.getLast() instanceof Dense dense && dense.activation() == undone;
        if (predictions == Loss.Predictions.PROBABILITIES || ends) {
            return;
        }
        Layer last = layers.reversed().stream().filter(layer -> !(layer instanceof Dropout)).findFirst().orElseThrow();
        String behind = last == layers.getLast() ? "" : " behind a dropout";
        bound(last).ifPresent(bound -> {
            throw new IllegalArgumentException(
                    "loss: expected logits for %s, or a dense layer with %s as the last, got the %s of %s%s; for "
                                    .formatted(loss, undone, bound, last.name(), behind)
                            + "probabilities use " + loss + "OfProbabilities");
        });
    }

    /// What keeps the numbers of a layer from being logits; empty where nothing does.
    private static Optional<String> bound(Layer layer) {
        return switch (layer) {
            case Dense dense -> bound(dense.activation());
            case SimpleRnn rnn -> bound(rnn.activation());
            case Lstm _, Gru _ -> Optional.of("state");
            case Input _, Embedding _, Dropout _ -> Optional.empty();
        };
    }

    private static Optional<String> bound(Activation activation) {
        return switch (activation) {
            case LINEAR, LEAKY_RELU -> Optional.empty();
            case SIGMOID, TANH, RELU, SOFTPLUS, SILU, ELU, GELU, HARD_SIGMOID, HARD_SIGMOID_KERAS2, SOFTMAX -> Optional.of(activation.name());
        };
    }
}
