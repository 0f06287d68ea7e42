package dev.rondo.layers;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.kernels.Closeness;
import dev.rondo.kernels.Engines;
import dev.rondo.layers.LayerNetworks.Case;
import dev.rondo.plan.Engine;
import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Of every layer over time: neither how many steps of padding there are nor what they hold changes what comes of the
/// real steps, on both kernel sets: outputs, loss and gradients.
class PaddingPropertyTest {
    private static final long SEED = 20261128;

    /// A sequence of no steps is among them.
    private static final int[][] LENGTHS = {{5, 2, 6, 0, 3}};

    static Stream<Arguments> cases() {
        List<Engine> engines = new ArrayList<>(List.of(Engines.reference()));
        Engines.isas().forEach(isa -> engines.add(Engines.natives(isa, 2)));
        return LayerNetworks.all().stream().flatMap(of -> engines.stream().map(engine -> Arguments.of(of, engine)));
    }

    private static NetworkRun run(Engine engine, Case of, Scope.Purpose purpose, int time) {
        return NetworkRun.on(engine, of.network(), purpose, Extents.of(5, time), LENGTHS, SEED);
    }

    /// Sums have the same terms but for zeros; how kernels cut them may depend on the number of rows, 5 times 19 at most.
    private static final Closeness CLOSE = Closeness.ofSums(5 * 19, 8);

    @ParameterizedTest
    @MethodSource("cases")
    void neitherItsLengthNorItsContentsCount(Case of, Engine engine) {
        // What is drawn in training is drawn by place, which padding shifts.
        Scope.Purpose purpose = of.random() ? Scope.Purpose.INFERENCE : Scope.Purpose.TRAINING;
        try (NetworkRun exact = run(engine, of, purpose, 6)) {
            exact.read(SEED, 1);
            double loss = exact.loss();
            assertTrue(loss > 0 && Double.isFinite(loss));
            for (int time : new int[] {6, 7, 19}) {
                try (NetworkRun padded = run(engine, of, purpose, time)) {
                    padded.read(SEED, 2);
                    CLOSE.check("loss of " + of, new double[] {loss}, new double[] {padded.loss()});
                    CLOSE.check("y of " + of, exact.output("y"), padded.output("y"));
                    Map<String, Tensor> gradients = padded.gradients();
                    exact.gradients().forEach((name, gradient) -> CLOSE.check(
                            name + " of " + of, gradient.toDoubles(), gradients.get(name).toDoubles()));
                }
            }
        }
    }

    /// Serving takes padding as it comes.
    @ParameterizedTest
    @MethodSource("cases")
    void notEvenNaNDoes(Case of, Engine engine) {
        try (NetworkRun exact = run(engine, of, Scope.Purpose.INFERENCE, 6);
                NetworkRun padded = run(engine, of, Scope.Purpose.INFERENCE, 8)) {
            exact.read(SEED, 1);
            exact.loss();
            padded.readWithNaN(SEED);
            CLOSE.check("loss of " + of, new double[] {exact.loss()}, new double[] {padded.loss()});
            CLOSE.check("y of " + of, exact.output("y"), padded.output("y"));
        }
    }
}
