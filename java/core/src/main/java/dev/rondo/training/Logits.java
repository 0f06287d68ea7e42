package dev.rondo.training;

import dev.rondo.layers.Activation;
import dev.rondo.layers.ActivationLayer;
import dev.rondo.layers.Bidirectional;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Dropout;
import dev.rondo.layers.Gru;
import dev.rondo.layers.Layer;
import dev.rondo.layers.Network;
import dev.rondo.layers.Lstm;
import dev.rondo.layers.SimpleRnn;
import dev.rondo.layers.WeightNoise;
import java.util.List;
import java.util.Optional;

/// What a model ends in, held against what its loss takes. A loss of logits applies a function to them; behind another
/// one, which bounds what the model gives, it would learn something else without a word.
final class Logits {
    private Logits() {}

    /// Checks that a model gives logits to a loss that takes them, or ends in the function that the loss undoes.
    ///
    /// @throws IllegalArgumentException if it does not
    static void check(Network network, Network.Output output, Loss loss) {
        switch (loss) {
            case Loss.CategoricalCrossEntropy(Loss.Targets targets, Loss.Predictions predictions, _) ->
                check(network, output, Activation.SOFTMAX, predictions, switch (targets) {
                    case CLASSES -> "sparseCategoricalCrossEntropy";
                    case PROBABILITIES -> "categoricalCrossEntropy";
                });
            case Loss.BinaryCrossEntropy(Loss.Predictions predictions, _) ->
                check(network, output, Activation.SIGMOID, predictions, "binaryCrossEntropy");
            case Loss.KlDivergence _ ->
                check(network, output, Activation.SOFTMAX, Loss.Predictions.LOGITS, "klDivergence");
            case Loss.Ctc _ -> check(network, output, Activation.SOFTMAX, Loss.Predictions.LOGITS, "ctc");
            case Loss.MeanSquaredError _, Loss.MeanAbsoluteError _, Loss.Huber _, Loss.Custom _, Loss.Crf _ -> {}
        }
    }

    private static void check(
            Network network, Network.Output output, Activation undone, Loss.Predictions predictions, String loss) {
        List<Network.Call> calls = network.calls();
        int call = output.port().call();
        boolean ends = ends(calls.get(call).layer(), undone);
        if (predictions == Loss.Predictions.PROBABILITIES || ends) {
            return;
        }
        boolean dropped = calls.get(call).layer() instanceof Dropout;
        while (calls.get(call).layer() instanceof Dropout) {
            call = calls.get(call).inputs().getFirst().call();
        }
        Layer last = calls.get(call).layer();
        String behind = dropped ? " behind a dropout" : "";
        bound(last).ifPresent(bound -> {
            throw new IllegalArgumentException(
                    "loss: expected logits for %s, or a dense layer with %s as the last, got the %s of %s%s%s"
                            .formatted(loss, undone, bound, last.name(), behind, ofProbabilities(loss)));
        });
    }

    private static String ofProbabilities(String loss) {
        boolean none = loss.equals("ctc") || loss.equals("klDivergence");
        return none ? "" : "; for probabilities use " + loss + "OfProbabilities";
    }

    private static boolean ends(Layer layer, Activation undone) {
        return switch (layer) {
            case Dense dense -> dense.activation() == undone;
            case ActivationLayer last -> last.activation() == undone;
            case WeightNoise noise -> ends(noise.layer(), undone);
            default -> false;
        };
    }

    /// What keeps the numbers of a layer from being logits; empty where nothing does.
    private static Optional<String> bound(Layer layer) {
        return switch (layer) {
            case Dense dense -> bound(dense.activation());
            case ActivationLayer last -> bound(last.activation());
            case WeightNoise noise -> bound(noise.layer());
            case SimpleRnn rnn -> bound(rnn.activation());
            case Lstm _, Gru _, Bidirectional _ -> Optional.of("state");
            default -> Optional.empty();
        };
    }

    private static Optional<String> bound(Activation activation) {
        return switch (activation) {
            case LINEAR, LEAKY_RELU -> Optional.empty();
            case SIGMOID, TANH, RELU, SOFTPLUS, SILU, ELU, GELU, HARD_SIGMOID, HARD_SIGMOID_KERAS2, SOFTMAX -> Optional.of(activation.name());
        };
    }
}
