package dev.rondo.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rondo.Runs;
import dev.rondo.Sequential;
import dev.rondo.TestText;
import dev.rondo.data.CharacterVocabulary;
import dev.rondo.data.Dataset;
import dev.rondo.data.Seeds;
import dev.rondo.layers.Activation;
import dev.rondo.layers.Dense;
import dev.rondo.layers.Embedding;
import dev.rondo.layers.Input;
import dev.rondo.layers.Lstm;
import dev.rondo.plan.Engine.Choice;
import dev.rondo.tensor.Shape;
import dev.rondo.tensor.Tensor;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Small tasks that can be learned, learned.
@Tag("slow")
class LearningTest {
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void charactersAreLearnedToNearTheirEntropy(Choice kernels) {
        String text = TestText.words(3000, 1);
        String unseen = TestText.words(500, 2);
        CharacterVocabulary vocabulary = CharacterVocabulary.of(text);
        Dataset data = Dataset.streams(vocabulary.encode(text), 25);
        Dataset heldOut = Dataset.streams(vocabulary.encode(unseen), 25);
        try (Sequential model = Runs.characterModel(vocabulary.size(), 0)) {
            model.compile(Runs.training(kernels));
            assertEquals(Math.log(vocabulary.size()), model.evaluate(heldOut, 16).loss(), 0.1, "before training");
            History history = model.fit(data, Fit.epochs(12).batchSize(16).validation(heldOut));
            double loss = history.last().validation().orElseThrow().loss();
            assertTrue(loss > 0.95 * TestText.entropy(), "cannot be better than " + TestText.entropy() + ", is " + loss);
            assertTrue(loss < 1.25 * TestText.entropy(), "expected near " + TestText.entropy() + ", is " + loss);
            Scores scores = model.evaluate(heldOut, 16);
            assertEquals(loss, scores.loss(), 0, "validation is evaluation");
            assertEquals(Math.exp(loss), scores.metric("perplexity"), 1e-12);
            assertTrue(scores.metric("accuracy") > 0.8, "accuracy " + scores.metric("accuracy"));
        }
    }

    /// Whether a number of ones is odd: the last output, a model that ends in a softmax, one-hot targets.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void parityIsLearned(Choice kernels) {
        int examples = 256;
        int time = 6;
        RandomGenerator random = Seeds.generator(11, "parity", 0);
        float[] x = new float[examples * time];
        float[] y = new float[examples * 2];
        for (int n = 0; n < examples; n++) {
            int ones = 0;
            for (int t = 0; t < time; t++) {
                int bit = random.nextInt(2);
                x[n * time + t] = bit;
                ones += bit;
            }
            y[n * 2 + ones % 2] = 1;
        }
        Tensor inputs = Tensor.of(x, examples, time, 1);
        Dataset data = Dataset.of(inputs, Tensor.of(y, examples, 2));
        try (Sequential model = Sequential.builder()
                .add(Input.features(Shape.TIME, 1))
                .add(Lstm.units(16))
                .add(Dense.units(2).activation(Activation.SOFTMAX))
                .seed(3)
                .build()) {
            model.compile(Training.optimizer(Adam.rate(0.02))
                    .loss(Loss.categoricalCrossEntropy())
                    .metrics(Metric.accuracy())
                    .clipGlobalNorm(1)
                    .engine(Runs.engine(kernels)));
            model.fit(data, Fit.epochs(60).batchSize(32));
            Scores scores = model.evaluate(data);
            assertTrue(scores.metric("accuracy") >= 0.99, scores.toString());
            Tensor probabilities = model.predict(inputs);
            assertEquals(Shape.of(examples, 2), probabilities.shape());
            for (int n = 0; n < examples; n++) {
                // Two float32 numbers, each rounded once.
                assertEquals(1, probabilities.get(2 * n) + probabilities.get(2 * n + 1), 2e-7);
            }
        }
    }

    /// The symbol of three steps ago, with a time-distributed Dense.
    @ParameterizedTest
    @EnumSource(names = {"JAVA", "NATIVE"})
    void anEchoIsLearned(Choice kernels) {
        int examples = 128;
        int time = 12;
        Tensor x = Runs.ids(Seeds.generator(5, "echo", 0), 4, examples, time);
        int[] symbols = x.toInts();
        int[] y = new int[examples * time];
        for (int i = 0; i < y.length; i++) {
            y[i] = i % time < 3 ? 0 : symbols[i - 3];
        }
        try (Sequential model = Sequential.builder()
                .add(Input.ids(Shape.TIME))
                .add(Embedding.of(4, 8))
                .add(Lstm.units(24).returnSequences())
                .add(Dense.units(16).activation(Activation.RELU))
                .add(Dense.units(4))
                .seed(3)
                .build()) {
            model.compile(Training.optimizer(Adam.rate(0.02)).metrics(Metric.accuracy()).engine(Runs.engine(kernels)));
            History history = model.fit(Dataset.of(x, Tensor.of(y, examples, time)), Fit.epochs(50).batchSize(32));
            assertTrue(history.losses().getFirst() > 1.0, history.losses().toString());
            assertTrue(history.last().loss() < 0.05, history.losses().toString());
        }
    }
}
