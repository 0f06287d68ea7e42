package dev.rondo.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.rondo.plan.Clip;
import dev.rondo.plan.Engine;
import java.util.List;
import org.junit.jupiter.api.Test;

class SettingsTest {
    @Test
    void defaultsAreThoseOfKeras() {
        assertEquals(new Adam(0.001, 0.9, 0.999, 1e-7, Adam.Form.KERAS), Adam.standard());
        assertEquals(new Sgd(0.01, 0, Sgd.Form.CLASSICAL), Sgd.standard());
        assertEquals(new AdamW(0.001, 0.9, 0.999, 1e-7, 0.004, Adam.Form.KERAS), AdamW.standard());
        assertEquals(
                new RmsProp(0.001, 0.9, 1e-7, 0, RmsProp.Centering.NONE, RmsProp.Form.KERAS), RmsProp.standard());
        assertEquals(new Adagrad(0.001, 0.1, 1e-7, Adagrad.Form.KERAS), Adagrad.standard());
        assertEquals(32, Fit.epochs(1).batchSize());
    }

    @Test
    void settingsAreChangedOneByOne() {
        assertEquals(
                new Adam(0.1, 0.8, 0.9, 1e-8, Adam.Form.PYTORCH),
                Adam.rate(0.1).betas(0.8, 0.9).epsilon(1e-8).form(Adam.Form.PYTORCH));
        assertEquals(new Sgd(0.1, 0.9, Sgd.Form.NESTEROV), Sgd.rate(0.1).momentum(0.9).nesterov());
        assertEquals(
                new AdamW(0.1, 0.8, 0.9, 1e-8, 0.01, Adam.Form.PYTORCH),
                AdamW.rate(0.1).betas(0.8, 0.9).epsilon(1e-8).decay(0.01).form(Adam.Form.PYTORCH));
        assertEquals(
                new RmsProp(0.01, 0.99, 1e-8, 0.5, RmsProp.Centering.MEAN, RmsProp.Form.PYTORCH),
                RmsProp.rate(0.01).rho(0.99).epsilon(1e-8).momentum(0.5).centered().form(RmsProp.Form.PYTORCH));
        assertEquals(
                new Adagrad(0.01, 0, 1e-10, Adagrad.Form.PYTORCH),
                Adagrad.rate(0.01).start(0).epsilon(1e-10).form(Adagrad.Form.PYTORCH));
        Training training = Training.optimizer(Sgd.standard())
                .loss(Loss.categoricalCrossEntropy())
                .metrics(Metric.accuracy())
                .clipGlobalNorm(5);
        assertEquals(
                new Training(
                        Sgd.standard(),
                        List.of(Objective.of(Loss.categoricalCrossEntropy())),
                        List.of(Metric.accuracy()),
                        Clip.globalNorm(5),
                        Schedule.constant(),
                        List.of(),
                        Engine.training()),
                training);
    }

    @Test
    void badSettingsAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> Adam.rate(0));
        assertThrows(IllegalArgumentException.class, () -> Adam.rate(Double.NaN));
        assertThrows(IllegalArgumentException.class, () -> Adam.rate(1e-50), "0 in float32");
        assertThrows(IllegalArgumentException.class, () -> Adam.rate(1e39), "infinite in float32");
        assertThrows(IllegalArgumentException.class, () -> Adam.standard().betas(0.9, 1 - 1e-12), "1 in float32");
        assertThrows(IllegalArgumentException.class, () -> Adam.standard().betas(1, 0.9));
        assertThrows(IllegalArgumentException.class, () -> Adam.standard().epsilon(-1));
        assertThrows(IllegalArgumentException.class, () -> Sgd.rate(Double.POSITIVE_INFINITY));
        assertThrows(IllegalArgumentException.class, () -> Sgd.standard().momentum(-0.1));
        assertThrows(
                IllegalArgumentException.class, () -> Training.optimizer(Sgd.standard()).clipGlobalNorm(0));
        assertThrows(IllegalArgumentException.class, () -> Training.optimizer(Sgd.standard()).clipNorm(-1));
        assertThrows(IllegalArgumentException.class, () -> Training.optimizer(Sgd.standard()).clipValue(Double.NaN));
        assertThrows(IllegalArgumentException.class, () -> Training.optimizer(Sgd.standard()).clipValue(1e-50));
        assertThrows(IllegalArgumentException.class, () -> AdamW.standard().decay(-1e-9));
        assertThrows(IllegalArgumentException.class, () -> AdamW.rate(-1));
        assertThrows(IllegalArgumentException.class, () -> AdamW.standard().betas(0, 1));
        assertThrows(IllegalArgumentException.class, () -> AdamW.standard().epsilon(1e-40), "0 to the kernels");
        assertThrows(IllegalArgumentException.class, () -> RmsProp.rate(0));
        assertThrows(IllegalArgumentException.class, () -> RmsProp.standard().rho(1));
        assertThrows(IllegalArgumentException.class, () -> RmsProp.standard().epsilon(0));
        assertThrows(IllegalArgumentException.class, () -> RmsProp.standard().momentum(1));
        assertThrows(IllegalArgumentException.class, () -> Adagrad.rate(Double.NaN));
        assertThrows(IllegalArgumentException.class, () -> Adagrad.standard().start(-0.1));
        assertThrows(IllegalArgumentException.class, () -> Adagrad.standard().epsilon(0));
        assertThrows(IllegalArgumentException.class, () -> Fit.epochs(0));
        assertThrows(IllegalArgumentException.class, () -> Fit.epochs(1).batchSize(0));
    }

    @Test
    void metricsAreMeansOverRealSteps() {
        Metric.Totals totals = new Metric.Totals(6, 3, 0, 0, 4);
        Scores scores = Scores.of(totals, List.of(Metric.accuracy(), Metric.perplexity()));
        assertEquals(1.5, scores.loss());
        assertEquals(0.75, scores.metric("accuracy"));
        assertEquals(Math.exp(1.5), scores.metric("perplexity"));
        assertEquals(4, scores.steps());
        assertThrows(IllegalArgumentException.class, () -> scores.metric("f1"));
    }
}
