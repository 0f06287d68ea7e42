package dev.rondo.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Runs;
import dev.rondo.Sequential;
import dev.rondo.data.Dataset;
import dev.rondo.plan.Engine.Choice;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Native kernels and pure Java, trained from the same seed, stay together.
class KernelAgreementTest {
    private static final int STEPS = 200;

    private static List<Double> losses(Choice kernels, double dropout) {
        // 8 streams in chunks of 20 steps; as many words as make at least 200 chunks.
        Dataset data = Runs.streams(6600, 20);
        try (Sequential model = Runs.characterModel(Runs.vocabulary(), dropout)) {
            model.compile(Runs.training(kernels));
            return Runs.losses(model, data, Fit.epochs(1).batchSize(8));
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.2})
    void everyStepsLossIsWithinAThousandth(double dropout) {
        List<Double> java = losses(Choice.JAVA, dropout);
        List<Double> natives = losses(Choice.NATIVE, dropout);
        assertTrue(java.size() >= STEPS, java.size() + " steps");
        assertEquals(java.size(), natives.size());
        assertTrue(java.get(STEPS - 1) < 0.5 * java.getFirst(), "it learned: " + java.get(STEPS - 1));
        for (int step = 0; step < STEPS; step++) {
            assertEquals(java.get(step), natives.get(step), 1e-3, "step " + (step + 1));
        }
    }
}
