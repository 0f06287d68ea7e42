package dev.rondo;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.data.Dataset;
import dev.rondo.data.Seeds;
import dev.rondo.inference.InferenceSession;
import dev.rondo.inference.Serving;
import dev.rondo.inference.StreamingSession;
import dev.rondo.io.ModelFormatException;
import dev.rondo.layers.Activation;
import dev.rondo.layers.Add;
import dev.rondo.layers.Average;
import dev.rondo.layers.Bidirectional;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Dropout;
import dev.rondo.layers.Embedding;
import dev.rondo.layers.Gru;
import dev.rondo.layers.Input;
import dev.rondo.layers.Layer;
import dev.rondo.layers.Lstm;
import dev.rondo.layers.SharedLayer;
import dev.rondo.layers.SimpleRnn;
import dev.rondo.layers.Symbol;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Adam;
import dev.rondo.training.Fit;
import dev.rondo.training.History;
import dev.rondo.training.Loss;
import dev.rondo.training.Training;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FunctionalTest {
    private static final List<Layer> CHAIN = List.of(
            Input.ids(Shape.TIME),
            Embedding.of(11, 5),
            Lstm.units(7).returnSequences().recurrentDropout(0.25),
            Dropout.rate(0.3),
            Gru.units(5),
            Dense.units(3));

    @TempDir
    Path folder;

    private static Functional functional(List<Layer> layers) {
        Functional.Builder builder = Functional.builder();
        Symbol y = builder.input((Input) layers.getFirst());
        for (Layer layer : layers.subList(1, layers.size())) {
            y = builder.add(layer, y);
        }
        return builder.output("y", y).seed(9).build();
    }

    private static Sequential sequential(List<Layer> layers) {
        Sequential.Builder builder = Sequential.builder().seed(9);
        layers.forEach(builder::add);
        return builder.build();
    }

    private static List<Double> fit(Model model, Choice kernels, Tensor x, Tensor y) {
        model.compile(Training.optimizer(Adam.rate(0.01)).engine(Runs.engine(kernels)));
        History history = model.fit(Dataset.of(x, y).lengths(6, 2, 1, 5), Fit.epochs(3).batchSize(2));
        return history.losses();
    }

    @ParameterizedTest
    @EnumSource(value = Choice.class, names = {"NATIVE", "JAVA"})
    void aChainIsTheSequentialOneBitForBit(Choice kernels) {
        Tensor x = Runs.ids(Seeds.generator(3, "x", 0), 11, 4, 6);
        Tensor y = Tensor.of(new int[] {0, 2, 1, 2}, 4);
        try (Functional functional = functional(CHAIN); Sequential sequential = sequential(CHAIN)) {
            assertEquals(sequential.layers(), functional.layers());
            assertEquals(fit(sequential, kernels, x, y), fit(functional, kernels, x, y));
            sequential.parameters().forEach((name, tensor) ->
                    assertArrayEquals(tensor.toFloats(), functional.parameters().get(name).toFloats(), name));
            assertArrayEquals(sequential.predict(x).toFloats(), functional.predict(x).toFloats());
        }
    }

    @Test
    void aChainAndANetworkAreSavedAndLoaded() throws IOException {
        Path file = folder.resolve("model.safetensors");
        Tensor x = Runs.features(Seeds.generator(3, "x", 0), 2, 6, 4);
        try (Functional model = residual()) {
            model.save(file);
            try (Functional loaded = Functional.load(file)) {
                assertArrayEquals(model.predict(x).toFloats(), loaded.predict(x).toFloats());
            }
            ModelFormatException e = assertThrows(ModelFormatException.class, () -> Sequential.load(file));
            assertTrue(String.valueOf(e.getMessage()).contains("expected layers one after another"), e.getMessage());
        }
        try (Functional chain = functional(CHAIN)) {
            chain.save(file);
            try (Sequential loaded = Sequential.load(file)) {
                assertEquals(chain.layers(), loaded.layers());
            }
        }
    }

    private static Functional residual() {
        Functional.Builder b = Functional.builder();
        Symbol x = b.input(Input.features(Shape.TIME, 4));
        SharedLayer tower = b.shared(Lstm.units(4).returnSequences().trainedInitialState());
        Symbol first = b.add(Add.of(), x, tower.on(x));
        Symbol second = b.add(Average.of(), first, tower.on(first), x);
        return b.output("y", b.add(Dense.units(3), second)).seed(4).build();
    }

    @Test
    void aSharedLayerHasItsParametersOnce() {
        try (Functional model = residual()) {
            assertEquals(
                    List.of("lstm/weightIh", "lstm/weightHh", "lstm/bias", "lstm/initialH", "lstm/initialC",
                            "dense/weight", "dense/bias"),
                    List.copyOf(model.parameters().keySet()));
            assertTrue(model.summary().contains("lstm:1"), model.summary());
        }
    }

    /// A trained initial state is what the first call of a stream begins with, and no later one.
    @ParameterizedTest
    @EnumSource(value = Choice.class, names = {"NATIVE", "JAVA"})
    void aStreamBeginsWithTrainedStates(Choice kernels) {
        Tensor x = Runs.features(Seeds.generator(3, "x", 0), 1, 6, 4);
        Tensor y = Runs.features(Seeds.generator(3, "y", 0), 1, 6, 3);
        try (Functional model = residual()) {
            model.compile(Training.optimizer(Adam.rate(0.05)).loss(Loss.meanSquaredError()).engine(Runs.engine(kernels)));
            model.fit(Dataset.of(x, y), Fit.epochs(4));
            for (float value : model.parameters().get("lstm/initialC").toFloats()) {
                assertTrue(value != 0, "expected it to be trained");
            }
            float[] whole = model.predict(x).toFloats();
            Serving serving = Serving.standard().engine(Engine.inference().kernels(kernels));
            try (InferenceSession session = model.session(serving); StreamingSession stream = session.stream(1)) {
                for (int round = 0; round < 2; round++) {
                    float[] pieces = new float[whole.length];
                    for (int t = 0; t < 6; t++) {
                        float[] step = new float[3];
                        stream.step(Arrays.copyOfRange(x.toFloats(), 4 * t, 4 * t + 4), step);
                        System.arraycopy(step, 0, pieces, 3 * t, 3);
                    }
                    assertArrayEquals(whole, pieces);
                    stream.reset();
                }
            }
        }
    }

    @Test
    void aBidirectionalLayerCannotBeStreamed() {
        try (Model model = Sequential.of(
                        Input.features(Shape.TIME, 2), Bidirectional.of(Gru.units(3), Bidirectional.Merge.SUM));
                InferenceSession session = model.session()) {
            assertTrue(model.parameters().containsKey("bidirectional/backward/weightIh"));
            assertFalse(model.layers().getLast().isStreamable());
            IllegalStateException e = assertThrows(IllegalStateException.class, () -> session.stream(1));
            assertTrue(String.valueOf(e.getMessage()).contains("bidirectional"), e.getMessage());
        }
    }

    private static void refused(String message, Executable building) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, building);
        assertTrue(String.valueOf(e.getMessage()).contains(message), e.getMessage());
    }

    @Test
    void impossibleNetworksAreRefusedWithTheLayersName() {
        Functional.Builder b = Functional.builder();
        Symbol x = b.input(Input.features(Shape.TIME, 4).named("source"));
        Symbol other = b.input(Input.features(Shape.time(1), 4).named("target"));
        SharedLayer tower = b.shared(Gru.units(3).returnSequences().named("tower"));
        Symbol narrow = tower.on(x);
        refused("add: expected inputs of one shape, like the first, [B,T,4], got FLOAT32 [B,T,3]", () -> b.add(Add.of(), x, narrow));
        refused("add_1: expected inputs of one shape, like the first, [B,T,4], got FLOAT32 [B,T1,4]", () -> b.add(Add.of(), x, other));
        refused("add_2: expected 2 or more inputs, got 1", () -> b.add(Add.of(), x));
        refused("dense: expected 1 input, got 2", () -> b.add(Dense.units(2), x, x));
        refused("dense_1: expected inputs, got none", () -> b.add(Dense.units(2)));
        refused("tower:1: expected an input for which weightIh is [9,4], as in the layer's first call, got one for which it is [9,3]",
                () -> tower.on(narrow));
        refused("lstm: expected x, or x and its states h and c, got 2 inputs",
                () -> b.apply(Lstm.units(3), x, List.of(b.apply(Gru.units(3), x).h())));
        refused("gru_1: expected a state FLOAT32 [B,5], got FLOAT32 [B,3]",
                () -> b.apply(Gru.units(5), x, List.of(b.apply(Gru.units(3).named("three"), x).h())));
        refused("rnn: expected one of its outputs [y, h], got c", () -> b.apply(SimpleRnn.units(3), x).c());
        refused("dense_2: expected a layer with states", () -> b.apply(Dense.units(3), x).states());
        refused("layers: expected a name of its own for each, got tower twice", () -> b.add(Dense.units(2).named("tower"), x));
        refused("layers: expected a name of its own for each, got source twice", () -> b.input(Input.features(2).named("source")));
        refused("layers: expected a layer that takes something", () -> b.shared(Input.features(2)));
        refused("softmax: expected a symbol of this builder, got another's x",
                () -> b.add(Dense.units(2).named("softmax"), Functional.builder().input(Input.features(2))));
        refused("outputs: expected at least one, got none", () -> Functional.builder().build());
    }

    @Test
    void outputsAreNamedAndNeedAllThereIs() {
        Functional.Builder b = Functional.builder();
        Symbol x = b.input(Input.features(3));
        Symbol unused = b.input(Input.features(3).named("unused"));
        Symbol y = b.add(Dense.units(2).activation(Activation.TANH), x);
        b.output("y", y);
        refused("layers: expected outputs [y] to depend on every input and layer, got none that depends on [unused]", b::build);
        b.output("y", b.add(Dense.units(2).named("more"), unused));
        refused("outputs: expected a name of its own for each, got y twice", b::build);
        Functional.Builder named = Functional.builder();
        named.output("a/b", named.input(Input.features(3)));
        refused("outputs: expected a name of letters, digits, _, . and -, got \"a/b\"", named::build);
    }
}
