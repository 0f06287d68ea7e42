package dev.rondo.examples;

import dev.rondo.Model;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Callback;
import dev.rondo.training.EpochReport;
import java.util.LinkedHashMap;
import java.util.Map;

/// Keeps the parameters of the epoch with the least loss on held-out data, and stops when it has not fallen for a
/// while. For a run with [dev.rondo.training.Fit#validation].
final class BestWeights implements Callback {
    private final Model model;
    private final int patience;
    private final Map<String, Tensor> best = new LinkedHashMap<>();
    private double least = Double.POSITIVE_INFINITY;
    private int epoch;

    /// @param patience epochs without a new least loss after which the run stops
    BestWeights(Model model, int patience) {
        this.model = model;
        this.patience = patience;
    }

    @Override
    public Next onEpoch(EpochReport report) {
        double loss = report.validation().orElseThrow().loss();
        if (loss < least) {
            least = loss;
            epoch = report.epoch();
            model.parameters().forEach((name, values) ->
                    best.put(name, Tensor.of(values.toFloats(), values.shape().dims())));
        }
        return report.epoch() - epoch < patience ? Next.CONTINUE : Next.STOP;
    }

    /// Gives the model its best parameters back.
    ///
    /// @return the epoch they are of
    int restore() {
        best.forEach(model::setParameter);
        return epoch;
    }
}
