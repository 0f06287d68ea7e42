package dev.rondo.decoding;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.rondo.Runs;
import dev.rondo.Sequential;
import dev.rondo.data.Seeds;
import dev.rondo.inference.InferenceSession;
import dev.rondo.inference.Serving;
import dev.rondo.inference.StreamingSession;
import dev.rondo.plan.Engine;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Beam search over streams of a model, and the reordering of their states that it rests on.
class StreamingBeamTest {
    private static final int VOCABULARY = 6;

    private static InferenceSession session(Choice kernels) {
        try (Sequential model = Runs.characterModel(VOCABULARY, 0)) {
            return model.session(Serving.standard().engine(Engine.inference().kernels(kernels)));
        }
    }

    /// Logits of the step after the ids, from a run of the whole.
    private static float[] whole(InferenceSession session, List<Integer> ids) {
        float[] y = new float[ids.size() * VOCABULARY];
        session.run(ids.stream().mapToInt(Integer::intValue).toArray(), y);
        return Arrays.copyOfRange(y, y.length - VOCABULARY, y.length);
    }

    /// Streams that go on from each other's states give, bit for bit, what their histories give when run whole.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void streamsGoOnFromOneAnother(Choice kernels) {
        int batch = 5;
        RandomGenerator random = Seeds.generator(3, "reorder", 0);
        try (InferenceSession session = session(kernels);
                StreamingSession stream = session.stream(batch)) {
            List<List<Integer>> histories = new ArrayList<>();
            for (int b = 0; b < batch; b++) {
                histories.add(List.of());
            }
            for (int t = 0; t < 12; t++) {
                int[] parents = t == 3 ? new int[] {0, 1, 2, 3, 4} : random.ints(batch, 0, batch).toArray();
                int[] ids = random.ints(batch, 0, VOCABULARY).toArray();
                List<List<Integer>> before = List.copyOf(histories);
                for (int b = 0; b < batch; b++) {
                    List<Integer> history = new ArrayList<>(before.get(parents[b]));
                    history.add(ids[b]);
                    histories.set(b, history);
                }
                stream.reorder(parents);
                float[] y = new float[batch * VOCABULARY];
                stream.step(Tensor.of(ids, batch, 1), Tensor.of(y, batch, 1, VOCABULARY));
                for (int b = 0; b < batch; b++) {
                    assertArrayEquals(
                            whole(session, histories.get(b)),
                            Arrays.copyOfRange(y, b * VOCABULARY, (b + 1) * VOCABULARY),
                            "step " + t + " stream " + b);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void wrongParentsAreNamed(Choice kernels) {
        try (InferenceSession session = session(kernels)) {
            StreamingSession stream = session.stream(3);
            SamplerTest.refused("parents: expected one for each of 3 streams, got 2",
                    () -> stream.reorder(new int[] {0, 1}));
            SamplerTest.refused("parents[1]: expected 0 to 2, got 3", () -> stream.reorder(new int[] {0, 3, 1}));
            SamplerTest.refused("parents[2]: expected 0 to 2, got -1", () -> stream.reorder(new int[] {0, 1, -1}));
            SamplerTest.refused("session: expected as many streams as the beam is wide, 2, got 3",
                    () -> BeamSearch.width(2).search(BeamStep.of(stream), new BeamSearch.Ids(VOCABULARY, 0, 1)));
            stream.close();
            assertThrows(IllegalStateException.class, () -> stream.reorder(new int[] {0, 1, 2}));
        }
    }

    /// A beam that holds all open sequences of three ids of a model, 5^3, finds the best one of all.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void theBestOfAModelIsFound(Choice kernels) {
        try (InferenceSession session = session(kernels);
                StreamingSession stream = session.stream(125)) {
            BeamSearch search = BeamSearch.width(125).maxLength(4).lengthPenalty(1);
            List<Hypothesis> found = search.search(BeamStep.of(stream), new BeamSearch.Ids(VOCABULARY, 2, 5));
            Best best = new Best(session, search);
            best.extend(List.of(2), 0);
            assertArrayEquals(best.ids, found.getFirst().ids());
            assertEquals(best.score, found.getFirst().score(), 1e-6);
            // As good again once the streams are at their beginning.
            stream.reset();
            assertArrayEquals(
                    best.ids,
                    search.search(BeamStep.of(stream), new BeamSearch.Ids(VOCABULARY, 2, 5)).getFirst().ids());
        }
    }

    /// Goes through all sequences.
    private static final class Best {
        private final InferenceSession session;
        private final BeamSearch search;
        private double score = Double.NEGATIVE_INFINITY;
        private int[] ids = {};

        Best(InferenceSession session, BeamSearch search) {
            this.session = session;
            this.search = search;
        }

        void extend(List<Integer> history, double logProbability) {
            float[] logits = whole(session, history);
            double sum = 0;
            for (float logit : logits) {
                sum += Math.exp(logit);
            }
            for (int id = 0; id < VOCABULARY; id++) {
                double log = logProbability + logits[id] - Math.log(sum);
                List<Integer> longer = new ArrayList<>(history);
                longer.add(id);
                int length = history.size();
                if (id != 5 && length < search.maxLength()) {
                    extend(longer, log);
                } else if (log / ((5 + length) / 6.0) > score) {
                    score = log / ((5 + length) / 6.0);
                    ids = longer.subList(1, id == 5 ? length : length + 1).stream()
                            .mapToInt(Integer::intValue).toArray();
                }
            }
        }
    }
}
