package dev.rondo.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.plan.Engine.Choice;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class EngineTest {
    /// oneDNN is not on these tests' class path, so both engines have the same context; only one of them misses it.
    @Test
    void anEngineSaysWhichProvidersOfItsOwnAreMissing() {
        Engine.Options none = Engine.inference().kernels(Choice.NATIVE).threads(1).providers(Set.of());
        Engine without = none.engine();
        Engine with = none.providers(Set.of("onednn")).engine();
        assertEquals(List.of(), with.description().providers());
        assertTrue(with.description().reasons().stream().anyMatch(reason -> reason.startsWith("onednn: ")),
                with.description().toString());
        assertFalse(without.description().reasons().stream().anyMatch(reason -> reason.startsWith("onednn: ")),
                without.description().toString());
    }
}
