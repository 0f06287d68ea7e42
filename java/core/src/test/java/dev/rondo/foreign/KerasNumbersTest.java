package dev.rondo.foreign;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.rondo.Runs;
import dev.rondo.Sequential;
import dev.rondo.data.Dataset;
import dev.rondo.graph.Graph;
import dev.rondo.graph.Op;
import dev.rondo.graph.Op.AdamForm;
import dev.rondo.graph.Op.RootForm;
import dev.rondo.kernels.Engines;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Input;
import dev.rondo.plan.Clip;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.plan.Parameters;
import dev.rondo.plan.Update;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Loss;
import dev.rondo.training.Sgd;
import dev.rondo.training.Training;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Optimizers and losses against numbers that Keras 3.15.1 gave on JAX, in float32. The parameters after five steps are
/// those of this, with each of its optimizers in turn:
///
/// ```python
/// v = keras.Variable(np.array([0.1 * i - 0.25 for i in range(6)], np.float32))
/// optimizer = keras.optimizers.RMSprop(0.05, epsilon=1e-2, centered=True)
/// optimizer.build([v])
/// for s in range(1, 6):
///     optimizer.apply_gradients([(np.array([np.sin(i * 1.7 + s) for i in range(6)], np.float32), v)])
/// ```
class KerasNumbersTest {
    /// Both sides round numbers below 1 some ten times in each of five steps, by 2^-25 each time.
    private static final double CLOSE = 2e-6;

    private static final float RATE = 0.05f;

    static Stream<Arguments> optimizers() {
        Op sgd = new Op.Sgd(0, false);
        return Stream.of(
                Arguments.of(sgd, Clip.none(), numbers(
                        -0.25880808, -0.08758925, -0.05727448, -0.01053620, 0.17287400, 0.30464184)),
                Arguments.of(new Op.Sgd(0.9f, false), Clip.none(), numbers(
                        -0.47792834, 0.02115938, 0.13382253, -0.16852844, 0.02248989, 0.50138640)),
                Arguments.of(new Op.Sgd(0.9f, true), Clip.none(), numbers(
                        -0.46394357, 0.06645420, 0.10816580, -0.20721179, 0.05811490, 0.53088951)),
                Arguments.of(new Op.Adam(0.9f, 0.999f, 1e-3f, AdamForm.KERAS), Clip.none(), numbers(
                        -0.39731163, -0.10702557, 0.07792956, -0.02492755, 0.04464251, 0.41578910)),
                Arguments.of(new Op.Adam(0.9f, 0.999f, 1e-3f, 0.5f, AdamForm.KERAS), Clip.none(), numbers(
                        -0.35699692, -0.08753533, 0.07385293, -0.03023643, 0.03604962, 0.37679344)),
                Arguments.of(new Op.RmsProp(0.9f, 1e-2f, 0, false, RootForm.KERAS), Clip.none(), numbers(
                        -0.35052761, -0.01657729, 0.00099450, -0.10267663, 0.14402872, 0.46298823)),
                Arguments.of(new Op.RmsProp(0.9f, 1e-2f, 0.8f, false, RootForm.KERAS), Clip.none(), numbers(
                        -0.88138044, 0.14460796, 0.44761300, -0.40350443, -0.21221045, 1.00515926)),
                Arguments.of(new Op.RmsProp(0.9f, 1e-2f, 0, true, RootForm.KERAS), Clip.none(), numbers(
                        -0.36990559, -0.01075009, 0.01639695, -0.11769240, 0.13193631, 0.48353189)),
                Arguments.of(new Op.RmsProp(0.9f, 1e-2f, 0.8f, true, RootForm.KERAS), Clip.none(), numbers(
                        -0.94214588, 0.15362757, 0.49794710, -0.44061005, -0.25366271, 1.06045711)),
                Arguments.of(new Op.Adagrad(0.1f, 1e-2f, RootForm.KERAS), Clip.none(), numbers(
                        -0.28515396, -0.10872589, -0.02975318, 0.00088744, 0.14348817, 0.31781211)),
                Arguments.of(sgd, Clip.norm(1), numbers(
                        -0.25491646, -0.11323370, -0.05455781, 0.01440817, 0.16372944, 0.28205389)),
                Arguments.of(sgd, Clip.value(0.25), numbers(
                        -0.25705600, -0.13750000, -0.05582746, 0.03410813, 0.16250001, 0.26957366)));
    }

    private static double[] numbers(double... numbers) {
        return numbers;
    }

    @ParameterizedTest
    @MethodSource("optimizers")
    void optimizersStepAsKerasDoes(Op optimizer, Clip clip, double[] expected) {
        List<Engine> engines = new ArrayList<>(List.of(Engines.reference()));
        Engines.isas().forEach(isa -> engines.add(Engines.natives(isa, 2)));
        Graph.Builder graph = Graph.builder();
        graph.parameter("w", Shape.of(expected.length));
        for (Engine engine : engines) {
            try (Arena arena = Arena.ofShared();
                    Parameters parameters = Parameters.of(graph.build());
                    Update update = Update.of(parameters, optimizer, clip, engine)) {
                MemorySegment flat = parameters.allocateLike(arena);
                Tensor gradient = parameters.views(flat).get("w");
                Tensor w = parameters.tensor("w");
                for (int i = 0; i < expected.length; i++) {
                    w.set(i, 0.1 * i - 0.25);
                }
                for (int step = 1; step <= 5; step++) {
                    for (int i = 0; i < expected.length; i++) {
                        gradient.set(i, Math.sin(i * 1.7 + step));
                    }
                    update.norm(flat);
                    update.apply(flat, RATE, step);
                }
                for (int i = 0; i < expected.length; i++) {
                    assertEquals(expected[i], w.get(i), CLOSE, engine.description().isa() + " w[" + i + "]");
                }
            }
        }
    }

    /// `keras.losses.BinaryCrossentropy()(t, p)` and so on, through a layer that changes nothing.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void lossesAreThoseOfKeras(Choice kernels) {
        float[] t = {0, 1, 0.25f, 1, 1, 0};
        float[] p = {0.2f, 0.7f, 0.4f, 0.9f, 0.05f, 0.5f};
        float[] logits = {-2, 3, 0.5f, 1, -1.5f, 0};
        assertEquals(0.83104175, loss(kernels, Loss.binaryCrossEntropyOfProbabilities(), p, t), CLOSE);
        assertEquals(0.62206912, loss(kernels, Loss.binaryCrossEntropy(), logits, t), CLOSE);
        assertEquals(0.21916667, loss(kernels, Loss.meanSquaredError(), p, t), CLOSE);
        assertEquals(0.36666667, loss(kernels, Loss.meanAbsoluteError(), p, t), CLOSE);
        float[] classes = {0, 0.75f, 0.25f, 1, 0, 0};
        assertEquals(0.61793363, loss(kernels, Loss.categoricalCrossEntropyOfProbabilities(), p, classes), CLOSE);
    }

    private static double loss(Choice kernels, Loss loss, float[] y, float[] targets) {
        try (Sequential model = Sequential.of(Input.features(3), Dense.units(3))) {
            model.setParameter("dense/weight", Tensor.of(new float[] {1, 0, 0, 0, 1, 0, 0, 0, 1}, 3, 3));
            model.compile(Training.optimizer(Sgd.standard()).loss(loss).engine(Runs.engine(kernels)));
            return model.evaluate(Dataset.of(Tensor.of(y, 2, 3), Tensor.of(targets, 2, 3)))
                    .loss();
        }
    }
}
