package dev.rondo.benchmarks.suite;

import dev.rondo.benchmarks.peer.Data;
import dev.rondo.benchmarks.peer.Pass;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// Whether an implementation's results are right: each array within a bound of what pure Java came to, as a share of the
/// largest magnitude expected in the array.
///
/// A number of y is a sum of I + H products that is rounded at each addition: eps (I + H) at the very worst. What comes
/// back through time sums G H products more, and gradients of weights and biases B T terms. Worst cases of as many
/// roundings add up; that errors are passed on from step to step is covered by how far from the worst they are (their
/// signs differ: the square root of so many). Libraries approximate sigmoid and tanh within 2e-6 or so, which a
/// recurrence sees again at each step, hence [#ACTIVATIONS]. Swapped gates, a tail forgotten or a bias added twice are
/// off by 1e-2 and more.
final class Tolerance {
    /// What approximations of sigmoid and tanh may come to.
    private static final double ACTIVATIONS = 1e-5;
    /// Losses are means of logarithms: numbers of one to ten that differ by what the logits do.
    private static final double LOSSES = 1e-4;
    private static final double EPSILON = Math.ulp(1f);

    private Tolerance() {}

    /// The share of the largest magnitude by which numbers of a result may differ.
    static double of(Task task, String result) {
        double terms = switch (task.subject()) {
            case Task.Layer layer -> {
                LayerShape shape = layer.shape();
                int forward = shape.input() + shape.hidden();
                int back = layer.cell().gates() * shape.hidden();
                yield switch (result) {
                    case "y" -> forward;
                    case "dx" -> forward + back;
                    default -> forward + back + (double) shape.batch() * shape.time();
                };
            }
            case Task.Network network -> (network.model().layers() + 1) * 2.0 * network.model().hidden();
        };
        return result.equals("losses") ? LOSSES : ACTIVATIONS + EPSILON * terms;
    }

    /// What is wrong with results, if anything: the worst of the arrays that are.
    ///
    /// @param expected the folder of the reference's
    /// @param actual the folder of the implementation's
    static Optional<String> mistake(Task task, Path expected, Path actual) throws IOException {
        List<String> names;
        try (Stream<Path> files = Files.list(expected)) {
            names = files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".f32"))
                    .map(name -> name.substring(0, name.length() - ".f32".length()))
                    .sorted()
                    .toList();
        }
        if (names.isEmpty()) {
            throw new IllegalStateException(expected + ": no results of the reference");
        }
        for (String name : names) {
            Optional<String> mistake = mistake(task, name, expected, actual);
            if (mistake.isPresent()) {
                return mistake;
            }
        }
        return Optional.empty();
    }

    private static Optional<String> mistake(Task task, String name, Path expected, Path actual) {
        if (!Files.exists(actual.resolve(name + ".f32"))) {
            return Optional.of(name + " is missing");
        }
        try {
            int count = Math.toIntExact(Files.size(expected.resolve(name + ".f32")) / Float.BYTES);
            return mistake(task, name, Data.floats(expected, name, count), Data.floats(actual, name, count));
        } catch (IllegalArgumentException | IOException e) {
            return Optional.of(name + ": " + e.getMessage());
        }
    }

    static Optional<String> mistake(Task task, String name, float[] expected, float[] actual) {
        double largest = 0;
        for (float value : expected) {
            largest = Math.max(largest, Math.abs(value));
        }
        double bound = of(task, name) * largest;
        double worst = -1;
        int at = 0;
        for (int i = 0; i < expected.length; i++) {
            // A NaN on either side compares as false with everything: it must not pass.
            double difference = Math.abs((double) expected[i] - actual[i]);
            if (!(difference <= Math.max(bound, worst))) {
                worst = Double.isNaN(difference) ? Double.POSITIVE_INFINITY : difference;
                at = i;
            }
        }
        return worst < 0
                ? Optional.empty()
                : Optional.of("%s[%d] is %.6g instead of %.6g (allowed: %.2g)"
                        .formatted(name, at, actual[at], expected[at], bound));
    }

    /// How many more operations than one call's go into what is checked.
    static int checkedCalls(Task task) {
        return switch (task.subject()) {
            case Task.Layer layer -> task.pass() == Pass.STEP ? layer.shape().time() : 1;
            case Task.Network _ -> task.pass() == Pass.TRAINING ? 3 : 1;
        };
    }
}
