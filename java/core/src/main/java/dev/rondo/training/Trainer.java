package dev.rondo.training;

import dev.rondo.data.Dataset;
import dev.rondo.data.Order;
import dev.rondo.io.ModelFile;
import dev.rondo.layers.Scope;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Parameters;
import dev.rondo.plan.Update;
import dev.rondo.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/// The training of one model: the loop behind [dev.rondo.Model#fit], and all that a run remembers besides the
/// parameters: [#optimizerStates()], [#steps()] and [#epochs()]. A checkpoint keeps it, see [Fit#checkpoint].
///
/// A training step reads a batch into the plan's memory, runs forward and backward in one call, looks whether loss,
/// gradients and moving averages are finite, and only then moves the parameters. For use by one thread at a time. The
/// parameters stay the caller's.
public final class Trainer implements AutoCloseable {
    private final ModelFile.Content model;
    private final Training training;
    private final Pass.Setting setting;
    private final Update update;
    private final Dataset.Signature signature;
    private long steps;
    private int epochs;

    /// Begins with the parameters as they are and optimizer states of zero.
    ///
    /// @throws IllegalArgumentException if the model does not give what the loss takes, or a metric does not fit the
    ///     loss
    /// @throws IllegalStateException if native kernels are demanded and cannot be had
    public Trainer(ModelFile.Content model, Training training) {
        this.model = model;
        this.training = training;
        Engine engine = training.engine().engine();
        Parameters parameters = model.parameters();
        setting = new Pass.Setting(model.network(), parameters, training.loss(), engine);
        signature = LossNode.signature(model.network(), training.loss());
        for (Metric metric : training.metrics()) {
            if (!metric.fits(training.loss())) {
                throw new IllegalArgumentException(
                        "metrics: expected ones that " + training.loss() + " counts for, got " + metric.name());
            }
        }
        update = Update.of(parameters, Rules.of(training.optimizer()), training.clip(), engine);
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

    /// What the optimizer remembers: for each of its states, such as `m` and `v`, a view of each trained parameter's
    /// share by the parameter's name. The views live as long as the trainer.
    public SequencedMap<String, SequencedMap<String, Tensor>> optimizerStates() {
        SequencedMap<String, SequencedMap<String, Tensor>> states = new LinkedHashMap<>();
        update.states().forEach((name, memory) -> states.put(name, setting.parameters().views(memory)));
        return states;
    }

    /// Trains. See [dev.rondo.Model#fit].
    public History fit(Dataset data, Fit fit) {
        Dataset.Request request = new Dataset.Request(signature, fit.batchSize(), fit.order(), model.network().seed());
        try (Pass pass = new Pass(setting, Scope.Purpose.TRAINING, data, request);
                Validation validation = new Validation(fit)) {
            return new Run(pass, validation, fit).train();
        }
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

    /// @return the norm of all gradients before clipping
    private double step(Pass pass, int index) {
        pass.run(index, steps + 1);
        double norm = update.norm(pass.gradients());
        if (!Double.isFinite(norm) || !Double.isFinite(pass.loss()) || !pass.renewsFinitely()) {
            throw pass.nonFinite(index);
        }
        pass.renew();
        update.apply(pass.gradients(), training.optimizer().rate() * training.schedule().factor(steps), steps + 1);
        steps++;
        pass.count();
        return norm;
    }

    private Pass evaluation(Dataset data, int batchSize) {
        Dataset.Request request =
                new Dataset.Request(signature, batchSize, Order.SEQUENTIAL, model.network().seed());
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

    /// One run: where it is, and what it has to tell.
    private final class Run {
        private final Pass pass;
        private final Validation validation;
        private final Fit fit;
        private final Checkpoint.Run state;
        private final List<EpochReport> reports = new ArrayList<>();
        private int epoch = 1;
        private int batch;
        /// What the epoch took so far.
        private double seconds;

        Run(Pass pass, Validation validation, Fit fit) {
            this.pass = pass;
            this.validation = validation;
            this.fit = fit;
            state = new Checkpoint.Run(model, training, setting.engine(), update, pass, fit);
            fit.start().ifPresent(this::resume);
        }

        private void resume(Fit.Start start) {
            Checkpoint.Restored restored;
            try {
                restored = Checkpoint.read(start, state);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            Checkpoint.Position position = restored.position();
            steps = position.steps();
            epochs = position.epochs();
            epoch = position.epoch();
            batch = position.batch();
            seconds = position.seconds();
            reports.addAll(position.reports());
            fit.callbacks().forEach(callback -> callback.onResume(restored.resumption()));
        }

        History train() {
            for (; epoch <= fit.epochs(); epoch++) {
                Callback.Next next = trainEpoch();
                boolean stopped = next == Callback.Next.STOP;
                Optional<Scores> scores = stopped ? Optional.empty() : validation.scores();
                EpochReport report = new EpochReport(
                        epoch, Scores.of(pass.totals(), training.metrics()), scores, seconds);
                reports.add(report);
                for (Callback callback : fit.callbacks()) {
                    next = next.and(callback.onEpoch(report));
                }
                boolean last = next == Callback.Next.STOP || epoch == fit.epochs();
                if (!stopped) {
                    batch = 0;
                    seconds = 0;
                    if (last || isDue(Every.Unit.EPOCHS, epoch)) {
                        save(epoch + 1);
                    }
                }
                if (next == Callback.Next.STOP) {
                    return new History(reports, History.Ending.STOPPED);
                }
            }
            return new History(reports, History.Ending.FINISHED);
        }

        private Callback.Next trainEpoch() {
            if (batch == 0) {
                pass.begin(epochs + 1);
            }
            long began = System.nanoTime();
            double before = seconds;
            while (batch < pass.batches()) {
                double norm = step(pass, batch);
                batch++;
                seconds = before + (System.nanoTime() - began) * 1e-9;
                Callback.Next next = Callback.Next.CONTINUE;
                if (!fit.callbacks().isEmpty()) {
                    BatchReport report = new BatchReport(
                            epoch,
                            batch,
                            pass.batches(),
                            steps,
                            Scores.of(pass.batchTotals(), training.metrics()),
                            Scores.of(pass.totals(), training.metrics()),
                            norm,
                            pass.totals().steps() / seconds);
                    for (Callback callback : fit.callbacks()) {
                        next = next.and(callback.onBatch(report));
                    }
                }
                boolean stopped = next == Callback.Next.STOP;
                if (stopped || isDue(Every.Unit.BATCHES, steps)) {
                    save(epoch);
                }
                if (stopped) {
                    return next;
                }
            }
            epochs++;
            return Callback.Next.CONTINUE;
        }

        private boolean isDue(Every.Unit unit, long number) {
            return fit.saving().filter(saving -> saving.every().isDue(unit, number)).isPresent();
        }

        private void save(int nextEpoch) {
            if (fit.saving().isPresent()) {
                Checkpoint.Position position = new Checkpoint.Position(
                        steps, epochs, nextEpoch, batch, seconds, pass.totals(), reports);
                try {
                    Checkpoint.write(fit.saving().get().file(), state, position);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }
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
