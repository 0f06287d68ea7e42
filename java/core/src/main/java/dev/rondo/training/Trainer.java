package dev.rondo.training;

import dev.rondo.data.Dataset;
import dev.rondo.data.Order;
import dev.rondo.graph.Op;
import dev.rondo.layers.LayerStack;
import dev.rondo.layers.Scope;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Parameters;
import dev.rondo.plan.Update;
import dev.rondo.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/// The training of one model: the loop behind [dev.rondo.Model#fit], and all that a run remembers besides the
/// parameters. It is what a checkpoint has to keep: [#optimizerStates()], [#steps()] and [#epochs()]; everything random
/// follows from the seed and these numbers.
///
/// A training step reads a batch into the plan's memory, runs forward and backward in one call, looks whether loss and
/// gradients are finite, and only then moves the parameters. For use by one thread at a time. The parameters stay the
/// caller's.
public final class Trainer implements AutoCloseable {
    private final Training training;
    private final Pass.Setting setting;
    private final Update update;
    private final Dataset.Signature signature;
    private long steps;
    private int epochs;

    /// Begins with the parameters as they are and optimizer states of zero.
    ///
    /// @throws IllegalArgumentException if the model does not give what the loss takes
    /// @throws IllegalStateException if native kernels are demanded and cannot be had
    public Trainer(LayerStack stack, Parameters parameters, Training training) {
        this.training = training;
        Engine engine = training.engine().engine();
        setting = new Pass.Setting(stack, parameters, training.loss(), engine);
        signature = Pass.signature(stack, training.loss());
        float maxNorm = (float) training.maxGradientNorm();
        update = switch (training.optimizer()) {
            case Adam adam -> Update.adam(parameters, op(adam), maxNorm, engine);
            case Sgd sgd -> Update.sgd(parameters, op(sgd), maxNorm, engine);
        };
    }

    private static Op.Adam op(Adam adam) {
        return new Op.Adam(
                (float) adam.beta1(), (float) adam.beta2(), (float) adam.epsilon(), switch (adam.form()) {
                    case KERAS -> Op.AdamForm.KERAS;
                    case PYTORCH -> Op.AdamForm.PYTORCH;
                });
    }

    private static Op.Sgd op(Sgd sgd) {
        return new Op.Sgd((float) sgd.momentum(), sgd.form() == Sgd.Form.NESTEROV);
    }

    /// What it was made with.
    public Training training() {
        return training;
    }

    /// Training steps taken so far.
    public long steps() {
        return steps;
    }

    /// Epochs finished so far.
    public int epochs() {
        return epochs;
    }

    /// What the optimizer remembers: for each of its states, such as `m` and `v`, a view of each parameter's share by
    /// the parameter's name. The views live as long as the trainer.
    public SequencedMap<String, SequencedMap<String, Tensor>> optimizerStates() {
        SequencedMap<String, SequencedMap<String, Tensor>> states = new LinkedHashMap<>();
        update.states().forEach((name, memory) -> states.put(name, setting.parameters().views(memory)));
        return states;
    }

    /// Trains. See [dev.rondo.Model#fit].
    public History fit(Dataset data, Fit fit) {
        List<EpochReport> reports = new ArrayList<>();
        Dataset.Request request =
                new Dataset.Request(signature, fit.batchSize(), fit.order(), setting.stack().seed());
        try (Pass pass = new Pass(setting, Scope.Purpose.TRAINING, data, request);
                Validation validation = new Validation(fit)) {
            for (int epoch = 1; epoch <= fit.epochs(); epoch++) {
                long began = System.nanoTime();
                Callback.Next next = trainEpoch(pass, epoch, fit.callbacks());
                double seconds = (System.nanoTime() - began) * 1e-9;
                Optional<Scores> scores =
                        next == Callback.Next.STOP ? Optional.empty() : validation.scores();
                EpochReport report =
                        new EpochReport(epoch, Scores.of(pass.totals(), training.metrics()), scores, seconds);
                reports.add(report);
                for (Callback callback : fit.callbacks()) {
                    next = next.and(callback.onEpoch(report));
                }
                if (next == Callback.Next.STOP) {
                    return new History(reports, History.Ending.STOPPED);
                }
            }
        }
        return new History(reports, History.Ending.FINISHED);
    }

    /// Scores the model. See [dev.rondo.Model#evaluate].
    ///
    /// @param batchSize examples of a batch, or parallel streams
    public Scores evaluate(Dataset data, int batchSize) {
        try (Pass pass = evaluation(data, batchSize)) {
            return scores(pass);
        }
    }

    @Override
    public void close() {
        update.close();
    }

    private Callback.Next trainEpoch(Pass pass, int epoch, List<Callback> callbacks) {
        long began = System.nanoTime();
        pass.begin(epochs + 1);
        for (int index = 0; index < pass.batches(); index++) {
            double norm = step(pass, index);
            Callback.Next next = Callback.Next.CONTINUE;
            if (!callbacks.isEmpty()) {
                double seconds = (System.nanoTime() - began) * 1e-9;
                BatchReport report = new BatchReport(
                        epoch,
                        index + 1,
                        pass.batches(),
                        steps,
                        Scores.of(pass.batchTotals(), training.metrics()),
                        Scores.of(pass.totals(), training.metrics()),
                        norm,
                        pass.totals().steps() / seconds);
                for (Callback callback : callbacks) {
                    next = next.and(callback.onBatch(report));
                }
            }
            if (next == Callback.Next.STOP) {
                return next;
            }
        }
        epochs++;
        return Callback.Next.CONTINUE;
    }

    /// @return the norm of all gradients before clipping
    private double step(Pass pass, int index) {
        pass.run(index, steps + 1);
        double norm = update.norm(pass.gradients());
        if (!Double.isFinite(norm) || !Double.isFinite(pass.loss())) {
            throw pass.nonFinite(index);
        }
        update.apply(pass.gradients(), training.optimizer().rate(), steps + 1);
        steps++;
        pass.count();
        return norm;
    }

    private Pass evaluation(Dataset data, int batchSize) {
        Dataset.Request request =
                new Dataset.Request(signature, batchSize, Order.SEQUENTIAL, setting.stack().seed());
        return new Pass(setting, Scope.Purpose.INFERENCE, data, request);
    }

    private Scores scores(Pass pass) {
        pass.begin(1);
        for (int index = 0; index < pass.batches(); index++) {
            pass.run(index, 0);
            pass.count();
        }
        return Scores.of(pass.totals(), training.metrics());
    }

    /// The pass over a run's validation data, where it has any.
    private final class Validation implements AutoCloseable {
        private final Optional<Pass> pass;

        Validation(Fit fit) {
            pass = fit.validation().map(data -> evaluation(data, fit.batchSize()));
        }

        Optional<Scores> scores() {
            return pass.map(Trainer.this::scores);
        }

        @Override
        public void close() {
            pass.ifPresent(Pass::close);
        }
    }
}
