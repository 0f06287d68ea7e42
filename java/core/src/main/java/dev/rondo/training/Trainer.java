package dev.rondo.training;

import dev.rondo.data.Dataset;
import dev.rondo.data.Order;
import dev.rondo.io.ModelFile;
import dev.rondo.layers.Scope;
import dev.rondo.plan.Accumulation;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Parameters;
import dev.rondo.plan.Update;
import dev.rondo.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.BiFunction;

/// The training of one model: the loop behind [dev.rondo.Model#fit], and all that a run remembers besides the
/// parameters: [#optimizerStates()], [#steps()] and [#epochs()]. A checkpoint keeps it, see [Fit#checkpoint].
///
/// A training step reads a batch into the plan's memory, runs forward and backward in one call, looks whether loss,
/// gradients and moving averages are finite, and only then moves the parameters. For use by one thread at a time. The
/// parameters stay the caller's.
public final class Trainer implements AutoCloseable {
    private final ModelFile.Content model;
    private final Training training;
    private final List<Objective> losses;
    private final Pass.Setting setting;
    private final Update update;
    private final Dataset.Signature signature;
    private long steps;
    private long updates;
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
        losses = LossNode.named(model.network(), training.losses());
        setting = new Pass.Setting(model.network(), parameters, losses, engine);
        signature = LossNode.signature(model.network(), losses);
        EpochReport.check(training.metrics());
        training.metrics().forEach(this::check);
        update = Update.of(
                parameters,
                Groups.treatments(training, parameters.trainedSlots().keySet()),
                training.clip(),
                engine);
    }

    private void check(Metric metric) {
        List<String> outputs = losses.stream().map(Objective::output).toList();
        if (metric instanceof Metric.Observed<?>(_, String output, _, _, _)
                && !output.isEmpty()
                && !outputs.contains(output)) {
            throw new IllegalArgumentException("metrics: expected one of the outputs with a loss, %s, for %s, got %s"
                    .formatted(outputs, metric.name(), output));
        }
        if (losses.stream().noneMatch(objective -> metric.fits(objective.loss()))) {
            List<Loss> all = losses.stream().map(Objective::loss).toList();
            throw new IllegalArgumentException("metrics: expected ones that %s counts for, got %s"
                    .formatted(all.size() == 1 ? all.getFirst() : "one of " + all, metric.name()));
        }
    }

    /// What it was made with.
    public Training training() {
        return training;
    }

    /// Training steps taken so far: batches that were learned from.
    public long steps() {
        return steps;
    }

    /// Updates of the parameters so far: as many as steps, but for runs that accumulate batches, see [Fit#accumulate].
    public long updates() {
        return updates;
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
        HeldOut parts = HeldOut.of(data, fit, model.network().seed());
        Dataset.Request request = new Dataset.Request(signature, fit.batchSize(), fit.order(), model.network().seed());
        try (Pass pass = Pass.of(setting, Scope.Purpose.TRAINING, parts.training(), request, Set.of());
                Validation validation = new Validation(parts.validation(), fit.batchSize());
                Accumulation accumulation =
                        Accumulation.of(fit.accumulate(), setting.parameters(), setting.engine())) {
            return new Run(pass, validation, accumulation, fit).train();
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

    /// Takes the gradients of the first batch, as a training step would, and moves nothing.
    ///
    /// @param use is given what was run and the gradients by the parameters' names
    <T> T differentiate(
            Dataset data, int batchSize, BiFunction<GradientCheck.Case, Map<String, double[]>, T> use) {
        Dataset.Request request =
                new Dataset.Request(signature, batchSize, Order.SEQUENTIAL, model.network().seed());
        try (Pass pass = Pass.of(setting, Scope.Purpose.TRAINING, data, request, Set.of())) {
            pass.begin(1);
            pass.run(0, 1);
            Map<String, double[]> gradients = new LinkedHashMap<>();
            setting.parameters().views(pass.gradients()).forEach(
                    (name, gradient) -> gradients.put(name, gradient.toDoubles()));
            return use.apply(pass.lastCase(), gradients);
        }
    }

    @Override
    public void close() {
        update.close();
    }

    private Pass evaluation(Dataset data, int batchSize) {
        Dataset.Request request =
                new Dataset.Request(signature, batchSize, Order.SEQUENTIAL, model.network().seed());
        Set<String> observed = new HashSet<>();
        for (Metric metric : training.metrics()) {
            if (metric instanceof Metric.Observed<?>(_, String output, _, _, _)) {
                losses.stream()
                        .map(Objective::output)
                        .filter(name -> output.isEmpty() || output.equals(name))
                        .forEach(observed::add);
            }
        }
        return Pass.of(setting, Scope.Purpose.INFERENCE, data, request, observed);
    }

    private Scores scores(Pass pass) {
        pass.begin(1);
        Observation observation = new Observation(losses, training.metrics());
        for (int index = 0; index < pass.batches(); index++) {
            pass.run(index, 0);
            pass.count();
            observation.add(pass);
        }
        return penalized(
                Scores.of(losses, pass.tally(), training.metrics(), observation.values()), update.penalty());
    }

    /// Scores with what penalties add to the loss.
    private static Scores penalized(Scores scores, double penalty) {
        return penalty == 0 ? scores : new Scores(scores.loss() + penalty, scores.metrics(), scores.steps());
    }

    /// One run: where it is, and what it has to tell.
    private final class Run implements TrainingRun {
        private final Pass pass;
        private final Validation validation;
        private final Accumulation accumulation;
        private final Fit fit;
        private final List<Callback> callbacks;
        private final Checkpoint.Run state;
        private final List<EpochReport> reports = new ArrayList<>();
        private int epoch = 1;
        private int batch;
        /// What the epoch took so far.
        private double seconds;
        /// Of the last batch: the rate of its update, and what penalties added to its loss.
        private double rate;
        private double penalty;
        /// The penalties of the epoch's batches, each times its real steps.
        private double penalties;
        /// What callbacks made of the rate.
        private double rateFactor = 1;
        private Callback.Next begun = Callback.Next.CONTINUE;

        Run(Pass pass, Validation validation, Accumulation accumulation, Fit fit) {
            this.pass = pass;
            this.validation = validation;
            this.accumulation = accumulation;
            this.fit = fit;
            callbacks = fit.callbacks().stream().map(callback -> callback.begin(this)).toList();
            state = new Checkpoint.Run(
                    model, training, losses, setting.engine(), update, pass, accumulation, fit, callbacks);
            fit.start().ifPresent(this::resume);
        }

        @Override
        public Training training() {
            return training;
        }

        @Override
        public Fit fit() {
            return fit;
        }

        @Override
        public List<String> names() {
            return EpochReport.names(losses, training.metrics(), validation.pass.isPresent());
        }

        @Override
        public SequencedMap<String, Tensor> parameters() {
            SequencedMap<String, Tensor> views = new LinkedHashMap<>();
            setting.parameters().tensors().forEach((name, tensor) -> views.put(
                    name, Tensor.wrap(tensor.segment().asReadOnly(), tensor.type(), tensor.shape())));
            return views;
        }

        @Override
        public void restore(SequencedMap<String, Tensor> parameters) {
            SequencedMap<String, Tensor> own = setting.parameters().tensors();
            own.forEach((name, tensor) -> {
                Tensor given = parameters.get(name);
                if (given == null || given.type() != tensor.type() || !given.shape().equals(tensor.shape())) {
                    throw new IllegalArgumentException("restore: %s: expected %s %s, got %s"
                            .formatted(
                                    name,
                                    tensor.type(),
                                    tensor.shape(),
                                    given == null ? "none" : given.type() + " " + given.shape()));
                }
            });
            if (parameters.size() != own.size()) {
                throw new IllegalArgumentException(
                        "restore: expected %s, got %s".formatted(own.keySet(), parameters.keySet()));
            }
            parameters.forEach((name, tensor) -> setting.parameters().tensor(name).copyFrom(tensor));
            setting.parameters().changed();
        }

        @Override
        public void save(Path file) {
            try {
                ModelFile.write(file, model.network(), model.notes(), model.parameters());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public double rate() {
            return training.optimizer().rate() * training.schedule().factor(updates) * rateFactor;
        }

        @Override
        public void multiplyRate(double factor) {
            Check.positive("multiplyRate: factor", factor);
            rateFactor *= factor;
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
            updates = position.updates();
            epochs = position.epochs();
            epoch = position.epoch();
            batch = position.batch();
            seconds = position.seconds();
            rate = position.rate();
            rateFactor = position.rateFactor();
            penalties = position.penalties();
            reports.addAll(position.reports());
            begun = restored.next();
            callbacks.forEach(callback -> callback.onResume(restored.resumption()));
        }

        History train() {
            History.Ending ending = trainEpochs();
            callbacks.forEach(Callback::onEnd);
            return new History(reports, ending);
        }

        private History.Ending trainEpochs() {
            if (begun == Callback.Next.STOP) {
                return History.Ending.STOPPED;
            }
            for (; epoch <= fit.epochs(); epoch++) {
                Callback.Next next = trainEpoch();
                boolean stopped = next == Callback.Next.STOP;
                Optional<Scores> scores = stopped ? Optional.empty() : validation.scores();
                EpochReport report = new EpochReport(
                        epoch, scores(pass.tally(), meanPenalty()), scores, rate, seconds);
                reports.add(report);
                for (Callback callback : callbacks) {
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
                    return History.Ending.STOPPED;
                }
            }
            return History.Ending.FINISHED;
        }

        private Callback.Next trainEpoch() {
            if (batch == 0) {
                pass.begin(epochs + 1);
                penalties = 0;
            }
            long began = System.nanoTime();
            double before = seconds;
            while (batch < pass.batches()) {
                double norm = step();
                batch++;
                seconds = before + (System.nanoTime() - began) * 1e-9;
                Callback.Next next = Callback.Next.CONTINUE;
                if (!callbacks.isEmpty()) {
                    BatchReport report = new BatchReport(
                            epoch,
                            batch,
                            pass.batches(),
                            steps,
                            scores(pass.batchTally(), penalty),
                            scores(pass.tally(), meanPenalty()),
                            norm,
                            rate,
                            pass.tally().steps() / seconds);
                    for (Callback callback : callbacks) {
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

        /// @return the norm of all gradients before clipping
        private double step() {
            pass.run(batch, steps + 1);
            double weight = pass.batchTally().weight();
            MemorySegment gradients = accumulation.add(pass.gradients(), weight);
            double norm = update.norm(gradients);
            penalty = update.penalty();
            if (Double.isFinite(pass.loss()) && !Double.isFinite(penalty)) {
                throw new NonFiniteException(
                        batch + 1L, "penalty", "expected a finite sum over the parameters, got " + penalty);
            }
            if (!Double.isFinite(norm) || !Double.isFinite(pass.loss()) || !pass.renewsFinitely()) {
                throw pass.nonFinite(batch);
            }
            pass.renew();
            penalties += penalty * weight;
            rate = rate();
            int next = batch + 1;
            if (next % fit.accumulate() == 0 || next == pass.batches()) {
                update.apply(gradients, rate, updates + 1);
                updates++;
                accumulation.clear();
            }
            steps++;
            pass.count();
            return norm;
        }

        /// Of training batches, of which no outputs are observed.
        private Scores scores(Tally tally, double penalty) {
            return penalized(Scores.of(losses, tally, training.metrics(), Map.of()), penalty);
        }

        private double meanPenalty() {
            double all = pass.tally().weight();
            return all == 0 ? 0 : penalties / all;
        }

        private boolean isDue(Every.Unit unit, long number) {
            return fit.saving().filter(saving -> saving.every().isDue(unit, number)).isPresent();
        }

        private void save(int nextEpoch) {
            if (fit.saving().isPresent()) {
                Checkpoint.Position position = new Checkpoint.Position(
                        steps,
                        updates,
                        epochs,
                        nextEpoch,
                        batch,
                        seconds,
                        rate,
                        rateFactor,
                        penalties,
                        pass.tally(),
                        reports);
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

        Validation(Optional<Dataset> data, int batchSize) {
            pass = data.map(given -> evaluation(given, batchSize));
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
