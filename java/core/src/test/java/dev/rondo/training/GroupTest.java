package dev.rondo.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Runs;
import dev.rondo.Sequential;
import dev.rondo.data.Dataset;
import dev.rondo.data.Seeds;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Input;
import dev.rondo.layers.Lstm;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Parameters that learn in a way of their own; the arithmetic is held by TreatmentTest.
class GroupTest {
    private static final Dataset DATA = Dataset.of(
            Runs.features(Seeds.generator(1, "x", 0), 6, 5, 3), Tensor.of(new int[] {0, 1, 1, 0, 1, 0}, 6));

    private static Sequential model() {
        return Sequential.of(Input.features(Shape.TIME, 3), Lstm.units(4), Dense.units(2));
    }

    private static Training training(Choice kernels) {
        return Training.optimizer(Sgd.rate(0.1)).metrics(Metric.perplexity()).engine(Runs.engine(kernels));
    }

    private static Map<String, List<Float>> trained(Training training) {
        try (Sequential model = model()) {
            model.compile(training);
            model.fit(DATA, Fit.epochs(2).batchSize(3));
            return Runs.parameters(model);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void whatIsFrozenStaysAndTheOthersLearn(Choice kernels) {
        Map<String, List<Float>> first;
        try (Sequential model = model()) {
            first = Runs.parameters(model);
        }
        Map<String, List<Float>> last = trained(training(kernels).group("lstm/*", Group.frozen()));
        first.forEach((name, values) -> {
            if (name.startsWith("lstm/")) {
                assertEquals(values, last.get(name), name);
            } else {
                assertNotEquals(values, last.get(name), name);
            }
        });
        assertEquals(
                last,
                trained(training(kernels).group(name -> name.startsWith("lstm/"), Group.frozen())),
                "a predicate");
    }

    /// As in Keras: a penalty is part of every loss that is reported, and of no metric.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void aPenaltyIsPartOfTheLoss(Choice kernels) {
        Training plain = training(kernels);
        Training penalized = plain.group("*/weight*", Group.trained().l1(0.01).l2(0.02));
        try (Sequential without = model(); Sequential with = model()) {
            double penalty = without.parameters().entrySet().stream()
                    .filter(parameter -> parameter.getKey().contains("/weight"))
                    .flatMapToDouble(parameter -> Runs.floats(parameter.getValue()).stream()
                            .mapToDouble(w -> 0.01 * Math.abs(w) + 0.02 * w * w))
                    .sum();
            assertTrue(penalty > 0.1, "penalty " + penalty);
            without.compile(plain);
            with.compile(penalized);
            Scores expected = without.evaluate(DATA);
            Scores actual = with.evaluate(DATA);
            assertEquals(expected.loss() + penalty, actual.loss(), 1e-5);
            assertEquals(expected.metric("perplexity"), actual.metric("perplexity"), "without the penalty");
            Fit fit = Fit.epochs(1).batchSize(6);
            assertEquals(without.fit(DATA, fit).last().loss() + penalty, with.fit(DATA, fit).last().loss(), 1e-5);
            assertNotEquals(Runs.parameters(without), Runs.parameters(with));
            EpochReport second = with.fit(DATA, fit.validation(DATA)).last();
            assertEquals(with.evaluate(DATA).loss(), second.validation().orElseThrow().loss(), "validation");
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void aPenaltyBeyondAllNumbersIsNamed(Choice kernels) {
        try (Sequential model = model()) {
            Map<String, List<Float>> untouched = Runs.parameters(model);
            model.compile(training(kernels).group("dense/weight", Group.trained().l2(3e38)));
            NonFiniteException e =
                    assertThrows(NonFiniteException.class, () -> model.fit(DATA, Fit.epochs(1).batchSize(6)));
            assertEquals(
                    "batch 1: penalty: expected a finite sum over the parameters, got Infinity", e.getMessage());
            assertEquals(untouched, Runs.parameters(model));
        }
    }

    @Test
    void theFirstGroupTakesAParameter() {
        Training training = training(Choice.JAVA);
        assertEquals(
                trained(training.group("dense/*", Group.trained().rate(0.5)).group("*", Group.trained().l2(0.1))),
                trained(training.group("dense/weight", Group.trained().rate(0.5))
                        .group("dense/bias", Group.trained().rate(0.5))
                        .group("lstm/*", Group.trained().l2(0.1))));
    }

    @Test
    void patternsHaveStars() {
        Groups.Pattern inner = new Groups.Pattern("a*b*c");
        assertTrue(inner.selects("abc") && inner.selects("a/b/bc") && inner.selects("axxbyyc"));
        assertTrue(!inner.selects("ac") && !inner.selects("abcd") && !inner.selects("xabc"));
        assertTrue(!new Groups.Pattern("ab*ba").selects("aba"), "no letter counts twice");
        assertTrue(new Groups.Pattern("*").selects("lstm/bias") && new Groups.Pattern("**").selects(""));
        assertTrue(new Groups.Pattern("a.b").selects("a.b") && !new Groups.Pattern("a.b").selects("axb"));
    }

    @Test
    void whatSelectsNothingIsRefused() {
        Training training = training(Choice.JAVA);
        refused(
                "group: gru/*: expected to select from [lstm/weightIh, lstm/weightHh, lstm/bias, dense/weight,"
                        + " dense/bias], got none of them",
                training.group("gru/*", Group.frozen()));
        refused(
                "group: lstm/bias: expected to select from [dense/weight, dense/bias], which groups before it left,"
                        + " got none of them",
                training.group("lstm/*", Group.frozen()).group("lstm/bias", Group.trained()));
        refused("group: expected a parameter that learns, got all of", training.group("*", Group.frozen()));
    }

    private static void refused(String expected, Training training) {
        try (Sequential model = model()) {
            IllegalArgumentException e =
                    assertThrows(IllegalArgumentException.class, () -> model.compile(training));
            assertTrue(e.getMessage().startsWith(expected), e.getMessage());
        }
    }

    @Test
    void badSettingsAreRefused() {
        Group group = Group.trained();
        assertThrows(IllegalArgumentException.class, () -> group.rate(0));
        assertThrows(IllegalArgumentException.class, () -> group.rate(Double.NaN));
        assertThrows(IllegalArgumentException.class, () -> group.decay(-1e-3));
        assertThrows(IllegalArgumentException.class, () -> group.l1(-1e-3));
        assertThrows(IllegalArgumentException.class, () -> group.l2(Double.POSITIVE_INFINITY));
        IllegalArgumentException frozen =
                assertThrows(IllegalArgumentException.class, () -> Group.frozen().l2(0.1));
        assertEquals(
                "Group: expected no rate, decay, l1 or l2 of frozen parameters, got rate 1.0, no decay, l1 0.0, l2 0.1",
                frozen.getMessage());
        Training sgd = training(Choice.JAVA);
        assertThrows(IllegalArgumentException.class, () -> sgd.group(" ", group));
        IllegalArgumentException decay =
                assertThrows(IllegalArgumentException.class, () -> sgd.group("*", group.decay(0.1)));
        assertTrue(decay.getMessage().startsWith("group: decay: expected AdamW as the optimizer"), decay.getMessage());
        assertEquals(
                group.decay(0.1),
                Training.optimizer(AdamW.standard()).group("*", group.decay(0.1)).groups().getFirst().group());
    }
}
