package dev.rondo.parity;

import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.rondo.kernels.Engines;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/// Training runs of 20 steps against PyTorch's, by the parameters that they end with, on every instruction set of this
/// machine. `./rondo test --parity`; with `--seed N`, case N alone.
class TrainingTest {
    private static final List<String> ISAS = Engines.isas();
    private static final Tally TALLY = new Tally(
            "%d training runs x %s against PyTorch %s".formatted(
                    Kind.TRAINING.seeds().size(), ISAS, System.getProperty("pytorch.version")));

    @Test
    void runsEndWherePyTorchEnds() {
        for (long seed : Kind.TRAINING.seeds()) {
            TrainingCase run = TrainingCase.of(seed);
            Map<String, double[]> expected = TorchTraining.run(run);
            for (String isa : ISAS) {
                TALLY.compare(
                        "%s on %s (%s)".formatted(run, isa, Tally.replay(seed)),
                        expected,
                        () -> RondoTraining.run(run, isa),
                        run::closeness);
            }
        }
        TALLY.verify();
    }

    /// The comparison tells one form of an optimizer from the other.
    @Test
    void anotherFormOfTheOptimizerIsSeen() {
        for (long seed : Kind.TRAINING.seeds()) {
            TrainingCase run = TrainingCase.of(seed);
            if (!run.inKerasForm().equals(run)) {
                Tally tally = new Tally("Keras's form against PyTorch's");
                Map<String, double[]> other = RondoTraining.run(run.inKerasForm(), "auto");
                tally.compare(run.toString(), TorchTraining.run(run), () -> other, run::closeness);
                assertThrows(AssertionError.class, tally::verify, run + " seed " + seed);
            }
        }
    }

    @AfterAll
    static void report() {
        if (!Kind.TRAINING.seeds().isEmpty()) {
            System.out.println(TALLY.summary());
        }
    }
}
