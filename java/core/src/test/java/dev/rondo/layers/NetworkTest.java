package dev.rondo.layers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.tensor.Extents;
import dev.rondo.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Networks that are more than chains, in double: their gradients against finite differences, and that padding of any
/// symbol of time changes nothing.
class NetworkTest {
    private static final long SEED = 20261126;
    private static final int BATCH = 3;

    /// An encoder and a decoder that begins with its states, trained ones in the encoder, one embedding for both.
    static Network encoderDecoder(Recurrent<?> cell) {
        NetworkBuilder b = Network.builder();
        Symbol source = b.input(Input.ids(Shape.TIME).named("source"));
        Symbol target = b.input(Input.ids(Shape.time(1)).named("target"));
        SharedLayer embedding = b.shared(Embedding.of(7, 4));
        Symbols encoder = b.apply(cell.trainedInitialState().named("encoder"), embedding.on(source));
        Symbols decoder = b.apply(
                cell.returnSequences().named("decoder"), embedding.on(target), encoder.states());
        return b.output("logits", b.add(Dense.units(3), decoder.y())).output("h", decoder.h()).build(5);
    }

    /// One tower over two inputs, whose outputs meet in several ways.
    static Network towers(Bidirectional.Merge merge) {
        NetworkBuilder b = Network.builder();
        Symbol left = b.input(Input.features(Shape.TIME, 3).named("left"));
        Symbol right = b.input(Input.features(Shape.time(1), 3).named("right"));
        SharedLayer tower = b.shared(Bidirectional.of(Lstm.units(4), merge));
        Symbols one = tower.apply(left);
        Symbols other = tower.apply(right, one.states());
        Symbol full = b.add(Multiply.of(), one.y(), other.y());
        Symbol product = merge == Bidirectional.Merge.CONCAT ? b.add(Slice.features(2, 6), full) : full;
        Symbol mean = b.add(Average.of(), one.output("backward"), other.output("backward"), product);
        return b.output("y", b.add(Add.of(), mean, product)).build(6);
    }

    static List<Network> networks() {
        List<Network> networks = new ArrayList<>();
        for (Recurrent<?> cell : List.of(Lstm.units(5), Gru.units(5), SimpleRnn.units(5), Lstm.units(5).peepholes())) {
            networks.add(encoderDecoder(cell));
        }
        for (Bidirectional.Merge merge : Bidirectional.Merge.values()) {
            networks.add(towers(merge));
        }
        return networks;
    }

    /// The slope by central differences with step e is off by about e² f'''/6 and eps |f| / e. With e = 1e-5, losses of at
    /// most about 10 and third derivatives of at most about 100 both are below 2e-9; 1e-8 leaves room.
    @ParameterizedTest
    @MethodSource("networks")
    void gradientsAreTheSlopes(Network network) {
        try (NetworkRun run = run(network, Extents.of(BATCH, 5, 4), new int[][] {{5, 2, 3}, {1, 4, 3}})) {
            run.read(SEED, SEED);
            run.checkSlopes();
        }
    }

    private static NetworkRun run(Network network, Extents extents, int[][] lengths) {
        return NetworkRun.inDouble(network, Scope.Purpose.INFERENCE, extents, lengths, SEED);
    }

    /// Neither more steps of either time nor what they hold change anything: sums have the same terms in the same order,
    /// but for zeros.
    @ParameterizedTest
    @MethodSource("networks")
    void paddingOfAnyTimeChangesNothing(Network network) {
        int[][] lengths = {{5, 2, 3}, {1, 4, 3}};
        try (NetworkRun exact = run(network, Extents.of(BATCH, 5, 4), lengths);
                NetworkRun source = run(network, Extents.of(BATCH, 9, 4), lengths);
                NetworkRun target = run(network, Extents.of(BATCH, 5, 11), lengths)) {
            exact.read(SEED, 1);
            double loss = exact.loss();
            for (NetworkRun padded : List.of(source, target)) {
                padded.read(SEED, 2);
                assertEquals(loss, padded.loss(), 1e-13 * Math.abs(loss));
                exact.gradients().forEach((name, gradient) -> {
                    double[] expected = gradient.toDoubles();
                    double[] actual = padded.gradients().get(name).toDoubles();
                    for (int i = 0; i < expected.length; i++) {
                        assertEquals(expected[i], actual[i], 1e-13 * (1 + Math.abs(expected[i])), name);
                    }
                });
            }
        }
    }

    @ParameterizedTest
    @MethodSource("networks")
    void networksAreWrittenAndReadBack(Network network) {
        assertFalse(network.isChain());
        assertEquals(network, Network.fromJson(network.toJson()));
    }

    @Test
    void aNetworkIsReadable() {
        NetworkBuilder b = Network.builder();
        Symbol x = b.input(Input.features(Shape.TIME, 2));
        SharedLayer dropout = b.shared(Dropout.rate(0.5));
        String json = b.output("sum", b.add(Add.of(), dropout.on(x), dropout.on(x))).build(1).toJson();
        assertEquals(
                "{\"version\":2,\"seed\":1,\"layers\":["
                        + "{\"type\":\"Input\",\"name\":\"x\",\"dataType\":\"FLOAT32\",\"shape\":[\"B\",\"T\",2]},"
                        + "{\"type\":\"Dropout\",\"name\":\"dropout\",\"rate\":0.5},{\"type\":\"Add\",\"name\":\"add\"}],"
                        + "\"calls\":[{\"layer\":\"x\",\"inputs\":[]},{\"layer\":\"dropout\",\"inputs\":[\"x\"]},"
                        + "{\"layer\":\"dropout\",\"inputs\":[\"x\"]},"
                        + "{\"layer\":\"add\",\"inputs\":[\"dropout\",\"dropout:1\"]}],"
                        + "\"outputs\":[{\"name\":\"sum\",\"from\":\"add\"}]}",
                json);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock = """
            {"layer":"encoder","inputs":["embedding"]} | {"layer":"coder","inputs":["embedding"]} | calls[3]: layer: expected one of [source, target, embedding, encoder
            ["embedding:1","encoder/h","encoder/c"]    | ["embedding:2","encoder/h","encoder/c"]  | calls[5]: inputs: expected the name of a call before it, got embedding:2
            ["embedding:1","encoder/h","encoder/c"]    | ["dense","encoder/h","encoder/c"]        | calls[5]: inputs: expected the name of a call before it, got dense
            ["embedding:1","encoder/h","encoder/c"]    | ["embedding:1",7,"encoder/c"]            | calls[5]: inputs: expected the name of a call before it, got 7
            "from":"dense"                             | "from":"dense:1"                         | outputs[0]: from: expected the name of a call before it, got dense:1
            "name":"h","from":"decoder/h"              | "name":"logits","from":"decoder/h"       | outputs: expected a name of its own for each, got logits twice
            "from":"dense"                             | "from":"decoder"                         | got none that depends on [dense]
            {"layer":"source","inputs":[]}             | {"layer":"source","inputs":[],"x":1}     | calls[0]: expected no other fields, got [x]
            {"type":"Dense"                            | {"type":"Dropout","name":"spare","rate":0},{"type":"Dense" | calls: expected one of every layer
            {"layer":"target","inputs":[]}             | {"layer":"target","inputs":["source"]}   | target: expected no inputs, got 1
            """)
    void filesThatAreWrongAreRefused(String good, String bad, String message) {
        String json = encoderDecoder(Lstm.units(5)).toJson();
        assertTrue(json.contains(good), () -> "nothing to change: " + json);
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> Network.fromJson(json.replace(good, bad)));
        assertTrue(String.valueOf(e.getMessage()).contains(message), e.getMessage());
    }

    @Test
    void anOutputThatALayerLacksIsRefused() {
        String json = encoderDecoder(Gru.units(5)).toJson().replace("\"decoder/h\"", "\"decoder/c\"");
        Network network = Network.fromJson(json);
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> network.graph(Scope.Variant.PLAIN));
        assertTrue(String.valueOf(e.getMessage()).contains("decoder: expected one of its outputs [y, h], got c"), e.getMessage());
    }
}
