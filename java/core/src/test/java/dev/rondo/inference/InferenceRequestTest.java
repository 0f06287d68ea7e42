package dev.rondo.inference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Functional;
import dev.rondo.Runs;
import dev.rondo.data.Seeds;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Embedding;
import dev.rondo.layers.Gru;
import dev.rondo.layers.Input;
import dev.rondo.layers.Lstm;
import dev.rondo.layers.Symbol;
import dev.rondo.layers.Symbols;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.DataType;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class InferenceRequestTest {
    private static final int BATCH = 3;

    /// The last two outputs are one value, the decoder's state.
    private static Functional translator() {
        Functional.Builder b = Functional.builder();
        Symbol source = b.input(Input.ids(Shape.TIME).named("source"));
        Symbol target = b.input(Input.ids(Shape.time(1)).named("target"));
        Symbols encoder = b.apply(Lstm.units(6), b.add(Embedding.of(9, 4), source));
        Symbols decoder =
                b.apply(Lstm.units(6).returnSequences(), b.add(Embedding.of(8, 5), target), encoder.states());
        return b.output("logits", b.add(Dense.units(7), decoder.y()))
                .output("h", decoder.h())
                .output("again", decoder.h())
                .seed(3)
                .build();
    }

    /// Features say how a sequence of ids begins.
    private static Functional captioner() {
        Functional.Builder b = Functional.builder();
        Symbol image = b.input(Input.features(5).named("image"));
        Symbol words = b.input(Input.ids(Shape.TIME).named("words"));
        Symbols decoder = b.apply(
                Gru.units(6).returnSequences(),
                b.add(Embedding.of(9, 4), words),
                List.of(b.add(Dense.units(6), image)));
        return b.output("logits", b.add(Dense.units(9), decoder.y())).output("h", decoder.h()).seed(3).build();
    }

    private static Serving serving(Choice kernels) {
        return Serving.standard().engine(Engine.inference().kernels(kernels));
    }

    private static Tensor ids(String name, int limit, int batch, int time) {
        return Runs.ids(Seeds.generator(7, name, 0), limit, batch, time);
    }

    private static Tensor inArena(Arena arena, Tensor tensor) {
        MemorySegment segment = arena.allocate(tensor.segment().byteSize(), 64);
        segment.copyFrom(tensor.segment());
        return Tensor.wrap(segment, tensor.type(), tensor.shape());
    }

    /// More arenas than a plan takes memory of, and the heap.
    @ParameterizedTest
    @EnumSource(value = Choice.class, names = {"NATIVE", "JAVA"})
    void memoryOfAnyKindGivesTheSame(Choice kernels) {
        Tensor source = ids("source", 9, BATCH, 5);
        Tensor target = ids("target", 8, BATCH, 4);
        try (Functional model = translator(); InferenceSession session = model.session(serving(kernels))) {
            Tensor logits = Tensor.zeros(DataType.FLOAT32, BATCH, 4, 7);
            Tensor h = Tensor.zeros(DataType.FLOAT32, BATCH, 6);
            session.run(Map.of("source", source, "target", target), Map.of("logits", logits, "h", h));
            try (Arena a = Arena.ofShared(); Arena b = Arena.ofShared(); Arena c = Arena.ofShared();
                    Arena d = Arena.ofShared(); Arena e = Arena.ofShared()) {
                Tensor nativeLogits = inArena(c, Tensor.zeros(DataType.FLOAT32, BATCH, 4, 7));
                Tensor nativeH = inArena(d, Tensor.zeros(DataType.FLOAT32, BATCH, 6));
                Tensor again = inArena(e, Tensor.zeros(DataType.FLOAT32, BATCH, 6));
                InferenceRequest request = session.request()
                        .input("source", inArena(a, source))
                        .input("target", inArena(b, target))
                        .output("logits", nativeLogits)
                        .output("h", nativeH)
                        .output("again", again);
                request.run();
                request.run();
                assertArrayEquals(logits.toFloats(), nativeLogits.toFloats());
                assertArrayEquals(h.toFloats(), nativeH.toFloats());
                assertArrayEquals(h.toFloats(), again.toFloats());
            }
        }
    }

    /// Of each symbol of time: neither the steps behind a sequence's length nor the batch's others matter.
    @ParameterizedTest
    @EnumSource(value = Choice.class, names = {"NATIVE", "JAVA"})
    void lengthsHoldForTheirOwnTime(Choice kernels) {
        Tensor source = ids("source", 9, BATCH, 5);
        Tensor target = ids("target", 8, BATCH, 4);
        int[] sources = {2, 5, 1};
        int[] targets = {4, 1, 3};
        try (Functional model = translator(); InferenceSession session = model.session(serving(kernels))) {
            Tensor logits = Tensor.zeros(DataType.FLOAT32, BATCH, 4, 7);
            Tensor h = Tensor.zeros(DataType.FLOAT32, BATCH, 6);
            session.request()
                    .input("source", source)
                    .input("target", target)
                    .lengths("source", Tensor.of(sources, BATCH))
                    .lengths("target", Tensor.of(targets, BATCH))
                    .output("logits", logits)
                    .output("h", h)
                    .run();
            Tensor sourceOnly = Tensor.zeros(DataType.FLOAT32, BATCH, 4, 7);
            session.request()
                    .input("source", source)
                    .input("target", target)
                    .lengths("source", Tensor.of(sources, BATCH))
                    .output("logits", sourceOnly)
                    .run();
            for (int i = 0; i < BATCH; i++) {
                Tensor alone = Tensor.zeros(DataType.FLOAT32, 1, targets[i], 7);
                Tensor aloneH = Tensor.zeros(DataType.FLOAT32, 1, 6);
                session.run(
                        Map.of("source", row(source, i, sources[i]), "target", row(target, i, targets[i])),
                        Map.of("logits", alone, "h", aloneH));
                int steps = targets[i] * 7;
                int from = i * 28;
                assertArrayEquals(alone.toFloats(), Arrays.copyOfRange(logits.toFloats(), from, from + steps));
                assertArrayEquals(alone.toFloats(), Arrays.copyOfRange(sourceOnly.toFloats(), from, from + steps));
                assertArrayEquals(aloneH.toFloats(), Arrays.copyOfRange(h.toFloats(), 6 * i, 6 * i + 6));
            }
        }
    }

    private static Tensor row(Tensor ids, int row, int steps) {
        int time = ids.shape().dim(1);
        int[] values = new int[steps];
        for (int t = 0; t < steps; t++) {
            values[t] = (int) ids.get((long) row * time + t);
        }
        return Tensor.of(values, 1, steps);
    }

    @Test
    void aModelPredictsByName() {
        try (Functional model = translator(); InferenceSession session = model.session()) {
            int examples = 40;
            Map<String, Tensor> inputs =
                    Map.of("source", ids("source", 9, examples, 5), "target", ids("target", 8, examples, 4));
            Tensor logits = Tensor.zeros(DataType.FLOAT32, examples, 4, 7);
            session.run(inputs, Map.of("logits", logits));
            SequencedMap<String, Tensor> outputs = model.predict(inputs);
            assertEquals("[logits, h, again]", outputs.keySet().toString());
            assertArrayEquals(logits.toFloats(), outputs.get("logits").toFloats());
            int[] lengths = new int[examples];
            Arrays.fill(lengths, 5);
            assertArrayEquals(
                    logits.toFloats(),
                    model.predict(inputs, Map.of("source", Tensor.of(lengths, examples))).get("logits").toFloats());
            refused("target: expected 40 examples", () -> {
                Map<String, Tensor> wrong = new LinkedHashMap<>();
                wrong.put("source", inputs.get("source"));
                wrong.put("target", ids("target", 8, 39, 4));
                model.predict(wrong);
            });
        }
    }

    /// What a decoder is told to begin with counts in the first step of a stream alone.
    @ParameterizedTest
    @EnumSource(value = Choice.class, names = {"NATIVE", "JAVA"})
    void aStreamBeginsWithGivenStates(Choice kernels) {
        Tensor image = Runs.features(Seeds.generator(7, "image", 0), 2, 5);
        Tensor words = ids("words", 9, 2, 6);
        try (Functional model = captioner(); InferenceSession session = model.session(serving(kernels));
                StreamingSession stream = session.stream(2)) {
            Tensor whole = Tensor.zeros(DataType.FLOAT32, 2, 6, 9);
            session.run(Map.of("image", image, "words", words), Map.of("logits", whole));
            Tensor logits = Tensor.zeros(DataType.FLOAT32, 2, 1, 9);
            Tensor h = Tensor.zeros(DataType.FLOAT32, 2, 6);
            InferenceRequest request = stream.request().input("image", image).output("logits", logits).output("h", h);
            for (int round = 0; round < 2; round++) {
                for (int t = 0; t < 6; t++) {
                    int[] step = {(int) words.get(t), (int) words.get(6 + t)};
                    request.input("words", Tensor.of(step, 2, 1)).run();
                    for (int b = 0; b < 2; b++) {
                        int at = (b * 6 + t) * 9;
                        assertArrayEquals(
                                Arrays.copyOfRange(whole.toFloats(), at, at + 9),
                                Arrays.copyOfRange(logits.toFloats(), 9 * b, 9 * b + 9));
                    }
                    stream.reorder(new int[] {0, 1});
                }
                stream.reset();
            }
            // The first stream takes a step alone; then the other one does.
            for (int b = 0; b < 2; b++) {
                Tensor first = Tensor.of(new int[] {(int) words.get(0), (int) words.get(6)}, 2, 1);
                request.input("words", first).lengths("words", Tensor.of(new int[] {1 - b, b}, 2)).run();
                assertArrayEquals(
                        Arrays.copyOfRange(whole.toFloats(), b * 54, b * 54 + 9),
                        Arrays.copyOfRange(logits.toFloats(), 9 * b, 9 * b + 9));
            }
            refused("lengths[0]: expected 0 to 1, got 2",
                    () -> request.lengths("words", Tensor.of(new int[] {2, 1}, 2)).run());
        }
    }

    private static void refused(String message, Executable call) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, call);
        assertTrue(String.valueOf(e.getMessage()).contains(message), e.getMessage());
    }

    @Test
    void wrongCallsAreRefused() {
        Tensor source = ids("source", 9, BATCH, 5);
        Tensor target = ids("target", 8, BATCH, 4);
        Tensor logits = Tensor.zeros(DataType.FLOAT32, BATCH, 4, 7);
        try (Functional model = translator(); InferenceSession session = model.session()) {
            InferenceRequest request = session.request().input("source", source);
            refused("inputs: expected one of [source, target], got x", () -> request.input("x", source));
            refused("outputs: expected one of [logits, h, again], got y", () -> request.output("y", logits));
            refused("source: expected INT32 [B,T], got FLOAT32 [3,4,7]", () -> request.input("source", logits));
            refused("h: expected FLOAT32 [B,6], got FLOAT32 [3,4,7]", () -> request.output("h", logits));
            refused("inputs: expected all of [source, target], got none for target", request::run);
            request.input("target", ids("target", 8, BATCH + 1, 4));
            refused("target: expected INT32 [B,T1] = [3,4], got [4,4]", request::run);
            request.input("target", target).output("logits", Tensor.zeros(DataType.FLOAT32, BATCH, 5, 7));
            refused("logits: expected FLOAT32 [B,T1,7] = [3,4,7], got [3,5,7]", request::run);
            request.output("logits", logits);
            refused("lengths", () -> request.lengths("source", Tensor.of(new int[] {1, 6, 1}, 3)).run());
            refused("lengths: expected INT32 [B] = [3]", () -> request.lengths("source", Tensor.of(new int[] {1, 1}, 2)).run());
            refused("x, y: expected a request with the names of inputs [source, target] and outputs [logits, h, again]",
                    () -> session.run(source, logits));
            refused("x, y: expected a request", () -> session.run(new int[] {1}, new float[7]));
            IllegalStateException e = assertThrows(IllegalStateException.class, () -> session.stream(1));
            assertTrue(String.valueOf(e.getMessage()).contains("expected a model with one input in time"), e.getMessage());
        }
    }

    @Test
    void aClosedSessionRunsNoRequest() {
        try (Functional model = captioner()) {
            InferenceSession session = model.session();
            InferenceRequest request = session.request()
                    .input("image", Runs.features(Seeds.generator(7, "image", 0), 1, 5))
                    .input("words", ids("words", 9, 1, 2));
            request.run();
            session.close();
            assertThrows(IllegalStateException.class, request::run);
        }
    }

    @Test
    void timesHaveNoGap() {
        Functional.Builder b = Functional.builder();
        b.output("y", b.add(Gru.units(2), b.input(Input.features(Shape.time(2), 3))));
        refused("expected inputs with the symbols of time T, T1, T2 ... without a gap, got none with [B,T]", b::build);
    }
}
