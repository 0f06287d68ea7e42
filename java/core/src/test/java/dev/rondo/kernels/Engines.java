package dev.rondo.kernels;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.plan.Engine;
import java.util.List;
import java.util.Set;

/// The engines that tests hold against each other. Native kernels must be there: a test of them that cannot run fails.
public final class Engines {
    private Engines() {}

    /// The instruction sets of this machine. Those it lacks are named on the test's output.
    public static List<String> isas() {
        List<String> usable = Engine.usableIsas();
        assertTrue(usable.contains("baseline"), "native kernels are missing: " + Engine.inference().kernels(
                Engine.Choice.AUTO).engine().description().reasons());
        for (String isa : List.of("avx2", "avx512")) {
            if (!usable.contains(isa)) {
                System.out.println("not run, since this machine lacks it: " + isa);
            }
        }
        return usable;
    }

    public static Engine reference() {
        return Engine.java().engine();
    }

    /// Native kernels without providers.
    public static Engine natives(String isa, int threads) {
        return Engine.inference().kernels(Engine.Choice.NATIVE).isa(isa).threads(threads).providers(Set.of())
                .engine();
    }
}
