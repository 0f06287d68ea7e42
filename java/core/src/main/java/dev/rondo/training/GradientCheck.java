package dev.rondo.training;

import dev.rondo.data.Dataset;
import dev.rondo.data.Seeds;
import dev.rondo.graph.Gradients;
import dev.rondo.graph.Graph;
import dev.rondo.graph.Value;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Parameters;
import dev.rondo.plan.Plan;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Tensor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/// Holds the gradients that a model learns by against slopes of its loss: central differences, (L(w + h) - L(w - h)) /
/// 2h of one number w of a parameter at a time, taken in float64 by the reference kernels. For models with cells or
/// combinations of layers of one's own, on a small batch:
///
/// ```java
/// model.compile(training);
/// GradientCheck.standard().run(model.trainer(), data).check();
/// ```
///
/// The error of a number is |gradient - slope|, divided by the larger magnitude of both, or by a floor where that is
/// larger: small gradients are lost in the rounding of the loss. Where it is above the tolerance the slope is taken
/// again with a tenth of h, and the smaller error counts: between w - h and w + h may lie a corner, of a rectifier for
/// instance. With h = 1e-5 a difference errs by about h² L''' / 6, 1e-10 or so, and by the rounding of the loss, 1e-16
/// L / h; a wrong formula errs by about 1.
///
/// @param step h where |w| is at most 1; elsewhere h = step |w|
/// @param tolerance the error that is allowed
/// @param samples how many numbers of a parameter are looked at, at least 1; of a larger one they are drawn
/// @param seed by which they are drawn
/// @param source whose gradients are looked at
public record GradientCheck(double step, double tolerance, int samples, long seed, Source source) {
    /// Of the largest slope of all parameters, what counts as small.
    private static final double FLOOR = 1e-3;

    /// Of the loss, what counts as a small slope.
    private static final double LOSS_FLOOR = 1e-4;

    /// Whose gradients are looked at.
    public enum Source {
        /// Those of the reference kernels in float64: whether the formulas are right.
        REFERENCE,
        /// Those that the model trains by, of the kernels it was compiled for in float32: whether they are right, too.
        /// An error is of the largest gradient of its parameter, since sums in float32 are as exact as their largest
        /// terms.
        TRAINING
    }

    public GradientCheck {
        if (!(step > 0 && step < 1)) {
            throw new IllegalArgumentException("step: expected a number above 0 and below 1, got " + step);
        }
        if (!(tolerance > 0) || Double.isInfinite(tolerance)) {
            throw new IllegalArgumentException("tolerance: expected a number above 0, got " + tolerance);
        }
        if (samples < 1) {
            throw new IllegalArgumentException("samples: expected at least 1, got " + samples);
        }
    }

    /// Of the reference kernels, 40 numbers of each parameter, within 1e-5.
    public static GradientCheck standard() {
        return new GradientCheck(1e-5, 1e-5, 40, 0, Source.REFERENCE);
    }

    /// Of the kernels that the model was compiled for, within 1e-3: of sums of some thousand terms in float32.
    public GradientCheck ofTraining() {
        return new GradientCheck(step, Math.max(tolerance, 1e-3), samples, seed, Source.TRAINING);
    }

    /// With another h.
    public GradientCheck step(double step) {
        return new GradientCheck(step, tolerance, samples, seed, source);
    }

    /// With another error that is allowed.
    public GradientCheck tolerance(double tolerance) {
        return new GradientCheck(step, tolerance, samples, seed, source);
    }

    /// Looking at so many numbers of each parameter.
    public GradientCheck samples(int samples) {
        return new GradientCheck(step, tolerance, samples, seed, source);
    }

    /// With another draw.
    public GradientCheck seed(long seed) {
        return new GradientCheck(step, tolerance, samples, seed, source);
    }

    /// What was found of a number.
    ///
    /// @param parameter its path, such as `lstm/weightIh`
    /// @param place its indices, such as `[3,17]`
    /// @param expected the slope
    /// @param actual the gradient
    /// @param error between them, see [GradientCheck]; NaN where one is
    public record Entry(String parameter, String place, double expected, double actual, double error) {
        @Override
        public String toString() {
            return "%s%s: expected %.9g by central differences, got %.9g, an error of %.3g"
                    .formatted(parameter, place, expected, actual, error);
        }
    }

    /// What was found.
    ///
    /// @param worst the number of each parameter with the largest error
    /// @param numbers how many were looked at
    /// @param tolerance the error that is allowed
    public record Report(List<Entry> worst, int numbers, double tolerance) {
        private static final Comparator<Entry> BY_ERROR = Comparator.comparingDouble(Entry::error);

        /// Copies the list.
        public Report {
            worst = List.copyOf(worst);
            if (worst.isEmpty()) {
                throw new IllegalArgumentException("worst: expected at least one parameter, got none");
            }
        }

        /// The number with the largest error of all.
        public Entry largest() {
            return worst.stream().max(BY_ERROR).orElseThrow();
        }

        /// Whether no error is above the tolerance.
        public boolean passes() {
            return largest().error() <= tolerance;
        }

        /// Does nothing if all errors are allowed.
        ///
        /// @return this report
        /// @throws IllegalStateException if one is not: with the parameter, the place, what was expected and what came
        public Report check() {
            if (!passes()) {
                throw new IllegalStateException("gradient of " + largest() + ", above " + tolerance);
            }
            return this;
        }

        @Override
        public String toString() {
            StringBuilder text = new StringBuilder();
            worst.forEach(entry -> text.append(entry).append('\n'));
            return text.toString();
        }
    }

    /// A scalar of a graph with its gradients, and numbers to run it on.
    ///
    /// @param gradients the graph and its gradients
    /// @param loss the scalar, one of the graph's outputs
    /// @param parameters first numbers of the graph's parameters
    /// @param inputs numbers of the graph's inputs; those that are missing are zeros
    /// @param extents batch and times of the run
    public record Case(
            Gradients gradients, Value loss, Parameters parameters, Map<Value, Tensor> inputs, Extents extents) {
        /// Checks that the loss can be read and numbers fit.
        public Case {
            inputs = Map.copyOf(inputs);
            if (!gradients.graph().outputs().containsValue(loss) || loss.shape().rank() != 0) {
                throw new IllegalArgumentException(
                        "loss: expected a scalar among the graph's outputs, got " + loss);
            }
            inputs.forEach((value, tensor) -> {
                if (!tensor.shape().equals(value.shape().resolve(extents))) {
                    throw new IllegalArgumentException("%s: expected %s, got %s"
                            .formatted(value.name(), value.shape().resolve(extents), tensor.shape()));
                }
            });
        }
    }

    /// Looks at a model on the first 32 examples or fewer, with dropout as in a first step of training.
    ///
    /// @param trainer of the model, which stays as it is
    /// @throws IllegalArgumentException as [dev.rondo.Model#fit]
    public Report run(Trainer trainer, Dataset data) {
        return run(trainer, data, Fit.DEFAULT_BATCH);
    }

    /// Looks at a model on the first batch of the data.
    ///
    /// @param trainer of the model, which stays as it is
    /// @param batchSize examples of the batch, or parallel streams
    /// @throws IllegalArgumentException as [dev.rondo.Model#fit]
    public Report run(Trainer trainer, Dataset data, int batchSize) {
        return trainer.differentiate(data, batchSize, (differentiated, gradients) -> switch (source) {
            case REFERENCE -> run(differentiated);
            case TRAINING -> compare(differentiated, gradients, true);
        });
    }

    /// Looks at the gradients of a graph by all floats that they were taken of, inputs too, in float64 by the reference
    /// kernels, whatever the source.
    public Report run(Case differentiated) {
        Extents extents = differentiated.extents();
        Gradients gradients = differentiated.gradients();
        try (Parameters parameters = widened(differentiated);
                Plan plan = Plan.training(gradients, parameters, Engine.java().engine(), extents)) {
            write(plan, differentiated);
            plan.run(extents);
            Map<String, double[]> actual = new LinkedHashMap<>();
            gradients.byValue().forEach((value, gradient) ->
                    actual.put(value.name(), plan.tensor(gradient, extents).toDoubles()));
            return compare(differentiated, actual, false);
        }
    }

    /// Holds gradients by name against slopes.
    ///
    /// @param single whether they were computed in float32
    Report compare(Case differentiated, Map<String, double[]> actual, boolean single) {
        Graph graph = differentiated.gradients().graph();
        // Of the nodes of the gradients none is needed, so that none is run.
        Gradients none = Gradients.of(graph, differentiated.loss(), List.of());
        try (Parameters parameters = widened(differentiated);
                Plan plan = Plan.training(none, parameters, Engine.java().engine(), differentiated.extents())) {
            write(plan, differentiated);
            Slopes slopes = new Slopes(differentiated, parameters, plan);
            List<Sample> all = new ArrayList<>();
            for (Value value : differentiated.gradients().byValue().keySet()) {
                double[] gradient = actual.get(value.name());
                Tensor numbers = slopes.numbers(value);
                if (gradient == null || gradient.length != numbers.elements()) {
                    throw new IllegalArgumentException("%s: expected a gradient of %s, got %s numbers"
                            .formatted(value.name(), numbers.shape(), gradient == null ? "no" : gradient.length));
                }
                for (int index : drawn(value.name(), gradient.length)) {
                    all.add(new Sample(value, numbers, index, slopes.at(numbers, index, step), gradient[index]));
                }
            }
            return report(all, slopes, single);
        }
    }

    private record Sample(Value value, Tensor numbers, int index, double slope, double gradient) {}

    private Report report(List<Sample> all, Slopes slopes, boolean single) {
        double largest = all.stream()
                .mapToDouble(sample -> Math.abs(sample.slope()))
                .filter(Double::isFinite)
                .max()
                .orElse(0);
        double floor = Math.max(FLOOR * largest, LOSS_FLOOR * Math.abs(slopes.loss()));
        Map<Value, Double> floors = new LinkedHashMap<>();
        all.forEach(sample -> floors.merge(
                sample.value(), single ? Math.max(floor, Math.abs(sample.slope())) : floor, Math::max));
        Map<Value, Entry> worst = new LinkedHashMap<>();
        for (Sample sample : all) {
            double least = floors.getOrDefault(sample.value(), floor);
            Entry entry = entry(sample, sample.slope(), least);
            if (!(entry.error() <= tolerance)) {
                Entry again = entry(sample, slopes.at(sample.numbers(), sample.index(), step / 10), least);
                entry = again.error() < entry.error() ? again : entry;
            }
            Entry before = worst.get(sample.value());
            if (before == null || Report.BY_ERROR.compare(entry, before) > 0) {
                worst.put(sample.value(), entry);
            }
        }
        return new Report(List.copyOf(worst.values()), all.size(), tolerance);
    }

    private static Entry entry(Sample sample, double slope, double floor) {
        double difference = Math.abs(sample.gradient() - slope);
        double scale = Math.max(floor, Math.max(Math.abs(slope), Math.abs(sample.gradient())));
        double error = difference == 0 ? 0 : difference / scale;
        String place = Numbers.place(sample.index(), sample.numbers().shape());
        return new Entry(sample.value().name(), place, slope, sample.gradient(), error);
    }

    /// The loss with one number moved.
    private static final class Slopes {
        private final Case differentiated;
        private final Parameters parameters;
        private final Plan plan;

        Slopes(Case differentiated, Parameters parameters, Plan plan) {
            this.differentiated = differentiated;
            this.parameters = parameters;
            this.plan = plan;
        }

        /// The numbers of a value, where they can be changed.
        Tensor numbers(Value value) {
            return parameters.slots().containsKey(value.name())
                    ? parameters.tensor(value.name())
                    : plan.tensor(value, differentiated.extents());
        }

        double at(Tensor numbers, int index, double step) {
            double before = numbers.get(index);
            double h = step * Math.max(1, Math.abs(before));
            numbers.set(index, before + h);
            double above = loss();
            numbers.set(index, before - h);
            double below = loss();
            numbers.set(index, before);
            return (above - below) / (2 * h);
        }

        double loss() {
            parameters.changed();
            plan.clearCarried();
            plan.run(differentiated.extents());
            return plan.scalar(differentiated.loss());
        }
    }

    private static Parameters widened(Case differentiated) {
        Parameters wide = Parameters.of(differentiated.gradients().graph(), DataType.FLOAT64);
        wide.tensors().forEach((name, tensor) -> copy(differentiated.parameters().tensor(name), tensor));
        wide.changed();
        return wide;
    }

    private static void write(Plan plan, Case differentiated) {
        for (Value input : plan.graph().inputs()) {
            Tensor given = differentiated.inputs().get(input);
            if (given != null && plan.keeps(input)) {
                copy(given, plan.tensor(input, differentiated.extents()));
            }
        }
    }

    private static void copy(Tensor from, Tensor to) {
        for (long i = 0; i < to.elements(); i++) {
            to.set(i, from.get(i));
        }
    }

    private int[] drawn(String name, int count) {
        if (count <= samples) {
            return IntStream.range(0, count).toArray();
        }
        RandomGenerator random = Seeds.generator(seed, "gradient check of " + name, 0);
        SequencedSet<Integer> drawn = new LinkedHashSet<>();
        while (drawn.size() < samples) {
            drawn.add(random.nextInt(count));
        }
        return drawn.stream().mapToInt(Integer::intValue).toArray();
    }
}
