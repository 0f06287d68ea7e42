package dev.rondo.parity;

import dev.rondo.graph.RecurrentCell;
import dev.rondo.kernels.Engines;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Recurrent layers of random sizes and kinds against PyTorch's: outputs, last states and the gradients of all that is
/// given, on every instruction set of this machine. `./rondo test --parity`; with `--seed N`, case N alone.
class LayersTest {
    private static final List<String> ISAS = Engines.isas();
    private static final Tally TALLY = new Tally(
            "%d layers x %s against PyTorch %s".formatted(
                    Kind.LAYERS.seeds().size(), ISAS, System.getProperty("pytorch.version")));

    static Stream<RecurrentCell> cells() {
        return Kind.LAYERS.seeds().stream().map(LayersCase::cell).distinct();
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("cells")
    void layersAreThoseOfPyTorch(RecurrentCell cell) {
        for (long seed : Kind.LAYERS.seeds()) {
            if (LayersCase.cell(seed) == cell) {
                check(LayersCase.of(seed));
            }
        }
        TALLY.verify();
    }

    private static void check(LayersCase layers) {
        Numbers numbers = Numbers.of(layers);
        Map<String, double[]> expected = TorchLayers.run(layers, numbers);
        Map<String, double[]> outputs = new LinkedHashMap<>(expected);
        outputs.keySet().removeIf(name -> name.startsWith("d"));
        RondoLayers rondo = new RondoLayers(layers);
        for (String isa : ISAS) {
            String what = "%s on %s (%s)".formatted(layers, isa, Tally.replay(layers.seed()));
            TALLY.compare("training: " + what, expected, () -> rondo.train(numbers, isa), layers::closeness);
            TALLY.compare("inference: " + what, outputs, () -> rondo.infer(numbers, isa), layers::closeness);
        }
    }

    @AfterAll
    static void report() {
        if (!Kind.LAYERS.seeds().isEmpty()) {
            System.out.println(TALLY.summary());
        }
    }
}
