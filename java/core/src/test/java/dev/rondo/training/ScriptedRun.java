package dev.rondo.training;

import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/// A run in which nothing is learned: its scores are written down. Its one parameter is the number of the epoch.
final class ScriptedRun implements TrainingRun {
    private final Fit fit;
    private final List<Callback> callbacks;
    private final Tensor parameter = Tensor.zeros(DataType.FLOAT32, 1);
    private final List<Integer> saved = new ArrayList<>();
    private final List<Double> rates = new ArrayList<>();
    private double rate = 1;
    private int epoch;

    ScriptedRun(Fit fit) {
        this.fit = fit;
        callbacks = fit.callbacks().stream().map(callback -> callback.begin(this)).toList();
    }

    /// Tells of one epoch after another, of which these are the validation losses, and the accuracies less 1.
    ///
    /// @return after which epoch it was stopped; 0: it was not
    int epochs(double... losses) {
        for (double loss : losses) {
            epoch++;
            parameter.set(0, epoch);
            Scores training = new Scores(100 + epoch, Map.of("accuracy", 1 - loss), 1);
            Scores validation = new Scores(loss, Map.of("accuracy", 1 - loss), 1);
            EpochReport report = new EpochReport(epoch, training, Optional.of(validation), rate, 1);
            Callback.Next next = Callback.Next.CONTINUE;
            for (Callback callback : callbacks) {
                next = next.and(callback.onEpoch(report));
            }
            rates.add(rate);
            if (next == Callback.Next.STOP) {
                return epoch;
            }
        }
        return 0;
    }

    /// Ends it.
    ///
    /// @return the epoch whose parameters the model has then
    int end() {
        callbacks.forEach(Callback::onEnd);
        return (int) parameter.get(0);
    }

    /// The callback, as a checkpoint sees it.
    Remembering remembering() {
        return (Remembering) callbacks.getFirst();
    }

    /// After which epochs the model was saved.
    List<Integer> saved() {
        return saved;
    }

    /// The rate after each epoch.
    List<Double> rates() {
        return rates;
    }

    /// Goes on as another run that was at this epoch.
    Callback.Next resume(ScriptedRun before) {
        epoch = before.epoch;
        rate = before.rate;
        Callback.Next next = remembering().recall(before.remembering().memory());
        Map<String, Tensor> tensors = before.remembering().tensors();
        remembering().tensors().forEach((name, tensor) -> tensor.copyFrom(tensors.getOrDefault(name, tensor)));
        return next;
    }

    @Override
    public Training training() {
        return Training.optimizer(Sgd.rate(1)).metrics(Metric.accuracy());
    }

    @Override
    public Fit fit() {
        return fit;
    }

    @Override
    public List<String> names() {
        return EpochReport.names(training().losses(), training().metrics(), true);
    }

    @Override
    public SequencedMap<String, Tensor> parameters() {
        return new LinkedHashMap<>(Map.of("w", parameter));
    }

    @Override
    public void restore(SequencedMap<String, Tensor> parameters) {
        parameters.values().forEach(parameter::copyFrom);
    }

    @Override
    public void save(Path file) {
        saved.add(epoch);
    }

    @Override
    public double rate() {
        return rate;
    }

    @Override
    public void multiplyRate(double factor) {
        rate *= factor;
    }
}
