package dev.rondo.layers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Functional;
import dev.rondo.Runs;
import dev.rondo.Sequential;
import dev.rondo.cells.RewrittenCell;
import dev.rondo.data.Dataset;
import dev.rondo.data.Order;
import dev.rondo.data.Seeds;
import dev.rondo.examples.cells.MixedCandidateGru;
import dev.rondo.examples.cells.OutputGateGru;
import dev.rondo.examples.cells.ResetInUpdateGru;
import dev.rondo.examples.cells.SharedWeightLstm;
import dev.rondo.examples.cells.SigmoidLstm;
import dev.rondo.graph.RecurrentCell;
import dev.rondo.graph.Value;
import dev.rondo.inference.InferenceRequest;
import dev.rondo.inference.InferenceSession;
import dev.rondo.inference.Serving;
import dev.rondo.inference.StreamingSession;
import dev.rondo.kernels.Closeness;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import dev.rondo.training.Adam;
import dev.rondo.training.Fit;
import dev.rondo.training.Loss;
import dev.rondo.training.Sgd;
import dev.rondo.training.Training;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Layers of cells that users write, in models.
class RnnTest {
    private static final int UNITS = 9;
    private static final int FEATURES = 4;
    private static final int BATCH = 5;
    private static final int TIME = 7;

    /// An Elman network: its output is not its state.
    private static final Cell ELMAN = (s, x) -> {
        Value h = s.state("h", UNITS);
        Value next = s.next(h, s.tanh(s.add(s.dense("input", x, UNITS), s.recurrent("state", s.dropped(h), UNITS))));
        return s.softmax(s.dense("output", next, UNITS));
    };

    /// Gates of one product, cut, and a clip.
    private static final Cell SIDE_BY_SIDE = (s, x) -> {
        Value h = s.state("h", UNITS);
        Value first = s.slice(x, 0, 2);
        Value gates = s.dense("gates", s.concat(s.dropped(h), s.dense("input", x, 3), first), 2 * UNITS);
        Value gate = s.sigmoid(s.slice(gates, 0, UNITS));
        return s.next(h, s.mix(gate, h, s.clip(s.slice(gates, UNITS, 2 * UNITS), -1, 1)));
    };

    static Stream<Cell> cells() {
        return Stream.of(
                new SharedWeightLstm(UNITS), new SigmoidLstm(UNITS), new ResetInUpdateGru(UNITS),
                new MixedCandidateGru(UNITS), new OutputGateGru(UNITS), ELMAN, SIDE_BY_SIDE);
    }

    static Stream<Arguments> cellsAndKernels() {
        return cells().flatMap(cell -> Stream.of(Arguments.of(cell, Choice.JAVA), Arguments.of(cell, Choice.NATIVE)));
    }

    private static Sequential model(Layer... layers) {
        Sequential.Builder builder = Sequential.builder().seed(3).add(Input.features(Shape.TIME, FEATURES));
        for (Layer layer : layers) {
            builder.add(layer);
        }
        return builder.build();
    }

    private static Tensor x() {
        return Runs.features(Seeds.generator(1, "x", 0), BATCH, TIME, FEATURES);
    }

    private static InferenceSession session(Choice kernels, Layer... layers) {
        try (Sequential model = model(layers)) {
            return model.session(Serving.standard().engine(Engine.inference().kernels(kernels)));
        }
    }

    private static float[] run(InferenceSession session, Tensor x) {
        Tensor y = Tensor.zeros(
                DataType.FLOAT32, session.outputShape().resolve(x.shape().dim(0), x.shape().dim(1)).dims());
        session.run(x, y);
        return y.toFloats();
    }

    private static float[] run(InferenceSession session, Tensor x, int... lengths) {
        Tensor y = Tensor.zeros(DataType.FLOAT32, session.outputShape().resolve(BATCH, TIME).dims());
        session.run(x, Tensor.of(lengths, BATCH), y);
        return y.toFloats();
    }

    /// Row r, or steps of it.
    private static Tensor cut(Tensor x, int row, int from, int to) {
        int begin = (row * TIME + from) * FEATURES;
        return Tensor.of(
                Arrays.copyOfRange(x.toFloats(), begin, begin + (to - from) * FEATURES), 1, to - from, FEATURES);
    }

    @Test
    void parametersAreThoseThatTheCellNames() {
        try (Sequential model = model(Rnn.of(new SharedWeightLstm(UNITS)))) {
            assertEquals(List.of("rnn/input.weight", "rnn/state.weight"), List.copyOf(model.parameters().keySet()));
            assertEquals(Shape.of(UNITS, FEATURES), model.parameters().get("rnn/input.weight").shape());
            assertEquals(Shape.of(Shape.BATCH, UNITS), model.outputShape());
        }
    }

    /// Bit for bit: one sequence of a batch and that alone, step by step and whole.
    @ParameterizedTest
    @MethodSource("cellsAndKernels")
    void sequencesStandForThemselvesAndStreamsEqualTheWhole(Cell cell, Choice kernels) {
        Tensor x = x();
        try (InferenceSession all = session(kernels, Rnn.of(cell).returnSequences(), Rnn.of(cell).returnSequences());
                InferenceSession last = session(kernels, Rnn.of(cell).returnSequences(), Rnn.of(cell));
                StreamingSession stream = all.stream(1);
                StreamingSession lastStream = last.stream(1)) {
            float[] whole = run(all, x);
            float[] ends = run(last, x);
            for (int row = 0; row < BATCH; row++) {
                float[] expected = Arrays.copyOfRange(whole, row * TIME * UNITS, (row + 1) * TIME * UNITS);
                float[] end = Arrays.copyOfRange(ends, row * UNITS, (row + 1) * UNITS);
                assertArrayEquals(expected, run(all, cut(x, row, 0, TIME)));
                assertArrayEquals(end, Arrays.copyOfRange(expected, (TIME - 1) * UNITS, TIME * UNITS));
                stream.reset();
                lastStream.reset();
                Tensor y = Tensor.zeros(DataType.FLOAT32, 1, 1, UNITS);
                Tensor lastY = Tensor.zeros(DataType.FLOAT32, 1, UNITS);
                for (int t = 0; t < TIME; t++) {
                    stream.step(cut(x, row, t, t + 1), y);
                    lastStream.step(cut(x, row, t, t + 1), lastY);
                    float[] step = Arrays.copyOfRange(expected, t * UNITS, (t + 1) * UNITS);
                    assertArrayEquals(step, y.toFloats());
                    assertArrayEquals(step, lastY.toFloats());
                }
            }
        }
    }

    /// Each sequence is what it is alone, its padding yields zeros, and what lies there does not matter, be it NaN.
    @ParameterizedTest
    @MethodSource("cellsAndKernels")
    void paddingDoesNotMatter(Cell cell, Choice kernels) {
        int[] lengths = {3, 7, 0, 1, 7};
        for (Rnn layer : List.of(Rnn.of(cell), Rnn.of(cell).goBackwards())) {
            Tensor x = x();
            try (InferenceSession all = session(kernels, layer.returnSequences());
                    InferenceSession last = session(kernels, layer)) {
                float[] clean = run(all, x, lengths);
                float[] cleanLast = run(last, x, lengths);
                for (int row = 0; row < BATCH; row++) {
                    for (int i = lengths[row] * FEATURES; i < TIME * FEATURES; i++) {
                        x.set((long) row * TIME * FEATURES + i, Double.NaN);
                    }
                }
                assertArrayEquals(clean, run(all, x, lengths));
                assertArrayEquals(cleanLast, run(last, x, lengths));
                for (int row = 0; row < BATCH; row++) {
                    float[] steps = Arrays.copyOfRange(clean, row * TIME * UNITS, (row + 1) * TIME * UNITS);
                    float[] end = Arrays.copyOfRange(cleanLast, row * UNITS, (row + 1) * UNITS);
                    float[] padding = Arrays.copyOfRange(steps, lengths[row] * UNITS, TIME * UNITS);
                    assertArrayEquals(new float[padding.length], padding);
                    if (lengths[row] == 0) {
                        assertArrayEquals(new float[UNITS], end);
                    } else {
                        Tensor alone = cut(x, row, 0, lengths[row]);
                        assertArrayEquals(run(all, alone), Arrays.copyOf(steps, lengths[row] * UNITS));
                        assertArrayEquals(run(last, alone), end);
                    }
                }
            }
        }
    }

    @Test
    void wrongLengthsAreRefused() {
        for (Choice kernels : List.of(Choice.JAVA, Choice.NATIVE)) {
            try (InferenceSession session = session(kernels, Rnn.of(ELMAN))) {
                for (int wrong : new int[] {-1, TIME + 1}) {
                    String message = assertThrows(
                                    IllegalArgumentException.class, () -> run(session, x(), 1, 2, wrong, 3, 4))
                            .getMessage();
                    assertTrue(String.valueOf(message).contains("lengths[2]: expected 0 to 7, got " + wrong), message);
                }
            }
        }
    }

    /// A model that is loaded knows nothing of the cell's class, and gives the same bit for bit.
    @ParameterizedTest
    @MethodSource("cells")
    void modelsComeBackFromTheirFile(Cell cell, @TempDir Path folder) throws Exception {
        Path file = folder.resolve("model.safetensors");
        Layer[] layers = {Rnn.of(cell).returnSequences().goBackwards(), Rnn.of(cell).named("second"), Dense.units(2)};
        float[] expected;
        Network stack;
        try (Sequential model = model(layers)) {
            model.save(file);
            expected = model.predict(x()).toFloats();
            stack = Network.chain(model.seed(), model.layers());
        }
        assertEquals(stack, Network.fromJson(stack.toJson()));
        try (Sequential loaded = Sequential.load(file)) {
            assertEquals(stack, Network.chain(loaded.seed(), loaded.layers()));
            assertArrayEquals(expected, loaded.predict(x()).toFloats());
        }
    }

    /// On both kernel sets alike, with lengths, recurrent dropout where the cell has it, and a short last batch.
    @ParameterizedTest
    @MethodSource("cells")
    void trainingAgrees(Cell cell) {
        RandomGenerator random = Seeds.generator(2, "y", 0);
        Dataset data = Dataset.of(x(), Runs.features(random, BATCH, 3)).lengths(new int[] {3, 7, 2, 1, 7});
        Fit fit = Fit.epochs(4).batchSize(3).order(Order.SEQUENTIAL);
        boolean drops = !RecordedCell.of(cell).masked().isEmpty();
        Rnn first = drops ? Rnn.of(cell).recurrentDropout(0.3) : Rnn.of(cell);
        Layer[] layers = {first.returnSequences(), Rnn.of(cell), Dense.units(3)};
        try (Sequential java = model(layers);
                Sequential natives = model(layers)) {
            java.compile(training(Choice.JAVA));
            natives.compile(training(Choice.NATIVE));
            double[] expected = losses(java, data, fit);
            double[] actual = losses(natives, data, fit);
            // Eight updates, each forth and back through two layers of 7 steps of 8 roundings and 13 products a sum.
            Closeness closeness = Closeness.ofSums(13, 8 * 2 * 2 * TIME * 8);
            closeness.check("losses", expected, actual);
            java.parameters().forEach((name, tensor) -> closeness.check(
                    name, tensor.toDoubles(), natives.parameters().get(name).toDoubles()));
        }
    }

    private static Training training(Choice kernels) {
        return Training.optimizer(Sgd.rate(0.1)).loss(Loss.meanSquaredError()).engine(Runs.engine(kernels));
    }

    private static double[] losses(Sequential model, Dataset data, Fit fit) {
        return Runs.losses(model, data, fit).stream().mapToDouble(Double::doubleValue).toArray();
    }

    /// Every cell learns to tell sums above zero from others.
    @ParameterizedTest
    @MethodSource("cellsAndKernels")
    void cellsLearn(Cell cell, Choice kernels) {
        int examples = 64;
        Tensor x = Runs.features(Seeds.generator(4, "x", 0), examples, TIME, FEATURES);
        int[] classes = new int[examples];
        for (int i = 0; i < examples; i++) {
            double sum = 0;
            for (int j = 0; j < TIME * FEATURES; j++) {
                sum += x.get((long) i * TIME * FEATURES + j);
            }
            classes[i] = sum > 0 ? 1 : 0;
        }
        try (Sequential model = model(Rnn.of(cell), Dense.units(2))) {
            model.compile(Training.optimizer(Adam.rate(0.03)).engine(Runs.engine(kernels)));
            double[] losses = losses(model, Dataset.of(x, Tensor.of(classes, examples)), Fit.epochs(40).batchSize(16));
            double end = Arrays.stream(losses).skip(losses.length - 4).average().orElseThrow();
            assertTrue(end < 0.3, () -> "from " + losses[0] + " to " + end);
        }
    }

    /// A fused cell and the same one written again train alike over streams, whose states go on from batch to batch.
    @Test
    void statesGoOnOverStreams() {
        double[][] losses = new double[2][];
        Layer[] layers = {
            SimpleRnn.units(UNITS).returnSequences().named("rnn"),
            Rnn.of(new RewrittenCell(RecurrentCell.RNN_TANH, UNITS)).returnSequences().named("rnn")
        };
        for (int i = 0; i < 2; i++) {
            try (Sequential model = Sequential.builder()
                    .add(Input.ids(Shape.TIME))
                    .add(Embedding.of(Runs.vocabulary(), FEATURES))
                    .add(layers[i])
                    .add(Dense.units(Runs.vocabulary()))
                    .build()) {
                if (i == 1) {
                    try (Sequential fused = Sequential.builder()
                            .add(Input.ids(Shape.TIME))
                            .add(Embedding.of(Runs.vocabulary(), FEATURES))
                            .add(layers[0])
                            .add(Dense.units(Runs.vocabulary()))
                            .build()) {
                        model.setParameter("rnn/W0", fused.parameters().get("rnn/weightIh"));
                        model.setParameter("rnn/U0", fused.parameters().get("rnn/weightHh"));
                    }
                }
                model.compile(Training.optimizer(Sgd.rate(0.1)).engine(Runs.engine(Choice.NATIVE)));
                losses[i] = losses(model, Runs.streams(200, 5), Fit.epochs(2).batchSize(3));
            }
        }
        // 30 updates or so, forth and back through 5 steps of 8 roundings.
        Closeness.ofSums(16, 30 * 2 * 5 * 8).check("losses", losses[0], losses[1]);
    }

    /// A cell in both directions is its two layers side by side, with lengths, states given and taken, and what it
    /// attends to, and comes back from its file.
    @ParameterizedTest
    @EnumSource(
            value = Choice.class,
            names = {"JAVA", "NATIVE"})
    void bothDirectionsAreTwoLayers(Choice kernels, @TempDir Path folder) throws Exception {
        Cell attending = (s, x) -> {
            Value h = s.state("h", UNITS);
            Value seen = s.attend(Attention.general(), h, s.memory("memory", FEATURES)).context();
            return s.next(h, s.tanh(s.add(s.dense("input", x, UNITS), s.recurrent("state", h, UNITS), s.product(
                    "seen", seen, UNITS, Initializer.glorotUniform()))));
        };
        Rnn layer = Rnn.of(attending).returnSequences();
        try (Functional both = twice(attending, layer, true);
                Functional apart = twice(attending, layer, false)) {
            assertEquals(both.parameters().size(), apart.parameters().size());
            apart.parameters().forEach((name, tensor) -> both.setParameter(
                    name.replaceFirst("^(..)-(forward|backward)", "$1/$2"), tensor));
            Path file = folder.resolve("both.safetensors");
            both.save(file);
            Map<String, Tensor> expected = states(apart, kernels);
            assertSame(expected, states(both, kernels));
            try (Functional loaded = Functional.load(file)) {
                assertSame(expected, states(loaded, kernels));
            }
        }
    }

    /// Two of them, the second from where the first ended.
    private static Functional twice(Cell cell, Rnn layer, boolean together) {
        Functional.Builder b = Functional.builder();
        Symbol x = b.input(Input.features(Shape.TIME, FEATURES).named("x"));
        if (together) {
            Symbols first = b.apply(Bidirectional.of(layer).named("l1"), x, List.of(x));
            List<Symbol> more = Stream.concat(Stream.of(x), first.states().stream()).toList();
            Symbols second = b.apply(Bidirectional.of(Rnn.of(cell)).named("l2"), first.y(), more);
            return b.output("y", second.y()).output("h", second.output("backward.h")).seed(3).build();
        }
        Symbols forward = b.apply(layer.named("l1-forward"), x, List.of(x));
        Symbols backward = b.apply(layer.goBackwards().named("l1-backward"), x, List.of(x));
        Symbol y = b.add(Concat.of(), forward.y(), backward.y());
        Symbols then = b.apply(Rnn.of(cell).named("l2-forward"), y, List.of(x, forward.h()));
        Symbols back = b.apply(Rnn.of(cell).goBackwards().named("l2-backward"), y, List.of(x, backward.h()));
        return b.output("y", b.add(Concat.of(), then.y(), back.y())).output("h", back.h()).seed(3).build();
    }

    private static Map<String, Tensor> states(Functional model, Choice kernels) {
        try (InferenceSession session = model.session(Serving.standard().engine(Engine.inference().kernels(kernels)))) {
            Map<String, Tensor> outputs = Map.of(
                    "y", Tensor.zeros(DataType.FLOAT32, BATCH, 2 * UNITS),
                    "h", Tensor.zeros(DataType.FLOAT32, BATCH, UNITS));
            InferenceRequest request = session.request()
                    .input("x", x())
                    .lengths("x", Tensor.of(new int[] {TIME, 3, 1, 5, 6}, BATCH));
            outputs.forEach(request::output);
            request.run();
            return outputs;
        }
    }

    private static void assertSame(Map<String, Tensor> expected, Map<String, Tensor> actual) {
        assertEquals(expected.keySet(), actual.keySet());
        expected.forEach((name, tensor) -> assertArrayEquals(tensor.toFloats(), actual.get(name).toFloats(), name));
    }

    @Test
    void recurrentDropoutActsInTrainingOnly() {
        Dataset data = Dataset.of(x(), Runs.features(Seeds.generator(2, "y", 0), BATCH, UNITS));
        double[][] losses = new double[2][];
        for (int i = 0; i < 2; i++) {
            Rnn layer = i == 0 ? Rnn.of(ELMAN) : Rnn.of(ELMAN).recurrentDropout(0.5);
            try (Sequential model = model(layer);
                    Sequential plain = model(Rnn.of(ELMAN))) {
                assertArrayEquals(plain.predict(x()).toFloats(), model.predict(x()).toFloats());
                model.compile(training(Choice.JAVA));
                losses[i] = losses(model, data, Fit.epochs(1).batchSize(BATCH));
            }
        }
        assertNotEquals(losses[0][0], losses[1][0]);
        Cell without = new MixedCandidateGru(UNITS);
        assertThrows(IllegalArgumentException.class, () -> Rnn.of(without).recurrentDropout(0.5));
    }

    @Test
    void backwardsLayersAreNotStreamed() {
        try (InferenceSession session = session(Choice.JAVA, Rnn.of(ELMAN).goBackwards())) {
            assertThrows(IllegalStateException.class, () -> session.stream(1));
        }
    }

    private static void refused(String message, Cell cell) {
        String actual = assertThrows(IllegalArgumentException.class, () -> Rnn.of(cell)).getMessage();
        assertTrue(String.valueOf(actual).contains(message), actual);
    }

    @Test
    void wrongCellsAreRefused() {
        refused("cell: expected the next value of state h by next, got none", (s, x) -> s.state("h", 2));
        refused("h: expected a name of its own", (s, x) -> s.add(s.state("h", 2), s.state("h", 2)));
        refused("next: h: expected [B,2], got c [B,3]", (s, x) -> s.next(s.state("h", 2), s.state("c", 3)));
        refused("next: expected a state of the cell without a next value, got x", (s, x) -> s.next(x, x));
        refused("dropped: expected a state of the cell, got x", (s, x) -> s.dropped(x));
        refused("expected a name of letters, digits and _, got \"a/b\"", (s, x) -> s.dense("a/b", x, 2));
        refused("times-1: b (w): expected [3], got [4]", (s, x) -> s.times(
                s.matrix("w", Initializer.zeros(), 2, 4), s.state("h", 3)));
        refused("w: expected extents of at least 1, got [0]", (s, x) -> s.vector("w", Initializer.zeros(), 0));
        refused("size", (s, x) -> s.state("size", 0));
        refused("cell: size of state h: expected at most 1048576, got 1048577", (s, x) -> {
            Value h = s.state("h", (1 << 20) + 1);
            return s.next(h, s.tanh(h));
        });
        refused("cell: expected an output [B,n], got []", (s, x) -> s.constant(1));
        refused("clip: expected finite bounds in float32, got 0.0, Infinity", (s, x) -> s.clip(x, 0, Double.POSITIVE_INFINITY));
        refused("clip: expected low <= high, got 1.0, 0.0", (s, x) -> s.clip(x, 1, 0));
        refused("concat: expected rows [B,n] of a known number of features, got x [B,T7]", (s, x) -> s.concat(s.state("h", 2), x));
        refused("concat: expected rows [B,n] of a known number of features, got v [2]", (s, x) -> s.concat(
                s.state("h", 2), s.vector("v", Initializer.zeros(), 2)));
        refused("slice: expected rows [B,n] and 0 <= from < to <= n, got x [B,T7], from -1, to 2", (s, x) -> s.slice(x, -1, 2));
        refused("slice: expected rows [B,n] and 0 <= from < to <= n, got x [B,T7], from 1, to 1", (s, x) -> s.slice(x, 1, 1));
        refused("slice-1: x (h): expected an axis 1 with elements 0 to 3, got [B,2]", (s, x) -> s.slice(s.state("h", 2), 0, 3));
        refused("h0: expected a name of its own for each", (s, x) -> {
            Value h = s.state("h", 2);
            return s.next(h, s.add(h, s.vector("h0", Initializer.zeros(), 2)));
        });
    }

    @Test
    void cellsMayAskForTheSizeOfX() {
        Cell residual = (s, x) -> {
            Value h = s.state("h", s.width(x));
            return s.next(h, s.add(x, s.tanh(s.recurrent("state", h, s.width(x)))));
        };
        String message = assertThrows(IllegalArgumentException.class, () -> Rnn.of(residual)).getMessage();
        assertTrue(String.valueOf(message).contains("h: expected at least 1"), message);
        try (Sequential model = model(Rnn.of(residual, FEATURES))) {
            assertEquals(Shape.of(Shape.BATCH, FEATURES), model.outputShape());
        }
        assertEquals(
                "rnn: expected FLOAT32 [B,T,5], which its cell was made for, got FLOAT32 [B,T,4]",
                assertThrows(IllegalArgumentException.class, () -> model(Rnn.of(residual, 5))).getMessage());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock = """
            "inputSize":"I"          | "inputSize":"J"            | layers[1].cell: inputSize: expected extents of at least 1 or "I", got J
            "size":9                 | "size":0                   | layers[1].cell.states[0]: size: expected extents
            "shape":[9,"I"]          | "shape":[9,3]              | layers[1].cell: times-1: b (input.weight): expected
            "shape":[9,"I"]          | "shape":[9,2,"I"]          | layers[1].cell.parameters[0]: shape: expected a vector or a matrix
            "type":"Unary"           | "type":"Scan"              | type: expected one of [Unary, Binary, MatMul, Softmax, Constant, Clip, Concat, Slice, Reshape, BatchMatMul], got Scan
            "type":"Unary"           | "type":"Sgd"               | type: expected one of [Unary, Binary, MatMul, Softmax, Constant, Clip, Concat, Slice, Reshape, BatchMatMul], got Sgd
            "kind":"TANH"            | "kind":"SINH"              | kind: expected one of
            "y":"softmax             | "y":"hardmax               | layers[1].cell: expected the name of a value, one of
            "next":{"h":             | "next":{"x":               | layers[1].cell: x: expected an input
            "masked":{"h":           | "masked":{"g":             | layers[1].cell: expected the name of a value, one of
            "masked":{"h":           | "masked":{"input.bias":    | layers[1].cell.nodes[2]: expected the name of a value, one of
            "inputs":{"a":"x"        | "inputs":{"c":"x"          | layers[1].cell: times-1: expected an input a, got
            "nodes":[                | "nodes":[3,                | layers[1].cell.nodes[0]: expected an object, got 3
            "h":"multiply-3"         | "h":"tanh-6"               | layers[1].cell: expected h times h.mask as what the mask makes of it, got tanh-6
            "h":"multiply-3"         | "h":"h"                    | layers[1].cell: expected h times h.mask as what the mask makes of it, got h
            "kind":"MULTIPLY"        | "kind":"SUBTRACT"          | layers[1].cell: expected h times h.mask as what the mask makes of it, got multiply-3
            "a":"h","b":"h.mask"     | "a":"h","b":"h"            | layers[1].cell: expected h times h.mask as what the mask makes of it, got multiply-3
            "a":"tanh-6"             | "a":"h.mask"               | layers[1].cell: expected h.mask to multiply its state alone, got it elsewhere too
            "y":"softmax-9"          | "y":"h.mask"               | layers[1].cell: expected h.mask to multiply its state alone, got it elsewhere too
            "h":"tanh-6"             | "h":"h.mask"               | layers[1].cell: expected the next value of state h from an operation, got h.mask
            "h":"tanh-6"             | "h":"h"                    | layers[1].cell: expected the next value of state h from an operation, got h
            """)
    void filesThatAreWrongAreRefusedWithThePlace(String good, String bad, String message) {
        String json = Network.chain(1, List.of(Input.features(Shape.TIME, FEATURES), Rnn.of(ELMAN))).toJson();
        assertTrue(json.contains(good), () -> "nothing to change: " + json);
        String changed = json.replace(good, bad);
        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class, () -> Network.fromJson(changed).graph(Scope.Variant.PLAIN));
        assertTrue(String.valueOf(e.getMessage()).contains(message), e.getMessage());
    }
}
