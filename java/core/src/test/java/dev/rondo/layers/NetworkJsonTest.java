package dev.rondo.layers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NetworkJsonTest {
    private static final Network NETWORK = Network.chain(
            -42,
            List.of(
                    Input.ids(Shape.TIME).named("in"),
                    Embedding.of(65, 64).weights(Initializer.normal(0.1, 1e-3)),
                    Lstm.units(7).returnSequences().biases(Bias.NONE).recurrentWeights(Initializer.uniform(-1, 1.0 / 3)),
                    Lstm.units(5).peepholes(Initializer.normal(0.1)).goBackwards().returnSequences(),
                    Gru.units(4).reset(Gru.Reset.BEFORE).biases(Bias.TWO).recurrentBias(Initializer.ones()).returnSequences(),
                    SimpleRnn.units(6).activation(Activation.RELU).recurrentDropout(0.125),
                    Dropout.rate(0.25),
                    Dense.units(3).activation(Activation.SOFTMAX).bias(Initializer.ones())));

    @Test
    void whatIsWrittenIsReadBackEqual() {
        assertEquals(NETWORK, Network.fromJson(NETWORK.toJson()));
    }

    /// Every initializer in every place that takes one.
    @Test
    void initializersAreWrittenAndReadBack() {
        List<Initializer> initializers = List.of(
                Initializer.glorotUniform(),
                Initializer.glorotNormal(),
                Initializer.heUniform(),
                Initializer.heNormal(),
                Initializer.orthogonal(),
                Initializer.uniform(0.25),
                Initializer.normal(1e-3),
                Initializer.zeros(),
                Initializer.ones(),
                Initializer.constant(-1.5),
                Initializer.forgetGateOne(),
                Initializer.pretrained(Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 3, 2)));
        for (Class<?> type : Initializer.class.getPermittedSubclasses()) {
            assertTrue(initializers.stream().anyMatch(type::isInstance), () -> type + " is not among those tried");
        }
        for (Initializer initializer : initializers) {
            Network network = Network.chain(
                    1,
                    List.of(
                            Input.ids(Shape.TIME),
                            Embedding.of(5, 4).weights(initializer),
                            Lstm.units(2).weights(initializer).recurrentWeights(initializer).bias(initializer),
                            Dense.units(3).weights(initializer).bias(initializer)));
            assertEquals(network, Network.fromJson(network.toJson()));
        }
        for (Activation activation : Activation.values()) {
            Network network = Network.chain(1, List.of(Input.features(2), Dense.units(3).activation(activation)));
            assertEquals(network, Network.fromJson(network.toJson()));
        }
    }

    /// Dropouts of sequences came later: others are written as before.
    @Test
    void aDropoutOfSequencesIsWrittenAsOne() {
        Network network =
                Network.chain(1, List.of(Input.features(Shape.TIME, 2), Dropout.rate(0.5).perSequence()));
        assertTrue(network.toJson().contains("\"rate\":0.5,\"masks\":\"PER_SEQUENCE\""), network.toJson());
        assertEquals(network, Network.fromJson(network.toJson()));
    }

    /// A layer within a layer, checked as any.
    @Test
    void theLayerOfAWeightNoiseIsRead() {
        Network network =
                Network.chain(1, List.of(Input.features(Shape.TIME, 2), WeightNoise.of(Dense.units(3), 0.5)));
        String json = network.toJson();
        assertEquals(network, Network.fromJson(json));
        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class, () -> Network.fromJson(json.replace("\"units\":3", "\"units\":0")));
        assertEquals("layers[1].layer: Dense: units: expected at least 1, got 0", e.getMessage());
    }

    @Test
    void layersAreNamedByTypeAndSetting() {
        String json = Network.chain(1, List.of(Input.features(Shape.TIME, 2), Dropout.rate(0.5))).toJson();
        assertEquals(
                "{\"version\":1,\"seed\":1,\"layers\":["
                        + "{\"type\":\"Input\",\"name\":\"x\",\"dataType\":\"FLOAT32\",\"shape\":[\"B\",\"T\",2]},"
                        + "{\"type\":\"Dropout\",\"name\":\"dropout\",\"rate\":0.5}]}",
                json);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock = """
            "Dropout"                   | "Transporter"             | layers[6]: type: expected one of
            "version":1                 | "version":3               | model: version: expected 1 or 2, got 3
            "version":1                 | "version":2               | model: expected a field calls, got none
            "seed":-42                  | "seed":"x"                | model: seed: expected a whole number of 64 bits, got x
            "seed":-42                  | "seed":9223372036854775808 | model: seed: expected a whole number of 64 bits, got 9223372036854775808
            "seed":-42                  | "seed":-42.0              | model: seed: expected a whole number of 64 bits, got -42.0
            "rate":0.25                 | "rate":1.5                | layers[6]: Dropout: rate: expected a number in [0, 1) in float32, got 1.5
            "rate":0.25                 | "rate":0.25,"speed":1     | layers[6]: expected no other fields, got [speed]
            "rate":0.25                 | "rat":0.25                | layers[6]: expected a field rate, got none
            "rate":0.25                 | "rate":null               | model: expected objects, arrays, strings and numbers, got NULL
            "units":7                   | "units":7000000000        | layers[2].settings: units: expected a number of 32 bits
            "units":7                   | "units":0                 | layers[2].settings: units: expected at least 1, got 0
            "peepholeWeights"           | "holes"                   | layers[2]: expected a field peepholeWeights, got none
            "variant":"PEEPHOLES"       | "variant":"KEYHOLES"      | layers[3]: variant: expected one of [PLAIN, PEEPHOLES], got KEYHOLES
            "direction":"REVERSE"       | "direction":"UP"          | layers[3].settings: direction: expected one of [FORWARD, REVERSE], got UP
            "reset":"BEFORE"            | "reset":"NEVER"           | layers[4]: reset: expected one of [AFTER, BEFORE], got NEVER
            "biases":"TWO"              | "biases":"THREE"          | layers[4].settings: biases: expected one of [ONE, NONE, TWO], got THREE
            "activation":"RELU"         | "activation":"RELOAD"     | layers[5]: activation: expected one of
            "recurrentDropout":0.125    | "recurrentDropout":1      | layers[5].settings: recurrentDropout: expected a number in [0, 1) in float32, got 1.0
            "units":4                   | "units":715827883         | layers[4]: Gru: units: expected at most 715827882, got 715827883
            "settings":{"units":6       | "settings":6,"o":{"units":6 | layers[5].settings: expected an object, got 6
            "SEQUENCES"                 | "NONSENSE"                | layers[2].settings: output: expected one of [LAST, SEQUENCES], got NONSENSE
            "shape":["B","T"]           | "shape":["B","U"]         | layers[0]: shape: expected extents
            "Uniform","low":-1.0        | "Parallel","low":-1.0     | layers[2].settings.recurrentWeights: type: expected one of
            "Uniform","low":-1.0        | "Dropout","low":-1.0      | layers[2].settings.recurrentWeights: type: expected one of
            "Dropout"                   | "Recurrent"               | layers[6]: type: expected one of
            "Dropout"                   | "Dropout$Masks"           | layers[6]: type: expected one of
            "Dropout"                   | "RecurrentSettings"       | layers[6]: type: expected one of
            "Dropout"                   | "../Dropout"              | layers[6]: type: expected one of
            "seed":-42                  | "seed":-42,"seed":-42     | model: expected each field once, got seed twice
            "layers":[                  | "layers":{[               | model: character 35: expected JSON, got: malformed text
            """)
    void filesThatAreWrongAreRefusedWithThePlace(String good, String bad, String message) {
        String json = NETWORK.toJson();
        assertTrue(json.contains(good), () -> "nothing to change: " + json);
        String changed = json.replace(good, bad);
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> Network.fromJson(changed));
        assertTrue(String.valueOf(e.getMessage()).contains(message), e.getMessage());
    }

    @Test
    void deepNestingIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> Network.fromJson("[".repeat(100_000)));
    }
}
