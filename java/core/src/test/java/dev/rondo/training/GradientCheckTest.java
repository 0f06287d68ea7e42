package dev.rondo.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Functional;
import dev.rondo.Model;
import dev.rondo.Runs;
import dev.rondo.Sequential;
import dev.rondo.data.Dataset;
import dev.rondo.data.Seeds;
import dev.rondo.graph.Value;
import dev.rondo.layers.Activation;
import dev.rondo.layers.Attention;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Dropout;
import dev.rondo.layers.Embedding;
import dev.rondo.layers.Gru;
import dev.rondo.layers.Input;
import dev.rondo.layers.Layer;
import dev.rondo.layers.Lstm;
import dev.rondo.layers.Rnn;
import dev.rondo.layers.Symbol;
import dev.rondo.layers.Symbols;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class GradientCheckTest {
    private static final int EXAMPLES = 5;
    private static final int TIME = 6;
    private static final int FEATURES = 3;

    private static Sequential model(Layer... layers) {
        Sequential.Builder builder = Sequential.builder().seed(3).add(Input.features(Shape.TIME, FEATURES));
        for (Layer layer : layers) {
            builder.add(layer);
        }
        return builder.build();
    }

    private static Functional attentive(Attention attention) {
        Functional.Builder b = Functional.builder();
        Symbol x = b.input(Input.features(Shape.TIME, FEATURES));
        Symbols encoder = b.apply(Lstm.units(4).returnSequences(), x);
        return b.output("y", b.add(Dense.units(2), b.add(attention, encoder.h(), encoder.y()))).seed(3).build();
    }

    private static Dataset data() {
        return Dataset.of(
                        Runs.features(Seeds.generator(1, "x", 0), EXAMPLES, TIME, FEATURES),
                        Runs.features(Seeds.generator(1, "y", 0), EXAMPLES, 2))
                .lengths(6, 2, 4, 1, 5);
    }

    private static Trainer compiled(Model model, Choice kernels) {
        model.compile(Training.optimizer(Sgd.rate(0.1)).loss(Loss.meanSquaredError()).engine(Runs.engine(kernels)));
        return model.trainer();
    }

    private static List<Model> models() {
        return List.of(
                model(Lstm.units(4).returnSequences(), Dropout.rate(0.3), Lstm.units(3).recurrentDropout(0.2), Dense.units(2)),
                model(Gru.units(4).trainedInitialState(), Dense.units(2).activation(Activation.RELU)),
                model(
                        Rnn.of((s, x) -> {
                            Value h = s.state("h", 4);
                            return s.next(h, s.tanh(s.add(s.dense("input", x, 4), s.recurrent("state", h, 4))));
                        }),
                        Dense.units(2)),
                attentive(Attention.dot()),
                attentive(Attention.scaledDot()),
                attentive(Attention.general()),
                attentive(Attention.additive(5)));
    }

    @ParameterizedTest
    @EnumSource(value = Choice.class, names = {"NATIVE", "JAVA"})
    void rightGradientsPass(Choice kernels) {
        for (Model model : models()) {
            try (model) {
                Map<String, List<Float>> before = Runs.parameters(model);
                Trainer trainer = compiled(model, kernels);
                GradientCheck.Report report = GradientCheck.standard().run(trainer, data()).check();
                assertEquals(model.parameters().size(), report.worst().size());
                GradientCheck.standard().ofTraining().run(trainer, data()).check();
                assertEquals(before, Runs.parameters(model));
                assertEquals(0, trainer.steps());
            }
        }
    }

    @Test
    void streamsAndClassesPass() {
        try (Model model = Sequential.of(
                Input.ids(Shape.TIME), Embedding.of(Runs.vocabulary(), 3), Gru.units(4).returnSequences(),
                Dense.units(Runs.vocabulary()))) {
            model.compile(Training.optimizer(Sgd.rate(0.1)).engine(Runs.engine(Choice.NATIVE)));
            GradientCheck.standard().run(model.trainer(), Runs.streams(40, 5), 3).check();
            GradientCheck.standard().ofTraining().run(model.trainer(), Runs.streams(40, 5), 3).check();
        }
    }

    /// Gradients of one model beside slopes of another, whose activation is a different one: what a wrong derivative of
    /// an operation looks like.
    @Test
    void aWrongDerivativeIsFound() {
        Map<String, double[]> gradients = new HashMap<>();
        try (Sequential right = model(Gru.units(4), Dense.units(2).activation(Activation.TANH));
                Sequential wrong = model(Gru.units(4), Dense.units(2).activation(Activation.SIGMOID))) {
            compiled(wrong, Choice.JAVA).differentiate(data(), EXAMPLES, (differentiated, own) -> {
                gradients.putAll(own);
                return 0;
            });
            GradientCheck.Report report = compiled(right, Choice.JAVA).differentiate(
                    data(), EXAMPLES,
                    (differentiated, own) -> GradientCheck.standard().ofTraining().compare(differentiated, gradients, true));
            assertFalse(report.passes());
            assertThrows(IllegalStateException.class, report::check);
        }
    }

    /// One wrong number among all: its parameter, place and values are told.
    @Test
    void aWrongNumberIsNamed() {
        for (UnaryOperator<Double> change : List.<UnaryOperator<Double>>of(g -> g + 0.01, g -> -g, g -> 1.001 * g, g -> Double.NaN)) {
            try (Sequential model = model(Lstm.units(4), Dense.units(2))) {
                compiled(model, Choice.JAVA).differentiate(data(), EXAMPLES, (differentiated, own) -> {
                    double[] bias = own.get("dense/bias");
                    double right = bias[1];
                    GradientCheck check = GradientCheck.standard();
                    check.tolerance(1e-4).compare(differentiated, own, false).check();
                    bias[1] = change.apply(right);
                    GradientCheck.Report report = check.tolerance(1e-4).compare(differentiated, own, false);
                    GradientCheck.Entry entry = report.largest();
                    assertEquals("dense/bias", entry.parameter());
                    assertEquals("[1]", entry.place());
                    assertEquals(right, entry.expected(), 1e-4 * Math.abs(right));
                    assertEquals(bias[1], entry.actual());
                    String message = assertThrows(IllegalStateException.class, report::check).getMessage();
                    assertTrue(String.valueOf(message).startsWith("gradient of dense/bias[1]: expected "), message);
                    return 0;
                });
            }
        }
    }

    /// A corner of a rectifier between two values of the loss is none of the gradient's faults.
    @Test
    void cornersAreLookedAtAgain() {
        try (Sequential model = Sequential.of(Input.features(1), Dense.units(1).activation(Activation.RELU))) {
            model.setParameter("dense/weight", Tensor.of(new float[] {0.5e-5f}, 1, 1));
            model.setParameter("dense/bias", Tensor.of(new float[] {0}, 1));
            Trainer trainer = compiled(model, Choice.JAVA);
            Dataset one = Dataset.of(Tensor.of(new float[] {1}, 1, 1), Tensor.of(new float[] {1}, 1, 1));
            GradientCheck.standard().run(trainer, one).check();
        }
    }

    @Test
    void largeParametersAreSampledBySeed() {
        try (Sequential model = model(Lstm.units(4), Dense.units(2))) {
            Trainer trainer = compiled(model, Choice.JAVA);
            GradientCheck few = GradientCheck.standard().samples(3);
            GradientCheck.Report report = few.run(trainer, data());
            // weightIh, weightHh, bias and dense/weight give three each, dense/bias its two.
            assertEquals(14, report.numbers());
            assertEquals(report, few.run(trainer, data()));
            assertFalse(report.worst().equals(few.seed(1).run(trainer, data()).worst()));
        }
    }

    @Test
    void wrongSettingsAreRefused() {
        GradientCheck check = GradientCheck.standard();
        assertEquals("step: expected a number above 0 and below 1, got 0.0", refused(() -> check.step(0)));
        assertEquals("tolerance: expected a number above 0, got NaN", refused(() -> check.tolerance(Double.NaN)));
        assertEquals("samples: expected at least 1, got 0", refused(() -> check.samples(0)));
        assertEquals("worst: expected at least one parameter, got none", refused(() -> new GradientCheck.Report(List.of(), 0, 1)));
        try (Sequential model = model(Lstm.units(4), Dense.units(2))) {
            Trainer trainer = compiled(model, Choice.JAVA);
            assertEquals("batchSize: expected at least 1, got 0", refused(() -> check.run(trainer, data(), 0)));
            trainer.differentiate(data(), 2, (differentiated, own) -> {
                own.remove("dense/bias");
                assertEquals("dense/bias: expected a gradient of [2], got no numbers",
                        refused(() -> check.compare(differentiated, own, false)));
                Value x = differentiated.gradients().graph().value("x");
                assertEquals("loss: expected a scalar among the graph's outputs, got x [B,T,3]", refused(() -> new GradientCheck.Case(
                        differentiated.gradients(), x, differentiated.parameters(), Map.of(), differentiated.extents())));
                assertEquals("x: expected [2,6,3], got [1]", refused(() -> new GradientCheck.Case(
                        differentiated.gradients(), differentiated.loss(), differentiated.parameters(),
                        Map.of(x, Tensor.of(new float[] {1}, 1)), differentiated.extents())));
                return 0;
            });
        }
    }

    private static String refused(Executable call) {
        return String.valueOf(assertThrows(IllegalArgumentException.class, call).getMessage());
    }
}
