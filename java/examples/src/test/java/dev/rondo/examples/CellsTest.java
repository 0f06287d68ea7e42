package dev.rondo.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.rondo.Sequential;
import dev.rondo.data.Dataset;
import dev.rondo.data.Examples;
import dev.rondo.data.Seeds;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Input;
import dev.rondo.plan.Engine;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Adam;
import dev.rondo.training.GradientCheck;
import dev.rondo.training.Loss;
import dev.rondo.training.Training;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CellsTest {
    private static final int ROWS = 3;
    private static final int STEPS = 5;
    private static final int FEATURES = 3;

    static Stream<Cells.Kind> written() {
        return Cells.WRITTEN.stream();
    }

    @Test
    void thereAreFive() {
        assertEquals(5, Cells.WRITTEN.size());
    }

    /// Gradients of the reference kernels, and of those that the model trains by, are slopes of the loss, with lengths,
    /// at a random place.
    @ParameterizedTest
    @MethodSource("written")
    void gradientsAreFiniteDifferences(Cells.Kind kind) {
        RandomGenerator random = Seeds.generator(1, kind.name(), 0);
        Examples data = Dataset.of(
                        random(random, ROWS, STEPS, FEATURES), random(random, ROWS, 2))
                .lengths(STEPS, 2, 1);
        try (Sequential model = Sequential.of(
                Input.features(Shape.TIME, FEATURES), kind.layer().apply(4), Dense.units(2))) {
            model.parameters().forEach((name, values) ->
                    model.setParameter(name, random(random, values.shape().dims())));
            model.compile(Training.optimizer(Adam.standard())
                    .loss(Loss.meanSquaredError())
                    .engine(Engine.training().threads(1)));
            int parameters = model.parameters().size();
            for (GradientCheck check : new GradientCheck[] {
                GradientCheck.standard(), GradientCheck.standard().ofTraining()
            }) {
                assertEquals(parameters, check.run(model.trainer(), data).check().worst().size());
            }
        }
    }

    private static Tensor random(RandomGenerator random, int... shape) {
        float[] values = new float[(int) Shape.of(shape).elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextFloat(-0.8f, 0.8f);
        }
        return Tensor.of(values, shape);
    }
}
