package dev.rondo.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.rondo.plan.Engine;
import java.util.List;
import org.junit.jupiter.api.Test;

class SettingsTest {
    @Test
    void defaultsAreThoseOfKeras() {
        assertEquals(new Adam(0.001, 0.9, 0.999, 1e-7, Adam.Form.KERAS), Adam.standard());
        assertEquals(new Sgd(0.01, 0, Sgd.Form.CLASSICAL), Sgd.standard());
        assertEquals(32, Fit.epochs(1).batchSize());
    }

    @Test
    void settingsAreChangedOneByOne() {
        assertEquals(
                new Adam(0.1, 0.8, 0.9, 1e-8, Adam.Form.PYTORCH),
                Adam.rate(0.1).betas(0.8, 0.9).epsilon(1e-8).form(Adam.Form.PYTORCH));
        assertEquals(new Sgd(0.1, 0.9, Sgd.Form.NESTEROV), Sgd.rate(0.1).momentum(0.9).nesterov());
        Training training = Training.optimizer(Sgd.standard())
                .loss(Loss.categoricalCrossEntropy())
                .metrics(Metric.accuracy())
                .clipGlobalNorm(5);
        assertEquals(
                new Training(
                        Sgd.standard(), Loss.categoricalCrossEntropy(), List.of(Metric.accuracy()), 5, Schedule.constant(),
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
        assertThrows(IllegalArgumentException.class, () -> Fit.epochs(0));
        assertThrows(IllegalArgumentException.class, () -> Fit.epochs(1).batchSize(0));
    }

    @Test
    void metricsAreMeansOverRealSteps() {
        Metric.Totals totals = new Metric.Totals(6, 3, 4);
        Scores scores = Scores.of(totals, List.of(Metric.accuracy(), Metric.perplexity()));
        assertEquals(1.5, scores.loss());
        assertEquals(0.75, scores.metric("accuracy"));
        assertEquals(Math.exp(1.5), scores.metric("perplexity"));
        assertEquals(4, scores.steps());
        assertThrows(IllegalArgumentException.class, () -> scores.metric("f1"));
    }
}
