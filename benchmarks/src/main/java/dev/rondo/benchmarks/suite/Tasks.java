package dev.rondo.benchmarks.suite;

import dev.rondo.benchmarks.peer.Cell;
import dev.rondo.benchmarks.peer.Model;
import dev.rondo.benchmarks.peer.Pass;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// What there is to measure, by suite.
final class Tasks {
    private static final List<Cell> CELLS = List.of(Cell.LSTM, Cell.GRU_RESET_AFTER);
    private static final List<Pass> PASSES = List.of(Pass.INFERENCE, Pass.TRAINING);
    private static final List<Integer> CALLING_THREADS = List.of(1, 2, 4, 8);

    private Tasks() {}

    /// What to leave in.
    ///
    /// @param quick whether of the kernels only S1, S2, M1, M2, ST64, ST256
    /// @param threads how many threads to use
    /// @param filter found in what [Task#toString] says; empty for everything
    /// @param shape instead of the kernels' own
    record Choice(boolean quick, List<Integer> threads, String filter, Optional<LayerShape> shape) {
        /// All there is.
        static Choice standard() {
            return new Choice(false, List.of(1, 2), "", Optional.empty());
        }
    }

    /// The tasks of a suite that the processes of implementations do, in an order that begins with the small ones. None
    /// of `startup`, which is measured otherwise.
    static List<Task> of(Suite suite, Choice choice) {
        Stream<Task> tasks = switch (suite) {
            case KERNELS -> kernels(choice).stream();
            case MODELS -> models(choice);
            case LENGTHS -> lengths(choice);
            case CALLS -> layers(suite, choice, List.of("ST64", "ST256", "S1", "M1", "M2"));
            case LATENCY -> latency();
            case STARTUP -> Stream.of();
            case ALL -> throw new IllegalArgumentException("expected one suite, got all");
        };
        Predicate<String> wanted = Pattern.compile(choice.filter).asPredicate();
        return tasks.filter(task -> wanted.test(task.toString())).toList();
    }

    /// The task that a row is of, if it is one of those by name.
    static Optional<Task> find(Row row) {
        return Arrays.stream(Suite.values())
                .filter(suite -> suite.id().equals(row.suite()))
                .flatMap(suite -> of(suite, new Choice(false, List.of(row.threads()), "", Optional.empty())).stream())
                .filter(task -> task.workload().equals(row.workload()) && task.cell().equals(row.cell())
                        && task.passId().equals(row.pass()) && task.threads() == row.threads())
                .findFirst();
    }

    private static List<Task> kernels(Choice choice) {
        if (choice.shape.isPresent()) {
            return layers(Suite.KERNELS, choice.shape.get(), choice.threads).toList();
        }
        List<String> names = choice.quick
                ? List.of("ST64", "ST256", "S1", "S2", "M1", "M2")
                : Stream.of(LayerShape.STEPS, LayerShape.SINGLE, LayerShape.BATCHED)
                        .flatMap(List::stream)
                        .map(LayerShape::name)
                        .toList();
        return layers(Suite.KERNELS, choice, names).toList();
    }

    private static Stream<Task> layers(Suite suite, Choice choice, List<String> shapes) {
        return shapes.stream().flatMap(name -> layers(suite, LayerShape.named(name), choice.threads));
    }

    private static Stream<Task> layers(Suite suite, LayerShape shape, List<Integer> threads) {
        List<Pass> passes = shape.isStep() ? List.of(Pass.STEP) : PASSES;
        return CELLS.stream().flatMap(cell -> tasks(
                suite, shape.name(), new Task.Layer(cell, shape, false), passes, threads));
    }

    private static Stream<Task> tasks(
            Suite suite, String workload, Task.Subject subject, List<Pass> passes, List<Integer> threads) {
        return passes.stream()
                .flatMap(pass -> threads.stream().map(number -> new Task(suite, workload, subject, pass, number)));
    }

    private static Stream<Task> models(Choice choice) {
        return Stream.of(
                        new Task.Network(Model.FORECASTER, 32, 100),
                        new Task.Network(Model.CHARACTER, 32, 64),
                        new Task.Network(Model.PTB, 20, 20))
                .flatMap(network -> tasks(
                        Suite.MODELS, network.model().name().toLowerCase(Locale.ROOT), network, PASSES,
                        choice.threads));
    }

    private static Stream<Task> lengths(Choice choice) {
        LayerShape shape = LayerShape.named("M2");
        List<Task> tasks = new ArrayList<>();
        for (Cell cell : CELLS) {
            tasks(Suite.LENGTHS, "M2", new Task.Layer(cell, shape, false), PASSES, choice.threads).forEach(tasks::add);
            tasks(Suite.LENGTHS, "M2-ragged", new Task.Layer(cell, shape, true), PASSES, choice.threads)
                    .forEach(tasks::add);
        }
        return tasks.stream();
    }

    private static Stream<Task> latency() {
        return LayerShape.STEPS.stream().flatMap(shape -> CELLS.stream().flatMap(cell -> tasks(
                Suite.LATENCY, shape.name(), new Task.Layer(cell, shape, false), List.of(Pass.STEP),
                CALLING_THREADS)));
    }
}
