package dev.rondo.layers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.kernels.Closeness;
import dev.rondo.kernels.Engines;
import dev.rondo.layers.LayerNetworks.Case;
import dev.rondo.plan.Engine;
import dev.rondo.tensor.Extents;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every layer within a network, while it trains: gradients against finite differences, native kernels against those in
/// Java, and the way to JSON and back.
class LayerNetworksTest {
    private static final long SEED = 20261127;
    private static final Extents EXTENTS = Extents.of(4, 7);
    private static final int[][] LENGTHS = {{7, 3, 5, 6}};

    static List<Case> cases() {
        return LayerNetworks.all();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void gradientsAreTheSlopes(Case of) {
        try (NetworkRun run =
                NetworkRun.inDouble(of.network(), Scope.Purpose.TRAINING, EXTENTS, LENGTHS, SEED)) {
            run.read(SEED, SEED);
            run.checkSlopes();
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void kernelsAgree(Case of) {
        for (Scope.Purpose purpose : Scope.Purpose.values()) {
            Map<String, double[]> expected = results(Engines.reference(), of, purpose);
            for (String isa : Engines.isas()) {
                Map<String, double[]> actual = results(Engines.natives(isa, 2), of, purpose);
                // At most 28 products a sum; forward and backward through four layers of 7 steps.
                expected.forEach((name, values) ->
                        Closeness.ofSums(28, 2 * 4 * 7).check(isa + " " + of + " " + name, values, actual.get(name)));
            }
        }
    }

    private static Map<String, double[]> results(Engine engine, Case of, Scope.Purpose purpose) {
        Map<String, double[]> results = new LinkedHashMap<>();
        try (NetworkRun run = NetworkRun.on(engine, of.network(), purpose, EXTENTS, LENGTHS, SEED)) {
            run.read(SEED, SEED);
            results.put("loss", new double[] {run.loss()});
            results.put("y", run.output("y"));
            run.gradients().forEach((name, gradient) -> results.put(name, gradient.toDoubles()));
        }
        return results;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void networksComeBackFromJson(Case of) {
        assertEquals(of.network(), Network.fromJson(of.network().toJson()));
    }

    /// Nobody adds a layer without its being tested here.
    @Test
    void noLayerIsLeftOut() {
        Set<Class<?>> present = new HashSet<>();
        for (Case of : cases()) {
            of.network().layers().forEach(layer -> present.add(layer.getClass()));
        }
        // Its input is ids, not features: the encoders and decoders of NetworkTest have it.
        present.add(Embedding.class);
        // What it gives hangs on which steps are padding: MaskingTest has it.
        present.add(Masking.class);
        // Its parameters count for its loss alone: SequenceTrainingTest has it.
        present.add(Crf.class);
        List<Class<?>> missing = new ArrayList<>(kinds(Layer.class).toList());
        missing.removeAll(present);
        assertTrue(missing.isEmpty(), () -> "missing: " + missing);
    }

    private static Stream<Class<?>> kinds(Class<?> type) {
        return type.isRecord()
                ? Stream.of(type)
                : Stream.of(type.getPermittedSubclasses()).flatMap(LayerNetworksTest::kinds);
    }
}
