package dev.rondo.training;

import dev.rondo.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;

/// Ends a run when a value has not become better for some epochs, and gives the model the parameters of its best epoch:
///
/// ```java
/// Fit.epochs(100).validation(heldOut).callback(EarlyStopping.on(Monitor.validationLoss(), 5))
/// ```
///
/// The best parameters are restored at the end of the run, whether it was ended early or not; not where it fails. The
/// checkpoint that is written at the end is of the parameters before, since that is where a longer run goes on.
///
/// @param monitor what is to become better
/// @param patience how many epochs in a row without a better value end the run, at least 1
/// @param minDelta by how much a value has to differ from the best to count as better, at least 0
/// @param weights which parameters the model has at the end
public record EarlyStopping(Monitor monitor, int patience, double minDelta, Weights weights) implements Callback {
    /// Which parameters the model has at the end.
    public enum Weights {
        /// Those of the epoch with the best value: Keras's `restore_best_weights`.
        BEST,
        /// Those of the last epoch.
        LAST
    }

    public EarlyStopping {
        Check.atLeastOne("EarlyStopping: patience", patience);
        Check.notNegative("EarlyStopping: minDelta", minDelta);
    }

    /// With any better value counting, and the best parameters at the end.
    public static EarlyStopping on(Monitor monitor, int patience) {
        return new EarlyStopping(monitor, patience, 0, Weights.BEST);
    }

    /// With values counting as better only from this difference on.
    public EarlyStopping minDelta(double minDelta) {
        return new EarlyStopping(monitor, patience, minDelta, weights);
    }

    /// With these parameters at the end.
    public EarlyStopping weights(Weights weights) {
        return new EarlyStopping(monitor, patience, minDelta, weights);
    }

    @Override
    public Callback begin(TrainingRun run) {
        monitor.check(run);
        return new InRun(this, run);
    }

    /// In one run.
    private static final class InRun implements Remembering {
        private final EarlyStopping settings;
        private final TrainingRun run;
        private final Best best;
        private final SequencedMap<String, Tensor> bestParameters = new LinkedHashMap<>();

        InRun(EarlyStopping settings, TrainingRun run) {
            this.settings = settings;
            this.run = run;
            best = new Best(settings.monitor, settings.minDelta);
            if (settings.weights == Weights.BEST) {
                run.parameters().forEach((name, tensor) -> bestParameters.put(
                        name, Tensor.zeros(tensor.type(), tensor.shape().dims())));
            }
        }

        @Override
        public Next onEpoch(EpochReport report) {
            if (best.isNew(report)) {
                SequencedMap<String, Tensor> now = run.parameters();
                bestParameters.forEach((name, copy) -> copy.copyFrom(now.getOrDefault(name, copy)));
            }
            return next();
        }

        private Next next() {
            return best.waited() >= settings.patience ? Next.STOP : Next.CONTINUE;
        }

        @Override
        public void onEnd() {
            if (settings.weights == Weights.BEST && best.isKnown()) {
                run.restore(bestParameters);
            }
        }

        @Override
        public String settings() {
            return settings.toString();
        }

        @Override
        public Map<String, String> memory() {
            return best.memory();
        }

        @Override
        public SequencedMap<String, Tensor> tensors() {
            return bestParameters;
        }

        @Override
        public Next recall(Map<String, String> memory) {
            best.recall(memory);
            return next();
        }
    }
}
