package dev.rondo.parity;

import ai.onnxruntime.OrtException;
import dev.rondo.kernels.Engines;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/// Cells that PyTorch lacks against ONNX Runtime's: the GRU that resets before the product, LSTMs with peepholes,
/// bounds on the input of activations. Forward, reverse and both, on every instruction set of this machine. `./rondo
/// test --parity`; with `--seed N`, case N alone.
class CellsTest {
    private static final List<String> ISAS = Engines.isas();
    private static final Tally TALLY = new Tally(
            "%d cells x %s against ONNX Runtime %s".formatted(
                    Kind.CELLS.seeds().size(), ISAS, System.getProperty("onnxruntime.version")));

    @Test
    void cellsAreThoseOfOnnxRuntime() throws OrtException {
        for (long seed : Kind.CELLS.seeds()) {
            CellsCase layer = CellsCase.of(seed);
            Map<String, double[]> expected = OnnxCells.run(layer);
            RondoCells rondo = new RondoCells(layer);
            for (String isa : ISAS) {
                TALLY.compare(
                        "%s on %s (%s)".formatted(layer, isa, Tally.replay(seed)),
                        expected,
                        () -> rondo.run(isa),
                        layer::closeness);
            }
        }
        TALLY.verify();
    }

    @AfterAll
    static void report() {
        if (!Kind.CELLS.seeds().isEmpty()) {
            System.out.println(TALLY.summary());
        }
    }
}
