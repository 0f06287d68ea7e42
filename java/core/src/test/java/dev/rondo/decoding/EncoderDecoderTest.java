package dev.rondo.decoding;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Functional;
import dev.rondo.graph.Value;
import dev.rondo.inference.DecoderSession;
import dev.rondo.inference.InferenceSession;
import dev.rondo.inference.Serving;
import dev.rondo.layers.Add;
import dev.rondo.layers.Attention;
import dev.rondo.layers.Bidirectional;
import dev.rondo.layers.Conv1d;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Embedding;
import dev.rondo.layers.Gru;
import dev.rondo.layers.Initializer;
import dev.rondo.layers.Input;
import dev.rondo.layers.Lstm;
import dev.rondo.layers.Rnn;
import dev.rondo.layers.SharedLayer;
import dev.rondo.layers.Symbol;
import dev.rondo.layers.Symbols;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Beam search over the decoder of encoder-decoder models, against all sequences that there are, each run whole.
class EncoderDecoderTest {
    private static final int VOCABULARY = 4;
    private static final int START = 1;
    private static final int END = 0;
    private static final int LONGEST = 4;
    private static final int[] SOURCE = {3, 1, 2, 2, 0};

    /// What is decoded: it ends in logits of `target`, and takes ids as `source`.
    private enum Form {
        /// States handed over, and one embedding for both.
        STATES {
            @Override
            Symbol decoder(Functional.Builder b, Symbol source, Symbol target) {
                SharedLayer words = b.shared(wide());
                Symbols encoder = b.apply(Lstm.units(5), words.on(source));
                Symbols decoder = b.apply(Lstm.units(5).returnSequences(), words.on(target), encoder.states());
                return b.add(Gru.units(4).returnSequences(), decoder.y());
            }
        },
        /// Attention over a bidirectional encoder that finds its padding itself, and the context beside the state.
        ATTENTION {
            @Override
            Symbol decoder(Functional.Builder b, Symbol source, Symbol target) {
                Symbol memory = b.add(
                        Bidirectional.of(Gru.units(4).returnSequences(), Bidirectional.Merge.SUM), b.add(wide().maskZero(), source));
                Symbol h = b.add(Gru.units(4).returnSequences(), b.add(wide(), target));
                return b.add(Add.of(), h, b.add(Attention.additive(3), h, memory));
            }
        },
        /// Attention over windows of the source, of which there are fewer than steps.
        WINDOWS {
            @Override
            Symbol decoder(Functional.Builder b, Symbol source, Symbol target) {
                Symbol windows = b.add(Conv1d.filters(4, 1).stride(2), b.add(wide(), source));
                Symbol memory = b.add(Gru.units(4).returnSequences(), windows);
                Symbol h = b.add(Gru.units(4).returnSequences(), b.add(wide(), target));
                return b.add(Add.of(), h, b.add(Attention.dot(), h, memory));
            }
        },
        /// A cell that attends at each step and feeds what it saw back.
        FEEDING {
            @Override
            Symbol decoder(Functional.Builder b, Symbol source, Symbol target) {
                Symbols encoder = b.apply(Gru.units(4).returnSequences(), b.add(wide().maskZero(), source));
                Rnn cell = Rnn.of((s, x) -> {
                            Value h = s.state("h", 4);
                            Value context = s.attend(Attention.general(), h, s.memory("memory", 4)).context();
                            return s.next(h, s.tanh(s.add(s.dense("input", x, 4), s.recurrent("state", h, 4), context)));
                        })
                        .returnSequences();
                return b.apply(cell, b.add(wide(), target), encoder.y(), encoder.h()).y();
            }
        };

        abstract Symbol decoder(Functional.Builder b, Symbol source, Symbol target);

        private static Embedding wide() {
            return Embedding.of(VOCABULARY, 3).weights(Initializer.normal(1));
        }

        /// With the source's symbol of time first, or the target's.
        Functional model(boolean sourceFirst) {
            Functional.Builder b = Functional.builder();
            Symbol source = b.input(Input.ids(Shape.time(sourceFirst ? 0 : 1)).named("source"));
            Symbol target = b.input(Input.ids(Shape.time(sourceFirst ? 1 : 0)).named("target"));
            Symbol y = decoder(b, source, target);
            Dense dense = Dense.units(VOCABULARY).weights(Initializer.normal(1.5));
            return b.output("logits", b.add(dense, y)).output("h", y).seed(11).build();
        }
    }

    static Stream<Arguments> all() {
        return Arrays.stream(Form.values()).flatMap(form -> Stream.of(Choice.JAVA, Choice.NATIVE).flatMap(kernels -> Stream.of(
                Arguments.of(form, kernels, true), Arguments.of(form, kernels, false))));
    }

    private static InferenceSession session(Functional model, Choice kernels) {
        return model.session(Serving.standard().engine(Engine.inference().kernels(kernels)));
    }

    private static Tensor source(int... ids) {
        return Tensor.of(ids, 1, ids.length);
    }

    private record Scored(List<Integer> ids, double logProbability) {}

    /// Every sequence that ends, or is as long as may be, with its log-probability by runs of the whole.
    private static List<Scored> exhaustive(InferenceSession session, int[] source) {
        List<Scored> all = new ArrayList<>();
        extend(session, source, List.of(), 0, all);
        all.sort(Comparator.comparingDouble(Scored::logProbability).reversed());
        return all;
    }

    private static void extend(
            InferenceSession session, int[] source, List<Integer> ids, double logProbability, List<Scored> all) {
        float[] logits = whole(session, source, ids);
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit);
        }
        for (int id = 0; id < VOCABULARY; id++) {
            double next = logProbability + logits[id] - Math.log(sum);
            List<Integer> longer = new ArrayList<>(ids);
            longer.add(id);
            if (id == END) {
                all.add(new Scored(ids, next));
            } else if (longer.size() == LONGEST) {
                all.add(new Scored(longer, next));
            } else {
                extend(session, source, longer, next, all);
            }
        }
    }

    /// The logits behind the start and some ids.
    private static float[] whole(InferenceSession session, int[] source, List<Integer> ids) {
        int[] target = new int[ids.size() + 1];
        target[0] = START;
        for (int i = 0; i < ids.size(); i++) {
            target[i + 1] = ids.get(i);
        }
        float[] y = new float[target.length * VOCABULARY];
        session.request().input("source", source(source)).input("target", Tensor.of(target, 1, target.length))
                .output("logits", Tensor.of(y, 1, target.length, VOCABULARY)).run();
        return Arrays.copyOfRange(y, y.length - VOCABULARY, y.length);
    }

    @ParameterizedTest
    @MethodSource("all")
    void aWideBeamFindsTheBestOfAll(Form form, Choice kernels, boolean sourceFirst) {
        int width = 27;
        BeamSearch search = BeamSearch.width(width).maxLength(LONGEST).results(8);
        BeamSearch.Ids ids = new BeamSearch.Ids(VOCABULARY, START, END);
        try (Functional model = form.model(sourceFirst);
                InferenceSession session = session(model, kernels);
                DecoderSession decoder = session.decoder("target", "logits", width)) {
            assertEquals(width, decoder.rows());
            assertEquals(VOCABULARY, decoder.vocabulary());
            List<Scored> first = List.of();
            for (int[] source : new int[][] {SOURCE, {2}, {3, 3, 1, 2, 1, 1, 3, 0, 0}, SOURCE}) {
                decoder.encode(Map.of("source", source(source)));
                List<Scored> found = search.search(BeamStep.of(decoder), ids).stream()
                        .map(best -> new Scored(Arrays.stream(best.ids()).boxed().toList(), best.logProbability()))
                        .toList();
                List<Scored> expected = exhaustive(session, source);
                assertEquals(8, found.size());
                for (int i = 0; i < 8; i++) {
                    assertEquals(expected.get(i).ids(), found.get(i).ids());
                    assertEquals(expected.get(i).logProbability(), found.get(i).logProbability(), 1e-9);
                }
                if (source == SOURCE && !first.isEmpty()) {
                    assertEquals(first, found);
                }
                first = source == SOURCE ? found : first;
            }
        }
    }

    /// Bit for bit what the whole gives, whatever the hypotheses in the other rows.
    @ParameterizedTest
    @MethodSource("all")
    void stepsGiveWhatTheWholeGives(Form form, Choice kernels, boolean sourceFirst) {
        try (Functional model = form.model(sourceFirst);
                InferenceSession session = session(model, kernels);
                DecoderSession decoder = session.decoder("target", "logits", 2)) {
            decoder.encode(Map.of("source", source(SOURCE)));
            int[][] ids = {{START, START}, {2, 3}, {3, 1}, {2, 2}};
            int[][] parents = {{0, 1}, {0, 0}, {1, 1}, {1, 0}};
            List<List<Integer>> histories = List.of(List.of(), List.of());
            float[] logits = new float[2 * VOCABULARY];
            for (int t = 0; t < ids.length; t++) {
                List<List<Integer>> next = new ArrayList<>();
                for (int row = 0; row < 2; row++) {
                    List<Integer> history = new ArrayList<>(histories.get(parents[t][row]));
                    if (t > 0) {
                        history.add(ids[t][row]);
                    }
                    next.add(history);
                }
                histories = next;
                decoder.step(parents[t], ids[t], logits);
                for (int row = 0; row < 2; row++) {
                    assertArrayEquals(
                            whole(session, SOURCE, histories.get(row)),
                            Arrays.copyOfRange(logits, row * VOCABULARY, (row + 1) * VOCABULARY));
                }
            }
        }
    }

    private static void refused(String message, Executable call) {
        String actual = assertThrows(IllegalArgumentException.class, call).getMessage();
        assertTrue(String.valueOf(actual).contains(message), actual);
    }

    @Test
    void whatCannotBeSteppedIsRefused() {
        try (Functional model = Form.STATES.model(true); InferenceSession session = session(model, Choice.JAVA)) {
            refused("decoder: expected one of the inputs [source, target], got tgt", () -> session.decoder("tgt", "logits", 1));
            refused("decoder: expected one of the outputs [logits, h], got y", () -> session.decoder("target", "y", 1));
            refused("rows: expected at least 1, got 0", () -> session.decoder("target", "logits", 0));
        }
        Functional.Builder b = Functional.builder();
        Symbol source = b.add(Embedding.of(3, 4).named("words"), b.input(Input.ids(Shape.TIME).named("source")));
        Symbol target = b.add(Embedding.of(3, 4), b.input(Input.ids(Shape.time(1)).named("target")));
        Symbol number = b.input(Input.features(4).named("number"));
        Symbols encoder = b.apply(Gru.units(4).returnSequences(), source);
        b.output("source_only", encoder.y());
        b.output("target_only", b.add(Gru.units(4).returnSequences().named("alone"), target));
        b.output("backwards", b.add(Gru.units(4).returnSequences().goBackwards().named("back"), target, encoder.h()));
        b.output("self", b.add(Add.of(), b.add(Attention.dot().named("self_attention"), target, target),
                b.add(Attention.dot(), target, source)));
        b.output("last", b.add(Gru.units(4).named("last"), target, number));
        try (Functional model = b.build(); InferenceSession session = session(model, Choice.JAVA)) {
            refused("decoder: expected an output that depends on target, got source_only",
                    () -> session.decoder("target", "source_only", 1));
            refused("decoder: expected target_only to depend on more than target, which a stream serves",
                    () -> session.decoder("target", "target_only", 1));
            refused("but back needs the whole sequence", () -> session.decoder("target", "backwards", 1));
            refused("but self_attention needs the whole sequence", () -> session.decoder("target", "self", 1));
            refused("decoder: last: expected logits [B,T,vocabulary] of steps of target, got [B,4]",
                    () -> session.decoder("target", "last", 1));
            refused("decoder: number: expected an input of ids [B,T], got FLOAT32 [B,4]",
                    () -> session.decoder("number", "last", 1));
        }
    }

    @Test
    void wrongCallsAreRefused() {
        try (Functional model = Form.STATES.model(true)) {
            InferenceSession session = session(model, Choice.NATIVE);
            DecoderSession decoder = session.decoder("target", "logits", 2);
            float[] logits = new float[2 * VOCABULARY];
            int[] zeros = new int[2];
            IllegalStateException early = assertThrows(IllegalStateException.class, () -> decoder.step(zeros, zeros, logits));
            assertEquals("DecoderSession has no source: call encode first", early.getMessage());
            refused("inputs: expected [source], got [x]", () -> decoder.encode(Map.of("x", source(1))));
            refused("source: expected INT32 [B,T] of one example, [1,3] here, got INT32 [2,3]",
                    () -> decoder.encode(Map.of("source", Tensor.of(new int[6], 2, 3))));
            refused("got FLOAT32 [1,1]", () -> decoder.encode(Map.of("source", Tensor.of(new float[1], 1, 1))));
            refused("expected", () -> decoder.encode(Map.of("source", source(9))));
            decoder.encode(Map.of("source", source(1)));
            refused("decoder: expected 2 parents, 2 ids and 8 logits, got 1, 2 and 8",
                    () -> decoder.step(new int[1], zeros, logits));
            refused("parents[1]: expected 0 to 1, got 2", () -> decoder.step(new int[] {0, 2}, zeros, logits));
            refused("expected", () -> decoder.step(zeros, new int[] {0, VOCABULARY}, logits));
            refused("decoder: expected 2 parents", () -> BeamSearch.width(3).search(
                    BeamStep.of(decoder), new BeamSearch.Ids(VOCABULARY, START, END)));
            decoder.close();
            decoder.close();
            assertEquals("DecoderSession is closed",
                    assertThrows(IllegalStateException.class, () -> decoder.step(zeros, zeros, logits)).getMessage());
            try (DecoderSession orphan = session.decoder("target", "logits", 1)) {
                session.close();
                String message = assertThrows(IllegalStateException.class, () -> orphan.encode(Map.of("source", source(1)))).getMessage();
                assertTrue(String.valueOf(message).contains("InferenceSession is closed"), message);
            }
        }
    }
}
