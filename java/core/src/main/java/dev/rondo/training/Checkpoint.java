package dev.rondo.training;

import dev.rondo.io.CheckpointFile;
import dev.rondo.io.ModelFile;
import dev.rondo.io.ModelFormatException;
import dev.rondo.plan.Accumulation;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Update;
import dev.rondo.tensor.Tensor;
import java.io.IOException;
import java.lang.module.ModuleDescriptor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.stream.Collectors;

/// What a run of training remembers, to a file and back. Besides the parameters these are
///
/// - the optimizer's states, the states carried from batch to batch, and gradients that wait for an update, as tensors;
/// - what [Remembering] callbacks remember, see [Memories];
/// - the [Position]: counters, the place within the epoch, the epoch's sums so far, the reports of the epochs before;
/// - the settings that a run goes on bit for bit with only if they are the same;
/// - how the data are cut, and a fingerprint of the last batch.
///
/// Everything random (the order of an epoch, dropout) and the learning rate follow from the seed, which is the model's,
/// and from the counters. Numbers are written so that they come back bit for bit.
final class Checkpoint {
    private static final String CUT = "data.";
    private static final String FINGERPRINT = "data.fingerprint";
    private static final String SETTING = "setting.";
    private static final String HISTORY = "history.";
    private static final String METRIC = "metric.";
    private static final String LOSS = "loss";
    private static final String WEIGHT = "weight";

    private Checkpoint() {}

    /// Where a run is.
    ///
    /// @param steps training steps that the model has taken
    /// @param updates of its parameters
    /// @param epochs epochs that it has finished
    /// @param epoch the run's epoch that is gone on with, from 1
    /// @param batch batches of that epoch that are done
    /// @param seconds that they took
    /// @param rate of their last update
    /// @param rateFactor what callbacks made of the rate
    /// @param penalties of that epoch so far, each times its real steps
    /// @param sums of that epoch so far
    /// @param reports of the run's epochs before
    record Position(
            long steps, long updates, int epochs, int epoch, int batch, double seconds, double rate, double rateFactor,
            double penalties, Tally sums, List<EpochReport> reports) {
        Position {
            reports = List.copyOf(reports);
        }
    }

    /// A run as a checkpoint sees it.
    ///
    /// @param losses with the names of outputs
    record Run(
            ModelFile.Content model,
            Training training,
            List<Objective> losses,
            Engine engine,
            Update update,
            Pass pass,
            Accumulation accumulation,
            Fit fit,
            List<Callback> callbacks) {
        /// Where the sums of a loss stand: of several under the output's name.
        private String sums(int loss) {
            return losses.size() == 1 ? "sums." : "sums." + losses.get(loss).output() + ".";
        }

        /// What it remembers as tensors, besides the parameters.
        SequencedMap<String, Tensor> tensors() {
            SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
            update.states()
                    .forEach((state, memory) -> model.parameters().views(memory).forEach(
                            (parameter, tensor) -> tensors.put("optimizer/" + state + "/" + parameter, tensor)));
            pass.carried().forEach((name, tensor) -> tensors.put("carried/" + name, tensor));
            accumulation.means().forEach((name, tensor) -> tensors.put("accumulated/" + name, tensor));
            return tensors;
        }

        /// How its data are cut. A position within an epoch means nothing with others.
        Map<String, String> cut() {
            Map<String, String> cut = new LinkedHashMap<>();
            cut.put("batchSize", String.valueOf(fit.batchSize()));
            cut.put("order", fit.order().name());
            cut.put("batches", String.valueOf(pass.batches()));
            cut.put("accumulate", String.valueOf(fit.accumulate()));
            cut.put("heldOut", fit.holdOut().map(Fit.HoldOut::toString).orElse("none"));
            return cut;
        }

        /// All that its results depend on, and that may be other than it was.
        Map<String, String> settings() {
            Engine.Description used = engine.description();
            Map<String, String> settings = new LinkedHashMap<>();
            settings.put("Rondo's version", version());
            settings.put("Java's version", Runtime.version().toString());
            settings.put("processor", used.cpu());
            settings.put("kernels", used.kernels());
            settings.put("isa", used.isa());
            settings.put("threads", String.valueOf(used.threads()));
            settings.put("providers", String.join(", ", used.providers()));
            settings.put("optimizer", training.optimizer().toString());
            settings.put("schedule", training.schedule().toString());
            settings.put(LOSS, training.losses().stream().map(Objective::toString).collect(Collectors.joining(", ")));
            settings.put("metrics", training.metrics().stream().map(Metric::name).collect(Collectors.joining(", ")));
            settings.put("clip", training.clip().toString());
            settings.put("groups", groups());
            return settings;
        }

        /// The parameters that learn in a way of their own: what a predicate selects, not how it is written.
        private String groups() {
            return Groups.of(training.groups(), model.parameters().trainedSlots().keySet()).entrySet().stream()
                    .filter(entry -> !entry.getValue().equals(Group.trained()))
                    .map(entry -> entry.getKey() + " " + entry.getValue())
                    .collect(Collectors.joining(", "));
        }
    }

    private static String version() {
        return Optional.ofNullable(Checkpoint.class.getModule().getDescriptor())
                .flatMap(ModuleDescriptor::rawVersion)
                .orElse("development");
    }

    /// Writes a checkpoint. The file is replaced whole or not at all.
    static void write(Path file, Run run, Position position) throws IOException {
        Map<String, String> state = new LinkedHashMap<>();
        state.put("steps", String.valueOf(position.steps()));
        state.put("updates", String.valueOf(position.updates()));
        state.put("epochs", String.valueOf(position.epochs()));
        state.put("epoch", String.valueOf(position.epoch()));
        state.put("batch", String.valueOf(position.batch()));
        state.put("seconds", String.valueOf(position.seconds()));
        state.put("rate", String.valueOf(position.rate()));
        state.put("rateFactor", String.valueOf(position.rateFactor()));
        state.put("accumulated", String.valueOf(run.accumulation().weights()));
        state.put("sums.penalties", String.valueOf(position.penalties()));
        for (int i = 0; i < run.losses().size(); i++) {
            write(state, run.sums(i), position.sums().totals().get(i));
        }
        run.settings().forEach((key, value) -> state.put(SETTING + key, value));
        run.cut().forEach((key, value) -> state.put(CUT + key, value));
        state.put(FINGERPRINT, Long.toHexString(run.pass().fingerprint()));
        for (EpochReport report : position.reports()) {
            String place = HISTORY + report.epoch() + ".";
            state.put(place + "rate", String.valueOf(report.rate()));
            state.put(place + "seconds", String.valueOf(report.seconds()));
            write(state, place + "training.", report.training());
            report.validation().ifPresent(scores -> write(state, place + "validation.", scores));
        }
        Memories memories = Memories.of(run.callbacks());
        state.putAll(memories.strings());
        SequencedMap<String, Tensor> tensors = run.tensors();
        tensors.putAll(memories.tensors());
        CheckpointFile.write(file, run.model(), state, tensors);
    }

    private static void write(Map<String, String> state, String place, Metric.Totals totals) {
        state.put(place + "loss", String.valueOf(totals.loss()));
        state.put(place + "correct", String.valueOf(totals.correct()));
        state.put(place + "squaredError", String.valueOf(totals.squaredError()));
        state.put(place + "absoluteError", String.valueOf(totals.absoluteError()));
        state.put(place + "steps", String.valueOf(totals.steps()));
        if (totals.weight() != totals.steps()) {
            state.put(place + WEIGHT, String.valueOf(totals.weight()));
        }
    }

    private static void write(Map<String, String> state, String place, Scores scores) {
        state.put(place + "loss", String.valueOf(scores.loss()));
        state.put(place + "steps", String.valueOf(scores.steps()));
        scores.metrics().forEach((name, value) -> state.put(place + METRIC + name, String.valueOf(value)));
    }

    /// What a checkpoint says, and what is not as it was.
    ///
    /// @param position where the run goes on
    /// @param resumption what callbacks are told
    /// @param next STOP where a callback had ended the run
    record Restored(Position position, Resumption resumption, Callback.Next next) {}

    /// Reads a checkpoint: the run's parameters, optimizer states and carried states are then as they were. Where that
    /// fails, they are untouched.
    ///
    /// @throws IOException if the file cannot be read or is no such file
    /// @throws IllegalArgumentException if it is of another model or other data
    /// @throws IllegalStateException if the run could not go on bit for bit, and that is not allowed
    static Restored read(Fit.Start start, Run run) throws IOException {
        try (CheckpointFile file = CheckpointFile.open(start.file())) {
            if (!file.network().equals(run.model().network())) {
                throw new IllegalArgumentException("resume: %s: expected a model of seed %d and layers %s, got seed %d and %s"
                        .formatted(
                                start.file(),
                                file.network().seed(),
                                file.network().layers(),
                                run.model().network().seed(),
                                run.model().network().layers()));
            }
            Fields fields = new Fields(file);
            fields.expect(CUT, run.cut());
            Position position = fields.position(run);
            Memories memories = Memories.of(run.callbacks());
            List<String> differences = fields.differences(run.settings());
            differences.addAll(memories.differences(file.state()));
            Resumption resumption = new Resumption(
                    start.file(), position.epoch(), position.batch(), position.steps(), differences);
            if (!resumption.isExact() && start.elsewhere() == Fit.Elsewhere.REFUSED) {
                throw new IllegalStateException(
                        "resume: %s: the run cannot go on bit for bit, since %s (it may where resuming elsewhere is allowed)"
                                .formatted(start.file(), String.join("; ", resumption.differences())));
            }
            checkData(run, fields, position);
            double accumulated = fields.notNegative("accumulated");
            Callback.Next next = memories.recall(file);
            run.pass().begin(position.epochs() + 1);
            SequencedMap<String, Tensor> tensors = run.tensors();
            tensors.putAll(memories.tensors(file));
            file.read(run.model().parameters(), tensors);
            run.pass().sums(position.sums());
            run.accumulation().resume(accumulated);
            return new Restored(position, resumption, next);
        }
    }

    /// Holds the last batch that was trained on against what these data have there.
    private static void checkData(Run run, Fields fields, Position position) throws ModelFormatException {
        String expected = fields.text(FINGERPRINT);
        boolean within = position.batch() > 0;
        int epoch = within ? position.epochs() + 1 : position.epochs();
        int index = within ? position.batch() - 1 : run.pass().batches() - 1;
        if (epoch > 0) {
            String actual = Long.toHexString(run.pass().fingerprint(epoch, index));
            if (!actual.equals(expected)) {
                throw new IllegalArgumentException(
                        "resume: %s: expected the data of the checkpoint, got others: batch %d of epoch %d differs"
                                .formatted(fields.file.file(), index + 1, epoch));
            }
        }
    }

    /// The strings of a checkpoint, read without trust.
    private record Fields(CheckpointFile file) {
        String text(String key) throws ModelFormatException {
            String value = file.state().get(key);
            if (value == null) {
                throw file.wrong(key, "expected a value, got none");
            }
            return value;
        }

        long whole(String key, long least, long most) throws ModelFormatException {
            String text = text(key);
            try {
                long value = Long.parseLong(text);
                if (value >= least && value <= most) {
                    return value;
                }
            } catch (NumberFormatException e) {
                throw file.wrong(key, "expected a whole number, got " + text);
            }
            throw file.wrong(key, "expected %d to %d, got %s".formatted(least, most, text));
        }

        double real(String key) throws ModelFormatException {
            String text = text(key);
            try {
                return Double.parseDouble(text);
            } catch (NumberFormatException e) {
                throw file.wrong(key, "expected a number, got " + text);
            }
        }

        double notNegative(String key) throws ModelFormatException {
            double value = real(key);
            if (!(value >= 0) || !Double.isFinite(value)) {
                throw file.wrong(key, "expected a finite number of at least 0, got " + value);
            }
            return value;
        }

        double factor(String key) throws ModelFormatException {
            double value = real(key);
            if (!(value > 0) || !Double.isFinite(value)) {
                throw file.wrong(key, "expected a finite number above 0, got " + value);
            }
            return value;
        }

        void expect(String place, Map<String, String> expected) throws ModelFormatException {
            for (Map.Entry<String, String> entry : expected.entrySet()) {
                String was = text(place + entry.getKey());
                if (!was.equals(entry.getValue())) {
                    throw new IllegalArgumentException("resume: %s: %s: expected %s, as in the checkpoint, got %s"
                            .formatted(file.file(), entry.getKey(), was, entry.getValue()));
                }
            }
        }

        List<String> differences(Map<String, String> settings) throws ModelFormatException {
            List<String> differences = new ArrayList<>();
            for (Map.Entry<String, String> entry : settings.entrySet()) {
                String was = text(SETTING + entry.getKey());
                if (!Objects.equals(was, entry.getValue())) {
                    differences.add("%s was %s and is %s".formatted(
                            entry.getKey(), orNone(was), orNone(entry.getValue())));
                }
            }
            return differences;
        }

        private static String orNone(String text) {
            return text.isEmpty() ? "none" : text;
        }

        Position position(Run run) throws ModelFormatException {
            int epoch = (int) whole("epoch", 1, Integer.MAX_VALUE);
            Map<String, Map<String, Double>> metrics = metrics();
            List<EpochReport> reports = new ArrayList<>();
            for (int number = 1; number < epoch; number++) {
                String place = HISTORY + number + ".";
                Optional<Scores> validation = file.state().containsKey(place + "validation.loss")
                        ? Optional.of(scores(place + "validation.", metrics))
                        : Optional.empty();
                reports.add(new EpochReport(
                        number,
                        scores(place + "training.", metrics),
                        validation,
                        real(place + "rate"),
                        real(place + "seconds")));
            }
            return new Position(
                    whole("steps", 0, Long.MAX_VALUE),
                    whole("updates", 0, Long.MAX_VALUE),
                    (int) whole("epochs", epoch - 1, Integer.MAX_VALUE - 1),
                    epoch,
                    (int) whole("batch", 0, run.pass().batches()),
                    real("seconds"),
                    real("rate"),
                    factor("rateFactor"),
                    sameLosses(run) ? real("sums.penalties") : 0,
                    sums(run),
                    reports);
        }

        private boolean sameLosses(Run run) throws ModelFormatException {
            return text(SETTING + LOSS).equals(run.settings().get(LOSS));
        }

        /// Sums begin anew where the losses are others.
        private Tally sums(Run run) throws ModelFormatException {
            if (!sameLosses(run)) {
                return Tally.none(run.losses().size());
            }
            List<Metric.Totals> totals = new ArrayList<>();
            for (int i = 0; i < run.losses().size(); i++) {
                String place = run.sums(i);
                totals.add(new Metric.Totals(
                        real(place + "loss"),
                        real(place + "correct"),
                        real(place + "squaredError"),
                        real(place + "absoluteError"),
                        whole(place + "steps", 0, Long.MAX_VALUE),
                        file.state().containsKey(place + WEIGHT) ? real(place + WEIGHT) : real(place + "steps")));
            }
            return new Tally(totals);
        }

        private Scores scores(String place, Map<String, Map<String, Double>> metrics) throws ModelFormatException {
            return new Scores(
                    real(place + "loss"),
                    metrics.getOrDefault(place, Map.of()),
                    whole(place + "steps", 0, Long.MAX_VALUE));
        }

        /// The metrics of the history by their place.
        private Map<String, Map<String, Double>> metrics() throws ModelFormatException {
            Map<String, Map<String, Double>> metrics = new LinkedHashMap<>();
            for (String key : file.state().keySet()) {
                int at = key.indexOf(METRIC);
                if (at >= 0 && key.startsWith(HISTORY)) {
                    metrics.computeIfAbsent(key.substring(0, at), _ -> new LinkedHashMap<>())
                            .put(key.substring(at + METRIC.length()), real(key));
                }
            }
            return metrics;
        }
    }
}
